"""What is true of a town: tastes, versions, affinities, responses. Kept apart from any library.

A truth is for judging. Nothing that trains may read it: the library holds only what an import would have
brought, and a folder of truth is refused inside a library.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from segue import files
from segue.errors import NotFoundError, UsageError
from segue.town import response
from segue.town.catalogue import KINDS, Floats, Ints, genres
from segue.town.config import TownConfig
from segue.town.listeners import NONE, Listeners
from segue.town.memory import Heard, Memory, empty_memory

if TYPE_CHECKING:
    from segue.town.town import Town

ARRAYS, SETTINGS = "truth.npz", "town.json"
Who = NDArray[np.integer] | list[int]


class Before(NamedTuple):
    """What listeners had heard before the town's start; arrays (k,)."""

    listener: Ints
    track: Ints
    plays: Floats
    day: Floats  # last heard, days since the start


@dataclass(frozen=True)
class Truth:
    """What is true of a town. Listeners are given by their places (town:l00042 is 42), tracks by theirs in
    `track_ids`, time by days since the town's start.
    """

    config: TownConfig
    seed: int
    track_ids: NDArray[np.str_]  # (n_tracks,) public ids of the songs
    tracks: response.Track  # (n_tracks, ...)
    work: Ints  # (n_tracks,) place of the work's first recording
    kind: Ints  # (n_tracks,) place in catalogue.KINDS
    popularity: Floats  # (n_tracks,) sums to 1
    listeners: Listeners  # all, in order
    before: Before

    def affinity(self, listeners: Who, day: float = 0.0, tracks: Who | None = None) -> NDArray[np.float32]:
        """True affinity in logits, (n_listeners, n_tracks asked for); all tracks by default."""
        rows = np.asarray(listeners)
        them = response.widen(self.listeners.at(rows, np.full(len(rows), float(day))))
        chosen = self.tracks if tracks is None else response.take(self.tracks, np.asarray(tracks))
        songs = type(chosen)(*(value[None] for value in chosen))
        return response.affinity(response.float32(self.config.response), them, songs)

    def tastes(self, listener: int, day: float = 0.0, examples: int = 3) -> list[dict[str, Any]]:
        """The tastes of a listener at `day`: weight (sum 1), vector, its genre and nearest tracks' places."""
        return tastes_of(self.listeners, self.tracks, listener, day, examples)

    def first_memory(self) -> Memory:
        """What everybody remembers at the town's start."""
        memory = empty_memory(
            len(self.listeners.number), len(self.track_ids), int(self.tracks.artist.max()) + 1
        )
        memory.plays[self.before.listener, self.before.track] = self.before.plays
        memory.last[self.before.listener, self.before.track] = self.before.day
        return memory

    def last_memory(self, listens: pa.Table) -> Memory:
        """What everybody remembers at the end of the town's days, given all its `listens`.

        Raises:
            UsageError: the town tells its listening as exports do, without stages.
        """
        if self.config.exports:
            raise UsageError("This town does not tell what became of its plays", hint="take another town")
        memory = self.first_memory()
        place = {track: number for number, track in enumerate(self.track_ids.tolist())}
        track = np.array([place.get(track, -1) for track in listens["track_id"].to_pylist()])
        listener = np.array([int(who.removeprefix("town:l")) for who in listens["listener_id"].to_pylist()])
        start = np.datetime64(self.config.start, "us").astype(np.int64)
        day = (listens["started_at"].cast("int64").to_numpy() - start) / 86_400_000_000
        song = track >= 0
        stage, artist = listens["stage"].to_numpy()[song], self.tracks.artist[track[song]]
        heard = Heard(listener[song], track[song], artist, stage, day[song])
        memory.hear_all(response.float32(self.config.response), heard, self.config.days)
        return memory

    def versions(self) -> dict[str, tuple[str, str]]:
        """For every song's id: the id of its work's first recording, and what kind of version it is."""
        works = self.track_ids[self.work]
        return {
            str(track): (str(work), KINDS[kind])
            for track, work, kind in zip(self.track_ids, works, self.kind, strict=True)
        }

    def save(self, folder: Path) -> None:
        """Write into `folder`, which may not be, or lie in, a library.

        Raises:
            UsageError: it is, or does.
        """
        folder = Path(folder)
        keep_apart(folder)
        folder.mkdir(parents=True, exist_ok=True)
        arrays = {
            "track_ids": self.track_ids,
            "work": self.work,
            "kind": self.kind,
            "popularity": self.popularity,
        }
        arrays |= {f"tracks.{name}": value for name, value in self.tracks._asdict().items()}
        arrays |= {f"before.{name}": value for name, value in self.before._asdict().items()}
        arrays |= {f"listeners.{f.name}": getattr(self.listeners, f.name) for f in fields(Listeners)}
        with files.replacing(folder / ARRAYS) as aside, aside.open("wb") as out:
            np.savez_compressed(out, **cast(dict[str, Any], arrays))
        settings = self.config.model_dump_json(indent=1)
        files.write_text(folder / SETTINGS, f'{{"seed": {self.seed},\n"config": {settings}}}\n')


