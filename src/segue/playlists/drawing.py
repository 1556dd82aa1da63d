"""With which chance a track comes onto a list: the choice is made again with other draws, and counted.

The chance in a choice is noise on the scores (`sequenced.moved`), and rules, caps and the agent do the rest,
so no formula tells it. With K more draws a track that is on the list has (1 + times it came) / (1 + K).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from segue.playlists.playlist import Drawn, Offered, PlaylistEntry
from segue.playlists.sequenced import chosen

if TYPE_CHECKING:
    from segue.playlists.candidates import Proposed
    from segue.playlists.material import Material
    from segue.playlists.rules import Choice, Listening, Rules
    from segue.playlists.weekly_config import Edition

POOL = 50  # tracks beside the list that are kept


class Measured(NamedTuple):
    """How often tracks came, by number."""

    times: Counter[int]  # in all draws, the list's own among them
    draws: int  # with the list's own
    sure: frozenset[int]  # what comes without chance

    def of(self, entries: Sequence[PlaylistEntry], ids: Sequence[str]) -> Drawn:
        """What is remembered of a list of these `entries`; `ids` are those of all tracks, by number."""
        chance = {str(ids[track]): count / self.draws for track, count in self.times.items()}
        sure = {str(ids[track]) for track in self.sure}
        listed = [entry.track.track_id for entry in entries]
        rest = Counter({track: each for track, each in chance.items() if track not in set(listed)})
        return Drawn(
            chances=tuple(chance[track] for track in listed),
            sure=tuple(track in sure for track in listed),
            pool=tuple(Offered(track, each) for track, each in rest.most_common(POOL)),
        )


def measured(
    material: Material,
    edition: Edition,
    rules: Rules,
    names: Sequence[str],
    asked: tuple[Sequence[Listening], Sequence[Proposed]],
    lists: Sequence[Choice],
) -> list[Measured] | None:
    """Draw the lists of `names` again, `edition.config.draws` times; None where nobody asks for it.

    Args:
        material, edition, rules: what lists are made from.
        names: the listeners.
        asked: what they heard, and what was proposed to them.
        lists: as they were drawn.
    """
    config = edition.config
    if not config.draws:
        return None
    times = [Counter(choice.tracks.tolist()) for choice in lists]
    for draw in range(1, config.draws + 1):
        again = chosen(material, replace(edition, draw=draw), rules, names, *asked)
        for counted, (choice, _) in zip(times, again, strict=True):
            counted.update(choice.tracks.tolist())
    # The list without chance is the policy that is judged by this log (`evaluation/served_lists.py`): a track
    # comes there, or does not.
    plain = replace(edition, config=config.model_copy(update={"surprise": 0.0}))
    sure = [frozenset(choice.tracks.tolist()) for choice, _ in chosen(material, plain, rules, names, *asked)]
    return [Measured(counted, config.draws + 1, each) for counted, each in zip(times, sure, strict=True)]
