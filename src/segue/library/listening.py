"""What a play counts for: a listen, a skip, a whole play. The one place where this is decided.

Sources say different things: milliseconds played, a skip flag, the reason a track ended, how far it was
heard, or only when it began. `plays(library)` takes them together, best evidence first:

| quantity | evidence, in this order |
| --- | --- |
| `share` played | milliseconds played / the track's duration; else, by the time until the listener's next play: that time / duration; at most 1 |
| `stage` | the source's own; the end reason "trackdone"; the share; milliseconds played; the source's skip flag |
| `skipped` | the source's own flag; else the end reason (forward or back button, or another track clicked, before stage 3); else stage 0 or 1 |
| `whole` | stage 3 |
| `counts` | a listen as Last.fm and ListenBrainz count it: half of the track or four minutes; where no duration is known, 30 seconds (Spotify's rule); where nothing is known, yes |

Stages are those of the Music Streaming Sessions Dataset (Brost et al. 2019), which publishes their names but
not their bounds; ours are 0 very brief (under 10 s), 1 brief (under 30 s or a quarter), 2 most (under 90%),
3 whole. Everything is an Ibis expression in terms that DuckDB and Spark both take.
"""  # noqa: E501 - a table

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Literal, Protocol

from segue.errors import NotFoundError, one_of
from segue.library.moments import milliseconds

if TYPE_CHECKING:
    import ibis
    import pyarrow as pa

    from segue.library.store import Library


class Tables(Protocol):
    """What is needed of a library."""

    def table(self, name: str) -> ibis.Table:
        """A canonical table as an Ibis expression."""

    def has(self, name: str) -> bool:
        """Whether a canonical table was ever written to."""

    def view(self, name: str, make: Callable[[], ibis.Table]) -> ibis.Table:
        """An expression over the tables, made once."""

    def arrow(self, what: Any) -> pa.Table:
        """The result of an expression."""


Unit = Literal["listeners", "playlists", "both"]


class PartOfLibrary:
    """What is asked of a part of a library as of the whole; which part, `table` says."""

    def __init__(self, library: Any) -> None:
        self.library = library
        self._views: dict[str, ibis.Table] = {}

    def has(self, name: str) -> bool:
        """Whether a canonical table was ever written to."""
        return self.library.has(name)

    def view(self, name: str, make: Callable[[], ibis.Table]) -> ibis.Table:
        """An expression over the tables, made once."""
        if name not in self._views:
            self._views[name] = make()
        return self._views[name]

    def arrow(self, what: Any) -> pa.Table:
        """An expression over these tables, in memory."""
        return self.library.arrow(what)

    def fingerprint(self) -> str:
        """Of the whole library."""
        return self.library.fingerprint()


class LibrarySubset(PartOfLibrary):
    """A library as if only `listeners` (or playlists of these ids) were in it: the rest is not read.

    Tables of people are cut down; those of tracks are whole.
    """

    def __init__(self, library: Any, listeners: Iterable[str]) -> None:
        super().__init__(library)
        self._ids = list(listeners)
        self._tables: dict[str, ibis.Table] = {}

    @classmethod
    def of(cls, library: Any, listeners: Iterable[str]) -> LibrarySubset:
        """The same, from what may be a library of just these already."""
        ids = list(listeners)
        return library if isinstance(library, LibrarySubset) and library._ids == ids else cls(library, ids)

    def table(self, name: str) -> ibis.Table:
        """A canonical table as an Ibis expression, of these listeners."""
        if name not in self._tables:
            self._tables[name] = self._cut(name)
        return self._tables[name]

    def _cut(self, name: str) -> ibis.Table:
        import ibis
        import pyarrow as pa

        whole = self.library.table(name)
        column = _OWNERS.get(name)
        if column is None:
            return whole
        # A join, for a condition that lists thousands of names takes long to be made.
        ids = ibis.memtable(pa.table({column: pa.array(self._ids, pa.string())}))
        return whole.semi_join(ids, column)


