"""What an `ImplicitALS` can be told: one frozen object, every field with its meaning and its default."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
)

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


class ALSConfig(BaseModel):
    """Settings of implicit matrix factorisation by alternating least squares.

    The defaults minimise what `implicit` minimises; `objective="rendle"` with a small `unobserved_weight` and
    `frequency_scale` near 1 is what measures best (docs/measurements/factors.md).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    factors: PositiveInt = Field(100, description="Latent dimensions f of listeners and tracks.")
    regularization: NonNegativeFloat = Field(0.01, description="λ, the weight of the squared norms.")
    noise: PositiveFloat | None = Field(
        None,
        description=(
            "g: λ is not taken as given but from the matrix, so that √(ridge of a mean listener x ridge of a "
            "mean track) = g (√n_listener + √n_track), n their observed pairs. The largest singular value of "
            "noise grows like that (Candès & Plan 2010), so that one g suits matrices of all sizes."
        ),
    )
    alpha: PositiveFloat = Field(1.0, description="Multiplies every value of the matrix before it is used.")
    iterations: NonNegativeInt = Field(
        15, description="Most epochs; one solves all listeners, then all tracks."
    )
    objective: Literal["hu", "rendle"] = Field(
        "hu",
        description=(
            "What a value v of the matrix means. hu: an observed pair costs |v| (p - s)², every other pair "
            "a0 s² (Hu et al. 2008, as in implicit). rendle: an observed pair costs |v| (p - s)², and all "
            "pairs, observed ones too, a0 s² (Rendle et al. 2022). p is 1, or 0 where v is negative."
        ),
    )
    unobserved_weight: NonNegativeFloat = Field(
        1.0, description="a0, the weight of a pair that is not observed."
    )
    frequency_scale: NonNegativeFloat = Field(
        0.0,
        le=2.0,
        description=(
            "ν: a listener's norm weighs λ (n + a0 n_tracks)^ν, n being the number of its observed pairs; "
            "tracks likewise. 0 is one λ for all, 1 what stochastic gradient descent does implicitly."
        ),
    )
    biases: bool = Field(False, description="Add b_u + b_i to the score; regularised like the factors.")
    use_cg: bool = Field(
        True, description="Conjugate gradient steps; false solves every row to float precision."
    )
    cg_steps: PositiveInt = Field(
        2, description="Preconditioned conjugate gradient steps for a row and epoch."
    )
    relaxation: float = Field(
        1.5,
        ge=1.0,
        lt=2.0,
        description="How far a row goes towards its solution; 1 is plain ALS.",
    )
    tolerance: NonNegativeFloat = Field(
        0.0, description="Stop when an epoch lowers the loss by less than this share of it; 0 never does."
    )
    init_scale: PositiveFloat = Field(
        0.1, description="The start is drawn from a normal of deviation this / √f."
    )
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "auto",
        description=(
            "How the fixed side is read while the other is solved. bfloat16 halves the memory traffic and "
            "moves the loss by some 1e-5; auto takes it from 100,000 observed pairs on. Sums are float32."
        ),
    )
    engine: Literal["numba", "jax"] = Field(
        "numba",
        description="What rows are solved with: kernels for this machine's processor, or JAX, which also "
        "compiles for others. The result is the same to rounding.",
    )
    random_state: int | None = Field(None, description="Seed of the start; none draws a new one at each fit.")
    num_threads: NonNegativeInt = Field(
        0, description="Threads; 0 is one a core. The result does not depend on it."
    )

    def ridge(self, pairs: Any, others: int) -> Any:
        """Weight of the squared norm of rows with so many observed `pairs` of `others` there are.

        λ (n + a0 m)^ν (Rendle et al. 2022, equation 5); numbers or arrays.
        """
        return self.regularization * (pairs + self.unobserved_weight * others) ** self.frequency_scale

    def settled(self, matrix: csr_matrix) -> Self:
        """The same for this matrix: with `noise`, λ is worked out; otherwise nothing changes."""
        if self.noise is None or not matrix.nnz:
            return self
        n, m = matrix.shape
        each, other = matrix.nnz / n, matrix.nnz / m
        unit = self.model_copy(update={"regularization": 1.0})
        both = (unit.ridge(each, m) * unit.ridge(other, n)) ** 0.5
        return self.model_copy(update={"regularization": self.noise * (each**0.5 + other**0.5) / both})


# The settings that measured best on validation listeners, by what is taken for a listener
# (docs/measurements/factors.md).
MEASURED = {
    "listeners": ALSConfig(
        factors=256,
        objective="rendle",
        noise=0.4,  # λ = .009 for the 1,500 listeners it was found on
        unobserved_weight=0.2,
        frequency_scale=0.97,
        iterations=16,
        random_state=0,
    ),
    "playlists": ALSConfig(
        factors=256,
        objective="rendle",
        noise=0.19,  # λ = .004 for 4,000 playlists
        unobserved_weight=0.06,
        frequency_scale=1.0,
        iterations=12,
        random_state=0,
    ),
}

# A second factorisation for a blend, by the same measure.
SECOND = {
    "listeners": MEASURED["listeners"].model_copy(update={"factors": 48, "unobserved_weight": 0.1}),
    "playlists": MEASURED["playlists"].model_copy(update={"unobserved_weight": 0.03}),
}
