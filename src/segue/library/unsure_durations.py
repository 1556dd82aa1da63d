"""Durations that are none: some clients send, as a song's duration, how long it was heard.

Durations tell recordings of one name apart (`identity.py`). What differs from play to play would make a
track of every play, so that nothing had been played twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from segue.library.identity import SAME_DURATION_MS
from segue.library.workspace import IDENTITY

if TYPE_CHECKING:
    import duckdb

OFTEN = 3  # plays of a name from which it counts
NAMES = 10  # names that must have been played so often before anything is said of a source
MOST = 0.5  # share of them with several durations, above which a source's durations are none

_UNSURE = """
SELECT source FROM (
    SELECT source, max(duration_ms) - min(duration_ms) > $same AS several
    FROM staged_listens JOIN staged_refs USING (ref)
    WHERE NOT catalogue AND staged_refs.medium = 'song' AND duration_ms IS NOT NULL AND name_key IS NOT NULL
    GROUP BY source, name_key HAVING count(*) >= $often
) GROUP BY source HAVING count(*) >= $names AND avg(several::INT) > $most ORDER BY source
"""


def leave_out_durations(work: duckdb.DuckDBPyConnection) -> list[str]:
    """Take durations that differ from play to play out of the view `staged_refs`; the sources that tell them.

    A source is one of them if most of the songs that were played three times or more have several durations.
    """
    work.execute("SELECT 1 FROM staged_refs WHERE NOT catalogue AND duration_ms IS NOT NULL LIMIT 1")
    if work.fetchone() is None:
        return []
    settings = {"same": SAME_DURATION_MS, "often": OFTEN, "names": NAMES, "most": MOST}
    sources = [source for (source,) in work.execute(_UNSURE, settings).fetchall()]
    if sources:
        told = ", ".join("'" + source.replace("'", "''") + "'" for source in sources)
        work.execute(f"""
            ALTER VIEW staged_refs RENAME TO refs_with_durations;
            CREATE VIEW staged_refs AS
            SELECT *, {IDENTITY} AS identity FROM (
                SELECT * EXCLUDE (identity) REPLACE (
                    CASE WHEN catalogue OR source NOT IN ({told}) THEN duration_ms END AS duration_ms
                )
                FROM refs_with_durations
            )
        """)
    return sources