_OWNERS = {
    "listens": "listener_id",
    "feedback": "listener_id",
    "exclusions": "listener_id",
    "playlists": "playlist_id",
    "playlist_entries": "playlist_id",
}
VERY_BRIEF_MS = 10_000
BRIEF_MS = 30_000
BRIEF_SHARE = 0.25
WHOLE_SHARE = 0.9
LISTEN_SHARE = 0.5
LISTEN_MS = 240_000
# The age at which a play counts half, for what is liked and for tastes, unless settings say otherwise.
HALF_LIFE_DAYS = 180.0
# A pause longer than this after a track's end begins another session (ListenBrainz: 300 s).
SESSION_GAP_MS = 300_000
# Without a duration, a track is taken to be this long when a gap is judged.
USUAL_MS = 240_000
BETWEEN = "\x1f"  # a listener's name and that of a session
BUTTONS = ("fwdbtn", "backbtn", "clickrow", "clickside", "playbtn", "endplay", "remote")


def plays(library: Tables, *, excluded: bool = False) -> ibis.Table:
    """`listens` with the track's `duration_ms` and `medium`, and what each play counts for.

    A play of a copy is one of the track that it is a copy of (`versions/copies.py`). What listeners leave out
    of their taste (`excluding.py`) comes only with `excluded`, for what shows all that was played.
    Adds share (0 to 1, null if unknown), stage (0 to 3, null if unknown), skipped (null if unknown), whole
    (null if unknown) and counts (never null). One row a row of `listens`.
    """
    if excluded:
        return library.view("all_plays", lambda: _plays(library))
    return library.view("plays", lambda: _without_excluded(library, plays(library, excluded=True)))


def _plays(library: Tables) -> ibis.Table:
    import ibis

    listens = library.table("listens")
    tracks = library.table("tracks").select("track_id", "duration_ms", "medium", "canonical_id")
    joined = listens.left_join(tracks, "track_id").drop("track_id_right")
    joined = joined.mutate(track_id=joined.canonical_id.coalesce(joined.track_id)).drop("canonical_id")
    by_time = ibis.window(group_by="listener_id", order_by="started_at")
    started_ms = milliseconds(joined.started_at)
    next_ms = milliseconds(joined.started_at.lead().over(by_time))
    # Several plays of one moment come from coarse clocks and tell nothing about how long they lasted.
    gap_ms = (next_ms - started_ms).nullif(0)
    told = joined.mutate(gap_ms=ibis.ifelse(joined.started_at.isnull(), ibis.null("int64"), gap_ms))
    heard_ms = ibis.coalesce(told.played_ms, told.gap_ms)
    # A gap longer than the track says that it may have ended; a source that gives milliseconds is exact.
    share = heard_ms / told.duration_ms.nullif(0)
    shared = told.mutate(share=ibis.ifelse(share > 1, 1.0, share))
    staged = shared.mutate(stage=_stage(shared))
    skipped = staged.mutate(skipped=_skipped(staged))
    return skipped.mutate(whole=skipped.stage == 3, counts=_counts(skipped)).drop("gap_ms")


def listens(library: Tables) -> ibis.Table:
    """`listens` as they stand in the table, without what listeners leave out of their taste."""
    return _without_excluded(library, library.table("listens"))


def _without_excluded(library: Tables, played: ibis.Table) -> ibis.Table:
    if not library.has("exclusions"):
        return played
    spans = library.table("exclusions")
    within = (played.started_at >= spans.begins) & (played.started_at <= spans.ends)
    return played.anti_join(spans, [played.listener_id == spans.listener_id, within])


def stage_of(skipped: bool, played_ms: int | None = None, duration_ms: int | None = None) -> int:
    """The stage of one play that somebody tells of, by the same rules: what they say themselves decides.

    Args:
        skipped: whether it was skipped.
        played_ms: how long it was heard.
        duration_ms: of the track.
    """
    if not skipped:
        return 3 if played_ms is None or not duration_ms or played_ms >= WHOLE_SHARE * duration_ms else 2
    if played_ms is None:
        return 1
    return 0 if played_ms < VERY_BRIEF_MS else 1


