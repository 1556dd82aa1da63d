"""`segue evaluate served`: what the service's log says of how it chooses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from segue.cli.printing import print_json, print_table
from segue.wording import count

if TYPE_CHECKING:
    from segue.evaluation.intervals import Interval
    from segue.evaluation.served import Choice

KINDS = {"radio": "Radios", "session": "Sessions"}


def evaluate_served(library: Path, config: Path | None, *, json: bool) -> None:
    """Estimates from the log of the service over `library`, and what its trials say.

    Raises:
        NotFoundError: there is no library.
    """
    from segue.evaluation.served import estimates, served, trials
    from segue.library import Library
    from segue.service.database import connect
    from segue.settings import load_settings

    Library.open(library)
    database = connect(library, load_settings(config).service.database)
    told, every = [], []
    for kind, title in KINDS.items():
        choices = list(_choices(database, kind))
        every += choices
        if not choices:
            continue
        rows: list[tuple[str, Interval, Interval | None, float]] = []
        rows += [("as served", served(choices), None, len(choices))]
        rows += [(each.policy, each.snips, each.doubly_robust, each.weight) for each in estimates(choices)]
        names = ("policy", "snips", "doubly_robust", "choices")
        told += [{"kind": kind} | dict(zip(names, row, strict=True)) for row in rows]
        if not json:
            heading = f"{title}: share heard whole, of {count(len(choices), 'choice')}"
            shown = [(name, _of(a), _of(b), f"{size:,.0f}") for name, a, b, size in rows]
            print_table(heading, ["policy", "SNIPS", "doubly robust", "choices that tell"], shown)
    compared = trials(every)
    if json:
        print_json({"estimates": told, "trials": [each._asdict() for each in compared]})
        return
    if not every:
        print("Nothing was served and answered yet: let a radio or a session play.")
    if compared:
        lines = [
            (each.trial, *each.listeners, *(f"{share:.3f}" for share in each.whole), _of(each.difference))
            for each in compared
        ]
        print_table("Trials", ["trial", "listeners a", "b", "whole a", "b", "b - a, at any look"], lines)


def _choices(database: object, kind: str) -> Iterator[Choice]:
    import numpy as np

    from segue.evaluation.served import Choice
    from segue.service.served import answered

    for row in answered(database, kind):  # ty: ignore[invalid-argument-type]
        tracks = [each[0] for each in row["pool"]]
        if row["track"] not in tracks:
            continue
        known = all(each[3] is not None for each in row["pool"])
        yield Choice(
            row["session"],
            row["listener"],
            row["arm"],
            row["model"],
            tracks,
            np.array([each[1] for each in row["pool"]], np.float64),
            np.array([each[3] for each in row["pool"]], np.float64) if known else None,
            tracks.index(row["track"]),
            row["chance"],
            row["stage"],
        )


def _of(interval: Interval | None) -> str:
    return "" if interval is None else f"{interval.mean:.3f} [{interval.low:.3f}, {interval.high:.3f}]"
