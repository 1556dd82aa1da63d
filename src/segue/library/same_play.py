"""Plays with a time: which of them are new, and which are told already, by the same source or by another.

A *telling* is what one source says of one play. Rules, the same for whatever order sources come in:

1. Rows of one file are different plays unless they are identical in everything.
2. The same source tells a play with the same time and the same time heard, in whichever file: rows of
   another file (or import) that agree in these are taken for the same telling, one for one.
3. Tellings of different sources are matched one to one, within the exactness of both (`alignment`). Lines on
   which they are matched are a listener's plays of one song, by any of the tracks that share a name with it:
   a source that knows only names tells of whichever of them another source has an id for.
4. A play has the values of the most exact source that told it; where that says nothing, of the next.

What each source said of a play that several told is kept in the table `told`. When more comes in, what is
told around that time is matched anew from there, so the plays do not depend on the order of imports, and a
source can be taken back (`withdrawing`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from segue.library.exactness import times_of
from segue.library.tables import LISTENS

if TYPE_CHECKING:
    import duckdb

PER_MATCHING = 2_000_000  # tellings matched at a time, for the sake of memory

# What a telling says beyond whose play it is, when, and by which source.
_SAID = [
    name
    for name in LISTENS.names
    if name not in ("listener_id", "started_at", "played_ms", "source", "sources", "turn")
]
_FIELDS = [name for name in LISTENS.names if name != "sources"]


def merge_plays(work: duckdb.DuckDBPyConnection) -> None:
    """Find out what becomes of the plays in `new_plays` (columns of `listens`, entry, n).

    What is stored and in `withdrawn` (uid) counts as not stored.

    Makes the view `play_rows` (new rows of `listens`) and the tables `told_rows` (of `told`), `gone` (uid of
    rows of either that these replace) and `outcomes` (of what was read: `source` of the play that it is the
    same as, null where it is stored, "" where the same source told it before; and how many, `n`).
    """
    if not work.execute("SELECT 1 FROM new_plays LIMIT 1").fetchall():
        work.execute(_NOTHING)
        return
    _register_sources(work)
    work.execute(_LABELS)
    work.execute(_TELLINGS)
    work.execute(_TWINS)
    work.execute(_REFILLED.format(changed=_any_differs("f", "old") + " OR f.turn IS DISTINCT FROM old.turn"))
    work.execute(_BUSY, {"reach": _reach()})
    _match(work)
    work.execute(_INVOLVED)
    work.execute(_PLAYS)
    work.execute(_OUTCOMES)


def _register_sources(work: duckdb.DuckDBPyConnection) -> None:
    """The table `how`: what is known of the times of each source, and which is the most exact."""
    found = work.execute(
        "SELECT source FROM new_plays UNION SELECT source FROM listens WHERE started_at IS NOT NULL "
        "UNION SELECT source FROM told"
    ).fetchall()
    times = {source: times_of(source) for (source,) in found}
    # Below a second no two sources agree anyway. The end with the time heard tells more than a start.
    ordered = sorted(times, key=lambda name: (max(times[name].unit_ms, 1_000), not times[name].ended, name))
    how = pa.table(
        {
            "source": pa.array(ordered, pa.string()),
            "rank": pa.array(range(len(ordered)), pa.int64()),
            "unit": pa.array([times[name].unit_ms for name in ordered], pa.int64()),
            "ended": pa.array([times[name].ended for name in ordered], pa.bool_()),
            "one_each": pa.array([times[name].one_each for name in ordered], pa.bool_()),
            "scrobbled": pa.array([times[name].scrobbled for name in ordered], pa.bool_()),
        }
    )
    work.register("how_given", how)
    work.execute("CREATE TABLE how AS FROM how_given")


def _reach() -> int:
    from segue.library.alignment import PAUSE_MS, SLACK_MS

    return PAUSE_MS + 2 * SLACK_MS


def _match(work: duckdb.DuckDBPyConnection) -> None:
    """The table `assigned`: of each telling in the busy clusters its play, as the uid of a telling of it."""
    work.execute("CREATE TABLE assigned (uid BIGINT, play BIGINT)")
    total = work.execute("SELECT count(*) FROM busy WHERE raw").fetchall()[0][0]
    parts = -(-total // PER_MATCHING)
    for part in range(parts):
        from segue.library.alignment import align

        # Parts are of whole clusters, as only tellings of one cluster can be of one play.
        columns: dict[str, Any] = work.execute(
            "SELECT uid, cluster, rank, ended, unit, begun, played, track, scrobbled, turn FROM busy "
            "WHERE raw AND cluster % ? = ? ORDER BY uid",
            [parts, part],
        ).fetchnumpy()
        uid, cluster = columns.pop("uid"), columns.pop("cluster")
        plays = align(columns, cluster)
        work.register("matched", pa.table({"uid": uid, "play": uid[plays]}))
        work.execute("INSERT INTO assigned SELECT uid, play FROM matched")
        work.unregister("matched")


def _any_differs(a: str, b: str) -> str:
    return " OR ".join(f"{a}.{name} IS DISTINCT FROM {b}.{name}" for name in _SAID if name != "track_id")


def _first(order: str, names: list[str]) -> str:
    """Of each column the first value that is known; of `turn` the last: a file may begin within a minute."""
    return ", ".join(
        "max(turn) AS turn" if name == "turn" else f"arg_min({name}, {order}) AS {name}" for name in names
    )


# The order in which the rows of one telling fill one another in.
_PLACE = "row_number() OVER (PARTITION BY tid ORDER BY coalesce(one_each AND skipped, FALSE), uid >= 0, uid)"

_NOTHING = """
CREATE VIEW play_rows AS SELECT * EXCLUDE (n, entry), NULL::VARCHAR[] AS sources FROM new_plays;
CREATE TABLE told_rows AS SELECT * EXCLUDE (uid) FROM told LIMIT 0;
CREATE TABLE gone (uid BIGINT);
CREATE TABLE outcomes (source VARCHAR, n BIGINT)
"""

# Tracks that share a name have one label: the smallest track id that can be reached over shared keys, in
# two steps; longer chains of names do not matter. Most tracks share none, and have no row here.
_LABELS = """
CREATE TABLE labels AS
WITH every AS (SELECT key, track_id FROM track_keys UNION ALL SELECT key, track_id FROM new_keys),
     shared AS (SELECT hash(key) AS hashed FROM every GROUP BY hashed HAVING count(*) > 1),
     edges AS (SELECT key, track_id FROM every WHERE hash(key) IN (FROM shared)),
     once AS (SELECT track_id, min(label) AS label
              FROM edges JOIN (SELECT key, min(track_id) AS label FROM edges GROUP BY key) USING (key)
              GROUP BY track_id)
