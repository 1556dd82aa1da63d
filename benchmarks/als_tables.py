"""Tables and pictures of benchmarks/als.py, put between their markers in docs/measurements/factors.md."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np

from pages import put
from segue.files import write_text
from segue.report import draw

PAGE = Path(__file__).parent.parent / "docs" / "measurements" / "factors.md"
GROWING = ("Segue", "implicit CG")


def write(found: dict[str, Any]) -> None:
    """Put the tables and the pictures of what has been measured into the page."""
    tables = {"speed": _speed_table, "growth": _growth_table, "topn": _topn_table}
    put(PAGE, {f"als-{name}": tables[name](found) for name in tables.keys() & found.keys()})
    for name, chart in (("speed", _speed_chart), ("growth", _growth_chart)):
        if name in found:
            write_text(PAGE.parent / f"factors-{name}.svg", draw(chart(found[name])))


def _speed_chart(found: dict[str, Any]) -> Any:
    rows = [
        {
            "data": key.rsplit(" ", 1)[0],
            "factors": key.rsplit(" ", 1)[1],
            "faster": peers["Segue"][what],
            "what": label,
        }
        for key, peers in found.items()
        for what, label in (("cpu_ratio", "an epoch"), ("times_faster_to_target", "to implicit's loss"))
        if what in peers["Segue"]
    ]
    chart: Any = alt.Chart(alt.Data(values=rows))
    bars = chart.mark_bar().encode(
        x=alt.X("factors:N", sort=["64", "128", "256"]),
        xOffset="what:N",
        y=alt.Y("faster:Q", title="times as fast as implicit"),
        color=alt.Color("what:N", title=None),
        column=alt.Column("data:N", title=None),
    )
    return bars.properties(width=160, height=200)


def _growth_chart(found: dict[str, Any]) -> Any:
    rows = [
        {"entries": row["entries"], "seconds": row[peer], "system": f"{peer}, {factors} factors"}
        for factors, sizes in found.items()
        for row in sizes.values()
        for peer in GROWING
    ]
    chart: Any = alt.Chart(alt.Data(values=rows))
    lines = chart.mark_line(point=True).encode(
        x=alt.X("entries:Q", scale=alt.Scale(type="log"), title="observed pairs"),
        y=alt.Y("seconds:Q", scale=alt.Scale(type="log"), title="processor seconds an epoch"),
        color=alt.Color("system:N", title=None),
    )
    return lines.properties(width=420, height=240)


def _table(columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    columns = list(columns)
    lines = ["| " + " | ".join(columns) + " |", "| " + " | ".join("---" for _ in columns) + " |"]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def _speed_table(results: dict[str, Any]) -> str:
    found, memory = results["speed"], results.get("memory", {})
    rows = []
    for key in sorted(found, key=lambda name: (name.split()[0], int(name.split()[1]))):
        yard = found[key]["implicit CG"]
        for peer, row in found[key].items():
            reached = row.get("times_faster_to_target")
            rows.append(
                [
                    *key.rsplit(" ", 1),
                    peer,
                    f"{row['cpu_epoch']:.3f}",
                    f"{row['wall_epoch']:.3f}",
                    f"{row['cpu_ratio']:.2f}x",
                    f"{reached:.1f}x ({row['epochs_to_target']} epochs)" if reached else "–",
                    f"{100 * (row['loss'] / row['target'] - 1):+.2f}%"
                    if row["epochs"] == yard["epochs"]
                    else "–",
                    f"{memory[key][peer]:.0f}" if peer in memory.get(key, {}) else "–",
                ]
            )
    return _table(
        [
            "data",
            "factors",
            "system",
            "cpu s / epoch",
            "wall s / epoch",
            "times implicit's speed, an epoch (cpu)",
            "times implicit's speed, to its loss (wall)",
            "loss after 15, against implicit's",
            "memory added, MB",
        ],
        rows,
    )


def _growth_table(results: dict[str, Any]) -> str:
    rows, slopes = [], []
    for factors, sizes in results["growth"].items():
        ordered = sorted(sizes.values(), key=lambda row: row["entries"])
        for row in ordered:
            ratio = row["implicit CG"] / row["Segue"]
            entries = f"{row['entries'] / 1e6:.2f} million"
            rows.append(
                [entries, factors, f"{row['Segue']:.3f}", f"{row['implicit CG']:.3f}", f"{ratio:.2f}x"]
            )
        logs = {key: np.log([row[key] for row in ordered]) for key in ("entries", *GROWING)}
        slope = {key: np.polyfit(logs["entries"], logs[key], 1)[0] for key in GROWING}
        told = ", ".join(f"{key} {value:.2f}" for key, value in slope.items())
        slopes.append(f"At {factors} factors log(seconds) rises by so much for one of log(entries): {told}.")
    table = _table(["entries", "factors", "Segue cpu s / epoch", "implicit cpu s / epoch", "ratio"], rows)
    return table + "\n" + " ".join(slopes) + "\n"


def _topn_table(results: dict[str, Any]) -> str:
    rows = [
        [
            name,
            *key.split(),
            f"{row['Segue']:,.0f}",
            f"{row['implicit']:,.0f}",
            f"{row['Segue'] / row['implicit']:.2f}x",
            f"{100 * row['the same']:.2f}%",
        ]
        for key, data in results["topn"].items()
        for name, row in data.items()
    ]
    return _table(["data", "factors", "N", "Segue, listeners / s", "implicit", "ratio", "same places"], rows)
