"""Listening as evaluation needs it: each listener's items in order, with a weight each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix


@dataclass(frozen=True, eq=False)
class Histories:
    """What each listener heard, ragged: listener u's entries are `offsets[u]:offsets[u + 1]`, in order.

    An item appears at most once per listener. A playlist is a listener whose weights are 1.
    """

    offsets: NDArray[np.int64]  # (n_listeners + 1,)
    items: NDArray[np.int32]  # (n_entries,)
    weights: NDArray[np.float32]  # (n_entries,), plays or 1
    n_items: int
    times: NDArray[np.datetime64] | None = None  # (n_entries,), UTC, first heard; NaT where not known
    listener_ids: Sequence[str] | None = None  # (n_listeners,)
    item_ids: Sequence[str] | None = None  # (n_items,)

    @property
    def n_listeners(self) -> int:
        """Number of listeners."""
        return len(self.offsets) - 1

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Number of items of each listener, (n_listeners,)."""
        return np.diff(self.offsets)

    @property
    def owners(self) -> NDArray[np.int64]:
        """The listener of each entry, (n_entries,)."""
        return np.repeat(np.arange(self.n_listeners), self.sizes)

    def matrix(self) -> csr_matrix:
        """The weights as float32 (n_listeners, n_items), indices sorted, apart from this object's arrays."""
        matrix = csr_matrix(
            (self.weights.copy(), self.items.copy(), self.offsets.copy()),
            shape=(self.n_listeners, self.n_items),
        )
        matrix.sort_indices()
        return matrix

    def listeners_per_item(self) -> NDArray[np.int64]:
        """How many listeners have each item, (n_items,)."""
        return np.bincount(self.items, minlength=self.n_items)

    def take(self, listeners: NDArray[np.integer]) -> Histories:
        """The histories of some listeners, in the order given; items keep their numbers."""
        sizes = self.sizes[listeners]
        offsets = np.concatenate([[0], np.cumsum(sizes)])
        entries = np.repeat(self.offsets[listeners] - offsets[:-1], sizes) + np.arange(offsets[-1])
        ids = None if self.listener_ids is None else [self.listener_ids[u] for u in listeners]
        return self._entries(entries, offsets, ids)

    def keep(self, entries: NDArray[np.bool_]) -> Histories:
        """Only the entries marked True, (n_entries,); all listeners stay, some perhaps with nothing."""
        kept = np.bincount(self.owners[entries], minlength=self.n_listeners)
        return self._entries(
            np.flatnonzero(entries), np.concatenate([[0], np.cumsum(kept)]), self.listener_ids
        )

    def trimmed(self, *, listeners_per_item: int, items_per_listener: int) -> Histories:
        """Without rare items, then without listeners left with few items: one pass, in this order.

        After the second step an item can have fewer listeners than asked for; repeating the steps until
        nothing changes is another protocol. Item numbers are made anew, without gaps.
        """
        common = self.listeners_per_item() >= listeners_per_item
        some = self.keep(common[self.items])
        left = some.take(np.flatnonzero(some.sizes >= items_per_listener))
        used = np.flatnonzero(left.listeners_per_item())
        number = np.full(self.n_items, -1, dtype=np.int32)
        number[used] = np.arange(len(used), dtype=np.int32)
        return Histories(
            left.offsets,
            number[left.items],
            left.weights,
            len(used),
            left.times,
            left.listener_ids,
            None if self.item_ids is None else [self.item_ids[i] for i in used],
        )

    def _entries(
        self, entries: NDArray[np.integer], offsets: NDArray[np.int64], listener_ids: Sequence[str] | None
    ) -> Histories:
        return Histories(
            offsets.astype(np.int64),
            self.items[entries],
            self.weights[entries],
            self.n_items,
            None if self.times is None else self.times[entries],
            listener_ids,
            self.item_ids,
        )


def from_entries(
    listeners: NDArray[np.object_] | Sequence[str],
    items: NDArray[np.object_] | Sequence[str],
    weights: NDArray[np.floating] | None = None,
    order: NDArray | None = None,
    times: NDArray[np.datetime64] | None = None,
) -> Histories:
    """Histories from one row per listen, count or playlist entry, all arguments (n_rows,).

    Rows of the same listener and item become one: weights add up, place and time are those of the first.

    Args:
        listeners: external ids.
        items: external ids.
        weights: plays; None is 1 for each listener and item however often it is repeated.
        order: sorts a listener's rows; None keeps the order of the rows.
        times: UTC.
    """
    listener_ids, u = np.unique(np.asarray(listeners, dtype=str), return_inverse=True)
    item_ids, i = np.unique(np.asarray(items, dtype=str), return_inverse=True)
    position = np.arange(len(u)) if order is None else np.asarray(order)
    by_place = np.lexsort((position, u))
    pair = u[by_place].astype(np.int64) * max(len(item_ids), 1) + i[by_place]
    _, first, inverse = np.unique(pair, return_index=True, return_inverse=True)
    if weights is None:
        total = np.ones(len(first), dtype=np.float32)
    else:
        total = np.bincount(inverse, weights=np.asarray(weights)[by_place], minlength=len(first))
    back = np.argsort(first, kind="stable")
    rows = by_place[first[back]]
    counts = np.bincount(u[rows], minlength=len(listener_ids))
    return Histories(
        np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        i[rows].astype(np.int32),
        total[back].astype(np.float32),
        len(item_ids),
        None if times is None else np.asarray(times)[rows],
        listener_ids.tolist(),
        item_ids.tolist(),
    )
