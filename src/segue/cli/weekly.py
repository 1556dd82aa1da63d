"""`segue weekly`: this week's list of new tracks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from segue.cli.options import LIBRARY, ConfigOption, JsonOption, LibraryOption, SeedOption
from segue.cli.printing import console, print_json
from segue.errors import UsageError

if TYPE_CHECKING:
    from segue.playlists.playlist import Playlist

SHOWN = 3  # listeners whose lists are printed where nobody is named


def register(app: typer.Typer) -> None:
    """Add the verbs of this family."""
    app.command()(weekly)


def weekly(
    listener: Annotated[
        list[str] | None, typer.Argument(help="For whom. [default: everybody]", show_default=False)
    ] = None,
    library: LibraryOption = LIBRARY,
    week: Annotated[str | None, typer.Option(help="ISO week, like 2026-W48. [default: this week]")] = None,
    tracks: Annotated[int | None, typer.Option("--tracks", "-n", help="Tracks on a list.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write a file for each list here.")] = None,
    format: Annotated[str, typer.Option("--format", "-f", help="jspf, xspf, m3u8, csv or json.")] = "jspf",
    seed: SeedOption = 0,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Make the weekly lists: tracks new to each listener, with the plays that led to each.

    The same library, model, seed and week give the same lists; tracks of the weeks before do not come again.
    """
    from datetime import UTC, datetime

    from segue.jobs.weekly import weekly as run
    from segue.library import Library
    from segue.playlists.formats import FORMATS, write_all
    from segue.playlists.playlist import monday, week_of
    from segue.playlists.weekly import WeeklyConfig
    from segue.settings import load_settings

    week = week or week_of(datetime.now(UTC))
    try:
        monday(week)
    except ValueError as error:
        raise UsageError("That is no week", came=str(error), do="write it like 2026-W48") from None
    if format not in FORMATS:
        raise UsageError(f"There is no playlist format {format!r}", expected=", ".join(FORMATS))
    settings = load_settings(config).weekly
    if tracks is not None:
        if tracks < 1:
            raise UsageError("A list has at least one track", came=str(tracks))
        settings = WeeklyConfig(**(settings.model_dump() | {"tracks": tracks}))
    lists = run(Library.open(library), week, listeners=listener or None, config=settings, seed=seed)
    written = write_all(lists, out, format) if out is not None else []
    if json:
        print_json([_as_dict(playlist) for playlist in lists])
        return
    for playlist in lists if listener else lists[:SHOWN]:
        print_playlist(playlist)
    full = sum(len(playlist.entries) == settings.tracks for playlist in lists)
    print(f"{len(lists):,} lists for {week}, {full:,} of them with all {settings.tracks} tracks.")
    if not listener and len(lists) > SHOWN:
        print(
            f"The first {SHOWN} are shown; name a listener to see theirs, or write files with --out FOLDER."
        )
    if written:
        print(f"Wrote {len(written):,} files to {out}")


def print_playlist(playlist: Playlist) -> None:
    """Print one list for a person to read."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(
        title=escape(f"{playlist.title} for {playlist.listener}"),
        title_justify="left",
        title_style="bold",
        box=None,
        pad_edge=False,
        show_header=False,
    )
    table.add_column(justify="right")
    table.add_column(ratio=2)
    table.add_column(ratio=3, style="dim")
    for entry in playlist.entries:
        credit, title = entry.track.credit, entry.track.title
        table.add_row(
            str(entry.position),
            escape(credit if title is None else f"{credit} - {title}" if credit else title),
            escape(entry.reason or ""),
        )
    console().print(table)
    for note in playlist.notes:
        print(f"  {note}")
    print()


def _as_dict(playlist: Playlist) -> dict[str, object]:
    return {
        "listener": playlist.listener,
        "week": playlist.week,
        "notes": list(playlist.notes),
        "tracks": [
            {
                "position": entry.position,
                "track": entry.track.track_id,
                "title": entry.track.title,
                "artists": list(entry.track.artists),
                "score": entry.score,
                "reason": entry.reason,
            }
            for entry in playlist.entries
        ],
    }