def _stage(told: ibis.Table) -> ibis.Value:
    import ibis

    short = told.played_ms < VERY_BRIEF_MS
    brief = (told.played_ms < BRIEF_MS) | (told.share < BRIEF_SHARE)
    by_share = ibis.cases(
        (told.share.isnull(), ibis.null("int8")),
        (told.share >= WHOLE_SHARE, ibis.literal(3, "int8")),
        (short | (told.gap_ms < VERY_BRIEF_MS), ibis.literal(0, "int8")),
        (brief, ibis.literal(1, "int8")),
        else_=ibis.literal(2, "int8"),
    )
    by_ms = ibis.cases(
        (told.played_ms.isnull(), ibis.null("int8")),
        (short, ibis.literal(0, "int8")),
        (told.played_ms < BRIEF_MS, ibis.literal(1, "int8")),
        else_=ibis.literal(2, "int8"),
    )
    by_reason = ibis.ifelse(told.end_reason == "trackdone", ibis.literal(3, "int8"), ibis.null("int8"))
    by_flag = ibis.cases(
        (told.skipped, ibis.literal(1, "int8")),
        (~told.skipped, ibis.literal(3, "int8")),
        else_=ibis.null("int8"),
    )
    # What a source says itself before what is worked out, and what tells most before what tells least.
    return ibis.coalesce(told.stage, by_reason, by_share, by_ms, by_flag)


def _skipped(told: ibis.Table) -> ibis.Value:
    import ibis

    by_reason = ibis.cases(
        (told.end_reason == "trackdone", False),
        (told.end_reason.isin(BUTTONS) & (told.stage < 3), True),
        else_=ibis.null("boolean"),
    )
    return ibis.coalesce(told.skipped, by_reason, told.stage <= 1)


def _counts(told: ibis.Table) -> ibis.Value:
    import ibis

    by_share = (told.share >= LISTEN_SHARE) | (told.played_ms >= LISTEN_MS)
    by_stage = told.stage >= 2
    return ibis.coalesce(by_share, told.played_ms >= BRIEF_MS, by_stage, ~told.skipped, True)


def feedback(library: Tables) -> ibis.Table:
    """`feedback`, what was said of a copy being said of the track that it is a copy of."""
    said, tracks = library.table("feedback"), library.table("tracks").select("track_id", "canonical_id")
    joined = said.left_join(tracks, "track_id")
    return joined.mutate(track_id=joined.canonical_id.coalesce(joined.track_id)).select(*said.columns)


def units(library: Any) -> Unit:
    """Whose rows a library has: listeners', playlists', or both. An empty library has listeners'."""
    people = library.count("listens") or library.count("feedback")
    if not library.count("playlist_entries"):
        return "listeners"
    return "both" if people else "playlists"


def owners(library: Library, unit: Unit) -> tuple[list[str], list[str]]:
    """Ids of the listeners, and of the playlists that are rows of their own, each sorted.

    An id that is both a listener's and a playlist's is the listener's.
    """
    people: set[str] = set()
    if unit != "playlists":
        people = library.distinct("listens", "listener_id") | library.distinct("feedback", "listener_id")
    playlists = set() if unit == "listeners" else library.distinct("playlist_entries", "playlist_id")
    return sorted(people), sorted(playlists - people)


def listeners_of(library: Library, unit: Unit = "listeners") -> list[str]:
    """Everybody who gets a list unasked, sorted: the listeners; playlists where there are no listeners."""
    people, playlists = owners(library, unit)
    return people or playlists


def listeners_of_artists_only(library: Tables) -> set[str]:
    """Listeners of whom it is known what artists they played, and of no song."""
    tracks = library.table("tracks").select("track_id", artist=library.table("tracks").medium == "artist")
    told = library.table("listens").inner_join(tracks, "track_id")
    each = told.group_by("listener_id").aggregate(only=told.artist.fill_null(False).all())
    return set(library.arrow(each.filter(each.only))["listener_id"].to_pylist())


def refuse_unknown(library: Library, names: Iterable[str]) -> None:
    """Say whom there is no listening of, before anything is loaded.

    Raises:
        NotFoundError: a name is neither a listener's nor a playlist's; near misses are offered.
    """
    names = list(names)
    if not names:
        return
    people, playlists = owners(library, "both")
    known = {*people, *playlists}
    for name in names:
        if name not in known:
            raise NotFoundError(
                f"The library has no listener {name!r}",
                expected=one_of(people or playlists, "listeners" if people else "playlists", like=name),
                hint="see `segue library`, import their listening, or name tracks they like: "
                "segue weekly guest 'artist - title'",
            )


def heard(library: Tables, unit: Unit) -> ibis.Table:
    """Every play of listeners, and every place in a playlist as a play of the playlist's own.

    A place in a playlist is a choice made once, at the moment it was added; nothing was skipped.

    Returns:
        listener_id (a playlist's id for places), track_id, started_at, plays, skipped and stage as in
        `plays`, and placed (whether it is a place in a playlist).
    """
    return library.view(f"heard_{unit}", lambda: _heard(library, unit))


