"""Horizons of the taste network on a town: what each taste vector is best at.

    python benchmarks/horizons.py run [--seeds 1]     # the towns of benchmarks/radio.py
    python benchmarks/horizons.py write               # the table of docs/measurements/taste-network.md

One network with three horizons (next song, next session, the seven days after this session) reads whole
listening, skips and hours included, up to two weeks before the town's end; it stops by listeners from whom
nothing has learned. At places of the last two weeks
its three taste vectors are asked for 20 songs each; counted is how many of them are played, and not skipped,
as the next song, in the next session, and in the week.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pages import put
from radio import Place
from segue.evaluation.intervals import mean_interval
from segue.sequences.documents import Documents, session_documents
from segue.sequences.holding import set_aside
from segue.sequences.network import TasteNetwork
from segue.sequences.network_config import DAYS, NEXT, SESSION, TasteNetworkConfig
from segue.sequences.vectors import SongVectors, SongVectorsConfig

RESULTS = Path(__file__).parent / "results" / "radio"
PAGE = Path(__file__).parent.parent / "docs" / "measurements" / "taste-network.md"
CONFIG = TasteNetworkConfig(horizons=(NEXT, SESSION, DAYS), hidden=128, epochs=6)
DAY, LAST_DAYS, READ, ASKED, TOP = 86_400.0, 14, 256, 5, 20
WHAT = ("next song", "next session", "seven days")


def run(args: argparse.Namespace) -> None:
    """Hits of each horizon on each target, listener by listener."""
    found: dict[str, list[list[float]]] = {horizon.name: [] for horizon in CONFIG.horizons}
    for seed in args.seeds:
        listening = Place(seed).listening
        assert listening.context is not None
        cut = np.nanmax(listening.context.started_s) - LAST_DAYS * DAY
        train = until(listening, cut)
        learn, stop, _ = set_aside(train, stop=CONFIG.validation_share, choose=0.0, seed=seed)
        vectors = SongVectors(SongVectorsConfig(epochs=20)).fit(session_documents(learn), seed=seed)
        checkpoint = RESULTS / f"horizons-{seed}.checkpoint.npz"
        network = TasteNetwork(CONFIG).fit(learn, vectors, validation=stop, seed=seed, checkpoint=checkpoint)
        whole = vectors.recoded(listening)
        random = np.random.default_rng(seed)
        for number in range(len(whole)):
            for name, hits in asked(network, whole, number, cut, random).items():
                found[name].append(hits)
    (RESULTS / "horizons.json").write_text(json.dumps(found))
    print(table(found))


def until(listening: Documents, cut: float) -> Documents:
    """Only the plays before a time."""
    assert listening.context is not None
    keep = listening.context.started_s < cut
    offsets = np.concatenate([[0], np.cumsum(keep)])[listening.offsets]
    early = Documents(
        offsets, listening.codes[keep], listening.track_ids, listening.counts, listening.artists,
        listening.works, listening.names, listening.context.take(keep),
    )  # fmt: skip
    return early.select(early.lengths > 1)


def asked(
    network: TasteNetwork, whole: Documents, number: int, cut: float, random: np.random.Generator
) -> dict[str, list[float]]:
    """Mean hits among the 20 songs of each horizon, for the three targets; nothing after too few plays."""
    assert whole.context is not None
    start, end = whole.offsets[number : number + 2]
    start = max(start, end - READ)
    codes, context = whole.codes[start:end], whole.context.take(np.arange(start, end))
    late = np.flatnonzero(context.started_s >= cut)[:-1]
    if len(codes) < READ or len(late) < ASKED:
        return {}
    along = network.tastes_along(codes, context)
    hits: dict[str, list[list[float]]] = {horizon.name: [] for horizon in CONFIG.horizons}
    for at in np.sort(random.choice(late, ASKED, replace=False)).tolist():
        targets = [after(codes, context, at, what) for what in WHAT]
        for place, name in enumerate(hits):
            best = np.argsort(-network.scores_of(along[place, at][None])[0], kind="stable")[:TOP]
            hits[name].append(
                [float(np.isin(best, wanted).sum()) if len(wanted) else np.nan for wanted in targets]
            )
    with np.errstate(all="ignore"):
        return {name: np.nanmean(rows, axis=0).tolist() for name, rows in hits.items()}


def after(codes: NDArray[np.int32], context: Any, at: int, what: str) -> NDArray[np.int32]:
    """What was played after a place and not skipped."""
    later, played = np.arange(len(codes)) > at, context.skipped != 1
    session = context.session[at]
    if what == "next song":
        within = np.arange(len(codes)) == at + 1
    elif what == "next session":
        within = context.session == session + 1
    else:
        within = (context.session > session) & (context.started_s <= context.started_s[at] + 7 * DAY)
    return codes[later & played & within]


def table(found: dict[str, list[list[float]]]) -> str:
    """Markdown."""
    lines = ["| horizon asked | " + " | ".join(WHAT) + " |", "| --- |" + " ---: |" * len(WHAT)]
    for name, rows in found.items():
        figures = np.array(rows)
        cells = [mean_interval(figures[:, at][np.isfinite(figures[:, at])]) for at in range(len(WHAT))]
        lines.append(
            f"| {name} | " + " | ".join(f"{c.mean:.2f} [{c.low:.2f}, {c.high:.2f}]" for c in cells) + " |"
        )
    return "\n".join(lines) + "\n"


def write(args: argparse.Namespace) -> None:
    """The table, into the docs."""
    put(PAGE, {"horizons": table(json.loads((RESULTS / "horizons.json").read_text()))})


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(required=True)
    verb = verbs.add_parser("run", help=run.__doc__)
    verb.add_argument("--seeds", nargs="+", type=int, default=[1])
    verb.set_defaults(run=run)
    verbs.add_parser("write", help=write.__doc__).set_defaults(run=write)
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
