"""What an `ImplicitALS` can be told: one frozen object, every field with its meaning and its default."""

from __future__ import annotations

from typing import Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
)


class ALSConfig(BaseModel):
    """Settings of implicit matrix factorisation by alternating least squares.

    The defaults minimise what `implicit` minimises; `objective="rendle"` with a small `unobserved_weight` and
    `frequency_scale` near 1 is what measures best (docs/factors.md).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    factors: PositiveInt = Field(100, description="Latent dimensions f of listeners and tracks.")
    regularization: NonNegativeFloat = Field(0.01, description="λ, the weight of the squared norms.")
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
    random_state: int | None = Field(None, description="Seed of the start; none draws a new one at each fit.")
    num_threads: NonNegativeInt = Field(
        0, description="Threads; 0 is one a core. The result does not depend on it."
    )


# The settings that measured best on validation listeners, by what is taken for a listener (docs/factors.md).
MEASURED = {
    "listeners": ALSConfig(
        factors=256,
        objective="rendle",
        regularization=0.0088,
        unobserved_weight=0.2,
        frequency_scale=0.97,
        iterations=16,
        random_state=0,
    ),
    "playlists": ALSConfig(
        factors=256,
        objective="rendle",
        regularization=0.004,
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
