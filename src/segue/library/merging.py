"""From staged rows with known tracks to the canonical tables: what is new, and what is already there.

Each function reads the views of `importing.py`, hands new rows to the writer, and returns `(read, stored)`;
the difference was already there. Rows are stored in the order of who, when and what, so that the same
import gives the same bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from segue.library.exactness import COARSER, times_of
from segue.library.same_play import merge_plays
from segue.library.store import Writer

if TYPE_CHECKING:
    import duckdb

BATCH = 131_072
SURELY_COARSE = 8  # plays, all at whole minutes: once in 10^14 by chance

Counts = tuple[int, int]


def merge_listens(work: duckdb.DuckDBPyConnection, writer: Writer) -> tuple[Counts, dict[str, int]]:
    """Plays with a time, plays by place in a session, and plain counts, each known again by its own key.

    Returns the counts, and how many plays that were read are the same as one that another source told, by
    that source.
    """
    work.execute(_NEW_LISTENS)
    _name_coarse_sources(work)
    _tell_turns(work)
    work.execute("CREATE TABLE withdrawn (uid BIGINT)")
    return store_listens(work, writer)


def store_listens(work: duckdb.DuckDBPyConnection, writer: Writer) -> tuple[Counts, dict[str, int]]:
    """Store `new_listens` as `merge_listens` says, as if the rows in `withdrawn` had never been stored."""
    work.execute(
        "CREATE VIEW new_plays AS FROM new_listens WHERE started_at IS NOT NULL AND session_position IS NULL"
    )
    merge_plays(work)
    work.execute(_COUNTS)
    work.execute(_PLACES_KEPT)
    gone = (
        "SELECT uid FROM gone UNION ALL SELECT uid FROM replaced_counts UNION ALL SELECT uid FROM withdrawn"
    )
    new = "FROM kept_counts UNION ALL BY NAME FROM kept_places UNION ALL BY NAME FROM play_rows"
    _replace(work, writer, "listens", gone, new)
    _replace(work, writer, "told", "FROM gone UNION ALL FROM withdrawn", "FROM told_rows")
    outcomes = {source: int(n) for source, n in work.execute("FROM outcomes").fetchall()}
    # A count is one row in the table, and may be the sum of several that were read.
    stored = outcomes.pop(None, 0) + _one(
        work,
        "SELECT (SELECT coalesce(sum(summed), 0) FROM kept_counts) + (SELECT count(*) FROM kept_places)",
    )
    outcomes.pop("", None)
    return (_one(work, "SELECT count(*) FROM new_listens"), stored), dict(sorted(outcomes.items()))


def _name_coarse_sources(work: duckdb.DuckDBPyConnection) -> None:
    """Give the plays of a file whose times are all whole minutes, or days, a source that says so."""
    at_a_time = {unit: f"bool_and(epoch_ms(started_at) % {unit} = 0)" for unit in COARSER.values()}
    found = work.execute(f"""
        SELECT entry, any_value(source), count(*), {", ".join(at_a_time.values())}
        FROM new_listens WHERE started_at IS NOT NULL AND session_position IS NULL GROUP BY entry
    """).fetchall()
    names = {}
    for entry, source, rows, *whole in found:
        fits = [(unit, ending) for (ending, unit), all_ in zip(COARSER.items(), whole, strict=True) if all_]
        # A table can have any times; of other sources a few plays may fall on whole minutes by chance.
        if fits and not times_of(source).ended and (rows >= SURELY_COARSE or source == "table"):
            unit, ending = max(fits)
            if times_of(source).unit_ms < unit:
                names[entry] = source + ending
    if names:
        work.register(
            "coarse",
            pa.table({"entry": pa.array(names, pa.int32()), "name": pa.array(names.values(), pa.string())}),
        )
        work.execute("""
            UPDATE new_listens SET source = name FROM coarse
            WHERE coarse.entry = new_listens.entry AND started_at IS NOT NULL
        """)


def _tell_turns(work: duckdb.DuckDBPyConnection) -> None:
    """Number plays that a file tells at one and the same minute or day in the order of its rows.

    Many exports begin with the newest; such a file is read from its end.
    """
    sources = work.execute("SELECT DISTINCT source FROM new_listens WHERE started_at IS NOT NULL").fetchall()
    coarse = [(name, times_of(name).ended) for (name,) in sources if times_of(name).unit_ms > 1_000]
    if coarse:
        names, ended = zip(*coarse, strict=True)
        work.register("coarse_times", pa.table({"source": names, "ended": pa.array(ended, pa.bool_())}))
        work.execute(_TURNS)


def _replace(work: duckdb.DuckDBPyConnection, writer: Writer, table: str, gone: str, new: str) -> None:
    """Write the rows of `new` in the place of those whose uid is in `gone`; where none is, add them."""
    order = "listener_id, started_at, session_id, session_position, track_id, source, played_ms, plays"
    if _one(work, f"SELECT count(*) FROM {table} SEMI JOIN ({gone}) USING (uid)"):
        kept = f"SELECT * EXCLUDE (uid) FROM {table} ANTI JOIN ({gone}) USING (uid)"
        writer.rewrite(table, _reader(work, f"FROM ({kept} UNION ALL BY NAME ({new})) ORDER BY {order}"))
    else:
        writer.append(table, _reader(work, f"FROM ({new}) ORDER BY {order}"))


def merge_feedback(work: duckdb.DuckDBPyConnection, writer: Writer) -> Counts:
    """Feedback is known again by listener, track, kind and time."""
    return _merge_plain(
        work,
        writer,
        "feedback",
        "SELECT f.*, track_id, source FROM staged_feedback f JOIN ref_tracks USING (ref) "
        "JOIN entries USING (entry)",
        ["listener_id", "track_id", "kind", "given_at"],
    )


def merge_playlists(work: duckdb.DuckDBPyConnection, writer: Writer) -> tuple[Counts, Counts]:
    """Playlists and their entries. One that comes again changed takes the place of what was stored."""
    work.execute("""
        CREATE TABLE new_entries AS
        SELECT e.*, track_id, source
        FROM staged_playlist_entries e JOIN ref_tracks USING (ref) JOIN entries USING (entry);
        CREATE TABLE outdated AS
        WITH again AS (SELECT DISTINCT playlist_id FROM new_entries
                       SEMI JOIN playlist_entries USING (playlist_id)),
             old AS (SELECT playlist_id, count(*) AS n, bit_xor(hash(position, track_id)) AS content
                     FROM playlist_entries SEMI JOIN again USING (playlist_id) GROUP BY ALL),
             new AS (SELECT playlist_id, count(*) AS n, bit_xor(hash(position, track_id)) AS content
                     FROM (SELECT DISTINCT playlist_id, position, track_id FROM new_entries
                           SEMI JOIN again USING (playlist_id)) GROUP BY ALL)
        SELECT playlist_id FROM old JOIN new USING (playlist_id)
        WHERE old.n <> new.n OR old.content <> new.content;
    """)
    if _one(work, "SELECT count(*) FROM outdated"):
        for table, order in (("playlists", "playlist_id"), ("playlist_entries", "playlist_id, position")):
            writer.rewrite(
                table, _reader(work, f"FROM {table} ANTI JOIN outdated USING (playlist_id) ORDER BY {order}")
            )
    facts = _merge_plain(
        work,
        writer,
        "playlists",
        "SELECT p.*, source FROM staged_playlists p JOIN entries USING (entry)",
        ["playlist_id"],
        unless="outdated",
    )
    entries = _merge_plain(
        work,
        writer,
        "playlist_entries",
        "FROM new_entries",
        ["playlist_id", "position", "track_id"],
        unless="outdated",
    )
    return facts, entries


def merge_tracks(work: duckdb.DuckDBPyConnection, writer: Writer) -> tuple[Counts, int]:
    """Tracks met for the first time, and facts of a catalogue: the newest known value of each holds.

    Returns the counts of the facts, and how many tracks are new to the library.
    """
    work.execute(_TRACKS)
    read = _one(work, "SELECT count(*) FROM staged_track_facts")
    stored = _one(
        work,
        """
        SELECT count(*) FROM (SELECT DISTINCT track_id FROM new_facts)
        SEMI JOIN (FROM merged_tracks WHERE changed) USING (track_id)
        """,
    )
    new = _one(work, "SELECT count(*) FROM merged_tracks") - _one(work, "SELECT count(*) FROM tracks")
    if _one(work, "SELECT count(*) FROM merged_tracks WHERE changed"):
        merged = "SELECT * EXCLUDE (changed, named, with_guests) FROM merged_tracks ORDER BY track_id"
        writer.rewrite("tracks", _reader(work, merged))
    return (read, stored), new


def merge_keys(work: duckdb.DuckDBPyConnection, writer: Writer) -> None:
    """The keys under which the tracks were met for the first time."""
    writer.append("track_keys", _reader(work, "FROM new_keys ORDER BY key, track_id"))


def merge_rejects(work: duckdb.DuckDBPyConnection, writer: Writer) -> int:
    """Rejected rows, with the file and the place in it; returns how many were read."""
    work.execute("""
        CREATE TABLE new_rejects AS
        SELECT name AS source, place, reason, now() AS imported_at, n
        FROM staged_rejects JOIN entries USING (entry)
    """)
    writer.append(
        "rejects",
        _reader(work, "FROM new_rejects ANTI JOIN rejects USING (source, place, reason) ORDER BY n"),
    )
    return _one(work, "SELECT count(*) FROM staged_rejects")


def _merge_plain(
    work: duckdb.DuckDBPyConnection,
    writer: Writer,
    table: str,
    new: str,
    key: list[str],
    unless: str | None = None,
) -> Counts:
    """Append the rows of `new` whose `key` is not in `table` yet, and each key once; rows of a playlist in
    `unless` count as not stored yet."""
    work.execute(f"CREATE VIEW plain_{table} AS {new}")
    there = f"(FROM {table} ANTI JOIN {unless} USING (playlist_id))" if unless else table
    same = " AND ".join(f"a.{column} IS NOT DISTINCT FROM b.{column}" for column in key)
    columns = ", ".join(key)
    # Only what may come twice is looked at for which is the first.
    work.execute(f"""
        CREATE VIEW fresh_{table} AS
        SELECT a.*, hash({", ".join(f"a.{column}" for column in key)}) AS hashed
        FROM plain_{table} a ANTI JOIN {there} b ON {same};
        CREATE VIEW kept_{table} AS
        WITH shared AS (SELECT hashed FROM fresh_{table} GROUP BY hashed HAVING count(*) > 1)
        FROM fresh_{table} ANTI JOIN shared USING (hashed)
        UNION ALL
        FROM fresh_{table} SEMI JOIN shared USING (hashed)
        QUALIFY row_number() OVER (PARTITION BY {columns} ORDER BY n) = 1
    """)
    stored = writer.append(table, _reader(work, f"FROM kept_{table} ORDER BY {columns}"))
    return _one(work, f"SELECT count(*) FROM plain_{table}"), stored


def _reader(work: duckdb.DuckDBPyConnection, query: str) -> pa.RecordBatchReader:
    return work.sql(query).to_arrow_reader(BATCH)


def _one(work: duckdb.DuckDBPyConnection, query: str) -> int:
    return int(work.execute(query).fetchall()[0][0])


_NEW_LISTENS = """
CREATE TABLE new_listens AS
SELECT l.* EXCLUDE (ref), track_id, source, NULL::INTEGER AS turn
FROM staged_listens l JOIN ref_tracks USING (ref) JOIN entries USING (entry)
"""

_TURNS = """
CREATE TABLE coarse_plays AS
SELECT n, entry, listener_id,
       epoch_ms(started_at) + CASE WHEN ended THEN coalesce(played_ms, 0) ELSE 0 END AS told_at
