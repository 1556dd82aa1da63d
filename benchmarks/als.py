"""Implicit matrix factorisation: Segue beside `implicit` (CG and Cholesky) and cmfrec on the same objective.

    python benchmarks/als.py speed --data hetrec playlists generated --factors 64 128 256
    python benchmarks/als.py memory              # what a fit adds, each in a process of its own
    python benchmarks/als.py growth              # 1x to 16x the entries, Segue and implicit
    python benchmarks/als.py topn                # the best N for every listener
    python benchmarks/als.py write               # the tables and pictures of docs/measurements/factors.md

Peers run in turn with Segue in the same process, on as many threads, several times (Cholesky and cmfrec
once), and the medians are compared: on a shared machine only the ratio means anything. "cpu" is processor
time of the whole process, "wall" what a clock shows. Compilation is not counted. Losses are worked out here,
in float64, by the same function for everybody. Memory is what a fresh process grows by at its largest while
it fits, after a first small fit, with the matrix already there. Results are kept in
benchmarks/results/als.json, so that runs can be short ones.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import threadpoolctl
from scipy.sparse import csr_matrix, load_npz, save_npz

import als_tables

RESULTS = Path(__file__).parent / "results" / "als.json"
EPOCHS = 15
ONCE = ("implicit Cholesky", "cmfrec CG")  # slow, and only there for comparison
SEED = 0


class Problem(NamedTuple):
    """A matrix of confidences, and the regularisation it is factorised with."""

    matrix: csr_matrix
    regularization: float


def generated(entries: int, seed: int = SEED) -> csr_matrix:
    """Listeners with three of 60 tastes, tracks of uneven popularity, play counts as 1 + log(1 + r).

    A listener has some 55 tracks at every size, so that rows and columns grow with the entries.
    """
    n, m, tastes = entries // 55, entries // 88, 60
    rng = np.random.default_rng(seed)
    activity = rng.lognormal(0, 1, n)
    activity = np.maximum(5, activity / activity.sum() * entries * 1.24).astype(int)
    popularity = rng.lognormal(0, 1.6, m)
    home = rng.integers(0, tastes, m)
    order = np.argsort(home, kind="stable")
    first = np.searchsorted(home[order], np.arange(tastes + 1))
    listener = np.repeat(np.arange(n), activity)
    taste = rng.integers(0, tastes, (n, 3))[listener, rng.choice(3, len(listener), p=[0.55, 0.3, 0.15])]
    taste[rng.random(len(listener)) < 0.2] = -1  # anything, by popularity
    track = np.empty(len(listener), np.int64)
    for kind in range(-1, tastes):
        pool = np.arange(m) if kind < 0 else order[first[kind] : first[kind + 1]]
        chance = np.cumsum(popularity[pool])
        these = np.flatnonzero(taste == kind)
        track[these] = pool[np.searchsorted(chance, rng.random(len(these)) * chance[-1])]
    matrix = csr_matrix((np.ones(len(listener), np.float32), (listener, track)), shape=(n, m))
    matrix.sum_duplicates()
    matrix.data = (1 + np.log1p(matrix.data * rng.geometric(0.3, matrix.nnz))).astype(np.float32)
    return matrix


def problem(name: str) -> Problem:
    """A matrix by name: hetrec, playlists, generated, or generated-N with N million entries."""
    if name.startswith("generated"):
        millions = float(name.partition("-")[2] or 2.2)
        return Problem(generated(int(millions * 1e6)) * np.float32(5), 1.0)
    import data
    from segue.evaluation import LISTENERS, PLAYLISTS

    if name == "hetrec":
        matrix = LISTENERS.trim(data.hetrec()).matrix()
        return Problem((matrix > 0).astype(np.float32) * np.float32(5.7), 18.6)
    matrix = PLAYLISTS.trim(data.playlists()[0]).matrix()
    return Problem((matrix > 0).astype(np.float32) * np.float32(22.8), 1.0)


def loss(matrix: csr_matrix, x: np.ndarray, y: np.ndarray, regularization: float) -> float:
    """Σ over pairs of c (p - s)² + λ(‖X‖² + ‖Y‖²), c = v where observed and 1 elsewhere, in float64."""
    x, y = x.astype(np.float64), y.astype(np.float64)
    total = float(np.sum((x.T @ x) * (y.T @ y))) + regularization * float((x**2).sum() + (y**2).sum())
    for start in range(0, matrix.shape[0], 1000):
        rows = matrix[start : start + 1000]
        owner = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr)) + start
        s, v = np.einsum("ij,ij->i", x[owner], y[rows.indices]), rows.data.astype(np.float64)
        total += float(((v - 1) * s * s - 2 * v * s + v).sum())
    return total


class Fit(NamedTuple):
    """One fit: seconds of each epoch, processor seconds in all, and the factors."""

    wall: list[float]
    cpu: float
    x: np.ndarray
    y: np.ndarray
    history: list[float]


def segue(given: Problem, factors: int, threads: int, epochs: int, start: str = "own") -> Fit:
    from segue.factors.als import ImplicitALS

    model = ImplicitALS(
        factors, given.regularization, iterations=epochs, num_threads=threads, random_state=SEED
    )
    if start == "implicit":
        rng = np.random.default_rng(SEED)
        n, m = given.matrix.shape
        model.user_factors = rng.random((n, factors), dtype=np.float32) * np.float32(0.01)
        model.item_factors = rng.random((m, factors), dtype=np.float32) * np.float32(0.01)
    return _timed(model, given.matrix, lambda: model.history_)


def segue_same(given: Problem, factors: int, threads: int, epochs: int) -> Fit:
    return segue(given, factors, threads, epochs, start="implicit")


def implicit_cg(given: Problem, factors: int, threads: int, epochs: int, use_cg: bool = True) -> Fit:
    import implicit.cpu.als

    with threadpoolctl.threadpool_limits(1, "blas"):
        model = implicit.cpu.als.AlternatingLeastSquares(
            factors,
            given.regularization,
            iterations=epochs,
            num_threads=threads,
            random_state=SEED,
            use_cg=use_cg,
        )
        return _timed(model, given.matrix, list)


def implicit_cholesky(given: Problem, factors: int, threads: int, epochs: int) -> Fit:
    return implicit_cg(given, factors, threads, epochs, use_cg=False)


def cmfrec_cg(given: Problem, factors: int, threads: int, epochs: int) -> Fit:
    from cmfrec import CMF_implicit

    # cmfrec weighs an observed pair 1 + alpha v where implicit weighs it v.
    matrix = given.matrix.copy()
    matrix.data = matrix.data - np.float32(1)
    model = CMF_implicit(
        k=factors,
        lambda_=given.regularization,
        alpha=1.0,
        niter=epochs,
        use_cg=True,
        use_float=True,
        nthreads=threads,
        random_state=SEED,
        finalize_chol=False,
        precompute_for_predictions=False,
        verbose=False,
    )
    clock, cpu = time.perf_counter(), time.process_time()
    model.fit(matrix.tocoo())
    wall = (time.perf_counter() - clock) / epochs
    return Fit([wall] * epochs, time.process_time() - cpu, model.A_, model.B_, [])


def _timed(model: Any, matrix: csr_matrix, history: Callable[[], list[float]]) -> Fit:
    seconds: list[float] = []
    clock, cpu = time.perf_counter(), time.process_time()
    model.fit(matrix, show_progress=False, callback=lambda epoch, took, value: seconds.append(took))
    whole, cpu = time.perf_counter() - clock, time.process_time() - cpu
    seconds[0] += whole - sum(seconds)  # what comes before the first epoch and after the last counts too
    return Fit(seconds, cpu, np.asarray(model.user_factors), np.asarray(model.item_factors), history())


PEERS: dict[str, Callable[..., Fit]] = {
    "Segue": segue,
    "Segue, implicit's start": segue_same,
    "implicit CG": implicit_cg,
    "implicit Cholesky": implicit_cholesky,
    "cmfrec CG": cmfrec_cg,
}


def speed(args: argparse.Namespace) -> None:
    """Seconds an epoch, seconds to the loss of implicit's CG after 15 epochs, loss, memory."""
    for name in args.data:
        given = problem(name)
        for factors in args.factors:
            rows = measure(given, factors, args)
            for peer, row in rows.items():
                print(
                    name, factors, peer, {key: float(f"{value:.4g}") for key, value in row.items() if value}
                )
            record("speed", f"{name} {factors}", rows)


