"""What plays, skips and words count for."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pydantic import ValidationError

from segue.errors import UsageError
from segue.factors.observations import ObservationConfig, observe
from segue.library import Library
from segue.library.tables import TABLES

NOW = datetime(2025, 6, 1, tzinfo=UTC)
LINEAR = ObservationConfig(confidence="linear", base=0, gain=1, per=1, half_life_days=None)

Fill = Callable[..., Library]


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


@pytest.fixture
def fill(tmp_path: Path) -> Fill:
    """Makes a library of rows by table; tracks a, b, c are songs, p a podcast."""

    def make(**tables: list[dict[str, Any]]) -> Library:
        library = Library.open(tmp_path / "library", create=True)
        tables["tracks"] = [
            {"track_id": "a", "medium": "song"},
            {"track_id": "b", "medium": "song"},
            {"track_id": "c"},
            {"track_id": "p", "medium": "podcast"},
        ]
        with library.writing() as writer:
            for name, rows in tables.items():
                schema = TABLES[name]
                whole = [{field: row.get(field) for field in schema.names} for row in rows]
                writer.append(name, pa.Table.from_pylist(whole, schema=schema))
        return library

    return make


def play(listener: str, track: str, **more: Any) -> dict[str, Any]:
    return {"listener_id": listener, "track_id": track, "plays": 1, **more}


def word(listener: str, track: str, kind: str, days_ago: float | None = None) -> dict[str, Any]:
    at = None if days_ago is None else ago(days_ago)
    return {"listener_id": listener, "track_id": track, "kind": kind, "given_at": at}


def values(library: Library, config: ObservationConfig, **how: Any) -> dict[tuple[str, str], float]:
    seen = observe(library, config, **how)
    rows, columns = seen.matrix.nonzero()
    return {
        (seen.listeners[u], seen.tracks[i]): float(seen.matrix[u, i])
        for u, i in zip(rows, columns, strict=True)
    }


def test_what_was_heard_of_a_play(fill: Fill) -> None:
    library = fill(
        listens=[
            play("whole", "a", stage=3, skipped=False),
            play("unknown", "a"),
            play("most", "a", stage=2, skipped=False),
            play("brief", "a", stage=1, skipped=False),
            play("none", "a", stage=0, skipped=False),
            play("skip", "a", stage=1, skipped=True),
            play("count", "a", plays=12),
            play("both", "a", stage=3),
            play("both", "a", stage=2, skipped=True),
        ]
    )
    expected = {
        "whole": 1,
        "unknown": 1,
        "most": 0.75,
        "brief": 0.25,
        "skip": -0.25,
        "count": 12,
        "both": 0.75,
    }
    assert values(library, LINEAR) == {(listener, "a"): value for listener, value in expected.items()}


def test_older_plays_count_less(fill: Fill) -> None:
    plays = [play(f"u{days}", "a", started_at=ago(days)) for days in (0, 90, 180)]
    library = fill(listens=[*plays, play("undated", "a")])
    config = LINEAR.model_copy(update={"half_life_days": 90.0})
    got = values(library, config)
    assert got == pytest.approx({("u0", "a"): 1, ("u90", "a"): 0.5, ("u180", "a"): 0.25, ("undated", "a"): 1})
    later = values(library, config.model_copy(update={"now": NOW + timedelta(days=90)}))
    assert later["u0", "a"] == pytest.approx(0.5)
    before = values(library, config.model_copy(update={"now": ago(90)}))
    assert before["u0", "a"] == 1  # never more than a play of today


@pytest.mark.parametrize(
    ("confidence", "plays", "expected"),
    [
        ("log", 6, 1 + 0.8 * math.log(3)),
        ("linear", 6, 1 + 0.8 * 2),
        ("binary", 6, 1),
    ],
)
def test_confidences(fill: Fill, confidence: Any, plays: int, expected: float) -> None:
    config = ObservationConfig(confidence=confidence, per=3, half_life_days=None)
    assert values(fill(listens=[play("u", "a", plays=plays)]), config)["u", "a"] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("confidence", "expected"), [("log", -0.8 * math.log(1.5)), ("linear", -0.4), ("binary", -1)]
)
def test_more_skips_than_plays_are_a_dislike(fill: Fill, confidence: Any, expected: float) -> None:
    library = fill(listens=[play("u", "a", skipped=True), play("u", "a", skipped=True)])
    config = ObservationConfig(confidence=confidence, per=1)
    assert values(library, config)["u", "a"] == pytest.approx(expected)


def test_the_mean_is_what_counts_as_much(fill: Fill) -> None:
    library = fill(listens=[play("u", "a", plays=10), play("v", "a", plays=2), play("v", "b", skipped=True)])
    seen = observe(library, ObservationConfig(half_life_days=None))
    assert seen.config.per == 6


def test_the_last_word_counts(fill: Fill) -> None:
    library = fill(
        listens=[play("u", "a", plays=2), play("v", "a", plays=3), play("w", "a", plays=5)],
        feedback=[
            word("u", "a", "save", 3),
            word("v", "a", "love", 9),
            word("v", "a", "ban", 1),
            word("w", "a", "ban", 9),
            word("w", "a", "unlove", 1),
            word("x", "b", "love"),
            word("x", "c", "hate"),
            word("x", "p", "love"),
        ],
    )
    assert values(library, LINEAR) == {
        ("u", "a"): 4,
        ("v", "a"): -4,
        ("w", "a"): 5,
        ("x", "b"): 4,
        ("x", "c"): -4,
    }


def test_only_the_media_that_count(fill: Fill) -> None:
    library = fill(listens=[play("u", "a"), play("u", "c"), play("u", "p")])
    assert set(values(library, LINEAR)) == {("u", "a"), ("u", "c")}
    podcasts = LINEAR.model_copy(update={"media": ("podcast",)})
    assert set(values(library, podcasts)) == {("u", "p")}


def test_playlists_as_listeners(fill: Fill) -> None:
    entries = [("x", "a"), ("x", "b"), ("y", "a"), ("y", "p")]
    library = fill(
        playlist_entries=[
            {"playlist_id": name, "track_id": track, "position": at}
            for at, (name, track) in enumerate(entries)
        ]
    )
    config = ObservationConfig(unit="playlists", confidence="binary")
    assert values(library, config) == {("x", "a"): 1, ("x", "b"): 1, ("y", "a"): 1}


def test_of_playlists_that_are_asked_the_last_places_weigh_most(fill: Fill) -> None:
    places = [("x", "a", 0), ("x", "b", 1), ("x", "c", 3), ("x", "a", 2), ("y", "a", None), ("y", "b", None)]
    library = fill(
        playlist_entries=[
            {"playlist_id": name, "track_id": track, "position": at} for name, track, at in places
        ],
        listens=[play("u", "a"), play("u", "b")],
    )
    config = ObservationConfig(unit="both", place=2.0, place_decay=0.5)
    known = {pair: value for pair, value in values(library, config).items() if pair[0] != "u"}
    assert set(known.values()) == {2.0}  # what teaches
    asked = values(library, config, asked=True)
    assert asked["x", "c"] == 2 and asked["x", "a"] == 1 and asked["x", "b"] == 0.5
    assert asked["y", "a"] == asked["y", "b"] == 2  # no place is known
    assert asked["u", "a"] == values(library, config)["u", "a"]
    assert values(library, config, asked=True, listeners=["x"])["x", "a"] == 1
    steep = config.model_copy(update={"place_decay": 1e-9})
    assert values(library, steep, asked=True)["x", "b"] == pytest.approx(2e-6)  # still known to be there


def test_supports_are_applied_once_tracks_first(fill: Fill) -> None:
    pairs = [("u", "a"), ("u", "b"), ("v", "a"), ("w", "b"), ("w", "c")]
    library = fill(listens=[play(*pair) for pair in pairs])
    config = LINEAR.model_copy(update={"listeners_per_track": 2, "tracks_per_listener": 2})
    assert set(values(library, config)) == {("u", "a"), ("u", "b")}
    with pytest.raises(UsageError, match="nothing to learn from"):
        observe(library, LINEAR.model_copy(update={"listeners_per_track": 9}))


def test_others_are_observed_alike(fill: Fill) -> None:
    library = fill(
        listens=[play("u", "a", plays=3, started_at=ago(9)), play("v", "b", plays=7, started_at=ago(0))]
    )
    whole = observe(library)
    part = observe(library, whole.config, listeners=["v", "nobody", "u"], tracks=["zz", "b", "a"])
    assert part.matrix.shape == (3, 3)
    assert part.matrix[0, 1] == whole.matrix[1, 1]
    assert part.matrix[2, 2] == whole.matrix[0, 0]
    assert part.matrix.nnz == 2


def test_an_empty_library_has_nothing(fill: Fill) -> None:
    with pytest.raises(UsageError, match="nothing to learn from"):
        observe(fill())


def test_the_same_twice(fill: Fill) -> None:
    rng = np.random.default_rng(0)
    library = fill(
        listens=[
            play(f"u{rng.integers(9)}", "abc"[rng.integers(3)], started_at=ago(float(rng.uniform(0, 900))))
            for _ in range(500)
        ]
    )
    one, other = observe(library), observe(library)
    np.testing.assert_array_equal(one.matrix.toarray(), other.matrix.toarray())
    assert list(one.listeners) == sorted(one.listeners)


def test_unknown_settings_are_refused() -> None:
    with pytest.raises(ValidationError):
        ObservationConfig.model_validate({"half_live_days": 3})
    with pytest.raises(ValidationError):
        ObservationConfig(now=datetime(2025, 1, 1))
