"""`segue doctor` and `segue config`: is everything in order, and what is set."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from segue.cli.families import family
from segue.cli.options import LIBRARY, ConfigOption, JsonOption, LibraryOption
from segue.cli.printing import print_json, print_table
from segue.errors import SegueError, install

EXTRAS = {
    "pictures": ("vl-convert-python",),
    "taste": ("lightgbm",),
    "neighbours": ("faiss-cpu",),
    "voyager": ("voyager",),
    "annoy": ("annoy",),
    "world": ("gymnasium",),
    "tune": ("optuna",),
    "spark": ("pyspark",),
}
Check = tuple[str, str, str]  # what, "ok" / "missing" / "wrong", detail


def register(app: typer.Typer) -> None:
    """Add the verbs of this family."""
    app.command()(doctor)
    app.add_typer(family(show, {"init": init}, name="show"), name="config")


def doctor(
    library: LibraryOption = LIBRARY,
    config: ConfigOption = None,
    repair: Annotated[
        bool,
        typer.Option(
            "--repair",
            help="Do what is safe: sweep up after kills, turn from a damaged model to a whole version, "
            "set damaged files aside that can be made anew.",
        ),
    ] = False,
    json: JsonOption = False,
) -> None:
    """Check the installation, the settings, and every file in the library's folder; say what to do.

    Exits with 1 if something is wrong; a missing extra is not.
    """
    checks = [*_installation(), *_settings(config), *_library(library, repair)]
    if json:
        print_json([dict(zip(("what", "state", "detail"), check, strict=True)) for check in checks])
    else:
        print_table("Segue", ["", "", ""], checks)
    if any(state == "wrong" for _, state, _ in checks):
        raise typer.Exit(1)


def show(config: ConfigOption = None) -> None:
    """Print all settings as TOML, each under what it means.

    Examples:

        segue config
        segue config show --config other.toml
    """
    from segue.settings import as_toml, load_settings

    print(as_toml(load_settings(config)), end="")


def init(
    path: Annotated[Path, typer.Argument(help="The file to write.", show_default=True)] = Path("segue.toml"),
) -> None:
    """Write a file with all settings at their defaults, each under what it means; never over another file.

    Examples:

        segue config init
        segue config init /srv/music/segue.toml
    """
    from segue.errors import UsageError
    from segue.files import write_text
    from segue.settings import Settings, as_toml

    if path.exists():
        raise UsageError(f"{path} is there already", hint="name another file, or remove it")
    write_text(path, as_toml(Settings.model_construct()))
    print(f"Wrote {path}. Keep the lines that you change; what is not named keeps its default.")


def _installation() -> Iterator[Check]:
    from segue import __version__

    yield "segue", "ok", f"{__version__} on Python {platform.python_version()}, {os.cpu_count()} cores"
    for name in ("numpy", "scipy", "numba", "duckdb", "ibis-framework", "pyarrow", "altair"):
        yield name, "ok", _version(name) or "?"
    for extra, distributions in EXTRAS.items():
        lacking = [name for name in distributions if not _version(name)]
        if lacking:
            yield f"extra {extra}", "missing", f"{install(extra)} (no {', '.join(lacking)})"
        else:
            versions = ", ".join(f"{name} {_version(name)}" for name in distributions)
            yield f"extra {extra}", "ok", versions


def _version(distribution: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version  # a tenth of the time that --help takes

    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def _settings(path: Path | None) -> Iterator[Check]:
    from segue.settings import FILE, load_settings

    try:
        load_settings(path)
    except SegueError as error:
        yield "settings", "wrong", str(error)
    else:
        file = path or FILE
        yield (
            "settings",
            "ok",
            str(file) if file.exists() else "the defaults; segue config init writes them",
        )


def _library(path: Path, repair: bool) -> Iterator[Check]:
    if not path.exists():
        yield "library", "missing", f"nothing at {path}; segue import PATH --library {path}"
        return
    from segue.upkeep.health import examine, sweep

    for found in list(examine(path)):
        done = None
        if repair and found.repair is not None:
            try:
                done = found.repair()
            except SegueError as error:
                yield found.what, "wrong", f"not repaired: {error}"
        yield (found.what, found.state, found.detail) if done is None else (found.what, "repaired", done)
    if repair:
        try:
            sweep(path)
        except SegueError as error:
            yield "left by kills", "wrong", str(error)
