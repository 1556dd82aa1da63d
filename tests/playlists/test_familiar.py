"""The familiar share, learned on what is played again: against listeners whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from segue.playlists.familiar import SHARES, FamiliarShares

WEEKS, DELAY, TRACKS = 30, 4, 30


class Crowd:
    """Listeners of whom some replay favourites more than what is new, and some the other way round."""

    def __init__(self, listeners: int, seed: int, *, alike: bool = False) -> None:
        rng = np.random.default_rng(seed)
        fond = np.zeros(listeners) if alike else rng.choice([-0.35, 0.35], listeners)
        self.new = np.clip(0.3 - fond / 2, 0, 1)
        self.old = np.clip(0.3 + fond / 2, 0, 1)
        self.rng = rng

    def truth(self) -> np.ndarray:
        """(n, n_shares) mean reward of each share."""
        shares = np.array(SHARES)
        return (1 - shares) * self.new[:, None] + shares * self.old[:, None]

    def reward(self, listener: int, share: float) -> float:
        old = round(share * TRACKS)
        again = self.rng.binomial(old, self.old[listener]) + self.rng.binomial(
            TRACKS - old, self.new[listener]
        )
        return again / TRACKS


def lived(crowd: Crowd, seed: int) -> tuple[np.ndarray, list[tuple[str, float, float]]]:
    """(n_weeks, n) the place of the share each listener got each week, and all lists with their rewards."""
    n = len(crowd.new)
    told: list[tuple[str, float, float]] = []
    late: list[list[tuple[str, float, float]]] = []
    got = np.zeros((WEEKS, n), int)
    for week in range(WEEKS):
        if week >= DELAY:
            told += late[week - DELAY]
        names, shares, rewards = zip(*told, strict=True) if told else ((), (), ())
        learned = FamiliarShares.learn(
            np.array(names, object), np.array(shares, float), np.array(rewards, float)
        )
        now = []
        for listener in range(n):
            share, chance = learned.drawn(f"l{listener}", f"{seed} {week}")
            assert 0 < chance <= 1
            got[week, listener] = SHARES.index(share)
            now.append((f"l{listener}", share, crowd.reward(listener, share)))
        late.append(now)
    return got, told


def test_each_listener_gets_the_share_that_suits_them() -> None:
    better, late, early = 0.0, [], []
    for seed in range(2):
        crowd = Crowd(60, seed)
        got, _ = lived(crowd, seed)
        truth, everybody = crowd.truth(), np.arange(60)
        best = truth.max(1)
        early.append((best - truth[everybody, got[0]]).mean())
        late.append((best - truth[everybody, got[-1]]).mean())
        fixed = truth.mean(0).max()  # the one share that is best for all
        better += truth[everybody, got[-5:]].mean() - fixed
    assert np.mean(late) < 0.35 * np.mean(early)
    assert better / 2 > 0.04


class InTown(Crowd):
    """Listeners of a town: what they play again, the town's law says, of favourites and of what is new.

    Who chooses new tracks knows some listeners' tastes well, and others' badly.
    """

    def __init__(self, listeners: int, seed: int) -> None:
        from segue.town import TownConfig, build, response

        town = build(TownConfig.named("ordinary", listeners=listeners, tracks=1200, months=0.5), seed=seed)
        truth, p = town.truth(), response.float32(town.config.response)
        affinity, known = truth.affinity(np.arange(listeners)), truth.first_memory().plays
        self.rng = np.random.default_rng(seed)
        blur = self.rng.choice([0.5, 4.0], listeners)[:, None]

        def whole(tracks: np.ndarray, plays: np.ndarray, days: float) -> np.ndarray:
            liked = np.take_along_axis(affinity, tracks, 1) + truth.listeners.habit[:, None]
            liked = liked + p.familiarity * (1 - np.exp(-plays / p.familiar_plays))
            return response.stages(p, liked - p.satiation * np.exp(-days / p.satiation_days))[..., 3]

        def again(tracks: np.ndarray) -> np.ndarray:
            plays = np.take_along_axis(known, tracks, 1)
            return (whole(tracks, plays, 90.0) * whole(tracks, plays + 1, 7.0)).mean(1)

        guess = affinity + blur * self.rng.normal(size=affinity.shape)
        self.new = again(np.argsort(-np.where(known > 0, -np.inf, guess), 1)[:, :TRACKS])
        self.old = again(np.argsort(-known, 1)[:, : TRACKS // 2])


def test_in_a_town_whose_truth_is_known_it_comes_near_the_best() -> None:
    crowd = InTown(80, 3)
    got, _ = lived(crowd, 3)
    truth, everybody = crowd.truth(), np.arange(80)
    best, usual = truth.max(1).mean(), truth[:, SHARES.index(0.1)].mean()
    first, last = truth[everybody, got[0]].mean(), truth[everybody, got[-5:]].mean()
    assert last > usual and last > first
    assert best - last < 0.4 * (best - first)


def test_where_nothing_differs_no_share_takes_over() -> None:
    got, _ = lived(Crowd(60, 3, alike=True), 3)
    assert np.bincount(got[-8:].ravel(), minlength=len(SHARES)).min() > 0.03 * 8 * 60


def test_nothing_is_known_at_first_and_the_chance_is_told() -> None:
    learned = FamiliarShares()
    drawn = [learned.drawn(f"l{n}", "2026-W48") for n in range(200)]
    assert {share for share, _ in drawn} == set(SHARES)
    assert [chance for _, chance in drawn] == pytest.approx([1 / len(SHARES)] * 200, abs=0.03)
    assert learned.drawn("ada", "2026-W48") == learned.drawn("ada", "2026-W48")


def test_other_shares_and_few_lists_say_little() -> None:
    other = FamiliarShares.learn(np.array(["a", "b"], object), np.array([0.3, 0.07]), np.array([1.0, 1.0]))
    assert not other.own
    few = FamiliarShares.learn(np.array(["a"], object), np.array([0.1]), np.array([1.0]))
    assert few.mean[1] >= few.mean[0] and few.variance[1] < few.variance[0]
    chances = [few.drawn(f"l{n}", "x")[1] for n in range(50)]
    assert max(chances) < 0.9
