"""From listening to the matrix of observations: how much each play, skip, save, ban and playlist counts.

What a pair (listener, track) is worth, in order:

1. Every play has an amount: `plays` x what was heard of it x its age.

   | heard (`stage`, `skipped`)       | counts                    |
   | -------------------------------- | ------------------------- |
   | whole (3), or not known          | 1                         |
   | most (2)                         | `most_heard`, 0.75        |
   | brief (1)                        | `briefly_heard`, 0.25     |
   | very brief (0)                   | 0                         |
   | skipped, whatever the stage      | `skip`, -0.25 (against)   |

   Age: 0.5^(days before `now` / `half_life_days`); a play without a time counts as if it were new.
2. The amounts of a pair are added up to r, and become a confidence by `confidence`, with `per` as the amount
   that counts as much (the mean of all positive r, if not set):

   | confidence | r > 0                          | r < 0                      |
   | ---------- | ------------------------------ | -------------------------- |
   | log        | base + gain log(1 + r / per)   | -gain log(1 - r / per)     |
   | linear     | base + gain r / per            | gain r / per               |
   | binary     | base                           | -base                      |

   A place in a playlist is a choice made once: its confidence is `place`, however old it is. Where a
   playlist is asked for (not where it teaches) its last places tell most of what comes next: each place
   further back counts `place_decay` times as much.
   (Hu et al. 2008, equations 3 and 6. A negative value is a dislike: preference 0, with that confidence.)
3. The listener's last explicit word on the track comes on top: a save adds `save`, a love `love`; a ban or a
   hate makes the value -`ban` whatever was played; an unlove takes the word back.

The weights are choices, not measurements: `segue tune` searches those that matter on your own data.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveFloat, PositiveInt
from scipy.sparse import csr_matrix

from segue.errors import UsageError
from segue.factors.artists import with_artists
from segue.factors.places import by_place
from segue.library.listening import (
    BETWEEN,
    HALF_LIFE_DAYS,
    LibrarySubset,
    Tables,
    Unit,
    documents,
    feedback,
    heard,
    listeners_of_artists_only,
)
from segue.library.moments import DAY, seconds

if TYPE_CHECKING:
    import ibis

    from segue.factors.titles import Titled

UNITS = 1e8  # amounts are added up as whole numbers of 1 / UNITS, so that their order cannot matter


class ObservationConfig(BaseModel):
    """What counts, and how much. The table is in the module's docstring."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    unit: Unit = Field(
        "listeners",
        description="Whose rows: listeners', every playlist's as if it were a listener, or both together.",
    )
    teachers: Literal["all", "playlists", "sessions"] = Field(
        "all",
        description="Whose rows a model learns from. With playlists, listeners are only asked for: among a "
        "few, one would be told what another plays; those who are told by artists teach. With sessions, "
        "each session of a listener is a row in their place: one person's plays in one row teach nothing.",
    )
    media: tuple[str, ...] = Field(
        ("song", "artist"), description="Media that count; a track of unknown medium is a song."
    )
    artists: bool = Field(
        True,
        description="Whether who plays songs of an artist is taken to have played the artist, where other "
        "listening is told by artists.",
    )
    half_life_days: PositiveFloat | None = Field(
        HALF_LIFE_DAYS, description="Age in days at which a play counts half; none counts old and new alike."
    )
    now: AwareDatetime | None = Field(None, description="Age is counted from here; none is the newest play.")
    most_heard: NonNegativeFloat = Field(0.75, description="Worth of a play of which most was heard.")
    briefly_heard: NonNegativeFloat = Field(0.25, description="Worth of a brief play that was not skipped.")
    skip: float = Field(
        -0.25, le=1.0, description="Worth of a skipped play: below 0 it speaks against the track."
    )
    confidence: Literal["log", "linear", "binary"] = Field(
        "log", description="How amounts become confidence."
    )
    base: NonNegativeFloat = Field(1.0, description="Confidence of the faintest positive amount.")
    gain: NonNegativeFloat = Field(0.8, description="How much more amounts count.")
    per: PositiveFloat | None = Field(None, description="The amount that counts as much; none is the mean.")
    place: PositiveFloat = Field(1.0, description="Confidence of a place in a playlist: a choice made once.")
    place_decay: float = Field(
        0.93,
        gt=0,
        le=1,
        description="Where a playlist is asked for: worth of a place beside the place after it. All places "
        "teach alike.",
    )
    save: NonNegativeFloat = Field(2.0, description="Added for a track the listener saved.")
    love: NonNegativeFloat = Field(4.0, description="Added for a track the listener loves.")
    ban: NonNegativeFloat = Field(4.0, description="Confidence of a dislike that was said: ban, hate.")
    listeners_per_track: PositiveInt = Field(1, description="Leave out tracks with fewer listeners.")
    tracks_per_listener: PositiveInt = Field(1, description="Then leave out listeners with fewer tracks.")

    @property
    def together(self) -> str:
        """What a model learned from these says of tracks that lie near each other, in words."""
        if self.teachers == "sessions":
            return "played in the same sessions"
        if self.teachers == "playlists" or self.unit == "playlists":
            return "on the same playlists"
        people = "played by the same people"
        return people if self.unit == "listeners" else f"{people} and on the same playlists"


