"""The blend on a whole catalogue: sparse EASE beside exact EASE, rare tracks, and what a million tracks cost.

    SEGUE_DATA=folder python benchmarks/catalogue.py quality [listeners playlists] [--seeds 3]
    SEGUE_DATA=folder python benchmarks/catalogue.py rare [--seeds 3] [--popular 5000]
    python benchmarks/catalogue.py growth [--tracks 20000 100000 1000000]

`quality` runs the product's candidates on the test parts of quality.py's protocols, with EASE exact and with
EASE in neighbourhoods. `rare` takes the playlists' tracks below the most popular ones: how well the blend and
the factors alone find those. `growth` trains EASE, item neighbours and RP3beta on made-up listening, twenty
tracks a listener, as many listeners as tracks: processor seconds, memory and the slope.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from quality import PROTOCOLS, histories
from segue.evaluation.intervals import Interval, mean_interval
from segue.evaluation.protocols import accuracy, run_system
from segue.evaluation.weighted import LogConfidence
from segue.factors.blend import Blend, BlendConfig
from segue.factors.config import ALSConfig
from segue.factors.ease import EASE
from segue.factors.items import ItemNeighbours, RP3beta
from segue.factors.model import FactorConfig

FORMS = {"exact": False, "in neighbourhoods": True}
PER_LISTENER, KINDS_OF = 20, 200  # tracks of a made-up listener; tracks of a kind of music


@contextmanager
def neighbourhoods(wanted: bool) -> Generator[None]:
    """EASE in neighbourhoods, however small the catalogue, if `wanted`."""
    forms = {name: getattr(EASE, name) for name in ("_fit_by_items", "_fit_by_listeners")}
    for name in forms if wanted else ():
        setattr(EASE, name, EASE._fit_neighbourhoods)
    try:
        yield
    finally:
        for name, form in forms.items():
            setattr(EASE, name, form)


def candidates(protocol: str, seed: int, **blend: Any) -> LogConfidence:
    """The product's candidates, with its default settings."""
    unit = FactorConfig() if protocol == "listeners" else FactorConfig().for_playlists()
    als = ALSConfig(**unit.als.model_dump() | {"random_state": seed})
    mix = BlendConfig.around(als, unit.blend.model_copy(update=blend))
    return LogConfidence(Blend(mix), unit.observations.gain if protocol == "listeners" else 0.0)


def quality(args: argparse.Namespace) -> None:
    """Exact EASE in the blend and EASE in neighbourhoods, on the test parts."""
    for name in args.protocols:
        protocol, listening = PROTOCOLS[name], histories(name)
        runs = {}
        for form, wanted in FORMS.items():
            with neighbourhoods(wanted):
                runs[form] = [
                    run_system(
                        form, partial(candidates, name), protocol.split(listening, seed), protocol, seed
                    )
                    for seed in range(args.seeds)
                ]
            figures = [f"{np.mean([r.value(m) for r in runs[form]]):.4f}" for m in protocol.accuracy]
            print(f"| {name} | {form} | {' | '.join(figures)} |", flush=True)
        ours, exact = (
            np.concatenate([r.per_listener["ndcg@100"] for r in runs[form]])
            for form in ("in neighbourhoods", "exact")
        )
        who = np.concatenate([r.listeners for r in runs["exact"]])
        print(
            f"NDCG@100 of neighbourhoods beyond exact: {told(mean_interval(ours - exact, who))}", flush=True
        )


