"""An A/B of two settings: who gets which by a stable hash of their name, so that it never changes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from segue.errors import UsageError
from segue.playlists.radio_config import RadioConfig
from segue.playlists.weekly_config import WeeklyConfig
from segue.settings import TrialConfig

if TYPE_CHECKING:
    from segue.engine.sequencer import By

T = TypeVar("T", RadioConfig, WeeklyConfig)
OF_ALL = ("order", "medium", "owned")  # what all lists of a week are made with


@dataclass(frozen=True)
class Trial:
    """Who is in which arm of a trial, and what is other there.

    Raises:
        UsageError: a setting that there is not.
    """

    config: TrialConfig = field(default_factory=TrialConfig)

    def __post_init__(self) -> None:
        self.radio(RadioConfig(), "x/b")
        self.weekly(WeeklyConfig(), "x/b")
        if both := [name for name in OF_ALL if name in self.config.weekly]:
            raise UsageError(
                f"[trial] weekly cannot change {', '.join(both)}",
                expected="settings that differ from listener to listener, such as familiar, surprise, tracks",
            )

    def arm(self, listener: str) -> str:
        """ "NAME/a" or "NAME/b", the same for ever; empty where there is no trial."""
        if not self.config.name:
            return ""
        text = f"{self.config.name}\x1f{listener}".encode("utf-8", "surrogatepass")
        place = int.from_bytes(hashlib.sha256(text).digest()[:8], "big") / 2**64
        return f"{self.config.name}/{'b' if place < self.config.share else 'a'}"

    def radio(self, config: RadioConfig, arm: str) -> RadioConfig:
        """The radio's settings in an arm."""
        return _changed("radio", config, self.config.radio, arm)

    def weekly(self, config: WeeklyConfig, arm: str) -> WeeklyConfig:
        """The settings of weekly lists in an arm."""
        return _changed("weekly", config, self.config.weekly, arm)

    def session(self, by: By, arm: str) -> By:
        """Who leads a session in an arm, unless somebody was asked for."""
        return self.config.session if arm.endswith("/b") and by == "auto" else by


def _changed(name: str, config: T, other: dict[str, Any], arm: str) -> T:
    if not arm.endswith("/b") or not other:
        return config
    try:
        return type(config).model_validate(config.model_dump() | other)
    except ValueError as error:
        raise UsageError(f"[trial] {name} has no such setting", got=str(error)) from None
