"""Names as they are compared, in any script.

`letters` keeps every letter, every number, and signs that mean something. What it makes alike: case; full
width, ligatures and other forms of compatibility; punctuation and blanks; "&" and "and". Marks are taken off
only where they are accents that people leave out in writing: from Latin and Greek letters, stress (and the
dots of "ё") from Cyrillic ones, vowel points from Arabic and Hebrew ones. Elsewhere a mark is part of the
letter: the vowels of Indic scripts and of Thai, the tones of Vietnamese, "й", "が".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import lru_cache

VERSION = 2  # of what `letters` and `identity.normalise` give: libraries keep what they gave (`renewing.py`)

# Signs that tell names apart ("C#", "98°", "A$AP", "÷", "I ♥ U") become words of their own; other punctuation
# becomes a blank.
_KEPT_SIGNS = "#%@"
_DROPPED_SIGNS = "|~^`"
_AND = re.compile(r"(?<=[^\W\d]) \+ (?=[^\W\d])")  # "Florence + The Machine", but not "2 + 2"
_ANGLES = re.compile(r"<([^<>]*)>")  # a bracket, but not "<3"
_VIETNAMESE = re.compile("[\u01a0\u01a1\u01af\u01b0\u1ea0-\u1ef9]")
_ACCENTS = re.compile("[\u0300-\u036f]")
_POINTS = re.compile("[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0640\u064b-\u0652\u0670]")
_SPELLED_ALIKE = {"ё": "е", "ѐ": "е", "ѝ": "и", "ı": "i"}  # "I" is the capital of "ı" and of "i"


def _ascii_letters() -> dict[int, str]:
    # All of them, because `translate` is slow where it has to do without.
    table = {code: chr(code) if chr(code).isalnum() else " " for code in range(128)}
    signs = [s for s in map(chr, range(33, 127)) if unicodedata.category(s)[0] == "S" or s in _KEPT_SIGNS]
    table |= {ord(s): f" {s} " for s in signs if s not in _DROPPED_SIGNS}
    return table | {ord("&"): " and "}


_ASCII = _ascii_letters()


def uncached_letters(text: str) -> str:
    """`text` in lower case without accents and punctuation, its words parted by single blanks.

    A text of punctuation alone ("!!!") stays as it is. Doing it twice changes nothing.

    >>> letters("Beyoncé — Crazy In Love"), letters("Nocturne in C# minor"), letters("Й")
    ('beyonce crazy in love', 'nocturne in c # minor', 'й')
    """
    if text.isascii():  # most are
        return _words(text.lower(), _ASCII) or " ".join(text.lower().split())
    found = _once(text)
    while (again := _once(found)) != found:  # a mark that is gone may let two letters come together
        found = again
    return found


def _once(text: str) -> str:
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    plain = without_accents(folded.translate(_visible))
    words = unicodedata.normalize("NFKC", _words(plain, _any))
    return words or " ".join(folded.split())


def _words(text: str, table: Mapping[int, str | None]) -> str:
    if "+" in text:
        text = _AND.sub(" and ", text)
    if "<" in text:
        text = _ANGLES.sub(r" \1 ", text)
    return " ".join(text.translate(table).split())


def without_accents(text: str, *, tones: bool = False) -> str:
    """`text`, in lower case and composed (NFC), without accents and vowel points; see the module.

    With `tones`, the tones of Vietnamese go too.
    """
    text = _POINTS.sub("", text)
    if _VIETNAMESE.search(text) and not tones:
        return text  # there an accent is a tone, and another word
    text = text.translate(_bases)
    if not _ACCENTS.search(text):
        return unicodedata.normalize("NFC", text)
    kept: list[str] = []
    for char in text:  # an accent that no letter is composed with
        if not _ACCENTS.match(char) or (kept and _is_other_letter(kept[-1])):
            kept.append(char)
    return unicodedata.normalize("NFC", "".join(kept))


def _is_other_letter(char: str) -> bool:
    """Whether `char` is a letter, or the mark of one, that is neither Latin nor Greek nor Cyrillic."""
    if (
        char < "\u0530"
        or "\u1d00" <= char <= "\u1fff"
        or "\u2c60" <= char <= "\u2c7f"
        or "\ua640" <= char < "\ua6a0"
    ):
        return False
    return unicodedata.category(char)[0] in "LM"


letters = lru_cache(maxsize=65_536)(uncached_letters)


class Table(dict[int, "str | None"]):
    """A table for `str.translate`, filled as characters come."""

    def __init__(self, become: Callable[[str], str | None]) -> None:
        super().__init__()
        self._become = become

    def __missing__(self, code: int) -> str | None:
        found = self[code] = self._become(chr(code))
        return found


def _base(char: str) -> str:
    """A letter without its accents."""
    if char in _SPELLED_ALIKE:
        return _SPELLED_ALIKE[char]
    if "\u00c0" <= char < "\u0400" or "\u1e00" <= char <= "\u1fff":
        return _ACCENTS.sub("", unicodedata.normalize("NFD", char)) or char
    return char


def _seen(char: str) -> str | None:
    """None for what only says how to draw its neighbours: joiners, directions, variation selectors."""
    selector = "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef" or char == "\u034f"
    return None if selector or unicodedata.category(char) == "Cf" else char


def _sign(char: str) -> str:
    """A letter, mark or number as it is, a sign that is kept as a word, anything else as a blank."""
    if char == "♯":
        return " # "
    if char < "\x80":
        return _ASCII.get(ord(char), char)
    kind = unicodedata.category(char)
    if kind[0] in "LMN":
        return char
    return f" {char} " if kind in ("Sm", "Sc", "So") else " "


_bases, _visible, _any = Table(_base), Table(_seen), Table(_sign)
