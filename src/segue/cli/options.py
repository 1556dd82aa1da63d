"""Options that several verbs share, so that they are named and explained once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

LibraryOption = Annotated[
    Path,
    typer.Option(
        "--library", "-l", envvar="SEGUE_LIBRARY", help="The folder of the library.", show_default=True
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        envvar="SEGUE_CONFIG",
        help="Settings (TOML). [default: segue.toml, if there is one]",
    ),
]
SeedOption = Annotated[int, typer.Option(help="Seed of everything random.")]

LIBRARY = Path("library")
