"""Taste profiles against the tastes of towns, which are known: agreement, number, stability, speed.

    python benchmarks/taste_profiles.py [--seeds 11 12 13 14 15] [--listeners 250] [--tracks 2500]

A track's true taste is that which has most of the listener's liking for it at the middle of the watch.
Agreement is the adjusted Rand index over the tracks that a profile looks at; tastes are counted, found and
true ones alike, if they have as much of the listening as the settings ask. Beside them stand k-means
with three tastes for everybody, k-means told the true number, one taste for everything, and the town's
genres as labels (which Segue never sees). "Perfect vectors" are the town's own.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from math import comb
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segue.factors.als import ImplicitALS
from segue.factors.model import FactorConfig
from segue.factors.observations import observe
from segue.library.store import Library
from segue.sequences.documents import join, session_documents
from segue.sequences.reading import listening_documents, playlist_documents
from segue.sequences.vectors import SongVectors, SongVectorsConfig
from segue.tastes.config import ProfileConfig
from segue.tastes.listened import read_plays
from segue.tastes.matching import carry_over
from segue.tastes.profiles import Profiles, find_profiles
from segue.tastes.space import Plays, TasteSpace
from segue.town.config import TownConfig
from segue.town.town import build
from segue.town.truth import Truth, truth_of


def rand_index(a: NDArray, b: NDArray) -> float:
    """Adjusted Rand index (Hubert and Arabie 1985, eq. 5)."""
    pairs = Counter(zip(a.tolist(), b.tolist(), strict=True))
    counts = pairs, Counter(a.tolist()), Counter(b.tolist())
    same, rows, columns = (sum(comb(n, 2) for n in c.values()) for c in counts)
    expected, most = rows * columns / comb(len(a), 2), (rows + columns) / 2
    return 1.0 if most == expected else (same - expected) / (most - expected)


class Judge:
    """True tastes of the tracks listeners play."""

    def __init__(self, truth: Truth, tracks: NDArray[np.object_]) -> None:
        self.truth = truth
        place = {track: at for at, track in enumerate(truth.track_ids.tolist())}
        self.place = np.array([place.get(track, -1) for track in tracks.tolist()])
        day = np.full(truth.config.listeners, truth.config.days / 2)
        at = truth.listeners.at(np.arange(truth.config.listeners), day)
        self.tastes, self.log_weights = at.tastes, at.log_weights
        self.sharpness = truth.config.response.sharpness

    def vectors(self) -> NDArray[np.float32]:
        """The town's own track vectors, zero for what is no song."""
        vectors = self.truth.tracks.vector[np.maximum(self.place, 0)]
        return np.where(self.place[:, None] >= 0, vectors, 0).astype(np.float32)

    def labels(self, listener: str, tracks: NDArray[np.int32]) -> NDArray[np.int64]:
        who = int(listener.removeprefix("town:l"))
        vectors = self.truth.tracks.vector[self.place[tracks]]
        return (self.sharpness * vectors @ self.tastes[who].T + self.log_weights[who]).argmax(1)


def members(profiles: Profiles, listener: str) -> tuple[NDArray, NDArray, NDArray]:
    """Tracks, the taste each is in, and weights."""
    tastes = profiles.tastes(listener)
    start, stop = profiles.first[profiles.place[listener]], profiles.first[profiles.place[listener] + 1]
    a, b = profiles.member_first[start], profiles.member_first[stop]
    taste = np.repeat(list(tastes), np.diff(profiles.member_first[start : stop + 1]))
    return profiles.members[a:b], taste, profiles.member_weights[a:b]


Labels = Callable[[str, NDArray[np.int32], NDArray[np.float32]], NDArray]


def agreement(profiles: Profiles, judge: Judge, config: ProfileConfig, labels: Labels) -> dict[str, float]:
    """Means over listeners; `labels` says the tastes of a listener's tracks."""
    rand, found, true = [], [], []
    for listener in profiles.listeners.tolist():
        tracks, _, weights = members(profiles, listener)
        if len(tracks) < 20:
            continue
        truth, taste = judge.labels(listener, tracks), labels(listener, tracks, weights)
        rand.append(rand_index(taste, truth))
        found.append(_number(taste, weights, config))
        true.append(_number(truth, weights, config))
    off = np.array(found) - np.array(true)
    return {
        "ARI": float(np.mean(rand)),
        "tastes found": float(np.mean(found)),
        "true": float(np.mean(true)),
        "exact number": float(np.mean(off == 0)),
        "within one": float(np.mean(np.abs(off) <= 1)),
    }


def _number(labels: NDArray, weights: NDArray[np.float32], config: ProfileConfig) -> int:
    """Groups with as much of the listening as a taste must have."""
    _, group = np.unique(labels, return_inverse=True)
    share, count = np.bincount(group, weights) / weights.sum(), np.bincount(group)
    return max(1, int(((share >= config.least_share) & (count >= config.least_tracks)).sum()))


def found_in(profiles: Profiles) -> Labels:
    """The tastes of `profiles`, for tracks in any order."""

    def labels(listener: str, tracks: NDArray, _: NDArray) -> NDArray:
        own, taste, _ = members(profiles, listener)
        place = dict(zip(own.tolist(), taste.tolist(), strict=True))
        return np.array([place.get(track, -1) for track in tracks.tolist()])

    return labels


