"""A session of a listener: what may come, and the agent that chooses from it with every answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from segue.errors import NotFoundError
from segue.library.search import find_tracks
from segue.playlists.weekly_config import WeeklyConfig

if TYPE_CHECKING:
    from segue.agents.leading import Session
    from segue.engine.engine import Engine
    from segue.engine.sequencer import By

POOL = 64  # tracks of a session
FAMILIAR = 0.3  # of them, what the listener plays already


class Led(NamedTuple):
    """A session that was begun."""

    session: Session
    reasons: dict[str, str]  # of its tracks, where there is one
    by: str  # "agent" or "greedy"
    why: str
    version: str


def open_session(
    engine: Engine,
    listener: str | None,
    tracks: Sequence[str] = (),
    *,
    likes: Sequence[str] = (),
    by: By = "auto",
    moment: datetime | None = None,
) -> Led:
    """Begin a session; see `Engine.session`.

    Raises:
        NotFoundError: nothing was trained for it, nothing is known of the listener, or no song is known.
    """
    from segue.agents.leading import Session

    made, moment = engine.sequencer(by), moment or datetime.now(UTC)
    reasons: dict[str, str] = {}
    if tracks:
        found = list(dict.fromkeys(find_tracks(engine.library, text, 1)[0].track_id for text in tracks))
    else:
        config = WeeklyConfig(tracks=POOL, familiar=FAMILIAR, order="near", earlier_weeks=0)
        if likes:
            playlist, _ = engine.weekly_for_guest(likes, config=config)
        elif listener is None:
            raise NotFoundError("Nobody's session can't be filled", hint="name a listener, tracks or likes")
        else:
            playlist = engine.weekly(listener, config=config)
        found = [entry.track.track_id for entry in playlist.entries]
        reasons = {entry.track.track_id: entry.reason for entry in playlist.entries if entry.reason}
    known = [track for track in found if made.knows([track])]
    if not known:
        raise NotFoundError(
            "None of these tracks is a song that the agent knows",
            expected="songs of the library",
            hint="import more, or train again: segue agents train",
        )
    return Led(Session(made, listener, known, moment), reasons, made.name, made.why, made.version)
