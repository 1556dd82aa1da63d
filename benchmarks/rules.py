"""Rules: lists a second, over generated listeners with 500 candidates each.

    python benchmarks/rules.py [--tracks 100000] [--listeners 3000] [--candidates 500]

One process, one core: the weekly job runs one for each core.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from segue.playlists.rules import Candidates, Context, Listening, Rules, RulesConfig, with_hubs
from segue.playlists.rules.context import VERSIONS


def catalogue(n: int, rng: np.random.Generator) -> Context:
    """Songs in a tenth of which several versions exist, with one to four artists each."""
    credits = rng.choice([1, 1, 1, 2, 2, 3, 4], n)
    n_artists, n_works = n // 10, int(n * 0.9)
    return Context(
        first=np.concatenate([[0], np.cumsum(credits)]).astype(np.int64),
        artists=(n_artists * rng.random(credits.sum()) ** 2).astype(np.int32),
        album=rng.integers(-1, n // 8, n).astype(np.int32),
        work=np.unique(rng.integers(0, n_works, n), return_inverse=True)[1].astype(np.int32),
        version=np.where(rng.random(n) < 0.8, 0, rng.integers(0, len(VERSIONS), n)).astype(np.int8),
        medium=np.zeros(n, np.int8),
        explicit=rng.random(n) < 0.2,
        children=rng.random(n) < 0.02,
        season=np.where(rng.random(n) < 0.02, 0, -1).astype(np.int8),
        popularity=rng.random(n).astype(np.float32),
        hub_floor=np.full(n_artists, -np.inf, np.float32),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tracks", type=int, default=100_000)
    parser.add_argument("--listeners", type=int, default=3_000)
    parser.add_argument("--candidates", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    context, config = catalogue(arguments.tracks, rng), RulesConfig()

    def some(count: int) -> np.ndarray:
        return np.unique(rng.integers(0, arguments.tracks, count)).astype(np.int32)

    listeners, batch = [], []
    for _ in range(arguments.listeners):
        heard = some(400)
        listeners.append(
            Listening(
                heard=heard,
                days_ago=rng.exponential(90, len(heard)).astype(np.float32),
                plays=rng.integers(1, 20, len(heard)).astype(np.float32),
                earlier=some(240),
                banned_tracks=some(3),
                banned_artists=np.array([rng.integers(0, context.n_artists)], np.int32),
            )
        )
        tracks = rng.permutation(some(arguments.candidates))
        sources = rng.integers(0, 4, len(tracks)).astype(np.int32)
        scores = rng.normal(size=len(tracks)).astype(np.float32)
        batch.append(Candidates(tracks, scores, sources, np.full(4, 0.25, np.float32)))
    start = time.process_time()
    context = with_hubs(context, batch, config)
    hubs = time.process_time() - start
    rules = Rules(context, config)
    rules.choose(listeners[0], batch[0])
    start = time.process_time()
    made = [rules.choose(who, what) for who, what in zip(listeners, batch, strict=True)]
    seconds = time.process_time() - start
    full = sum(len(choice.tracks) == config.tracks for choice in made)
    n, found = arguments.listeners, int(np.isfinite(context.hub_floor).sum())
    print(f"{n:,} listeners, {arguments.tracks:,} tracks, {arguments.candidates} candidates each")
    print(f"lists: {n / seconds:,.0f} a second on one core; {full:,} of them full")
    print(f"measuring hubs: {n / hubs:,.0f} listeners a second; {found} found")


if __name__ == "__main__":
    main()
