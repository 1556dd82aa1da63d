"""Lists of candidates with features, and how well they are in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Lists:
    """Lists in compressed rows: the candidates of list q are the rows `offsets[q]:offsets[q + 1]`."""

    names: tuple[str, ...]  # of the features
    features: NDArray[np.float32]  # (n_candidates, n_features)
    wanted: NDArray[np.int8]  # (n_candidates,) 1 for those to be found
    before: NDArray[np.float32]  # (n_candidates,) scores of the stage before
    offsets: NDArray[np.int64]  # (n_lists + 1,)
    to_find: NDArray[np.int64]  # (n_lists,) how many there were to find, among the candidates or not
    owners: NDArray[np.int64]  # (n_lists,) whose list: lists of one owner are never on two sides of a fold

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def select(self, lists: NDArray[np.bool_]) -> Lists:
        """Some of the lists."""
        lengths = np.diff(self.offsets)
        rows = np.repeat(lists, lengths)
        return Lists(
            self.names,
            self.features[rows],
            self.wanted[rows],
            self.before[rows],
            np.concatenate([[0], np.cumsum(lengths[lists])]).astype(np.int64),
            self.to_find[lists],
            self.owners[lists],
        )

    def ndcg(self, scores: NDArray[np.float32], depth: int) -> NDArray[np.float64]:
        """NDCG at `depth` of each list by `scores` `(n_candidates,)`, ties against the wanted."""
        discounts = 1 / np.log2(np.arange(2, depth + 2))
        gains = np.concatenate([[0.0], np.cumsum(discounts)])
        found = np.zeros(len(self))
        for number, (start, end) in enumerate(zip(self.offsets[:-1], self.offsets[1:], strict=True)):
            # Equal scores put the wanted last: a ranker that says nothing must not look good.
            order = np.lexsort((self.wanted[start:end], -scores[start:end]))[:depth]
            found[number] = discounts[: len(order)] @ self.wanted[start:end][order]
        return found / gains[np.clip(self.to_find, 1, depth)]


class Gatherer:
    """Lists that come one by one."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self._features: list[NDArray[np.float32]] = []
        self._wanted: list[NDArray[np.bool_]] = []
        self._before: list[NDArray[np.float32]] = []
        self._about: list[tuple[int, int, int]] = []

    def add(
        self,
        features: NDArray[np.float32],
        wanted: NDArray[np.bool_],
        before: NDArray[np.float32],
        *,
        to_find: int,
        owner: int,
    ) -> None:
        """One list, its arguments as the fields of `Lists`."""
        self._features.append(features)
        self._wanted.append(wanted)
        self._before.append(before)
        self._about.append((len(wanted), to_find, owner))

    def lists(self) -> Lists:
        """All of them."""
        about = np.array(self._about, np.int64).reshape(-1, 3)
        width = len(self.names)
        return Lists(
            self.names,
            np.concatenate([np.zeros((0, width), np.float32), *self._features]),
            np.concatenate([np.zeros(0, bool), *self._wanted]).astype(np.int8),
            np.concatenate([np.zeros(0, np.float32), *self._before]),
            np.concatenate([[0], np.cumsum(about[:, 0])]).astype(np.int64),
            about[:, 1],
            about[:, 2],
        )
