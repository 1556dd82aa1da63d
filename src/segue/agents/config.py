"""Settings of the agent."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from segue.errors import checked


class AgentConfig(BaseModel):
    """Everything that, with a world and a seed, decides a training.

    `returns="lambda"` learns from the sessions just played, by lambda-returns, without memory of older ones;
    `"replay"` keeps them in a replay buffer and learns by double DQN with n steps and a target network.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    returns: Literal["lambda", "replay"] = Field("lambda", description="how the targets are made")
    iterations: int = Field(300, ge=1, description="rounds of playing sessions, then learning from them")
    sessions: int = Field(64, ge=1, description="sessions played side by side in an iteration")
    steps: int = Field(30, ge=2, description="tracks of a session")
    pool: int = Field(100, ge=40, description="candidates of a session; fewer where there are fewer songs")
    updates: int = Field(32, ge=1, description="steps of the optimiser in an iteration")
    batch: int = Field(256, ge=1, description="moments in an update")
    learning_rate: float = Field(1e-3, gt=0, description="of Adam, falling to zero along a cosine")
    discount: float = Field(0.95, ge=0, lt=1, description="gamma: worth of the next track's reward now")
    trace: float = Field(0.7, ge=0, le=1, description="lambda: how far a target looks along the session")
    explore: tuple[float, float] = Field(
        (0.3, 0.03), description="chance of a random track, at first and after half of the iterations"
    )
    hidden: tuple[int, ...] = Field((64, 64), min_length=1, description="sizes of the network's layers")
    huber: float = Field(1.0, gt=0, description="error above which the loss grows linearly")
    memory: int = Field(20_000, ge=1, description="moments in the replay buffer")
    n_step: int = Field(3, ge=1, description="steps before the target network is asked (replay)")
    target_every: int = Field(4, ge=1, description="iterations between copies to the target network (replay)")

    @classmethod
    def checked(cls, settings: dict[str, Any]) -> Self:
        """A config from plain settings.

        Raises:
            UsageError: a setting is unknown or out of range.
        """
        return checked(cls, settings, what="The agent's setting {setting} cannot be taken")
