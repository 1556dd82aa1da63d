"""`segue doctor` and `segue config`: is everything in order, and what is set."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from collections.abc import Iterator
from pathlib import Path

import typer

from segue.cli.options import LIBRARY, ConfigOption, JsonOption, LibraryOption
from segue.cli.printing import print_json, print_table
from segue.errors import SegueError, install

EXTRAS = {
    "taste": ("jax", "equinox", "optax", "gensim"),
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
    app.command()(config)


def doctor(library: LibraryOption = LIBRARY, config: ConfigOption = None, json: JsonOption = False) -> None:
    """Check the installation, the settings, the library and the shelf, and say what to do.

    Exits with 1 if something is wrong; a missing extra is not.
    """
    checks = [*_installation(), *_settings(config), *_library(library)]
    if json:
        print_json([dict(zip(("what", "state", "detail"), check, strict=True)) for check in checks])
    else:
        print_table("Segue", ["", "", ""], checks)
    if any(state == "wrong" for _, state, _ in checks):
        raise typer.Exit(1)


def config(config: ConfigOption = None) -> None:
    """Print all settings as TOML, each under what it means: `segue config > segue.toml`."""
    from segue.settings import as_toml, load_settings

    print(as_toml(load_settings(config)), end="")


def _installation() -> Iterator[Check]:
    from segue import __version__

    yield "segue", "ok", f"{__version__} on Python {platform.python_version()}, {os.cpu_count()} cores"
    for name in ("numpy", "scipy", "numba", "duckdb", "ibis-framework", "pyarrow", "altair"):
        yield name, "ok", importlib.metadata.version(name)
    for extra, distributions in EXTRAS.items():
        lacking = [name for name in distributions if not _version(name)]
        if lacking:
            yield f"extra {extra}", "missing", f"{install(extra)} (no {', '.join(lacking)})"
        else:
            versions = ", ".join(f"{name} {_version(name)}" for name in distributions)
            yield f"extra {extra}", "ok", versions


def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def _settings(path: Path | None) -> Iterator[Check]:
    from segue.settings import FILE, load_settings

    try:
        load_settings(path)
    except SegueError as error:
        yield "settings", "wrong", str(error)
    else:
        file = path or FILE
        yield "settings", "ok", str(file) if file.exists() else "the defaults; segue config > segue.toml"


def _library(path: Path) -> Iterator[Check]:
    from segue.jobs.train import shelf_of
    from segue.library import Library

    if not path.exists():
        yield "library", "missing", f"nothing at {path}; segue import PATH --library {path}"
        return
    try:
        library = Library.open(path)
        rows = {name: library.count(name) for name in ("listens", "playlist_entries", "tracks")}
        yield "library", "ok", f"{path}: " + ", ".join(f"{n:,} {name}" for name, n in rows.items())
        if not os.access(path, os.W_OK):
            yield "library", "wrong", f"{path} cannot be written to"
        shelf = shelf_of(library)
        for name in shelf.names():
            shelf.verify(name)
            fresh = shelf.manifest(name).data == library.fingerprint()
            yield (
                f"model {name}",
                "ok",
                shelf.current(name) + ("" if fresh else "; the library has changed since"),
            )
        if not shelf.names():
            yield "models", "missing", "none is trained: segue train"
    except SegueError as error:
        yield "library", "wrong", str(error)