FROM new_listens JOIN coarse_times USING (source)
WHERE started_at IS NOT NULL AND session_position IS NULL;

CREATE TABLE turns AS
WITH files AS (
    SELECT entry, listener_id, coalesce(covar_pop(told_at, n & 4294967295) < 0, FALSE) AS newest_first
    FROM coarse_plays GROUP BY ALL
), tied AS (
    SELECT entry, listener_id, told_at FROM coarse_plays GROUP BY ALL HAVING count(*) > 1
)
SELECT n, row_number() OVER (
    PARTITION BY entry, listener_id, told_at ORDER BY CASE WHEN newest_first THEN -n ELSE n END
) AS turn
FROM coarse_plays SEMI JOIN tied USING (entry, listener_id, told_at) JOIN files USING (entry, listener_id);

UPDATE new_listens SET turn = turns.turn FROM turns WHERE turns.n = new_listens.n
"""

# Plain counts: a row for each listener, track and source. Counts of plays only grow, so of two the larger is
# the later one, in whatever order they come.
_COUNTS = """
CREATE TABLE counts AS
SELECT listener_id, track_id, source, sum(plays)::BIGINT AS plays, count(*) AS summed,
       any_value(skipped) AS skipped, any_value(stage) AS stage, any_value(context) AS context
FROM new_listens WHERE started_at IS NULL AND session_position IS NULL
GROUP BY listener_id, track_id, source, entry
QUALIFY row_number() OVER (
    PARTITION BY listener_id, track_id, source ORDER BY sum(new_listens.plays) DESC, entry
) = 1;

