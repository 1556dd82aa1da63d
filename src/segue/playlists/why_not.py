"""Why a track is not on a listener's list: what every rule says of it, and who had the last word."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from segue.factors.observations import Observations
from segue.playlists import rediscover
from segue.playlists.belonging import ListenerTastes
from segue.playlists.history import History
from segue.playlists.material import Material
from segue.playlists.playlist import monday
from segue.playlists.rules import Listening, Rules, Verdict
from segue.playlists.sequenced import chosen, moved
from segue.playlists.weekly_config import Edition, WeeklyConfig
from segue.wording import count


class WhyNot(NamedTuple):
    """What is said of one track for one listener."""

    track: int
    score: float  # the listener's own
    rank: int  # among all tracks of the medium that the listener has not heard, from 1
    of: int
    verdicts: list[Verdict]
    new: bool = True  # whether the listener has not heard it


def why_not(
    material: Material,
    seen: Observations,
    history: History,
    edition: Edition,
    track: int,
    tastes: ListenerTastes | None = None,
) -> WhyNot:
    """What every rule says of `track` for the one listener of `seen`, its score and its rank.

    Their tastes are those of `material`, where none are given.
    """
    config, week = edition.config, edition.week
    name, row = str(seen.listeners[0]), seen.asked[0]
    proposer = material.proposer(config)
    tastes = material.belonging.with_thresholds(tastes or material.tastes(name), history.listening)
    if (row.data > 0).any():
        proposed = proposer.propose(row, [history.listening], [tastes])[0]
    else:
        proposed = material.stranger(config)
    seen_so = material.belonging.for_rules(history.listening, tastes)
    past = (row.data > 0).any() and rediscover.needed(seen_so, proposer.allowed, material.least_new(config))
    if past:
        proposed, seen_so = rediscover.favourites(
            seen_so, tastes, material.context, material.belonging, config
        )
    candidates = moved(proposed, config.surprise, (edition.seed, week, name))
    rules = Rules(material.context, config, monday(week))
    verdicts = rules.why_not(seen_so, candidates, track)
    heard = track in history.listening.heard
    if past:
        verdicts = _of_favourites(verdicts, history.listening, track, config)
    elif heard:
        verdicts = _of_heard(verdicts)
    if material.sequencer is not None:
        ((final, _),) = chosen(material, edition, rules, [name], [seen_so], [proposed])
        verdicts = _in_the_end(verdicts, bool((final.tracks == track).any()), material.sequencer.name)
    scores = proposer.scores(row)
    new = proposer.allowed.copy()
    new[history.listening.heard] = False
    above = int((scores[new] > scores[track]).sum())
    return WhyNot(track, float(scores[track]), above + 1, int(new.sum()), verdicts, not heard)


def _of_heard(verdicts: list[Verdict]) -> list[Verdict]:
    """The verdicts for a track that was heard: as a favourite it may come again, and it is never proposed."""
    *said, last = verdicts
    if last.out:
        return [*(verdict for verdict in said if verdict.rule != "candidate"), last]
    back = Verdict("already heard", False, "it comes back as a favourite that was not played for long")
    return [*(back if verdict.rule == "already heard" else verdict for verdict in said), last]


def _of_favourites(
    verdicts: list[Verdict], listening: Listening, track: int, config: WeeklyConfig
) -> list[Verdict]:
    """The verdicts for a list of what the listener knows, where being known is no reason against a track."""
    proposed = not any(verdict.rule == "candidate" for verdict in verdicts)
    verdicts = [verdict for verdict in verdicts if verdict.rule not in ("already heard", "candidate")]
    if proposed:
        return verdicts
    days = listening.days_ago[listening.heard == track]
    lately = len(days) and float(np.nan_to_num(days.min(), nan=np.inf)) < config.unplayed_days
    if not len(days):
        why = "the list is of what was played before, and this was not"
    elif lately:
        why = f"it was played in the last {count(config.unplayed_days, 'day')}"
    else:
        why = "others were played more, or have rested longer"
    return [*verdicts[:-1], Verdict("to hear again", True, why), verdicts[-1]]


def _in_the_end(verdicts: list[Verdict], there: bool, by: str) -> list[Verdict]:
    """The verdicts where agent or greed had the last word."""
    *said, last = verdicts
    if there:
        said = [v for v in said if v.rule != "list full"]
    elif not last.out:
        said.append(Verdict(by, True, "it put others on the list"))
    return [*said, Verdict(last.rule, not there, "" if there else last.because or "it is not on the list")]
