"""Facts of catalogues far larger than any library: only those of tracks that the library knows are kept.

A dump of sound features has millions of recordings without names. Taken whole it would fill the library with
tracks that nobody plays and nobody can name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

_STRANGE = """
CREATE TABLE strange_refs AS
SELECT ref FROM staged_refs
WHERE list_contains($names, source)
  AND (mbid IS NULL OR 'mbid:' || mbid NOT IN (SELECT key FROM track_keys WHERE starts_with(key, 'mbid:')))
  AND mbid NOT IN (SELECT mbid FROM staged_refs WHERE NOT list_contains($names, source) AND mbid IS NOT NULL)
  AND ref NOT IN (SELECT ref FROM staged_listens UNION SELECT ref FROM staged_feedback
                  UNION SELECT ref FROM staged_playlist_entries)
"""
_WITHOUT = """
ALTER VIEW staged_rejects RENAME TO told_rejects;
CREATE TABLE strange_facts AS
SELECT 'tracks' AS place, entry, max(n) AS n,
       format('{:,} are not in the library, and their facts were left out', count(*)) AS reason
FROM staged_track_facts SEMI JOIN strange_refs USING (ref) GROUP BY entry;
CREATE VIEW staged_rejects AS FROM told_rejects UNION ALL BY NAME FROM strange_facts;
ALTER VIEW staged_track_facts RENAME TO told_track_facts;
CREATE VIEW staged_track_facts AS FROM told_track_facts ANTI JOIN strange_refs USING (ref);
ALTER VIEW staged_refs RENAME TO told_refs;
CREATE VIEW staged_refs AS FROM told_refs ANTI JOIN strange_refs USING (ref);
"""


def keep_known(work: duckdb.DuckDBPyConnection) -> None:
    """Take facts of unknown tracks out of the views `staged_*`, where their reader says so; tell how many."""
    from segue.library.readers import READERS

    names = [reader.name for reader in READERS if reader.known_only]
    work.execute("SELECT 1 FROM entries WHERE list_contains($names, source) LIMIT 1", {"names": names})
    if work.fetchone() is None:
        return
    work.execute(_STRANGE, {"names": names})
    work.execute(_WITHOUT)
