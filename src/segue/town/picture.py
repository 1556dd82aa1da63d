"""A town on one page: its music and tastes in two dimensions, the long tail, the day, the sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from segue.report import Page
from segue.town.calibration import (
    LENGTHS,
    LONGEST,
    REPEAT_LAST,
    SHARES,
    SHORTEST,
    SKIP_2_BY_POSITION,
    Figures,
    measure,
)
from segue.town.catalogue import genres, spoken
from segue.town.listeners import NONE
from segue.town.truth import tastes_of

if TYPE_CHECKING:
    import altair as alt

    from segue.town.town import Batch, Town

POINTS = 2500  # tracks and tastes drawn at most
FAMILIES = [
    "#4c78a8", "#f58518", "#e45756", "#72b7b2", "#54a24b", "#b79a20",
    "#b279a2", "#ff9da6", "#9d755d", "#7a7a7a", "#2f4b7c", "#a05195",
]  # fmt: skip
PUBLISHED, TOWN = "published (MSSD)", "this town"
_NAMES = {
    "skip_1": "left at once (skip_1)",
    "skip_2": "left early (skip_2)",
    "skip_3": "not heard to the end (skip_3)",
    "whole": "heard whole",
}


def draw_town(town: Town, batch: Batch) -> Page:
    """The page of a town. `batch` is some of its listeners with all they did: the long tail, the hours and
    the sessions are counted on them.
    """
    summary = town.summary()
    page = Page(
        f"The town {town.config.name!r}",
        f"{summary['listeners']:,} listeners, {summary['songs']:,} songs by {summary['artists']:,} artists, "
        f"{summary['days']:.0f} days; seed {town.seed}. Nobody in it is real.",
    )
    page.heading("Music and tastes")
    page.text(
        "Every dot is a song; songs that please the same listeners lie near each other, and each genre is "
        "named where its songs are thickest. Every ring is a taste of some listener, who likes what is near. "
        "The map shows the two directions in which songs differ most, of "
        f"{town.config.dimensions} in all, so genres overlap more here than they do in truth."
    )
    page.pictures({"Songs as dots, tastes as rings": music(town)})
    page.heading("Some of its listeners")
    page.text(
        "A listener has one to eight tastes, which drift, and of which each has a share. Nothing that "
        "recommends may see them: it sees only what was played."
    )
    page.table(("listener", "share", "a taste for", "such as"), listener_rows(town))
    page.heading("How they listen")
    page.pictures(
        {
            "Plays of a song by its rank": long_tail(town, batch),
            "Hours of the day": hours(town, batch),
            "Tastes a listener": tastes_a_listener(town),
        }
    )
    page.heading("Beside real sessions")
    figures = measure(batch.plays)
    page.text(
        "Published figures are those of the Music Streaming Sessions Dataset (Brost, Mehrotra, Jehan 2019). "
        f"Counted on {figures.sessions:,} sessions of {SHORTEST} tracks or more, cut at {LONGEST}."
    )
    page.table(("", PUBLISHED, TOWN), calibration_rows(figures))
    page.pictures({"Left early, by place in the session": by_position(figures), "Length": lengths(figures)})
    return page


def calibration_rows(figures: Figures) -> list[tuple[str, str, str]]:
    """Published shares beside the town's, in percent."""
    rows = [(_NAMES[name], f"{SHARES[name]:.1f}%", f"{figures.shares[name]:.1f}%") for name in SHARES]
    return [*rows, ("ends as the track before did", f"{REPEAT_LAST:.1f}%", f"{figures.repeat_last:.1f}%")]


