"""A town's arrays as the library's canonical tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from segue.draws import generator
from segue.library.identity import credit_key, name_key
from segue.library.rows import TrackRef
from segue.library.tables import FEEDBACK, LISTENS, PLAYLIST_ENTRIES, PLAYLISTS, TIME, TRACK_KEYS, TRACKS
from segue.town.catalogue import FEATURES
from segue.town.listeners import Listeners
from segue.town.living import ENDS, STARTS, Plays
from segue.town.memory import KINDS as KINDS_OF_FEEDBACK
from segue.town.memory import Words
from segue.town.playlists import Playlists
from segue.town.queues import LOGS

if TYPE_CHECKING:
    from segue.town.town import Town


SOURCE = "town"


def listener_ids(number: NDArray[np.integer]) -> pa.Array:
    """The public ids of listeners."""
    return pa.array([f"town:l{n:05d}" for n in number], pa.string())


def track_ids(town: Town) -> pa.Array:
    """The public ids of songs, then of episodes."""
    episodes = [f"town:e{n:05d}" for n in range(len(town.podcasts.titles))]
    return pa.array([*town.catalogue.ids, *episodes], pa.string())


def times(town: Town, days: NDArray[np.floating]) -> pa.Array:
    """Days since the town's start as timestamps, to the second, as services tell them."""
    start = np.datetime64(town.config.start, "s").astype(np.int64)
    # A fraction of a day, multiplied out, may lie a hair below the second that it stands for.
    seconds = start + np.floor(days.astype(np.float64) * 86_400 + 1e-3).astype(np.int64)
    return pa.array(seconds, pa.timestamp("s", tz="UTC")).cast(TIME)


def milliseconds(town: Town, days: NDArray[np.floating]) -> pa.Array:
    """The same to the millisecond, as histories of plays tell them."""
    start = np.datetime64(town.config.start, "ms").astype(np.int64)
    ms = start + np.floor(days.astype(np.float64) * 86_400_000 + 1e-3).astype(np.int64)
    return pa.array(ms, pa.timestamp("ms", tz="UTC")).cast(TIME)


def tracks(town: Town) -> pa.Table:
    """Songs and episodes. Works and versions are left open: they are what grouping has to find."""
    songs, names, podcasts = town.catalogue.songs, town.names, town.podcasts
    size, episodes = len(songs.artist), len(podcasts.titles)
    start = np.datetime64(town.config.start, "D").astype(int)
    released = [str(day) for day in songs.released.astype("datetime64[D]")]
    published = [str(day) for day in (podcasts.day + start).astype("datetime64[D]")]
    shows = [podcasts.shows[show] for show in podcasts.show]
    popularity = np.log(songs.popularity) - np.log(songs.popularity).min()
    ms = np.concatenate([songs.minutes, podcasts.minutes]).astype(np.float64) * 60_000
    table = pa.table(
        {
            "track_id": track_ids(town),
            "title": pa.array([*names.titles, *podcasts.titles]),
            "artists": pa.array([*names.credits, *([show] for show in shows)], pa.list_(pa.string())),
            "album": pa.array([*names.albums, *shows]),
            "duration_ms": pa.array(ms.astype(np.int64)),
            "release_date": pa.array([*released, *published]),
            "medium": pa.array(["song"] * size + ["podcast"] * episodes),
            "explicit": pa.array([*songs.explicit.tolist(), *([False] * episodes)]),
            "isrc": pa.array([*_isrcs(town, released), *([None] * episodes)], pa.string()),
            "mbid": pa.nulls(size + episodes, pa.string()),
            "spotify": pa.nulls(size + episodes, pa.string()),
            "popularity": pa.array(
                [*(popularity / popularity.max()).tolist(), *([None] * episodes)], pa.float32()
            ),
            "features": _features(songs.features, episodes),
            "work_id": pa.nulls(size + episodes, pa.string()),
            "version": pa.nulls(size + episodes, pa.string()),
            "canonical_id": pa.nulls(size + episodes, pa.string()),
        },
        schema=TRACKS,
    )
    return table.sort_by("track_id")


def _isrcs(town: Town, released: list[str]) -> list[str]:
    """ISRCs of a country code that no country has. A single has that of the album's recording."""
    songs = town.catalogue.songs
    from segue.town.catalogue import KINDS

    number = np.where(songs.kind == KINDS.index("single"), songs.work, np.arange(len(songs.work)))
    order = generator(town.seed, "isrc").permutation(len(number))
    return [f"ZZT{order[n] // 100_000:02d}{released[n][2:4]}{order[n] % 100_000:05d}" for n in number]


