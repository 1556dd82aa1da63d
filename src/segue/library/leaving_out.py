"""Who asked to be forgotten does not come back by an import, unless that is asked for."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, NamedTuple

from segue.library.forgotten import ForgottenIds, as_word

if TYPE_CHECKING:
    import duckdb

_NAMED = """
SELECT listener_id FROM staged_listens UNION SELECT listener_id FROM staged_feedback
UNION SELECT owner FROM staged_playlists UNION SELECT playlist_id FROM staged_playlists
UNION SELECT playlist_id FROM staged_playlist_entries
"""
# Where somebody can be named who has no row: a file that is theirs, a row of which nothing could be read.
_TOLD = """
SELECT DISTINCT name FROM staged_rejects JOIN entries USING (entry)
UNION SELECT DISTINCT place FROM staged_rejects UNION SELECT DISTINCT reason FROM staged_rejects
"""
# Which rows of each kind stay; `gone_names` holds the names.
_STAY = {
    "listens": "listener_id NOT IN (FROM gone_names)",
    "feedback": "listener_id NOT IN (FROM gone_names)",
    "playlists": "playlist_id NOT IN (FROM gone_names)",
    "playlist_entries": "playlist_id NOT IN (FROM gone_names)",
    "rejects": """NOT regexp_matches(concat_ws(' ', place, reason), $words)
                  AND entry NOT IN (SELECT entry FROM entries WHERE regexp_matches(name, $words))""",
}


class LeftOut(NamedTuple):
    """What of an import was left out."""

    gone: ForgottenIds = ForgottenIds()  # who is, after the import
    back: list[str] = []  # noqa: RUF012 - who comes back, for it was asked for
    rows: int = 0
    left: bool = True  # whether anything else is there


def leave_out(work: duckdb.DuckDBPyConnection, gone: ForgottenIds, bring_back: Collection[str]) -> LeftOut:
    """Take the rows of who is `gone` out of the views `staged_*`, but for those in `bring_back`."""
    if not gone:
        return LeftOut()
    owned = dict(work.execute("SELECT playlist_id, owner FROM staged_playlists").fetchall())
    named = gone.among(name for (name,) in work.execute(_NAMED).fetchall() if name is not None)
    for (text,) in work.execute(_TOLD).fetchall():
        named = sorted({*named, *gone.named_in(text)})
    back = [name for name in named if name in bring_back or owned.get(name) in bring_back]
    out = set(named) - set(back)
    names = sorted(out | {playlist for playlist, owner in owned.items() if owner in out})
    if not names:
        return LeftOut(gone.without(back), back)
    work.execute("CREATE TABLE gone_names (name VARCHAR)")
    work.executemany("INSERT INTO gone_names VALUES (?)", [[name] for name in names])
    words = "|".join(as_word(name) for name in names)
    rows, left = 0, 0
    for kind, stays in _STAY.items():
        where = stays.replace("$words", "'" + words.replace("'", "''") + "'")
        work.execute(f"ALTER VIEW staged_{kind} RENAME TO all_{kind}")
        work.execute(f"CREATE VIEW staged_{kind} AS FROM all_{kind} WHERE {where}")
        (told,), (stay,) = (
            work.execute(f"SELECT count(*) FROM {each}_{kind}").fetchall()[0] for each in ("all", "staged")
        )
        rows, left = rows + told - stay, left + stay
    facts = work.execute("SELECT count(*) FROM staged_track_facts").fetchall()[0][0]
    return LeftOut(gone.without(back), back, rows, left + facts > 0)
