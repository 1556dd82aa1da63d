"""Taste profiles against the tastes of towns, which are known: agreement, number, stability, speed.

    python benchmarks/taste_profiles.py [--seeds 1 2 3] [--listeners 600] [--tracks 4000] [--months 4]

A track's true taste is that which has most of the listener's liking for it at the middle of the watch.
Agreement is the adjusted Rand index over the tracks that a profile looks at. "The town's own vectors" shows
what the grouping could reach with perfect vectors; "k-means, true number" is told how many tastes there are.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from math import comb
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segue.factors.config import ALSConfig
from segue.factors.model import FactorConfig, FactorModel
from segue.library.store import Library
from segue.taste.listened import read_plays
from segue.taste.matching import carry_over
from segue.taste.profiles import Profiles, find_profiles
from segue.taste.space import Plays, ProfileConfig, TasteSpace
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


def agreement(profiles: Profiles, judge: Judge, config: ProfileConfig) -> dict[str, float]:
    """Means over listeners."""
    rand, found, true = [], [], []
    for listener in profiles.listeners.tolist():
        tracks, taste, weights = members(profiles, listener)
        if len(tracks) < 20:
            continue
        truth = judge.labels(listener, tracks)
        rand.append(rand_index(taste, truth))
        found.append(len(set(taste.tolist())))
        share, count = np.bincount(truth, weights), np.bincount(truth)
        tastes = (share >= config.least_share) & (count >= config.least_tracks)
        true.append(max(1, int(tastes.sum())))
    off = np.array(found) - np.array(true)
    return {
        "ARI": float(np.mean(rand)),
        "found": float(np.mean(found)),
        "true": float(np.mean(true)),
        "exact": float(np.mean(off == 0)),
        "within one": float(np.mean(np.abs(off) <= 1)),
    }


def k_means(space: TasteSpace, profiles: Profiles, judge: Judge, seed: int) -> float:
    """Mean ARI of spherical k-means that is told the true number, best of 8 starts by its own loss."""
    rng = np.random.default_rng(seed)
    scores = []
    for listener in profiles.listeners.tolist():
        tracks, _, weights = members(profiles, listener)
        if len(tracks) < 20:
            continue
        truth = judge.labels(listener, tracks)
        k, vectors = len(set(truth.tolist())), space.vectors[tracks]
        best, label = -np.inf, truth
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
        scores.append(rand_index(label, truth))
    return float(np.mean(scores))


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


def town(seed: int, arguments: argparse.Namespace) -> dict[str, float]:
    """All figures of one town."""
    config = TownConfig.named(
        "ordinary", listeners=arguments.listeners, tracks=arguments.tracks, months=arguments.months
    )
    place = build(config, seed=seed)
    settings = ProfileConfig()
    with tempfile.TemporaryDirectory() as folder:
        library = Library.open(Path(folder) / "library", create=True)
        place.write(library)
        als = ALSConfig(
            factors=arguments.factors,
            objective="rendle",
            regularization=0.0088,
            unobserved_weight=0.157,
            frequency_scale=0.97,
            iterations=12,
            random_state=seed,
        )
        model = FactorModel(FactorConfig(als=als)).fit(library)
        end = datetime.combine(config.start, datetime.min.time(), UTC) + timedelta(days=config.days)
        factors, tracks = model.als_.item_factors, model.tracks_
        assert factors is not None
        plays = read_plays(library, list(tracks), now=end)
        week_ago = read_plays(library, list(tracks), now=end - timedelta(days=7))
    judge = Judge(truth_of(place), plays.tracks)
    songs = judge.place >= 0
    factors = np.where(songs[:, None], factors, 0).astype(np.float32)
    space = TasteSpace.of(factors, plays, settings)
    find_profiles(space, _first(plays, 2), settings)
    start = time.process_time()
    profiles = find_profiles(space, plays, settings)
    seconds = time.process_time() - start
    before = find_profiles(space, week_ago, settings)
    ideal = TasteSpace.of(judge.vectors(), plays, settings)
    result = agreement(profiles, judge, settings)
    result["k-means, true number"] = k_means(space, profiles, judge, seed)
    best = agreement(find_profiles(ideal, plays, settings), judge, settings)
    result["town's own vectors"] = best["ARI"]
    result["kept in a week"] = kept(carry_over(profiles, before), before)
    result["listeners a second"] = len(profiles.listeners) / seconds
    return result


def _first(plays: Plays, n: int) -> Plays:
    return Plays(plays.listeners[:n], plays.tracks, plays.matrix[:n])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--listeners", type=int, default=600)
    parser.add_argument("--tracks", type=int, default=4000)
    parser.add_argument("--months", type=float, default=4.0)
    parser.add_argument("--factors", type=int, default=32)
    arguments = parser.parse_args()
    rows = [town(seed, arguments) for seed in arguments.seeds]
    print("| | " + " | ".join(f"town {seed}" for seed in arguments.seeds) + " | mean |")
    print("| --- |" + " --- |" * (len(rows) + 1))
    for name in rows[0]:
        values = [row[name] for row in rows]
        shown = [
            f"{v:,.0f}" if name == "listeners a second" else f"{v:.3f}" for v in (*values, np.mean(values))
        ]
        print(f"| {name} | " + " | ".join(shown) + " |")


if __name__ == "__main__":
    main()
