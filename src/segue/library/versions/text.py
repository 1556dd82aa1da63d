"""Text as it is compared: case, accents, quotes and spacing of titles and names made alike, in any script."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from segue.library.names import Table, without_accents

_QUOTES = str.maketrans(
    {
        **dict.fromkeys("’‘ʼ＇`´′ʹ", "'"),
        **dict.fromkeys("“”„«»‟″", '"'),
        **dict.fromkeys("–—―−‐‑‒", "-"),
        **dict.fromkeys("【〔〈《［｛{[", "["),
        **dict.fromkeys("】〕〉》］｝}]", "]"),
        "（": "(",
        "）": ")",
        "〜": "~",
        "～": "~",
        "\u00a0": " ",
        "\u3000": " ",
        "\u200b": None,
        "\u200e": None,
        "\u200f": None,
        "\ufeff": None,
    }
)
# Letters that Unicode does not take apart, and Arabic and Cyrillic spellings of one sound.
_LETTERS = str.maketrans(
    {
        "ß": "ss",
        "æ": "ae",
        "œ": "oe",
        "ø": "o",
        "đ": "d",
        "ð": "d",
        "ł": "l",
        "ı": "i",
        "þ": "th",
        "ё": "е",
        "أ": "ا",
        "إ": "ا",
        "آ": "ا",
        "ى": "ي",
        "ة": "ه",
        "ـ": None,
    }
)
_IN_WORD = re.compile(r"(?<=\w)'(?=\w)")
_DROPPED_G = re.compile(r"(?<=[a-z]{2})in'(?=\W|$)")
_ROCK_N_ROLL = re.compile(r"(?<=\s)'?n'?(?=\s)")
_APART = re.compile(r"[^\w]+|_+")
_DOTTED = re.compile(r"\b[a-z]\.(?:\s?[a-z]\.)+(?=\W|$)")  # "T.B. Sheets", "T. B. Sheets"
_PART = r"part|pt|parte|teil|partie|часть|chapter|act|volume|vol|book|movement|mvt|symphony"
_NUMBERED = re.compile(
    rf"\b({_PART})s?\.?\s*#?\s*([ivx]+|\d+|one|two|three|four|five|six|seven|eight|nine|ten)\b"
    r"|\b(no|number|nr)\.?\s*#?\s*(\d+)\b"
)
_LONG = {
    "pt": "part",
    "parte": "part",
    "teil": "part",
    "partie": "part",
    "часть": "part",
    "vol": "volume",
    "no": "number",
    "nr": "number",
    "mvt": "movement",
}
_NUMBERS = {
    w: str(n)
    for n, w in enumerate(["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"], 1)
}
_ROMAN = {
    "i": "1",
    "ii": "2",
    "iii": "3",
    "iv": "4",
    "v": "5",
    "vi": "6",
    "vii": "7",
    "viii": "8",
    "ix": "9",
    "x": "10",
    "xi": "11",
    "xii": "12",
}


def plain(text: str) -> str:
    """`text` with one kind of quote, dash, bracket and space, in NFKC; case and accents are kept."""
    if text.isascii():
        return " ".join(text.translate(_ASCII_BRACKETS).split())
    text = unicodedata.normalize("NFKC", text.translate(_QUOTES)).translate(_QUOTES)
    return " ".join(text.split())


_ASCII_BRACKETS = str.maketrans({"{": "[", "}": "]", "`": "'"})


def fold(text: str) -> str:
    """`text` in lower case without accents (`names.without_accents`), letters of one sound alike."""
    text = text.casefold()
    return text if text.isascii() else without_accents(text.translate(_LETTERS))


def apart(text: str) -> str:
    """The words of `text`, with all that is no letter, mark of a letter or digit left out."""
    if text.isascii():
        return _APART.sub(" ", text).strip()
    return " ".join(text.translate(_WORDS).split())


_WORDS = Table(lambda char: char if unicodedata.category(char)[0] in "LMN" else " ")


def title_key(text: str) -> str:
    """What two spellings of one title share: "Stayin' Alive, Pt. II" and "staying alive (part 2)" are alike.

    A title made of signs alone ("÷", "!!!!!!!") is its own key.
    """
    folded = fold(plain(text))
    if folded.isascii() and folded.replace(" ", "").isalpha() and not _NUMBERED.search(folded):
        return folded
    key = _DOTTED.sub(_initials, folded)
    if "'" in key:
        key = _DROPPED_G.sub("ing", key)
        key = _ROCK_N_ROLL.sub("and", key)
        key = _IN_WORD.sub("", key)
    key = key.replace("&", " and ").replace("$", "s").replace(" + ", " and ").replace("#", " number ")
    key = apart(_NUMBERED.sub(_canonical_number, key))
    return key or folded.replace(" ", "")


def _initials(match: re.Match[str]) -> str:
    return match.group().replace(".", "").replace(" ", "")


def _canonical_number(match: re.Match[str]) -> str:
    word, number = (match[1], match[2]) if match[1] else (match[3], match[4])
    return f"{_LONG.get(word, word)} {_NUMBERS.get(number) or _ROMAN.get(number) or number}"


_SPELLED = {
    # Written as they are spoken, or in two ways.
    "alright": "all right",
    "cause": "because",
    "colour": "color",
    "coz": "because",
    "cuz": "because",
    "em": "them",
    "gonna": "going to",
    "gotta": "got to",
    "grey": "gray",
    "luv": "love",
    "mr": "mister",
    "n": "and",
    "nite": "night",
    "okay": "ok",
    "ol": "old",
    "thru": "through",
    "til": "till",
    "tonite": "tonight",
    "u": "you",
    "until": "till",
    "wanna": "want to",
    "ya": "you",
}
_BLANK = re.compile(r"(?<=[^\d ]) (?=[^\d ])")  # not between numbers
_ING = re.compile(r"\b([a-z]{3,}in)g\b")


@lru_cache(maxsize=200_000)
def spelling(key: str) -> str:
    """What the title keys of one artist's song share that is spelled in two ways, blanks left out.

    >>> spelling("lovin you til tonite") == spelling("loving u until tonight")
    True
    """
    if " " not in key:  # "U" and "You" may well be two songs
        return _ING.sub(r"\1", key)
    words = " ".join(_SPELLED.get(word, word) for word in _ING.sub(r"\1", key).split())
    return _BLANK.sub("", words)


@lru_cache(maxsize=200_000)
def artist_key(name: str) -> str:
    """What two spellings of one artist share: "The Beatles" and "beatles", "P!nk" and "Pink"."""
    key = fold(plain(name)).replace("$", "s").replace("&", " and ").replace(" + ", " and ")
    key = re.sub(r"(?<=\w)!(?=\w)", "i", key)
    key = _IN_WORD.sub("", _DOTTED.sub(_initials, key))
    key = apart(key)
    if key.startswith("the ") and len(key) > 6:
        key = key[4:]
    return key or fold(plain(name)).strip()


def main_artist(credits: Sequence[str | None] | None) -> str:
    """The key of the artist credited first, "" where nobody is: who a recording is by, a cover by another."""
    return artist_key(credits[0]) if credits and credits[0] else ""
