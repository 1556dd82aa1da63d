"""`segue weekly`: this week's list of new tracks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from segue.cli.options import (
    LIBRARY,
    ConfigOption,
    JsonOption,
    LibraryOption,
    SeedOption,
    WeekOption,
    asked_week,
    library_with,
)
from segue.cli.printing import console, print_json, print_table
from segue.errors import UsageError
from segue.wording import count

if TYPE_CHECKING:
    from segue.library import Library
    from segue.library.search import Found
    from segue.playlists.playlist import Playlist
    from segue.playlists.weekly import WeeklyConfig
    from segue.playlists.why_not import WhyNot

SHOWN = 3  # listeners whose lists are printed where nobody is named


def register(app: typer.Typer) -> None:
    """Add the verbs of this family."""
    app.command()(weekly)


def weekly(
    listener: Annotated[
        list[str] | None, typer.Argument(help="For whom. [default: everybody]", show_default=False)
    ] = None,
    library: LibraryOption = LIBRARY,
    week: WeekOption = None,
    tracks: Annotated[int | None, typer.Option("--tracks", "-n", min=1, help="Tracks on a list.")] = None,
    familiar: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="Share of the list for favourites that were not played for long; 0 for new tracks alone.",
        ),
    ] = None,
    per_artist: Annotated[
        int | None, typer.Option(min=1, help="Most tracks of one artist; guests count too.")
    ] = None,
    per_album: Annotated[int | None, typer.Option(min=1, help="Most tracks of one album.")] = None,
    explicit: Annotated[
        bool | None,
        typer.Option("--explicit/--no-explicit", help="Whether tracks marked explicit may come."),
    ] = None,
    order: Annotated[
        str | None,
        typer.Option(
            help="Who orders: agent, greedy, near (likeness), or auto: agent or greed if one was trained "
            "on the library, else near. [default: auto]",
            show_default=False,
        ),
    ] = None,
    medium: Annotated[
        str | None, typer.Option(help="What the list holds: song, podcast or audiobook. [default: song]")
    ] = None,
    like: Annotated[
        list[str] | None,
        typer.Option(
            help="For somebody who is not in the library: a track they like, as 'artist - title' or an id. "
            "Give it several times; nothing is kept.",
            show_default=False,
        ),
    ] = None,
    newcomer: Annotated[
        bool, typer.Option("--newcomer", help="For somebody of whom nothing is known; nothing is kept.")
    ] = False,
    why_not: Annotated[
        str | None,
        typer.Option(
            help="Make no list; print what every rule says of this track ('artist - title' or an id) for "
            "the one listener named."
        ),
    ] = None,
    everybody: Annotated[
        bool,
        typer.Option(
            "--all",
            help="The Monday job: a list for each listener who has none this week, on all cores. Stopped, it "
            "goes on where it was; lists are kept, not printed.",
        ),
    ] = False,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes of --all. [default: one a core]")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write a file for each list here.")] = None,
    format: Annotated[str, typer.Option("--format", "-f", help="jspf, xspf, m3u8, csv or json.")] = "jspf",
    seed: SeedOption = 0,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Make the weekly lists: tracks new to each listener from all their tastes, each with its reason.

    The same library, models, seed and week give the same lists; tracks of the weeks before do not come again.
    A list holds one version of a song and few tracks of an artist or album, never what was banned; if that
    leaves too little, it says which rule gave way.
    """
    from segue.playlists.formats import FORMATS, write_all

    week = asked_week(week)
    if format not in FORMATS:
        raise UsageError(f"There is no playlist format {format!r}", expected=", ".join(FORMATS))
    named = listener or []
    if (like or newcomer) and (named or why_not):
        raise UsageError("--like and --newcomer are for somebody who is not in the library", do="name nobody")
    opened = library_with(library, named)
    from segue.engine import Engine
    from segue.engine.weekly import weekly as run

    asked = {
        "tracks": tracks,
        "familiar": familiar,
        "per_artist": per_artist,
        "per_album": per_album,
        "explicit": explicit,
        "order": order,
        "medium": medium,
    }
    settings = _settings(config, {name: value for name, value in asked.items() if value is not None})
    if why_not is not None:
        if len(named) != 1:
            raise UsageError("--why-not is asked for one listener", do="segue weekly NAME --why-not TRACK")
        found, said = Engine(opened).why_not(named[0], why_not, week, config=settings, seed=seed)
        _print_why_not(named[0], found, said, json)
        return
    if everybody:
        if named or like or newcomer:
            raise UsageError("--all is for everybody in the library", do="name nobody")
        _monday(opened, week, settings, seed, workers, out, format, json)
        return
    if like or newcomer:
        playlist, understood = Engine(opened).weekly_for_guest(like or [], week, config=settings, seed=seed)
        lists = [playlist]
        if understood and not json:
            print("From " + "; ".join(found.name for found in understood))
    else:
        lists = run(Engine(opened), week, listeners=named or None, config=settings, seed=seed)
    written = write_all(lists, out, format) if out is not None else []
    if json:
        print_json([_as_dict(playlist) for playlist in lists])
        return
    nobody_named = not named and not like and not newcomer
    for playlist in lists[:SHOWN] if nobody_named else lists:
        print_playlist(playlist)
    full = sum(len(playlist.entries) == settings.tracks for playlist in lists)
    if nobody_named:
        print(f"{count(len(lists), 'list')} for {week}, {full:,} with all {count(settings.tracks, 'track')}.")
    if nobody_named and len(lists) > SHOWN:
        print(
            f"The first {SHOWN} are shown; name a listener to see theirs, or write files with --out FOLDER."
        )
    if written:
        print(f"Wrote {count(len(written), 'file')} to {out}")


