"""The taste network: it reads the last songs and puts out the taste vector (after De Boom et al. 2017).

A recurrent layer, or one of self-attention, reads, song by song, the song's vector and its context, and heads
turn its output into one taste vector for each horizon. The songs nearest the taste vector are what is to
come. Departures from the paper, which is the configuration `L2`: a loss over sampled songs by default (it
measures better), song vectors that go on learning, artist vectors, several horizons in one network, explicit
skips.
"""

from __future__ import annotations

from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from segue.errors import SegueError, UsageError
from segue.files import reading
from segue.sequences.curves import Curves
from segue.sequences.documents import Context, Documents
from segue.sequences.features import N_PLAIN_FEATURES, SKIPPED, context_features, frequent_sources
from segue.sequences.layers import Layer
from segue.sequences.module import (
    Fixed,
    TasteModule,
    fixed_tables,
    numbered,
    predicted,
    read,
    restored,
    tastes,
)
from segue.sequences.network_config import TasteNetworkConfig
from segue.sequences.vectors import SongVectors, unit
from segue.shelf.arrays import AGAIN, load_arrays, pack_strings, save_arrays, unpack_strings


class Table(NamedTuple):
    """What a taste vector is compared with: score = taste . vector + bias."""

    vectors: NDArray[np.float32]  # (n_songs, d)
    bias: NDArray[np.float32]  # (n_songs,)


