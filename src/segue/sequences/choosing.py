"""What a blend's weights and its network's epochs are chosen on: documents that nothing has learned from.

A trial is fitted to a part of the documents, song vectors and all. Its network stops by a second part, its
weights are chosen on a third, and its second stage learns from it. What was chosen then goes into a blend
that is fitted to everything.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from segue.factors.mixing import Bench
from segue.progress import progress
from segue.sequences.blend_config import Purpose, SequenceBlendConfig
from segue.sequences.blend_parts import BlendParts
from segue.sequences.documents import Documents, first_places
from segue.sequences.holding import questions, set_aside
from segue.sequences.network import TasteNetwork
from segue.sequences.recent import rows_of
from segue.sequences.second_stage import SecondStage, learn_second_stage
from segue.sequences.vectors import SongVectors, SongVectorsConfig

PURPOSES: tuple[Purpose, ...] = ("next", "soon")
Weights = dict[Purpose, dict[str, float]]


class Choice(NamedTuple):
    """What was chosen on documents held out."""

    epochs: int | None = None  # of the network's training; None if there was too little to stop by
    weights: Weights | None = None  # by purpose and part; None if there was too little to choose on
    validation: Weights | None = None  # NDCG@100 by purpose and part, and of the "blend"
    second: SecondStage = SecondStage({}, {})


def choose(
    documents: Documents,
    vectors: SongVectorsConfig,
    config: SequenceBlendConfig,
    *,
    seed: int = 0,
    folder: Path | None = None,
) -> Choice:
    """Fit a trial to a part of `documents` and choose on the rest.

    Args:
        documents: everything there is, in any codes.
        vectors: settings of the song vectors, which the trial learns for itself.
        config: of the blend; where its weights are given, only epochs are chosen.
        seed: of the parts, the vectors and the network.
        folder: keeps the trial's vectors and its network's epochs, so that a killed trial goes on. It must
            be of these arguments.
    """
    given = config.weights is not None
    share = config.network.validation_share
    aside = set_aside(documents, stop=share, choose=0.0 if given else config.held_out, seed=seed)
    if not _enough(aside.learn, vectors) or (given and not len(aside.stop)):
        return Choice()
    learned = _vectors(aside.learn, vectors, seed, folder)
    stop, learn = learned.recoded(aside.stop), learned.recoded(aside.learn)
    network = TasteNetwork(config.network).fit(
        learn, learned, validation=stop, seed=seed, checkpoint=folder and folder / "trial.npz"
    )
    # The whole training has nothing held out to stop by, so it runs for as long as was best here.
    epochs = None if network.curves_.best is None else network.curves_.best + 1
    if given:
        return Choice(epochs)
    parts = BlendParts(config, network, learn)
    held = first_places(learned.recoded(aside.choose))
    weights, validation = _weighed(parts, held, seed)
    if weights is None:
        return Choice(epochs)
    return Choice(epochs, weights, validation, learn_second_stage(parts, weights, held, seed))


def _weighed(parts: BlendParts, held: Documents, seed: int) -> tuple[Weights | None, Weights | None]:
    """Weights that rank best on some places of the documents held out, and what they reach."""
    config, names = parts.config, parts.names
    benches = {purpose: Bench(names) for purpose in PURPOSES}
    asked = list(questions(held, config.most_held_out, config.positions, seed))
    with progress("Weighing", len(asked), unit="documents") as advance:
        for _, each in asked:
            for purpose, (codes, lengths, ends) in each.items():
                seen = _stretches(codes, np.zeros(len(lengths), np.int64), lengths, held.n_tracks)
                targets = _stretches(codes, lengths, ends, held.n_tracks)
                benches[purpose].add(parts.log_probabilities(codes, lengths), seen, targets)
            advance(1)
    if not asked:
        return None, None
    weights: Weights = {}
    validation: Weights = {}
    for purpose, bench in benches.items():
        weights[purpose], reached = bench.best()
        units = zip(names, np.eye(len(names)), strict=True)
        validation[purpose] = {name: bench.ndcg(unit) for name, unit in units} | {"blend": reached}
    return weights, validation


def _enough(learn: Documents, vectors: SongVectorsConfig) -> bool:
    """Whether song vectors can be learned from a part of the documents."""
    vocabulary = learn.vocabulary(min_count=vectors.min_count, max_songs=vectors.max_songs)
    return len(vocabulary) > 1 and bool((learn.restrict(vocabulary).lengths > 1).any())


def _vectors(learn: Documents, config: SongVectorsConfig, seed: int, folder: Path | None) -> SongVectors:
    """The trial's song vectors; kept, for they take a while."""
    at = folder and folder / "vectors.npz"
    if at and at.exists():
        return SongVectors.load(at)
    found = SongVectors(config).fit(learn, seed=seed)
    if at:
        found.save(at)
    return found


def _stretches(
    codes: NDArray[np.int32], starts: NDArray[np.int64], ends: NDArray[np.int64], n_songs: int
) -> csr_matrix:
    """Rows `(n, n_songs)` of the songs in `codes[start:end]`."""
    pieces = [codes[start:end] for start, end in zip(starts, ends, strict=True)]
    return rows_of(np.concatenate(pieces), ends - starts, n_songs)
