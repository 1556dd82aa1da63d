"""Discover Weekly: thirty tracks for each listener, new to them, and the plays that led to each.

The model ranks what a listener has not heard; from the top of that ranking a list is picked that holds one
version of a song, few tracks of any credited artist, and nothing from the weeks before. The same library,
model, seed and ISO week give the same list.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, NonNegativeInt, PositiveInt
from threadpoolctl import threadpool_limits

from segue.playlists.catalogue import Catalogue
from segue.playlists.playlist import Playlist, PlaylistEntry, monday

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from segue.factors.model import Because, FactorModel
    from segue.factors.observations import Observations

AT_ONCE = 1024  # listeners at a time
# How far down the ranking to look for a list: rules and earlier weeks take most of the top.
DEPTH = 8
CONSIDERED = 12  # contributions to a score among which its reasons are chosen


class WeeklyConfig(BaseModel):
    """What a weekly list is like."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tracks: PositiveInt = Field(30, le=500, description="Tracks on a list.")
    per_artist: PositiveInt = Field(2, description="Most tracks of one artist; every credited artist counts.")
    earlier_weeks: NonNegativeInt = Field(12, description="Weeks before whose tracks do not come again.")
    surprise: NonNegativeFloat = Field(
        0.1,
        description="Chance in the choice: scale of Gumbel noise on scores, in their standard deviations.",
    )


def make_weekly(
    model: FactorModel,
    seen: Observations,
    catalogue: Catalogue,
    week: str,
    *,
    config: WeeklyConfig | None = None,
    seed: int = 0,
    earlier: Mapping[str, set[str]] | None = None,
    version: str = "",
) -> Iterator[Playlist]:
    """A list for every listener of `seen`; an empty one, with a note, for whom nothing is known.

    Args:
        model: the trained factors.
        seen: what the listeners have heard, from `model.observe`.
        catalogue: facts of the model's tracks.
        week: ISO week, "2026-W48".
        config: what the lists are like.
        seed: of the chance in the choice.
        earlier: tracks of the weeks before, by listener.
        version: the model's version, for the playlist's record.
    """
    config = config or WeeklyConfig()
    earlier = earlier or {}
    place = {track: number for number, track in enumerate(catalogue.ids)}
    unit = seen.config.unit
    for start in range(0, len(seen.listeners), AT_ONCE):
        part = _rows(seen, start, start + AT_ONCE)
        depth = config.tracks * DEPTH + max((len(earlier.get(who, ())) for who in part.listeners), default=0)
        ids, scores = model.rank(part, depth)
        made = []
        # Reasons are small systems, one a listener: more threads would only wait for each other.
        with threadpool_limits(1, user_api="blas"):
            for at, listener in enumerate(part.listeners):
                gone = [place[track] for track in earlier.get(listener, ()) if track in place]
                good = (scores[at] > np.finfo(np.float32).min) & ~np.isin(ids[at], gone)
                tracks, values = ids[at][good], scores[at][good]
                moved = values + _noise(len(values), values, config.surprise, (seed, week, listener))
                order = np.argsort(-moved, kind="stable")
                ranked = tracks[order], values[order]
                made.append(_playlist(model, catalogue, config, part.matrix[at], *ranked, place, unit))
        for listener, (entries, notes) in zip(part.listeners, made, strict=True):
            yield Playlist(
                title=f"Discover Weekly, {week}",
                listener=str(listener),
                week=week,
                created_at=datetime.combine(monday(week), time(), UTC),
                entries=entries,
                notes=notes,
                seed=seed,
                models=(version,) if version else (),
            )


def _playlist(
    model: FactorModel,
    catalogue: Catalogue,
    config: WeeklyConfig,
    row: csr_matrix,
    ranked: NDArray[np.int32],
    scores: NDArray[np.float32],
    place: Mapping[str, int],
    unit: str,
) -> tuple[tuple[PlaylistEntry, ...], tuple[str, ...]]:
    """Entries and notes of one listener's list, from candidates in order."""
    if not row.nnz:
        return (), ("Nothing is known of this listener yet.",)
    chosen, notes = _pick(ranked, catalogue, row.indices, config)
    why = _telling(model.why(row, np.array(chosen, np.int32), CONSIDERED) if chosen else [])
    score = dict(zip(ranked.tolist(), scores.tolist(), strict=True))
    entries = tuple(
        PlaylistEntry(
            position=number + 1,
            track=catalogue.card(track),
            score=score[track],
            reason=_sentence(why[number], catalogue, place, unit),
            chosen_by="factors",
        )
        for number, track in enumerate(chosen)
    )
    return entries, tuple(notes)


def _rows(seen: Observations, start: int, stop: int) -> Observations:
    from dataclasses import replace

    return replace(seen, matrix=seen.matrix[start:stop], listeners=seen.listeners[start:stop])


def _noise(count: int, scores: NDArray[np.float32], scale: float, key: tuple[object, ...]) -> NDArray:
    """Gumbel noise of `scale` standard deviations of the scores, the same for the same key on any machine."""
    if not scale or not count:
        return np.zeros(count)
    digest = hashlib.sha256("\x1f".join(map(str, key)).encode("utf-8", "surrogatepass")).digest()
    rng = np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "little")))
    return rng.gumbel(size=count) * scale * float(scores.std())


def _pick(
    ranked: Sequence[int] | NDArray[np.int32],
    catalogue: Catalogue,
    heard: NDArray[np.int32],
    config: WeeklyConfig,
) -> tuple[list[int], list[str]]:
    """The list, and what to say of it. If there is too little, the artists' share is let go first."""
    works = set(catalogue.works[heard].tolist())
    taken: Counter[int] = Counter()
    chosen: list[int] = []
    spare: list[int] = []
    for track in map(int, ranked):
        work = int(catalogue.works[track])
        if work in works:
            continue
        works.add(work)
        artists = catalogue.artists(track).tolist()
        if any(taken[artist] >= config.per_artist for artist in artists):
            spare.append(track)
            continue
        taken.update(set(artists))
        chosen.append(track)
        if len(chosen) == config.tracks:
            return chosen, []
    missing = config.tracks - len(chosen)
    notes = []
    if spare:
        added = spare[:missing]
        chosen += added
        notes.append(
            f"{len(added)} tracks are beyond {config.per_artist} of an artist: there was too little else."
        )
    if len(chosen) < config.tracks:
        notes.append(f"Only {len(chosen)} tracks were new to this listener.")
    return chosen, notes


def _telling(why: Sequence[tuple[Because, ...]]) -> list[list[str]]:
    """For each track of a list the two plays that led to it more than to the rest of the list.

    All are true contributions to its score; a favourite that speaks for every track would say little of any.
    """
    usual: dict[str, float] = {}
    for reasons in why:
        for each in reasons:
            usual[each.track] = usual.get(each.track, 0.0) + each.share
    return [
        [each.track for each in sorted(reasons, key=lambda each: -(each.share**2) / usual[each.track])[:2]]
        for reasons in why
    ]


def _sentence(why: Sequence[str], catalogue: Catalogue, place: Mapping[str, int], unit: str) -> str:
    names = [catalogue.name(place[track]) for track in why]
    if not names:
        return "Popular with listeners who share this taste."
    did = "you played" if unit == "listeners" else "this playlist has"
    return f"Because {did} {' and '.join(names)}."
