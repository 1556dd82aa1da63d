"""`segue files`: audio files at home, and which track each of them is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from segue.cli.families import family
from segue.cli.options import LIBRARY, JsonOption, LibraryOption, library_with
from segue.cli.printing import print_json, print_table
from segue.errors import NotFoundError, install
from segue.wording import count

if TYPE_CHECKING:
    from segue.library.collection.scanning import ScanReport
    from segue.library.collection.sounding import SoundReport

SHOWN = 20
REASONS, NAMED = 8, 5  # rows and names of what a scan prints
MostOption = Annotated[int, typer.Option("--most", "-n", min=1, help="Print so many at most.")]


def register(app: typer.Typer) -> None:
    """Add the verbs of this family."""
    verbs = {"list": list_, "missing": missing, "sounds": sounds, "forget": forget}
    app.add_typer(family(scan, verbs, name="scan", takes_names=True), name="files")


def scan(
    folder: Annotated[
        list[Path] | None,
        typer.Argument(help="Folders of audio files. [default: those scanned before]", show_default=False),
    ] = None,
    library: LibraryOption = LIBRARY,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes that read tags. [default: one a core]")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Look through folders of audio files, and find the track of the library that each one is.

    Reads FLAC, MP3, M4A, Ogg, Opus, WAV, AIFF and more. Only files that are new or changed are read; one that
    was renamed keeps what is known of it, one that is gone is forgotten. Stopped, it goes on where it was.
    What is matched to no track is looked at again at every scan, as the library may have learned more.

    Examples:

        segue files scan /srv/music
        segue files scan   # the same folders again
        segue files list --unmatched   # which files are no track of the library, and why
    """
    from segue.library.collection.scanning import scan as run

    opened = library_with(library)
    try:
        report = run(opened, folder or [], workers=workers or os.cpu_count() or 1)
    except ModuleNotFoundError as error:
        if error.name != "mutagen":
            raise
        raise NotFoundError("Tags of audio files need an extra", hint=install("players")) from None
    if json:
        print_json(vars(report))
    else:
        _print(report)


def list_(
    words: Annotated[
        list[str] | None,
        typer.Argument(help="Words of a path, a title or an artist. [default: all]", show_default=False),
    ] = None,
    library: LibraryOption = LIBRARY,
    unmatched: Annotated[
        bool, typer.Option("--unmatched", help="Only files that are no track of the library, and why.")
    ] = False,
    most: MostOption = SHOWN,
    json: JsonOption = False,
) -> None:
    """Print files, and the track that each one is.

    Examples:

        segue files list portishead
        segue files list --unmatched -n 100
    """
    from segue.library.collection.listing import listed

    rows, total = listed(library_with(library), words or [], unmatched=unmatched, most=most)
    if json:
        print_json(rows)
        return
    table = [
        (row["path"], row["artists"], row["title"], row["unmatched"] if unmatched else row["track_id"] or "-")
        for row in rows
    ]
    print_table("Files", ["path", "artists", "title", "why it is no track" if unmatched else "track"], table)
    _more(len(rows), total, "file")


def missing(
    listener: Annotated[
        str | None,
        typer.Argument(help="Whose listening. [default: everybody's]", show_default=False),
    ] = None,
    library: LibraryOption = LIBRARY,
    most: MostOption = SHOWN,
    json: JsonOption = False,
) -> None:
    """Print the songs that are played most and of which there is no file.

    Another version of a song, as of another release, counts as having it.

    Examples:

        segue files missing ana -n 50
    """
    from segue.library.collection.listing import played_without_file

    opened = library_with(library, [listener] if listener else [])
    rows, total = played_without_file(opened, listener, most)
    if json:
        print_json(rows)
        return
    table = [(row["plays"], row["artists"], row["title"], row["track_id"]) for row in rows]
    print_table("Played, and not among the files", ["plays", "artists", "title", "track"], table)
    _more(len(rows), total, "song")


