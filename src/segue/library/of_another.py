"""Whether what is imported for one listener is what another has played already: a file under a wrong name."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import duckdb

FEWEST = 3  # plays of one moment below which chance, or a party, tells as much


class OfAnother(NamedTuple):
    """Plays of an import that another listener of the library has at the same moments."""

    listener: str  # for whom they were imported
    other: str  # who has them
    plays: int  # how many
    of: int  # plays with a time that the import has of the listener
    sources: tuple[str, ...]  # that told them of the listener


def of_others(work: duckdb.DuckDBPyConnection) -> list[OfAnother]:
    """Listeners of `new_listens` most of whose plays are another's in `listens`: the same tracks and times.

    Where several have them, the one who has most.
    """
    rows = work.execute(_SAME, {"fewest": FEWEST}).fetchall()
    return [OfAnother(who, other, plays, of, tuple(sources)) for who, other, plays, of, sources in rows]


_SAME = """
WITH theirs AS (
    SELECT DISTINCT listener_id, track_id, started_at
    FROM listens SEMI JOIN (FROM new_listens WHERE started_at IS NOT NULL) USING (track_id, started_at)
), concerned AS (
    SELECT DISTINCT mine.listener_id
    FROM new_listens mine JOIN theirs USING (track_id, started_at)
    WHERE mine.listener_id <> theirs.listener_id
), timed AS (
    SELECT DISTINCT listener_id, track_id, started_at, source
    FROM new_listens SEMI JOIN concerned USING (listener_id) WHERE started_at IS NOT NULL
), same AS (
    SELECT timed.listener_id, theirs.listener_id AS other, count(*) AS plays,
           list_sort(list_distinct(list(timed.source))) AS sources
    FROM timed JOIN theirs USING (track_id, started_at)
    WHERE timed.listener_id <> theirs.listener_id GROUP BY ALL
), whole AS (SELECT listener_id, count(*) AS n FROM timed GROUP BY ALL)
SELECT listener_id, other, plays, n, sources FROM same JOIN whole USING (listener_id)
WHERE plays >= $fewest AND plays > n / 2
QUALIFY row_number() OVER (PARTITION BY listener_id ORDER BY plays DESC, other) = 1
ORDER BY listener_id
"""
