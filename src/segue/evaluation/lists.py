"""The lists that listeners get, judged beyond accuracy: the weekly list beside plain top lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from segue.engine.weekly import Ready
from segue.errors import UsageError
from segue.evaluation import beyond
from segue.evaluation.report import LABELS
from segue.factors.observations import Observations
from segue.playlists.history import History
from segue.playlists.playlist import monday
from segue.playlists.weekly import make_weekly
from segue.playlists.weekly_config import Edition
from segue.tastes.space import drawn

LISTENERS = 300  # judged at most
WEEKLY, POPULARITY, RANDOM = "weekly list", "popularity", "random"
FIGURES = (
    *("novelty", "coverage", "long_tail", "diversity", "calibration", "overlap"),
    *("popularity_bias", "gini"),
)
Lists = NDArray[np.int64]  # (n_listeners, k) places of tracks, -1 where a list is shorter


class Judged(NamedTuple):
    """Lists of the same listeners by several systems, and what is said of them."""

    listeners: list[str]
    lists: dict[str, Lists]
    figures: dict[str, dict[str, float]]  # by system, by measure

    def rows(self) -> list[dict[str, str | float]]:
        """One for each system, for programs."""
        return [{"system": name, **measures} for name, measures in self.figures.items()]

    def table(self) -> tuple[list[str], list[list[str | float]]]:
        """Header and rows, for people."""
        header = ["system", *(LABELS.get(name, name) for name in FIGURES)]
        rows = [[name, *(round(m[f], 3) for f in FIGURES)] for name, m in self.figures.items()]
        return header, rows


def judge_lists(ready: Ready, *, seed: int = 0, most: int = LISTENERS) -> Judged:
    """Make the lists of a week by each system for at most `most` listeners, and measure them.

    Everything but the weekly list ranks tracks that are new to the listener, and takes the first: the factors
    of Segue, `implicit`'s where that package is installed, popularity, chance. Nothing is remembered.
    """
    every = ready.model.observe(ready.library)
    known = set(map(str, every.listeners))  # not who plays podcasts alone
    listeners = sorted(drawn([each for each in ready.everybody if each in known], seed)[:most])
    if not listeners:
        raise UsageError("Nobody is in the library whose list could be judged", hint="segue train")
    seen, histories = ready.read(listeners)
    heard = _binary(every.matrix)
    popularity = np.asarray(heard.sum(axis=0)).ravel()
    first, second = _weekly(ready, seen, histories, seed)
    lists = {WEEKLY: first} | _plain(ready, every, seen, popularity, seed)
    again = {WEEKLY: second, RANDOM: _random(ready, seen, seed + 1)}  # who has no memory gives the same
    own = _binary(seen.matrix)
    vectors = heard.T.tocsr()
    figures = {}
    for name, ids in lists.items():
        each = {
            "novelty": beyond.novelty(ids, popularity, heard.shape[0]),
            "long_tail": beyond.long_tail_share(ids, popularity),
            "diversity": beyond.intra_list_diversity(ids, vectors),
            "calibration": _calibration(ready, listeners, ids),
            "overlap": beyond.overlap(again.get(name, ids), ids),
            "popularity_bias": beyond.popularity_bias(ids, own, popularity),
        }
        means = {measure: float(np.nanmean(values)) for measure, values in each.items()}
        means["coverage"] = beyond.coverage(ids, heard.shape[1])
        means["gini"] = beyond.gini(ids, heard.shape[1])
        figures[name] = {measure: means[measure] for measure in FIGURES}
    return Judged(listeners, lists, figures)


def _weekly(ready: Ready, seen: Observations, histories: Sequence[History], seed: int) -> tuple[Lists, Lists]:
    """The lists of the week, and of the week after if nothing is listened to in between."""
    number = {str(track): at for at, track in enumerate(ready.model.tracks_)}
    year, week, _ = (monday(ready.week) + timedelta(days=7)).isocalendar()
    made = []
    for name in (ready.week, f"{year:04}-W{week:02}"):
        playlists = make_weekly(ready.material, seen, histories, Edition(name, ready.config, seed))
        rows = [[number[entry.track.track_id] for entry in playlist.entries] for playlist in playlists]
        made.append(_padded(rows, ready.config.tracks))
        histories = [
            replace(h, listening=replace(h.listening, earlier=_union(h.listening.earlier, row)))
            for h, row in zip(histories, rows, strict=True)
        ]
    return made[0], made[1]


def _union(earlier: NDArray[np.int32], row: list[int]) -> NDArray[np.int32]:
    return np.union1d(earlier, np.array(row, np.int32)).astype(np.int32)


def _plain(
    ready: Ready, every: Observations, seen: Observations, popularity: NDArray, seed: int
) -> dict[str, Lists]:
    n = ready.config.tracks
    lists = {"Segue's factors, top": _top(*ready.model.rank(seen, n))}
    fitted = _implicit(ready, every, seed)
    if fitted is not None:
        place = {str(who): at for at, who in enumerate(every.listeners)}
        rows = np.array([place[str(who)] for who in seen.listeners])
        ids, scores = fitted.recommend(
            rows, _positive(every.matrix)[rows], N=n, filter_already_liked_items=True
        )
        lists["implicit, top"] = _top(ids, scores)
    order = np.argsort(-popularity, kind="stable")
    lists[POPULARITY] = _padded([_new(order, row, n) for row in seen.matrix], n)
    lists[RANDOM] = _random(ready, seen, seed)
    return lists


def _implicit(ready: Ready, every: Observations, seed: int):
    """`implicit`'s ALS with its own defaults and as many factors; None where it is not installed."""
    try:
        from implicit.als import AlternatingLeastSquares
    except ImportError:
        return None
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, user_api="blas"):  # as implicit asks for
        model = AlternatingLeastSquares(factors=ready.model.config.als.factors, random_state=seed)
        model.fit(_positive(every.matrix), show_progress=False)
    return model


