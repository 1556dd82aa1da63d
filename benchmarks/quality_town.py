"""Generated listeners whose tastes are known: does a model order what they have not heard as they would?"""

from __future__ import annotations

import argparse
import itertools
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.stats import rankdata
from threadpoolctl import threadpool_limits

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
TOP = 30  # the length of a weekly list
OURS = ("Segue, candidates", "Segue, ImplicitALS")


def systems(seed: int) -> Iterator[tuple[str, Callable[[csr_matrix], Scores]]]:
    """Name and scores of everybody from the matrix of observations; "best of" comes once for each setting.

    Both factorisations are given as many settings, and the best, judged by the truth itself, counts: more
    than anybody could know, alike for both. The first two rows are the product's defaults.
    """
    config = FactorConfig()
    als = config.als.model_copy(update={"random_state": seed, "num_threads": 1})

    def own(matrix: csr_matrix, **changes: Any) -> Scores:
        model = ImplicitALS.of(als.model_copy(update=changes)).fit(matrix, show_progress=False)
        return model.user_factors @ model.item_factors.T

    def peer(matrix: csr_matrix, **settings: Any) -> Scores:
        from implicit.cpu.als import AlternatingLeastSquares

        model = AlternatingLeastSquares(**settings, random_state=seed, num_threads=1)
        with threadpool_limits(1, "blas"):
            model.fit(matrix, show_progress=False)
        return model.user_factors @ model.item_factors.T

    def plays(matrix: csr_matrix) -> csr_matrix:
        return binary(positive(matrix))

    yield OURS[0], lambda matrix: Blend(BlendConfig.around(als, config.blend)).fit(matrix).scores(matrix)
    yield OURS[1], own
    grid = list(itertools.product((16, 32, 64), (0, 1, 2), (0, 1)))
    for factors, at, other in grid:
        mine = {
            "factors": factors,
            "regularization": (0.01, 0.03, 0.1)[at],
            "unobserved_weight": (0.15, 0.6)[other],
        }
        theirs = {
            "factors": factors,
            "regularization": (1.0, 10.0, 30.0)[at],
            "alpha": (1.0, 6.0)[other],
        }
        for name, of in (
            ("the observations", positive),
            ("plays, yes or no", plays),
            ("dislikes too", _as_is),
        ):
            yield (
                f"ImplicitALS, best of {len(grid)}, {name}",
                lambda m, s=mine, of=of: own(of(m), **s),
            )
            yield (
                f"implicit ALS, best of {len(grid)}, {name}",
                lambda m, s=theirs, of=of: peer(of(m), **s),
            )
    yield "EASE", lambda matrix: EASE().fit(matrix).scores(matrix)
    yield "item neighbours", lambda matrix: ItemNeighbours().fit(matrix).scores(matrix)
    yield (
        "item neighbours, as in the candidates",
        lambda matrix: ItemNeighbours(config.blend.items).fit(matrix).scores(matrix),
    )
    yield "popularity", lambda matrix: Popularity().fit(matrix).scores(matrix)


def _as_is(matrix: csr_matrix) -> csr_matrix:
    return matrix


def town(results: Path, args: argparse.Namespace) -> None:
    """Against true affinity, over unheard tracks: rank correlation, and the affinity of the first 30."""
    found: dict[str, list[list[tuple[float, float]]]] = {}
    for seed in range(args.seeds):
        with tempfile.TemporaryDirectory() as folder:
            made = build(TownConfig.named("ordinary", listeners=args.listeners, tracks=2000, months=2), seed)
            library = Library.open(Path(folder) / "library", create=True)
            made.write(library)
            seen = observe(library, FactorConfig().observations)
        truth = made.truth()
        place = {track: number for number, track in enumerate(truth.track_ids.tolist())}
        columns = np.array([place.get(track, -1) for track in seen.tracks.tolist()])
        matrix = csr_matrix(seen.matrix[:, columns >= 0])
        people = np.array([int(name.rpartition("l")[2]) for name in seen.listeners.tolist()])
        affinity = truth.affinity(people, made.config.days, columns[columns >= 0])
        best: dict[str, list[tuple[float, float]]] = {}
        for name, scores in systems(seed):
            figures = judged(scores(matrix), affinity, matrix)
            if name not in best or np.mean(figures, axis=0)[0] > np.mean(best[name], axis=0)[0]:
                best[name] = figures
        for name, figures in best.items():
            found.setdefault(name, []).append(figures)
            print(seed, name, np.mean(figures, axis=0).round(4), flush=True)
    results.mkdir(parents=True, exist_ok=True)
    write_bytes(results / "town.json", orjson.dumps(found))


def judged(scores: Scores, affinity: Scores, heard: csr_matrix) -> list[tuple[float, float]]:
    """Of each listener, over the tracks without an observation: Spearman's correlation, and how far the mean
    affinity of the first `TOP` is above that of all, in standard deviations.
    """
    found = []
    for row in range(len(scores)):
        new = np.ones(scores.shape[1], dtype=bool)
        new[heard[row].indices] = False
        said, true = scores[row, new], affinity[row, new]
        first = true[np.argsort(-said, kind="stable")[:TOP]].mean()
        found.append(
            (
                float(np.corrcoef(rankdata(said), rankdata(true))[0, 1]),
                float((first - true.mean()) / true.std()),
            )
        )
    return found


def town_table(results: Path) -> str:
    """The table of what `town` kept, or nothing."""
    path = results / "town.json"
    if not path.is_file():
        return ""
    kept: dict[str, Any] = orjson.loads(path.read_bytes())
    found = {name: [np.array(figures) for figures in of] for name, of in kept.items()}
    candidates, als = OURS
    lines = [
        f"| system | rank correlation | {candidates} beyond it | {als} beyond it "
        f"| affinity of the first {TOP} | {candidates} beyond it |",
        "| --- |" + " ---: |" * 5,
    ]
    for name in sorted(found, key=lambda name: -np.concatenate(found[name])[:, 0].mean()):
        cells = [name]
        for figure, ours in ((0, OURS), (1, OURS[:1])):
            means = [float(figures[:, figure].mean()) for figures in found[name]]
            cells.append(f"{np.mean(means):.3f} ± {np.std(means, ddof=1) if len(means) > 1 else 0:.3f}")
            for our in ours:
                gap = mean_interval((np.concatenate(found[our]) - np.concatenate(found[name]))[:, figure])
                same = f"{gap.mean:+.3f} ({gap.low:+.3f} to {gap.high:+.3f})"
                cells.append("–" if our == name else same)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"