SELECT track_id, min(label) AS label
FROM edges
JOIN (SELECT key, min(label) AS label FROM edges JOIN once USING (track_id) GROUP BY key) USING (key)
GROUP BY track_id
"""

# Every telling on the lines concerned, narrow: those read have uid >= 0, those stored below 0. `raw` is false
# for a play made of several tellings, which only marks where these are.
_NARROW = f"""
SELECT uid, entry, raw, hash({", ".join(_SAID)}) AS content, rank, unit, ended, one_each, scrobbled,
       hash(listener_id, coalesce(label, track_id)) AS line,
       epoch_ms(started_at) AS begun, coalesce(played_ms, -1) AS played, coalesce(turn, 0) AS turn,
       (hash(track_id) >> 1)::BIGINT AS track
"""

_TELLINGS = f"""
CREATE VIEW every_stored AS
SELECT uid, {", ".join(_FIELDS)}, sources IS NULL AS raw FROM listens
WHERE started_at IS NOT NULL AND session_position IS NULL
UNION ALL
SELECT uid, {", ".join(_FIELDS)}, TRUE FROM told;
CREATE VIEW stored_plays AS FROM every_stored ANTI JOIN withdrawn USING (uid);

CREATE TABLE tellings AS
{_NARROW} FROM (SELECT *, n AS uid, TRUE AS raw FROM new_plays)
JOIN how USING (source) LEFT JOIN labels USING (track_id);

INSERT INTO tellings
FROM (
    {_NARROW} FROM (SELECT *, -1 AS entry FROM stored_plays
                   WHERE listener_id IN (SELECT DISTINCT listener_id FROM new_plays))
    JOIN how USING (source) LEFT JOIN labels USING (track_id)
) WHERE line IN (SELECT line FROM tellings)
"""

# The same source again: `tid` is the telling that a row repeats, or its own uid.
_TWINS = """
CREATE TABLE twins AS
WITH keyed AS (SELECT uid, entry, content, one_each, hash(line, rank, begun, played) AS key
               FROM tellings WHERE raw),
     shared AS (SELECT key FROM keyed GROUP BY key HAVING count(*) > 1),
     placed AS (
         SELECT uid, key,
                CASE WHEN one_each THEN 1
                     ELSE dense_rank() OVER (PARTITION BY key, entry ORDER BY content) END AS place
         FROM keyed SEMI JOIN shared USING (key)
     )
