"""Next track and continuation on the Million Playlist subset, as src/segue/evaluation/next_track.py has them.

    SEGUE_DATA=folder python benchmarks/next_track.py tune                # peers, on the validation part
    SEGUE_DATA=folder python benchmarks/next_track.py run                 # every row; hours on one core
    SEGUE_DATA=folder python benchmarks/next_track.py run popularity ...  # some rows
    SEGUE_DATA=folder python benchmarks/next_track.py write               # the tables of the docs

Trained models and each row's ranks are kept in benchmarks/results/next_track/, so that a run that was killed
goes on where it was; `--again` makes the named rows anew. Everything is seeded with `--seed`. The blend and
its network are made by `SequenceBlend.fit` from the training part, as `segue train --network` makes them from
a library: what they choose, they choose on documents of the training part that they hold out themselves.
Other networks stop by the validation part. The test part is only ever scored.
"""

from __future__ import annotations

import argparse
import copy
import json
import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

import data
from next_track_peers import PEERS, chosen, tuned
from next_track_peers import tune as peers_tune
from next_track_tables import spread, table, tuned_row, tuned_table
from pages import put
from segue.evaluation.next_track import METRICS, Parts, SequenceResult, evaluate_sequences, split_documents
from segue.factors.config import MEASURED
from segue.factors.ease import EASE
from segue.factors.folded import FactorScores
from segue.sequences.blend import SequenceBlend
from segue.sequences.documents import Documents, Tracks, coded
from segue.sequences.neighbourhood import (
    S_KNN,
    STAN,
    STAN_LONG,
    V_SKNN,
    Cooccurrence,
    Popularity,
    SequenceNeighbours,
    SequenceScorer,
    SequentialRules,
)
from segue.sequences.network import TasteNetwork
from segue.sequences.network_config import L2, NEXT, TasteNetworkConfig
from segue.sequences.recent import RecentRows
from segue.sequences.vectors import SongVectors, unit
from segue.shelf.arrays import load_arrays

RESULTS = Path(__file__).parent / "results" / "next_track"
PAGE = Path(__file__).parent.parent / "docs" / "measurements" / "taste-network.md"
COSINE = L2.model_copy(update={"loss": "cosine"})
ATTENTION = TasteNetworkConfig(cell="attention", hidden=128)
GRU4REC = TasteNetworkConfig(
    artist_vectors=False, horizons=(NEXT,), negatives=2048, negative_exponent=0.5, dropout_in=0.45,
    dropout_out=0.0, vector_rate=1.0, mask_played=False, ema_decay=0.0,
    backwards=0.0, epochs=12,
)  # fmt: skip
"""Cross-entropy with constrained embedding (Hidasi and Karatzoglou 2018; Hidasi and Czapp 2023) in this code:
song vectors from a random start, 2,048 negatives, dropout on the embedding; Adam instead of Adagrad."""


def playlists() -> Documents:
    """All playlists, in order, with the artist of each track."""
    histories, artists = data.playlists()
    assert histories.item_ids is not None and histories.listener_ids is not None
    ids = np.array(histories.item_ids, dtype=object)
    return coded(
        histories.offsets,
        histories.items,
        Tracks(
            ids,
            np.array([artists[track] for track in ids], dtype=object),
            np.full(len(ids), None, dtype=object),
        ),
        np.array(histories.listener_ids, dtype=object),
    )


class Mean:
    """Weighted mean of the prefix's IN vectors against IN or OUT vectors, by cosine."""

    def __init__(self, vectors: SongVectors, decay: float, against: str) -> None:
        self.vectors, self.decay = vectors, decay
        self.table = vectors.targets() if against == "OUT" else unit(vectors.in_)

    def scores(self, codes: NDArray[np.int32], lengths: NDArray[np.int64]) -> NDArray[np.float32]:
        queries = [self.vectors.query(codes[:length], decay=self.decay) for length in lengths]
        return np.stack(queries) @ self.table.T


class For:
    """One horizon of a network, or one purpose of the blend."""

    def __init__(self, model: TasteNetwork | SequenceBlend, what: Any) -> None:
        self.model, self.what = model, what

    def scores(self, codes: NDArray[np.int32], lengths: NDArray[np.int64]) -> NDArray[np.float32]:
        return self.model.scores(codes, lengths, self.what)