@dataclass(frozen=True, eq=False)
class Observations:
    """The matrix of observations and what its rows and columns are."""

    matrix: csr_matrix  # (n_listeners, n_tracks) float32; negative values are dislikes
    listeners: NDArray[np.object_]  # (n_listeners,) ids, sorted unless they were given; of sessions whose
    tracks: NDArray[np.object_]  # (n_tracks,) ids, sorted unless they were given
    config: ObservationConfig  # with `now` and `per` as they turned out, to observe others alike
    titled: Titled | None = None  # of playlists that are asked for by their titles, too

    @property
    def asked(self) -> csr_matrix:
        """(n_listeners, n_tracks) what the blend is asked by: the matrix, and what titles stand for."""
        return self.matrix if self.titled is None else self.titled.asked


def observe(
    library: Tables,
    config: ObservationConfig | None = None,
    *,
    listeners: Sequence[str] | None = None,
    tracks: Sequence[str] | None = None,
    asked: bool = False,
) -> Observations:
    """The observations of a library.

    Args:
        library: whose canonical tables to read.
        config: what counts; the defaults otherwise.
        listeners: only these, in this order, also where they have nothing. Minimum supports don't apply.
        tracks: only these, in this order: the columns of a trained model. Minimum supports don't apply.
        asked: whether the rows are to be folded in, not to be learned from: a playlist's last places weigh
            most.

    Raises:
        UsageError: there is nothing to observe.
    """
    config = config or ObservationConfig()
    restricted = listeners is not None or tracks is not None
    config = _settled(library, config)
    if listeners is not None:
        library = LibrarySubset.of(library, listeners)
    by_session = not restricted and config.teachers == "sessions"
    amounts = _amounts(library, config, documents(library, config.unit) if by_session else None)
    pairs = _valued(_aged(amounts, config), library, config, words=not by_session)
    if asked and config.unit != "listeners" and config.place_decay < 1:
        pairs = by_place(pairs, library, config.place_decay)
    if not restricted:
        pairs = _supported(pairs, config)
    # Of plain numbers DuckDB makes decimals, which Ibis takes for doubles: the cast is one for both.
    table = library.arrow(pairs.select("listener_id", "track_id", value=pairs.value.cast("float32")))
    rows, row_ids = _codes(table["listener_id"], listeners)
    columns, column_ids = _codes(table["track_id"], tracks)
    values = table["value"].to_numpy().astype(np.float32, copy=False)
    if not restricted and not len(values):
        whose = "listeners or playlists" if config.unit == "both" else config.unit
        raise UsageError(
            f"There is nothing to learn from: no {whose} with tracks that count",
            hint="import listening or playlists, or loosen the settings of observations",
        )
    known = (rows >= 0) & (columns >= 0)
    if not restricted and config.unit == "both" and config.teachers == "playlists":
        rows, row_ids = _of_playlists(library, rows, row_ids)
        known &= rows >= 0
    if by_session:
        row_ids = np.array([row.split(BETWEEN)[0] for row in row_ids.tolist()], dtype=object)
    matrix = csr_matrix(
        (values[known], (rows[known], columns[known])),
        shape=(len(row_ids), len(column_ids)),
        dtype=np.float32,
    )
    matrix.sort_indices()
    if config.artists and "artist" in config.media:
        told = with_artists(library, matrix, column_ids)
        if told is None:
            config = config.model_copy(update={"artists": False})  # none of the columns that are to come
        else:
            matrix = told
    return Observations(matrix, row_ids, column_ids, config)


