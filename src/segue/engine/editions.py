"""The settings of a listener's weekly list: those of all, or of an arm of a trial; with a learned share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from segue.engine.trial import Trial
from segue.playlists.familiar import FamiliarShares, learn_familiar
from segue.playlists.outcomes import outcomes

if TYPE_CHECKING:
    from segue.library import Library
    from segue.playlists.weekly_config import WeeklyConfig


class Asked(NamedTuple):
    """What one list is to be like."""

    config: WeeklyConfig
    arm: str = ""  # of a trial
    familiar_chance: float = 1.0  # with which its familiar share was drawn


class Editions:
    """Says for each listener what their list of a week is to be like.

    Args:
        library: whose earlier lists say which familiar shares did well.
        week: of the lists.
        config: of all.
        trial: who gets other settings.
        seed: of the draw of familiar shares.
    """

    def __init__(
        self, library: Library, week: str, config: WeeklyConfig, trial: Trial | None = None, seed: int = 0
    ) -> None:
        self.library, self.week, self.config = library, week, config
        self.trial, self.seed = trial or Trial(), seed
        self._shares: FamiliarShares | None = None

    def of(self, listener: str) -> Asked:
        """What a listener's list is to be like."""
        arm = self.trial.arm(listener)
        config = self.trial.weekly(self.config, arm)
        if not config.learn_familiar:
            return Asked(config, arm)
        if self._shares is None:
            self._shares = learn_familiar(outcomes(self.library))
        share, chance = self._shares.drawn(listener, f"{self.seed}\x1f{self.week}")
        return Asked(config.model_copy(update={"familiar": share}), arm, chance)

    def groups(self, listeners: Sequence[str]) -> list[list[tuple[int, Asked]]]:
        """Places of listeners whose settings are the same, with what each is asked for."""
        found: dict[tuple[str, float], list[tuple[int, Asked]]] = {}
        for place, listener in enumerate(listeners):
            asked = self.of(listener)
            found.setdefault((asked.arm, asked.config.familiar), []).append((place, asked))
        return list(found.values())
