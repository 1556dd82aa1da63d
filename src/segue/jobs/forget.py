"""Forgetting a listener: out of the library, the models, the tastes and the weekly lists, and the proof.

Each place is changed all or nothing. A kill leaves some places done and the others as they were; the same
call again goes on. The library comes first, so that nothing can be made anew from it in between.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from segue.jobs import traces
from segue.jobs.schedule import FILE as ZONES
from segue.jobs.schedule import forget_zone
from segue.jobs.tastes import stored_tastes
from segue.jobs.train import shelf_of
from segue.library import Library
from segue.library.tables import TABLES
from segue.playlists.memory import Weeks
from segue.progress import progress
from segue.taste.storing import without

REJECT_TEXTS = ("source", "place", "reason")


class Removed(NamedTuple):
    """What was, or would be, removed in one place."""

    place: str  # "listens", "factors/2026...", "weeks/2026-W48"
    what: str  # "rows", "vectors", ...
    count: int


class Forgotten(NamedTuple):
    """What became of a listener."""

    removed: list[Removed]
    left: list[traces.Trace]  # empty: nothing is left in any file of the library's folder
    files: int  # looked through, for `left`


def forget(library: Library, listener: str, *, dry_run: bool = False) -> Forgotten:
    """Remove a listener from everything in the library's folder, then look through every file in it.

    A playlist that is taken for a listener can be forgotten alike. The catalogue's facts of tracks stay, and
    so does what models learned from everybody together, until the next training.

    Args:
        library: whose folder to clear.
        listener: the id.
        dry_run: only say what would be removed.

    Raises:
        BusyError: another process is writing there.
    """
    with progress("Forgetting", 4) as advance:
        removed = list(_from_library(library, listener, dry_run))
        advance(1)
        removed += _from_shelf(library, listener, dry_run)
        advance(1)
        removed += [*_from_weeks(library, listener, dry_run), *_from_tastes(library, listener, dry_run)]
        if forget_zone(library.path, listener, dry_run=dry_run):
            removed.append(Removed(ZONES, "lines", 1))
        if not dry_run:
            for place in (shelf_of(library), _weeks(library), stored_tastes(library)):
                place.sweep()
        advance(1)
        looked, left = traces.search(library.path, listener)
    return Forgotten(removed, left, looked)


def _from_library(library: Library, listener: str, dry_run: bool) -> Iterator[Removed]:
    """Rows of the tables: what they played, said and own, and what imports and rejects tell of them."""
    conditions = _conditions(library, listener)
    counts = {name: _count(library, name, where) for name, where in conditions.items()}
    if not dry_run:
        with library.writing() as writer:  # which also sweeps away what earlier writes have left
            for name, where in conditions.items():
                if counts[name]:
                    rows = ds.dataset([str(p) for p in library.parts(name)], TABLES[name]).scanner(
                        filter=~where
                    )
                    writer.rewrite(name, rows.to_reader(), purge=True)
    yield from (Removed(name, "rows", count) for name, count in counts.items() if count)


def _conditions(library: Library, listener: str) -> dict[str, ds.Expression]:
    """For each table, which of its rows are the listener's."""
    own, field = pc.scalar(listener), pc.field
    playlists = {listener}
    if library.parts("playlists"):
        table = library.table("playlists")
        mine = table.filter(table.owner == listener).select("playlist_id")
        playlists |= set(library.arrow(mine)["playlist_id"].to_pylist())
    ids = pa.array(sorted(playlists), pa.string())
    mentioned = [pc.match_substring_regex(field(c), traces.pattern(listener)) for c in REJECT_TEXTS]
    known = {
        "listens": field("listener_id") == own,
        "told": field("listener_id") == own,
        "feedback": field("listener_id") == own,
        "playlists": field("playlist_id").isin(ids),
        "playlist_entries": field("playlist_id").isin(ids),
        "imports": (field("listener_id") == own)
        | pc.match_substring_regex(field("path"), traces.in_name(listener)),
        "rejects": mentioned[0]
        | mentioned[1]
        | mentioned[2]
        | field("imported_at").isin(_rejected_at(library, listener)),
    }
    # A comparison with null is null, and neither a row to keep nor one to drop.
    return {name: pc.coalesce(where, pc.scalar(False)) for name, where in known.items()}


