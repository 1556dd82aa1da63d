"""`segue import` and `segue formats`: listening data into a library."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from segue.cli.options import LIBRARY, JsonOption, LibraryOption
from segue.cli.printing import print_json, print_table
from segue.errors import FormatError, NotFoundError, UsageError
from segue.wording import count

if TYPE_CHECKING:
    from segue.library import Library
    from segue.library.importing import ImportReport
    from segue.library.of_another import OfAnother
    from segue.library.readers.base import ReadOptions


def register(app: typer.Typer) -> None:
    """Add the verbs of this family."""
    app.command("import")(import_)
    app.command()(formats)
    app.command()(withdraw)
    app.command()(split)


@dataclass(frozen=True)
class Reading:
    """How the files are to be read."""

    format: Annotated[
        str | None,
        typer.Option("--format", "-f", help="Take every file for this format (see `segue formats`)."),
    ] = None
    listener: Annotated[
        str, typer.Option(help="Whose listening it is, where a personal export does not say.")
    ] = "me"
    column: Annotated[
        list[str] | None,
        typer.Option(
            help="For a plain table, OUR_NAME=ITS_NAME, e.g. --column track=song. May be repeated; "
            "--column time= says that no column is the time."
        ),
    ] = None
    timezone: Annotated[str, typer.Option(help="Zone of times that come without one.")] = "UTC"
    bring_back: Annotated[
        list[str] | None,
        typer.Option(
            help="Somebody who asked to be forgotten and wants to come back. May be repeated.",
            show_default=False,
        ),
    ] = None

    def options(self) -> ReadOptions:
        """As readers take them.

        Raises:
            UsageError: a column is not mapped as OUR_NAME=ITS_NAME.
        """
        from segue.library.readers.base import ReadOptions

        return ReadOptions(
            listener=self.listener,
            columns=_mapping(self.column or []),
            timezone=self.timezone,
            bring_back=frozenset(self.bring_back or []),
        )


def import_(
    reading: Reading,
    path: Annotated[
        Path, typer.Argument(help="A file, a folder, or an archive (zip, tar, gz, zst, bz2, xz).")
    ],
    library: LibraryOption = LIBRARY,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="Leave broken files out and store the rest.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Import listening data: exports, archives, logs, plain tables, playlist files.

    The format is recognised. Importing the same file again stores nothing twice; rows that cannot be taken
    are kept with the reason in the library's table `rejects`. An import is stored whole or not at all. Rows
    of people who asked to be forgotten are left out.
    """
    from segue.library import Library
    from segue.library.importing import import_path

    options = reading.options()
    if not path.exists():  # else a library would be made for nothing
        raise NotFoundError(
            f"There is nothing at {path}", hint="give the path of a file, a folder or an archive"
        )
    opened = Library.open(library, create=True)
    report = import_path(
        opened,
        path,
        format=reading.format,
        options=options,
        keep_going=keep_going,
        workers=os.cpu_count() or 1,
    )
    if json:
        print_json(_as_dict(report))
    else:
        _print(report, opened)
        _what_lacks(opened)
    if report.refused:
        raise FormatError(
            f"{count(len(report.refused), 'file was', 'files were')} left out whole; the rest is stored",
            hint="mend or fetch those named above, and import again: nothing is stored twice",
        )
    if report.total.rejected == report.total.read > 0:
        raise FormatError(
            f"None of {count(report.total.read, 'row')} could be taken",
            hint="see why: segue library --rejects",
        )


def formats() -> None:
    """List the formats that `segue import` reads."""
    from segue.library.readers import READERS

    print_table("Formats", ["name", "what it is"], [(reader.name, reader.title) for reader in READERS])


def _mapping(pairs: list[str]) -> dict[str, str]:
    mapping = {}
    for pair in pairs:
        ours, equals, theirs = pair.partition("=")
        if not (equals and ours):
            raise UsageError(
                "A column is mapped as OUR_NAME=ITS_NAME", got=pair, hint="e.g. --column track=song"
            )
        mapping[ours] = theirs
    return mapping


def _as_dict(report: ImportReport) -> dict[str, object]:
    return {
        "path": report.path,
        "formats": report.formats,
        "total": report.total._asdict(),
        "kinds": {kind: count._asdict() for kind, count in report.counts.items() if count.read},
        "same_as": report.same_as,
        "new_tracks": report.tracks,
        "renamed_tracks": report.renamed,
        "without_durations": report.without_durations,
        "of_others": [same._asdict() for same in report.of_others],
        "of_the_forgotten": report.forgotten,
        "passed_over": [{"file": name, "reason": why} for name, why in report.passed_over],
        "refused": [{"file": name, "reason": why} for name, why in report.refused],
    }


