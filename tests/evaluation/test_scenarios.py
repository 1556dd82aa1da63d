"""Few tracks: what is given, what is to be found, and that none of it is learned from."""

from __future__ import annotations

import numpy as np
import pytest

from segue.evaluation.histories import Histories, from_entries
from segue.evaluation.protocols import PLAYLISTS
from segue.evaluation.scenarios import LEAST_TO_FIND, SCENARIOS, Scenario, asked, measured, told
from segue.evaluation.splits import Fold


@pytest.fixture(scope="module")
def histories() -> Histories:
    """Forty playlists of 6 to 45 songs, in order."""
    rng = np.random.default_rng(0)
    owners, tracks = [], []
    for number in range(40):
        songs = rng.choice(60, number + 6, replace=False).tolist()
        owners += [f"p{number:02}"] * len(songs)
        tracks += [f"t{song}" for song in songs]
    return from_entries(owners, tracks)


@pytest.fixture(scope="module")
def fold(histories: Histories) -> Fold:
    return PLAYLISTS.split(histories, 0)


def test_the_challenges_scenarios_are_there() -> None:
    assert len(SCENARIOS) == 11 and Scenario(0, False) not in SCENARIOS
    assert [each.name for each in SCENARIOS[:3]] == ["title", "title, 1 track", "1 track"]


@pytest.mark.parametrize(
    "scenario", [Scenario(0, True), Scenario(1, False), Scenario(5, True)], ids=lambda s: s.name
)
def test_first_tracks_are_given_and_the_rest_is_to_be_found(
    histories: Histories, fold: Fold, scenario: Scenario
) -> None:
    titles = {name: f"called {name}" for name in histories.listener_ids or [] if name != "p03"}
    questions = asked(histories, fold, titles, scenario)
    long_enough = histories.sizes[fold.tested] >= scenario.tracks + LEAST_TO_FIND
    titled = np.array([str((histories.listener_ids or [])[row]) in titles for row in fold.tested])
    assert np.array_equal(questions.tested, fold.tested[long_enough & (titled | (not scenario.title))])
    for at, row in enumerate(questions.tested.tolist()):
        songs = histories.items[histories.offsets[row] : histories.offsets[row + 1]]
        given = questions.given.items[questions.given.offsets[at] : questions.given.offsets[at + 1]]
        assert given.tolist() == songs[: scenario.tracks].tolist()
        assert set(questions.targets[[at]].indices.tolist()) == set(songs[scenario.tracks :].tolist())
        name = str((histories.listener_ids or [])[row])
        assert questions.titles[at] == (f"called {name}" if scenario.title else None)


def test_nothing_held_out_is_learned_from(histories: Histories, fold: Fold) -> None:
    names = histories.listener_ids or []
    titles = {name: f"called {name}" for name in names}
    held = {names[row] for row in fold.tested.tolist()}
    inner = PLAYLISTS.validation(fold, 0)
    settings_on = {(fold.train.listener_ids or [])[row] for row in inner.tested.tolist()}
    assert not held & set(fold.train.listener_ids or []) and not settings_on & held
    assert not settings_on & set(inner.train.listener_ids or [])
    learned = told(inner.train, titles)
    assert not {f"called {name}" for name in held | settings_on} & set(learned)
    for scenario in SCENARIOS:
        assert set(asked(histories, fold, titles, scenario).given.listener_ids or []) <= held


class Knowing:
    """Puts what is to be found first."""

    def __init__(self, targets: np.ndarray) -> None:
        self.targets = targets

    def recommend(self, given: Histories, titles: list[str | None], n: int) -> tuple[np.ndarray, np.ndarray]:
        order = np.argsort(-self.targets, axis=1, kind="stable")
        return order, -np.sort(-self.targets, axis=1)


def test_who_knows_finds_all(histories: Histories, fold: Fold) -> None:
    questions = asked(histories, fold, {}, Scenario(1, False))
    found = measured(Knowing(questions.targets.toarray()), questions)
    assert np.allclose(found["ndcg@100"], 1) and np.allclose(found["r_precision"], 1)