class Both:
    """A network's horizons together: the mean of their log-probabilities."""

    def __init__(self, network: TasteNetwork) -> None:
        self.network = network

    def scores(self, codes: NDArray[np.int32], lengths: NDArray[np.int64]) -> NDArray[np.float32]:
        along = self.network.tastes_along(codes)[:, np.asarray(lengths) - 1]
        each = [self.network.scores_of(taste) for taste in along]
        return np.mean([scores - logsumexp(scores, axis=1, keepdims=True) for scores in each], axis=0)


class Bench:
    """The parts and what is trained on them, each made once."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        RESULTS.mkdir(parents=True, exist_ok=True)

    @cached_property
    def parts(self) -> Parts:
        return split_documents(playlists())

    @cached_property
    def vectors(self) -> SongVectors:
        kept = RESULTS / f"vectors-{self.seed}.npz"
        if not kept.exists():
            SongVectors().fit(self.parts.train, seed=self.seed).save(kept)
        return SongVectors.load(kept)

    def network(self, name: str, config: TasteNetworkConfig, vectors: SongVectors) -> TasteNetwork:
        """A trained network, kept by name; a killed training goes on. It stops by the validation part."""
        kept = RESULTS / f"network-{name}-{self.seed}.npz"
        settings = config.model_dump(mode="json")
        if not kept.exists() or load_arrays(kept, "taste network")[0]["config"] != settings:
            checkpoint = kept.with_suffix(".checkpoint.npz")
            network = TasteNetwork(config).fit(
                self.parts.train,
                vectors,
                validation=self.parts.validation,
                seed=self.seed,
                checkpoint=checkpoint,
            )
            network.save(kept)
            checkpoint.unlink()
        return TasteNetwork.load(kept)

    @cached_property
    def random_vectors(self) -> SongVectors:
        """Vectors that know nothing: a network without word2vec starts from them."""
        vectors = copy.copy(self.vectors)
        random = np.random.default_rng(self.seed)
        vectors.in_ = random.normal(size=vectors.in_.shape).astype(np.float32)
        vectors.out_ = random.normal(size=vectors.out_.shape).astype(np.float32)
        return vectors

    @cached_property
    def blend(self) -> SequenceBlend:
        """The whole, as `segue train --network` makes it."""
        kept = RESULTS / f"blend-{self.seed}"
        if not kept.exists():
            begun = RESULTS / "training"
            SequenceBlend().fit(self.parts.train, self.vectors, seed=self.seed, folder=begun).save(kept)
        blend = SequenceBlend.load(kept)
        chosen = {"weights": blend.weights_, "validation": blend.validation_, "ranking": blend.ranking_}
        print(json.dumps(chosen), flush=True)
        return blend

    def fitted(self, model: Any) -> SequenceScorer:
        """The model, fitted to the training part."""
        return model.fit(self.parts.train)


ROWS: dict[str, Callable[[Bench], SequenceScorer]] = {
    "popularity": lambda b: b.fitted(Popularity()),
    "Markov chain": lambda b: b.fitted(SequentialRules(steps=1, backwards=0)),
    "sequential rules, 10 steps, half weight backwards": lambda b: b.fitted(SequentialRules()),
    "S-KNN": lambda b: b.fitted(SequenceNeighbours(S_KNN)),
    "V-SKNN": lambda b: b.fitted(SequenceNeighbours(V_SKNN)),
    "STAN, short decays": lambda b: b.fitted(SequenceNeighbours(STAN)),
    "STAN, long decays": lambda b: b.fitted(SequenceNeighbours(STAN_LONG)),
    "neighbours of sequences, Segue's": lambda b: b.fitted(SequenceNeighbours()),
    "item neighbours, decay .8": lambda b: b.fitted(Cooccurrence()),
    "ALS folded in, decay .9": lambda b: b.fitted(RecentRows(FactorScores(MEASURED["playlists"]), 0.9)),
    "EASE, decay .9": lambda b: b.fitted(RecentRows(EASE(), 0.9)),
    "word2vec IN to IN, mean": lambda b: Mean(b.vectors, 1.0, "IN"),
    "word2vec IN to IN, decay .85": lambda b: Mean(b.vectors, 0.85, "IN"),
    "word2vec IN to OUT, mean": lambda b: Mean(b.vectors, 1.0, "OUT"),
    "word2vec IN to OUT, decay .85": lambda b: Mean(b.vectors, 0.85, "OUT"),
    "GRU, L2": lambda b: b.network("l2", L2, b.vectors),
    "GRU, cosine": lambda b: b.network("cosine", COSINE, b.vectors),
    "GRU4Rec's recipe": lambda b: b.network("gru4rec", GRU4REC, b.random_vectors),
    "GRU, softmax: next": lambda b: For(b.blend.network_, "next"),
    "GRU, softmax: soon": lambda b: For(b.blend.network_, "soon"),
    "GRU, softmax: both": lambda b: Both(b.blend.network_),
    "attention, softmax: next": lambda b: For(b.network("attention", ATTENTION, b.vectors), "next"),
    "attention, softmax: soon": lambda b: For(b.network("attention", ATTENTION, b.vectors), "soon"),
    "blend: next": lambda b: For(b.blend, "next"),
    "blend: soon": lambda b: For(b.blend, "soon"),
    "blend: next, no second stage": lambda b: For(b.blend.without_second_stage(), "next"),
    "blend: soon, no second stage": lambda b: For(b.blend.without_second_stage(), "soon"),
}
TUNED = {tuned_row(name, metric): (name, metric) for name in PEERS for metric in METRICS}
ROWS |= {
    row: lambda b, name=name, metric=metric: tuned(name, metric, b.parts, tries_file(name))
    for row, (name, metric) in TUNED.items()
}


def tries_file(name: str) -> Path:
    """Where a peer's tries are kept."""
    return RESULTS / f"tries-{''.join(letter if letter.isalnum() else '_' for letter in name)}.json"


