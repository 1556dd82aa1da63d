"""`segue library`: what is in it."""

from __future__ import annotations

from dataclasses import asdict, astuple
from typing import Annotated, Any

import typer

from segue.cli.options import LIBRARY, HtmlOption, JsonOption, LibraryOption
from segue.cli.printing import bar, print_json, print_table
from segue.wording import count


def register(app: typer.Typer) -> None:
    """Add the verbs of this family."""
    app.command("library")(library_)


def library_(
    library: LibraryOption = LIBRARY,
    html: HtmlOption = None,
    rejects: Annotated[bool, typer.Option("--rejects", help="List rows that could not be imported.")] = False,
    imports: Annotated[bool, typer.Option("--imports", help="List the imports so far.")] = False,
    most: Annotated[int, typer.Option(help="How many rejects or imports to list.", min=1)] = 50,
    json: JsonOption = False,
) -> None:
    """Show what is in the library: tables, listeners, sources, artists, with a picture on request."""
    from segue.library import Library

    opened = Library.open(library)
    if rejects or imports:
        _list(opened, "rejects" if rejects else "imports", most, json)
        return
    from segue.library.overview import charts, overview
    from segue.progress import progress

    with progress("Looking through the library"):
        figures = overview(opened)
    if json:
        print_json(asdict(figures))
    else:
        _print(str(library), figures)
    if html is not None:
        from segue.report import Page

        page = Page("What is in the library", str(library))
        page.pictures(charts(opened))
        page.heading("Tables")
        page.table(["table", "rows"], [(table, rows) for table, rows in figures.rows.items() if rows])
        page.heading("Artists met most")
        page.table(["artist", "plays and places"], figures.top_artists)
        page.write(html)
        if not json:
            print(f"Wrote {html}")


def _list(opened: Any, table: str, most: int, json: bool) -> None:
    rows = opened.table(table)
    newest = rows.order_by(rows.imported_at.desc()).limit(most)
    listed = opened.arrow(newest).to_pylist()
    if json:
        print_json(listed)
        return
    columns = rows.columns
    print_table(f"{opened.count(table):,} {table}", columns, [[row[c] for c in columns] for row in listed])


def _print(path: str, figures: Any) -> None:
    print(f"Library {path}")
    print_table("", ["table", "rows"], [(t, n) for t, n in figures.rows.items() if n])
    print(f"{count(figures.plays, 'play')} by {count(figures.listeners, 'listener')}", end="")
    print(f", from {figures.first} to {figures.last}." if figures.first else ".")
    if figures.listeners > 1:
        print_table("", ["listener", "plays", "first", "last"], map(astuple, figures.people))
        if (more := figures.listeners - len(figures.people)) > 0:
            print(f"... and {count(more, 'listener')} more who play less.")
    if figures.skipped is not None:
        begun = f"{figures.skips:,} more {'was' if figures.skips == 1 else 'were'} skipped"
        print(f"{begun}: {figures.skipped:.0%} of what was begun, as far as the sources tell.")
    elif figures.plays:
        print("The sources don't tell which plays were skips.")
    print(
        "Sources: "
        + ", ".join(f"{source} ({count(rows, 'row')})" for source, rows in figures.sources.items())
    )
    most = max((uses for _, uses in figures.top_artists), default=1)
    bars = [(name, uses, bar(uses / most)) for name, uses in figures.top_artists]
    print_table("Artists met most", ["artist", "plays and places", ""], bars)
