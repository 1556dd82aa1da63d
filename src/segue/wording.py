"""Numbers and names in sentences that people read."""

from __future__ import annotations

from collections.abc import Sequence

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)

# How a list was put in order, by who did: the words of lists, of `segue sequence` and of the pages alike.
ORDERED = {
    "agent": "The trained agent chose the order.",
    "greedy": "Each track is the one that is likeliest to be heard out next.",
}


def count(number: float, noun: str, plural: str = "") -> str:
    """ "1 track", "2,000 tracks"; `plural` for nouns that take more than an s."""
    return f"{number:,.0f} {noun if number == 1 else plural or noun + 's'}"


def times(number: float) -> str:
    """ "once", "twice", "12 times"."""
    whole = max(round(number), 1)
    return {1: "once", 2: "twice"}.get(whole) or count(whole, "time")


def noun_of(medium: str) -> str:
    """What one track of a medium is called: of podcasts an episode is played."""
    return "episode" if medium == "podcast" else medium


def ended(line: str) -> str:
    """A sentence with its full stop, unless a name has brought one: "Juicy by The Notorious B.I.G."."""
    return line if line.endswith((".", "!", "?", "…")) else f"{line}."


def month(day: str) -> str:
    """ "November 2024" of "2024-11-30"."""
    return f"{MONTHS[int(day[5:7]) - 1]} {day[:4]}"


def percents(shares: Sequence[float], space: str = "") -> list[str]:
    """Shares as whole percents that add up to what the shares do: the largest remainders are rounded up.

    >>> percents([0.335, 0.335, 0.33])
    ['34%', '33%', '33%']
    """
    exact = [100 * share for share in shares]
    whole = [int(value) for value in exact]
    missing = round(sum(exact)) - sum(whole)
    by_remainder = sorted(range(len(exact)), key=lambda at: (whole[at] - exact[at], at))
    for at in by_remainder[:missing]:
        whole[at] += 1
    return [f"{value}{space}%" for value in whole]


def listed(names: Sequence[str]) -> str:
    """ "A", "A and B", "A, B and C"."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
