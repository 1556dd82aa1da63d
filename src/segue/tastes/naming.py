"""Names of tastes: their own most typical artists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import permutations

from segue.tastes.profiles import Profiles

ARTISTS = 2  # in a name
Artists = Mapping[int, Sequence[str]] | Sequence[Sequence[str]]

TYPICAL = 5  # an artist among so many still fits a name of last week
AND = " and "


def with_names(profiles: Profiles, artists: Artists, before: Sequence[str] | None = None) -> Profiles:
    """`profiles` with a name for each taste: "Portishead and Massive Attack".

    An artist is typical of a taste by its weight there beyond what it would be by chance, the artist's whole
    weight times the taste's: who sings in all of a listener's tastes names none. Two tastes of a listener
    never have the same name.

    Args:
        profiles: the tastes.
        artists: credited artists as they are written, main artist first, of every track in a taste, by its
            number.
        before: (n_tastes,) last week's names (`matching.names_before`), kept while their artists are typical.
    """
    names: list[str] = []
    for listener in range(len(profiles.listeners)):
        tastes = range(int(profiles.first[listener]), int(profiles.first[listener + 1]))
        inside = [_weights(profiles, taste, artists) for taste in tastes]
        total: dict[str, float] = {}
        for weights in inside:
            for artist, weight in weights.items():
                total[artist] = total.get(artist, 0.0) + weight
        used: set[str] = set()
        for taste, weights in zip(tastes, inside, strict=True):
            ranked = _by_typicality(weights, total, float(profiles.weights[taste]))
            name = _name(ranked, before[taste] if before else "", used)
            used.add(name)
            names.append(name)
    return replace(profiles, names=tuple(names))


def _weights(profiles: Profiles, taste: int, artists: Artists) -> dict[str, float]:
    """Weight of each main artist in a taste; guests count half."""
    weights: dict[str, float] = {}
    start, stop = profiles.member_first[taste], profiles.member_first[taste + 1]
    for track, weight in zip(
        profiles.members[start:stop].tolist(), profiles.member_weights[start:stop].tolist(), strict=True
    ):
        for place, artist in enumerate(artists[track]):
            weights[artist] = weights.get(artist, 0.0) + weight * (1.0 if place == 0 else 0.5)
    return weights


def _by_typicality(weights: Mapping[str, float], total: Mapping[str, float], share: float) -> list[str]:
    """Artists of a taste with this share of the listening, the most typical first."""
    # Rounded, so that sums that were taken in another order rank artists alike.
    return sorted(weights, key=lambda a: (-round(weights[a] - share * total[a], 9), -weights[a], a))


def _name(ranked: Sequence[str], before: str, used: set[str]) -> str:
    typical = ranked[:TYPICAL]
    still = {AND.join(pair) for n in (1, ARTISTS) for pair in permutations(typical, n)}
    if before in still and before not in used:
        return before
    for first in range(max(1, len(ranked))):
        name = AND.join(ranked[first : first + ARTISTS])
        if name and name not in used:
            return name
    number = 1
    while f"Taste {number}" in used:
        number += 1
    return f"Taste {number}"
