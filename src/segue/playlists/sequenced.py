"""What is on a list: the rules' choice, or what a trained agent (or greed) takes from a longer one of theirs.

The latter keeps as many tracks of each taste, and as many favourites, as the rules alone would have given the
list, and nothing for which a rule had to give way.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from segue.draws import Draws
from segue.playlists.candidates import Proposed
from segue.playlists.playlist import monday
from segue.playlists.rules import Candidates, Choice, Listening, Rules
from segue.world.pools import Pool, pool_of_list

if TYPE_CHECKING:
    from segue.agents.sequencing import Sequencer
    from segue.playlists.material import Material
    from segue.playlists.rules.context import Floats
    from segue.playlists.weekly_config import Edition, WeeklyConfig

HOUR = 8  # of the Monday on which lists are taken to be heard, UTC


class Draft(NamedTuple):
    """What the rules chose for a listener."""

    choice: Choice  # the list
    more: Choice | None = None  # a longer one, from which the list may be taken as well


def chosen(
    material: Material,
    edition: Edition,
    rules: Rules,
    names: Sequence[str],
    listenings: Sequence[Listening],
    proposed: Sequence[Proposed],
) -> list[tuple[Choice, Floats | None]]:
    """The tracks of each list; in order, with the worth of each place, where agent or greed orders."""
    config, week, seed = edition.config, edition.week, edition.seed
    wider = Rules(material.context, _longer(config), monday(week)) if material.sequencer else None
    drafts = []
    for name, listening, each in zip(names, listenings, proposed, strict=True):
        key = (seed, week, name) if not edition.draw else (seed, week, name, edition.draw)
        candidates = moved(each, config.surprise, key)
        more = None if wider is None else wider.choose(listening, candidates)
        drafts.append(Draft(rules.choose(listening, candidates), more))
    if material.sequencer is None:
        return [(draft.choice, None) for draft in drafts]
    return _by_sequencer(material.sequencer, material.catalogue.ids, names, drafts, week, seed)


def _longer(config: WeeklyConfig) -> WeeklyConfig:
    """Of lists from which agent or greed choose."""
    return config.model_copy(update={"tracks": round(config.pool * config.tracks)})


def _by_sequencer(
    sequencer: Sequencer, ids: pa.Array, listeners: Sequence[str], drafts: Sequence[Draft],
    week: str, seed: int,
) -> list[tuple[Choice, Floats | None]]:  # fmt: skip
    """The list of each listener in order, and the worth Q of every place.

    A list that holds what the agent does not know (podcasts, say) comes back as it was, with None.

    Args:
        sequencer: the agent, or greed.
        ids: (n_tracks,) of the model's tracks.
        listeners, drafts: whom the lists are for, and what the rules chose.
        week: of the lists: they are taken to be heard on its Monday.
        seed: of the responses that are drawn on the way.
    """
    found: list[tuple[Choice, Floats | None]] = [(draft.choice, None) for draft in drafts]
    wide = [_wide(draft) for draft in drafts]
    pools: dict[int, Pool] = {}
    for at, (draft, choice) in enumerate(zip(drafts, wide, strict=True)):
        tracks = ids.take(pa.array(choice.tracks)).to_pylist()
        if tracks and sequencer.knows(tracks):
            pools[at] = pool_of_list(listeners[at], tracks, choice.sources, draft.choice.sources)
    moment = datetime.combine(monday(week), time(HOUR), UTC)
    for at, placed in zip(pools, sequencer.order(list(pools.values()), moment, seed), strict=True):
        found[at] = _taken(wide[at], placed.place, drafts[at].choice.notes), placed.q.astype(np.float32)
    return found


def _wide(draft: Draft) -> Choice:
    """The longer choice, if it keeps all rules and has enough of everything."""
    more = draft.more
    if more is None or more.notes:
        return draft.choice
    sources, counts = np.unique(draft.choice.sources, return_counts=True)
    enough = all(
        (more.sources == source).sum() >= count for source, count in zip(sources, counts, strict=True)
    )
    return more if enough else draft.choice


def _taken(wide: Choice, places: np.ndarray, notes: tuple[str, ...]) -> Choice:
    return replace(
        wide,
        tracks=wide.tracks[places],
        scores=wide.scores[places],
        sources=wide.sources[places],
        stands_for=wide.stands_for[places],
        notes=notes,
    )


def moved(proposed: Proposed, scale: float, key: tuple[object, ...]) -> Candidates:
    """Candidates with Gumbel noise of `scale` standard deviations, the same for a key on any machine.

    A track's noise is its own, whichever others are candidates: scores of one listener and of many differ in
    their last bits, so that a track at the edge may come or not, and that must not change the whole list.
    """
    candidates = proposed.candidates
    if not scale or not len(candidates.tracks):
        return candidates
    digest = hashlib.sha256("\x1f".join(map(str, key)).encode("utf-8", "surrogatepass")).digest()
    noise = Draws(int.from_bytes(digest[:16], "little"), "weekly list").gumbel(candidates.tracks)
    scaled = noise * np.float32(scale * float(candidates.scores.std()))
    return replace(candidates, scores=candidates.scores + scaled)
