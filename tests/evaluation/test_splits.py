"""Splits: nobody tested is trained on, nothing found is given, order and seeds are kept."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.evaluation import splits
from segue.evaluation.histories import Histories, from_entries


def some_histories(n: int = 50, seed: int = 0, times: bool = False) -> Histories:
    rng = np.random.default_rng(seed)
    owners, items, plays = [], [], []
    for u in range(n):
        mine = rng.permutation(80)[: rng.integers(5, 30)]
        owners += [f"u{u:03}"] * len(mine)
        items += [f"t{i}" for i in mine]
        plays += rng.integers(1, 100, size=len(mine)).tolist()
    when = np.datetime64("2026-01-01") + rng.integers(0, 300, size=len(items)).astype("timedelta64[D]")
    return from_entries(owners, items, np.array(plays, dtype=float), times=when if times else None)


def test_entries_become_histories_in_order_and_repeats_add_up():
    h = from_entries(["b", "a", "b", "b"], ["x", "y", "y", "x"], np.array([1.0, 2, 3, 4]), order=[5, 0, 2, 7])
    assert h.listener_ids == ["a", "b"] and h.item_ids == ["x", "y"]
    assert h.offsets.tolist() == [0, 1, 3]
    assert h.items.tolist() == [1, 1, 0] and h.weights.tolist() == [2, 3, 5]
    assert h.matrix().toarray().tolist() == [[0, 2], [5, 3]]
    plain = from_entries(["b", "a", "b", "b"], ["x", "y", "y", "x"])
    assert plain.weights.tolist() == [1, 1, 1]


def test_take_and_keep_are_rows_and_entries_of_the_matrix():
    h = some_histories()
    dense = h.matrix().toarray()
    assert (h.take(np.array([7, 3, 3])).matrix().toarray() == dense[[7, 3, 3]]).all()
    assert h.take(np.array([7, 3])).listener_ids == ["u007", "u003"]
    assert (h.keep(h.items % 2 == 0).matrix().toarray() == dense * (np.arange(h.n_items) % 2 == 0)).all()


def test_trimming_is_one_pass_of_items_then_listeners():
    h = from_entries(
        ["a", "a", "a", "b", "b", "c", "c", "c"], ["x", "y", "z", "x", "y", "x", "z", "w"]
    )  # w has one listener, z two
    left = h.trimmed(listeners_per_item=2, items_per_listener=3)
    assert left.listener_ids == ["a"] and left.item_ids == ["x", "y", "z"]
    assert left.offsets.tolist() == [0, 3]


@given(seed=st.integers(0, 2**32 - 1), order=st.sampled_from(["random", "position"]))
def test_nobody_tested_is_trained_on_and_halves_are_apart(seed, order):
    h = some_histories()
    fold = splits.hold_out(h, seed, order=order)
    assert fold.train.n_listeners + len(fold.tested) == h.n_listeners and len(fold.tested) == 10
    assert not set(fold.train.listener_ids) & set(fold.given.listener_ids)
    whole = h.take(fold.tested).matrix()
    assert (fold.given.matrix() + fold.targets != whole).nnz == 0
    assert fold.given.matrix().multiply(fold.targets).nnz == 0
    assert (fold.given.sizes == np.floor(0.8 * h.sizes[fold.tested] + 1e-9)).all()


def test_by_position_the_first_are_given():
    h = some_histories()
    fold = splits.hold_out(h, 4, order="position")
    for row, u in enumerate(fold.tested):
        mine = h.items[h.offsets[u] : h.offsets[u + 1]]
        theirs = fold.given.items[fold.given.offsets[row] : fold.given.offsets[row + 1]]
        assert theirs.tolist() == mine[: len(theirs)].tolist()
        assert set(fold.targets[row].indices.tolist()) == set(mine[len(theirs) :].tolist())


def test_a_seed_is_a_split():
    h = some_histories()
    one, same, other = (splits.hold_out(h, seed) for seed in (1, 1, 2))
    assert (one.targets != same.targets).nnz == 0 and (one.tested == same.tested).all()
    assert (one.tested != other.tested).any()


def test_random_halves_follow_no_order():
    h = some_histories()
    firsts = []
    for seed in range(40):
        fold = splits.hold_out(h, seed)
        firsts += [
            h.items[h.offsets[u]] in fold.given.items[fold.given.offsets[r] : fold.given.offsets[r + 1]]
            for r, u in enumerate(fold.tested)
        ]
    assert 0.7 < np.mean(firsts) < 0.86


def test_validation_is_carved_from_training_listeners():
    fold = splits.hold_out(some_histories(), 0)
    inner = splits.validation(fold, 0)
    assert set(inner.train.listener_ids) | set(inner.given.listener_ids) == set(fold.train.listener_ids)
    assert not set(inner.given.listener_ids) & set(fold.given.listener_ids)


def test_by_time_the_past_is_given_and_the_future_is_to_be_found():
    h = some_histories(times=True)
    at = np.datetime64("2026-05-01")
    fold = splits.by_time(h, at)
    assert (fold.train.times < at).all() and (fold.given.times < at).all()
    assert fold.train.n_listeners == h.n_listeners
    assert (fold.given.matrix() + fold.targets != h.take(fold.tested).matrix()).nnz == 0
    with pytest.raises(ValueError, match="no times"):
        splits.by_time(some_histories(), at)


def test_hash_parts_are_sha1_of_the_id():
    parts = splits.hash_parts([0, 17, "mpd:17"])
    assert parts.tolist() == [int(hashlib.sha1(k).hexdigest(), 16) % 10 for k in (b"0", b"17", b"mpd:17")]
    assert abs(np.mean(splits.hash_parts(range(20000)) == 8) - 0.1) < 0.01
