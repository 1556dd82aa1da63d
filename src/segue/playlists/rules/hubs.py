"""Artists who would be on everybody's list, measured over the batch of listeners.

The rule does not ban them. Of all lists an artist would be on, only as many stay as the limit allows: those
of the listeners among whose candidates the artist stands highest.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from segue.playlists.rules.config import RulesConfig
from segue.playlists.rules.context import Candidates, Context, Floats

# Fewer listeners than this say nothing of "everybody".
FEWEST_LISTENERS = 50


def standing(scores: Floats) -> Floats:
    """(c,) scores in standard deviations above the listener's mean candidate: fit to compare listeners."""
    if not len(scores):
        return scores
    spread = float(scores.std())
    return ((scores - scores.mean()) / (spread if spread > 0 else 1.0)).astype(np.float32)


def with_hubs(context: Context, batch: Iterable[Candidates], config: RulesConfig) -> Context:
    """`context` with the hub artists of `batch` measured: see `Context.hub_floor`.

    An artist is on a listener's list here if one of its tracks is among the listener's `config.tracks` best
    candidates. It is a hub if that holds for more than `hub_share` of the listeners, and for more than
    `hub_times` the share of the average artist that is on any list.

    Args:
        context: the catalogue.
        batch: candidates of the listeners, or of a fair sample of them, without what they have heard.
        config: the shares.
    """
    best: dict[int, list[float]] = {}
    listeners = 0
    for candidates in batch:
        listeners += 1
        order = np.argsort(-candidates.scores, kind="stable")[: config.tracks]
        stand = standing(candidates.scores)[order]
        top: dict[int, float] = {}
        for track, height in zip(candidates.tracks[order].tolist(), stand.tolist(), strict=True):
            for artist in context.credited(track).tolist():
                # The best comes first, so that the first height of an artist is its highest.
                top.setdefault(artist, height)
        for artist, height in top.items():
            best.setdefault(artist, []).append(height)
    floor = np.full(context.n_artists, -np.inf, np.float32)
    if listeners >= FEWEST_LISTENERS and best:
        usual = sum(map(len, best.values())) / len(best)
        limit = int(max(config.hub_share * listeners, config.hub_times * usual))
        for artist, heights in best.items():
            if len(heights) > limit:
                # The artist stays on the lists of the `limit` listeners whom it suits best.
                lowest = np.partition(np.array(heights, np.float32), -limit)[-limit] if limit else np.inf
                floor[artist] = lowest
    return replace(context, hub_floor=floor)
