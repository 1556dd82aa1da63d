"""What weekly lists are made from, the same for every listener."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from segue.factors.model import FactorModel
from segue.factors.observations import Observations
from segue.library.few_listeners import MORE, UNLEARNED
from segue.playlists import newcomers
from segue.playlists.belonging import Belonging, ListenerTastes
from segue.playlists.candidates import Proposed, Proposer
from segue.playlists.catalogue import Catalogue
from segue.playlists.history import History
from segue.playlists.nearest import Nearest
from segue.playlists.rules import Context, RulesConfig, with_hubs
from segue.playlists.rules.context import MEDIA, Bools
from segue.playlists.weekly_config import WeeklyConfig
from segue.tastes.profiles import Profiles
from segue.tastes.space import TasteSpace

if TYPE_CHECKING:
    from segue.agents.sequencing import Sequencer

AT_ONCE = 256  # listeners at a time
KEPT = 32  # of what is the same for all lists with the same settings
T = TypeVar("T")


@dataclass(frozen=True)
class Material:
    """What lists are made from, the same for every listener.

    Attributes:
        model: the trained factors.
        catalogue: what people read of its tracks.
        context: what rules look at; `popularity` by listeners, for whom nothing is known of.
        space: where tastes lie.
        profiles: the listeners' tastes; None where none were looked for.
        versions: of the models, for the playlist's record.
        sequencer: what puts lists in order; None for likeness from track to track.
        aside: a note for every list, where who should order them cannot.
        offered: (n_tracks,) what may come as new; None for everything. Among a few people, not what another
            of them plays.
        few: listeners of the library, where they are too few to tell what else there is; else 0.
        unlearned: whether the library has playlists of which the model knows nothing.
    """

    model: FactorModel
    catalogue: Catalogue
    context: Context
    space: TasteSpace
    profiles: Profiles | None = None
    versions: tuple[str, ...] = ()
    sequencer: Sequencer | None = None
    aside: str = ""
    recommendable: Bools | None = None
    few: int = 0
    unlearned: bool = False

    @property
    def more(self) -> str:
        """What to do for new music, where there is none."""
        return UNLEARNED if self.unlearned else MORE

    def allowed(self, config: RulesConfig) -> Bools:
        """(n_tracks,) tracks of the list's medium that may come as new."""
        right = self.context.medium == MEDIA.index(config.medium)
        if config.owned and self.context.owned is not None:
            right = right & self.context.owned
        return right if self.recommendable is None else right & self.recommendable

    def least_new(self, config: RulesConfig) -> int:
        """New tracks below which a list is made of what the listener knows: a few playlists tell little."""
        return 1 if self.recommendable is None else config.tracks

    def proposer(self, config: WeeklyConfig) -> Proposer:
        """Who proposes candidates for lists with these settings."""

        def make() -> Proposer:
            return Proposer(self.model, self.nearest, self.context, self.allowed(config), config)

        return self._once(("proposer", config), make)

    def stranger(self, config: WeeklyConfig) -> Proposed:
        """The candidates of somebody of whom nothing is known."""

        def make() -> Proposed:
            return newcomers.popular(self.context, self.space, self.proposer(config).allowed, config.tracks)

        return self._once(("stranger", config), make)

    def _once(self, key: tuple[str, WeeklyConfig], make: Callable[[], T]) -> T:
        """What is the same for all lists with the same settings, made for the first of them."""
        kept = self._kept
        if key not in kept and len(kept) >= KEPT:
            kept.clear()
        return kept.setdefault(key, make()) if key not in kept else kept[key]

    @cached_property
    def _kept(self) -> dict[tuple[str, WeeklyConfig], Any]:
        return {}

    @cached_property
    def nearest(self) -> Nearest:
        """What is near to single tracks."""
        return Nearest(self.model.als_, self.belonging)

    @cached_property
    def belonging(self) -> Belonging:
        """Which taste a track belongs to."""
        return Belonging(self.space, self.context, self.catalogue.support)

    @cached_property
    def for_guests(self) -> Material:
        """The same for who names tracks to a library of a few people: they may hear what these play."""
        if self.recommendable is None:
            return self
        made = replace(self, recommendable=None)
        made.__dict__["nearest"] = self.nearest  # which takes long to be made, and is the same
        made.__dict__["belonging"] = self.belonging
        return made

    def tastes(self, listener: str) -> ListenerTastes:
        """A listener's tastes; none where none were found."""
        return ListenerTastes.of(self.profiles, listener, self.space.vectors.shape[1])

    def with_hubs(self, seen: Observations, histories: Sequence[History], config: WeeklyConfig) -> Material:
        """The same, with artists who would be on everybody's list measured on a sample of listeners."""
        proposer, batch = self.proposer(config), []
        for start in range(0, len(seen.listeners), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            listenings = [history.listening for history in histories[part]]
            tastes = [
                self.belonging.with_thresholds(self.tastes(str(who)), listening)
                for who, listening in zip(seen.listeners[part], listenings, strict=True)
            ]
            batch += [each.candidates for each in proposer.propose(seen.matrix[part], listenings, tastes)]
        return replace(self, context=with_hubs(self.context, batch, config))
