"""Discover Weekly: thirty tracks for each listener, by their tastes and the rules, with true reasons.

`make_weekly` goes over any listeners, one after another: candidates (`candidates.py`), rules (`rules/`),
order (`order.py`), reasons (`reasons.py`). The same library, models, seed and ISO week give the same list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache

import numpy as np
from threadpoolctl import ThreadpoolController

from segue.factors.observations import Observations
from segue.factors.scored import rows_of
from segue.playlists import rediscover
from segue.playlists.belonging import ListenerTastes
from segue.playlists.drawing import measured
from segue.playlists.history import History
from segue.playlists.material import AT_ONCE, Material
from segue.playlists.one_list import About, OneList, titled_reasons
from segue.playlists.playlist import Drawn, Playlist, monday
from segue.playlists.reasons import Asker
from segue.playlists.rules import Rules
from segue.playlists.sequenced import chosen
from segue.playlists.weekly_config import Edition
from segue.progress import portion, told

SCORING = 0.9  # part of the time that scores take, for progress


def make_weekly(
    material: Material,
    seen: Observations,
    histories: Sequence[History],
    edition: Edition,
    *,
    tastes: Sequence[ListenerTastes] | None = None,
    askers: Mapping[str, Asker] | None = None,
) -> Iterator[Playlist]:
    """A list for every listener of `seen`, one after another.

    Args:
        material: models and catalogue.
        seen: what the listeners have heard, from `model.observe`.
        histories: of the same listeners, from `read_histories`.
        edition: which week's lists, and what they are like.
        tastes: of the same listeners; from `material.profiles` if left out.
        askers: who is spoken to, of those who are not listeners.
    """
    config, week = edition.config, edition.week
    rules, proposer = Rules(material.context, config, monday(week)), material.proposer(config)
    for start in range(0, len(seen.listeners), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        names = [str(listener) for listener in seen.listeners[part]]
        theirs = list(tastes[part]) if tastes is not None else [material.tastes(name) for name in names]
        rows, mine = rows_of(seen.matrix, part), histories[part]
        asked = rows if seen.asked is seen.matrix else rows_of(seen.asked, part)
        theirs = [
            material.belonging.with_thresholds(its, history.listening)
            for its, history in zip(theirs, mine, strict=True)
        ]
        with portion(SCORING * len(names)):
            proposed = proposer.propose(asked, [history.listening for history in mine], theirs)
        known = [bool((asked.data[slice(*asked.indptr[at : at + 2])] > 0).any()) for at in range(len(names))]
        proposed = [each if known[at] else material.stranger(config) for at, each in enumerate(proposed)]
        listenings = [
            material.belonging.for_rules(history.listening, its)
            for history, its in zip(mine, theirs, strict=True)
        ]
        past = [
            known[at] and rediscover.needed(listenings[at], proposer.allowed, material.least_new(config))
            for at in range(len(names))
        ]
        for at in np.flatnonzero(past).tolist():
            proposed[at], listenings[at] = rediscover.favourites(
                listenings[at], theirs[at], material.context, material.belonging, config
            )
        choices = chosen(material, edition, rules, names, listenings, proposed)
        lists = [choice for choice, _ in choices]
        drawn = measured(material, edition, rules, names, (listenings, proposed), lists)
        made = []
        # Reasons are small systems, one a listener: more threads would only wait for each other.
        with _pools().limit(limits=1, user_api="blas"):
            for at in range(len(names)):
                asker: Asker = (askers or {}).get(names[at], "listener")
                about = About(
                    rows_of(rows, slice(at, at + 1)),
                    mine[at],
                    theirs[at],
                    asker,
                    titled_reasons(material, seen, start + at, asker),
                )
                one = OneList(material, edition, about)
                kind = "past" if past[at] else "new" if known[at] else "stranger"
                made.append(one.listed(proposed[at], *choices[at], kind))
                told(1 - SCORING)
        for at, (name, again_, (entries, notes)) in enumerate(zip(names, past, made, strict=True)):
            chances = Drawn() if drawn is None else drawn[at].of(entries, material.catalogue.ids)
            yield Playlist(
                title=f"{rediscover.TITLE if again_ else 'Discover Weekly'}, {week}",
                listener=name,
                week=week,
                created_at=edition.moment,
                entries=entries,
                notes=notes,
                seed=edition.seed,
                models=material.versions,
                drawn=replace(chances, familiar=config.familiar),
            )


@cache
def _pools() -> ThreadpoolController:
    """The pools of threads of this process; looking for them takes longer than a list."""
    return ThreadpoolController()
