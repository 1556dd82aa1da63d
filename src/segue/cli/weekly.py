"""`segue weekly`, `weekly all`, `weekly guest`, `weekly why-not`: this week's lists of new tracks."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from segue.cli.families import family
from segue.cli.options import (
    LIBRARY,
    EngineOption,
    JsonOption,
    LibraryOption,
    asked_week,
    library_with,
)
from segue.cli.printing import console, print_json, print_table
from segue.cli.weekly_options import Files, Wishes
from segue.errors import UsageError
from segue.wording import count

if TYPE_CHECKING:
    from segue.library import Library
    from segue.library.search import Found
    from segue.playlists.playlist import Playlist
    from segue.playlists.why_not import WhyNot

SHOWN = 3  # listeners whose lists are printed where nobody is named


def register(app: typer.Typer) -> None:
    """Add the verbs of this family."""
    others = {"all": everybody, "guest": guest, "why-not": why_not}
    older = {"--all": "all", "--newcomer": "guest", "--like": "guest VALUE", "--why-not": "why-not VALUE"}
    app.add_typer(family(weekly, others, name="for", older=older, takes_names=True), name="weekly")


def weekly(
    wishes: Wishes,
    files: Files,
    listener: Annotated[
        list[str] | None, typer.Argument(help="For whom. [default: everybody]", show_default=False)
    ] = None,
    library: LibraryOption = LIBRARY,
    json: JsonOption = False,
) -> None:
    """Make the weekly lists: tracks new to each listener from all their tastes, each with its reason.

    The same library, models, seed and week give the same lists; tracks of the weeks before do not come again.
    A list holds one version of a song and few tracks of an artist or album, never what was banned; if that
    leaves too little, it says which rule gave way.

    Examples:

        segue weekly ana   # ana's list of this week
        segue weekly ana --familiar 0 -n 50   # fifty tracks, all of them new to her
        segue weekly --out playlists   # everybody's, as files
        segue weekly ana --format m3u8 > ana.m3u8
        segue weekly for all   # the list of a listener who is called all
    """
    files.refuse_unknown()
    week, named = asked_week(wishes.week), listener or []
    files.refuse_to_print(len(named) or 1)
    opened = library_with(library, named)
    from segue.engine import Engine
    from segue.engine.keeping import to_be_kept
    from segue.engine.weekly import weekly as run
    from segue.playlists.memory import Weeks

    settings = wishes.settings()
    had = set[str]()
    if wishes.special and wishes.keeps:
        weeks = Weeks(opened.path / "weeks")
        had = set(to_be_kept(weeks, week, sorted(weeks.listeners_with_list(week))))
    lists = run(
        Engine(opened, tastes=wishes.tastes()),
        week,
        listeners=named or None,
        config=settings,
        seed=wishes.seed,
        trial=wishes.trial(),
        keep=wishes.keeps,
    )
    if json:
        files.write(lists, tell=False)
        print_json([_as_dict(playlist) for playlist in lists])
        return
    if files.printed:
        files.refuse_to_print(len(lists))
        files.print(lists[0])
        return
    for playlist in lists if named else lists[:SHOWN]:
        print_playlist(playlist)
        _tell_other_media(opened, playlist, settings.medium)
    if not named:
        full = sum(len(playlist.entries) == settings.tracks for playlist in lists)
        print(f"{count(len(lists), 'list')} for {week}, {full:,} with all {count(settings.tracks, 'track')}.")
    if not named and len(lists) > SHOWN:
        more = "" if files.out is not None else ", or write files with --out FOLDER"
        print(f"The first {SHOWN} are shown; name a listener to see theirs{more}.")
    files.write(lists, tell=True)
    if changed := len(had.intersection(each.listener for each in lists)):
        print(f"In the place of {count(changed, 'list')} of {week}; without options these come anew.")
    if lists and not wishes.keeps:
        print(f"Not kept as the list of {week}; for that, set medium under [weekly] in segue.toml.")


def _tell_other_media(library: Library, playlist: Playlist, medium: str) -> None:
    """How a list is had of what the listener plays, where the one that was asked for is of something else."""
    if any(entry.taste for entry in playlist.entries):
        return  # a taste is of what was played of it
    from segue.engine.few_listeners import media_instead

    other = media_instead(library, playlist.listener, medium)
    if other and not any(entry.track.medium == other[0] for entry in playlist.entries):
        print(f"  For a list of {other[0]}s: segue weekly {quote(playlist.listener)} --medium {other[0]}\n")


def guest(
    wishes: Wishes,
    files: Files,
    track: Annotated[
        list[str] | None,
        typer.Argument(help="Tracks they like, as 'artist - title' or an id.", show_default=False),
    ] = None,
    title: Annotated[
        str | None,
        typer.Option(help="What the list is called: it holds what playlists called like it hold."),
    ] = None,
    library: LibraryOption = LIBRARY,
    json: JsonOption = False,
) -> None:
    """Make a list for somebody who is not in the library, from tracks they like or a title; nothing is kept.

    Without either it is a list for somebody of whom nothing is known.

    Examples:

        segue weekly guest "portishead - roads" "massive attack - teardrop"
        segue weekly guest --title "rainy sunday"   # as playlists called like this
        segue weekly guest
    """
    files.refuse_unknown()
    week = asked_week(wishes.week)
    opened = library_with(library)
    from segue.engine import Engine

    playlist, understood = Engine(opened, tastes=wishes.tastes()).weekly_for_guest(
        track or [], week, title=title, config=wishes.settings(), seed=wishes.seed
    )
    files.write([playlist], tell=False)
    if json:
        print_json([_as_dict(playlist)])
        return
    if files.printed:
        files.print(playlist)
        return
    if understood:
        print("From " + "; ".join(found.name for found in understood))
    print_playlist(playlist)
    if files.out is not None:
        print(f"Wrote 1 file to {files.out}")


def why_not(
    wishes: Wishes,
    listener: Annotated[str, typer.Argument(help="Whose list.")],
    track: Annotated[str, typer.Argument(help="A track, as 'artist - title' or an id.")],
    library: LibraryOption = LIBRARY,
    json: JsonOption = False,
) -> None:
    """Print what every rule says of a track for a listener; no list is made.

    Examples:

        segue weekly why-not ana "adele - hello"
    """
    week = asked_week(wishes.week)
    opened = library_with(library, [listener])
    from segue.engine import Engine
    from segue.engine.keeping import refuse_before_first_play

    refuse_before_first_play(opened, week, [listener])
    engine = Engine(opened, tastes=wishes.tastes())
    found, verdicts = engine.why_not(listener, track, week, config=wishes.settings(), seed=wishes.seed)
    _print_why_not(listener, found, verdicts, json)


def everybody(
    wishes: Wishes,
    files: Files,
    library: LibraryOption = LIBRARY,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes. [default: one a core]")] = None,
    engine: EngineOption = None,
    json: JsonOption = False,
) -> None:
    """Make everybody's list who has none this week, on all cores: the Monday job.

    Stopped, it goes on where it was; lists are kept, not printed.

    Examples:

        segue weekly all --out playlists
        segue weekly all --workers 4 --week 2026-W48
        segue weekly all --engine spark://host:7077   # the library's folder is reached by all machines
    """
    files.refuse_unknown()
    if files.printed:
        raise UsageError("The lists of everybody are kept, not printed", hint="--out FOLDER")
    week = asked_week(wishes.week)
    opened = library_with(library)
    from segue.engine.batch import BatchConfig, make_all
    from segue.settings import load_settings

    if not wishes.keeps:
        raise UsageError(
            "Lists of another medium are made beside those of the week, and not kept",
            hint=f"segue weekly --medium {wishes.medium} --out FOLDER; or set medium in segue.toml",
        )
    config = BatchConfig(
        weekly=wishes.settings(),
        tastes=load_settings(wishes.config).tastes,
        trial=wishes.trial(),
        seed=wishes.seed,
        workers=workers,
        engine=engine,
        out=files.out,
        format=files.suits,
        places=files.places,
    )
    done = make_all(opened, week, config)
    if json:
        print_json(done._asdict() | {"a_second": done.a_second})
        return
    if done.already:
        print(f"{count(done.already, 'listener')} had a list of {week} already.")
    if done.later:
        print(
            f"{count(done.later, 'listener')} had a list of a later week, so none of {week} is kept for them."
        )
    if done.made:
        print(
            f"{count(done.made, 'list')} for {week} in {done.seconds:,.0f} s; once all was read, "
            f"{done.a_second:,.0f} a second."
        )
    elif not done.already and not done.later:
        print("There are no listeners in this library yet.")
    if files.out is not None and done.made:
        print(f"Wrote {count(done.made, 'file')} to {files.out}")


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
    place = f"it stands at place {said.rank:,} of the {said.of:,} tracks that are new to them"
    print(f"{found.name} for {listener}: {place if said.new else 'it was heard before'}.")
    *rules, last = said.verdicts
    telling = sorted((v for v in rules if v.out or v.because), key=lambda v: not v.out)
    if telling:
        rows = [(v.rule, "out" if v.out else "passes", v.because) for v in telling]
        print_table("What the rules say", ["rule", "", "why"], rows)
    if silent := [v.rule for v in rules if v not in telling]:
        print(f"It passes {'the others' if telling else 'every rule'}: {', '.join(silent)}.")
    print("It is not on the list." if last.out else "It is on the list.")


def print_playlist(playlist: Playlist) -> None:
    """Print one list for a person to read: by tastes, each track with its place in the list."""
    from rich.markup import escape
    from rich.table import Table

    from segue.playlists.reasons import without_side

    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(justify="right")
    table.add_column(ratio=2)
    table.add_column(ratio=3, style="dim")
    reasons = {entry.reason for entry in playlist.entries}
    same = reasons.pop() if len(reasons) == 1 and len(playlist.entries) > 1 else None  # told once
    groups = playlist.by_taste()
    for heading, entries in groups:
        if heading:
            table.add_row("", f"[bold]{escape(heading)}[/bold]", "")
        for entry in entries:
            credit, title = entry.track.credit, entry.track.title
            table.add_row(
                str(entry.position),
                escape(credit if title is None else f"{credit} - {title}" if credit else title),
                "" if same else escape(without_side(entry.reason or "", heading)),
            )
    if same:
        print(same)
    out = console()
    # Not as the table's title, which breaks where the table is narrow.
    out.print(f"[bold]{escape(f'{playlist.title} for {playlist.listener}')}[/bold]", soft_wrap=True)
    out.print(table)
    if len(groups) > 1:
        print("  Shown by taste; the numbers are the order in which it plays.")
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
