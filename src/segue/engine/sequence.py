"""Put any playlist in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, NamedTuple

from segue.agents.sequencing import Course
from segue.engine.sequencer import By
from segue.errors import NotFoundError
from segue.library import Library
from segue.library.credits import split_credit
from segue.library.identity import name_key
from segue.library.rows import TrackRef
from segue.library.search import find_named
from segue.playlists.catalogue import Catalogue as Cards
from segue.playlists.playlist import Playlist, PlaylistEntry, TrackCard, monday
from segue.wording import count
from segue.world.pools import Pool

if TYPE_CHECKING:
    from segue.engine.engine import Engine


class Sequenced(NamedTuple):
    """A playlist in order."""

    playlist: Playlist
    unknown: list[TrackCard]  # not songs of the library: at the end, in the order they had
    chances: list[float]  # of a whole play, by the user model, of the tracks known
    by: str  # "agent" or "greedy"
    why: str
    worth: float  # tracks heard whole that the user model expects, in this order
    before: float  # the same, in the order it came in
    course: Course  # of the tracks known, place by place
    course_before: Course  # in the order it came in


def sequence(
    engine: Engine,
    playlist: Playlist,
    *,
    listener: str | None = None,
    by: By = "auto",
    take: int | None = None,
    moment: datetime | None = None,
    seed: int = 0,
) -> Sequenced:
    """A playlist in the order of the trained agent, or the greedy one.

    Args:
        engine: of the library whose songs it holds.
        playlist: to put in order; each track keeps its reason, its score becomes the worth Q of the choice.
        listener: whom it is for; None for somebody of whom nothing is known.
        by: see `load_sequencer`.
        take: tracks to keep, the first ones; by default all.
        moment: when it is heard; by default now, and for a weekly list its Monday.
        seed: of the responses that are drawn on the way.

    Raises:
        NotFoundError: nothing was trained, or none of the tracks is in the library.
    """
    library, made = engine.library, engine.sequencer(by)
    ids = matched(library, [entry.track for entry in playlist.entries])
    known = [at for at, track in enumerate(ids) if track is not None and made.knows([track])]
    if not known:
        raise NotFoundError(
            f"No song of the library is among the {count(len(ids), 'track')}",
            expected="tracks by id, or by artist and title",
            hint="import them first, or name another --library",
        )
    tracks = [str(ids[at]) for at in known]
    if moment is None:
        week = playlist.week
        moment = datetime.now(UTC) if week is None else datetime.combine(monday(week), time(8), UTC)
    length = len(tracks) if take is None else min(take, len(tracks))
    (placed,) = made.order([Pool(listener, tracks, length)], moment, seed)
    cards = Cards.read(library, tracks).cards(range(len(tracks)))
    unknown = [entry for at, entry in enumerate(playlist.entries) if at not in set(known)]
    entries = [
        PlaylistEntry(
            number,
            _with_place(cards[place], playlist.entries[known[place]].track),
            score=round(float(q), 4),
            reason=playlist.entries[known[place]].reason,
            chosen_by=made.name,
            taste=playlist.entries[known[place]].taste,
        )
        for number, (place, q) in enumerate(zip(placed.place.tolist(), placed.q.tolist(), strict=True), 1)
    ]
    if take is None:
        entries += [
            PlaylistEntry(number, entry.track, reason=entry.reason, chosen_by="not in the library")
            for number, entry in enumerate(unknown, len(entries) + 1)
        ]
    new = Playlist(
        playlist.title,
        playlist.listener or listener or "",
        playlist.week,
        datetime.now(UTC),
        tuple(entries),
        notes=playlist.notes,
        seed=seed,
        models=(*playlist.models, made.version),
    )
    order = placed.place.tolist()
    courses = made.along(Pool(listener, tracks, length), [order, list(range(length))], moment)
    after, before = (float((each.whole * each.there).sum()) for each in courses)
    chances = [round(float(chance), 4) for chance in placed.prior]
    unplaced = [entry.track for entry in unknown]
    return Sequenced(new, unplaced, chances, made.name, made.why, after, before, *courses)


def _with_place(card: TrackCard, own: TrackCard) -> TrackCard:
    """The library's facts of a track, with the place it had in the file."""
    return replace(card, location=own.location or card.location)


def matched(library: Library, cards: Sequence[TrackCard]) -> list[str | None]:
    """The library's id of each track, by its id, Spotify's, MusicBrainz', ISRC, or artist and title."""
    wanted = [_keys(card) for card in cards]
    keys, tracks = library.table("track_keys"), library.table("tracks")
    known = keys.filter(keys.key.isin(sorted(set().union(*wanted)))).select("key", "track_id")
    # Several tracks may have a name in common: always the same one, however the tables' rows lie.
    known = known.group_by("key").aggregate(track_id=known.track_id.min())
    found = dict(zip(*library.arrow(known).to_pydict().values(), strict=True))
    # Keys are those of what was imported; a track table alone has ids and names.
    own = sorted({card.track_id for card in cards if card.track_id})
    same = library.arrow(tracks.filter(tracks.track_id.isin(own)).select("track_id"))
    found |= {track: track for track in same["track_id"].to_pylist()}
    ids = [next((found[key] for key in each if key in found), None) for each in wanted]
    # By words at last, as somebody would type them: names without an id differ in spelling.
    left = [at for at, card in enumerate(cards) if ids[at] is None and card.title and card.artists]
    named = find_named(library, [(" ".join(cards[at].artists), str(cards[at].title)) for at in left])
    for at, track in zip(left, named, strict=True):
        ids[at] = track
    return ids


def _keys(card: TrackCard) -> list[str]:
    """By what a track may be known, the surest first."""
    ids = [f"{kind}:{value}" for kind, value in (("spotify", card.spotify), ("mbid", card.mbid)) if value]
    isrc = [f"isrc:{card.isrc.upper().replace('-', '')}"] if card.isrc else []
    # A credit of several artists in one text ("A, B") is one name in most files: then the first counts.
    credits = [card.artists, split_credit(card.artists[0])] if card.artists else []
    names = [name_key(TrackRef(card.title, credit, medium=card.medium)) for credit in credits]
    return [key for key in (card.track_id, *ids, *isrc, *names) if key]
