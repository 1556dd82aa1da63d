"""Settings of the user model."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from segue.errors import checked

Form = Literal["dense", "plain", "summary", "recurrent"]  # of user models, see responses.py
NEWCOMERS = 0.1  # share of sessions that are learned from as if nothing were known of the listener


class WorldConfig(BaseModel):
    """How a user model is learned from a library."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    forms: tuple[Form, ...] = Field(
        ("plain", "summary", "recurrent"),
        min_length=1,
        description="Forms to learn: dense sees listener and candidate side by side, plain also the "
        "candidate beside the taste, summary also the session so far, "
        "recurrent reads it track by track. The last is the one that a world uses.",
    )
    seconds: float = Field(30.0, gt=0, description="X of the response 'played longer than X seconds'.")
    steps: int = Field(30, ge=2, le=200, description="Tracks of a session; longer ones are cut.")
    sessions: int = Field(20_000, ge=100, description="Most sessions to learn from.")
    shuffled: bool = Field(True, description="Only sessions played with shuffle on.")
    held_out: float = Field(0.2, gt=0, lt=0.9, description="Share of the listeners kept for the measuring.")
    epochs: int = Field(12, ge=1, description="How often the sessions are gone through.")
    newcomers: float = Field(
        NEWCOMERS,
        ge=0,
        lt=1,
        description="Share of the sessions that are learned from as if nothing were known of the listener.",
    )
    members: int = Field(
        3, ge=1, description="Models of the last form, from different seeds; their mean is measured too."
    )

    @classmethod
    def checked(cls, settings: dict[str, object]) -> WorldConfig:
        """A config from plain settings.

        Raises:
            UsageError: a setting is unknown or out of range.
        """
        return checked(cls, settings, what="The world's setting {setting} cannot be taken")
