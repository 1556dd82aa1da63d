"""Settings of taste profiles. Nothing heavy is imported here: commands read them at once."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, PositiveInt


class ProfileConfig(BaseModel):
    """How tastes are found."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tracks: PositiveInt = Field(100, ge=2, le=1000, description="Tracks looked at: those played most.")
    most: PositiveInt = Field(8, le=32, description="Tastes of a listener at most.")
    least_share: float = Field(
        0.06, ge=0, lt=1, description="Part of the listening below which a group of songs is no taste."
    )
    least_tracks: PositiveInt = Field(3, description="Tracks below which a group is no taste.")
    dimensions: PositiveInt | None = Field(
        None, description="Principal directions of the vectors that are kept; None keeps all."
    )
    most_of_one: float = Field(
        0.05, gt=0, le=1, description="Part of the listening that one track counts for at most, in shares."
    )
    resolution: float | None = Field(
        None, gt=-1, lt=1, description="Mean likeness above which groups are one taste; None finds it."
    )
    sound: float = Field(
        0.0, ge=0, le=1, description="Part of the likeness that is of sound features, where a track has them."
    )
    seed: int = Field(0, ge=0, description="Of the listeners drawn to find the resolution.")