def measure(given: Problem, factors: int, args: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Medians over the repeats, by peer."""
    small = Problem(given.matrix[:200], given.regularization)
    runs: dict[str, list[Fit]] = {}
    for repeat in range(args.repeats):
        for peer in args.peers:
            if peer in ONCE and repeat:
                continue
            if not repeat:
                PEERS[peer](small, factors, args.threads, 1)
            epochs = 2 if peer == "implicit Cholesky" else EPOCHS
            runs.setdefault(peer, []).append(PEERS[peer](given, factors, args.threads, epochs))
    yard = runs["implicit CG"]
    target = loss(given.matrix, yard[0].x, yard[0].y, given.regularization)
    aim = statistics.median(sum(fit.wall) for fit in yard)
    rows: dict[str, dict[str, Any]] = {}
    for peer, fits in runs.items():
        epochs = len(fits[0].wall)
        row: dict[str, Any] = {
            "cpu_epoch": statistics.median(fit.cpu / epochs for fit in fits),
            "wall_epoch": statistics.median(sum(fit.wall) / epochs for fit in fits),
            "epochs": epochs,
            "loss": loss(given.matrix, fits[0].x, fits[0].y, given.regularization),
            "target": target,
        }
        row["spread"] = max(fit.cpu for fit in fits) / min(fit.cpu for fit in fits)
        reached = next((k + 1 for k, value in enumerate(fits[0].history) if value <= target), None)
        if reached:
            row["epochs_to_target"] = reached
            row["wall_to_target"] = statistics.median(sum(fit.wall[:reached]) for fit in fits)
            row["cpu_to_target"] = row["cpu_epoch"] * reached
            row["times_faster_to_target"] = aim / row["wall_to_target"]
        rows[peer] = row
    for row in rows.values():
        row["cpu_ratio"] = rows["implicit CG"]["cpu_epoch"] / row["cpu_epoch"]
        row["wall_ratio"] = rows["implicit CG"]["wall_epoch"] / row["wall_epoch"]
    return rows


def memory(args: argparse.Namespace) -> None:
    """MB that a fresh process grows by at its largest."""
    for name in args.data:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "matrix.npz"
            save_npz(file, problem(name).matrix, compressed=False)
            for factors in args.factors:
                found = {}
                for peer in args.peers:
                    command = [sys.executable, __file__, "grow", file, peer, str(factors), str(args.threads)]
                    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
                    found[peer] = float(told.split()[-1])
                print(name, factors, {peer: f"{value:.0f}" for peer, value in found.items()}, flush=True)
                record("memory", f"{name} {factors}", found)


def grow(args: argparse.Namespace) -> None:
    """In the fresh process: fit, and say how much larger it has become."""
    matrix = load_npz(args.file)
    small = Problem(matrix[:200], 1.0)
    PEERS[args.peer](small, args.size, args.threads, 2)
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # memory that was freed but kept would hide growth
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
    before = _status("VmRSS")
    PEERS[args.peer](Problem(matrix, 1.0), args.size, args.threads, 2)
    print((_status("VmHWM") - before) / 1024)


def _status(name: str) -> float:
    """A size of this process in KB, as Linux tells it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return float(next(line for line in lines if line.startswith(name)).split()[1])


def growth(args: argparse.Namespace) -> None:
    """Seconds an epoch from 1.25 to 20 million entries, and the slope of log(time) on log(entries)."""
    rows = {}
    for millions in args.millions:
        given = problem(f"generated-{millions}")
        row: dict[str, Any] = {"entries": given.matrix.nnz}
        for peer in als_tables.GROWING:
            PEERS[peer](Problem(given.matrix[:200], 1.0), args.size, args.threads, 1)
        for peer in als_tables.GROWING:
            fit = PEERS[peer](given, args.size, args.threads, args.epochs)
            row[peer] = fit.cpu / args.epochs
        rows[f"{millions:g}"] = row
        print(row)
        record("growth", f"{args.size}", rows)


def topn(args: argparse.Namespace) -> None:
    """The best N for every listener, what it knows left out: listeners a second, and the same lists."""
    import implicit.cpu.als

    from segue.factors.als import ImplicitALS

    rows = {}
    for name in args.data:
        matrix = problem(name).matrix
        rng = np.random.default_rng(SEED)
        n, m = matrix.shape
        x = rng.normal(size=(n, args.size)).astype(np.float32)
        y = rng.normal(size=(m, args.size)).astype(np.float32)
        ours = ImplicitALS(args.size, num_threads=args.threads)
        theirs = implicit.cpu.als.AlternatingLeastSquares(args.size, num_threads=args.threads)
        for model in (ours, theirs):
            model.user_factors, model.item_factors = x, y
        people = np.arange(min(n, args.listeners))
        seconds: dict[str, list[float]] = {"Segue": [], "implicit": []}
        lists = {}
        for _ in range(args.repeats):
            for peer, model in (("Segue", ours), ("implicit", theirs)):
                clock = time.perf_counter()
                lists[peer], _ = model.recommend(people, matrix[people], N=args.n)
                seconds[peer].append(time.perf_counter() - clock)
        row: dict[str, Any] = {
            peer: len(people) / statistics.median(times) for peer, times in seconds.items()
        }
        row["the same"] = float((lists["Segue"] == lists["implicit"]).mean())
        rows[name] = row
        print(name, row)
    record("topn", f"{args.size} {args.n}", rows)


def record(kind: str, key: str, value: Any) -> None:
    """Keep a result beside those of other runs."""
    found = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    found.setdefault(kind, {}).setdefault(key, {}).update(value)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(required=True)
    verb = verbs.add_parser("speed", help=speed.__doc__)
    verb.add_argument("--data", nargs="+", default=["hetrec", "playlists", "generated"])
    verb.add_argument("--factors", nargs="+", type=int, default=[64, 128, 256])
    verb.add_argument("--peers", nargs="+", default=list(PEERS), choices=PEERS)
    verb.add_argument("--repeats", type=int, default=3)
    verb.set_defaults(run=speed)
    verb = verbs.add_parser("memory", help=memory.__doc__)
    verb.add_argument("--data", nargs="+", default=["generated"])
    verb.add_argument("--factors", nargs="+", type=int, default=[64, 128, 256])
    verb.add_argument(
        "--peers", nargs="+", default=["Segue", "implicit CG", "implicit Cholesky", "cmfrec CG"]
    )
    verb.set_defaults(run=memory)
    verb = verbs.add_parser("growth", help=growth.__doc__)
    verb.add_argument("--millions", nargs="+", type=float, default=[1.25, 2.5, 5, 10, 20])
    verb.add_argument("--epochs", type=int, default=3)
    verb.set_defaults(run=growth)
    verb = verbs.add_parser("topn", help=topn.__doc__)
    verb.add_argument("--data", nargs="+", default=["playlists", "generated"])
    verb.add_argument("--listeners", type=int, default=20_000)
    verb.add_argument("-n", type=int, default=100)
    verb.add_argument("--repeats", type=int, default=3)
    verb.set_defaults(run=topn)
    verb = verbs.add_parser("write", help=als_tables.write.__doc__)
    verb.set_defaults(run=lambda args: als_tables.write(json.loads(RESULTS.read_text())))
    verb = verbs.add_parser("grow", help=grow.__doc__)
    verb.add_argument("file")
    verb.add_argument("peer")
    verb.set_defaults(run=grow)
    for name, verb in verbs.choices.items():
        if name in ("growth", "topn"):
            verb.add_argument("--size", type=int, default=128, help="factors")
        if name == "grow":
            verb.add_argument("size", type=int)
            verb.add_argument("threads", type=int)
        elif name != "write":
            verb.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
