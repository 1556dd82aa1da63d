"""What every neighbour engine must do behind `Index`. Inherit `IndexContract` and name the engine.

    class TestFaissHnsw(IndexContract):
        engine = "faiss-hnsw"

Needs pytest and hypothesis. An engine that is not installed is skipped.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from segue.errors import FormatError, NotFoundError, NumericalError, UsageError
from segue.neighbours import Index, IndexConfig, build_index, filtering
from segue.neighbours.config import EngineName, Metric
from segue.neighbours.engines import ENGINES
from segue.shelf import Shelf

METRICS: tuple[Metric, ...] = ("inner_product", "cosine", "l2")
D = 12


def vectors(n: int, seed: int = 0, d: int = D) -> NDArray[np.float32]:
    """Clustered vectors (n, d) of unlike lengths, somewhat like tracks' factors."""
    chance = np.random.default_rng(seed)
    centres = chance.normal(size=(20, d))
    points = centres[chance.integers(20, size=n)] + 0.5 * chance.normal(size=(n, d))
    return (points * chance.lognormal(0, 0.3, size=(n, 1))).astype(np.float32)


def distances(query: NDArray, base: NDArray, metric: Metric) -> NDArray[np.float64]:
    """Distances in double precision, by the definition."""
    q, b = query.astype(np.float64), base.astype(np.float64)
    if metric == "l2":
        return ((b - q) ** 2).sum(axis=1)
    if metric == "cosine":
        norms = np.linalg.norm(b, axis=1) * np.linalg.norm(q)
        return 1 - b @ q / np.where(norms > 0, norms, 1)
    return 1 - b @ q


def share_found(ids: NDArray, right: NDArray) -> float:
    """The share of `right` that is in `ids`, over all queries."""
    return float(np.mean([len(set(a) & set(b)) / len(b) for a, b in zip(ids, right, strict=True)]))


