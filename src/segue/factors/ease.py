"""EASE: every item regressed on all others, in closed form."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from scipy.sparse import csc_matrix, csr_matrix, diags_array

from segue.factors.cooccurrence import largest_products, regressions, teaching
from segue.factors.scored import ScoredModel, batches, positive
from segue.progress import portion

BYTES = 4  # of a weight, and of its place

PRODUCTS = 0.05  # part of the time that the products of a neighbourhood take, each time


class EASEConfig(BaseModel):
    """Settings of `EASE`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    regularization: float = Field(
        6.0, gt=0, description="λ, in units of the mean squared length of an item's column."
    )
    dropout: float = Field(
        2.0,
        ge=0,
        description="How much an item's own squared length is added to its λ (EDLAE's p / (1 − p)).",
    )
    row_power: float = Field(
        0.3,
        ge=0,
        description="Rows are divided by this power of their squared length: long ones say less each.",
    )
    train_power: float = Field(
        1.0, ge=0, description="Weights are raised to this to learn from; 0 is binary."
    )
    query_power: float = Field(1.0, ge=0, description="Weights are raised to this to recommend; 0 is binary.")
    megabytes: float = Field(
        600.0,
        gt=0,
        description="Most memory of what is learned. Where all weights are more, each item is regressed on "
        "its neighbourhood alone.",
    )
    neighbours: int = Field(
        200, ge=1, description="Items of such a neighbourhood, fewer where memory allows no more."
    )


