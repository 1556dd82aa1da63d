"""Which track is meant: the same song by Spotify id, MBID, ISRC, or normalised artist and title.

A track's keys are its ids and its names: "spotify:4uLU6hMCjMI75M1A2tKUQC", "mbid:...", "isrc:...", a
source's own "hetrec:51", and "name:rick astley|never gonna give you up". The table `track_keys` remembers
every key ever met, so that the same song from another source lands on the same track. Rules:

1. A known id decides. Where a source gives several, Spotify's weighs most, then MBID, ISRC, its own.
2. Otherwise the name decides, unless both durations are known and differ by more than three seconds.
3. A catalogue (playlist archives, track tables, sources with ids of their own) keeps two ids of a kind
   apart even if their names agree: they may be different recordings, and grouping versions of one work is
   done reversibly elsewhere (`versions`). A listener's history does not: there the name decides, so that a
   play of the single lands on the album's track of the archive.
4. What is new becomes a track whose id is its strongest key.

Nothing is merged that was apart before, and no track changes its id.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING

from segue.library.rows import TrackRef

if TYPE_CHECKING:
    import duckdb

SAME_DURATION_MS = 3_000
STRONG = ("spotify", "mbid", "isrc", "other")

_FEATURED = re.compile(r"[(\[]\s*(?:feat|ft|featuring|with)\b\.?[^)\]]*[)\]]|\s+(?:feat|ft)\.?\s+.*$", re.I)
_BEYOND_LETTERS = re.compile(r"[\W_]+")
_LONGEST = 200
_ASCII_LETTERS = {code: " " for code in range(128) if not chr(code).isalnum()} | {ord("&"): " and "}


@lru_cache(maxsize=65_536)
def normalise(text: str) -> str:
    """`text` as it is compared: case, accents, punctuation and featured artists left out.

    >>> normalise("Beyoncé — Crazy In Love (feat. JAY-Z)")
    'beyonce crazy in love'
    """
    if text.isascii():  # most are, and need no decomposing
        folded = text.lower()
        shorn = _FEATURED.sub(" ", folded) if "f" in folded or "with" in folded else folded
        words = " ".join(shorn.translate(_ASCII_LETTERS).split())
        return words or " ".join(folded.split())
    shorn = _FEATURED.sub(" ", text) or text
    plain = unicodedata.normalize("NFKD", shorn.replace("&", " and ")).casefold()
    # Accents go from Latin, Greek and Cyrillic letters; in other scripts marks can be letters' substance.
    plain = "".join(c for c in plain if not ("\u0300" <= c <= "\u036f"))
    plain = unicodedata.normalize("NFC", plain)
    words = _BEYOND_LETTERS.sub(" ", plain).strip()
    return words or " ".join(text.casefold().split())


def name_key(track: TrackRef) -> str | None:
    """The key of a track's main artist and title, or None where one of them is not known.

    >>> name_key(TrackRef("Never Gonna Give You Up", ("Rick Astley",)))
    'name:rick astley|never gonna give you up'
    """
    if not track.artists:
        return None
    artist = normalise(track.artists[0])
    if track.title is None:
        return _short(f"artist:{artist}") if track.medium == "artist" else None
    kind = "name" if track.medium == "song" else track.medium
    return _short(f"{kind}:{artist}|{normalise(track.title)}")


def _short(key: str) -> str:
    if len(key) <= _LONGEST:
        return key
    return key[: _LONGEST - 33] + "#" + blake2b(key.encode(), digest_size=16).hexdigest()


def resolve(work: duckdb.DuckDBPyConnection) -> None:
    """Find a track for every staged reference.

    Reads the views `staged_refs` and `track_keys` of the connection (and, to choose between tracks of one
    name, `playlist_entries` and `listens`); makes the view `identities` (distinct references, with
    `track_id`) and the tables `ref_tracks` (ref, track_id) and `new_keys`.
    """
    work.execute(_IDENTITIES)
    for kind in (*STRONG, "name"):
        for catalogue in (True, False):
            _pass(work, kind, catalogue)
    work.execute("""
        CREATE TABLE ref_tracks AS
        SELECT ref, track_id FROM staged_refs JOIN identities USING (identity)
    """)


def _pass(work: duckdb.DuckDBPyConnection, kind: str, catalogue: bool) -> None:
    """Resolve the identities whose strongest key is of `kind`."""
    work.execute(
        """
        CREATE OR REPLACE TEMP TABLE todo AS
        SELECT uid, own, name_key, duration_ms FROM identities
        WHERE track_id IS NULL AND kind = ? AND catalogue = ?
        """,
        [kind, catalogue],
    )
    if not _some(work, "todo"):
        return
    work.execute("""
        CREATE OR REPLACE TEMP TABLE found AS
        SELECT uid, arg_min(track_id, rank) AS track_id
        FROM todo JOIN strong_keys USING (uid) JOIN keys USING (key) GROUP BY uid
    """)
    _take(work)
    keeps_ids_apart = catalogue and kind != "name"
    _by_name(work, one_each=keeps_ids_apart)
    if keeps_ids_apart:
        work.execute("CREATE OR REPLACE TEMP TABLE found AS SELECT uid, own AS track_id FROM todo")
        _take(work)
    while _some(work, "todo"):
        work.execute(_LEADERS)
        _take(work)
    _learn_keys(work)


def _by_name(work: duckdb.DuckDBPyConnection, *, one_each: bool) -> None:
    """Give what is still to do the track of the same name; with `one_each` only tracks without an id of
    this kind, and each to one id alone."""
    work.execute(_NAMESAKES, {"same": SAME_DURATION_MS})
    if not _some(work, "namesakes"):
        return
    if one_each:
        work.execute("""
            DELETE FROM namesakes WHERE (track_id, split_part(own, ':', 1)) IN
            (SELECT (track_id, split_part(key, ':', 1)) FROM (FROM track_keys UNION ALL FROM new_keys));
            CREATE OR REPLACE TEMP TABLE found AS
            WITH chosen AS (SELECT own, min(track_id) AS track_id FROM namesakes GROUP BY own),
                 one AS (SELECT min(own) AS own, track_id FROM chosen GROUP BY track_id)
            SELECT uid, track_id FROM todo JOIN one USING (own)
        """)
    else:
        work.execute(_MOST_USED)
    _take(work)


def _take(work: duckdb.DuckDBPyConnection) -> None:
    work.execute("INSERT INTO resolved SELECT uid, track_id FROM found")
    work.execute("DELETE FROM todo WHERE uid IN (SELECT uid FROM found)")


def _learn_keys(work: duckdb.DuckDBPyConnection) -> None:
    """Remember the keys of all that has a track by now."""
    work.execute("""
        CREATE OR REPLACE TEMP TABLE learned AS
        SELECT key, min(track_id) AS track_id, NULL::BIGINT AS duration_ms
        FROM strong_keys JOIN identities USING (uid) ANTI JOIN keys USING (key)
        WHERE track_id IS NOT NULL GROUP BY key
        UNION ALL
        SELECT key, track_id, min(duration_ms)
        FROM (SELECT name_key AS key, track_id, duration_ms FROM identities)
             ANTI JOIN keys USING (key, track_id)
        WHERE track_id IS NOT NULL AND key IS NOT NULL
        GROUP BY key, track_id
    """)
    work.execute("INSERT INTO keys FROM learned")
    work.execute("INSERT INTO new_keys FROM learned")


def _some(work: duckdb.DuckDBPyConnection, table: str) -> bool:
    return bool(work.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0])


_IDENTITIES = """
-- A window, not a GROUP BY: it spills to disk where millions of tracks are new.
CREATE TABLE distinct_refs AS
SELECT ref AS uid, identity, name_key, duration_ms, catalogue, spotify, mbid, isrc, other, medium, title,
       artists, album,
       CASE WHEN spotify IS NOT NULL THEN 'spotify' WHEN mbid IS NOT NULL THEN 'mbid'
            WHEN isrc IS NOT NULL THEN 'isrc' WHEN other IS NOT NULL THEN 'other' ELSE 'name' END AS kind,
       coalesce('spotify:' || spotify, 'mbid:' || mbid, 'isrc:' || isrc, other, name_key) AS own