def k_means(space: TasteSpace, seed: int, number: Callable[[str, NDArray], int]) -> Labels:
    """Spherical k-means, best of 8 starts by its own loss."""
    rng = np.random.default_rng(seed)

    def labels(listener: str, tracks: NDArray, weights: NDArray) -> NDArray:
        k, vectors = min(number(listener, tracks), len(tracks)), space.vectors[tracks]
        best, label = -np.inf, np.zeros(len(tracks), int)
        for _ in range(8):
            centres = vectors[rng.choice(len(vectors), k, replace=False)]
            for _ in range(15):
                near = (vectors @ centres.T).argmax(1)
                sums = np.stack([(weights[near == c, None] * vectors[near == c]).sum(0) for c in range(k)])
                centres = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)
            near = (vectors @ centres.T).argmax(1)
            fit = float((weights * (vectors * centres[near]).sum(1)).sum())
            if fit > best:
                best, label = fit, near
        return label

    return labels


def kept(now: Profiles, before: Profiles) -> float:
    """Share of the weight in both weeks whose track kept its taste's number."""
    good = total = 0.0
    for listener in now.listeners.tolist():
        if listener not in before.place:
            continue
        then = dict(zip(*(x.tolist() for x in members(before, listener)[:2]), strict=True))
        for track, taste, weight in zip(*(x.tolist() for x in members(now, listener)), strict=True):
            if track in then:
                total += weight
                good += weight * (before.ids[then[track]] == now.ids[taste])
    return good / max(total, 1e-9)


def town(seed: int, arguments: argparse.Namespace) -> dict[str, dict[str, float]]:
    """All figures of one town, by method."""
    config = TownConfig.named(
        "ordinary", listeners=arguments.listeners, tracks=arguments.tracks, months=arguments.months
    )
    place, settings = build(config, seed=seed), ProfileConfig()
    with tempfile.TemporaryDirectory() as folder:
        library = Library.open(Path(folder) / "library", create=True)
        place.write(library)
        als = FactorConfig().als.model_copy(update={"random_state": seed})
        seen = observe(library)
        factors, tracks = ImplicitALS.of(als).fit(seen.matrix, False).item_factors, seen.tracks
        end = datetime.combine(config.start, datetime.min.time(), UTC) + timedelta(days=config.days)
        plays = read_plays(library, list(tracks), now=end)
        week_ago = read_plays(library, list(tracks), now=end - timedelta(days=7))
        documents = join(session_documents(listening_documents(library)), playlist_documents(library))
    songs = SongVectors(SongVectorsConfig(dim=32, min_count=3, epochs=30)).fit(documents, seed=seed)
    codes = songs.codes(list(tracks))
    judge = Judge(truth_of(place), plays.tracks)
    sung = (judge.place >= 0)[:, None]
    assert factors is not None
    factors = np.where(sung, factors, 0).astype(np.float32)
    cbow = np.where(sung & (codes[:, None] >= 0), songs.in_[codes], 0).astype(np.float32)
    raw = TasteSpace.of(factors, plays, settings.model_copy(update={"dimensions": als.factors}))
    alone, both = TasteSpace.of(factors, plays, settings), TasteSpace.of([factors, cbow], plays, settings)
    ideal = TasteSpace.of(judge.vectors(), plays, settings)
    find_profiles(alone, _first(plays, 2), settings)
    start = time.process_time()
    profiles = find_profiles(alone, plays, settings)
    seconds = time.process_time() - start
    joined = find_profiles(both, plays, settings)

    def true_number(listener: str, tracks: NDArray) -> int:
        return len(set(judge.labels(listener, tracks).tolist()))

    def genre(_: str, tracks: NDArray, __: NDArray) -> NDArray:
        return judge.truth.tracks.genre[judge.place[tracks]]

    methods = {
        "tastes, factors and song vectors": found_in(joined),
        "tastes, factors alone": found_in(profiles),
        "the same, all 128 directions": found_in(find_profiles(raw, plays, settings)),
        "tastes, perfect vectors": found_in(find_profiles(ideal, plays, settings)),
        "k-means, three for everybody": k_means(both, seed, lambda *_: 3),
        "k-means, told the true number": k_means(both, seed, true_number),
        "one taste": lambda _, tracks, __: np.zeros(len(tracks), int),
        "genre labels": genre,
    }
    rows = {name: agreement(joined, judge, settings, labels) for name, labels in methods.items()}
    before = find_profiles(both, week_ago, settings)
    rows["other"] = {
        "kept in a week": kept(carry_over(joined, before), before),
        "listeners a second": len(profiles.listeners) / seconds,
    }
    return rows


def _first(plays: Plays, n: int) -> Plays:
    return Plays(plays.listeners[:n], plays.tracks, plays.matrix[:n])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[11, 12, 13, 14, 15])
    parser.add_argument("--listeners", type=int, default=250)
    parser.add_argument("--tracks", type=int, default=2500)
    parser.add_argument("--months", type=float, default=3.0)
    arguments = parser.parse_args()
    towns = [town(seed, arguments) for seed in arguments.seeds]
    other = [each.pop("other") for each in towns]
    columns = list(next(iter(towns[0].values())))
    print("| | " + " | ".join(columns) + " |")
    print("| --- |" + " ---: |" * len(columns))
    for method in towns[0]:
        print(
            f"| {method} | " + " | ".join(_cell([each[method][c] for each in towns]) for c in columns) + " |"
        )
    print(
        f"\nListening whose taste keeps its number in a week: {_cell([o['kept in a week'] for o in other])}"
    )
    print(f"Listeners a second, one core: {np.mean([o['listeners a second'] for o in other]):,.0f}")


def _cell(values: list[float]) -> str:
    """Mean and standard deviation over towns."""
    spread = np.std(values, ddof=1) if len(values) > 1 else 0.0
    return f"{np.mean(values):.3f} ± {spread:.3f}"


if __name__ == "__main__":
    main()