class EASE(ScoredModel):
    """Embarrassingly shallow autoencoder (Steck 2019), denoising (EDLAE, Steck 2020), rows normalised.

    B minimises ‖X − XB‖² + Σ_i d_i ‖b_i‖² with a zero diagonal, b_i the i-th row of B:
    P = (XᵀX + D)⁻¹, B_ij = −P_ij / P_jj, scores = x B. D is diagonal, d_i = λ·mean(g) + dropout·g_i, and
    g_i = (XᵀX)_ii; X is `user_items` raised to `train_power`, row u divided by (‖x_u‖² / mean)^`row_power`.

    With fewer listeners than items the same B is had from a listeners × listeners inverse, B itself never
    formed: P = D⁻¹ − D⁻¹Xᵀ(I + XD⁻¹Xᵀ)⁻¹XD⁻¹ (Woodbury). So memory is that of min(listeners, items)² floats.

    Where that is more than `megabytes`, B is sparse. Column j is regressed on the items S alone that explain
    most of j each by itself, (XᵀX)_ij² / (g_i + d_i): (G_SS + D_SS) b = G_Sj with G = XᵀX, which is B itself
    where S is all items. P is so replaced by an approximate inverse with the pattern S, as in SANSA (Spišák
    et al. 2023), which gets its own by factorisation. Of G each item keeps as many entries as fit into twice
    `megabytes`, so that training takes some three times `megabytes`.
    """

    config_type = EASEConfig
    _learned = ("scale_", "diagonal_", "rows_", "kernel_", "near_")

    scale_: NDArray[np.float32]  # (m,) 1 / d in the listeners' form, empty in the items' form
    diagonal_: NDArray[np.float32]  # (m,) of P
    rows_: csr_matrix  # (n, m) X D⁻¹ in the listeners' form, empty in the items' form
    kernel_: NDArray[np.float32]  # (n, n) (I + XD⁻¹Xᵀ)⁻¹ in the listeners' form, B (m, m) in the items'
    near_: csr_matrix  # (m, m) B where it is sparse, else without entries

    def _fit(self, user_items: csr_matrix) -> None:
        c = self.config
        x = _powered(user_items, c.train_power)
        squares = _row_squares(x)
        # Rows without entries say nothing, and their power of 0 would be infinite.
        x = x[squares > 0]
        squares = squares[squares > 0]
        x = _scaled_rows(x, (squares / squares.mean()) ** -c.row_power)
        lengths = np.asarray(x.multiply(x).sum(axis=0)).ravel()
        d = (c.regularization * lengths.mean() + c.dropout * lengths).astype(np.float32)
        m = x.shape[1]
        self.scale_ = self.diagonal_ = np.empty(0, np.float32)
        self.kernel_, self.rows_ = np.empty((0, 0), np.float32), csr_matrix((0, m), dtype=np.float32)
        self.near_ = csr_matrix((m, m), dtype=np.float32)
        vars(self).pop("_columns", None)  # of an earlier fit
        if BYTES * m * min(x.shape) > c.megabytes * 1e6:
            self._fit_neighbourhoods(x, d)
        elif x.shape[0] < m:
            self._fit_by_listeners(x, d)
        else:
            self._fit_by_items(x, d)

    def _fit_neighbourhoods(self, x: csr_matrix, d: NDArray[np.float32]) -> None:
        x = teaching(x)
        lengths = np.asarray(x.multiply(x).sum(axis=0)).ravel()
        diagonal = (lengths + d).astype(np.float32)
        root = np.sqrt(diagonal)
        room = max(1, int(self.config.megabytes * 1e6 / (2 * BYTES * len(d))))  # entries an item, with places
        columns = csr_matrix(x.T)
        with portion(PRODUCTS):
            # Over both roots a product is a correlation. The root of the row's own item is the same for all
            # of its row, so the order is that of (XᵀX)_ij² / (g_i + d_i) all the same.
            near = largest_products(columns, x, (root, root), min(self.config.neighbours, room))
        with portion(PRODUCTS):
            products = largest_products(columns, x, (root, root), 2 * room)
        with portion(1 - 2 * PRODUCTS):
            # Row j of the result is what explains j; in B that is column j.
            self.near_ = csr_matrix(regressions(products, diagonal, near).T)

    def _fit_by_listeners(self, x: csr_matrix, d: NDArray[np.float32]) -> None:
        self.scale_ = 1.0 / d
        self.rows_ = csr_matrix(x @ diags_array(self.scale_))
        # In column order LAPACK works in place; in rows it would be given a copy of the largest matrix there
        # is.
        system = np.asfortranarray((self.rows_ @ x.T).toarray())
        system[np.diag_indices_from(system)] += 1.0
        self.kernel_ = _inverse(system).T  # symmetric; in rows, by which it is multiplied
        columns = csc_matrix(self.rows_)
        self.diagonal_ = self.scale_.copy()
        # The diagonal of D⁻¹Xᵀ K XD⁻¹ alone; the product as a whole would be items × items, which this form
        # is to avoid.
        for part in batches(len(d), len(self.kernel_)):
            some = columns[:, part]
            self.diagonal_[part] -= np.asarray(some.multiply(self.kernel_ @ some).sum(axis=0)).ravel()

    def _fit_by_items(self, x: csr_matrix, d: NDArray[np.float32]) -> None:
        system = np.asfortranarray((x.T @ x).toarray())
        system[np.diag_indices_from(system)] += d
        inverse = _inverse(system).T  # the same, as it is symmetric, but in rows, by which it is multiplied
        self.diagonal_ = np.diagonal(inverse).copy()
        # Column j is divided by P_jj, as NumPy lines up the last axis: B_ij = −P_ij / P_jj.
        inverse /= -self.diagonal_
        inverse[np.diag_indices_from(inverse)] = 0.0
        self.kernel_ = inverse

    def product(self, user_items: csr_matrix) -> tuple[csr_matrix, csr_matrix] | None:
        """x and B where B is sparse."""
        return (_powered(user_items, self.config.query_power), self.near_) if self.near_.nnz else None

    @cached_property
    def _columns(self) -> csr_matrix:
        """D⁻¹ Xᵀ as it is multiplied by: SciPy would turn it into this for every question."""
        return csr_matrix(self.rows_.T)

    def scores(self, user_items: csr_matrix) -> NDArray[np.float32]:
        """x B for every row: (n, n_items)."""
        x = _powered(user_items, self.config.query_power)
        if self.near_.nnz:
            return (x @ self.near_).toarray()
        if not len(self.scale_):
            return np.asarray(x @ self.kernel_)
        # xB = x − xP / diag(P), and xP = xD⁻¹ − (XD⁻¹xᵀ)ᵀ · kernel · XD⁻¹.
        scores = np.asarray(((x @ self._columns).toarray() @ self.kernel_) @ self.rows_)
        own_rows = np.repeat(np.arange(x.shape[0]), np.diff(x.indptr))
        scores[own_rows, x.indices] -= x.data * self.scale_[x.indices]
        scores /= self.diagonal_
        scores[own_rows, x.indices] += x.data
        return scores

    def _similarities(self, items: NDArray[np.int64]) -> NDArray[np.float32]:
        one = csr_matrix(
            (np.ones(len(items), np.float32), items, np.arange(len(items) + 1)),
            shape=(len(items), self.n_items_),
        )
        scores = self.scores(one)
        scores[np.arange(len(items)), items] = np.inf  # an item is most like itself
        return scores


def _inverse(system: NDArray[np.float32]) -> NDArray[np.float32]:
    """The inverse of a positive definite matrix (n, n) in column order, in its place."""
    from scipy.linalg import get_lapack_funcs  # takes long to load

    factorise, invert = get_lapack_funcs(("potrf", "potri"), (system,))
    factor, _ = factorise(system, lower=True, overwrite_a=True)
    inverse, _ = invert(factor, lower=True, overwrite_c=True)
    # LAPACK fills one triangle; the other is copied block by block, so that one matrix is enough.
    for part in batches(len(inverse), len(inverse)):
        inverse[part, part.stop :] = inverse[part.stop :, part].T
        block = inverse[part, part]
        inverse[part, part] = np.tril(block) + np.tril(block, -1).T
    return inverse


def _powered(user_items: csr_matrix, power: float) -> csr_matrix:
    liked = positive(csr_matrix(user_items, dtype=np.float32))
    return csr_matrix((liked.data**power, liked.indices, liked.indptr), shape=liked.shape)


def _row_squares(x: csr_matrix) -> NDArray[np.float64]:
    return np.asarray(x.multiply(x).sum(axis=1)).ravel().astype(np.float64)


def _scaled_rows(x: csr_matrix, factor: NDArray[np.float64]) -> csr_matrix:
    return csr_matrix(diags_array(factor.astype(np.float32)) @ x)
