"""Which tellings of several sources are one play: a one-to-one matching on the line of time.

The tellings of one listener and song lie on a line. Sources are taken one after another, the most exact
first; each is matched with the plays known so far, and what finds no partner is a play of its own. A
matching is the one of the largest total likeness among those that keep the order in time (weighted
non-crossing matching, by dynamic programming over the pairs that are near enough: O(K log K) for K pairs).
So a loop stays a loop, and a play that one source lacks does not shift all that follow it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import FunctionType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

# Two clocks, or two opinions of when a play began, differ by this at most, beyond the sources' units.
SLACK_MS = 30_000
# A source that tells the end and the time heard puts the start later than it was, by what was paused.
PAUSE_MS = 1_800_000
# Times heard of one play, told by two sources, differ by a few seconds and hundredths at most.
HEARD_MS, HEARD_SHARE = 5_000, 0.02
# Where two sources tell the end and the very same time heard, their clocks are of one service.
SAME_CLOCK_MS = 2_000
# Scrobblers do not tell of a play that was heard for less (Last.fm, ListenBrainz), unless the song is short:
# then they want half of it. A song is at least as long as the longest that it was heard; a third, to be sure.
SCROBBLED_MS, SCROBBLED_SHARE = 30_000, 1 / 3
# What is taken off the likeness of two tellings, which is 1 at best.
FAR, NEAR, PAUSED, OTHER_TRACK, OTHER_LENGTH, TOO_SHORT = 0.9, 0.01, 0.9, 0.05, 0.3, 0.05

# Fewer tellings are matched without Numba: compiling takes ten seconds, and loading what was compiled one.
FEW = 600

Ints = NDArray[np.int64]


class Tellings(NamedTuple):
    """What sources tell, as arrays of (n,): by cluster, in it by rank, in that in the order of the plays."""

    rank: Ints  # of the source: the lower, the more exact
    ended: NDArray[np.bool_]  # the source tells when a play ended
    unit: Ints  # ms in which a told time lies: from the time to the time + unit
    begun: Ints  # ms since 1970; of a source that tells the end, the end less the time heard
    played: Ints  # ms heard, -1 if unknown
    track: Ints  # any number of the track
    scrobbled: NDArray[np.bool_]  # the source tells only of what was heard for long enough
    by_time: Ints  # place in its cluster by the likeliest start, in the order of the plays of each rank
    by_length: Ints  # place in its cluster by `played`, then `begun`


def align(columns: dict[str, NDArray], cluster: Ints) -> Ints:
    """(n,) the play of each telling, as the place of the play's first telling.

    Args:
        columns: rank, ended, unit, begun, played, track and scrobbled, as in `Tellings`, and turn: of plays
            told at one time, which came first by the source (0 if it does not say); in any order.
        cluster: (n,) any number; only tellings of one cluster can be of one play.
    """
    # Plays follow one another. So of a source that tells ends, these give the order: where only minutes are
    # known, a long play may seem to begin before the short one that it followed. Within a minute a play that
    # is longer than it came first of those that ended in it, and last of those that began in it; the others
    # in the order of the source, or else likewise.
    at_end, played = columns["ended"], columns["played"]
    longer = played >= columns["unit"]
    told_at = columns["begun"] + np.where(at_end, np.maximum(played, 0), 0)
    order = np.lexsort(
        (
            columns["track"],
            np.where(at_end, -played, played),
            columns["turn"],
            np.where(at_end, ~longer, longer),
            told_at,
            columns["rank"],
            cluster,
        )
    )
    inside = cluster[order]
    bounds = np.flatnonzero(np.concatenate(([True], inside[1:] != inside[:-1], [True])))
    if not len(order):
        return order
    own = {name: np.ascontiguousarray(columns[name][order]) for name in Tellings._fields[:-2]}
    places = []
    for keys in ((_likely_starts(own, inside), inside), (own["begun"], own["played"], inside)):
        place = np.empty(len(order), np.int64)
        place[np.lexsort(keys)] = np.arange(len(order))
        places.append(place - np.repeat(bounds[:-1], np.diff(bounds)))
    told = Tellings(**own, by_time=places[0], by_length=places[1])
    # Items of a list are read faster than those of an array, but by what is compiled.
    few = len(order) < FEW
    plays = _align(Tellings(*(each.tolist() for each in told)), bounds) if few else compiled()(told, bounds)
    found = np.empty(len(order), np.int64)
    found[order] = order[plays]
    return found


def _likely_starts(own: dict[str, NDArray], cluster: Ints) -> Ints:
    """(n,) the middle of the time in which a play may have begun, never before that of an earlier play."""
    middle = own["begun"] + own["unit"] // 2
    middle = middle - middle.min()
    new = np.ones(len(middle), np.int64)
    new[1:] = (cluster[1:] != cluster[:-1]) | (own["rank"][1:] != own["rank"][:-1])
    # Each group of a cluster and rank is shifted beyond all before it, so that one running maximum serves for
    # all.
    apart = np.cumsum(new) * (middle.max() + 1)
    return np.maximum.accumulate(middle + apart) - apart


@cache
def compiled() -> Callable[[Tellings, Ints], Ints]:
    """`_align`, compiled."""
    from segue import compiling

    made: dict[str, Any] = {}
    # The same code is needed twice: as it is for a few, and compiled, where functions may call none but
    # compiled ones.
    for function in (_likeness, _match, _match_same_clock, _align):
        calling = FunctionType(function.__code__, globals() | made)
        made[function.__name__] = compiling.compiled(nogil=True)(calling)
    return made["_align"]


def _align(told: Tellings, bounds: Ints) -> Ints:
    play = np.arange(len(told.begun))
    for cluster in range(len(bounds) - 1):
        first, end = bounds[cluster], bounds[cluster + 1]
        # Where each play's start and end are told best; -1 where nobody tells it.
        starts, ends = np.full(end - first, -1), np.full(end - first, -1)
        known = np.empty(end - first, np.int64)  # first tellings of the plays
        heard = np.full(end - first, -1)  # how long the plays were heard
        scrobbles = np.ones(end - first, np.bool_)  # nobody told of the plays but scrobblers
        longest = 0
        for place in range(first, end):
            longest = max(longest, told.played[place])
        plays, at = 0, first
        while at < end:
            after = at
            while after < end and told.rank[after] == told.rank[at]:
                after += 1
            partner = np.full(after - at, -1)
            if plays:
                taken = np.zeros(plays, np.bool_)
                slots = np.full(end - first, -1)
                if told.ended[at]:
                    for number in range(plays):
                        if ends[number] >= 0:
                            slots[told.by_length[ends[number]]] = number
                    _match_same_clock(told, ends, slots, taken, partner, at)
                    slots[:] = -1
                for number in range(plays):
                    if not taken[number]:
                        slots[told.by_time[known[number]]] = number
                _match(told, (starts, ends, heard, scrobbles), slots, partner, (at, longest))
            for place in range(at, after):
                mine = partner[place - at]
                if mine < 0:
                    mine = plays
                    known[mine] = place
                    plays += 1
                play[place] = known[mine]
                anchors = ends if told.ended[place] else starts
                if anchors[mine] < 0:
                    anchors[mine] = place
                if heard[mine] < 0:
                    heard[mine] = told.played[place]
                scrobbles[mine] &= told.scrobbled[place]
            at = after
    return play


def _match_same_clock(
    told: Tellings, ends: Ints, slots: Ints, taken: NDArray[np.bool_], partner: Ints, at: int
) -> None:
    """Pair plays and tellings whose ends and times heard agree, each with the first that it can be.

    `slots` has the plays whose end is told by the time heard, and in that by time; -1 where there is none.
    """
    mine = np.full(len(slots), -1)
    for place in range(len(partner)):
        mine[told.by_length[at + place]] = at + place
    i = j = 0
    while i < len(slots) and j < len(mine):
        if slots[i] < 0:
            i += 1
            continue
        if mine[j] < 0:
            j += 1
            continue
        a, b = ends[slots[i]], mine[j]
        later = told.begun[b] - told.begun[a] + (told.unit[b] - told.unit[a]) / 2
        most = (told.unit[a] + told.unit[b]) / 2 + SAME_CLOCK_MS
        if told.played[a] < 0 or told.played[a] < told.played[b]:
            i += 1
        elif told.played[b] < told.played[a]:
            j += 1
        elif later > most:
            i += 1
        elif later < -most:
            j += 1
        else:
            partner[b - at] = slots[i]
            taken[slots[i]] = True
            i += 1
            j += 1


def _match(
    told: Tellings,
    plays: tuple[Ints, Ints, Ints, NDArray[np.bool_]],
    slots: Ints,
    partner: Ints,
    scope: tuple[int, int],
) -> None:
    """Pair what is left so that the likeness of all pairs together is largest; pairs do not cross.

    `plays` are the plays' tellings of start and end, how long they were heard, and whether scrobblers alone
    told of them; `slots` has those that are left by time, -1 where there is none. `scope`: where the tellings
    begin, the longest heard of any.
    """
    at, longest = scope
    left = np.flatnonzero(partner < 0)
    # Of each prefix of `left` the best total that ends in it (a Fenwick tree of maxima), and by which pair.
    best, by = np.zeros(len(left) + 1), np.full(len(left) + 1, -1)
    pairs = np.empty((4 * len(left) + 4, 3), np.int64)  # play, place in `partner`, the pair before
    count, lowest = 0, 0
    for play in slots:
        if play < 0:
            continue
        start, end = plays[0][play], plays[1][play]
        facts = plays[2][play], plays[3][play]
        first = told.begun[start if start >= 0 else end]
        last = told.begun[end if end >= 0 else start]
        unit = max(told.unit[start if start >= 0 else end], told.unit[end if end >= 0 else start])
        reach = 2 * PAUSE_MS + 2 * SLACK_MS + unit + told.unit[at]
        while lowest < len(left) and told.begun[at + left[lowest]] < min(first, last) - reach:
            lowest += 1
        highest = lowest
        while highest < len(left) and told.begun[at + left[highest]] <= max(first, last) + reach:
            highest += 1
        # From the last to the first, so that a play's pairs do not build on one another.
        for j in range(highest - 1, lowest - 1, -1):
            worth = 0.0
            if start >= 0:
                worth = _likeness(told, start, left[j] + at, facts, longest)
            if end >= 0:
                worth = max(worth, _likeness(told, end, left[j] + at, facts, longest))
            if worth <= 0:
                continue
            total, before, k = worth, -1, j
            while k > 0:
                if best[k] + worth > total:
                    total, before = best[k] + worth, by[k]
                k -= k & -k
            if count == len(pairs):
                pairs = np.concatenate((pairs, np.empty_like(pairs)))
            pairs[count, 0], pairs[count, 1], pairs[count, 2] = play, left[j], before
            k = j + 1
            while k <= len(left):
                if total > best[k]:
                    best[k], by[k] = total, count
                k += k & -k
            count += 1
    k, pair, most = len(left), -1, 0.0
    while k > 0:
        if best[k] > most:
            most, pair = best[k], by[k]
        k -= k & -k
    while pair >= 0:
        partner[pairs[pair, 1]] = pairs[pair, 0]
        pair = pairs[pair, 2]


def _likeness(told: Tellings, a: int, b: int, play: tuple[int, bool], longest: int) -> float:
    """How likely the tellings a and b are of one play: over 0 up to 1, or 0 where they cannot be.

    Args:
        told: all tellings.
        a: a telling of a play.
        b: another.
        play: how long the play of `a` was heard, by whoever told it, -1 if nobody did; whether scrobblers
            alone told of it.
        longest: the longest that any play nearby was heard.
    """
    heard, mine = play[0], told.played[b]
    both_heard = heard >= 0 and mine >= 0
    last_alike = not both_heard or abs(heard - mine) <= HEARD_MS + HEARD_SHARE * max(heard, mine)
    # A source that tells of so short a time heard is no scrobbler that would have left it out.
    told_alike = both_heard and last_alike
    left_out = False
    if not told_alike:
        least = min(SCROBBLED_MS, SCROBBLED_SHARE * longest)
        if told.scrobbled[b] and 0 <= heard < least:
            return 0.0
        left_out = told.scrobbled[a] and 0 <= mine < least
        # Where others told of the play as well, the scrobbler's telling may be of its neighbour.
        if left_out and play[1]:
            return 0.0
    if told.ended[a] and not told.ended[b]:
        a, b, heard, mine = b, a, mine, heard
    too_short = told.ended[b] and not told.ended[a] and 0 <= mine < SCROBBLED_MS and not told_alike
    later = told.begun[b] - told.begun[a] + (told.unit[b] - told.unit[a]) / 2
    if told.ended[a]:  # so does b, and ends are what is told
        if not last_alike:
            return 0.0
        later += max(told.played[b], 0) - max(told.played[a], 0)
    half = (told.unit[a] + told.unit[b]) / 2
    over = max(abs(later) - half, 0.0)
    if over > SLACK_MS:
        paused = told.ended[b] and not told.ended[a] and later > 0 and last_alike
        paused = paused and not (too_short and told.scrobbled[a])
        return (1 - PAUSED) * (1 - over / PAUSE_MS) if paused and over < PAUSE_MS else 0.0
    worth = 1.0 - NEAR * abs(later) / (half + SLACK_MS)
    if told.track[a] != told.track[b]:
        worth -= OTHER_TRACK
    if not last_alike or left_out:
        worth -= OTHER_LENGTH
    if too_short:
        worth -= TOO_SHORT
    return worth * (1 - FAR * (over / SLACK_MS) ** 2)
