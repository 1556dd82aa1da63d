"""What is in a library, in figures and pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from segue.library.tables import TABLES

if TYPE_CHECKING:
    from datetime import datetime

    import altair as alt
    import pyarrow as pa

    from segue.library.store import Library


MOST_PEOPLE = 20  # listeners that are named
FEWEST_RANKED = 20  # tracks of which a long tail can be drawn


@dataclass(frozen=True)
class Person:
    """A listener of the library."""

    listener: str
    plays: int  # not skipped
    first: str | None  # ISO date of the first timed play
    last: str | None


@dataclass(frozen=True)
class Overview:
    """Figures of a library."""

    rows: dict[str, int]  # by table
    listeners: int
    plays: int  # not skipped; plain counts counted whole
    first: str | None  # ISO date of the first timed play
    last: str | None
    sources: dict[str, int]  # rows of listens and playlist entries, by source
    media: dict[str, int]  # tracks by medium
    skips: int  # what was begun and skipped, in no other figure but `skipped` and `rows`
    skipped: float | None  # share of what was begun, skips and plays, of which it is known
    top_artists: list[tuple[str, int]]  # by plays and places in playlists
    people: list[Person]  # those who play most first
    fingerprint: str


def overview(library: Library) -> Overview:
    """Look through the whole library once."""
    import ibis

    from segue.library.listening import plays

    told = plays(library, excluded=True)
    told = told.mutate(skips=ibis.ifelse(told.skipped.fill_null(False), told.plays, 0))
    facts = library.arrow(
        told.aggregate(
            listeners=told.listener_id.nunique(),
            plays=(told.plays - told.skips).sum(),
            skips=told.skips.sum(),
            first=told.started_at.min(),
            last=told.started_at.max(),
            skipped=told.skipped.mean(),
        )
    ).to_pylist()[0]
    by_person = told.group_by("listener_id").aggregate(
        plays=(told.plays - told.skips).sum(), first=told.started_at.min(), last=told.started_at.max()
    )
    people = library.arrow(
        by_person.order_by(ibis.desc("plays"), "listener_id").limit(MOST_PEOPLE)
    ).to_pylist()
    sources = ibis.union(
        library.table("listens").select("source"), library.table("playlist_entries").select("source")
    )
    return Overview(
        rows={name: library.count(name) for name in TABLES},
        listeners=facts["listeners"],
        plays=int(facts["plays"] or 0),
        first=_day(facts["first"]),
        last=_day(facts["last"]),
        sources=_counted(library, sources.source),
        media=_counted(library, library.table("tracks").medium),
        skips=int(facts["skips"] or 0),
        skipped=facts["skipped"],
        top_artists=list(_counted(library, _uses(library).main_artist, weight="uses", most=15).items()),
        people=[
            Person(each["listener_id"], int(each["plays"] or 0), _day(each["first"]), _day(each["last"]))
            for each in people
        ],
        fingerprint=library.fingerprint(),
    )


def _day(moment: datetime | None) -> str | None:
    return None if moment is None else moment.date().isoformat()


def charts(library: Library) -> dict[str, alt.Chart]:
    """Pictures by title: listening over time, hours of the day, the long tail, artists."""
    import altair as alt

    pictures: dict[str, alt.Chart] = {}
    listens = library.table("listens")
    timed = listens.filter(listens.started_at.notnull())
    if library.arrow(timed.count()).as_py():
        months = library.arrow(
            timed.group_by(month=timed.started_at.truncate("M")).aggregate(plays=timed.plays.sum())
        )
        pictures["Plays a month"] = alt.Chart(months, mark="bar").encode(
            x=alt.X("yearmonth(month):T", title=None), y=alt.Y("plays:Q", axis=_whole(months["plays"]))
        )
        hours = library.arrow(timed.group_by(hour=timed.started_at.hour()).aggregate(plays=timed.plays.sum()))
        pictures["Hours of the day (UTC)"] = alt.Chart(hours, mark="bar").encode(
            x=alt.X("hour:O", axis=alt.Axis(labelAngle=0), scale=alt.Scale(domain=list(range(24)))),
            y=alt.Y("plays:Q", axis=_whole(hours["plays"])),
        )
    uses = _uses(library)
    ranked = library.arrow(uses.order_by(uses.uses.desc()).limit(200_000).select("uses"))
    if ranked.num_rows >= FEWEST_RANKED:
        # A few hundred points, evenly on the logarithmic axis, draw the same line as all of them.
        ranks = sorted({rank for step in range(500) if (rank := round(1.03**step)) <= ranked.num_rows})
        line = ranked.take([rank - 1 for rank in ranks]).append_column("rank", [ranks])
        pictures["The long tail: plays and places of each track"] = alt.Chart(line, mark="line").encode(
            x=alt.X("rank:Q", scale=alt.Scale(type="log"), title="rank of the track"),
            y=alt.Y("uses:Q", scale=alt.Scale(type="log"), title="plays and places"),
        )
    if ranked.num_rows:
        artists = uses.group_by(artist=uses.main_artist).aggregate(uses=uses.uses.sum())
        top = library.arrow(artists.filter(artists.artist.notnull()).order_by(artists.uses.desc()).limit(20))
        bars = alt.MarkDef(type="bar", size=min(18, 200 // max(top.num_rows, 1)))
        pictures["Artists met most"] = alt.Chart(top, mark=bars).encode(
            x=alt.X("uses:Q", title="plays and places", axis=_whole(top["uses"])),
            y=alt.Y("artist:N", sort="-x", title=None, axis=alt.Axis(labelLimit=300)),
        )
    return pictures


def _whole(numbers: pa.ChunkedArray) -> alt.Axis:
    """An axis of whole numbers, however small they are."""
    import altair as alt

    return alt.Axis(format=",d", tickCount=max(1, min(5, max(numbers.to_pylist(), default=1))))


def _uses(library: Library) -> Any:
    """How often each track was played or put on a playlist, with its main artist."""
    import ibis

    listens = library.table("listens").select("track_id", uses="plays")
    entries = library.table("playlist_entries").select("track_id").mutate(uses=ibis.literal(1, "int64"))
    both = ibis.union(listens, entries)
    counted = both.group_by("track_id").aggregate(uses=both.uses.sum())
    tracks = library.table("tracks")
    return counted.inner_join(tracks.select("track_id", main_artist=tracks.artists[0]), "track_id")


def _counted(library: Library, column: Any, weight: str | None = None, most: int = 100) -> dict[str, int]:
    table = column.as_table() if weight is None else column.op().rel.to_expr()
    name = column.get_name()
    total = table.count() if weight is None else table[weight].sum()
    counted = table.group_by(name).aggregate(total=total)
    top = counted.order_by(counted.total.desc(), counted[name]).limit(most)
    return {row[name]: int(row["total"]) for row in library.arrow(top).to_pylist() if row[name] is not None}
