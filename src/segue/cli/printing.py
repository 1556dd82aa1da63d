"""How the command line prints: tables for people, JSON for programs, always on standard output."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from segue.report import cell


def print_json(value: Any) -> None:
    """Print one JSON document; dates and paths as text."""
    import orjson

    options = orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY
    print(orjson.dumps(value, option=options, default=str).decode())


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print a table; numbers stand to the right, whole ones with thousands separated."""
    from rich.markup import escape
    from rich.table import Table

    rows = [list(row) for row in rows]
    table = Table(title=title or None, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for number, column in enumerate(columns):
        numeric = bool(rows) and all(
            isinstance(row[number], int | float) or row[number] is None for row in rows
        )
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(escape(cell(value)) for value in row))
    console().print(table)


def bar(part: float, width: int = 30) -> str:
    """A bar of a part of the longest one, 0 to 1, to an eighth of a letter; a little of it always shows."""
    eighths = max(1, round(8 * width * part))
    return "█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()


def console() -> Any:
    """Standard output, wide enough not to break rows when it is no terminal."""
    from rich.console import Console

    out = Console(highlight=False, emoji=False)
    return out if out.is_terminal else Console(highlight=False, emoji=False, width=140)