def keys(tracks: pa.Table) -> pa.Table:
    """By what a play that comes in later finds these tracks: their ids, ISRCs and names."""
    rows: list[tuple[str, str, int | None, str | None]] = []
    columns = ("track_id", "title", "artists", "duration_ms", "isrc", "medium")
    for track, title, artists, ms, isrc, medium in zip(
        *(tracks[name].to_pylist() for name in columns), strict=True
    ):
        rows.append((track, track, None, SOURCE))
        if isrc is not None:
            rows.append((f"isrc:{isrc}", track, None, SOURCE))
        ref = TrackRef(title, tuple(artists), medium=medium)
        rows += [(key, track, ms, None) for key in (name_key(ref), credit_key(ref)) if key is not None]
    rows.sort(key=lambda row: row[:2])
    return pa.table([list(column) for column in zip(*rows, strict=True)], schema=TRACK_KEYS)


def _features(features: NDArray[np.float32], episodes: int) -> pa.Array:
    size = len(features)
    offsets = np.minimum(np.arange(size + episodes + 1), size) * len(FEATURES)
    keys = pa.array(np.tile(np.array(FEATURES, dtype=object), size), pa.string())
    rounded = np.round(features.astype(np.float64), 3).astype(np.float32).ravel()
    mask = np.arange(size + episodes) >= size
    return pa.MapArray.from_arrays(
        pa.array(offsets, pa.int32(), mask=np.append(mask, False)), keys, pa.array(rounded)
    )


def listens(town: Town, listeners: Listeners, plays: Plays) -> pa.Table:
    """Plays, by listener and time."""
    order = np.lexsort((plays.position, plays.session, plays.row))
    p = Plays._make(column[order] for column in plays)
    row = pa.array(p.row)
    session = pc.binary_join_element_wise(
        listener_ids(listeners.number).take(row), pa.array(p.session).cast(pa.string()), ":s"
    )
    return pa.table(
        {
            "listener_id": listener_ids(listeners.number).take(row),
            "track_id": track_ids(town).take(pa.array(p.track)),
            "started_at": milliseconds(town, p.day),
            "played_ms": pa.array(p.ms),
            "plays": pa.array(np.ones(len(p.row), dtype=np.int64)),
            "stage": pa.array(p.stage.astype(np.int8)),
            "skipped": pa.array(np.isin(p.end, [ENDS.index("fwdbtn"), ENDS.index("clickrow")])),
            "shuffle": pa.array(p.shuffle),
            "start_reason": _word(STARTS, p.start),
            "end_reason": _word(ENDS, p.end),
            "context": _word(LOGS, p.context),
            "session_id": session,
            "session_position": pa.array(p.position.astype(np.int32)),
            "turn": pa.nulls(len(p.row), pa.int32()),
            "source": _word((SOURCE,), np.zeros(len(p.row), dtype=np.int32)),
            "sources": pa.nulls(len(p.row), LISTENS.field("sources").type),
        },
        schema=LISTENS,
    )


def feedback(town: Town, listeners: Listeners, words: Words) -> pa.Table:
    """Saves, loves and bans, by listener and time."""
    order = np.lexsort((words.track, words.day, words.row))
    w = Words._make(column[order] for column in words)
    return pa.table(
        {
            "listener_id": listener_ids(listeners.number).take(pa.array(w.row)),
            "track_id": track_ids(town).take(pa.array(w.track)),
            "kind": _word(KINDS_OF_FEEDBACK, w.kind),
            "given_at": times(town, w.day),
            "source": _word((SOURCE,), np.zeros(len(w.row), dtype=np.int32)),
        },
        schema=FEEDBACK,
    )


def playlists(town: Town, lists: Playlists, listeners: Listeners | None) -> tuple[pa.Table, pa.Table]:
    """Playlists and their entries; without `listeners`, the town's own."""
    size = len(lists.length)
    if listeners is None:
        ids = [f"town:pe{n:05d}" for n in range(size)]
        owners: list[Any] = ["town"] * size
    else:
        which = np.arange(size) - np.searchsorted(lists.owner, lists.owner)
        numbers = listeners.number[lists.owner]
        ids = [f"town:p{n:05d}-{w}" for n, w in zip(numbers, which, strict=True)]
        owners = listener_ids(listeners.number).take(pa.array(lists.owner)).to_pylist()
    inside = np.arange(lists.tracks.shape[1])[None] < lists.length[:, None]
    row, place = np.nonzero(inside)
    when = times(town, lists.created)
    head = pa.table(
        {
            "playlist_id": pa.array(ids, pa.string()),
            "title": pa.array(lists.titles, pa.string()),
            "owner": pa.array(owners, pa.string()),
            "followers": pa.array(lists.followers.astype(np.int64)),
            "modified_at": when,
            "source": pa.array([SOURCE] * size, pa.string()),
        },
        schema=PLAYLISTS,
    )
    entries = pa.table(
        {
            "playlist_id": pa.array(ids, pa.string()).take(pa.array(row)),
            "position": pa.array(place.astype(np.int32)),
            "track_id": track_ids(town).take(pa.array(lists.tracks[inside])),
            "added_at": when.take(pa.array(row)),
            "source": pa.array([SOURCE] * len(row), pa.string()),
        },
        schema=PLAYLIST_ENTRIES,
    )
    return head, entries


def _word(options: tuple[str, ...], places: NDArray[np.integer]) -> pa.Array:
    return pa.array(options, pa.string()).take(pa.array(places))
