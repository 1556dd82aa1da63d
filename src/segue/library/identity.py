"""Which track is meant: the same song by Spotify id, MBID, ISRC, or normalised artist and title.

A track's keys are its ids and its names: "spotify:4uLU6hMCjMI75M1A2tKUQC", "mbid:...", "isrc:...", a
source's own "hetrec:51", "name:rick astley|never gonna give you up". The table `track_keys` remembers every
key ever met, so that the same song from another source lands on the same track. Rules:

1. A known id decides. Where a source gives several, Spotify's weighs most, then MBID, ISRC, its own.
2. Otherwise the name decides. Of several tracks of a name it is the one with the nearest duration. Durations
   tell recordings apart only where one source tells both, more than three seconds apart: of one recording two
   sources often tell different durations, and what becomes of it may not depend on who was imported first.
3. A name never joins two ids that one source tells apart: they may be different recordings, and grouping
   versions of one work is done reversibly elsewhere (`versions`). What is in a catalogue (playlist archives,
   track tables, sources with ids of their own) joins no track with another id of its kind at all; a
   listener's history may, so that a play of the single lands on the album's track of the archive.
4. A credit of several artists is also known by all its names as one: "Simon, Garfunkel" in one cell may be
   two people or the name of a duo.
5. What is new becomes a track whose id is its strongest key.
6. What somebody split off by hand (`splitting`) stays apart.
7. What comes again finds what it found: where a source told a name alone and it landed on a track of another
   id, the key "told:table|name:rick astley|never gonna give you up|212000" remembers which.

Nothing is merged that was apart before, and no track changes its id.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING

from segue.library.names import letters, uncached_letters
from segue.library.rows import TrackRef
from segue.library.versions.segments import guests_of

if TYPE_CHECKING:
    import duckdb

SAME_DURATION_MS = 3_000
STRONG = ("spotify", "mbid", "isrc", "other")

_LONGEST = 200
_IN_BRACKETS = re.compile(r"\s*[(\[]\s*((?:feat|ft|featuring|with)\b[^)\]]*)[)\]]", re.I)
# Not the foot of "50 Ft Queenie", nor the fort of "Down in Ft. Worth".
_OPEN = re.compile(
    r"(?<!\d)(?<!\b(?:in|to|at|of|by))(?<!from)(?<!the)\s+((?:feat\.?|ft\.?|featuring)\s+[^(\[]+?)"
    r"(?=\s+-\s|\s*[(\[]|$)",
    re.I,
)
_MORE = re.compile(
    r"[(\[]|\s-\s|\b(?:re-?mix|mix|rmx|edit|version|live|acoustic|demo|dub|bootleg|rework|cover)\b", re.I
)


def _normalised(text: str) -> str:
    """`text` as it is compared: see `letters`; guests are left out of what is no more than a song and guests.

    Of a remix, a live recording and the like the guests stay: two with different guests are two recordings.

    >>> normalise("Beyoncé — Crazy In Love (feat. JAY-Z)"), normalise("Party (feat. N) - Remix")
    ('beyonce crazy in love', 'party remix n')
    """
    lower = text.lower()
    # A look for these before the expressions: most names hold none of them.
    if "ft" in lower or "feat" in lower or "with" in lower:
        text = _without_guests(text)
    return uncached_letters(text)


# Names of artists come again and again, titles seldom.
normalise = lru_cache(maxsize=65_536)(_normalised)


def _without_guests(text: str) -> str:
    match = next((m for m in _IN_BRACKETS.finditer(text) if guests_of(m[1])), None) or _OPEN.search(text)
    if match is None:
        return text
    rest = text[: match.start()] + " " + text[match.end() :]
    if not letters(rest).strip():
        return text
    if not _MORE.search(rest + match[1]):
        return rest
    return f"{rest} {match[1].split(None, 1)[-1].replace('&', ' ')}"


def name_key(track: TrackRef) -> str | None:
    """The key of a track's main artist and title, or None where one of them is not known.

    >>> name_key(TrackRef("Never Gonna Give You Up", ("Rick Astley",)))
    'name:rick astley|never gonna give you up'
    """
    return _name_key(track, track.artists[0]) if track.artists else None


def credit_key(track: TrackRef) -> str | None:
    """The key of all artists of a joint credit as one name, and the title; None where only one is credited.

    >>> credit_key(TrackRef("America", ("Simon", "Garfunkel")))
    'name:simon garfunkel|america'
    """
    return _name_key(track, ", ".join(track.artists)) if len(track.artists) > 1 else None


def _name_key(track: TrackRef, credit: str) -> str | None:
    artist = normalise(credit)
    if track.title is None:
        return _short(f"artist:{artist}") if track.medium == "artist" else None
    kind = "name" if track.medium == "song" else track.medium
    return _short(f"{kind}:{artist}|{_normalised(track.title)}")


def _short(key: str) -> str:
    if len(key) <= _LONGEST:
        return key
    return key[: _LONGEST - 33] + "#" + blake2b(key.encode(), digest_size=16).hexdigest()


def resolve(work: duckdb.DuckDBPyConnection, *, of_any_duration: bool = True) -> None:
    """Find a track for every staged reference, also where its name is known with another duration alone.

    Reads the views `staged_refs` and `track_keys` of the connection (and, to choose between tracks of one
    name, `playlist_entries` and `listens`); makes the view `identities` (distinct references, with
    `track_id`) and the tables `ref_tracks` (ref, track_id) and `new_keys`.
    """
    work.execute("SET VARIABLE most_apart = ?", [1 << 62 if of_any_duration else SAME_DURATION_MS])
    work.execute(_IDENTITIES)
    passes = work.execute(
        "SELECT DISTINCT kind, catalogue, source FROM identities WHERE kind <> 'name' ORDER BY ALL"
    ).fetchall()
    # The surest kind of id first, and in each a catalogue before listening, so that what comes later with
    # weaker ids lands on tracks that are there.
    for kind, catalogue, source in sorted(passes, key=lambda each: (STRONG.index(each[0]), not each[1])):
        _begin(work, "kind = ? AND catalogue = ? AND source = ?", [kind, catalogue, source])
        _by_id(work)
    # A catalogue's names first; in them what is credited to one artist, which joint credits then find.
    of_names = work.execute(
        "SELECT DISTINCT catalogue, credit_key IS NOT NULL AS joint, source FROM identities "
        "WHERE kind = 'name' ORDER BY NOT catalogue, joint, source"
    ).fetchall()
    for values in of_names:
        _begin(
            work, "kind = 'name' AND catalogue = ? AND (credit_key IS NOT NULL) = ? AND source = ?", values
        )
        _known_names(work)
        while _some(work, "todo"):
            work.execute(_LEADERS)
            _take(work)
        _learn_keys(work)
    work.execute(_REMEMBER)
    work.execute(_SPLIT)
    work.execute("""
        CREATE TABLE ref_tracks AS
        SELECT ref, track_id FROM ref_uids JOIN identities USING (uid)
    """)


def _begin(work: duckdb.DuckDBPyConnection, which: str, values: Sequence[object]) -> None:
    """Make `todo` of the identities that are to be resolved together, all of one source."""
    work.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE todo AS
        SELECT uid, own, told_key, name_key, credit_key, duration_ms, catalogue, source FROM identities
        WHERE track_id IS NULL AND {which}
        """,
        list(values),
    )