def _rejected_at(library: Library, listener: str) -> pa.Array:
    """Moments of the rejects that came with imports of this listener alone."""
    kind = TABLES["rejects"].field("imported_at").type
    if not (library.parts("imports") and library.parts("rejects")):
        return pa.array([], kind)
    imports = sorted(
        (row["imported_at"], row["listener_id"] or "")
        for row in library.arrow(library.table("imports")).to_pylist()
        if row["imported_at"] is not None
    )
    moments = [moment for moment, _ in imports]
    rejects = library.arrow(library.table("rejects").select("imported_at").distinct())
    # An import is written down in the same breath as, and after, what it rejected.
    theirs = []
    for moment in rejects["imported_at"].to_pylist():
        at = bisect_left(moments, moment) if moment is not None else len(imports)
        if at < len(imports) and imports[at][1] == listener:
            theirs.append(moment)
    return pa.array(theirs, kind)


def _count(library: Library, name: str, where: ds.Expression) -> int:
    parts = [str(path) for path in library.parts(name)]
    return ds.dataset(parts).count_rows(filter=where) if parts else 0


def _from_shelf(library: Library, listener: str, dry_run: bool) -> Iterator[Removed]:
    """Vectors of every version of every model; a version that cannot forget is removed whole."""
    from segue.factors.model import FactorModel

    def in_factors(folder: Path) -> dict[str, list[int]]:
        model = FactorModel.load(folder)
        if model.forget(listener):
            model.save(folder)
        return {"listeners": [len(model.listeners_), model.config.als.factors]}

    def in_blend(folder: Path) -> dict[str, list[int]]:
        from segue.taste.blend import SequenceBlend

        blend = SequenceBlend.load(folder)
        if blend.forget(listener):
            blend.save(folder)
        return {"songs": list(blend.network_.table().vectors.shape)}

    known = {
        "FactorModel": (in_factors, "vectors of theirs"),
        "SequenceBlend": (in_blend, "sequences of theirs"),
    }

    shelf = shelf_of(library)
    # All folders: a kill may have left versions of which none is the current one.
    names = sorted(path.name for path in shelf.folder.glob("[!.]*/")) if shelf.folder.is_dir() else []
    for name in names:
        for version in shelf.versions(name):
            _, found = traces.search(shelf.path(name, version), listener)
            if not found:
                continue
            forget_in, what = known.get(shelf.manifest(name, version).kind, (None, "whole versions"))
            if not dry_run:
                if forget_in is not None:
                    shelf.rewrite(name, version, forget_in)
                else:
                    shelf.remove(name, version)
            yield Removed(f"{name}/{version}", what, 1)


def _weeks(library: Library) -> Weeks:
    return Weeks(library.path / "weeks")


def _from_weeks(library: Library, listener: str, dry_run: bool) -> Iterator[Removed]:
    weeks = _weeks(library)
    for week in weeks.names():
        count = weeks.read(week, [listener]).num_rows
        if count:
            if not dry_run:
                weeks.forget(week, listener)
            yield Removed(f"weeks/{week}", "tracks of their list", count)


def _from_tastes(library: Library, listener: str, dry_run: bool) -> Iterator[Removed]:
    weeks = stored_tastes(library)
    for week in weeks.names():
        kept = weeks.read(week)
        if kept is None or listener not in kept[1].place:
            continue
        facts, profiles = kept
        if not dry_run:
            weeks.keep(week, without(profiles, listener), facts)
        yield Removed(f"tastes/{week}", "tastes", len(profiles.tastes(listener)))