CREATE TABLE stored_counts AS
SELECT l.uid, l.plays >= c.plays AS enough, listener_id, track_id, source
FROM counts c JOIN (FROM listens WHERE started_at IS NULL AND session_position IS NULL) l
     USING (listener_id, track_id, source);
CREATE VIEW replaced_counts AS SELECT uid FROM stored_counts WHERE NOT enough;
CREATE TABLE kept_counts AS
FROM counts ANTI JOIN (FROM stored_counts WHERE enough) USING (listener_id, track_id, source)
"""

# Places in a session: logs whose times are too coarse to tell plays apart.
_PLACES_KEPT = """
CREATE TABLE kept_places AS
SELECT n.* FROM new_listens n ANTI JOIN (FROM listens WHERE session_position IS NOT NULL) l
ON n.listener_id = l.listener_id AND n.session_id IS NOT DISTINCT FROM l.session_id
   AND n.session_position = l.session_position
WHERE n.session_position IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY n.listener_id, n.session_id, n.session_position ORDER BY n.n) = 1
"""

_TRACKS = """
CREATE TABLE new_facts AS
SELECT track_id, n, f.* EXCLUDE (ref, entry, n) FROM staged_track_facts f JOIN ref_tracks USING (ref);
CREATE TABLE merged_tracks AS
WITH shared AS (
    SELECT track_id FROM identities WHERE track_id IS NOT NULL GROUP BY track_id HAVING count(*) > 1
), met AS (
    SELECT track_id, title, CASE WHEN len(artists) > 0 THEN artists END AS artists, artists AS longest,
           album, duration_ms, medium, isrc, mbid, spotify
    FROM identities ANTI JOIN shared USING (track_id) WHERE track_id IS NOT NULL
    UNION ALL
    SELECT track_id, arg_min(title, uid) AS title, arg_min(artists, uid) FILTER (len(artists) > 0) AS artists,
           arg_max(artists, (len(artists), -uid)) AS longest,
           arg_min(album, uid) AS album, min(duration_ms) AS duration_ms,
           arg_min(medium, uid) AS medium, arg_min(isrc, uid) AS isrc, arg_min(mbid, uid) AS mbid,
           arg_min(spotify, uid) AS spotify
    FROM identities SEMI JOIN shared USING (track_id) GROUP BY track_id
), facts AS (
    SELECT track_id, arg_max(release_date, n) AS release_date, arg_max(explicit, n) AS explicit,
           arg_max(popularity, n) AS popularity, arg_max(features, n) AS features
    FROM new_facts GROUP BY track_id
)
SELECT coalesce(old.track_id, met.track_id) AS track_id, coalesce(old.title, met.title) AS title,
       coalesce(old.artists, met.artists, []) AS named,
       -- one who also tells the guests
       len(met.longest) > len(named) AND met.longest[:len(named)] = named AS with_guests,
       CASE WHEN with_guests THEN met.longest ELSE named END AS artists,
       coalesce(old.album, met.album) AS album,
       -- of several the shortest, whoever came first
       least(old.duration_ms, met.duration_ms) AS duration_ms,
       coalesce(facts.release_date, old.release_date) AS release_date,
       coalesce(old.medium, met.medium) AS medium, coalesce(facts.explicit, old.explicit) AS explicit,
       coalesce(old.isrc, met.isrc) AS isrc, coalesce(old.mbid, met.mbid) AS mbid,
       coalesce(old.spotify, met.spotify) AS spotify,
       coalesce(facts.popularity, old.popularity) AS popularity,
       coalesce(facts.features, old.features) AS features, old.work_id, old.version, old.canonical_id,
       old.track_id IS NULL OR with_guests
       OR (old.title IS NULL AND met.title IS NOT NULL) OR (old.album IS NULL AND met.album IS NOT NULL)
       OR coalesce(met.duration_ms < old.duration_ms, old.duration_ms IS NULL AND met.duration_ms IS NOT NULL)
       OR (old.isrc IS NULL AND met.isrc IS NOT NULL) OR (old.mbid IS NULL AND met.mbid IS NOT NULL)
       OR (old.spotify IS NULL AND met.spotify IS NOT NULL)
       OR (facts.release_date IS NOT NULL AND facts.release_date IS DISTINCT FROM old.release_date)
       OR (facts.explicit IS NOT NULL AND facts.explicit IS DISTINCT FROM old.explicit)
       OR (facts.popularity IS NOT NULL AND facts.popularity IS DISTINCT FROM old.popularity)
       OR (facts.features IS NOT NULL AND facts.features IS DISTINCT FROM old.features) AS changed
FROM tracks old FULL JOIN met USING (track_id) LEFT JOIN facts USING (track_id)
"""
