"""A session that the agent leads."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from tests.trained_agent import put_agent, put_sound

from segue.engine import Engine
from segue.errors import NotFoundError, UsageError
from segue.library import Library

NOW = datetime(2026, 8, 5, 20, tzinfo=UTC)


@pytest.fixture
def agent_library(library: Library) -> Library:
    put_sound(library)
    put_agent(library, used=True)
    return library


def test_it_follows_what_is_played_and_skipped(agent_library: Library) -> None:
    engine = Engine(agent_library)
    led = engine.session("p03", moment=NOW)
    assert led.by == "agent"
    session = led.session
    first = session.candidates()
    assert len(first) > 30
    assert [each.q for each in first] == sorted((each.q for each in first), reverse=True)
    assert all(0 <= each.whole <= 1 and 0 <= each.left <= 1 for each in first)
    assert set(led.reasons) <= set(session.tracks)
    chosen = first[0].track
    session.answer(chosen, 0)
    skipped = session.candidates()
    assert chosen not in {each.track for each in skipped}
    other = engine.session("p03", moment=NOW).session
    other.answer(chosen, 3)
    heard = other.candidates()
    assert not np.allclose(sorted(each.q for each in skipped), sorted(each.q for each in heard))
    assert 0 < session.stay < 1
    with pytest.raises(UsageError):
        session.answer(chosen, 3)
    with pytest.raises(UsageError):
        session.answer(heard[0].track, 4)


def test_greed_and_tracks_that_are_named(agent_library: Library) -> None:
    engine = Engine(agent_library)
    tracks = agent_library.table("tracks")
    songs = tracks.filter(tracks.medium == "song").order_by("track_id").limit(5)
    ids = agent_library.arrow(songs)["track_id"].to_pylist()
    led = engine.session(None, ids, by="greedy", moment=NOW)
    assert led.by == "greedy"
    assert {each.track for each in led.session.candidates()} == set(ids)
    assert all(each.q == each.expected for each in led.session.candidates())
    for _ in ids:
        led.session.answer(led.session.candidates()[0].track, 3)
    assert led.session.candidates() == []
    with pytest.raises(NotFoundError):
        engine.session(None)


def test_an_agent_is_put_once(agent_library: Library) -> None:
    put_agent(agent_library, used=False)
    assert Engine(agent_library).session("p03", moment=NOW).by == "greedy"
