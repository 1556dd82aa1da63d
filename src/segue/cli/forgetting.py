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
    from pathlib import Path

    from segue.upkeep.forget import Forgotten
    from segue.upkeep.forget_models import Removed


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
    version of every model; their tastes and lists of all weeks; their time zone; what the service keeps of
    them. Then every file in the library's folder is looked through for their name. Stopped half-way, it goes
    on when it is called again.

    What stays: facts of tracks, and what models learned from everybody together, until the next `segue
    train`. Files outside the library's folder (exports, playlists written with --out, backups) are yours to
    delete. Importing a file of theirs again leaves them out, until `segue import --bring-back` names them.
    """
    from segue.library import Library
    from segue.upkeep.forget import forget as run

    opened = Library.open(library)
    if not dry_run and not yes:
        planned = _with_service(library, listener, run(opened, listener, dry_run=True))
        if planned.removed or planned.left:
            if json or not sys.stdin.isatty():
                raise UsageError(
                    "Forgetting cannot be undone", hint="add --yes, or look first with --dry-run"
                )
            _print(listener, planned, dry_run=True)
            typer.confirm(f"Forget {listener}? It cannot be undone", abort=True)
    kept = _in_service(library, listener, dry_run)
    done = run(opened, listener, dry_run=dry_run, known=bool(kept))
    done = done._replace(removed=[*done.removed, *kept])
    if json:
        print_json({"listener": listener, "dry_run": dry_run, **done._asdict()})
    else:
        _print(listener, done, dry_run)
    if done.left and not dry_run:
        raise SegueError(
            f"{listener} is still named in {done.left[0].file} ({done.left[0].where})",
            got=f"{count(sum(trace.count for trace in done.left), 'place')} in all",
            hint="look into it: what is not Segue's own is yours to keep or remove; else please report this",
        )


def _in_service(library: Path, listener: str, dry_run: bool) -> list[Removed]:
    """What the service's database has, or had, of a listener."""
    from segue.settings import load_settings

    url = load_settings().service.database
    if url is None and not (library / "service.sqlite").exists():
        return []
    from segue.service.erasing import erase_in
    from segue.upkeep.forget_models import Removed

    counts = erase_in(library, url, listener, dry_run=dry_run)
    return [Removed(f"service: {table}", "rows", count) for table, count in counts.items()]


def _with_service(library: Path, listener: str, planned: Forgotten) -> Forgotten:
    """What would be removed, with what the service has."""
    removed = [*planned.removed, *_in_service(library, listener, True)]
    return planned._replace(removed=removed)


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