def _of_playlists(
    library: Tables, rows: NDArray[np.int32], row_ids: NDArray[np.object_]
) -> tuple[NDArray[np.int32], NDArray[np.object_]]:
    """The same without the rows of listeners who are told by songs, which become -1."""
    people: set[str] = set()
    for table in ("listens", "feedback"):
        ids = library.arrow(library.table(table).select("listener_id").distinct())
        people |= set(ids["listener_id"].to_pylist())
    people -= listeners_of_artists_only(library)
    stays = np.array([who not in people for who in row_ids.tolist()], bool)
    place = np.where(stays, np.cumsum(stays) - 1, -1).astype(np.int32)
    return place[rows], row_ids[stays]


def _amounts(library: Tables, config: ObservationConfig, told: ibis.Table | None = None) -> ibis.Table:
    """(listener_id, track_id, placed, at, amount) of every play and place; the age is still to come."""
    import ibis

    # How far a play was heard, and whether it was skipped, is decided in library/listening.py alone.
    told = _of_media(heard(library, config.unit) if told is None else told, library, config)
    worth = ibis.cases(
        (told.placed, 1.0),
        (told.skipped.fill_null(False), config.skip),
        (told.stage == 0, 0.0),
        (told.stage == 1, config.briefly_heard),
        (told.stage == 2, config.most_heard),
        else_=1.0,
    ).cast("float64")
    return told.select(
        "listener_id",
        "track_id",
        "placed",
        at=ibis.ifelse(told.placed, ibis.null("float64"), seconds(told.started_at)),
        amount=worth * told.plays.cast("float64"),
    )


def _of_media(table: ibis.Table, library: Tables, config: ObservationConfig) -> ibis.Table:
    tracks = library.table("tracks")
    others = tracks.filter(~tracks.medium.fill_null("song").isin(list(config.media))).select("track_id")
    return table.anti_join(others, "track_id")


def _settled(library: Tables, config: ObservationConfig) -> ObservationConfig:
    """The config with `now` and `per` known; as they are where they are."""
    if config.now is not None and config.per is not None:
        return config
    amounts = _amounts(library, config)
    if config.now is None:
        newest = library.arrow(amounts.aggregate(at=amounts["at"].max()))["at"][0].as_py()
        if newest is not None:
            config = config.model_copy(update={"now": datetime.fromtimestamp(newest, UTC)})
    if config.per is None:
        summed = _aged(amounts, config)
        positive = summed.filter(summed.amount > 0, ~summed.placed)
        sums = positive.aggregate(total=(positive.amount * UNITS).cast("int64").sum(), n=positive.count())
        found = library.arrow(sums).to_pylist()[0]
        mean = float(found["total"]) / UNITS / found["n"] if found["n"] else 1.0
        config = config.model_copy(update={"per": mean})
    return config