def withdraw(
    source: Annotated[str, typer.Argument(help="As in the column `source`: 'lastfm', 'spotify-account'.")],
    library: LibraryOption = LIBRARY,
    listener: Annotated[str | None, typer.Option(help="Only what it told of this listener.")] = None,
    json: JsonOption = False,
) -> None:
    """Take back what a source told: its plays, counts, feedback and playlists.

    A play that other sources told as well stays, with what these said of it. Tracks stay known.
    """
    from segue.library import Library
    from segue.library.withdrawing import withdraw as take_back

    done = take_back(Library.open(library), source, listener=listener)
    if json:
        print_json(done._asdict())
        return
    print(f"Plays and counts that only {source} told are gone: {done.removed:,}.")
    print(f"Plays that others told as well stay, without what {source} said of them: {done.kept:,}.")
    print(f"Rows of feedback, playlists and their entries that are gone: {done.others:,}.")


def split(
    track: Annotated[str, typer.Argument(help="A track id, or words of its artists and title.")],
    source: Annotated[
        str | None,
        typer.Argument(help="Whose tellings are of another song: 'lastfm', 'spotify-account'."),
    ] = None,
    library: LibraryOption = LIBRARY,
    back: Annotated[bool, typer.Option("--back", help="Put a track that was split off back.")] = False,
    json: JsonOption = False,
) -> None:
    """Take back that two songs are one: what a source tells of a track becomes a track of its own.

    Later imports of that source keep to it. What several sources told of one play is matched anew.
    """
    from segue.library import Library
    from segue.library.search import find_tracks
    from segue.library.splitting import rejoin
    from segue.library.splitting import split as split_off

    if back == (source is not None):
        raise UsageError(
            "Which way is not clear", expected="a SOURCE, or --back", hint="segue split TRACK SOURCE"
        )
    opened = Library.open(library)
    found = find_tracks(opened, track, 1)[0]
    moved = split_off(opened, found.track_id, source) if source else rejoin(opened, found.track_id)
    if json:
        print_json(moved._asdict())
        return
    rows = count(moved.rows, "row is", "rows are")
    print(f"{found.name}: {rows} of the track {moved.track_id} now.")
    if source:
        print(f"To take that back: segue split '{moved.track_id}' --back")


def _what_lacks(library: Library) -> None:
    """Say what so few people's plays are good for, and what is needed for more."""
    from segue.library.few_listeners import MORE, plays_of, too_few

    if people := too_few(library):
        print(
            f"{plays_of(people)} can't tell what else there is; segue train and segue weekly still give "
            f"tastes, similar songs and favourites to hear again. {MORE}"
        )


def _already_there(report: ImportReport) -> list[str]:
    """What the plays that were there already are."""
    again = report.counts["listens"].already_there - sum(report.same_as.values())
    lines = [
        f"{count:,} listens are the same as a play from {source}." for source, count in report.same_as.items()
    ]
    return [*lines, f"{again:,} listens were imported before."] if lines and again else lines


def _of_another(same: OfAnother) -> str:
    """That a file may be under a wrong name, and how to take it back."""
    back = " and ".join(
        f"segue withdraw {source} --listener {quote(same.listener)}" for source in same.sources
    )
    many = "all" if same.plays == same.of else f"{same.plays:,} of the"
    return (
        f"Warning: {many} {count(same.of, 'play')} were in the library already, as plays of {same.other} "
        f"at the same moments. They are plays of {same.listener} now, too. If they are not, take back what "
        f"was told of {same.listener} from there: {back}"
    )


def _print(report: ImportReport, library: Library) -> None:
    from segue.library.few_listeners import OWN, playlists_alone

    rows = [(kind.replace("_", " "), *count) for kind, count in report.counts.items() if count.read]
    rows.append(("together", *report.total))
    title = f"{report.path.name}: {', '.join(report.formats)}"
    print_table(title, ["", "read", "stored", "already there", "rejected"], rows)
    for line in _already_there(report):
        print(line)
    print(f"{count(report.tracks, 'track is', 'tracks are')} new to the library.")
    if any(report.counts[kind].stored for kind in ("listens", "playlist_entries") if kind in report.counts):
        print(f"Next: {OWN}; then segue train" if playlists_alone(library) else "Next: segue train")
    elif not report.total.read:
        print("It is empty: there was nothing in it to import.")
    elif not report.total.stored:
        print("All of it was in the library already.")
    for same in report.of_others:
        print(_of_another(same))
    for source in report.without_durations:
        print(
            f"The durations that {source} tells differ from play to play, so they are not those of songs, "
            "and tell no two recordings of one name apart."
        )
    if report.renamed:
        print(
            f"The names of {count(report.renamed, 'track')} are compared otherwise than when this library "
            "was made. Songs that were taken for one then (in Hindi or Thai, remixes with different guests, "
            "C and C#) stay one here; to have them apart, import everything anew into another library."
        )
    if report.forgotten:
        print(f"{count(report.forgotten, 'row')} of people who asked to be forgotten: left out.")
    if report.total.rejected > report.forgotten:
        print("Why rows were rejected: segue library --rejects")
    for name, why in (*report.passed_over[:5], *report.refused):
        print(f"Not read: {name}: {why}")
    if len(report.passed_over) > 5:
        print(f"... and {count(len(report.passed_over) - 5, 'other file')} without listening data.")