def tune(args: argparse.Namespace) -> None:
    """Settings of the peers, equally many tries each, on documents of the validation part."""
    parts = split_documents(playlists())
    for name in args.peers or PEERS:
        peers_tune(name, parts, args.tries, args.documents, tries_file(name))


def run(args: argparse.Namespace) -> None:
    """Rows that are not there yet, or those named."""
    bench = Bench(args.seed)
    for name in args.rows or ROWS:
        kept = result_file(name, args.seed)
        if kept.exists() and not args.again:
            continue
        clock = time.perf_counter()
        scorer = ROWS[name](bench)
        fitted = time.perf_counter()
        next_track = name not in TUNED or TUNED[name][1] != "NDCG@100"
        result = evaluate_sequences(scorer, bench.parts.test, what=name, next_track=next_track)
        facts = {"fit_s": fitted - clock, "score_s": time.perf_counter() - fitted}
        np.savez(
            kept,
            ranks=result.ranks,
            owners=result.owners,
            ndcg=result.ndcg,
            facts=np.frombuffer(json.dumps(facts).encode(), np.uint8),
        )
        asked = METRICS if next_track else METRICS[2:]
        means = "  ".join(f"{metric} {result.values(metric)[0].mean():.4f}" for metric in asked)
        print(f"{name:50} {means}  fit {facts['fit_s']:.0f} s, score {facts['score_s']:.0f} s", flush=True)


def result_file(name: str, seed: int) -> Path:
    """Where a row is kept."""
    plain = "".join(letter if letter.isalnum() else "_" for letter in name)
    return RESULTS / f"row-{plain}-{seed}.npz"


def load_row(name: str, seed: int) -> SequenceResult | None:
    """A row that was made."""
    kept = result_file(name, seed)
    if not kept.exists():
        return None
    with np.load(kept) as stored:
        return SequenceResult(stored["ranks"], stored["owners"], stored["ndcg"])


def write(args: argparse.Namespace) -> None:
    """The tables of all rows that are there, into the docs."""
    rows = {name: result for name in ROWS if (result := load_row(name, args.seed)) is not None}
    tries = {name: chosen(name, METRICS[0], tries_file(name))[1] for name in PEERS}
    seeds = {
        name: [result for seed in range(20) if (result := load_row(name, seed)) is not None]
        for name in ROWS
        if name not in TUNED
    }
    plain = {name: result for name, result in rows.items() if name not in TUNED}
    tables = {"next-track": table(plain), "tuned": tuned_table(rows, tries), "seeds": spread(seeds)}
    put(PAGE, {mark: lines for mark, lines in tables.items() if lines})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    verbs = parser.add_subparsers(required=True)
    verb = verbs.add_parser("tune", help=tune.__doc__)
    verb.add_argument("peers", nargs="*", choices=[*PEERS, []], metavar="peer")
    verb.add_argument("--tries", type=int, default=14)
    verb.add_argument("--documents", type=int, default=120)
    verb.set_defaults(run=tune)
    verb = verbs.add_parser("run", help=run.__doc__)
    verb.add_argument("rows", nargs="*", choices=[*ROWS, []], metavar="row")
    verb.add_argument("--again", action="store_true")
    verb.set_defaults(run=run)
    verb = verbs.add_parser("write", help=write.__doc__)
    verb.set_defaults(run=write)
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
