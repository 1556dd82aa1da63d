"""What a listener played lately, session by session, and what of it is left out of their taste."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from segue.library.excluding import Span, exclusions
from segue.library.listening import LibrarySubset, refuse_unknown, sessions
from segue.playlists.catalogue import Catalogue
from segue.playlists.playlist import TrackCard

if TYPE_CHECKING:
    from segue.library import Library

MOST = 500  # plays of a session that are told


class Heard(NamedTuple):
    """A play."""

    track: TrackCard
    started_at: datetime
    skipped: bool | None  # null if unknown


class PastSession(NamedTuple):
    """What was played without a pause."""

    begins: datetime  # start of the first play, UTC
    ends: datetime  # start of the last one
    count: int  # what was begun: plays and skips
    skipped: int  # of them
    left_out: int  # of what was begun, which counts for no taste
    plays: list[Heard]  # all that was begun, in its order, `MOST` at most

    @property
    def heard(self) -> int:
        """Plays: what was begun and not skipped. Those of all sessions of a month are the month's."""
        return self.count - self.skipped

    @property
    def span(self) -> Span:
        """What is to be left out, so that all of it is."""
        return Span(self.begins, self.ends)


def past_sessions(
    library: Library, listener: str, count: int = 20, *, before: datetime | None = None
) -> list[PastSession]:
    """The last sessions of a listener, newest first; plays without a time are in none.

    Args:
        library: to read.
        listener: whose.
        count: how many sessions, at most.
        before: only those that began before this moment.

    Raises:
        NotFoundError: no such listener.
    """
    refuse_unknown(library, [listener])
    told = sessions(LibrarySubset(library, [listener]), excluded=True)
    told = told.filter(told.started_at.notnull(), told.track_id.notnull())
    whole = told.group_by("session_id").aggregate(
        begins=told.started_at.min(),
        ends=told.started_at.max(),
        count=told.count(),
        skipped=told.skipped.fill_null(False).sum(),
    )
    if before is not None:
        whole = whole.filter(whole.begins < before)
    newest = library.arrow(whole.order_by(whole.begins.desc(), whole.session_id).limit(count)).to_pylist()
    if not newest:
        return []
    mine = told.filter(told.session_id.isin([row["session_id"] for row in newest]))
    rows = library.arrow(
        mine.select("session_id", "track_id", "started_at", "skipped").order_by(["started_at", "track_id"])
    ).to_pylist()
    tracks = sorted({row["track_id"] for row in rows})
    cards = dict(zip(tracks, Catalogue.read(library, tracks).cards(range(len(tracks))), strict=True))
    out = exclusions(library, listener)
    found = []
    for one in newest:
        plays = [row for row in rows if row["session_id"] == one["session_id"]]
        gone = sum(any(span.begins <= row["started_at"] <= span.ends for span in out) for row in plays)
        shown = [Heard(cards[row["track_id"]], row["started_at"], row["skipped"]) for row in plays[:MOST]]
        found.append(PastSession(one["begins"], one["ends"], one["count"], one["skipped"], gone, shown))
    return found