def _by_id(work: duckdb.DuckDBPyConnection) -> None:
    """Resolve one source's identities that have ids of one kind."""
    work.execute("""
        CREATE OR REPLACE TEMP TABLE found AS
        SELECT uid, arg_min(track_id, rank) AS track_id
        FROM todo JOIN strong_keys USING (uid) JOIN keys USING (key) GROUP BY uid
    """)
    _take(work)
    _learn_keys(work)  # so that it is known which ids this source tells
    _by_name(work, _ONE_EACH)
    work.execute("CREATE OR REPLACE TEMP TABLE found AS SELECT uid, own AS track_id FROM todo")
    _take(work)
    _learn_keys(work)


def _known_names(work: duckdb.DuckDBPyConnection) -> None:
    """Give one source's names tracks of these names, each two recordings of the source two tracks."""
    work.execute(_AS_BEFORE)
    _take(work)
    left = _count(work, "todo")
    while left:
        _by_name(work, _MOST_USED)
        before, left = left, _count(work, "todo")
        if left == before:
            break
        if left:
            _learn_keys(work)  # what found a track keeps others of the source from it


def _by_name(work: duckdb.DuckDBPyConnection, choose: str) -> None:
    """Give what is still to do the track of the same name that `choose` chooses."""
    for key in ("credit_key", "name_key"):
        work.execute(_NAMESAKES.format(key=key), {"same": SAME_DURATION_MS})
        if _some(work, "namesakes"):
            work.execute(choose)
            _take(work)


