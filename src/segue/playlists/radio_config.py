"""Settings of the radio. Nothing heavy is imported here: commands read them at once."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, NonNegativeInt, PositiveInt


class RadioConfig(BaseModel):
    """What a radio plays and how it follows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    medium: Literal["song", "podcast", "audiobook", "artist"] = Field("song", description="what it plays")
    explicit: bool = Field(True, description="whether explicit tracks may come, if a listener has not said")
    familiar: bool = Field(True, description="whether tracks may come that the listener has heard before")
    owned: bool = Field(False, description="whether only tracks may come that there is a file of")
    new: float = Field(
        0.4, ge=0, le=1, description="least share of tracks that the listener has not heard before"
    )
    artist_gap: NonNegativeInt = Field(9, description="tracks before an artist may come again")
    recent: PositiveInt = Field(50, description="plays that the next track is chosen by")
    taste_weight: float = Field(
        0.6,
        ge=0,
        le=1,
        description="weight of what the listener chose (seeds, history) against all that came since, the "
        "radio's own choices among it; 0 lets it drift wherever it leads",
    )
    stay: PositiveInt = Field(4, description="tracks in a row for one taste, before another's turn")
    skip_push: NonNegativeFloat = Field(
        4.0, description="deviations of the scores by which a skip lowers the skipped track itself"
    )
    skip_memory: float = Field(0.9, ge=0, lt=1, description="how much of a skip's push is left a track later")
