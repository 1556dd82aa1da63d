"""A town: its catalogue, its listeners in batches, and their lives written into a library."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from segue.draws import generator
from segue.errors import UsageError
from segue.progress import Advance
from segue.town.catalogue import Ints, genre_vectors, make_artists, make_originals
from segue.town.config import TownConfig
from segue.town.listeners import Listeners, make_listeners
from segue.town.living import Life, Plays
from segue.town.memory import Memory, Words, first_memory
from segue.town.playlists import Playlists, charts, make_own, make_town
from segue.town.podcasts import Podcasts, make_podcasts
from segue.town.queues import Offers
from segue.town.reach import Catalogue, make_catalogue, shortlists
from segue.town.sessions import plan
from segue.town.spelling import Names, spell
from segue.town.versions import add_versions

if TYPE_CHECKING:
    from segue.library import Library
    from segue.town.truth import Truth

# Listeners are held in batches of at most so many, and of at most so many listener-track pairs.
BATCH = 1000
PAIRS = 30_000_000


@dataclass(frozen=True)
class Batch:
    """Some listeners, and everything they do."""

    listeners: Listeners
    playlists: Playlists
    plays: Plays
    words: Words


class Town:
    """A town, made by `build`. Nothing is simulated before it is asked for; asking twice gives the same."""

    def __init__(self, config: TownConfig, seed: int) -> None:
        if seed < 0:
            raise UsageError("A town cannot have this seed", expected="0 or more", got=str(seed))
        self.config, self.seed = config, seed

    @cached_property
    def catalogue(self) -> Catalogue:
        """Artists and songs."""
        config, seed = self.config, self.seed
        centres = genre_vectors(seed, config.dimensions)
        extra = round(config.tracks * config.versions)
        artists = make_artists(config, seed, centres, config.tracks - extra)
        songs = make_originals(config, seed, centres, artists)
        artists, songs = add_versions(config, seed, artists, songs, extra)
        order = generator(seed, "ids").permutation(config.tracks)
        ids = np.array([f"town:t{number:06d}" for number in order], dtype=object)
        return make_catalogue(config, artists, songs, ids)

    @cached_property
    def names(self) -> Names:
        """The catalogue's names and titles."""
        return spell(self.seed, self.catalogue.artists, self.catalogue.songs)

    @cached_property
    def podcasts(self) -> Podcasts:
        """Shows and episodes."""
        return make_podcasts(self.config, self.seed)

    @cached_property
    def lists(self) -> Playlists:
        """The town's own playlists."""
        return make_town(self.config, self.seed, self.catalogue)

    def listeners(self, number: Ints | None = None) -> Listeners:
        """The listeners whose places are `number`; all by default."""
        number = np.arange(self.config.listeners, dtype=np.int32) if number is None else number
        return make_listeners(self.config, self.seed, self.catalogue.artists, number)

    def memories(self) -> Iterator[tuple[Listeners, Memory]]:
        """What everybody knows at the town's start, some listeners at a time."""
        for number in self._parts():
            listeners = self.listeners(number)
            short = shortlists(self.config, self.seed, self.catalogue, listeners)
            yield listeners, first_memory(self.config, self.seed, self.catalogue, listeners, short)

    def batches(self, advance: Advance | None = None) -> Iterator[Batch]:
        """Everybody's life, some listeners at a time. `advance` takes listeners done, in fractions."""
        config, seed, catalogue, top = self.config, self.seed, self.catalogue, charts(self.catalogue)
        for number in self._parts():
            listeners = self.listeners(number)
            short = shortlists(config, seed, catalogue, listeners)
            own = make_own(config, seed, catalogue, listeners, short)
            memory = first_memory(config, seed, catalogue, listeners, short)
            offers = Offers(seed, catalogue, short, own, self.lists, top)
            life = Life(config, seed, listeners, offers, memory, self.podcasts)
            yield Batch(listeners, own, *life.live(plan(config, seed, listeners), advance))

    def _parts(self) -> Iterator[Ints]:
        size = int(np.clip(PAIRS // self.config.tracks, 32, BATCH))
        for start in range(0, self.config.listeners, size):
            yield np.arange(start, min(start + size, self.config.listeners), dtype=np.int32)

    def write(
        self,
        library: Library,
        advance: Advance | None = None,
        watch: Callable[[Batch], None] | None = None,
    ) -> dict[str, int]:
        """Write the town into `library`: tracks, playlists, and everybody's listening. Returns rows by table.

        `advance` is called with listeners done, in fractions; `watch` with each batch of them.

        Raises:
            BusyError: another process is writing to the library.
        """
        from segue.library.names import VERSION
        from segue.town import tables
        from segue.town.telling import as_told, half_known

        counts = {}
        with library.writing() as writer:
            catalogue = tables.tracks(self)
            known = half_known(self, catalogue) if self.config.exports else catalogue
            counts["tracks"] = writer.append("tracks", known)
            counts["track_keys"] = writer.append("track_keys", tables.keys(known))
            writer.catalogue["names"] = VERSION
            told: dict[str, list[pa.Table]] = {"feedback": [], "playlists": [], "playlist_entries": []}
            owned = tables.playlists(self, self.lists, None)
            told["playlists"].append(owned[0])
            told["playlist_entries"].append(owned[1])

            def listens() -> Iterator[pa.RecordBatch]:
                for batch in self.batches(advance):
                    told["feedback"].append(tables.feedback(self, batch.listeners, batch.words))
                    lists, entries = tables.playlists(self, batch.playlists, batch.listeners)
                    told["playlists"].append(lists)
                    told["playlist_entries"].append(entries)
                    plays = tables.listens(self, batch.listeners, batch.plays)
                    if self.config.exports:
                        plays, twice = as_told(self, batch.listeners, plays)
                        told.setdefault("told", []).append(twice)
                    yield from plays.to_batches(100_000)
                    if watch:
                        watch(batch)

            reader = pa.RecordBatchReader.from_batches(tables.LISTENS, listens())
            counts["listens"] = writer.append("listens", reader)
            for name, parts in told.items():
                counts[name] = writer.append(name, pa.concat_tables(parts))
        return counts

    def truth(self) -> Truth:
        """What is true of the town."""
        from segue.town.truth import truth_of

        return truth_of(self)

    def affinity(self, listeners: Ints, day: float = 0.0) -> NDArray[np.float32]:
        """True affinity (n, n_tracks), in logits; columns in the order of `catalogue.ids`."""
        return self.truth().affinity(listeners, day)

    def save_truth(self, folder: Path) -> None:
        """Write what is true of the town into `folder`, apart from any library; `load_truth` reads it."""
        self.truth().save(folder)

    def summary(self) -> dict[str, Any]:
        """What the town is made of, before anybody has listened."""
        songs = self.catalogue.songs
        return {
            "town": self.config.name,
            "seed": self.seed,
            "listeners": self.config.listeners,
            "songs": len(songs.artist),
            "artists": len(self.catalogue.artists.genre),
            "works": len(np.unique(songs.work)),
            "versions": int((songs.kind > 0).sum()),
            "explicit": int(songs.explicit.sum()),
            "shows": len(self.podcasts.shows),
            "episodes": len(self.podcasts.titles),
            "days": self.config.days,
        }


def build(config: TownConfig | str = "ordinary", seed: int = 0) -> Town:
    """The town of a config, or the named town, and a seed.

    Raises:
        NotFoundError: there is no town of that name.
        UsageError: the seed is negative.
    """
    return Town(TownConfig.named(config) if isinstance(config, str) else config, seed)
