"""Evaluation end to end on small made listening, and what the report says of it."""

from __future__ import annotations

import json

import numpy as np
import pytest

from segue.errors import NotFoundError, UsageError
from segue.evaluation import LISTENERS, PLAYLISTS, Protocol, Report, evaluate
from segue.evaluation.groups import regions
from segue.evaluation.histories import from_entries
from segue.evaluation.protocols import accuracy, recommend_all
from segue.evaluation.weighted import Recent
from segue.factors.items import ItemNeighbours, Popularity


def two_crowds(n: int = 120, seed: int = 0):
    """Half the listeners like even items, half odd ones; popularity can't tell, neighbours can."""
    rng = np.random.default_rng(seed)
    owners, items = [], []
    for u in range(n):
        mine = 2 * rng.permutation(40)[:15] + u % 2
        owners += [u] * len(mine)
        items += mine.tolist()
    return from_entries(owners, items, np.ones(len(items)))


@pytest.fixture(scope="module")
def report() -> Report:
    systems = {"popularity": lambda _: Popularity(), "neighbours": lambda _: ItemNeighbours()}
    return evaluate(two_crowds(), LISTENERS, systems, seeds=[3, 4])


def test_rows_for_every_system_and_seed(report):
    assert [(run.system, run.seed) for run in report.runs] == [
        ("popularity", 3), ("neighbours", 3), ("popularity", 4), ("neighbours", 4)
    ]  # fmt: skip
    assert report.systems == ["neighbours", "popularity"]
    assert report.accuracy == ["recall@20", "recall@50", "ndcg@100"]
    values = [run.value("ndcg@100") for run in report.runs if run.system == "neighbours"]
    assert report.mean("neighbours", "ndcg@100") == pytest.approx(np.mean(values))
    assert report.spread("neighbours", "ndcg@100") == pytest.approx(abs(values[0] - values[1]) / np.sqrt(2))


def test_difference_is_paired_by_listener(report):
    gap = report.difference("neighbours", "popularity")
    means = [report.mean(name, "ndcg@100") for name in ("neighbours", "popularity")]
    assert gap.mean == pytest.approx(means[0] - means[1]) and gap.decided
    assert report.difference("neighbours", "neighbours") == (0, 0, 0)
    with pytest.raises(NotFoundError, match="no run of nobody"):
        report.difference("nobody", "neighbours")
    with pytest.raises(NotFoundError, match="not measured per listener"):
        report.difference("neighbours", "popularity", "coverage")


def test_the_report_renders_everywhere(report):
    text = report.markdown()
    assert text.count("| neighbours |") == 2 and "best" in text and "95%" in text and "Gini" in text
    data = json.loads(report.as_json())
    assert len(data["rows"]) == 4 and data["seeds"] == [3, 4]
    assert data["systems"][0]["ndcg@100"]["mean"] == pytest.approx(report.mean("neighbours", "ndcg@100"))
    assert [len(table.rows) for table in report.tables()] == [2, 2]
    chart = report.chart().to_dict()
    assert (
        len(chart["layer"][0]["data"]["values"] if "data" in chart["layer"][0] else chart["data"]["values"])
        == 4
    )


def test_a_model_is_asked_for_what_it_has_not_seen():
    class Spy(Popularity):
        def fit(self, user_items):
            self.n_trained = user_items.shape[0]
            return super().fit(user_items)

        def recommend(self, userid, user_items, **kwargs):
            assert kwargs["recalculate_user"] and kwargs["filter_already_liked_items"]
            assert len(userid) == user_items.shape[0] == 24 and self.n_trained == 96
            return super().recommend(userid, user_items, **kwargs)

    evaluate(two_crowds(), LISTENERS, {"spy": lambda _: Spy()}, seeds=[0], beyond_accuracy=False)


def test_lists_shorter_than_asked_for_are_padded():
    histories = two_crowds()
    model = Popularity().fit(histories.matrix())
    ids, scores = recommend_all(model, histories.matrix(), 300)
    assert ids.shape == (120, 300) and (ids[:, 65:] == -1).all() and np.isneginf(scores[:, 65:]).all()
    assert (ids[:, :65] >= 0).all()


def test_too_little_listening_is_said_so():
    with pytest.raises(UsageError, match="too little listening"):
        evaluate(two_crowds(4), PLAYLISTS, {"popularity": lambda _: Popularity()})
    with pytest.raises(UsageError, match="nothing to evaluate"):
        evaluate(two_crowds(), LISTENERS, {})


def test_an_unknown_metric_is_refused():
    histories = two_crowds()
    ids, scores = recommend_all(Popularity().fit(histories.matrix()), histories.matrix(), 5)
    for name in ("recall", "r_precision@3", "auc@2"):
        with pytest.raises(UsageError, match="no metric"):
            accuracy(ids, scores, histories.matrix(), [name])


def test_protocols_refuse_unknown_keys():
    with pytest.raises(ValueError, match="extra"):
        Protocol.model_validate({**LISTENERS.model_dump(), "seeds": 5})


def test_regions_find_the_crowds():
    groups = regions(two_crowds().matrix(), 2, dimensions=2)
    assert groups.shape == (80, 2) and (groups.sum(axis=1) == 1).all()
    labels = groups.argmax(axis=1)
    item = np.array([int(i) for i in two_crowds().item_ids])
    assert len(set(labels[item % 2 == 0])) == 1 and len(set(labels)) == 2


class Last:
    """Scores an item by the weight that it is asked by."""

    def fit(self, user_items, show_progress=False):
        assert (user_items.data == 1).all()
        return self

    def recommend(self, userid, user_items, N=10, filter_already=True, filter_items=None, recalculate=False):
        self.asked = user_items.toarray()
        order = np.argsort(-self.asked, axis=1, kind="stable")[:, :N]
        return order, np.take_along_axis(self.asked, order, axis=1)


def test_what_has_an_order_is_asked_by_it():
    histories, seen = two_crowds(), Last()
    report = evaluate(histories, PLAYLISTS, {"last": lambda _: Recent(seen, 0.5)}, [3], beyond_accuracy=False)
    fold = PLAYLISTS.split(PLAYLISTS.trim(histories), 3)
    first = fold.given.items[: fold.given.sizes[0]]
    assert len(first) == 12 and report.runs[0].system == "last"
    np.testing.assert_allclose(seen.asked[0, first], np.maximum(0.5 ** np.arange(12)[::-1], 1e-6))
