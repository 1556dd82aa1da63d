"""A town made up and written into a library, with its picture and, apart from it, its truth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from segue.errors import UsageError
from segue.files import refuse_read_only
from segue.library import Library
from segue.progress import progress

if TYPE_CHECKING:
    from segue.town.town import Batch


def write_town(
    path: Path,
    name: str,
    seed: int,
    changes: dict[str, Any],
    truth: Path | None = None,
    page: Path | None = None,
) -> dict[str, Any]:
    """Build a town and write its listening into a new library at `path`; returns a summary.

    Args:
        path: the library's folder.
        name: of the town.
        seed: the same seed and settings give the same bytes.
        changes: settings other than the named town's.
        truth: folder for what is true of the town.
        page: HTML file for its picture.

    Raises:
        NotFoundError: there is no town of that name.
        UsageError: a setting is out of range, or the library holds listening already.
    """
    from segue.town import TownConfig, build
    from segue.town.picture import draw_town
    from segue.town.truth import keep_apart

    config = TownConfig.named(name, **changes)
    library = Library.open(path, create=True)
    refuse_read_only(path, "library")
    if library.count("listens"):
        raise UsageError(f"The library {path} is not empty", hint="a town needs a library of its own")
    if truth is not None:
        keep_apart(truth)
    town = build(config, seed)
    seen: list[Batch] = []  # the first batch of listeners is enough for a picture

    def watch(batch: Batch) -> None:
        seen.extend([batch] if not seen else [])

    with progress("Living", town.config.listeners) as advance:
        counts = town.write(library, advance, watch)
    if truth is not None:
        town.save_truth(truth)
    if page is not None:
        draw_town(town, seen[0]).write(page)
    return town.summary() | counts
