"""What a weekly list is like: settings, and the week it is of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt

from segue.playlists.playlist import monday
from segue.playlists.rules.config import RulesConfig


class CandidatesConfig(RulesConfig):
    """Which parts a list has, beside the rules."""

    beyond: float = Field(
        0.0, ge=0, le=1, description="Share of the list for tracks that belong to none of the tastes."
    )
    new_artists: float = Field(
        0.8, ge=0, le=1, description="Share of the new tracks that are by artists never played before."
    )


class WeeklyConfig(CandidatesConfig):
    """What a weekly list is like: the rules, and what is the list's own."""

    earlier_weeks: NonNegativeInt = Field(12, description="Weeks before whose tracks do not come again.")
    surprise: NonNegativeFloat = Field(
        0.1,
        description="Chance in the choice: scale of Gumbel noise on scores, in their standard deviations.",
    )
    order: Literal["auto", "agent", "greedy", "near"] = Field(
        "auto",
        description="Who puts the list in order: the trained agent, greed on the user model, or likeness "
        "from track to track. auto: if an agent was trained, it or greed, whichever is sure; else likeness.",
    )
    draws: NonNegativeInt = Field(
        0,
        le=1000,
        description="Draws by which the chance of each track is measured and kept, for segue evaluate "
        "served; each takes as long as choosing the list.",
    )
    learn_familiar: bool = Field(
        False,
        description="Learn each listener's familiar share from what they played again within four weeks; "
        "until then, and for who is new, from what others did.",
    )
    pool: float = Field(
        2.0, ge=1, le=10, description="Lists' lengths that agent or greed choose from, tastes in proportion."
    )


@dataclass(frozen=True)
class Edition:
    """The lists of one week."""

    week: str  # ISO, "2026-W48"
    config: WeeklyConfig
    seed: int = 0  # of the chance in the choice
    draw: int = 0  # another one of the same seed, to measure that chance

    @property
    def moment(self) -> datetime:
        """When the week begins, UTC."""
        return datetime.combine(monday(self.week), time(), UTC)