def music(town: Town) -> alt.TopLevelMixin:
    """Songs and tastes along the two directions in which songs differ most."""
    import altair as alt

    tracks, listeners = town.catalogue.tracks, town.listeners()
    rng = np.random.default_rng(town.seed)
    some = rng.choice(len(tracks.genre), min(POINTS, len(tracks.genre)), replace=False)
    mean = tracks.vector.mean(0)
    axes = np.linalg.svd(tracks.vector[some] - mean, full_matrices=False)[2][:2]
    there = (tracks.vector[some] - mean) @ axes.T
    known = listeners.tastes[:, 0][listeners.log_weights[:, 0] > NONE / 2]
    rings = (known[rng.permutation(len(known))[: POINTS // 5]] - mean) @ axes.T
    table = genres()
    families = np.array([genre["family"] for genre in table.values()])[tracks.genre[some]]
    dots = [
        {"x": float(x), "y": float(y), "family": str(family)}
        for (x, y), family in zip(there, families, strict=True)
    ]
    there_are = [number for number in range(len(table)) if (tracks.genre[some] == number).any()]
    middles = np.array([np.median(there[tracks.genre[some] == number], axis=0) for number in there_are])
    names = [
        {"x": float(x), "y": float(y), "genre": spoken(list(table)[number])}
        for number, (x, y) in zip(there_are, _apart(middles, 0.15 * np.ptp(there[:, 0]), 0.035), strict=True)
    ]
    across = alt.X("x:Q", axis=None)
    up = alt.Y("y:Q", axis=None)
    songs = alt.Chart(alt.Data(values=dots), mark=alt.MarkDef(type="circle", size=18, opacity=0.45)).encode(
        x=across,
        y=up,
        color=alt.Color("family:N", title="family of genres", scale=alt.Scale(range=FAMILIES)),
    )
    halo = alt.MarkDef(type="text", fontSize=11, fontWeight="bold", stroke="white", strokeWidth=4)
    ink = alt.MarkDef(type="text", fontSize=11, fontWeight="bold", color="#222222")
    labels = [
        alt.Chart(alt.Data(values=names), mark=mark).encode(x=across, y=up, text="genre:N")
        for mark in (halo, ink)
    ]
    tastes = alt.Chart(
        alt.Data(values=[{"x": float(x), "y": float(y)} for x, y in rings]),
        mark=alt.MarkDef(type="point", size=40, color="#222222", opacity=0.45, strokeWidth=1),
    ).encode(x=across, y=up)
    return alt.layer(songs, tastes, *labels).properties(width=760, height=520)


def _apart(middles: NDArray[np.float64], width: float, height: float) -> NDArray[np.float64]:
    """Places (n, 2) moved up and down until no two labels of this size lie on each other, or nearly so."""
    middles = middles.copy()
    for _ in range(200):
        gap = middles[:, None] - middles[None]
        close = (np.abs(gap[..., 0]) < width) & (np.abs(gap[..., 1]) < height)
        np.fill_diagonal(close, False)
        middles[:, 1] += 0.1 * height * (close * np.where(gap[..., 1] >= 0, 1, -1)).sum(1)
    return middles


def listener_rows(town: Town, listeners: int = 3) -> list[tuple[str, str, str, str]]:
    """Tastes of the first listeners at the start, with the songs nearest each."""
    names, popularity = town.names, town.catalogue.songs.popularity
    some, tracks = np.arange(min(listeners, town.config.listeners), dtype=np.int32), town.catalogue.tracks
    them = town.listeners(some)
    rows = []
    for number in some.tolist():
        for place, taste in enumerate(tastes_of(them, tracks, number, 0.0, examples=30)):
            # Of the nearest songs those that most people know, one of an artist.
            known = taste["tracks"][np.argsort(-popularity[taste["tracks"]], kind="stable")]
            by: dict[str, str] = {}
            for song in known.tolist():
                by.setdefault(names.credits[song][0], names.titles[song])
            such = "; ".join(f"{artist}: {title}" for artist, title in list(by.items())[:2])
            who = str(number) if not place else ""
            rows.append((who, f"{taste['weight']:.0%}", spoken(taste["genre"]), such))
    return rows


def tastes_a_listener(town: Town) -> alt.TopLevelMixin:
    """How many listeners have one taste, two, and so on."""
    counts = (town.listeners().log_weights[:, 0] > NONE / 2).sum(1)
    number, listeners = np.unique(counts, return_counts=True)
    return _bars("tastes", number, "listeners", listeners, width=240)


def long_tail(town: Town, batch: Batch) -> alt.TopLevelMixin:
    """Plays by rank, on logarithmic axes."""
    import altair as alt

    songs = len(town.catalogue.tracks.genre)
    plays = np.bincount(batch.plays.track[batch.plays.track < songs], minlength=songs)
    plays = np.sort(plays[plays > 0])[::-1]
    ranks = np.unique(np.geomspace(1, len(plays), 200).astype(int))
    values = [{"rank": int(rank), "plays": int(plays[rank - 1])} for rank in ranks]
    return alt.Chart(alt.Data(values=values), mark=alt.MarkDef(type="line", strokeWidth=2)).encode(
        x=alt.X("rank:Q", scale=alt.Scale(type="log"), title="rank of the song"),
        y=alt.Y("plays:Q", scale=alt.Scale(type="log"), title="plays"),
    )


def hours(town: Town, batch: Batch) -> alt.TopLevelMixin:
    """Plays by the listeners' own hour."""
    zone = batch.listeners.zone[batch.plays.row]
    hour = np.floor((batch.plays.day * 24 + zone) % 24).astype(int)
    return _bars("hour, local", np.arange(24), "plays", np.bincount(hour, minlength=24))


def by_position(figures: Figures) -> alt.TopLevelMixin:
    """Share of tracks left early at each place of a session, published and here."""
    places = np.arange(1, LONGEST + 1)
    return _lines("place in the session", places, "left early, %", SKIP_2_BY_POSITION, figures.by_position)


def lengths(figures: Figures) -> alt.TopLevelMixin:
    """Share of sessions by length, published and here; the last stands for all that are longer."""
    places = np.arange(SHORTEST, LONGEST + 1)
    return _lines("tracks (20: and more)", places, "sessions, %", LENGTHS, figures.lengths)


def _bars(
    x: str, xs: NDArray[np.integer], y: str, ys: NDArray[np.integer], width: int = 420
) -> alt.TopLevelMixin:
    import altair as alt

    values = [{"x": int(a), "y": int(b)} for a, b in zip(xs, ys, strict=True)]
    return (
        alt.Chart(alt.Data(values=values), mark=alt.MarkDef(type="bar"))
        .encode(x=alt.X("x:O", title=x, axis=alt.Axis(labelAngle=0)), y=alt.Y("y:Q", title=y))
        .properties(width=width)
    )


def _lines(
    x: str, xs: NDArray[np.integer], y: str, published: tuple[float, ...], town: NDArray[np.float64]
) -> alt.TopLevelMixin:
    import altair as alt

    values = [
        {"x": int(place), "y": float(value), "whose": whose}
        for whose, series in ((PUBLISHED, published), (TOWN, town))
        for place, value in zip(xs, series, strict=True)
    ]
    return alt.Chart(alt.Data(values=values), mark=alt.MarkDef(type="line", point=True)).encode(
        x=alt.X("x:Q", title=x),
        y=alt.Y("y:Q", title=y, scale=alt.Scale(zero=False)),
        color=alt.Color("whose:N", title=None, scale=alt.Scale(range=["#999999", "#d6604d"])),
    )
