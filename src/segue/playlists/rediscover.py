"""Rediscover: favourites that were not played for long, from every taste, where nothing tells of other music.

One person's plays, or those of a few, can't tell what else there is. A list that holds only what the listener
knows is never called Discover Weekly.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from segue.library.few_listeners import MORE, MORE_EPISODES, plays_of
from segue.playlists.belonging import Belonging, ListenerTastes
from segue.playlists.candidates import BY_MODEL, Proposed
from segue.playlists.rules import Candidates, Context, Listening
from segue.playlists.rules.context import MEDIA, Bools, Floats, Ints
from segue.playlists.weekly_config import CandidatesConfig
from segue.wording import count, noun_of

TITLE = "Rediscover"
MONTH = 30.44  # days
TWO_MONTHS = 60  # days from which on time is told in months


def needed(listening: Listening, allowed: Bools, least: int) -> bool:
    """Whether fewer than `least` of the tracks that may come (n_tracks,) are new to a listener."""
    fresh = allowed.copy()
    fresh[listening.heard] = False
    return int(fresh.sum()) < least


def favourites(
    listening: Listening,
    tastes: ListenerTastes,
    context: Context,
    belonging: Belonging,
    config: CandidatesConfig,
) -> tuple[Proposed, Listening]:
    """What to hear again, and the listening as rules are to see it: without these tracks.

    First what was played `favourite_plays` times and not for `unplayed_days`, the dearest first: each
    doubling of plays or of days counts alike. If that is less than a list, then whatever was not played for
    so long, then whatever was played. Each taste has its share of the list.
    """
    if config.medium == "podcast":
        tracks, dear, sources, shares = _episodes(listening, context, config)
    else:
        tracks, dear, sources, shares = _songs(listening, tastes, context, belonging, config)
    order = np.argsort(tracks)
    candidates = Candidates(tracks[order], dear[order], sources[order], shares)
    # "Already heard" would take out what this list is for.
    stay = ~context.work_marks.among(context.work[listening.heard], context.work[tracks])
    seen = replace(
        listening,
        heard=listening.heard[stay],
        plays=listening.plays[stay],
        days_ago=listening.days_ago[stay],
    )
    return Proposed(candidates, np.full(len(tracks), BY_MODEL, np.int8)), seen


def _songs(
    listening: Listening,
    tastes: ListenerTastes,
    context: Context,
    belonging: Belonging,
    config: CandidatesConfig,
) -> tuple[Ints, Floats, Ints, Floats | None]:
    """(n,) tracks, how dear each is, and its taste; and the share of each taste."""
    place = _chosen(listening, context, config)
    tracks, days = listening.heard[place], np.nan_to_num(listening.days_ago[place], nan=np.inf)
    rested = np.minimum(days / max(config.unplayed_days, 1.0), 1e3)
    dear = (np.log2(1 + listening.plays[place]) + np.log2(1 + rested)).astype(np.float32)
    k = len(tastes.shares)
    sources = belonging.played_for(tastes, tracks)
    if not k:
        return tracks, dear, sources, None
    sources[sources < 0] = k
    beyond = min(config.beyond, float((sources == k).sum()) / config.tracks)
    return tracks, dear, sources, np.append(tastes.shares * (1 - beyond), beyond).astype(np.float32)


def _episodes(
    listening: Listening, context: Context, config: CandidatesConfig
) -> tuple[Ints, Floats, Ints, Floats]:
    """(n,) episodes, how dear each is, and its show; and the share of each show, by its plays.

    Most episodes are heard once, so that plays tell hardly any apart: those of a show are taken from all the
    time in which it was heard, evenly, first what has rested.
    """
    place = np.flatnonzero(
        (listening.plays > 0) & (context.medium[listening.heard] == MEDIA.index(config.medium))
    )
    tracks, plays = listening.heard[place], listening.plays[place]
    days = np.nan_to_num(listening.days_ago[place], nan=np.inf)
    _, show = np.unique(context.main_artists()[tracks], return_inverse=True)
    dear = np.log2(1 + plays) + (days >= config.unplayed_days)
    for each in range(int(show.max(initial=-1)) + 1):
        own = np.flatnonzero(show == each)
        dear[own[np.argsort(days[own], kind="stable")]] += _evenly(len(own))
    shares = np.bincount(show, plays) / max(float(plays.sum()), 1.0)
    return tracks, dear.astype(np.float32), show.astype(np.int32), shares.astype(np.float32)


def _evenly(n: int) -> Floats:
    """(n,) numbers from 1 down to above 0, the largest of which lie evenly apart, however many are taken.

    Places in the order of their van der Corput numbers: the bits of each place, mirrored.
    """
    bits = max(n - 1, 1).bit_length()
    mirrored = [int(f"{place:0{bits}b}"[::-1], 2) for place in range(n)]
    return (1 - np.argsort(np.argsort(mirrored)) / max(n, 1)).astype(np.float32)


def _chosen(listening: Listening, context: Context, config: CandidatesConfig) -> Ints:
    """Places among what was heard: favourites, and of the rest as much as a list may lack."""
    right = (listening.plays > 0) & (context.medium[listening.heard] == MEDIA.index(config.medium))
    days = np.nan_to_num(listening.days_ago, nan=np.inf)
    long_ago = days >= config.unplayed_days
    grades = (long_ago & (listening.plays >= config.favourite_plays), long_ago, right)
    # A song heard lately in another version has not rested.
    late = context.work_marks.among(
        context.work[listening.heard], context.work[listening.heard[right & ~long_ago]]
    )
    found = np.zeros(len(right), bool)
    for grade in grades:
        more = right & grade & ~found
        if grade is not grades[-1]:
            more &= ~late
        else:  # the longest ago
            more = _first(more, -days, config.tracks - int(found.sum()))
        found |= more
        if found.sum() >= 2 * config.tracks:  # the rules take some
            break
    return np.flatnonzero(found).astype(np.int32)


def _first(among: Bools, rank: Floats, n: int) -> Bools:
    places = np.flatnonzero(among)
    chosen = np.zeros(len(among), bool)
    chosen[places[np.argsort(rank[places], kind="stable")[: max(n, 0)]]] = True
    return chosen


def notes(days_ago: Floats, people: int, config: CandidatesConfig, more: str = MORE) -> tuple[str, ...]:
    """What the listener should know of the list.

    Args:
        days_ago: (n,) of the tracks on it, NaN where it is not known.
        people: listeners of the library, where they are too few to tell what else there is; else 0.
        config: of the list.
        more: what to do for new music.
    """
    noun = noun_of(config.medium)
    more = more if config.medium == "song" else MORE_EPISODES
    if people:
        why = f"{plays_of(people)} can't tell what else there is"
        why += ", and none is told what another plays" if people > 1 else ""
    else:
        why = "The library has next to nothing that would be new here"
    if not len(days_ago):
        return (f"{why}, and no {noun} was played that could come again. {more}",)
    lately = int((days_ago < config.unplayed_days).sum())
    which = "episodes of the shows you play most, from all the time you have heard them, to hear again"
    if config.medium != "podcast":
        which = f"{noun}s from your own listening, to hear again"
    lines = [f"{why}: these are {which}{_ago(days_ago)}. {more}"]
    if lately:
        tracks = count(lately, f"{noun} was", f"{noun}s were")
        lines.append(
            f"{tracks} played in the last {count(config.unplayed_days, 'day')}: too few have rested longer."
        )
    return tuple(lines)


def _ago(days: Floats) -> str:
    """ ", last played 2 to 18 months ago", of (n,) days, NaN where it is not known; nothing if none is."""
    known = np.maximum(days[~np.isnan(days)], 0)
    if not len(known):
        return ""
    first, last = float(known.min()), float(known.max())
    if last < TWO_MONTHS:
        spans = f"{first:.0f} to {count(round(last), 'day')}"
    else:
        months = round(last / MONTH)
        begins = f"{first / MONTH:.0f}" if first >= TWO_MONTHS else count(round(first), "day")
        spans = count(months, "month") if begins == str(months) else f"{begins} to {count(months, 'month')}"
    return f", last played {spans} ago"
