from __future__ import annotations

import builtins
from typing import Any

import numpy as np
import pytest

from segue.errors import SegueError, UsageError
from segue.ranking import ranker as module
from segue.ranking.config import RankerConfig
from segue.ranking.crossfit import Worth, cross_fitted, worth
from segue.ranking.lists import Gatherer, Lists
from segue.ranking.ranker import Ranker, can_learn

NAMES = ("told: before", "hidden", 'a, "noise"')
SMALL = RankerConfig(trees=30, leaves=4, min_leaf=5, depth=10)


def made(n_lists: int, *, hidden: float = 2.0, seed: int = 0) -> Lists:
    """Lists of 20, of which two are wanted by a first feature, which the stage before knew, and a second."""
    random = np.random.default_rng(seed)
    gatherer = Gatherer(NAMES)
    for number in range(n_lists):
        features = random.normal(size=(20, 3)).astype(np.float32)
        true = features[:, 0] + hidden * (features[:, 1] > 0.5) + 0.3 * random.normal(size=20)
        wanted = true >= np.sort(true)[-2]
        gatherer.add(features, wanted, features[:, 0], to_find=2, owner=number // 2)
    return gatherer.lists()


def scores_of(ranker: Ranker, lists: Lists) -> np.ndarray:
    return ranker.scores(lists.features, lists.before)


def test_it_finds_what_the_stage_before_did_not_know() -> None:
    learn, test = made(200), made(100, seed=1)
    ranker = Ranker(SMALL).fit(learn)
    before, after = (test.ndcg(s, 10).mean() for s in (test.before, scores_of(ranker, test)))
    assert after > before + 0.1
    (first, share), (second, _), _ = ranker.leading()
    assert {first, second} == {"told: before", "hidden"}
    assert 0 < share < 1
    assert ranker.gains_.sum() == pytest.approx(1)


def test_its_trees_answer_as_lightgbm_does() -> None:
    lists = made(80)
    lightgbm = pytest.importorskip("lightgbm")
    kept: list[Any] = []
    train = lightgbm.train
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lightgbm, "train", lambda *a, **k: kept.append(train(*a, **k)) or kept[-1])
        ranker = Ranker(SMALL).fit(lists)
    expected = lists.before + kept[0].predict(lists.features)
    np.testing.assert_allclose(scores_of(ranker, lists), expected, atol=1e-5)
    back = Ranker.of(ranker.arrays(), ranker.names_)
    np.testing.assert_array_equal(scores_of(back, lists), scores_of(ranker, lists))
    assert back.leading() == ranker.leading()
    assert scores_of(Ranker(SMALL).fit(lists), lists).tolist() == scores_of(ranker, lists).tolist()
    older = {name: array for name, array in ranker.arrays().items() if name != "begin"}
    trees = scores_of(Ranker.of(older, ranker.names_), lists)
    np.testing.assert_allclose(trees, kept[0].predict(lists.features), atol=1e-5)


def test_where_trees_say_nothing_the_order_stays() -> None:
    """Of two lists one candidate each is wanted, by chance: there is nothing to learn."""
    lists = made(2)
    ranker = Ranker(SMALL.model_copy(update={"min_leaf": 1000, "trees": 1, "learning_rate": 1e-9})).fit(lists)
    order = np.argsort(-scores_of(ranker, lists), kind="stable")
    assert order.tolist() == np.argsort(-lists.before, kind="stable").tolist()
    from_nothing = Ranker(SMALL.model_copy(update={"begin": 0.0})).fit(made(50))
    assert (
        from_nothing.scores(lists.features, lists.before).tolist()
        == from_nothing.scores(lists.features, 0 * lists.before).tolist()
    )