def _monday(
    library: Library,
    week: str,
    settings: WeeklyConfig,
    seed: int,
    workers: int | None,
    out: Path | None,
    format: str,
    json: bool,
) -> None:
    """Make everybody's list, and say how it went."""
    from segue.engine.batch import make_all

    done = make_all(library, week, config=settings, seed=seed, workers=workers, out=out, format=format)
    if json:
        print_json(done._asdict() | {"a_second": done.a_second})
        return
    if done.already:
        print(f"{count(done.already, 'listener')} had a list of {week} already.")
    if done.made:
        print(
            f"{count(done.made, 'list')} for {week} in {done.seconds:,.0f} s; once all was read, "
            f"{done.a_second:,.0f} a second."
        )
    elif not done.already:
        print("There are no listeners in this library yet.")
    if out is not None and done.made:
        print(f"Wrote {count(done.made, 'file')} to {out}")


def _settings(config: Path | None, asked: dict[str, object]) -> WeeklyConfig:
    """The settings of the file, with what was asked for on the command line."""
    from pydantic import ValidationError

    from segue.playlists.weekly import WeeklyConfig
    from segue.settings import load_settings

    try:
        return WeeklyConfig.model_validate(load_settings(config).weekly.model_dump() | asked)
    except ValidationError as error:
        first = error.errors()[0]
        name = "--" + str(first["loc"][0]).replace("_", "-")
        raise UsageError(
            f"{name} cannot be {first['input']!r}", expected=first["msg"].removeprefix("Input should be ")
        ) from None


def _print_why_not(listener: str, found: Found, said: WhyNot, json: bool) -> None:
    """What every rule says of one track."""
    if json:
        print_json(
            {
                "listener": listener,
                "track": found._asdict(),
                "score": said.score,
                "rank": said.rank,
                "of": said.of,
                "rules": [verdict._asdict() for verdict in said.verdicts],
            }
        )
        return
    print(
        f"{found.name}: score {said.score:.2f} for {listener}, place {said.rank:,} of {said.of:,} new ones."
    )
    rows = [(v.rule, "out" if v.out else "passes", v.because) for v in said.verdicts[:-1]]
    print_table("What the rules say", ["rule", "", "why"], rows)
    print("It is not on the list." if said.verdicts[-1].out else "It is on the list.")


def print_playlist(playlist: Playlist) -> None:
    """Print one list for a person to read: by tastes, each track with its place in the list."""
    from rich.markup import escape
    from rich.table import Table

    from segue.playlists.reasons import without_side

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
    tastes = list(dict.fromkeys(entry.taste for entry in playlist.entries))
    for taste in sorted(tastes, key=lambda taste: taste is None):  # what is of none comes last
        if taste is not None:
            table.add_row("", f"[bold]{escape(taste)}[/bold]", "")
        for entry in (entry for entry in playlist.entries if entry.taste == taste):
            credit, title = entry.track.credit, entry.track.title
            table.add_row(
                str(entry.position),
                escape(credit if title is None else f"{credit} - {title}" if credit else title),
                escape(without_side(entry.reason or "", taste or "")),
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
                "chosen_by": entry.chosen_by,
                "taste": entry.taste,
            }
            for entry in playlist.entries
        ],
    }
