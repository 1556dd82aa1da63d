"""What became of weekly lists, and how chance had a part in them."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import numpy as np
import pyarrow as pa
import pytest

from segue.engine import Engine
from segue.engine.editions import Editions
from segue.engine.trial import Trial
from segue.engine.weekly import weekly
from segue.errors import UsageError
from segue.evaluation import served_lists
from segue.library import Library
from segue.library.excluding import Span, exclude
from segue.library.tables import LISTENS
from segue.playlists.familiar import SHARES
from segue.playlists.memory import Weeks
from segue.playlists.outcomes import outcomes
from segue.playlists.playlist import Playlist, monday
from segue.playlists.weekly_config import WeeklyConfig
from segue.settings import TrialConfig

WEEK = "2026-W30"
MONDAY = datetime.combine(monday(WEEK), time(9), UTC)
LATER = MONDAY + timedelta(days=40)


def played(library: Library, rows: list[tuple[str, str, datetime, bool]]) -> None:
    told = [
        {"listener_id": who, "track_id": track, "started_at": at, "skipped": skip, "plays": 1, "source": "x"}
        for who, track, at, skip in rows
    ]
    with library.writing() as writer:
        writer.append("listens", pa.Table.from_pylist(told, schema=LISTENS))


def test_plays_are_joined_to_the_lists_they_follow(library: Library) -> None:
    (made, _) = weekly(Engine(library), WEEK, listeners=["p01", "p02"])
    tracks = [entry.track.track_id for entry in made.entries]
    day = timedelta(days=1)
    played(
        library,
        [
            ("p01", tracks[0], MONDAY + day, False),
            ("p01", tracks[0], MONDAY + 9 * day, False),
            ("p01", tracks[1], MONDAY + day, False),
            ("p01", tracks[1], MONDAY + day + timedelta(hours=1), False),  # on the same day
            ("p01", tracks[2], MONDAY + day, True),
            ("p01", tracks[3], MONDAY - day, False),  # before the list
            ("p01", tracks[3], MONDAY + 29 * day, False),  # too late
            ("p02", tracks[4], MONDAY + day, False),  # somebody else
        ],
    )
    assert outcomes(library, now=MONDAY + 20 * day).num_rows == 0  # not over yet
    rows = [row for row in outcomes(library, now=LATER).to_pylist() if row["listener_id"] == "p01"]
    assert [row["track_id"] for row in rows] == tracks and {row["week"] for row in rows} == {WEEK}
    told = [(row["heard"], row["again"], row["skipped"]) for row in rows[:6]]
    yes, no = True, False
    assert told == [(yes, yes, no), (yes, no, no), (no, no, yes), (no, no, no), (no, no, no), (no, no, no)]
    assert rows[0]["familiar"] == pytest.approx(0.1) and rows[0]["model"].startswith("factors/")
    exclude(library, "p01", Span(MONDAY, LATER))
    assert not any(row["heard"] for row in outcomes(library, now=LATER).to_pylist() if row["position"] == 1)


def test_the_chance_of_a_track_is_how_often_it_comes(library: Library) -> None:
    engine, config = Engine(library), WeeklyConfig(draws=40, surprise=0.5)
    (made,) = weekly(engine, WEEK, listeners=["p01"], config=config)
    drawn = made.drawn
    assert drawn.chances is not None and len(drawn.chances) == len(made.entries) and drawn.pool
    chance = {e.track.track_id: p for e, p in zip(made.entries, drawn.chances, strict=True)}
    chance |= {each.track_id: each.chance for each in drawn.pool}
    draws = 60
    again = [list_of(engine, config, seed) for seed in range(1, draws + 1)]
    came = {track: np.mean([track in each for each in again]) for track in chance}
    off = [abs(came[track] - p) / np.sqrt(0.25 / draws + 0.25 / 41) for track, p in chance.items()]
    assert np.mean(np.array(off) < 2) > 0.9
    assert sum(p for p in chance.values()) == pytest.approx(30, abs=1.5)
    assert list_of(engine, config.model_copy(update={"surprise": 0.0}), 0) == {
        *(e.track.track_id for e, sure in zip(made.entries, drawn.sure or (), strict=True) if sure),
        *(list_of(engine, config.model_copy(update={"surprise": 0.0}), 0) - set(ids_of(made))),
    }
    (plain,) = weekly(engine, WEEK, listeners=["p01"], config=WeeklyConfig(surprise=0.5))
    assert plain.drawn.chances is None and ids_of(plain) == ids_of(made)  # measuring changes nothing
    kept = Weeks(library.path / "weeks").read(WEEK, ["p01"])
    assert kept["chance"].null_count == 30


def list_of(engine: Engine, config: WeeklyConfig, seed: int) -> set[str]:
    (made,) = engine.week(WEEK, config.model_copy(update={"draws": 0})).lists(["p01"], seed)
    return set(ids_of(made))


def ids_of(playlist: Playlist) -> list[str]:
    return [entry.track.track_id for entry in playlist.entries]


def test_the_log_says_what_lists_without_chance_would_have_earned(library: Library) -> None:
    config, rng = WeeklyConfig(draws=30, surprise=0.5), np.random.default_rng(0)
    engine = Engine(library)
    people = [f"p{n:02}" for n in range(40)]
    made = weekly(engine, WEEK, listeners=people, config=config)
    plain = list(engine.week(WEEK, WeeklyConfig(surprise=0.0)).lists(people))
    good = {each: rng.random() for each in sorted({t for p in (*made, *plain) for t in ids_of(p)})}
    rows = []
    for playlist in made:
        for track in ids_of(playlist):
            if rng.random() < good[track]:
                rows += [(playlist.listener, track, MONDAY + timedelta(days=d), False) for d in (1, 3)]
    played(library, rows)
    found = served_lists.without_chance(outcomes(library, now=LATER))
    truth = np.mean([good[track] for playlist in plain for track in ids_of(playlist)])
    assert found is not None
    assert found.snips.low - 0.02 <= truth <= found.snips.high + 0.02
    assert found.doubly_robust.low - 0.02 <= truth <= found.doubly_robust.high + 0.02
    (all_, *_) = served_lists.became(outcomes(library, now=LATER))
    assert (all_.which, all_.lists) == ("all", 40) and 0.3 < all_.again.mean <= all_.heard.mean < 0.7


def test_a_trial_of_lists_is_drawn_by_listener_and_compared(library: Library) -> None:
    trial = Trial(TrialConfig(name="more favourites", weekly={"familiar": 0.5}))
    people = [f"p{n:02}" for n in range(40)]
    made = weekly(Engine(library), WEEK, listeners=people, trial=trial)
    arms = {playlist.listener: playlist.drawn.arm for playlist in made}
    assert arms == {who: trial.arm(who) for who in people} and len(set(arms.values())) == 2
    assert [playlist.listener for playlist in made] == people
    for playlist in made:
        asked = 0.5 if playlist.drawn.arm.endswith("/b") else 0.1
        assert playlist.drawn.familiar == asked
    day = timedelta(days=1)
    replayed = [
        (playlist.listener, track, MONDAY + n * day, False)
        for playlist in made
        if playlist.drawn.arm.endswith("/b")
        for track in ids_of(playlist)[:12]
        for n in (1, 2)
    ]
    played(library, replayed)
    (found,) = served_lists.trials(outcomes(library, now=LATER))
    assert found.trial == "more favourites" and sum(found.listeners) == 40
    assert found.earned == pytest.approx((0.0, 0.4))
    with pytest.raises(UsageError, match="order"):
        Trial(TrialConfig(name="x", weekly={"order": "agent"}))
    with pytest.raises(UsageError, match="weekly"):
        Trial(TrialConfig(name="x", weekly={"length": 3}))


def test_the_learned_share_is_drawn_and_kept(library: Library) -> None:
    config = WeeklyConfig(learn_familiar=True)
    people = [f"p{n:02}" for n in range(40)]
    made = weekly(Engine(library), WEEK, listeners=people, config=config)
    assert {playlist.drawn.familiar for playlist in made} == set(SHARES)
    assert all(0.1 < playlist.drawn.familiar_chance < 0.4 for playlist in made)
    rows = [
        (playlist.listener, track, MONDAY + timedelta(days=n), False)
        for playlist in made
        if playlist.drawn.familiar == SHARES[2]
        for track in ids_of(playlist)
        for n in (1, 2)
    ]
    played(library, rows)
    editions = Editions(library, "2026-W40", config)
    shares = [editions.of(who).config.familiar for who in (*people, *(f"new {n}" for n in range(40)))]
    assert np.mean(np.array(shares) == SHARES[2]) > 0.8  # it did well, and for those who are new too