def rare(args: argparse.Namespace) -> None:
    """Playlists' tracks below the most popular: the blend and the factors alone."""
    protocol, listening = PROTOCOLS["playlists"], histories("playlists")
    found: dict[str, list] = {"whole list": [], "rare tracks alone": []}
    for seed in range(args.seeds):
        fold = protocol.split(listening, seed)
        train, given = fold.train.matrix(), fold.given.matrix()
        popular = np.argsort(-np.bincount(train.indices, minlength=train.shape[1]), kind="stable")
        popular = popular[: args.popular]
        targets = fold.targets.copy()
        targets.data[np.isin(targets.indices, popular)] = 0
        targets.eliminate_zeros()
        some = np.diff(targets.indptr) > 0
        rows, targets = given[some], targets[some]
        with neighbourhoods(True):
            whole = candidates("playlists", seed)
            whole.fit(train)
        factors = LogConfidence(whole.model.parts_["factors"], 0.0)
        for where, left_out in (("whole list", None), ("rare tracks alone", popular)):
            reached = []
            for model in (whole, factors):
                ids, scores = model.recommend(np.arange(rows.shape[0]), rows, 200, True, left_out)
                reached.append(accuracy(ids, scores.astype(float), targets, ["ndcg@100"])["ndcg@100"])
            found[where].append((np.flatnonzero(some), *reached))
    for where, parts in found.items():
        who, blend, alone = (np.concatenate(each) for each in zip(*parts, strict=True))
        gap = told(mean_interval(blend - alone, who))
        print(f"| {where} | {alone.mean():.4f} | {blend.mean():.4f} | {gap} |", flush=True)


def growth(args: argparse.Namespace) -> None:
    """Processor seconds and memory of the item models as the catalogue grows, each size in its process."""
    points = []
    for tracks in args.tracks:
        command = [sys.executable, __file__, "one", str(tracks)]
        line = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
        print(line, flush=True)
        points.append((tracks, sum(map(float, line.replace(",", "").split("|")[3:6]))))
    if len(points) > 1:
        slope = np.polyfit(*np.log(np.array(points)).T, 1)[0]
        print(f"Slope of seconds with tracks: {slope:.2f}")


def one(args: argparse.Namespace) -> None:
    """One size of `growth`."""
    plays, seconds, memory = made_up(args.tracks), [], []
    small = made_up(400)
    for model in (EASE(megabytes=0.1), ItemNeighbours(), RP3beta()):
        model.fit(small)  # compiled
    most = {"neighbours": max(1, int(600e6 / 8 / args.tracks))}
    for model in (
        EASE(),
        ItemNeighbours(weighting="bm25", neighbours=min(100, most["neighbours"])),
        RP3beta(neighbours=min(500, most["neighbours"])),
    ):
        start = time.process_time()
        model.fit(plays)
        seconds.append(time.process_time() - start)
        learned = model._state().values()
        memory.append(sum(array.nbytes for array in learned) / 1e6)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    figures = [f"{each:.0f}" for each in (*seconds, *memory)]
    print(f"| {args.tracks:,} | {plays.nnz:,} | {' | '.join(figures)} | {peak:.1f} |")


def made_up(tracks: int, seed: int = 0) -> csr_matrix:
    """As many listeners as tracks, each with tracks of three kinds of music, the popular ones more often."""
    rng = np.random.default_rng(seed)
    kinds = max(1, tracks // KINDS_OF)
    kind = np.take_along_axis(
        rng.integers(0, kinds, (tracks, 3)), rng.integers(0, 3, (tracks, PER_LISTENER)), 1
    )
    track = kind * (tracks // kinds) + (tracks // kinds * rng.random((tracks, PER_LISTENER)) ** 2)
    rows = np.repeat(np.arange(tracks), PER_LISTENER)
    plays = csr_matrix(
        (np.ones(rows.size, np.float32), (rows, track.astype(np.int64).ravel())), (tracks,) * 2
    )
    plays.sum_duplicates()
    return plays


def told(gap: Interval) -> str:
    """A difference with its interval."""
    return f"{gap.mean:+.4f} ({gap.low:+.4f} to {gap.high:+.4f})"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(required=True)
    for verb in (quality, rare, growth, one):
        added = verbs.add_parser(verb.__name__, help=verb.__doc__)
        added.set_defaults(run=verb)
    verbs.choices["quality"].add_argument("protocols", nargs="*", default=list(PROTOCOLS))
    for name in ("quality", "rare"):
        verbs.choices[name].add_argument("--seeds", type=int, default=3)
    verbs.choices["rare"].add_argument("--popular", type=int, default=5000)
    verbs.choices["growth"].add_argument(
        "--tracks", type=int, nargs="+", default=[20_000, 100_000, 1_000_000]
    )
    verbs.choices["one"].add_argument("tracks", type=int)
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