def test_each_fold_is_ranked_by_what_learned_from_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    lists = made(60)
    fits: list[set[int]] = []
    asked: list[set[bytes]] = []
    fit, scores = Ranker.fit, Ranker.scores
    rows = [row.tobytes() for row in lists.features]
    owner = dict(zip(rows, np.repeat(lists.owners, np.diff(lists.offsets)).tolist(), strict=True))

    def watched_fit(self: Ranker, some: Lists, **named: Any) -> Ranker:
        fits.append(set(some.owners.tolist()))
        return fit(self, some, **named)

    def watched_scores(self: Ranker, features: np.ndarray, before: np.ndarray) -> np.ndarray:
        asked.append({owner[row.tobytes()] for row in features})
        return scores(self, features, before)

    monkeypatch.setattr(Ranker, "fit", watched_fit)
    monkeypatch.setattr(Ranker, "scores", watched_scores)
    assert cross_fitted(lists, SMALL) is not None
    assert len(fits) == SMALL.folds
    assert all(not learned & ranked for learned, ranked in zip(fits, asked, strict=True))
    assert sorted(o for ranked in asked for o in ranked) == list(range(30))


def test_it_is_worth_something_only_where_there_is_something_to_learn() -> None:
    useful, useless = made(200), made(200, hidden=0.0)
    gains = []
    for lists in (useful, useless):
        scores = cross_fitted(lists, SMALL)
        assert scores is not None
        gains.append(worth(lists, scores, 10))
    assert gains[0].sure
    assert gains[0].low < gains[0].after - gains[0].before < gains[0].high
    assert not gains[1].sure
    assert not Worth(0.5, 0.6, -0.1, 0.3).sure


def test_of_too_few_owners_nothing_is_cross_fitted() -> None:
    assert cross_fitted(made(6), SMALL) is None
    assert cross_fitted(Gatherer(NAMES).lists(), SMALL) is None
    one = made(1)
    assert not worth(one, one.before, 10).sure


def test_ndcg_counts_what_is_not_among_the_candidates_and_ties_against_the_wanted() -> None:
    gatherer = Gatherer(("score",))
    score = np.array([3, 2, 2, 1], np.float32)
    gatherer.add(score[:, None], np.array([0, 1, 0, 0], bool), score, to_find=2, owner=0)
    lists = gatherer.lists()
    # The wanted one ties with another, so it stands third; of two to be found the best is 1 + 1 / log2(3).
    assert lists.ndcg(lists.before, 10)[0] == pytest.approx(0.5 / (1 + 1 / np.log2(3)))
    assert lists.ndcg(lists.before, 2)[0] == 0


def test_lists_without_candidates_or_without_an_order_teach_nothing() -> None:
    lists = made(40)
    more = Gatherer(NAMES)
    empty = np.zeros((0, 3), np.float32)
    more.add(empty, np.zeros(0, bool), empty[:, 0], to_find=1, owner=90)
    for start, end in zip(lists.offsets[:-1], lists.offsets[1:], strict=True):
        some = slice(start, end)
        more.add(lists.features[some], lists.wanted[some] > 0, lists.before[some], to_find=2, owner=0)
    more.add(lists.features[:5], np.zeros(5, bool), lists.before[:5], to_find=1, owner=91)
    more.add(empty, np.zeros(0, bool), empty[:, 0], to_find=1, owner=92)
    expected = scores_of(Ranker(SMALL).fit(lists), lists)
    np.testing.assert_array_equal(scores_of(Ranker(SMALL).fit(more.lists()), lists), expected)
    assert more.lists().ndcg(more.lists().before, 10)[-1] == 0


def test_wrong_input_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    lists = made(20)
    ranker = Ranker(SMALL).fit(lists)
    assert len(ranker.scores(lists.features[:0], lists.before[:0])) == 0
    with pytest.raises(UsageError, match="features"):
        ranker.scores(lists.features[:, :2], lists.before)
    with pytest.raises(SegueError, match="wanted"):
        Ranker(SMALL).fit(Gatherer(NAMES).lists())
    assert can_learn()
    imported = builtins.__import__

    def refused(name: str, *rest: Any) -> Any:
        if name == "lightgbm":
            raise OSError("libgomp.so.1: cannot open shared object file")
        return imported(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refused)
    assert not can_learn()
    with pytest.raises(SegueError, match="libgomp1"):
        module.Ranker(SMALL).fit(lists)
