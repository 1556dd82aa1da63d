"""What became of plays: songs, artists, habits that drift; what models are measured beside."""

from __future__ import annotations

from itertools import pairwise

import jax.numpy as jnp
import numpy as np
import pytest

from segue.world import measuring, peers
from segue.world.features import CANDIDATE, NEWCOMER, SESSION, STATIC
from segue.world.measuring import Events
from segue.world.outcomes import Outcomes, odds
from segue.world.responses import LEAVING, Log

SONGS, ARTISTS = np.array([0, 1, 2]), np.array([0, 0, 1])


def test_a_song_is_compared_with_the_habit_of_its_time() -> None:
    told, usual = Outcomes(), Outcomes()
    for day in range(100):  # song 0 is heard out every time, song 1 never, when half of all are
        for outcomes in (told, usual):
            outcomes.hears(0, 0, 3, day, day + 0.002)
            outcomes.hears(1, 0, 0, day + 0.01, day + 0.012)
    for day in range(100, 300):  # then nothing is, in a year without reasons why tracks ended
        told.hears(5, 4, 2, day, day + 0.002)
    one, two = (each.columns(SONGS, ARTISTS, 300.0) for each in (told, usual))
    assert one["out_over"][0] > 1 > -1 > one["out_over"][1] and one["out_over"][2] == 0
    np.testing.assert_allclose(one["out_over"], two["out_over"])  # the year says nothing of songs
    assert one["habit_now"][0] <= one["habit_days"][0] < one["habit_weeks"][0] < one["habit_months"][0] < 0
    assert abs(two["habit_months"][0]) < 0.05 and one["out_last"].tolist() == [1, -1, 0]
    assert one["away"][0] < one["away"][2] == 1


def test_what_is_not_told_is_heard_and_no_outcome() -> None:
    outcomes = Outcomes()
    outcomes.hears(0, 0, -1, 10.0, 10.01)
    columns = outcomes.columns(SONGS, ARTISTS, 11.0)
    for name, values in columns.items():
        if name not in ("away", "artist_away", "pause"):
            assert not values.any(), name
    assert columns["away"][0] < 1 and columns["artist_away"][1] < 1 and columns["pause"][0] < 1


def test_of_somebody_new_is_said_what_a_newcomers_column_says() -> None:
    for name, values in Outcomes().columns(SONGS, ARTISTS, 20_000.0).items():
        assert name in STATIC and (values == NEWCOMER[name]).all(), name


def test_what_came_before_a_session_fades_in_hours() -> None:
    outcomes = Outcomes()
    outcomes.hears(0, 0, 3, 0.0, 0.001)
    soon, later, days = (float(outcomes.columns(SONGS, ARTISTS, at)["before"][0]) for at in (0.01, 0.2, 3.0))
    assert soon > later > days > 0
    assert odds(0.5, 1.0) == 0 and odds(0, 1) == pytest.approx(-odds(1, 1))


def _log(rng: np.random.Generator, sessions: int) -> tuple[Log, Events]:
    """Sessions in which the last outcome and the song's own say what comes."""
    steps = 10
    session = np.zeros((sessions, steps, len(SESSION)), np.float32)
    candidate = rng.normal(size=(sessions, steps, len(CANDIDATE))).astype(np.float32)
    whole, song = np.zeros((sessions, steps), bool), rng.integers(40, size=(sessions, steps))
    for step in range(steps):
        before = np.where(whole[:, step - 1], 1.0, -1.0) if step else np.zeros(sessions)
        session[:, step, SESSION.index("last")] = before
        logit = 1.5 * before + candidate[:, step, CANDIDATE.index("out")] + (song[:, step] % 3 - 1)
        whole[:, step] = rng.random(sessions) < 1 / (1 + np.exp(-logit))
    stage, there = np.where(whole, 3, 1), np.ones((sessions, steps))
    leaving = jnp.zeros((sessions, steps, LEAVING))
    log = Log(*map(jnp.asarray, (session, candidate, stage, there)), leaving, jnp.zeros((sessions, steps)))
    return log, measuring.events_of(stage, there, np.ones(stage.shape), np.full(stage.shape, np.nan), song)


def test_trees_know_more_than_the_tables_and_the_interval_holds_the_mean() -> None:
    pytest.importorskip("lightgbm")
    rng = np.random.default_rng(3)
    (learn, told), (test, events) = _log(rng, 150), _log(rng, 60)
    chances = dict(peers.tables(told, events))
    found = peers.trees(learn, test)
    assert found is not None
    np.testing.assert_allclose(found.sum(-1), 1.0, atol=1e-6)
    chances["trees"] = found
    loss = []
    for each in chances.values():
        measured = measuring.measured(each, events, measuring.shares_by_stage(events), 30.0)["completed"]
        assert measured.interval[0] < measured.log_loss < measured.interval[1]
        assert min(measured.earlier, measured.later) <= measured.log_loss <= max(measured[-2:])
        loss.append(measured.log_loss)
    constant, repeat_last, songs, trees = loss
    assert constant > songs > repeat_last > trees
    assert all(one != other for one, other in pairwise(loss))