def sounds(
    library: LibraryOption = LIBRARY,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes that listen. [default: one a core]")
    ] = None,
    most: Annotated[
        int | None,
        typer.Option(
            "--most", "-n", min=1, help="Listen to so many at most. [default: all]", show_default=False
        ),
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Try files again of which nothing could be measured.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Measure what files sound like: tempo, key, loudness, brightness, timbre, of a minute of each.

    The tracks that they are take it as their features, so that songs nobody listened to yet are known by
    their sound. Each file is listened to once, those that are tracks of the library first. Stopped, it goes
    on where it was. Needs the extra sound.

    Examples:

        segue files sounds
        segue files sounds --most 5000 --workers 2
    """
    from segue.library.collection.sounding import NEEDED
    from segue.library.collection.sounding import sounds as run

    opened = library_with(library)
    try:
        report = run(opened, workers=workers or os.cpu_count() or 1, most=most, again=again)
    except ModuleNotFoundError as error:
        if error.name not in NEEDED:
            raise
        raise NotFoundError("Listening to audio files needs an extra", hint=install("sound")) from None
    if json:
        print_json(vars(report))
    else:
        _print_sounds(report)


def forget(
    folder: Annotated[Path, typer.Argument(help="A folder that was scanned.")],
    library: LibraryOption = LIBRARY,
    json: JsonOption = False,
) -> None:
    """Leave a folder out from now on: its files are no longer known. Nothing in it is touched.

    Examples:

        segue files forget /mnt/old-disk
    """
    from segue.library.collection.scanning import forget_folder

    gone = forget_folder(library_with(library), folder)
    if json:
        print_json({"folder": folder, "files": gone})
    else:
        print(f"{count(gone, 'file')} under {folder} are no longer known.")


def _more(shown: int, total: int, noun: str) -> None:
    if shown < total:
        print(f"{shown:,} of {count(total, noun)}: --most {total} prints all.")


def _print_sounds(report: SoundReport) -> None:
    now = f"{count(report.heard, 'file')} measured in {report.seconds:,.1f} s"
    print(f"{now}, {report.before:,} before; {report.left:,} left.")
    print(f"{count(report.tracks, 'track is', 'tracks are')} known by the sound of a file.")
    reasons: dict[str, list[str]] = {}
    for path, why in report.unheard.items():
        reasons.setdefault(why, []).append(path)
    for why, paths in sorted(reasons.items(), key=lambda each: -len(each[1])):
        such = paths[0] if len(paths) == 1 else f"such as {paths[0]}"
        print(f"Not measured: {count(len(paths), 'file')} ({such}): {why}.")


def _print(report: ScanReport) -> None:
    told = ((report.new, "new"), (report.changed, "changed"), (report.moved, "moved"), (report.gone, "gone"))
    changes = ", ".join(f"{number:,} {what}" for number, what in told)
    print(f"{count(report.files, 'file')}: {changes}; {report.seconds:,.1f} s.")
    print(f"{count(report.matched, 'file is', 'files are')} {count(report.tracks, 'track')} of the library.")
    if report.unmatched:
        rows = [(number, reason) for reason, number in report.unmatched.items()]
        print_table("Files that are no track of the library", ["files", "why"], rows[:REASONS])
        if rest := sum(number for number, _ in rows[REASONS:]):
            print(f"... and {count(rest, 'file')} for {count(len(rows) - REASONS, 'more reason')}.")
        print(f"Which they are: segue files list --unmatched -n {sum(report.unmatched.values())}")
    for folder, why in report.unreadable.items():
        print(f"Not looked into: {folder}: {why}; what was known of it stays.")
    for name in report.strange[:NAMED]:
        print(f"Passed over, as its name is no UTF-8: {name}")
    if len(report.strange) > NAMED:
        print(f"... and {len(report.strange) - NAMED:,} more: segue files scan --json names all.")
