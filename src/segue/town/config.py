"""Settings of a town, and the towns that have names."""

from __future__ import annotations

import tomllib
from datetime import date
from importlib import resources
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field

from segue.errors import NotFoundError, checked
from segue.town.response import Parameters

DAYS_A_MONTH = 30.4375
_TOWNS = resources.files("segue.town") / "towns"


class TownConfig(BaseModel):
    """Everything that, with a seed, decides a town. `TownConfig.named("ordinary")` reads a config file."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str = Field("ordinary", description="the town's name")
    listeners: int = Field(1000, ge=1, description="how many listeners")
    tracks: int = Field(10_000, ge=500, description="how many songs; podcast episodes come on top")
    months: float = Field(
        6.0, gt=0, le=60, description="how long the town is watched, in months of 30.4 days"
    )
    start: date = Field(date(2024, 1, 1), description="first day, UTC")
    dimensions: int = Field(16, ge=8, le=64, description="d, dimensions of the space of tastes and tracks")

    artist_exponent: float = Field(
        1.4, ge=0, description="popularity of the artist of rank r is (r + 20)^-this"
    )
    track_exponent: float = Field(
        0.62, ge=0, le=0.9, description="popularity of an artist's r-th track is r^-this"
    )
    tracks_an_artist: float = Field(12.0, ge=3, description="songs an artist has, on average")
    versions: float = Field(0.16, ge=0, le=0.5, description="share of songs that are versions of another")
    new_releases: float = Field(
        0.05, ge=0, le=0.5, description="share of songs released while the town is watched"
    )

    tastes: tuple[Annotated[float, Field(gt=0, le=1)], ...] = Field(
        (0.10, 0.22, 0.24, 0.18, 0.12, 0.07, 0.04, 0.03),
        min_length=1,
        max_length=8,
        description="chance of having 1, 2, ... tastes",
    )
    taste_pull: float = Field(
        0.9, ge=0, description="tastes lean to artists in proportion to popularity^this"
    )
    reach: float = Field(
        1.0, ge=0, description="what is met within a taste is in proportion to popularity^this"
    )
    narrowness: float = Field(7.5, ge=0, description="and to exp(this x cosine to the taste)")
    drift: float = Field(
        0.16, ge=0, description="how far a taste moves a month (norm of the step before scaling)"
    )
    turnover: float = Field(
        0.02, ge=0, le=1, description="chance that a taste is given up for another in a month"
    )

    sessions_a_day: float = Field(0.75, gt=0, le=4, description="median over listeners")
    sessions_spread: float = Field(0.5, ge=0, description="log standard deviation over listeners")
    habit_spread: float = Field(0.7, ge=0, description="standard deviation of the listeners' habit, logits")
    podcast_listeners: float = Field(0.3, ge=0, le=1, description="share of listeners who hear podcasts")
    playlists: float = Field(2.5, ge=0, description="playlists a listener has made, on average")

    exports: bool = Field(
        False,
        description="tell what is heard as services' exports do: fields lack, two sources tell one play, "
        "some have three plays; telling.py",
    )

    response: Parameters = Field(Parameters(), description="constants of the law in response.py")

    @classmethod
    def named(cls, name: str, **changes: Any) -> Self:
        """The town called `name`, with some settings changed.

        Raises:
            NotFoundError: there is no such town.
            UsageError: a setting is unknown or out of range.
        """
        if name not in names():
            raise NotFoundError(f"There is no town {name!r}", expected=f"one of {', '.join(names())}")
        settings = tomllib.loads((_TOWNS / f"{name}.toml").read_text(encoding="utf-8"))
        return cls.checked({"name": name} | settings | changes)

    @classmethod
    def checked(cls, settings: dict[str, Any]) -> Self:
        """A config from plain settings.

        Raises:
            UsageError: a setting is unknown or out of range.
        """
        return checked(cls, settings, what="The town's setting {setting} cannot be taken")

    @property
    def days(self) -> float:
        """How long the town is watched, in days."""
        return self.months * DAYS_A_MONTH


def names() -> list[str]:
    """The names of the towns that come with Segue."""
    return sorted(
        entry.name.removesuffix(".toml") for entry in _TOWNS.iterdir() if entry.name.endswith(".toml")
    )