def tastes_of(
    listeners: Listeners, tracks: response.Track, listener: int, day: float, examples: int
) -> list[dict[str, Any]]:
    """See `Truth.tastes`; `listener` is a place among `listeners`."""
    at = listeners.at(np.array([listener]), np.array([float(day)]))
    weights = np.where(at.log_weights[0] > NONE / 2, np.exp(at.log_weights[0]), 0)
    found = []
    for place in np.argsort(-weights)[: int((weights > 0).sum())]:
        near = np.argsort(-(tracks.vector @ at.tastes[0, place]), kind="stable")
        genre = np.bincount(tracks.genre[near[:25]]).argmax()
        found.append(
            {
                "weight": float(weights[place] / weights.sum()),
                "vector": at.tastes[0, place],
                "genre": list(genres())[genre],
                "tracks": near[:examples],
            }
        )
    return found


def keep_apart(folder: Path) -> None:
    """Make sure that `folder` is not, and does not lie in, a library.

    Raises:
        UsageError: it is, or does.
    """
    for place in (folder.absolute(), *folder.absolute().parents):
        if (place / "library.json").exists():
            raise UsageError(
                "The truth of a town may not lie in a library", got=str(folder), hint="name another folder"
            )


def load_truth(folder: Path) -> Truth:
    """Read what `Truth.save` wrote.

    Raises:
        NotFoundError: there is none in `folder`.
        FormatError: it cannot be read.
    """
    import json

    folder = Path(folder)
    if not (folder / ARRAYS).exists():
        raise NotFoundError(
            f"There is no truth of a town in {folder}", hint="write one: segue town NAME --truth DIR"
        )
    with files.reading(folder, "the truth of a town", "write it anew"):
        settings = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
        config = TownConfig.checked(settings["config"])
        with (folder / ARRAYS).open("rb") as handle, np.load(handle) as stored:
            arrays = {name: stored[name] for name in stored.files}
        return Truth(
            config=config,
            seed=int(settings["seed"]),
            track_ids=arrays["track_ids"],
            tracks=response.Track(*(arrays[f"tracks.{name}"] for name in response.Track._fields)),
            work=arrays["work"],
            kind=arrays["kind"],
            popularity=arrays["popularity"],
            before=Before(*(arrays[f"before.{name}"] for name in Before._fields)),
            listeners=Listeners(**{f.name: arrays[f"listeners.{f.name}"] for f in fields(Listeners)}),
        )


def truth_of(town: Town) -> Truth:
    """The truth of a town at hand."""
    songs, parts = town.catalogue.songs, []
    for listeners, memory in town.memories():
        row, track = np.nonzero(memory.plays)
        parts.append(
            Before(
                listeners.number[row],
                track.astype(np.int32),
                memory.plays[row, track],
                memory.last[row, track],
            )
        )
    return Truth(
        config=town.config,
        seed=town.seed,
        track_ids=town.catalogue.ids.astype(str),
        tracks=town.catalogue.tracks,
        work=songs.work,
        kind=songs.kind,
        popularity=songs.popularity,
        listeners=town.listeners(),
        before=Before(*(np.concatenate(column) for column in zip(*parts, strict=True))),
    )
