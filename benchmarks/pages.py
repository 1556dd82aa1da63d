"""Tables of benchmarks, put into the pages of docs/ between `<!-- name -->` and `<!-- /name -->`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from segue.files import write_text


def put(page: Path, tables: Mapping[str, str]) -> None:
    """Each of `tables`, by name, into its place in `page`; all of them or, if a place is missing, none."""
    text = page.read_text(encoding="utf-8")
    for name, table in tables.items():
        start, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        head, begins, rest = text.partition(start)
        _, ends, after = rest.partition(end)
        if not begins or not ends:
            raise SystemExit(f"{page} has no place for {name}: {start.strip()} and {end}")
        text = head + start + table.strip("\n") + "\n" + end + after
    write_text(page, text)
