"""Generated listeners whose tastes are known: does a model order what they have not heard as they would?"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.stats import rankdata

from segue.evaluation.intervals import mean_interval
from segue.factors.als import ImplicitALS
from segue.factors.blend import Blend, BlendConfig
from segue.factors.ease import EASE
from segue.factors.items import ItemNeighbours, Popularity
from segue.factors.model import FactorConfig
from segue.factors.observations import observe
from segue.factors.scored import binary, positive
from segue.files import write_bytes
from segue.library import Library
from segue.town import TownConfig, build

Scores = NDArray[np.float32]
OURS = ("Segue, candidates", "Segue, ImplicitALS")


def systems(seed: int) -> Iterator[tuple[str, Callable[[csr_matrix], Scores]]]:
    """Name and scores of everybody from the matrix of observations.

    Segue's run with the product's defaults. `implicit` is given each of some settings, with and without the
    dislikes, and its best, judged by the truth itself, counts: more than anybody could know.
    """
    config = FactorConfig()
    als = config.als.model_copy(update={"random_state": seed})

    def own(matrix: csr_matrix) -> Scores:
        model = ImplicitALS.of(als).fit(matrix, show_progress=False)
        return model.user_factors @ model.item_factors.T

    def peer(matrix: csr_matrix, factors: int, regularization: float, alpha: float) -> Scores:
        from implicit.cpu.als import AlternatingLeastSquares

        model = AlternatingLeastSquares(factors, regularization, alpha, random_state=seed, num_threads=1)
        model.fit(matrix, show_progress=False)
        return model.user_factors @ model.item_factors.T

    yield OURS[0], lambda matrix: Blend(BlendConfig.around(als, config.blend)).fit(matrix).scores(matrix)
    yield OURS[1], own
    for factors in (16, 64, 256):
        for regularization in (1.0, 10.0, 30.0):
            for alpha in (1.0, 6.0):
                settings = (factors, regularization, alpha)
                yield "implicit ALS, plays", lambda m, s=settings: peer(binary(positive(m)), *s)
                yield "implicit ALS, the same observations", lambda m, s=settings: peer(m, *s)
    yield "EASE", lambda matrix: EASE().fit(matrix).scores(matrix)
    yield "item neighbours", lambda matrix: ItemNeighbours().fit(matrix).scores(matrix)
    yield "popularity", lambda matrix: Popularity().fit(matrix).scores(matrix)


def town(results: Path, args: argparse.Namespace) -> None:
    """Rank correlation of scores with true affinity over unheard tracks."""
    found: dict[str, list[list[float]]] = {}
    for seed in range(args.seeds):
        with tempfile.TemporaryDirectory() as folder:
            made = build(TownConfig.named("ordinary", listeners=args.listeners, tracks=4000), seed)
            library = Library.open(Path(folder) / "library", create=True)
            made.write(library)
            seen = observe(library, FactorConfig().observations)
        truth = made.truth()
        place = {track: number for number, track in enumerate(truth.track_ids.tolist())}
        columns = np.array([place.get(track, -1) for track in seen.tracks.tolist()])
        matrix = csr_matrix(seen.matrix[:, columns >= 0])
        people = np.array([int(name.rpartition("l")[2]) for name in seen.listeners.tolist()])
        affinity = truth.affinity(people, made.config.days, columns[columns >= 0])
        best: dict[str, list[float]] = {}
        for name, scores in systems(seed):
            figures = correlations(scores(matrix), affinity, matrix)
            if name not in best or np.mean(figures) > np.mean(best[name]):
                best[name] = figures
        for name, figures in best.items():
            found.setdefault(name, []).append(figures)
            print(seed, name, f"{np.mean(figures):.4f}", flush=True)
    results.mkdir(parents=True, exist_ok=True)
    write_bytes(results / "town.json", orjson.dumps(found))


def correlations(scores: Scores, affinity: Scores, heard: csr_matrix) -> list[float]:
    """Spearman's correlation of each listener, over the tracks without an observation."""
    found = []
    for row in range(len(scores)):
        new = np.ones(scores.shape[1], dtype=bool)
        new[heard[row].indices] = False
        found.append(float(np.corrcoef(rankdata(scores[row, new]), rankdata(affinity[row, new]))[0, 1]))
    return found


def town_table(results: Path) -> str:
    """The table of what `town` kept, or nothing."""
    path = results / "town.json"
    if not path.is_file():
        return ""
    found: dict[str, Any] = orjson.loads(path.read_bytes())
    lines = [
        "| system | rank correlation with true affinity | candidates beyond it | ImplicitALS beyond it |",
        "| --- | ---: | ---: | ---: |",
    ]
    for name in sorted(found, key=lambda name: -np.mean(np.concatenate(found[name]))):
        means = [float(np.mean(figures)) for figures in found[name]]
        cells = [name, f"{np.mean(means):.3f} ± {np.std(means, ddof=1) if len(means) > 1 else 0:.3f}"]
        for ours in OURS:
            if ours == name:
                cells.append("–")
                continue
            gap = mean_interval(np.concatenate(found[ours]) - np.concatenate(found[name]))
            cells.append(f"{gap.mean:+.3f} ({gap.low:+.3f} to {gap.high:+.3f})")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"
