"""An A/B of two settings: who gets which by a stable hash of their name, so that it never changes."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from segue.errors import UsageError
from segue.playlists.radio_config import RadioConfig
from segue.settings import TrialConfig

if TYPE_CHECKING:
    from segue.engine.sequence import By


class Trial:
    """Who is in which arm of a trial.

    Raises:
        UsageError: a setting of the radio that there is not.
    """

    def __init__(self, config: TrialConfig, radio: RadioConfig) -> None:
        self.config = config
        self.radio(radio, f"{config.name}/b")

    def arm(self, listener: str) -> str:
        """ "NAME/a" or "NAME/b", the same for ever; empty where there is no trial."""
        if not self.config.name:
            return ""
        text = f"{self.config.name}\x1f{listener}".encode("utf-8", "surrogatepass")
        place = int.from_bytes(hashlib.sha256(text).digest()[:8], "big") / 2**64
        return f"{self.config.name}/{'b' if place < self.config.share else 'a'}"

    def radio(self, config: RadioConfig, arm: str) -> RadioConfig:
        """The radio's settings in an arm."""
        if not arm.endswith("/b") or not self.config.radio:
            return config
        try:
            return RadioConfig.model_validate(config.model_dump() | self.config.radio)
        except ValueError as error:
            raise UsageError("The trial's radio has no such setting", got=str(error)) from None

    def session(self, by: By, arm: str) -> By:
        """Who leads a session in an arm, unless somebody was asked for."""
        return self.config.session if arm.endswith("/b") and by == "auto" else by
