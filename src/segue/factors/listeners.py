"""Listener neighbours: what people of like taste have."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from scipy.sparse import csr_matrix, diags_array

from segue.factors.scored import ScoredModel, positive


class UserNeighboursConfig(BaseModel):
    """Settings of `UserNeighbours`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    neighbours: int = Field(300, ge=1, description="Trained listeners who have a say, the most alike.")
    similarity_power: float = Field(2.0, gt=0, description="Likeness is raised to this: near ones say more.")
    size_power: float = Field(
        0.5, ge=0, description="A neighbour's say per item is divided by this power of the number it has."
    )
    weight_power: float = Field(0.0, ge=0, description="Weights are raised to this; 0 is binary.")
    max_listeners: int = Field(
        20_000, ge=1, description="Trained listeners kept at most, drawn at random: bounds time and memory."
    )


class UserNeighbours(ScoredModel):
    """Listener neighbours by cosine (after Herlocker et al. 1999, for implicit feedback).

    s_uv = x_u · x_v / (‖x_u‖ ‖x_v‖), the largest `neighbours` kept;
    score(u, i) = Σ_v s_uv^`similarity_power` x_vi / |v|^`size_power`.
    """

    config_type = UserNeighboursConfig
    _learned = ("kept_", "unit_", "say_")
    kept_: NDArray[np.int64]  # (n_listeners,) places among the listeners trained on, rising
    unit_: csr_matrix  # (n_listeners, n_items) rows of length 1
    say_: csr_matrix  # (n_listeners, n_items)

    def _fit(self, user_items: csr_matrix) -> None:
        most, everybody = self.config.max_listeners, user_items.shape[0]
        self.kept_ = np.arange(everybody)
        if everybody > most:
            self.kept_ = np.sort(np.random.default_rng(0).choice(everybody, most, replace=False))
            user_items = csr_matrix(user_items[self.kept_])
        x = _powered(user_items, self.config.weight_power)
        self.unit_ = _unit_rows(x)
        sizes = np.maximum(np.diff(x.indptr), 1).astype(np.float32)
        self.say_ = csr_matrix(diags_array(sizes**-self.config.size_power) @ x)

    def product(self, user_items: csr_matrix) -> tuple[csr_matrix, csr_matrix]:
        """How near the nearest trained listeners are, and what they have."""
        alike = (_unit_rows(_powered(user_items, self.config.weight_power)) @ self.unit_.T).toarray()
        keep = min(self.config.neighbours, alike.shape[1])
        # Neighbours who are exactly as alike as the last one kept stay too: which of them would be left out
        # is chance.
        least = np.partition(alike, alike.shape[1] - keep, axis=1)[:, alike.shape[1] - keep, None]
        alike = np.where(alike >= least, alike, 0) ** self.config.similarity_power
        return csr_matrix(alike, dtype=np.float32), self.say_

    def scores(self, user_items: csr_matrix) -> NDArray[np.float32]:
        """What the nearest trained listeners have, by likeness: (n, n_items)."""
        near, say = self.product(user_items)
        return (near @ say).toarray()

    def forget(self, place: int) -> None:
        """Drop the listener who was trained on at `place`; those after take one place less."""
        stay = self.kept_ != place
        self.kept_ = self.kept_[stay] - (self.kept_[stay] > place)
        self.unit_, self.say_ = csr_matrix(self.unit_[stay]), csr_matrix(self.say_[stay])

    def _similarities(self, items: NDArray[np.int64]) -> NDArray[np.float32]:
        scores = (self.unit_[:, items].T @ self.unit_).toarray()
        scores[np.arange(len(items)), items] = np.inf  # an item is most like itself
        return scores


def _powered(user_items: csr_matrix, power: float) -> csr_matrix:
    liked = positive(csr_matrix(user_items, dtype=np.float32))
    return csr_matrix((liked.data**power, liked.indices, liked.indptr), shape=liked.shape)


def _unit_rows(x: csr_matrix) -> csr_matrix:
    squares = np.asarray(x.multiply(x).sum(axis=1)).ravel()
    inverse = np.divide(1.0, np.sqrt(squares), out=np.zeros_like(squares), where=squares > 0)
    return csr_matrix(diags_array(inverse.astype(np.float32)) @ x)
