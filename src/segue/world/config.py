"""Settings of the user models, and which there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from segue.errors import checked

Form = Literal["dense", "plain", "summary", "recurrent"]  # of user models, see responses.py
# User models by name: the form, and the half of the listeners from whose sessions each is learned. Agents
# learn in a world of the first half and are judged in worlds of the second, which knows other listeners.
USER_MODELS: Mapping[str, tuple[Form, int]] = {
    "plain": ("plain", 0),
    "summary": ("summary", 0),
    "recurrent": ("recurrent", 0),
    "recurrent, others": ("recurrent", 1),
    "summary, others": ("summary", 1),
}
MAIN_MODEL = "recurrent"  # the one by which a library's world answers, and through which agents observe it
GAIN = 0.02  # variance of levels (`following.py`): 63% of an error is taken up after some 250 plays
NEWCOMERS = 0.1  # share of sessions that are learned from as if nothing were known of the listener


class WorldConfig(BaseModel):
    """How user models are learned from a library."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dense: bool = Field(
        False,
        description="Learn also the form that sees listener and candidate side by side and compares nothing, "
        "to compare the others with.",
    )
    seconds: float = Field(30.0, gt=0, description="X of the response 'played longer than X seconds'.")
    steps: int = Field(30, ge=2, le=200, description="Tracks of a session; longer ones are cut.")
    sessions: int = Field(20_000, ge=100, description="Most sessions to learn from, of all listeners.")
    shuffled: bool = Field(True, description="Only sessions played with shuffle on.")
    epochs: int | None = Field(
        None,
        ge=1,
        description="How often the sessions are gone through; by default twenty times, less often where that "
        "would be more than a thousand steps.",
    )
    newcomers: float = Field(
        NEWCOMERS,
        ge=0,
        lt=1,
        description="Share of the sessions that are learned from as if nothing were known of the listener.",
    )
    gain: float = Field(
        GAIN,
        ge=0,
        lt=1,
        description="How far each session of a listener moves what is expected of their next ones, towards "
        "what came; 0: not at all.",
    )
    members: int = Field(
        3, ge=1, description="Recurrent models, from different seeds; their mean is measured too."
    )

    @classmethod
    def checked(cls, settings: dict[str, object]) -> WorldConfig:
        """A config from plain settings.

        Raises:
            UsageError: a setting is unknown or out of range.
        """
        return checked(cls, settings, what="The world's setting {setting} cannot be taken")
