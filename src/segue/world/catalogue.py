"""The tracks of a library as a world sees them: sound, popularity, artist, length."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from segue.errors import UsageError
from segue.files import reading
from segue.library import Library
from segue.library.listening import USUAL_MS, listens, sessions
from segue.library.stages import HEARD
from segue.shelf.arrays import AGAIN, load_arrays, pack_strings, save_arrays, unpack_strings
from segue.world.known import Floats, standard, unit
from segue.world.tracks import Track

FILE, KIND = "songs.npz", "songs of a world"


class Catalogue(NamedTuple):
    """Songs of a library, n of them."""

    ids: list[str]
    tracks: Track  # (n, ...)
    popularity: Floats  # (n,) log of listens, standardised
    labels: list[str]  # artist - title
    reception: Floats  # (n, 2) sum of `known.surprises` over all plays, and their number


def save_catalogue(folder: Path, catalogue: Catalogue) -> None:
    """Write it into a model's folder."""
    texts = {"ids": pack_strings(catalogue.ids), "labels": pack_strings(catalogue.labels)}
    numbers = {"popularity": catalogue.popularity, "reception": catalogue.reception}
    save_arrays(folder / FILE, KIND, {}, texts | numbers | catalogue.tracks._asdict())


def load_catalogue(folder: Path) -> Catalogue:
    """What `save_catalogue` wrote.

    Raises:
        NotFoundError: there is none.
        FormatError: it is damaged.
    """
    _, arrays = load_arrays(folder / FILE, KIND)
    with reading(folder / FILE, KIND, AGAIN):
        ids, labels = (unpack_strings(arrays[name]).tolist() for name in ("ids", "labels"))
        tracks = Track(*(arrays[name] for name in Track._fields))
        found = Catalogue(ids, tracks, arrays["popularity"], labels, arrays["reception"])
        if {len(each) for each in (ids, labels, *tracks, *found[2:])} != {len(ids)}:
            raise ValueError("its parts do not belong together")
        return found


def catalogue_of(library: Library, vectors: NDArray[np.floating] | None = None) -> Catalogue:
    """The songs of a library, in the order of their ids.

    Args:
        library: to read.
        vectors: song vectors (n, d) in that order, zeros for songs without one. By default sound features
            alone tell what is like what; with both, each tells half.

    Raises:
        UsageError: there are neither sound features nor vectors.
    """
    table = library.table("tracks")
    songs = table.filter(table.medium.isnull() | (table.medium == "song"))
    told = listens(library).group_by("track_id").agg(count=lambda t: t.plays.sum())
    found = library.arrow(songs.left_join(told, "track_id").drop("track_id_right").order_by("track_id"))
    ids, artists = found["track_id"].to_pylist(), [names or [""] for names in found["artists"].to_pylist()]
    count = np.nan_to_num(np.array(found["count"].to_pylist(), dtype=float))
    minutes = np.array(found["duration_ms"].to_pylist(), dtype=float) / 60_000
    sound = _sound(found["features"].to_pylist())
    parts = [unit(part) for part in (_standardised(sound), vectors) if part is not None and part.any()]
    if not parts:
        raise UsageError(
            "Nothing tells which songs are alike",
            expected="tracks with sound features, or song vectors",
            hint="import track features, or learn vectors: segue train vectors",
        )
    place = {name: number for number, name in enumerate(sorted({names[0] for names in artists}))}
    size = len(ids)
    tracks = Track(
        vector=unit(np.concatenate(parts, 1)).astype(np.float32),
        energy=_column(sound, "energy", size, 0.5),
        loud=np.clip((_column(sound, "loudness", size, -12.5) + 22) / 19, 0, 1).astype(np.float32),
        artist=np.array([place[names[0]] for names in artists], np.int32),
        minutes=np.where(minutes > 0, minutes, USUAL_MS / 60_000).astype(np.float32),
    )
    titles = found["title"].to_pylist()
    labels = [f"{', '.join(names)} - {title}" for names, title in zip(artists, titles, strict=True)]
    return Catalogue(ids, tracks, standard(np.log1p(count)), labels, _reception(library, ids))


def _reception(library: Library, ids: list[str]) -> NDArray[np.float64]:
    """`known.reception`, by the database: how much of each song is heard beside the rest of its session."""
    import ibis

    told = sessions(library)
    told = told.filter(told.stage.notnull())
    share = ibis.cases(*((told.stage == stage, float(part)) for stage, part in enumerate(HEARD)), else_=0.0)
    told = told.select("track_id", "listener_id", "session_id", part=share)
    within = ibis.window(group_by=["listener_id", "session_id"])
    total, count = told.part.sum().over(within), told.part.count().over(within)
    told = told.mutate(surprise=told.part - (total - told.part + 1.0) / (count + 1.0))
    by_track = told.group_by("track_id").agg(total=told.surprise.sum(), number=told.surprise.count())
    found = library.arrow(by_track)
    place, result = {track: number for number, track in enumerate(ids)}, np.zeros((len(ids), 2))
    for track, total, number in zip(*found.to_pydict().values(), strict=True):
        if track in place:
            result[place[track]] = total, number
    return result


def _sound(rows: list[list[tuple[str, float]] | None]) -> dict[str, Floats]:
    """Columns of the sound features that any track has, NaN where one lacks it."""
    told = [dict(row or ()) for row in rows]
    names = sorted({name for row in told for name in row})
    return {name: np.array([row.get(name, np.nan) for row in told], dtype=float) for name in names}


def _standardised(sound: dict[str, Floats]) -> Floats | None:
    columns = []
    for values in sound.values():
        middle, spread = np.nanmean(values), np.nanstd(values)
        if spread > 1e-9:
            columns.append(np.nan_to_num((values - middle) / spread))
    return np.stack(columns, 1) if columns else None


def _column(sound: dict[str, Floats], name: str, size: int, otherwise: float) -> NDArray[np.float32]:
    values = sound.get(name, np.full(size, np.nan))
    return np.nan_to_num(values, nan=otherwise).astype(np.float32)
