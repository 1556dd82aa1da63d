"""`segue models`, `models rollback`, `models prune`: trained models and their versions."""

from __future__ import annotations

from typing import Annotated

import typer

from segue.cli.families import family
from segue.cli.options import LIBRARY, JsonOption, LibraryOption
from segue.cli.printing import print_json, print_table
from segue.wording import count

ModelArgument = Annotated[str, typer.Argument(help="Of which model, as `segue models` names it.")]


def register(app: typer.Typer) -> None:
    """Add the verbs of this family."""
    others = {"rollback": rollback, "prune": prune}
    older = {"--rollback": "rollback VALUE", "--prune": "prune VALUE"}
    app.add_typer(family(models, others, name="list", older=older), name="models")


def models(
    library: LibraryOption = LIBRARY,
    verify: Annotated[bool, typer.Option("--verify", help="Check every file against its checksum.")] = False,
    json: JsonOption = False,
) -> None:
    """List the trained models and their versions.

    Examples:

        segue models --verify
        segue models rollback factors   # to the version before
    """
    from segue.library import Library
    from segue.shelf.names import shelf_of

    shelf = shelf_of(Library.open(library))
    rows = []
    for name in shelf.names():
        for version in shelf.versions(name):
            if verify:
                shelf.verify(name, version)
            manifest = shelf.manifest(name, version)
            size = sum(file.bytes for file in manifest.files.values())
            shapes = ", ".join(f"{key} {'x'.join(map(str, shape))}" for key, shape in manifest.shapes.items())
            rows.append((name, version, version == shelf.current(name), size / 1e6, shapes, manifest.data))
    columns = ["model", "version", "current", "MB", "shapes", "learned from"]
    if json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
    elif rows:
        print_table("Models" + (", all files as published" if verify else ""), columns, rows)
    else:
        print("No model is trained yet: segue train")


def rollback(
    model: ModelArgument,
    to: Annotated[str | None, typer.Option(help="The version. [default: the one before]")] = None,
    library: LibraryOption = LIBRARY,
) -> None:
    """Make another version of a model current."""
    from segue.library import Library
    from segue.shelf.names import shelf_of

    print(f"{model} is now {shelf_of(Library.open(library)).rollback(model, to)}")


def prune(
    model: ModelArgument,
    keep: Annotated[int, typer.Option(min=1, help="How many versions are kept.")] = 3,
    library: LibraryOption = LIBRARY,
) -> None:
    """Remove old versions of a model."""
    from segue.library import Library
    from segue.shelf.names import shelf_of

    removed = shelf_of(Library.open(library)).prune(model, keep)
    print(f"Removed {count(len(removed), 'version')} of {model}" + "".join(f"\n  {name}" for name in removed))