class IndexContract:
    """Inherit it and set `engine`; `recall` is what the engine must reach where it is approximate."""

    engine: EngineName
    recall: ClassVar[float] = 0.9
    n: ClassVar[int] = 1000

    @pytest.fixture(autouse=True)
    def _installed(self) -> None:
        kind = ENGINES[self.engine]
        if not kind.installed():
            pytest.skip(f"{kind.module} is not installed: pip install 'segue[{kind.extra}]'")

    @pytest.fixture
    def no_shortcut(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Filtered searches go to the engine although so small a set would be compared whole."""
        monkeypatch.setattr(filtering, "FEW", 0)

    def built(self, metric: Metric = "inner_product", n: int | None = None) -> Index:
        """An index of `vectors(n)` under ids 1000, 1003, ..., with its recall measured."""
        n = n or self.n
        config = IndexConfig(engine=self.engine, metric=metric, recall=0.97, trees=20)
        return build_index(vectors(n), 1000 + 3 * np.arange(n), queries=vectors(200, 9), config=config)

    def right(self, index: Index, queries: NDArray, k: int, keep: NDArray | None = None) -> NDArray:
        """The true nearest ids by brute force, of those in `keep`."""
        ids = index.ids if keep is None else index.ids[np.isin(index.ids, keep)]
        base = index.vectors(ids)
        return np.array([ids[np.argsort(distances(q, base, index.metric))[:k]] for q in queries])

    @pytest.mark.parametrize("metric", METRICS)
    def test_finds_the_nearest_and_says_how_far(self, metric: Metric) -> None:
        index, queries = self.built(metric), vectors(100, 1)
        ids, far = index.query(queries, 10)
        assert ids.shape == far.shape == (100, 10)
        assert ids.dtype == np.int64 and far.dtype == np.float32
        assert share_found(ids, self.right(index, queries, 10)) >= (1 if self.exact else self.recall)
        assert (np.diff(far, axis=1) >= -1e-5).all()
        for query, mine, theirs in zip(queries, ids, far, strict=True):
            assert len(set(mine)) == 10
            np.testing.assert_allclose(
                theirs, distances(query, index.vectors(mine), metric), rtol=1e-3, atol=2e-4
            )

    @pytest.mark.parametrize("metric", METRICS)
    def test_its_recall_is_measured_and_true(self, metric: Metric) -> None:
        index = self.built(metric)
        measured = index.recall_
        assert measured is not None and measured.effort == index.effort
        assert measured.recall == 1 if self.exact else measured.recall >= self.recall
        fresh = vectors(300, 5)
        true = share_found(index.query(fresh, 10)[0], index.exact(fresh, 10)[0])
        assert abs(true - measured.recall) < 0.06
        np.testing.assert_array_equal(index.exact(fresh, 10)[0], self.right(index, fresh, 10))

    def test_which_of_equal_vectors_is_found_does_not_count(self) -> None:
        base = np.repeat(vectors(250), 4, axis=0)  # the tenth nearest has three as near as itself
        config = IndexConfig(engine=self.engine, recall=0.97, trees=20)
        index = build_index(base, queries=vectors(200, 9), config=config)
        assert index.recall_ is not None and index.recall_.recall >= (1 if self.exact else self.recall)

    def test_one_query_answers_as_in_a_batch(self) -> None:
        index, queries = self.built(), vectors(5, 1)
        many, far = index.query(queries, 7, num_threads=1)
        for i, query in enumerate(queries):
            one, near = index.query(query, 7)
            assert one.shape == near.shape == (7,)
            np.testing.assert_array_equal(one, many[i])
            np.testing.assert_allclose(near, far[i], rtol=1e-4, atol=1e-4)
        nothing, none = index.query(np.empty((0, D), np.float32), 3)
        assert nothing.shape == none.shape == (0, 3)

    def test_more_effort_finds_more(self) -> None:
        index, queries = self.built(), vectors(100, 1)
        right = self.right(index, queries, 10)
        least = share_found(index.query(queries, 10, effort=1)[0], right)
        most = share_found(index.query(queries, 10, effort=index.most_effort())[0], right)
        assert most >= 0.99 and most >= least

    def test_what_is_not_there_is_filled_with_none(self) -> None:
        index = self.built(n=5)
        ids, far = index.query(vectors(2, 1), 8)
        assert ids.shape == (2, 8) and (np.sort(ids[:, :5]) == index.ids).all()
        assert (ids[:, 5:] == -1).all() and np.isinf(far[:, 5:]).all()
        empty = Index(D, self.engine)
        ids, far = empty.query(vectors(2, 1), 3)
        assert (ids == -1).all() and np.isinf(far).all() and len(empty) == 0

    def test_added_vectors_are_found(self, no_shortcut: None) -> None:
        index = self.built()
        new = vectors(60, 3) * 3
        ids = index.add(new)
        assert ids[0] == 1000 + 3 * (self.n - 1) + 1 and len(index) == self.n + 60 and int(ids[0]) in index
        far = index.query(new, 1, effort=index.most_effort())[1][:, 0]
        assert np.mean(far <= distances_to_self(new) + 1e-2) >= self.recall

    def test_an_id_that_is_there_takes_the_new_place(self, no_shortcut: None) -> None:
        index, moved = self.built("l2"), np.full((1, D), 50, np.float32)
        index.add(moved, [1000])
        assert len(index) == self.n
        np.testing.assert_array_equal(index.vectors([1000]), moved)
        assert index.query(moved[0], 1)[0][0] == 1000
        old = vectors(self.n)[0]
        assert 1000 not in index.query(old, 5)[0]

    def test_removed_vectors_never_come(self, no_shortcut: None) -> None:
        index, queries = self.built(), vectors(50, 1)
        gone = np.unique(index.query(queries, 3)[0])
        index.remove(gone)
        assert len(index) == self.n - len(gone) and int(gone[0]) not in index
        ids, _ = index.query(queries, 10)
        assert (ids >= 0).all() and not np.isin(ids, gone).any()
        assert share_found(ids, self.right(index, queries, 10)) >= self.recall - 0.05
        with pytest.raises(NotFoundError):
            index.remove(gone[:1])
        index.add(vectors(len(gone), 4), gone)
        assert len(index) == self.n

    def test_most_may_be_removed_and_then_all(self) -> None:
        index, queries = self.built(), vectors(30, 1)
        keep = index.ids[::7]
        index.remove(np.setdiff1d(index.ids, keep))
        np.testing.assert_array_equal(np.sort(index.ids), keep)
        assert share_found(index.query(queries, 10)[0], self.right(index, queries, 10)) >= self.recall
        index.remove(keep)
        assert len(index) == 0 and (index.query(queries, 2)[0] == -1).all()
        index.add(vectors(3), [5, 6, 7])
        assert set(index.query(queries[0], 3)[0]) == {5, 6, 7}

    @pytest.mark.parametrize("metric", METRICS)
    @pytest.mark.parametrize("share", [0.6, 0.1, 0.01])
    def test_filters_cost_no_places(self, metric: Metric, share: float, no_shortcut: None) -> None:
        index, queries = self.built(metric), vectors(40, 1)
        allow = np.random.default_rng(2).permutation(index.ids)[: int(share * self.n)]
        for given_as in (allow, np.isin(index.ids, allow)):
            ids, far = index.query(queries, 10, allow=given_as)
            assert np.isin(ids, allow).all() and np.isfinite(far).all()
            assert share_found(ids, self.right(index, queries, 10, allow)) >= self.recall - 0.1

    def test_what_a_listener_has_heard_is_excluded_for_that_listener(self, no_shortcut: None) -> None:
        index, queries = self.built(), vectors(40, 1)
        heard = [self.right(index, query[None], 3 * i)[0] for i, query in enumerate(queries)]  # 0, 3, 6, ...
        ids, _ = index.query(queries, 10, exclude=heard)
        right = np.array(
            [
                self.right(index, q[None], 10, np.setdiff1d(index.ids, mine))[0]
                for q, mine in zip(queries, heard, strict=True)
            ]
        )
        assert (ids >= 0).all()
        assert not any(np.isin(mine, theirs).any() for mine, theirs in zip(ids, heard, strict=True))
        assert share_found(ids, right) >= self.recall - 0.05

    def test_filters_together(self, no_shortcut: None) -> None:
        index, queries = self.built(), vectors(20, 1)
        allow, exclude = index.ids[::2], index.ids[::3]
        index.remove(index.ids[::5])
        left = np.setdiff1d(np.intersect1d(allow, index.ids), exclude)
        for excluded in (exclude, list(exclude), [exclude] * 20, [[*exclude, 10**9]] * 20):
            ids, _ = index.query(queries, 5, allow=allow, exclude=excluded)
            assert np.isin(ids, left).all()
            assert share_found(ids, self.right(index, queries, 5, left)) >= self.recall - 0.1
        ids, far = index.query(queries, 5, allow=left[:4], exclude=left[:2])
        assert (np.sort(ids[:, :2]) == left[2:4]).all()
        assert (ids[:, 2:] == -1).all() and np.isinf(far[:, 2:]).all()
        assert (index.query(queries, 2, allow=[])[0] == -1).all()
        assert (index.query(queries, 2, exclude=index.ids)[0] == -1).all()

    @pytest.mark.parametrize("mmap", [True, False])
    @pytest.mark.parametrize("metric", METRICS)
    def test_saved_and_loaded_it_answers_the_same(self, metric: Metric, mmap: bool, tmp_path: Path) -> None:
        index, queries = self.built(metric), vectors(30, 1)
        index.remove(index.ids[::9])
        index.save(tmp_path / "index")
        again = Index.load(tmp_path / "index", mmap=mmap)
        assert (len(again), again.effort, again.recall_) == (len(index), index.effort, index.recall_)
        assert (again.engine_name, again.metric, again.config) == (index.engine_name, metric, index.config)
        for got, wanted in zip(again.query(queries, 9), index.query(queries, 9), strict=True):
            np.testing.assert_array_equal(got, wanted)
        np.testing.assert_array_equal(again.query(queries, 9, allow=again.ids[::2])[0] >= 0, True)
        before = {path.name: path.read_bytes() for path in (tmp_path / "index").iterdir()}
        again.add(vectors(5, 8), range(5))
        again.remove(again.ids[-3:])
        again.query(queries, 9)
        assert before == {path.name: path.read_bytes() for path in (tmp_path / "index").iterdir()}
        with pytest.raises(UsageError, match="already"):
            again.save(tmp_path / "index")

    def test_what_is_spoilt_is_refused(self, tmp_path: Path) -> None:
        index = self.built()
        index.remove(index.ids[:1])
        index.save(tmp_path / "good")
        with pytest.raises(NotFoundError):
            Index.load(tmp_path / "none")
        files = {path.name: path.read_bytes() for path in (tmp_path / "good").iterdir()}
        for name, data in files.items():
            for number, spoilt in enumerate((data[: len(data) // 2], b"", None)):
                folder = tmp_path / f"{name}-{number}"
                folder.mkdir()
                for other, whole in files.items():
                    content = spoilt if other == name else whole
                    if content is not None:
                        (folder / other).write_bytes(content)
                with pytest.raises(FormatError):
                    Index.load(folder)
        facts = json.loads(files["index.json"])
        facts["version"] = 2
        (tmp_path / "good" / "index.json").write_text(json.dumps(facts), "utf-8")
        with pytest.raises(FormatError):
            Index.load(tmp_path / "good")

    def test_stands_on_the_shelf_with_its_recall(self, tmp_path: Path) -> None:
        index, shelf = self.built(), Shelf(tmp_path)
        shelf.publish("neighbours", index.write, index.manifest())
        shelf.verify("neighbours")
        assert index.recall_ is not None
        assert shelf.manifest("neighbours").metrics["recall"] == index.recall_.recall
        assert shelf.manifest("neighbours").shapes == {"vectors": [self.n, D]}
        assert len(Index.load(shelf.path("neighbours"))) == self.n

    def test_built_twice_it_answers_the_same(self) -> None:
        queries = vectors(50, 1)
        first, second = self.built().query(queries, 10), self.built().query(queries, 10)
        np.testing.assert_array_equal(first[0], second[0])

    def test_equal_and_zero_vectors_do_no_harm(self) -> None:
        zeros = np.zeros((300, D))
        for metric in METRICS:
            for base in (zeros + 1, zeros, np.vstack([zeros, vectors(200)])):
                index = build_index(base, engine=self.engine, metric=metric, sample=20)
                ids, far = index.query(vectors(3, 1), 5)
                assert all(len(set(row)) == 5 for row in ids) and (ids >= 0).all() and np.isfinite(far).all()
                assert (index.query(zeros[0], 5)[0] >= 0).all()

    def test_mistakes_are_explained(self) -> None:
        index = Index(D, self.engine)
        good = vectors(3)
        for bad, ids, error in (
            (good[:, :5], None, UsageError),
            (good[0], None, UsageError),
            (np.where(good > 0, np.nan, good), None, NumericalError),
            (good * np.inf, None, NumericalError),
            (good, [1, 1, 2], UsageError),
            (good, [1, 2], UsageError),
            (good, [-1, 2, 3], UsageError),
            (good, [0.5, 1, 2], UsageError),
        ):
            with pytest.raises(error):
                index.add(bad, ids)
        assert len(index) == 0
        index.add(good)
        with pytest.raises(UsageError):
            index.query(good[:2], 0)
        with pytest.raises(UsageError):
            index.query(good[:2], allow=[True])
        for exclude in ([[1], [2], [3]], np.array([0.5])):
            with pytest.raises(UsageError):
                index.query(good[:2], exclude=exclude)
        with pytest.raises(NumericalError):
            index.query(np.full(D, np.nan))
        with pytest.raises(UsageError):
            index.query(np.ones(D + 1))
        with pytest.raises(NotFoundError):
            index.vectors([99])

    @settings(
        max_examples=25, deadline=None, suppress_health_check=[HealthCheck.differing_executors, *HealthCheck]
    )
    @given(
        steps=st.lists(
            st.tuples(st.sampled_from(["add", "remove", "query"]), st.lists(st.integers(0, 30), max_size=12)),
            max_size=12,
        ),
        metric=st.sampled_from(METRICS),
    )
    def test_any_order_of_changes(self, steps: list[tuple[str, list[int]]], metric: Metric) -> None:
        index, there = Index(D, self.engine, IndexConfig(metric=metric)), {}
        chance = np.random.default_rng(0)
        for step, ids in steps:
            ids = list(dict.fromkeys(ids))
            if step == "add":
                new = chance.normal(size=(len(ids), D)).astype(np.float32)
                index.add(new, ids)
                there.update(zip(ids, new, strict=True))
            elif step == "remove":
                ids = [each for each in ids if each in there]
                index.remove(ids)
                for each in ids:
                    del there[each]
            else:
                query = chance.normal(size=D).astype(np.float32)
                left = [each for each in there if each not in ids]
                found, _ = index.query(query, 4, exclude=ids)
                if left:
                    base = np.array([there[each] for each in left])
                    right = np.array(left)[np.argsort(distances(query, base, metric))[:4]]
                    assert list(found[: len(right)]) == list(right)
                assert (found[len(left) :] == -1).all()
            assert sorted(index.ids) == sorted(there) and len(index) == len(there)

    @property
    def exact(self) -> bool:
        """Whether the engine misses nothing."""
        return ENGINES[self.engine].exact


def distances_to_self(points: NDArray) -> NDArray:
    """The inner-product distance of each vector to itself."""
    return 1 - np.einsum("ij,ij->i", points, points)