def _take(work: duckdb.DuckDBPyConnection) -> None:
    work.execute("INSERT INTO resolved SELECT uid, track_id FROM found")
    work.execute("DELETE FROM todo WHERE uid IN (SELECT uid FROM found)")


def _learn_keys(work: duckdb.DuckDBPyConnection) -> None:
    """Remember the keys of all that has a track by now, and which source tells an id."""
    work.execute("""
        CREATE OR REPLACE TEMP TABLE learned AS
        SELECT key, coalesce(any_value(known.track_id), min(identities.track_id)) AS track_id,
               NULL::BIGINT AS duration_ms, source
        FROM strong_keys JOIN identities USING (uid) ANTI JOIN keys USING (key, source)
             LEFT JOIN (SELECT DISTINCT key, track_id FROM keys) known USING (key)
        WHERE identities.track_id IS NOT NULL GROUP BY key, source
        UNION ALL
        -- A name with the duration that each source tells of it, or once without.
        SELECT key, track_id, min(duration_ms), nullif(teller, '')
        FROM (SELECT unnest([name_key, credit_key]) AS key, track_id, duration_ms,
                     CASE WHEN duration_ms IS NULL THEN '' ELSE source END AS teller FROM identities)
             ANTI JOIN (SELECT key, track_id, source AS teller FROM keys
                        UNION ALL SELECT key, track_id, '' FROM keys) USING (key, track_id, teller)
        WHERE track_id IS NOT NULL AND key IS NOT NULL
        GROUP BY key, track_id, teller
    """)
    work.execute("INSERT INTO keys FROM learned")
    work.execute("INSERT INTO new_keys FROM learned")


def _some(work: duckdb.DuckDBPyConnection, table: str) -> bool:
    return _count(work, table) > 0


def _count(work: duckdb.DuckDBPyConnection, table: str) -> int:
    return int(work.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0])


_IDENTITIES = """
-- Of references with one identity, the one that stands for all; most are alone, and are not compared.
-- A window, not a GROUP BY: it spills to disk where millions of tracks are new.
CREATE TABLE ref_uids AS
WITH every AS (SELECT ref, hash(identity) AS hashed FROM staged_refs),
     shared AS (SELECT hashed FROM every GROUP BY hashed HAVING count(*) > 1)
SELECT ref, ref AS uid FROM every ANTI JOIN shared USING (hashed)
UNION ALL
SELECT ref, first_value(ref) OVER (PARTITION BY identity ORDER BY album IS NULL, ref)
FROM staged_refs WHERE hash(identity) IN (FROM shared);

CREATE TABLE distinct_refs AS
SELECT ref AS uid, name_key, credit_key, duration_ms, catalogue, source, spotify, mbid, isrc, other,
       medium, title, artists, album,
       CASE WHEN spotify IS NOT NULL THEN 'spotify' WHEN mbid IS NOT NULL THEN 'mbid'
            WHEN isrc IS NOT NULL THEN 'isrc' WHEN other IS NOT NULL THEN 'other' ELSE 'name' END AS kind,
       coalesce('spotify:' || spotify, 'mbid:' || mbid, 'isrc:' || isrc, other, name_key) AS own,
       CASE WHEN kind = 'name' THEN concat_ws('|', 'told:' || source, name_key, duration_ms) END AS told_key
FROM staged_refs WHERE ref IN (SELECT uid FROM ref_uids);

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
SELECT * FROM track_keys
WHERE key IN (SELECT key FROM strong_keys UNION ALL SELECT name_key FROM identities
              UNION ALL SELECT told_key FROM identities WHERE told_key IS NOT NULL
              UNION ALL SELECT credit_key FROM identities WHERE credit_key IS NOT NULL);

CREATE TABLE new_keys AS SELECT * FROM keys LIMIT 0;
"""

