"""Comparing agents: measures against sessions done by hand, verdicts, and the page."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from segue.evaluation.playing import Comparison, Played, Tracks, measured, verdict
from segue.evaluation.playing_page import page_of

TRACKS = Tracks(np.array([[1.0, 0], [0, 1], [1, 0]]), np.array([0, 1, 0]))


def test_measures_of_two_sessions_done_by_hand() -> None:
    played = Played(
        track=np.array([[0, 2, 1], [1, 0, 2]]),
        there=np.array([[True, True, True], [True, False, False]]),
        completed=np.array([[True, False, True], [False, True, True]]),
        skipped=np.array([[False, True, False], [True, False, False]]),
        reward=np.array([[1.0, 0, 1], [0, 1, 1]]),
    )
    known = np.array([[True, False, False], [False, False, False]])
    found = measured(played, TRACKS, known)
    assert found["return"].tolist() == [2, 0]
    assert found["length"].tolist() == [3, 1]
    assert found["completed"].tolist() == pytest.approx([2 / 3, 0])
    assert found["skipped"].tolist() == pytest.approx([1 / 3, 1])
    assert found["coherence"][0] == pytest.approx(0.5)
    assert np.isnan(found["coherence"][1])
    assert found["artists"].tolist() == pytest.approx([2 / 3, 1])
    assert found["new"].tolist() == pytest.approx([2 / 3, 1])


@pytest.fixture
def comparison() -> Comparison:
    """Two agents 3% apart in truth; the training world has their order wrong."""
    rng = np.random.default_rng(0)
    base = 5 + rng.normal(size=2000)

    def world(**gains: float) -> dict:
        return {
            agent: {"return": base * (1 + gain) + 0.1 * rng.normal(size=2000)}
            for agent, gain in gains.items()
        }

    return Comparison(
        {"trained in": "training", "others": "independent", "truth": "truth"},
        {
            "trained in": world(random=-0.4, greedy=0.5, agent=0.4),
            "others": world(random=-0.5, greedy=0.2, agent=0.24),
            "truth": world(random=-0.4, greedy=0.0, agent=0.03),
        },
    )


def test_what_a_comparison_says(comparison: Comparison) -> None:
    gain = comparison.gain("truth", "agent", "greedy")
    assert gain.low < 0.03 < gain.high
    assert gain.decided
    assert comparison.inflation("trained in", "greedy", "truth") == pytest.approx(1.5, abs=0.02)
    assert comparison.rank_correlation("others", "truth") == pytest.approx(1)
    assert comparison.rank_correlation("trained in", "truth") == pytest.approx(0.5)
    (wrong,), (right,) = (comparison.close_pairs(world, "truth") for world in ("trained in", "others"))
    assert right.right
    assert not wrong.right


def test_where_nothing_is_earned_nothing_is_said_of_gains(comparison: Comparison) -> None:
    nothing = {agent: {"return": np.zeros(50)} for agent in ("greedy", "agent")}
    empty = Comparison({"others": "independent"}, {"others": nothing})
    assert np.isnan(empty.gain("others", "agent", "greedy").mean)
    used, why = verdict(empty, "agent", ["greedy"])
    assert not used and "hears nothing to its end" in why and "nan" not in why


def test_an_agent_is_used_only_where_an_independent_world_is_sure(comparison: Comparison) -> None:
    used, why = verdict(comparison, "agent", ["greedy"])
    assert used
    assert "its gain is sure" in why
    used, why = verdict(comparison, "greedy", ["agent"])
    assert not used
    assert "not sure" in why
    alone = Comparison({"truth": "truth"}, {"truth": comparison.sessions["truth"]})
    assert not verdict(alone, "agent", ["greedy"])[0]


def test_the_page_can_be_written(comparison: Comparison, tmp_path: Path) -> None:
    page_of(comparison, "agent", ["greedy"], {"agent": [1.0, 2.0, 2.5]}).write(tmp_path / "page.html")
    html = (tmp_path / "page.html").read_text("utf-8")
    assert "The trained agent is used" in html
    assert html.count("<figure role=") == 5
