"""Files whose tags hold the id of another song, as where one id was written into a whole album.

An id decides which track a file is, unless all else that the file says speaks against it: its title and
artists are those of another track of the library; or its title is another one, and its length too, or
nobody but other files knows the id. Then the file is matched by its names. Titles in another language or
spelling stay where their id leads, as long as the length does not differ by more than three seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from segue.library.editions import edition
from segue.library.identity import SAME_DURATION_MS, normalise
from segue.library.versions.titles import without_notes

if TYPE_CHECKING:
    import duckdb


def misled(work: duckdb.DuckDBPyConnection) -> frozenset[int]:
    """References that an id led to a track which, by their names and length, they are not.

    Args:
        work: with `ref_tracks`, once `identity.resolve` is done.
    """
    work.execute("SET VARIABLE same = ?", [SAME_DURATION_MS])
    wrong = set()
    for ref, mine, theirs, elsewhere, unlike in work.execute(_DOUBTED).fetchall():
        if edition(*mine).is_of(edition(*theirs)):
            continue
        if elsewhere or (unlike and _title(mine[0]) != _title(theirs[0])):
            wrong.add(ref)
    return frozenset(wrong)


def _title(text: str) -> str:
    return normalise(without_notes(text)[0])


# What landed on a track by an id, and has none of the names that the track is known by. A title and its
# artists come as a pair.
_DOUBTED = """
WITH led AS (
    SELECT ref, track_id, duration_ms, name_key, credit_key, title, artists, mbid, isrc
    FROM staged_refs JOIN ref_tracks USING (ref)
    WHERE name_key IS NOT NULL AND (mbid IS NOT NULL OR isrc IS NOT NULL)
), own AS (SELECT key, duration_ms, track_id FROM track_keys SEMI JOIN led USING (track_id)),
doubted AS (
    SELECT led.*, t.title AS other_title, t.artists AS other_artists, t.duration_ms AS other_duration
    FROM led JOIN tracks t USING (track_id)
    WHERE t.title IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM own WHERE own.track_id = led.track_id AND own.key IN (led.name_key, led.credit_key))
), lengths AS (
    SELECT ref, min(abs(doubted.duration_ms - coalesce(own.duration_ms, other_duration))) AS apart,
           coalesce(bool_or(key IN ('mbid:' || mbid, 'isrc:' || isrc)), FALSE) AS known
    FROM doubted LEFT JOIN own USING (track_id) GROUP BY ref
), named AS (
    SELECT DISTINCT ref FROM (SELECT ref, duration_ms, unnest([name_key, credit_key]) AS key FROM doubted) d
    JOIN track_keys k USING (key) SEMI JOIN tracks t ON t.track_id = k.track_id
    WHERE coalesce(abs(d.duration_ms - k.duration_ms), 0) <= getvariable('same')
)
SELECT ref, (title, artists), (other_title, other_artists), ref IN (FROM named),
       NOT known OR coalesce(apart > getvariable('same'), FALSE)
FROM doubted JOIN lengths USING (ref)
"""
