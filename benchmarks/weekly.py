"""The weekly list on towns, whose listeners' true tastes are known, beside plain top lists.

    python benchmarks/weekly.py [--seeds 11 12 13 14 15] [--listeners 250] [--tracks 2500] [--months 3]

True affinity is what the town's law says of a listener and a track at the end of the watch, in logits; it is
taken over the tracks of a list that the listener never played. True calibration is the divergence of the
list's mix of the listener's true tastes from their true weights. Intervals are 95%, over towns (Student's t).
The other figures are of `segue.evaluation.beyond`.
"""

from __future__ import annotations

import argparse
import tempfile
from datetime import timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t

from segue.engine import Engine
from segue.engine.weekly import Ready, prepare
from segue.evaluation import beyond
from segue.evaluation.lists import FIGURES, WEEKLY, Judged, judge_lists
from segue.factors.model import FactorConfig
from segue.library import Library
from segue.playlists.playlist import week_of
from segue.playlists.training import train
from segue.town.config import TownConfig
from segue.town.town import build
from segue.town.truth import Truth, truth_of

TRUE = ("affinity of new tracks", "true calibration")


def town(seed: int, arguments: argparse.Namespace) -> dict[str, dict[str, float]]:
    """All figures of one town, by system."""
    config = TownConfig.named(
        "ordinary", listeners=arguments.listeners, tracks=arguments.tracks, months=arguments.months
    )
    place = build(config, seed=seed)
    with tempfile.TemporaryDirectory() as folder:
        library = Library.open(Path(folder) / "library", create=True)
        place.write(library)
        als = FactorConfig().als.model_copy(update={"random_state": seed})
        train(library, FactorConfig(als=als))
        last = library.arrow(library.table("listens").started_at.max()).as_py()
        ready = prepare(Engine(library), week_of(last + timedelta(days=7)))
        judged = judge_lists(ready, seed=seed, most=arguments.listeners)
        truths = _true(truth_of(place), ready, judged)
    return {name: truths[name] | figures for name, figures in judged.figures.items()}


def _true(truth: Truth, ready: Ready, judged: Judged) -> dict[str, dict[str, float]]:
    """What the town's truth says of the lists."""
    place = {track: at for at, track in enumerate(truth.track_ids.tolist())}
    song = np.array([place.get(str(track), -1) for track in ready.model.tracks_])
    who = np.array([int(listener.removeprefix("town:l")) for listener in judged.listeners])
    affinity = truth.affinity(who, truth.config.days)
    seen = ready.model.observe(ready.library, judged.listeners)
    at = truth.listeners.at(who, np.full(len(who), truth.config.days))
    found = {}
    for name, lists in judged.lists.items():
        likings, p, q = [], [], []
        for n, row in enumerate(lists):
            tracks = row[(row >= 0) & (song[row] >= 0)]
            new = tracks[~np.isin(tracks, seen.matrix[n].indices)]
            likings.append(affinity[n, song[new]].mean() if len(new) else np.nan)
            weights = np.exp(at.log_weights[n])
            vectors = truth.tracks.vector[song[tracks]]
            mine = truth.config.response.sharpness * vectors @ at.tastes[n].T + at.log_weights[n]
            p.append(weights)
            q.append(np.bincount(mine.argmax(1), minlength=len(weights)))
        found[name] = {
            TRUE[0]: float(np.nanmean(likings)),
            TRUE[1]: float(np.nanmean(beyond.divergence(np.array(p), np.array(q)))),
        }
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[11, 12, 13, 14, 15])
    parser.add_argument("--listeners", type=int, default=250)
    parser.add_argument("--tracks", type=int, default=2500)
    parser.add_argument("--months", type=float, default=3.0)
    arguments = parser.parse_args()
    towns = []
    for seed in arguments.seeds:
        towns.append(town(seed, arguments))
        print(f"town {seed} done", flush=True)
    columns = [*TRUE, *FIGURES]
    print("| | " + " | ".join(columns) + " |")
    print("| --- |" + " ---: |" * len(columns))
    for name in towns[0]:
        cells = [_cell(np.array([each[name][column] for each in towns])) for column in columns]
        print(f"| {name} | " + " | ".join(cells) + " |")
    print("\nAffinity of the weekly list's new tracks less that of the others, paired by town:")
    for name in towns[0]:
        if name != WEEKLY:
            gaps = np.array([each[WEEKLY][TRUE[0]] - each[name][TRUE[0]] for each in towns])
            print(f"- {name}: {_cell(gaps)}")


def _cell(values: NDArray[np.float64]) -> str:
    """Mean and half the width of its 95% interval over towns."""
    if len(values) < 2:
        return f"{values.mean():.3f}"
    half = t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return f"{values.mean():.3f} ± {half:.3f}"


if __name__ == "__main__":
    main()