def _heard(library: Tables, unit: Unit) -> ibis.Table:
    import ibis

    parts = []
    if unit != "playlists":
        told = plays(library)
        told = told.filter(told.track_id.notnull())
        parts.append(
            told.select(
                *("listener_id", "track_id", "started_at", "plays", "skipped", "stage"),
                placed=ibis.literal(False),
            )
        )
    if unit != "listeners":
        entries = library.table("playlist_entries")
        if unit == "both":
            people = ibis.union(
                library.table("listens").select("listener_id"),
                library.table("feedback").select("listener_id"),
                distinct=True,
            )
            entries = entries.anti_join(people, entries.playlist_id == people.listener_id)
        parts.append(
            entries.select(
                listener_id=entries.playlist_id,
                track_id=entries.track_id,
                started_at=entries.added_at,
                plays=ibis.literal(1, "int64"),
                skipped=ibis.literal(False),
                stage=ibis.null("int8"),
                placed=ibis.literal(True),
            )
        )
    return parts[0] if len(parts) == 1 else ibis.union(*parts)


def documents(library: Tables, unit: Unit) -> ibis.Table:
    """What was chosen together: each session without skips, and each playlist where `unit` has them.

    Returns:
        The columns of `heard`. `listener_id` is a playlist's id, or a listener's, `BETWEEN` and a session's.
        Everything is placed: a choice made once.
    """
    return library.view(f"documents_{unit}", lambda: _documents(library, unit))


def _documents(library: Tables, unit: Unit) -> ibis.Table:
    import ibis

    told = sessions(library)
    told = told.filter(told.track_id.notnull(), ~told.skipped.fill_null(False), told.stage.fill_null(3) > 0)
    parts = [
        told.select(
            listener_id=told.listener_id.concat(BETWEEN, told.session_id),
            track_id=told.track_id,
            started_at=told.started_at,
            plays=ibis.literal(1, "int64"),
            skipped=ibis.literal(False),
            stage=ibis.null("int8"),
            placed=ibis.literal(True),
        )
    ]
    if unit != "listeners":
        placed = heard(library, unit)
        parts.append(placed.filter(placed.placed))
    return parts[0] if len(parts) == 1 else ibis.union(*parts)


def sessions(library: Tables, *, excluded: bool = False) -> ibis.Table:
    """`plays` with a session and a position for each: the source's own, else by gaps between plays.

    A new session begins where more than five minutes lie between a play's start and the end of the one
    before it (by milliseconds played, else by duration). Plain counts have no session and are left out.
    """
    name = "all_sessions" if excluded else "sessions"
    return library.view(name, lambda: _sessions(plays(library, excluded=excluded)))


def _sessions(all_plays: ibis.Table) -> ibis.Table:
    import ibis

    timed = all_plays.filter(all_plays.started_at.notnull() | all_plays.session_position.notnull())
    by_time = ibis.window(group_by="listener_id", order_by=["started_at", "session_position", "track_id"])
    lasted_ms = ibis.coalesce(timed.played_ms, timed.duration_ms, USUAL_MS)
    with_end = timed.mutate(ended_ms=milliseconds(timed.started_at) + lasted_ms)
    pause_ms = milliseconds(with_end.started_at) - with_end.ended_ms.lag().over(by_time)
    begun = with_end.mutate(begins=ibis.coalesce((pause_ms > SESSION_GAP_MS).cast("int64"), 1))
    running = ibis.window(
        group_by="listener_id",
        order_by=["started_at", "session_position", "track_id"],
        preceding=None,
        following=0,
    )
    counted = begun.mutate(number=begun.begins.sum().over(running))
    named = counted.mutate(
        session_id=ibis.coalesce(
            counted.session_id, counted.listener_id.concat("#", counted.number.cast("string"))
        )
    )
    within = ibis.window(
        group_by=["listener_id", "session_id"], order_by=["started_at", "session_position", "track_id"]
    )
    placed = ibis.coalesce(named.session_position, (ibis.row_number().over(within) + 1).cast("int32"))
    return named.mutate(session_position=placed).drop("ended_ms", "begins", "number")
