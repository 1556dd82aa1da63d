"""Settings of the song vectors, one changed at a time, on the Million Playlist subset's validation part.

    SEGUE_DATA=folder python benchmarks/song_vectors.py run [--seeds 0] [rows]
    python benchmarks/song_vectors.py write               # the table of docs/measurements/song-vectors.md

The songs so far are asked as a weighted mean of IN vectors (.85 a song back) against OUT vectors: next track
and continuation as in benchmarks/next_track.py. Nothing here looks at the test part.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from next_track import Mean, playlists
from pages import put
from segue.evaluation.intervals import mean_interval
from segue.evaluation.next_track import METRICS, SequenceResult, evaluate_sequences, split_documents
from segue.sequences.vectors import SongVectors, SongVectorsConfig

RESULTS = Path(__file__).parent / "results" / "song_vectors"
PAGE = Path(__file__).parent.parent / "docs" / "measurements" / "song-vectors.md"
DEFAULT = "the defaults"
GENSIM: dict[str, Any] = {
    "dim": 100, "window": 5, "negatives": 5, "ns_exponent": 0.75, "alpha": 0.025, "epochs": 5,
    "subsampling": 17.0,
}  # fmt: skip
ROWS: dict[str, dict[str, Any]] = {
    DEFAULT: {},
    "gensim's, all of them": GENSIM,
    "epochs 20": {"epochs": 20},
    "negatives 5": {"negatives": 5},
    "ns_exponent .75": {"ns_exponent": 0.75},
    "alpha .025": {"alpha": 0.025},
    "window 5": {"window": 5},
    "subsampling 0: none": {"subsampling": 0.0},
    "dim 32": {"dim": 32},
    "alpha .2": {"alpha": 0.2},
    "ns_exponent -.5": {"ns_exponent": -0.5},
    "subsampling .5": {"subsampling": 0.5},
    "window 20": {"window": 20},
    "dim 128": {"dim": 128},
}


def run(args: argparse.Namespace) -> None:
    """Rows that are not there yet, or those named."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    parts = split_documents(playlists())
    for seed in args.seeds:
        for name in args.rows or ROWS:
            kept = RESULTS / f"{'-'.join(name.split()).replace(':', '')}-{seed}.npz"
            if kept.exists():
                continue
            clock = time.perf_counter()
            vectors = SongVectors(SongVectorsConfig(**ROWS[name])).fit(parts.train, seed=seed)
            spent = time.perf_counter() - clock
            result = evaluate_sequences(Mean(vectors, 0.85, "OUT"), parts.validation, what=name)
            facts = np.frombuffer(json.dumps({"name": name, "seed": seed, "fit_s": spent}).encode(), np.uint8)
            np.savez(kept, ranks=result.ranks, owners=result.owners, ndcg=result.ndcg, facts=facts)
            means = [f"{result.values(metric)[0].mean():.4f}" for metric in METRICS]
            print(f"{name:24} {seed} {' '.join(means)} fit {spent:.0f} s", flush=True)


def write(args: argparse.Namespace) -> None:
    """The table of the rows that are there."""
    found: dict[str, list[SequenceResult]] = {}
    for kept in sorted(RESULTS.glob("*.npz")):
        with np.load(kept) as stored:
            facts = json.loads(stored["facts"].tobytes())
            found.setdefault(facts["name"], []).append(
                SequenceResult(stored["ranks"], stored["owners"], stored["ndcg"])
            )
    lines = [
        "| changed | HR@20 | MRR@20 | NDCG@100 | HR@20 less the defaults' | NDCG@100 less |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name in ROWS:
        if name not in found:
            continue
        cells = [name]
        cells += [f"{np.mean([r.values(m)[0].mean() for r in found[name]]):.3f}".lstrip("0") for m in METRICS]
        for metric in ("HR@20", "NDCG@100"):
            mine = np.mean([r.values(metric)[0] for r in found[name]], axis=0)
            base = np.mean([r.values(metric)[0] for r in found[DEFAULT]], axis=0)
            owners = found[DEFAULT][0].values(metric)[1]
            less = mean_interval(mine - base, owners)
            cells.append("" if name == DEFAULT else f"{less.mean:+.3f} [{less.low:+.3f}, {less.high:+.3f}]")
        lines.append("| " + " | ".join(cells).replace("0.", ".").replace("-.", "−.") + " |")
    put(PAGE, {"settings": "\n".join(lines)})


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(required=True)
    verb = verbs.add_parser("run", help=run.__doc__)
    verb.add_argument("rows", nargs="*", choices=[*ROWS, []], metavar="row")
    verb.add_argument("--seeds", nargs="+", type=int, default=[0])
    verb.set_defaults(run=run)
    verbs.add_parser("write", help=write.__doc__).set_defaults(run=write)
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
