"""Forgetting a listener: out of the library, the models, the tastes and the weekly lists, and the proof.

First it is written down that they are gone (`library.forgotten`): from then on no job puts them back,
whatever it read of them before, and no import. Then each place is changed all or nothing. A kill leaves
some places done and the others as they were; the same call again goes on.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from segue import files
from segue.engine.schedule import FILE as ZONES
from segue.engine.schedule import forget_zone
from segue.engine.tastes import stored_tastes
from segue.errors import UsageError
from segue.library import Library
from segue.library.forgotten import ForgottenIds, as_file_name, as_word
from segue.library.search import drop_names
from segue.library.store import Writer
from segue.library.tables import TABLES
from segue.players import accounts, state
from segue.playlists.memory import Weeks
from segue.progress import progress
from segue.shelf import Shelf
from segue.shelf.names import shelf_of
from segue.tastes.changes import FILE, TasteChanges
from segue.tastes.storing import TasteWeeks
from segue.upkeep import traces
from segue.upkeep.forget_models import Removed, from_shelf

WAIT = 60.0  # seconds for which other writers are waited for
REJECT_TEXTS = ("source", "place", "reason")


class Forgotten(NamedTuple):
    """What became of a listener."""

    removed: list[Removed]
    left: list[traces.Trace]  # empty: nothing is left in any file of the library's folder
    files: int  # looked through, for `left`


def forget(
    library: Library, listener: str, *, dry_run: bool = False, wait: float = WAIT, known: bool = False
) -> Forgotten:
    """Remove a listener from everything in the library's folder, then look through every file in it.

    A playlist that is taken for a listener can be forgotten alike; whoever owns playlists is forgotten with
    them. The catalogue's facts of tracks stay, and so does what models learned from everybody together, until
    the next training.

    Args:
        library: whose folder to clear.
        listener: the id.
        dry_run: only say what would be removed.
        wait: seconds for which other writers are waited for.
        known: the listener is known elsewhere, as of a service whose plays are on their way into the library:
            they stay forgotten even if the library has nothing of them yet.

    Raises:
        UsageError: an id that nobody can have.
        BusyError: another process is writing there; what was not done yet is done by the next call.
        FormatError: a file is damaged, so that nobody can say whether it names them.
    """
    if not listener.strip() or "\0" in listener:
        raise UsageError("Nobody has such an id", got=repr(listener)[:80], hint="see `segue library`")
    shelf = Shelf(shelf_of(library).folder, wait=wait)
    weeks = Weeks(library.path / "weeks", wait=wait)
    tastes = TasteWeeks(stored_tastes(library).folder, wait=wait)
    with progress("Forgetting", 4) as advance:
        if dry_run:
            library.refresh()
            removed, gone = _planned(library, listener)
        else:
            removed, gone = _from_library(library, listener, wait, known)
        advance(1)
        removed += from_shelf(shelf, gone, listener, dry_run)
        advance(1)
        removed += [*_from_weeks(weeks, gone, dry_run), *_from_tastes(tastes, gone, dry_run)]
        removed += _from_taste_changes(TasteChanges(tastes.folder, wait=wait), gone, dry_run)
        if not dry_run:
            for place in (shelf, weeks, tastes):
                place.sweep()
        advance(1)
        looked, left = traces.search(library.path, listener)
    return Forgotten(removed, left, looked)


def _planned(library: Library, listener: str) -> tuple[list[Removed], ForgottenIds]:
    """What there is of a listener in the library, and who would be gone."""
    playlists = _playlists(library, listener)
    counts = {name: _count(library, name, c) for name, c in _conditions(library, listener, playlists).items()}
    removed = [Removed(name, "rows", count) for name, count in counts.items() if count]
    if forget_zone(library.path, listener, dry_run=True):
        removed.append(Removed(ZONES, "lines", 1))
    if players := state.forget(library.path, listener, dry_run=True):
        removed.append(Removed(accounts.FILE, "players", len(players)))
    removed += [Removed(p.relative_to(library.path).as_posix(), "damaged file", 1) for p in _damaged(library)]
    return removed, library.forgotten.read(anew=True).with_also(playlists)


def _from_library(
    library: Library, listener: str, wait: float, known: bool
) -> tuple[list[Removed], ForgottenIds]:
    """Write down who is gone, and drop their rows: what they played, said and own, and what imports and
    rejects tell of them. What was damaged and set aside goes too: nobody can say whether it names them."""
    with library.writing(wait=wait) as writer:  # which also sweeps away what earlier writes have left
        removed, planned = _planned(library, listener)
        playlists = _playlists(library, listener)
        sure = removed or known or library.forgotten.lost
        # Written down before anything is dropped: from here on no job and no import brings them back. After a
        # kill rows may be left, which the next call drops.
        gone = library.forgotten.add(playlists, wait) if sure else planned
        _drop(library, writer, _conditions(library, listener, playlists), {row.place for row in removed})
        forget_zone(library.path, listener)
        state.forget(library.path, listener, wait=wait)
        drop_names(library)
        for path in _damaged(library):
            files.remove(path)
    return removed, gone


def _drop(library: Library, writer: Writer, conditions: dict[str, ds.Expression], touched: set[str]) -> None:
    with library.reading():
        for name in touched & conditions.keys():
            library.check(name)
            parts = [str(part) for part in library.parts(name)]
            rows = ds.dataset(parts, TABLES[name]).scanner(filter=~conditions[name])
            writer.rewrite(name, rows.to_reader(), purge=True)


def _damaged(library: Library) -> list[Path]:
    return sorted(library.path.rglob(f"*{files.DAMAGED}"))


def _playlists(library: Library, listener: str) -> list[str]:
    """The listener's id, and the ids of the playlists they own."""
    found = {listener}
    if library.parts("playlists"):
        table = library.table("playlists")
        found |= set(library.arrow(table.filter(table.owner == listener))["playlist_id"].to_pylist())
    return sorted(found)