SELECT uid, min(uid) OVER (PARTITION BY key, place) AS tid FROM placed
"""

# Stored tellings to which the same source now adds something.
_REFILLED = f"""
CREATE TABLE refilled AS
WITH again AS (
    SELECT DISTINCT tid
    FROM twins JOIN tellings t USING (uid) JOIN tellings old ON old.uid = tid
    WHERE tid < 0 AND t.uid >= 0 AND (t.content <> old.content OR t.turn > old.turn)
), said AS (
    SELECT tid, s.* EXCLUDE (raw)
    FROM stored_plays s JOIN twins USING (uid) SEMI JOIN again USING (tid)
    UNION ALL BY NAME
    SELECT tid, n AS uid, p.* EXCLUDE (n, entry)
    FROM new_plays p JOIN twins ON twins.uid = p.n SEMI JOIN again USING (tid)
), placed AS (
    SELECT *, {_PLACE} AS place FROM said JOIN how USING (source)
), f AS (SELECT tid, {_first("place", [*_SAID, "turn"])} FROM placed GROUP BY tid)
SELECT tid FROM f JOIN stored_plays old ON old.uid = f.tid WHERE {{changed}}
"""

# Stretches of a line that are far from all others, in which several sources tell something and one is new.
_BUSY = """
CREATE TABLE busy AS
WITH represented AS (
    FROM tellings ANTI JOIN (FROM twins WHERE uid <> tid) USING (uid)
), news AS (
    SELECT *, uid >= 0 OR uid IN (SELECT tid FROM refilled) AS is_new FROM represented
), mixed AS (
    SELECT line FROM news GROUP BY line HAVING min(rank) <> max(rank) AND bool_or(is_new)
), marked AS (
    SELECT *, begun > $reach + max(begun + unit) OVER (
        PARTITION BY line ORDER BY begun, uid ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS apart
    FROM news SEMI JOIN mixed USING (line)
), counted AS (
    SELECT *, count(*) FILTER (WHERE apart) OVER (
        PARTITION BY line ORDER BY begun, uid ROWS UNBOUNDED PRECEDING
    ) AS stretch
    FROM marked
), clustered AS (SELECT *, (hash(line, stretch) >> 1)::BIGINT AS cluster FROM counted)
FROM clustered SEMI JOIN (
    SELECT cluster FROM clustered GROUP BY cluster
    HAVING min(rank) FILTER (WHERE raw) <> max(rank) FILTER (WHERE raw) AND bool_or(is_new)
) USING (cluster)
"""

# The rows behind whatever is not simply one new telling.
_INVOLVED = f"""
CREATE TABLE members AS
WITH involved AS (
    SELECT uid AS tid FROM busy WHERE raw
    UNION SELECT tid FROM twins WHERE tid >= 0
    UNION SELECT tid FROM refilled
)
SELECT tid AS uid, tid FROM involved UNION SELECT uid, tid FROM twins SEMI JOIN involved USING (tid);

CREATE TABLE filled AS
WITH said AS (
    SELECT tid, s.* EXCLUDE (raw) FROM stored_plays s JOIN members USING (uid)
    UNION ALL BY NAME
    SELECT tid, n AS uid, p.* EXCLUDE (n, entry) FROM new_plays p JOIN members ON members.uid = p.n
), placed AS (
    SELECT *, {_PLACE} AS place FROM said JOIN how USING (source)
)
SELECT tid, any_value(rank) AS rank, {_first("place", _FIELDS)} FROM placed GROUP BY tid
"""

_PLAYS = f"""
CREATE TABLE played AS
SELECT coalesce(play, tid) AS play, f.* FROM filled f LEFT JOIN assigned ON assigned.uid = f.tid;

CREATE VIEW plain AS
FROM new_plays ANTI JOIN (SELECT uid FROM members UNION ALL SELECT uid FROM twins) m ON m.uid = new_plays.n;

CREATE VIEW play_rows AS
SELECT {_first("rank", [name for name in _FIELDS if name not in ("track_id", "turn")])},
       CASE WHEN count(*) = 1 THEN max(turn) END AS turn,
       arg_min(track_id, rank + CASE WHEN starts_with(track_id, 'name:') THEN 1000000 ELSE 0 END) AS track_id,
       CASE WHEN count(*) > 1 THEN list(source ORDER BY rank) END AS sources
FROM played GROUP BY play
UNION ALL BY NAME
SELECT * EXCLUDE (n, entry), NULL::VARCHAR[] AS sources FROM plain;

CREATE TABLE told_rows AS
SELECT * EXCLUDE (play, tid, rank) FROM played
WHERE play IN (SELECT play FROM played GROUP BY play HAVING count(*) > 1);

CREATE TABLE gone AS
SELECT uid FROM members WHERE uid < 0 UNION SELECT uid FROM busy WHERE NOT raw
"""

_OUTCOMES = """
CREATE TABLE outcomes AS
WITH first_told AS (
    -- what a play was told by before, else the most exact of what is new
    SELECT play, arg_min(source, rank + CASE WHEN tid < 0 THEN 0 ELSE 1000000 END) AS source,
           arg_min(tid, rank + CASE WHEN tid < 0 THEN 0 ELSE 1000000 END) AS tid
    FROM played GROUP BY play
), one_each AS (
    SELECT CASE WHEN played.tid <> first_told.tid THEN first_told.source END AS source
    FROM played JOIN first_told USING (play) WHERE played.tid >= 0
    UNION ALL
    SELECT NULL FROM plain
    UNION ALL
    SELECT '' FROM twins WHERE uid >= 0 AND uid <> tid
)
SELECT source, count(*) AS n FROM one_each GROUP BY source
"""