def _random(ready: Ready, seen: Observations, seed: int) -> Lists:
    rng, n = np.random.default_rng(seed), ready.config.tracks
    return _padded([_new(rng.permutation(seen.matrix.shape[1]), row, n) for row in seen.matrix], n)


def _new(order: NDArray, row: csr_matrix, n: int) -> list[int]:
    """The first n of `order` that the listener has not heard."""
    first = order[: n + row.nnz]
    return first[~np.isin(first, row.indices)][:n].tolist()


def _top(ids: NDArray, scores: NDArray) -> Lists:
    return np.where(scores > np.finfo(np.float32).min, ids, -1).astype(np.int64)


def _padded(rows: list[list[int]], n: int) -> Lists:
    return np.array([row + [-1] * (n - len(row)) for row in rows], np.int64).reshape(-1, n)


def _binary(matrix: csr_matrix) -> csr_matrix:
    liked = _positive(matrix)
    return csr_matrix((np.ones(liked.nnz), liked.indices, liked.indptr), shape=liked.shape)


def _positive(matrix: csr_matrix) -> csr_matrix:
    liked = matrix.copy()
    liked.data[liked.data < 0] = 0
    liked.eliminate_zeros()
    return liked


def _calibration(ready: Ready, listeners: Sequence[str], ids: Lists) -> NDArray[np.float64]:
    """Divergence of each list's mix of the listener's own tastes from their shares of the listening."""
    most = 32
    p, q = np.zeros((len(listeners), most)), np.zeros((len(listeners), most))
    likeness, profiles = ready.material.belonging.near, ready.profiles(listeners)
    for at, (listener, row) in enumerate(zip(listeners, ids, strict=True)):
        tastes = profiles.tastes(listener) if profiles is not None else range(0)
        tracks = row[row >= 0]
        if profiles is None or not len(tastes) or not len(tracks):
            continue
        part = slice(tastes.start, tastes.stop)
        p[at, : len(tastes)] = profiles.weights[part]
        nearest = likeness.to(profiles.centres[part], tracks.astype(np.int32)).argmax(0)
        q[at, : len(tastes)] = np.bincount(nearest, minlength=len(tastes))
    return beyond.divergence(p, q)
