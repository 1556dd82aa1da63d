"""Regions of a catalogue as listening draws them, for calibration: never genres, never artists."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags_array
from scipy.sparse.linalg import svds


def regions(
    user_items: csr_matrix, n_regions: int = 20, *, dimensions: int = 32, rounds: int = 20, seed: int = 0
) -> NDArray[np.float64]:
    """Group items by who listens to them: spherical k-means on a truncated SVD of the listening.

    Rows and columns are scaled by the square roots of their sizes first (as in spectral co-clustering,
    Dhillon 2001), so that regions are not simply the popular and the rest.

    Args:
        user_items: (n_listeners, n_items); only what is stored counts, not how much.
        n_regions: at most; fewer for a small catalogue.
        dimensions: of the SVD, fewer for a small catalogue.
        rounds: of k-means.
        seed: of the start.

    Returns:
        (n_items, g), 1 where an item belongs; items nobody has belong nowhere.
    """
    rng = np.random.default_rng(seed)
    heard = binary(user_items)
    by_listener = np.asarray(heard.sum(axis=1)).ravel()
    by_item = np.asarray(heard.sum(axis=0)).ravel()
    known = by_item > 0
    scaled = (
        diags_array(np.maximum(by_listener, 1) ** -0.5) @ heard @ diags_array(np.maximum(by_item, 1) ** -0.5)
    ).tocsr()
    rank = min(dimensions, min(scaled.shape) - 1)
    if rank < 2:
        return known.astype(np.float64)[:, None]
    _, _, right = svds(scaled, k=rank, v0=rng.random(min(scaled.shape)) + 0.1)
    points = right.T
    norms = np.linalg.norm(points, axis=1, keepdims=True)
    points = np.divide(points, norms, out=np.zeros_like(points), where=norms > 0)
    labels = _spherical_kmeans(points[known], min(n_regions, int(known.sum())), rounds, rng)
    groups = np.zeros((len(known), labels.max() + 1))
    groups[np.flatnonzero(known), labels] = 1.0
    return groups


def binary(matrix: csr_matrix) -> csr_matrix:
    """1.0 for every stored entry."""
    return csr_matrix((np.ones(matrix.nnz), matrix.indices, matrix.indptr), shape=matrix.shape)


def _spherical_kmeans(
    points: NDArray[np.float64], k: int, rounds: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    centres = points[rng.choice(len(points), size=k, replace=False)]
    labels = np.zeros(len(points), dtype=np.int64)
    for _ in range(rounds):
        nearest = (points @ centres.T).argmax(axis=1)
        if (nearest == labels).all():
            break
        labels = nearest
        sums = np.zeros_like(centres)
        np.add.at(sums, labels, points)
        norms = np.linalg.norm(sums, axis=1, keepdims=True)
        centres = np.where(norms > 0, sums / np.maximum(norms, 1e-12), centres)
    return labels
