"""What is true of a town: tastes, versions, affinities, responses. Kept apart from any library.

A truth is for judging. Nothing that trains may read it: the library holds only what an import would have
brought, and a folder of truth is refused inside a library.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from segue import files
from segue.errors import FormatError, NotFoundError, UsageError
from segue.town import response
from segue.town.catalogue import KINDS, genres
from segue.town.config import TownConfig
from segue.town.listeners import NONE, Listeners

if TYPE_CHECKING:
    from segue.town.town import Town

ARRAYS, SETTINGS, RESPONSES = "truth.npz", "town.json", "responses.parquet"
Who = NDArray[np.integer] | list[int]


@dataclass(frozen=True)
class Truth:
    """What is true of a town. Listeners are given by their places (town:l00042 is 42), tracks by theirs in
    `track_ids`, time by days since the town's start.
    """

    config: TownConfig
    seed: int
    track_ids: NDArray[np.str_]  # (n_tracks,) public ids of the songs
    tracks: response.Track  # (n_tracks, ...)
    work: NDArray[np.int32]  # (n_tracks,) place of the work's first recording
    kind: NDArray[np.int32]  # (n_tracks,) place in catalogue.KINDS
    listeners: Listeners  # all, in order

    def affinity(self, listeners: Who, day: float = 0.0, tracks: Who | None = None) -> NDArray[np.float32]:
        """True affinity in logits, (n_listeners, n_tracks asked for); all tracks by default."""
        rows = np.asarray(listeners)
        them = response.widen(self.listeners.at(rows, np.full(len(rows), float(day))))
        chosen = self.tracks if tracks is None else response.take(self.tracks, np.asarray(tracks))
        songs = type(chosen)(*(value[None] for value in chosen))
        return response.affinity(response.float32(self.config.response), them, songs)

    def tastes(self, listener: int, day: float = 0.0, examples: int = 3) -> list[dict[str, Any]]:
        """The tastes of a listener at `day`: weight (sum 1), vector, its genre and nearest tracks' places."""
        at = self.listeners.at(np.array([listener]), np.array([float(day)]))
        weights = np.where(at.log_weights[0] > NONE / 2, np.exp(at.log_weights[0]), 0)
        found = []
        for place in np.argsort(-weights)[: int((weights > 0).sum())]:
            near = np.argsort(-(self.tracks.vector @ at.tastes[0, place]), kind="stable")
            genre = np.bincount(self.tracks.genre[near[:25]]).argmax()
            found.append(
                {
                    "weight": float(weights[place] / weights.sum()),
                    "vector": at.tastes[0, place],
                    "genre": list(genres())[genre],
                    "tracks": near[:examples],
                }
            )
        return found

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
        for place in (folder.absolute(), *folder.absolute().parents):
            if (place / "library.json").exists():
                raise UsageError(
                    "The truth of a town may not lie in a library", came=str(folder), do="name another folder"
                )
        folder.mkdir(parents=True, exist_ok=True)
        arrays = {"track_ids": self.track_ids, "work": self.work, "kind": self.kind}
        arrays |= {f"tracks.{name}": value for name, value in self.tracks._asdict().items()}
        arrays |= {f"listeners.{f.name}": getattr(self.listeners, f.name) for f in fields(Listeners)}
        with files.replacing(folder / ARRAYS) as aside, aside.open("wb") as out:
            np.savez_compressed(out, **cast(dict[str, Any], arrays))
        settings = self.config.model_dump_json(indent=1)
        files.write_text(folder / SETTINGS, f'{{"seed": {self.seed},\n"config": {settings}}}\n')


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
            f"There is no truth of a town in {folder}", do="write one: segue town NAME --truth DIR"
        )
    try:
        settings = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
        config = TownConfig.checked(settings["config"])
        with np.load(folder / ARRAYS) as stored:
            arrays = {name: stored[name] for name in stored.files}
        return Truth(
            config=config,
            seed=int(settings["seed"]),
            track_ids=arrays["track_ids"],
            tracks=response.Track(*(arrays[f"tracks.{name}"] for name in response.Track._fields)),
            work=arrays["work"],
            kind=arrays["kind"],
            listeners=Listeners(**{f.name: arrays[f"listeners.{f.name}"] for f in fields(Listeners)}),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FormatError(f"The truth in {folder} cannot be read ({error})", do="write it anew") from None


def truth_of(town: Town) -> Truth:
    """The truth of a town at hand."""
    songs = town.catalogue.songs
    return Truth(
        config=town.config,
        seed=town.seed,
        track_ids=town.catalogue.ids.astype(str),
        tracks=town.catalogue.tracks,
        work=songs.work,
        kind=songs.kind,
        listeners=town.listeners(),
    )
