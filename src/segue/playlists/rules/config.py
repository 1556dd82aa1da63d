"""What the rules may be told."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveInt


class RulesConfig(BaseModel):
    """What a list holds and what it leaves out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tracks: PositiveInt = Field(30, le=500, description="Tracks on a list.")
    per_artist: PositiveInt = Field(2, description="Most tracks of one artist; every credited artist counts.")
    per_album: PositiveInt = Field(1, description="Most tracks of one album.")
    familiar: float = Field(
        0.1, ge=0, le=1, description="Share of the list for favourites that were not played for long."
    )
    unplayed_days: NonNegativeFloat = Field(
        60.0, description="Days since the last play after which a favourite counts as long unplayed."
    )
    favourite_plays: NonNegativeFloat = Field(
        3.0, description="Plays from which a track counts as a favourite."
    )
    medium: Literal["song", "podcast", "audiobook", "artist"] = Field(
        "song", description="What the list holds."
    )
    explicit: bool = Field(True, description="Whether explicit tracks may come, if a listener has not said.")
    children_tracks: PositiveInt = Field(
        2, description="Children's tracks heard from which a listener counts as playing children's music."
    )
    children_share: float = Field(
        0.02, ge=0, le=1, description="Share of children's tracks among those heard, for the same."
    )
    out_of_season: bool = Field(
        False,
        description="Whether music of a season (Christmas, Halloween) may come at any time of the year.",
    )
    owned: bool = Field(
        False, description="Whether only tracks come that there is a file of; see `segue files scan`."
    )
    hub_share: float = Field(
        0.1, gt=0, le=1, description="Share of all lists from which an artist counts as on everybody's."
    )
    hub_times: NonNegativeFloat = Field(
        3.0, description="And at least so many times the share that an artist has on average."
    )
    version_plays: NonNegativeFloat = Field(
        20.0,
        description="How many of a listener's plays the usual preference for originals weighs as much as.",
    )