_AS_BEFORE = """
CREATE OR REPLACE TEMP TABLE found AS
SELECT uid, any_value(keys.track_id) AS track_id FROM todo JOIN keys ON keys.key = todo.told_key GROUP BY uid
"""

# The track whose id is the name is found again without this, but where a joint credit is looked for first.
_REMEMBER = """
INSERT INTO new_keys
SELECT DISTINCT ON (told_key) told_key, track_id, NULL::BIGINT, source
FROM identities ANTI JOIN (SELECT key AS told_key FROM keys) known USING (told_key)
WHERE kind = 'name' AND (track_id <> own OR credit_key IS NOT NULL)
ORDER BY told_key, uid
"""

# Keys lead to a track as if nothing had been split off from it; then what was split off goes its own way.
_SPLIT = """
UPDATE resolved SET track_id = splits.own FROM distinct_refs, splits
WHERE distinct_refs.uid = resolved.uid AND splits.source = distinct_refs.source
  AND splits.track_id = resolved.track_id
"""

# All of `todo` is of one source.
_NAMESAKES = """
CREATE OR REPLACE TEMP TABLE namesakes AS
SELECT todo.uid, todo.own, todo.duration_ms, keys.track_id,
       coalesce(min(abs(todo.duration_ms - keys.duration_ms)), $same) AS apart
FROM todo JOIN keys ON keys.key = todo.{key}
GROUP BY ALL
HAVING coalesce(bool_and(abs(todo.duration_ms - keys.duration_ms) <= $same)
                FILTER (WHERE keys.source = todo.source), TRUE)
   AND coalesce(min(abs(todo.duration_ms - keys.duration_ms)), 0) <= getvariable('most_apart')
"""

# A name joins an id to no track that this source (in a catalogue: anybody) tells by another id of the kind.
_ONE_EACH = """
DELETE FROM namesakes WHERE track_id IN (
    SELECT told.track_id
    FROM (FROM track_keys UNION ALL FROM new_keys) told,
         (SELECT DISTINCT split_part(own, ':', 1) AS kind, catalogue, source FROM todo) mine
    WHERE split_part(told.key, ':', 1) = mine.kind AND (mine.catalogue OR told.source = mine.source)
);
CREATE OR REPLACE TEMP TABLE found AS
WITH chosen AS (SELECT own, arg_min(track_id, (apart, track_id)) AS track_id, min(apart) AS apart
                FROM namesakes GROUP BY own),
     one AS (SELECT arg_min(own, (apart, own)) AS own, track_id FROM chosen GROUP BY track_id)
SELECT uid, track_id FROM todo JOIN one USING (own)
"""

# Of several tracks of the name, the one with the nearest duration, then the one that the name alone was given
# before (so that a file which comes again finds what it found), then the one met most often. Of several
# recordings that the source tells apart, the one with the nearest duration gets the track.
_MOST_USED = f"""
CREATE OR REPLACE TEMP TABLE found AS
WITH uses AS (
    SELECT track_id, count(*) AS uses FROM (
        SELECT track_id FROM playlist_entries UNION ALL SELECT track_id FROM listens
        UNION ALL SELECT splits.track_id FROM splits JOIN listens ON listens.track_id = splits.own
        UNION ALL SELECT track_id FROM ref_uids JOIN identities USING (uid)
    ) WHERE track_id IN (SELECT track_id FROM namesakes) GROUP BY track_id
), chosen AS (
    FROM namesakes LEFT JOIN uses USING (track_id)
    QUALIFY row_number() OVER (
        PARTITION BY uid ORDER BY apart, track_id <> own, coalesce(uses, 0) DESC, track_id
    ) = 1
)
SELECT uid, track_id FROM chosen
QUALIFY coalesce(abs(duration_ms - first_value(duration_ms) OVER (
    PARTITION BY track_id ORDER BY duration_ms IS NULL, apart, duration_ms, uid
)), 0) <= {SAME_DURATION_MS}
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
