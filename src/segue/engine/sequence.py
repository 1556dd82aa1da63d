"""Put any playlist in order: a file, a playlist of the library, or a stored weekly list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from segue.agents.loading import stored
from segue.agents.sequencing import Course, Sequencer
from segue.errors import NotFoundError, UsageError
from segue.library import Library
from segue.library.collection.owned import Owned
from segue.library.credits import split_credit
from segue.library.identity import name_key
from segue.library.rows import TrackRef
from segue.library.search import find_named
from segue.playlists.catalogue import Catalogue as Cards
from segue.playlists.formats import read
from segue.playlists.memory import Weeks
from segue.playlists.placed import with_files
from segue.playlists.playlist import Playlist, PlaylistEntry, TrackCard, monday
from segue.shelf.names import AGENTS, WORLD, shelf_of
from segue.wording import count
from segue.world.config import MAIN_MODEL
from segue.world.loading import current_catalogue, stored_world
from segue.world.offsets import load_offsets
from segue.world.pools import Pool

if TYPE_CHECKING:
    from segue.engine.engine import Engine

By = Literal["auto", "agent", "greedy"]
TRAIN = "segue agents train --library"
NONE = "No agent was trained on this library."


def load_sequencer(engine: Engine, by: By = "auto") -> Sequencer:
    """What puts this library's lists in order.

    Args:
        engine: of a library with a trained agent, or at least a user model.
        by: "auto" takes the agent where its gain was sure in every world that judged it, else greed.

    Raises:
        NotFoundError: nothing was trained, or no agent although it is asked for.
    """
    library, shelf = engine.library, shelf_of(engine.library)
    if AGENTS in shelf.names():
        kept = stored(shelf.folder)
        model, version = kept.models[MAIN_MODEL], f"agents/{kept.version}"
        used = by == "agent" or (by == "auto" and kept.facts["used"])
        agent = kept.agent.params_ if used else None
        why = kept.facts["why"] if by == "auto" else f"By {by}, as asked for."
    elif by == "agent":
        raise NotFoundError("No agent was trained on this library", hint=_training(library))
    else:
        try:
            models, _, _ = stored_world(library)
        except NotFoundError:
            raise NotFoundError(
                "Nothing was learned of how this library's listeners respond",
                hint=f"segue world --library {library.path}{_order(library)}, after which lists are put in "
                f"order; or {_training(library)}, which learns the same and then trains an agent",
            ) from None
        model, agent, why = models[MAIN_MODEL], None, NONE
        version = f"{WORLD}/{shelf.current(WORLD)}"
    catalogue = current_catalogue(library)
    offsets = load_offsets(shelf.path(WORLD)) if WORLD in shelf.names() else {}
    return Sequencer(library, catalogue, model, agent, version, why, offsets, engine.played())


def _training(library: Library) -> str:
    """The one command that trains all that is missing."""
    return f"{TRAIN} {library.path}{_order(library)}"


def _order(library: Library) -> str:
    """The option to learn from any plays, where none had shuffle on."""
    listens = library.table("listens")
    return "" if len(library.arrow(listens.filter(listens.shuffle).limit(1))) else " --any-order"


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


def asked(library: Library, text: str | None, week: str | None, listener: str | None) -> Playlist:
    """The playlist that is meant: a file, the id or title of one in the library, or a stored weekly list.

    Raises:
        UsageError: nothing is named, or a week without a listener.
        NotFoundError: there is none.
    """
    if week is not None:
        if listener is None:
            raise UsageError("A weekly list is somebody's", hint="name them with --listener")
        return weekly_list(library, week, listener)
    if text is None:
        raise UsageError("No playlist is named", hint="name a file, a playlist of the library, or --week")
    path = Path(text)
    if path.suffix and (path.is_file() or path.suffix.lower() in (".jspf", ".xspf", ".m3u8", ".m3u")):
        return read(path)
    return library_playlist(library, text)


def weekly_list(library: Library, week: str, listener: str) -> Playlist:
    """A weekly list as it is remembered.

    Raises:
        NotFoundError: the listener has none of that week.
    """
    weeks = Weeks(library.path / "weeks")
    rows = weeks.read(week, [listener]).sort_by("position").to_pylist()
    if not rows:
        have = ", ".join(weeks.names()[-3:]) or "none"
        raise NotFoundError(
            f"{listener!r} has no list of {week}", expected=f"a week of {have}", hint="segue weekly"
        )
    cards = Cards.read(library, [row["track_id"] for row in rows]).cards(range(len(rows)))
    entries = tuple(
        PlaylistEntry(place + 1, cards[place], row["score"], row["reason"], taste=row["taste"])
        for place, row in enumerate(rows)
    )
    title = rows[0]["title"] or f"Discover Weekly, {week}"
    return with_files(Playlist(title, listener, week, rows[0]["created_at"], entries), Owned(library))


def library_playlist(library: Library, text: str) -> Playlist:
    """A playlist of the library, by its id or its title.

    Raises:
        NotFoundError: there is none, or it holds nothing.
    """
    table, entries = library.table("playlists"), library.table("playlist_entries")
    named = table.filter((table.playlist_id == text) | (table.title.lower() == text.lower()))
    rows = library.arrow(named.order_by("playlist_id").limit(1)).to_pylist()
    if not rows:
        raise NotFoundError(
            f"There is no playlist {text!r}",
            expected="a file (.jspf, .xspf, .m3u8, .csv, .json), or the id or title of a playlist here",
            hint="check the name, or take a weekly list: --listener NAME --week 2026-W48",
        )
    mine = entries.filter(entries.playlist_id == rows[0]["playlist_id"]).order_by(["position", "track_id"])
    cards = Cards.read(library, library.arrow(mine)["track_id"].to_pylist())
    found = tuple(PlaylistEntry(place, card) for place, card in enumerate(cards.cards(range(len(cards))), 1))
    return Playlist(rows[0]["title"] or text, rows[0]["owner"] or "", None, datetime.now(UTC), found)
