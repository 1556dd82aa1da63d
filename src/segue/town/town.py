"""A town, whole: build it, write what its listeners did into a library, keep what is true of it apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from segue import files
from segue.library.tables import FEEDBACK, LISTENS, PLAYLIST_ENTRIES, PLAYLISTS, TRACK_KEYS, TRACKS
from segue.town import response
from segue.town.catalogue import FEATURES, KINDS, genre_vectors, make_artists, make_originals
from segue.town.config import TownConfig
from segue.town.draws import Draws, generator
from segue.town.listeners import Listeners, make_listeners
from segue.town.playlists import Playlists, charts, make_own, make_town
from segue.town.reach import Catalogue, make_catalogue, shortlists
from segue.town.sessions import LOGGED
from segue.town.simulate import Batch, Plays, tracks_of
from segue.town.spelling import Names, spell
from segue.town.versions import add_versions

if TYPE_CHECKING:
    from segue.library.store import Library, Writer

SOURCE = "town"
CELLS = 40_000_000  # listeners x tracks remembered at a time
DAY_US = 86_400_000_000


@dataclass(frozen=True)
class Town:
    """A town that stands: its catalogue and what is true of it. Listening happens when it is written."""

    config: TownConfig
    seed: int
    catalogue: Catalogue
    names: Names

    def listeners(self, number: NDArray[np.int32] | None = None) -> Listeners:
        """What is true of the listeners `number` (all by default)."""
        if number is None:
            number = np.arange(self.config.listeners, dtype=np.int32)
        return make_listeners(self.config, self.seed, self.catalogue.artists, number)

    def affinity(self, number: NDArray[np.int32], day: float = 0.0) -> NDArray[np.float32]:
        """True affinity (logits) of listeners for every track at `day`: (n_listeners, n_tracks).

        Columns are in the order of `catalogue.ids`.
        """
        listeners = self.listeners(number)
        at = listeners.at(np.arange(len(number)), np.full(len(number), day))
        tracks = response.Track(*(value[None] for value in tracks_of(self.catalogue)))
        return response.affinity(response.float32(self.config.response), response.widen(at), tracks)

    def write(self, library: Library, advance: Callable[[float], None] = lambda amount: None) -> None:
        """Let the town listen, and write what can be seen of it; `advance` is told of listeners done."""
        with library.writing() as writer:
            self._write_tracks(writer)
            town = make_town(self.config, self.seed, self.catalogue)
            _write_playlists(
                writer, town, self.catalogue, [f"town:editorial-{n}" for n in range(len(town.titles))], "town"
            )
            top = charts(self.catalogue)
            for number in self._batches():
                listeners = self.listeners(number)
                short = shortlists(self.config, self.seed, self.catalogue, listeners)
                own = make_own(self.config, self.seed, self.catalogue, listeners, short)
                owners = [listener_id(int(number[owner])) for owner in own.owner]
                ids = [f"town:{owner.removeprefix('town:')}-{n}" for n, owner in enumerate(owners)]
                _write_playlists(writer, own, self.catalogue, ids, owners, self.config)
                batch = Batch(self.config, self.seed, self.catalogue, listeners, short, own, town, top)
                plays = batch.run()
                writer.append("listens", _listens(plays, self.catalogue, number, self.config))
                writer.append("feedback", self._feedback(plays, number))
                advance(float(len(number)))

    def _batches(self) -> Iterator[NDArray[np.int32]]:
        size = max(1, CELLS // len(self.catalogue.ids))
        for start in range(0, self.config.listeners, size):
            yield np.arange(start, min(start + size, self.config.listeners), dtype=np.int32)

    def _write_tracks(self, writer: Writer) -> None:
        songs, names, ids = self.catalogue.songs, self.names, self.catalogue.ids
        heard = np.log(songs.popularity)
        popularity = (heard - heard.min()) / (heard.max() - heard.min())
        released = np.datetime64("1970-01-01") + songs.released.astype("timedelta64[D]")
        table = pa.table(
            {
                "track_id": pa.array(ids, pa.string()),
                "title": names.titles,
                "artists": pa.array(names.credits, pa.list_(pa.string())),
                "album": names.albums,
                "duration_ms": np.round(songs.minutes * 60_000).astype(np.int64),
                "release_date": released.astype(str),
                "medium": ["song"] * len(ids),
                "explicit": songs.explicit,
                "popularity": popularity.astype(np.float32),
                "features": pa.array(
                    [list(zip(FEATURES, row, strict=True)) for row in songs.features.tolist()],
                    TRACKS.field("features").type,
                ),
            }
        )
        empty = pa.nulls(len(ids), pa.string())
        for column in ("isrc", "mbid", "spotify", "work_id", "version"):
            table = table.append_column(column, empty)
        writer.append("tracks", table.select(TRACKS.names).cast(TRACKS).sort_by("track_id"))
        keys = pa.table(
            {"key": table["track_id"], "track_id": table["track_id"], "duration_ms": table["duration_ms"]}
        )
        writer.append("track_keys", keys.cast(TRACK_KEYS).sort_by("key"))

    def _feedback(self, plays: Plays, number: NDArray[np.int32]) -> pa.Table:
        """Saves and loves of what was heard whole and liked much, bans of what was not borne."""
        chance = Draws(self.seed, "feedback").uniform(
            number[plays.listener], plays.session, plays.position, 0
        )
        whole, liking = plays.stage == 3, 1 / (1 + np.exp(-(plays.utility - 2.0)))
        save = whole & (chance < 0.10 * liking)
        love = whole & (chance > 1 - 0.03 * liking)
        ban = (plays.stage == 0) & (plays.utility < -3.0) & (chance < 0.02)
        kind = np.select([save, love, ban], ["save", "love", "ban"], "")
        rows = np.flatnonzero(kind != "")
        keys = np.stack([plays.listener[rows], plays.track[rows]], 1)
        _, first = np.unique(keys, axis=0, return_index=True)
        rows = np.sort(rows[first])
        at = _moment(self.config, plays.day[rows] + plays.played[rows] / 1440)
        return pa.table(
            {
                "listener_id": [listener_id(int(number[row])) for row in plays.listener[rows]],
                "track_id": pa.array(self.catalogue.ids[plays.track[rows]], pa.string()),
                "kind": pa.array(kind[rows].tolist(), pa.string()),
                "given_at": at,
                "source": [SOURCE] * len(rows),
            }
        ).cast(FEEDBACK)

    def save_truth(self, folder: Path) -> None:
        """Write what is true of the town into `folder`, which must not be that of a library: truth.npz."""
        everybody = self.listeners()
        songs = self.catalogue.songs
        folder.mkdir(parents=True, exist_ok=True)
        with files.replacing(folder / "truth.npz") as aside, aside.open("wb") as out:
            np.savez_compressed(
                out,
                tracks=self.catalogue.ids.astype(str),
                vectors=songs.vector,
                work=self.catalogue.ids[songs.work].astype(str),
                kind=np.array(KINDS)[songs.kind],
                genre=songs.genre,
                listeners=np.array([listener_id(n) for n in range(self.config.listeners)]),
                tastes=everybody.tastes,
                log_weights=everybody.log_weights,
            )
        files.write_text(folder / "town.json", self.config.model_dump_json(indent=2) + "\n")

    def summary(self) -> dict[str, Any]:
        """The town in a few figures."""
        return {
            "town": self.config.name,
            "seed": self.seed,
            "listeners": self.config.listeners,
            "artists": len(self.catalogue.artists.genre),
            "tracks": len(self.catalogue.ids),
            "versions": int((self.catalogue.songs.kind > 0).sum()),
            "months": self.config.months,
        }


def build(config: TownConfig | str = "ordinary", seed: int = 0) -> Town:
    """Build a town from a config or the name of one; the same seed gives the same town.

    Raises:
        NotFoundError: there is no town of that name.
    """
    config = TownConfig.named(config) if isinstance(config, str) else config
    versions = round(config.tracks * config.versions)
    artists = make_artists(config, seed, genre_vectors(seed, config.dimensions), config.tracks - versions)
    songs = make_originals(config, seed, genre_vectors(seed, config.dimensions), artists)
    artists, songs = add_versions(config, seed, artists, songs, versions)
    # Ids tell nothing: not of the artist, not of popularity.
    numbers = generator(seed, "ids").permutation(len(songs.artist))
    ids = np.array([f"town:t{number:06d}" for number in numbers], dtype=object)
    return Town(config, seed, make_catalogue(config, artists, songs, ids), spell(seed, artists, songs))


def listener_id(number: int) -> str:
    """The public id of a listener."""
    return f"town:l{number:05d}"


def _moment(config: TownConfig, day: NDArray[np.float64]) -> pa.Array:
    start = np.datetime64(config.start, "us").astype(np.int64)
    return pa.array(start + np.round(day * 86_400).astype(np.int64) * 1_000_000, pa.timestamp("us", tz="UTC"))


def _listens(plays: Plays, catalogue: Catalogue, number: NDArray[np.int32], config: TownConfig) -> pa.Table:
    whole, first = plays.stage == 3, plays.position == 1
    before = np.concatenate([[False], whole[:-1]])
    began = np.where(
        first, np.where(plays.kind == 0, "playbtn", "clickrow"), np.where(before, "trackdone", "fwdbtn")
    )
    ended = np.where(whole, "trackdone", np.where(plays.last, "endplay", "fwdbtn"))
    who = np.array([listener_id(int(n)) for n in number], dtype=object)[plays.listener]
    session = [f"{w}-{s:04d}" for w, s in zip(who, plays.session.tolist(), strict=True)]
    return pa.table(
        {
            "listener_id": pa.array(who, pa.string()),
            "track_id": pa.array(catalogue.ids[plays.track], pa.string()),
            "started_at": _moment(config, plays.day),
            "played_ms": np.round(plays.played * 60_000).astype(np.int64),
            "plays": np.ones(len(who), dtype=np.int64),
            "stage": plays.stage.astype(np.int8),
            "skipped": plays.stage < 2,
            "shuffle": plays.shuffle,
            "start_reason": pa.array(began.tolist(), pa.string()),
            "end_reason": pa.array(ended.tolist(), pa.string()),
            "context": pa.array(np.array(LOGGED, dtype=object)[plays.kind], pa.string()),
            "session_id": session,
            "session_position": plays.position,
            "source": [SOURCE] * len(who),
        }
    ).cast(LISTENS)


def _write_playlists(
    writer: Writer,
    lists: Playlists,
    catalogue: Catalogue,
    ids: list[str],
    owner: str | list[str],
    config: TownConfig | None = None,
) -> None:
    """Playlists and their entries; times are known for those that listeners made."""
    owners = [owner] * len(ids) if isinstance(owner, str) else owner
    made = (
        _moment(config, lists.created.astype(np.float64))
        if config
        else pa.nulls(len(ids), pa.timestamp("us", "UTC"))
    )
    writer.append(
        "playlists",
        pa.table(
            {
                "playlist_id": pa.array(ids, pa.string()),
                "title": pa.array(lists.titles, pa.string()),
                "owner": pa.array(owners, pa.string()),
                "followers": lists.followers.astype(np.int64),
                "modified_at": made,
                "source": pa.array([SOURCE] * len(ids), pa.string()),
            }
        ).cast(PLAYLISTS),
    )
    rows, places = np.nonzero(np.arange(lists.tracks.shape[1])[None] < lists.length[:, None])
    writer.append(
        "playlist_entries",
        pa.table(
            {
                "playlist_id": pa.array(np.array(ids, dtype=object)[rows], pa.string()),
                "position": places.astype(np.int32),
                "track_id": pa.array(catalogue.ids[lists.tracks[rows, places]], pa.string()),
                "added_at": pa.nulls(len(rows), pa.timestamp("us", "UTC")),
                "source": pa.array([SOURCE] * len(rows), pa.string()),
            }
        ).cast(PLAYLIST_ENTRIES),
    )