FROM staged_refs
QUALIFY row_number() OVER (PARTITION BY identity ORDER BY album IS NULL, ref) = 1;

CREATE TABLE resolved (uid BIGINT, track_id VARCHAR);
CREATE VIEW identities AS SELECT * FROM distinct_refs LEFT JOIN resolved USING (uid);

CREATE TABLE strong_keys AS
SELECT DISTINCT uid, rank, key FROM (
    SELECT uid, 0 AS rank, 'spotify:' || spotify AS key FROM identities
    UNION ALL SELECT uid, 1, 'mbid:' || mbid FROM identities
    UNION ALL SELECT uid, 2, 'isrc:' || isrc FROM identities
    UNION ALL SELECT uid, 3, other FROM identities
) WHERE key IS NOT NULL;

CREATE TABLE keys AS
SELECT * FROM track_keys WHERE key IN (SELECT key FROM strong_keys UNION ALL SELECT name_key FROM identities);

CREATE TABLE new_keys AS SELECT * FROM keys LIMIT 0;
"""

_NAMESAKES = """
CREATE OR REPLACE TEMP TABLE namesakes AS
SELECT todo.uid, todo.own, keys.track_id,
       coalesce(abs(todo.duration_ms - keys.duration_ms), $same) AS apart
FROM todo JOIN keys ON keys.key = todo.name_key
WHERE coalesce(abs(todo.duration_ms - keys.duration_ms), 0) <= $same
"""

# Of several tracks of the name, the one with the nearest duration, then the one met most often.
_MOST_USED = """
CREATE OR REPLACE TEMP TABLE found AS
WITH uses AS (
    SELECT track_id, count(*) AS uses FROM (
        SELECT track_id FROM playlist_entries UNION ALL SELECT track_id FROM listens
        UNION ALL SELECT track_id FROM staged_refs JOIN identities USING (identity)
    ) WHERE track_id IN (SELECT track_id FROM namesakes) GROUP BY track_id
)
SELECT uid, track_id FROM namesakes LEFT JOIN uses USING (track_id)
QUALIFY row_number() OVER (PARTITION BY uid ORDER BY apart, coalesce(uses, 0) DESC, track_id) = 1
"""

# New to the library: for each name the smallest id leads, and all of the same duration follow it.
_LEADERS = f"""
CREATE OR REPLACE TEMP TABLE found AS
WITH leaders AS (
    SELECT coalesce(name_key, own) AS grouped, own, duration_ms FROM todo
    QUALIFY row_number() OVER (PARTITION BY grouped ORDER BY own, duration_ms NULLS LAST, uid) = 1
), followers AS (
    SELECT todo.uid, leaders.own, leaders.duration_ms
    FROM todo JOIN leaders ON coalesce(todo.name_key, todo.own) = leaders.grouped
    WHERE todo.own = leaders.own AND (todo.own <> todo.name_key OR todo.name_key IS NULL)
       OR coalesce(abs(todo.duration_ms - leaders.duration_ms), 0) <= {SAME_DURATION_MS}
)
SELECT uid,
       -- a name alone may be taken already, by a recording of another length
       CASE WHEN own IN (SELECT track_id FROM keys UNION SELECT track_id FROM identities
                         WHERE track_id IS NOT NULL)
            THEN own || '~' || (duration_ms // 1000) ELSE own END AS track_id
FROM followers
"""
