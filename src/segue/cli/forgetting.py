"""`segue forget`: somebody asks to be removed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from segue.cli.options import LIBRARY, JsonOption, LibraryOption
from segue.cli.printing import print_json, print_table
from segue.errors import SegueError, UsageError
from segue.wording import count

if TYPE_CHECKING:
    from segue.upkeep.forget import Forgotten


def register(app: typer.Typer) -> None:
    """Add the verbs of this family."""
    app.command()(forget)


def forget(
    listener: Annotated[str, typer.Argument(help="Who is to be forgotten: the id, exactly.")],
    library: LibraryOption = LIBRARY,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be removed; change nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json: JsonOption = False,
) -> None:
    """Remove a listener from the library, the models, the tastes and the weekly lists, and prove it.

    Gone are their plays, feedback, playlists, records of imports and rejected rows; their vectors in every
    version of every model; their tastes and lists of all weeks; their time zone. Then every file in the
    library's folder is looked through for their name. Stopped half-way, it goes on when it is called again.

    What stays: facts of tracks, and what models learned from everybody together, until the next `segue
    train`. Files outside the library's folder (exports, playlists written with --out, backups) are yours to
    delete. Importing a file of theirs again brings them back.
    """
    from segue.library import Library
    from segue.upkeep.forget import forget as run

    opened = Library.open(library)
    if not dry_run and not yes:
        planned = run(opened, listener, dry_run=True)
        if planned.removed or planned.left:
            if json or not sys.stdin.isatty():
                raise UsageError("Forgetting cannot be undone", do="add --yes, or look first with --dry-run")
            _print(listener, planned, dry_run=True)
            typer.confirm(f"Forget {listener}? It cannot be undone", abort=True)
    done = run(opened, listener, dry_run=dry_run)
    if json:
        print_json({"listener": listener, "dry_run": dry_run, **done._asdict()})
    else:
        _print(listener, done, dry_run)
    if done.left and not dry_run:
        raise SegueError(
            f"{listener} is still named in {done.left[0].file} ({done.left[0].where})",
            came=f"{count(sum(trace.count for trace in done.left), 'place')} in all",
            do="remove those files, and report this",
        )


def _print(listener: str, done: Forgotten, dry_run: bool) -> None:
    if done.removed:
        title = f"{'Would be removed' if dry_run else 'Removed'} of {listener}"
        print_table(title, ["where", "what", "how many"], done.removed)
    elif not done.left:
        print(f"Nothing of {listener!r} is in the library.")
    if dry_run:
        if done.removed:
            print("Nothing was changed.")
    elif not done.left:
        print(f"Looked through {count(done.files, 'file')}: nothing is left.")
