"""Decades in titles, however they are written: "90s", "90's", "1990s", "nineties"."""

from __future__ import annotations

import re

from segue.library.names import letters

_WRITTEN = re.compile(r"\b(?:19|20)?(\d0) ?s\b")  # "90 s" is what `letters` makes of "90's"
_SPELLED = {"fifties": "50s", "sixties": "60s", "seventies": "70s", "eighties": "80s", "nineties": "90s"}
DECADES = ("50s", "60s", "70s", "80s", "90s", "00s", "10s", "20s")


def words(text: str) -> list[str]:
    """The words of a title as they are compared; a decade is one word.

    >>> words("Best of the 1990's!"), words("Nineties rock")
    (['best', 'of', 'the', '90s'], ['90s', 'rock'])
    """
    return [_SPELLED.get(word, word) for word in _WRITTEN.sub(r"\1s", letters(text)).split()]


def decades(text: str) -> int:
    """The decades that a title names, a bit for each of `DECADES`; 0 for none."""
    named = words(text)
    return sum(1 << at for at, decade in enumerate(DECADES) if decade in named)
