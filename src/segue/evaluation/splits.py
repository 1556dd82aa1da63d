"""Who is tested on what. Every split is a function of the histories and a seed (or a date, or an id)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from segue.evaluation.histories import Histories

Order = Literal["random", "position"]


@dataclass(frozen=True, eq=False)
class Fold:
    """One split: models are fitted on `train`; `given` and `targets` are the tested listeners' two halves."""

    train: Histories
    given: Histories
    targets: csr_matrix  # (n_tested, n_items), stored entries are the targets, at least one per row
    tested: NDArray[np.int64]  # (n_tested,) rows of the histories that were split: names for pairing


def hold_out(
    histories: Histories,
    seed: int,
    *,
    held_out: float = 0.2,
    given: float = 0.8,
    order: Order = "random",
) -> Fold:
    """Strong generalisation: the tested listeners are not trained on at all (Marlin 2004; Liang et al. 2018).

    Args:
        histories: every listener.
        seed: which listeners are held out, and for `order="random"` which of their items are given.
        held_out: share of the listeners to test, rounded to the nearest number.
        given: share of a tested listener's items that is folded in, rounded down; the rest are targets.
        order: "random" draws the given items (protocol A), "position" takes the first ones (protocol B).
    """
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(histories.n_listeners)
    count = round(held_out * histories.n_listeners)
    tested, trained = np.sort(shuffled[:count]), np.sort(shuffled[count:])
    theirs = histories.take(tested)
    sizes = theirs.sizes
    if order == "random":
        rank = np.empty(len(theirs.items), dtype=np.int64)
        by_draw = np.lexsort((rng.random(len(theirs.items)), theirs.owners))
        rank[by_draw] = np.arange(len(rank))
    else:
        rank = np.arange(len(theirs.items))
    place = rank - np.repeat(theirs.offsets[:-1], sizes)
    # The little that is added keeps 0.8 · 5 from being 3.
    n_given = np.floor(given * sizes + 1e-9).astype(np.int64)
    is_given = place < np.repeat(n_given, sizes)
    return _fold(histories.take(trained), theirs, is_given, tested)


def hold_out_some(histories: Histories, seed: int, tested: int) -> Fold:
    """As `hold_out`, as Liang et al. (2018) do it: so many tested listeners, as many more not trained on.

    Those others are for choosing settings. Of n items n / 5, rounded down, are targets, drawn at random.
    Items that no training listener has are neither given nor targets.
    """
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(histories.n_listeners)
    chosen, trained = np.sort(shuffled[:tested]), np.sort(shuffled[2 * tested :])
    train, theirs = histories.take(trained), histories.take(chosen)
    theirs = theirs.keep((train.listeners_per_item() > 0)[theirs.items])
    place = np.empty(len(theirs.items), dtype=np.int64)
    place[np.lexsort((rng.random(len(place)), theirs.owners))] = np.arange(len(place))
    place -= np.repeat(theirs.offsets[:-1], theirs.sizes)
    return _fold(train, theirs, place >= np.repeat(theirs.sizes // 5, theirs.sizes), chosen)


def validation(
    fold: Fold, seed: int, *, held_out: float = 0.2, given: float = 0.8, order: Order = "random"
) -> Fold:
    """A split of a fold's training listeners alone, to choose settings on; tested ones never enter it."""
    return hold_out(fold.train, seed, held_out=held_out, given=given, order=order)


def by_time(histories: Histories, at: np.datetime64) -> Fold:
    """Weak generalisation in time: what was first heard before `at` is trained on and given, the rest found.

    Listeners with nothing on one side are trained on but not tested. Items first heard by anybody after `at`
    cannot be recommended by any model and stay among the targets alike for all.

    Raises:
        ValueError: the histories have no times.
    """
    if histories.times is None:
        raise ValueError("These histories have no times to split by")
    before, after = histories.times < at, histories.times >= at  # both False where the time is not known
    train, later = histories.keep(before), histories.keep(after)
    tested = np.flatnonzero((train.sizes > 0) & (later.sizes > 0))
    return Fold(train, train.take(tested), later.take(tested).matrix(), tested)


def hash_parts(ids: Iterable[object], parts: int = 10) -> NDArray[np.int64]:
    """sha1(id) mod `parts` for each id as UTF-8 text, (n,): a split that no order or seed can change.

    With ten parts: 0 to 7 train, 8 validation, 9 test.
    """
    return np.array(
        [int.from_bytes(hashlib.sha1(str(key).encode()).digest(), "big") % parts for key in ids],
        dtype=np.int64,
    )


def _fold(
    train: Histories, theirs: Histories, is_given: NDArray[np.bool_], tested: NDArray[np.int64]
) -> Fold:
    given, rest = theirs.keep(is_given), theirs.keep(~is_given)
    some = np.flatnonzero((given.sizes > 0) & (rest.sizes > 0))
    return Fold(train, given.take(some), rest.take(some).matrix(), tested[some])