class TasteNetwork:
    """A trained network over the songs of `SongVectors`.

    Learned:
        module_: the parameters. fixed_: its look-up tables.
        track_ids_: `(n_songs,)` str, the codes of all methods are places in it.
        counts_: `(n_songs,)`. artists_: `(n_artists,)` str.
        sources_: places to play from that it tells apart.
        knows_skips_: whether it was trained on plays of which it was known if they were skipped.
        curves_: losses by epoch. seed_.
    """

    def __init__(self, config: TasteNetworkConfig | None = None) -> None:
        self.config = config or TasteNetworkConfig()
        self.module_: TasteModule
        self.fixed_: Fixed
        self.track_ids_: NDArray[np.object_]
        self.counts_: NDArray[np.int64]
        self.artists_: NDArray[np.object_]
        self.sources_: tuple[str, ...]
        self.knows_skips_: bool
        self.curves_: Curves
        self.seed_: int

    def fit(
        self,
        documents: Documents,
        vectors: SongVectors,
        *,
        validation: Documents | None = None,
        epochs: int | None = None,
        seed: int = 0,
        checkpoint: Path | None = None,
    ) -> TasteNetwork:
        """Train on `documents`; songs without a vector are skipped over.

        Args:
            documents: playlists, listening, or both joined.
            vectors: learned song vectors.
            validation: documents to stop by, from which neither this nor `vectors` have learned; None never
                stops early.
            epochs: end after so many of the config's epochs.
            seed: of the start, the order, the draws.
            checkpoint: a file kept after each epoch, from which a killed run goes on.

        Raises:
            SegueError: nothing to learn from, or a horizon these documents do not have.
            NumericalError: the loss is no number any more.
        """
        import jax

        from segue.sequences.fitting import Run, train
        from segue.sequences.learning import init_module
        from segue.sequences.windows import training_places

        config = self.config
        documents = vectors.recoded(documents)
        if validation is not None:
            validation = vectors.recoded(validation)
        self.sources_ = frequent_sources(documents, config.max_sources)
        places = training_places(documents, config.horizons, self.sources_, config.length)
        for number, horizon in enumerate(config.horizons):
            if not bool((places.span_end[number] > places.span_start[number]).any()):
                raise SegueError(
                    f"No place of these documents has anything within the horizon {horizon.name!r}",
                    expected="for sessions and days, all sessions of a listener in one document",
                    hint="use horizons in songs, or `listening_documents`",
                )
        held_out = (
            None
            if validation is None or not (validation.lengths > 1).any()
            else training_places(validation, config.horizons, self.sources_, config.length)
        )
        self.artists_, artist_of = _artists(vectors)
        self.fixed_ = fixed_tables(config, vectors.counts_, artist_of)
        module = init_module(
            jax.random.key(seed), config, vectors, N_PLAIN_FEATURES + len(self.sources_), len(self.artists_)
        )
        fixed = jax.tree.map(jax.numpy.asarray, self.fixed_)
        run = Run(seed, checkpoint, until=epochs)
        learned, self.curves_ = train(module, fixed, config, places, held_out, run)
        self.module_ = jax.tree.map(np.asarray, learned)  # what answers needs no JAX
        self.track_ids_, self.counts_, self.seed_ = vectors.track_ids_, vectors.counts_, seed
        self.knows_skips_ = documents.context is not None and bool((documents.context.skipped >= 0).any())
        self._forget()
        return self

    def table(self) -> Table:
        """What taste vectors are compared with.

        For an index of neighbours, append `bias` to the vectors and 1 to the taste.
        """
        return self._table

    @cached_property
    def _table(self) -> Table:
        vectors = predicted(self.module_, self.fixed_, np.arange(len(self.track_ids_)))
        if self.module_.bias is not None:
            return Table(vectors, self.module_.bias)
        # Songs that no document holds have a count of 0, and are taken for rarer than any that one holds.
        log_counts = np.log(np.maximum(self.counts_, 0.5))
        return Table(vectors, (self.config.popularity * log_counts).astype(np.float32))

    @cached_property
    def _away(self) -> NDArray[np.float32]:
        """Directions `(n_songs, d)` along which a skip pushes: their product with a song's vector is about 1
        for the song itself."""
        centred = self._table.vectors - self._table.vectors.mean(axis=0)
        length = np.linalg.norm(centred, axis=1).mean()
        return (unit(centred) / max(float(length), 1e-9)).astype(np.float32)

    def horizon(self, name: str | None = None) -> int:
        """The place of a horizon; the first if no name is given.

        Raises:
            UsageError: there is no such horizon.
        """
        names = [horizon.name for horizon in self.config.horizons]
        if name is None:
            return 0
        if name not in names:
            raise UsageError("The network has no such horizon", expected=", ".join(names), got=name)
        return names.index(name)

    def tastes_along(self, codes: NDArray[np.int32], context: Context | None = None) -> NDArray[np.float32]:
        """Taste vectors after each song of a sequence, `(n_horizons, len(codes), d)`."""
        layer, features = Layer.of(self.config), self._features(len(codes), context)
        inputs = read(self.module_, self.fixed_, codes, features)
        return tastes(self.module_, layer.along(self.module_.layer, inputs[:, None]))[:, :, 0]

    def scores(
        self, codes: NDArray[np.int32], lengths: NDArray[np.int64], horizon: str | None = None
    ) -> NDArray[np.float32]:
        """See `SequenceScorer`: logits, or cosines with popularity added, `(n_prefixes, n_songs)`."""
        along = self.tastes_along(codes)[self.horizon(horizon)]
        return self.scores_of(along[np.asarray(lengths) - 1])

    def scores_of(self, taste: NDArray[np.float32]) -> NDArray[np.float32]:
        """Scores of all songs for taste vectors `(n, d)`."""
        table = self.table()
        return (taste if self.config.loss == "softmax" else unit(taste)) @ table.vectors.T + table.bias

    def start(self, n: int = 1) -> NDArray[np.float32]:
        """States `(n, size)` of listeners who have not played anything yet."""
        size = Layer.of(self.config).state + self.module_.songs.shape[1]
        return np.zeros((n, size), np.float32)

    def play(
        self, states: NDArray[np.float32], codes: NDArray[np.int32], context: Context | None = None
    ) -> NDArray[np.float32]:
        """States after one more play of each listener.

        A play that `context` calls skipped moves the taste away from the song: the state keeps a decaying sum
        of the directions of skipped songs. The layer itself reads skipped songs only if it has learned to.

        Args:
            states: (n, size).
            codes: (n,) what each plays; UNKNOWN leaves a listener as it is.
            context: of these plays, each field (n,); None if nothing is known.
        """
        d, features = self.module_.songs.shape[1], self._features(len(codes), context)
        state, pushed = states[:, :-d], states[:, -d:]
        known = (codes >= 0)[:, None]
        codes, skipped = np.maximum(codes, 0), features[:, SKIPPED, None]
        inputs = read(self.module_, self.fixed_, codes, features)
        after = Layer.of(self.config).step(self.module_.layer, inputs, state)
        reads = known if self.knows_skips_ else known & (skipped == 0)
        further = self.config.skip_memory * pushed + skipped * self._away[codes]
        return np.concatenate([np.where(reads, after, state), np.where(known, further, pushed)], axis=1)

    def taste(self, states: NDArray[np.float32], horizon: str | None = None) -> NDArray[np.float32]:
        """Taste vectors `(n, d)` of listeners' states, skips taken into account."""
        d = self.module_.songs.shape[1]
        taste = tastes(self.module_, states[:, : self.config.hidden])[self.horizon(horizon)]
        if self.config.loss != "softmax":
            taste = unit(taste)
        return taste - self.config.skip_push * states[:, -d:]

    def extended(self, vectors: SongVectors) -> TasteNetwork:
        """A network that also reads and predicts the songs of `vectors` that it was not trained on.

        `vectors` are those of the training, extended (unseen.py). New songs take their vectors from there
        and, where the artist is known, the learned artist vector.
        """
        known = {artist: place for place, artist in enumerate(self.artists_)}
        n = len(self.track_ids_)
        new = SongVectors(vectors.config)
        new.in_, new.out_, new.counts_ = vectors.in_[n:], vectors.out_[n:], vectors.counts_[n:]
        artist_of = np.array([known.get(a, len(known)) for a in vectors.artists_[n:]], np.int32)
        module = self.module_
        tables = {"songs": unit(new.in_)}
        if module.outputs is not None:
            tables["outputs"] = unit(new.out_ - vectors.out_[vectors.counts_ > 0].mean(axis=0))
        if module.bias is not None:
            # A song that nobody was seen to choose is taken to be as rare as the rarest one learned.
            tables["bias"] = np.full(len(new.in_), float(module.bias.min()), np.float32)
        longer: dict[str, Any] = {
            name: np.concatenate([getattr(module, name), np.asarray(rows, np.float32)])
            for name, rows in tables.items()
        }
        other = TasteNetwork(self.config)
        other.__dict__.update({k: v for k, v in self.__dict__.items() if k not in ("_table", "_away")})
        other.module_ = module._replace(**longer)
        other.track_ids_, other.counts_ = vectors.track_ids_, vectors.counts_
        other.fixed_ = fixed_tables(
            self.config, vectors.counts_, np.concatenate([self.fixed_.artist_of, artist_of])
        )
        return other

    def save(self, path: Path) -> None:
        """Write the network to one .npz file."""
        facts = {
            "config": self.config.model_dump(mode="json"),
            "seed": self.seed_,
            "sources": self.sources_,
            "knows_skips": self.knows_skips_,
            "curves": asdict(self.curves_),
        }
        tables = {
            "track_ids": pack_strings(self.track_ids_),
            "artists": pack_strings(self.artists_),
            "counts": self.counts_,
            "artist_of": self.fixed_.artist_of,
        }
        save_arrays(path, "taste network", facts, numbered(self.module_) | tables)

    @classmethod
    def load(cls, path: Path) -> TasteNetwork:
        """Read what `save` wrote.

        Raises:
            NotFoundError, FormatError: the file is not there, or is something else.
        """
        facts, arrays = load_arrays(path, "taste network")
        with reading(path, "a taste network", AGAIN):
            network = cls(TasteNetworkConfig.model_validate(facts["config"]))
            network.track_ids_ = unpack_strings(arrays["track_ids"])
            network.artists_ = unpack_strings(arrays["artists"])
            network.counts_, network.seed_ = arrays["counts"], facts["seed"]
            network.sources_, network.knows_skips_ = tuple(facts["sources"]), facts["knows_skips"]
            network.curves_ = Curves(**facts["curves"])
            network.fixed_ = fixed_tables(network.config, network.counts_, arrays["artist_of"])
            network.module_ = restored(network.config, arrays)
            return network

    def _features(self, n: int, context: Context | None) -> NDArray[np.float32]:
        """(n, n_features) of n plays."""
        if context is not None:
            return context_features(context, self.sources_)
        return np.zeros((n, len(self.module_.context)), np.float32)

    def _forget(self) -> None:
        for name in ("_table", "_away"):
            self.__dict__.pop(name, None)


def _artists(vectors: SongVectors) -> tuple[NDArray[np.object_], NDArray[np.int32]]:
    """The artists, and each song's; the number of artists stands for unknown."""
    names = sorted({artist for artist in vectors.artists_ if artist is not None})
    place = {name: number for number, name in enumerate(names)}
    return np.array(names, dtype=object), np.array(
        [place.get(artist, len(names)) for artist in vectors.artists_], np.int32
    )
