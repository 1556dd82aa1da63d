"""Text as it is compared: case, accents, quotes and spacing of titles and names made alike, in any script."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

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
_DOTTED = re.compile(r"\b(?:[a-z]\.){2,}(?=\W|$)")
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
    """`text` in lower case without accents.

    Marks are taken off Latin, Greek, Hebrew and Arabic letters only: a Japanese dakuten or a Korean
    syllable is another letter, not an accent.
    """
    text = text.casefold()
    if text.isascii():
        return text
    kept: list[str] = []
    for char in text.translate(_LETTERS):
        if char < "\u0500":
            kept.append("й" if char == "й" else _base_letter(char))
        elif not ("\u0591" <= char <= "\u05c7" or "\u064b" <= char <= "\u0652"):
            kept.append(_base_letter(char) if "\u1e00" <= char <= "\u1fff" else char)
    return "".join(kept)


@lru_cache(maxsize=4096)
def _base_letter(char: str) -> str:
    decomposed = unicodedata.normalize("NFD", char)
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def title_key(text: str) -> str:
    """What two spellings of one title share: "Stayin' Alive, Pt. II" and "staying alive (part 2)" are alike.

    A title made of signs alone ("÷", "!!!!!!!") is its own key.
    """
    folded = fold(plain(text))
    if folded.isascii() and folded.replace(" ", "").isalpha() and not _NUMBERED.search(folded):
        return folded
    key = _DOTTED.sub(lambda m: m.group().replace(".", ""), folded)
    if "'" in key:
        key = _DROPPED_G.sub("ing", key)
        key = _ROCK_N_ROLL.sub("and", key)
        key = _IN_WORD.sub("", key)
    key = key.replace("&", " and ").replace("$", "s").replace(" + ", " and ").replace("#", " number ")
    key = _APART.sub(" ", _NUMBERED.sub(_canonical_number, key)).strip()
    return key or folded.replace(" ", "")


def _canonical_number(match: re.Match[str]) -> str:
    word, number = (match[1], match[2]) if match[1] else (match[3], match[4])
    return f"{_LONG.get(word, word)} {_NUMBERS.get(number) or _ROMAN.get(number) or number}"


@lru_cache(maxsize=200_000)
def artist_key(name: str) -> str:
    """What two spellings of one artist share: "The Beatles" and "beatles", "P!nk" and "Pink"."""
    key = fold(plain(name)).replace("$", "s").replace("&", " and ").replace(" + ", " and ")
    key = re.sub(r"(?<=\w)!(?=\w)", "i", key)
    key = _IN_WORD.sub("", _DOTTED.sub(lambda m: m.group().replace(".", ""), key))
    key = _APART.sub(" ", key).strip()
    if key.startswith("the ") and len(key) > 6:
        key = key[4:]
    return key or fold(plain(name)).strip()
