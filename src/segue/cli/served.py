"""`segue evaluate served`: what the service's log says of how it chooses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segue.cli.printing import print_json, print_table
from segue.wording import count

if TYPE_CHECKING:
    import pyarrow as pa

    from segue.evaluation.intervals import Interval
    from segue.evaluation.served import Choice, Compared

KINDS = {"radio": "Radios", "session": "Sessions"}


def evaluate_served(library: Path, config: Path | None, *, json: bool) -> None:
    """Estimates from the log of the service over `library`, and what its trials say.

    Raises:
        NotFoundError: there is no library.
    """
    from segue.evaluation.served import estimates, served, trials
    from segue.library import Library
    from segue.playlists.outcomes import outcomes
    from segue.service.database import connect
    from segue.settings import load_settings

    opened = Library.open(library)
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
    lists = _lists(outcomes(opened), json=json)
    if json:
        print_json({"estimates": told, "trials": [each._asdict() for each in trials(every)], "lists": lists})
        return
    if not every and not lists["became"]:
        print("Nothing was served and answered yet: let a radio or a session play. Weekly lists are judged")
        print("four weeks after their Monday.")
    _trials("Trials, radios and sessions: heard whole", trials(every))


def _lists(rows: pa.Table, *, json: bool) -> dict[str, Any]:
    """Of weekly lists: what became of them, what lists without chance would have earned, and trials."""
    from segue.evaluation.served_lists import became, trials, without_chance

    found, plain, compared = became(rows), without_chance(rows), trials(rows)
    if not json and found:
        shown = [
            (each.which, f"{each.lists:,}", _of(each.heard), _of(each.again), f"{each.skipped:.1%}")
            for each in found
        ]
        names = ["lists", "how many", "played in four weeks", "again", "skipped"]
        print_table("Weekly lists: share of their tracks", names, shown)
        if plain is not None:
            line = (plain.policy, _of(plain.snips), _of(plain.doubly_robust), f"{plain.weight:,.0f}")
            names = ["policy", "SNIPS", "doubly robust", "places that tell"]
            print_table("Weekly lists: share played again", names, [line])
        _trials("Trials, weekly lists: played again", compared)
    return {
        "became": [each._asdict() for each in found],
        "estimates": [] if plain is None else [plain._asdict()],
        "trials": [each._asdict() for each in compared],
    }


def _trials(title: str, compared: Sequence[Compared]) -> None:
    if not compared:
        return
    lines = [
        (each.trial, *each.listeners, *(f"{share:.3f}" for share in each.earned), _of(each.difference))
        for each in compared
    ]
    print_table(title, ["trial", "listeners a", "b", "a", "b", "b - a, at any look"], lines)


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