def _aged(amounts: ibis.Table, config: ObservationConfig) -> ibis.Table:
    """(listener_id, track_id, amount): one row a pair, r of the module's docstring."""
    import ibis

    amount: Any = amounts.amount
    if config.half_life_days is not None and config.now is not None:
        since = (ibis.literal(config.now.timestamp()) - amounts["at"]) / DAY
        # Plays that came after the training's `now` count as new, not as more than new.
        days: Any = ibis.greatest(since.fill_null(0.0), 0.0)
        amount = amount * (days * (-math.log(2) / config.half_life_days)).exp()
    units = (amount * UNITS).round().cast("int64")
    return amounts.group_by("listener_id", "track_id", "placed").aggregate(
        amount=units.sum().cast("float64") / UNITS
    )


def _valued(
    pairs: ibis.Table, library: Tables, config: ObservationConfig, *, words: bool = True
) -> ibis.Table:
    """(listener_id, track_id, value) of every pair that says something."""
    import ibis

    size = pairs.amount.abs() / config.per
    more: Any = ibis.literal(0.0)
    if config.confidence == "log":
        more = config.gain * (size + 1.0).log()
    elif config.confidence == "linear":
        more = config.gain * size
    less: Any = ibis.literal(config.base) if config.confidence == "binary" else more
    value = ibis.cases(
        (pairs.placed, ibis.literal(config.place)),
        (pairs.amount > 0, more + config.base),
        (pairs.amount < 0, -less),
        else_=0.0,
    )
    valued = pairs.select("listener_id", "track_id", "placed", value=value.cast("float64"))
    if words and config.unit != "playlists":
        valued = _with_words(valued, library, config)
    return valued.filter(valued.value != 0)


def _with_words(pairs: ibis.Table, library: Tables, config: ObservationConfig) -> ibis.Table:
    """The pairs with each listener's last explicit word on a track."""
    import ibis

    said = _of_media(feedback(library), library, config)
    last = ibis.window(
        group_by=["listener_id", "track_id"],
        # Words said at the same moment, or at times unknown, are ordered by name: any order would do that is
        # always the same.
        order_by=[said.given_at.desc(nulls_first=False), said.kind],
    )
    words = said.mutate(place=ibis.row_number().over(last))
    words = words.filter(words.place == 0).select("listener_id", "track_id", "kind")
    both = pairs.outer_join(words, ["listener_id", "track_id"])
    played = both.value.fill_null(0.0)
    value = ibis.cases(
        (both.kind.isin(["ban", "hate"]), ibis.literal(-config.ban)),
        (both.kind == "love", played + config.love),
        (both.kind == "save", played + config.save),
        else_=played,
    )
    return both.select(
        listener_id=both.listener_id.coalesce(both.listener_id_right),
        track_id=both.track_id.coalesce(both.track_id_right),
        placed=both.placed.fill_null(False),
        value=value,
    )


def _supported(pairs: ibis.Table, config: ObservationConfig) -> ibis.Table:
    """Without rare tracks, then without listeners left with few tracks: one pass, in this order."""
    for column, least in (
        ("track_id", config.listeners_per_track),
        ("listener_id", config.tracks_per_listener),
    ):
        if least > 1:
            counts = pairs.group_by(column).aggregate(support=pairs.count())
            pairs = pairs.semi_join(counts.filter(counts.support >= least), column)
    return pairs


def _codes(
    column: pa.ChunkedArray, ids: Sequence[str] | None
) -> tuple[NDArray[np.int32], NDArray[np.object_]]:
    """Each value's place among `ids` (-1: not there), or among the sorted values; and the ids."""
    encoded = column.combine_chunks().dictionary_encode()
    names = np.array(encoded.dictionary.to_pylist(), dtype=object)
    if ids is None:
        order = np.argsort(names.astype(str), kind="stable") if len(names) else np.empty(0, np.int64)
        place = np.empty(len(names), np.int32)
        place[order] = np.arange(len(names), dtype=np.int32)
        known = names[order]
    else:
        number = {name: at for at, name in enumerate(ids)}
        place = np.array([number.get(name, -1) for name in names], np.int32)
        known = np.array(list(ids), dtype=object)
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    return place[codes] if len(codes) else np.empty(0, np.int32), known