def _conditions(library: Library, listener: str, playlists: list[str]) -> dict[str, ds.Expression]:
    """For each table, which of its rows are the listener's."""
    own, field = pc.scalar(listener), pc.field
    ids = pa.array(playlists, pa.string())
    mentioned = [pc.match_substring_regex(field(c), as_word(listener)) for c in REJECT_TEXTS]
    known = {
        "listens": field("listener_id") == own,
        "told": field("listener_id") == own,
        "feedback": field("listener_id") == own,
        "exclusions": field("listener_id") == own,
        "playlists": field("playlist_id").isin(ids),
        "playlist_entries": field("playlist_id").isin(ids),
        "imports": (field("listener_id") == own)
        | pc.match_substring_regex(field("path"), as_file_name(listener)),
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
    library.check(name)
    with library.reading():
        return ds.dataset(parts).count_rows(filter=where) if parts else 0


def _from_weeks(weeks: Weeks, gone: ForgottenIds, dry_run: bool) -> Iterator[Removed]:
    for week in weeks.names():
        who = gone.among(weeks.listeners_with_list(week))
        if who:
            count = weeks.read(week, who).num_rows
            if not dry_run:
                weeks.forget(week, who)
            yield Removed(f"weeks/{week}", "tracks of their list", count)


def _from_tastes(weeks: TasteWeeks, gone: ForgottenIds, dry_run: bool) -> Iterator[Removed]:
    for week in weeks.names():
        kept = weeks.read(week)
        who = gone.among(map(str, kept[1].listeners)) if kept is not None else []
        if kept is not None and who:
            if not dry_run:
                weeks.forget(week, who)
            yield Removed(f"tastes/{week}", "tastes", sum(len(kept[1].tastes(each)) for each in who))


def _from_taste_changes(changes: TasteChanges, gone: ForgottenIds, dry_run: bool) -> Iterator[Removed]:
    who = gone.among(changes.every())
    if count := changes.forget(who, dry_run=dry_run):
        yield Removed(f"tastes/{FILE}", "changes of tastes", count)
