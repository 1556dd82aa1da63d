"""Names that read like names: patterns and word lists (data/words.toml) filled in by chance.

Family names, bands and places are put together from syllables, so that they belong to nobody.
"""

from __future__ import annotations

import random
import re
import tomllib
import zlib
from collections.abc import Callable
from functools import cache
from importlib import resources
from typing import Any

_SLOT = re.compile(r"\{(\w+)\}")
_AN = re.compile(r"\b([Aa]) (?=[AEIOU])")
_THRICE = re.compile(r"([a-z])\1\1")  # where syllables meet
# Languages that write titles like sentences: only the first letter is made a capital.
_SENTENCES = ("de", "es", "fr", "it", "pt", "sv", "ru")

Words = dict[str, list[str]]


@cache
def words() -> dict[str, Any]:
    """The word lists, by language and purpose."""
    text = (resources.files("segue.town") / "data" / "words.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


class Unique:
    """Collects names, none twice, whatever their case."""

    def __init__(self) -> None:
        self.all: list[str] = []
        self._seen: set[str] = set()

    def add(self, make: Callable[[], str]) -> str:
        """The first new name of up to forty that `make` makes; then one with a number."""
        name = make()
        for tries in range(2, 1000):
            if name.casefold() not in self._seen:
                break
            name = make() if tries < 40 else f"{make()} {tries - 38}"
        self._seen.add(name.casefold())
        self.all.append(name)
        return name


class Speller:
    """Fills in patterns. One for each part of the town, seeded for itself."""

    def __init__(self, seed: int, part: str) -> None:
        self._random = random.Random(zlib.crc32(f"{seed} {part}".encode()))

    def pick(self, options: list[str]) -> str:
        """One of `options`."""
        return options[int(self._random.random() * len(options))]

    def fill(self, patterns: list[str], *scopes: Words) -> str:
        """One of `patterns`, each slot filled from the first of `scopes` that has it; no word twice."""
        used: set[str] = set()

        def word(match: re.Match[str]) -> str:
            slot = match.group(1)
            options = next(scope[slot] for scope in (*scopes, words()["any"]) if slot in scope)
            chosen = self.pick(options)
            for _ in range(4):
                if chosen not in used:
                    break
                chosen = self.pick(options)
            used.add(chosen)
            return self.fill([chosen], *scopes) if "{" in chosen else chosen

        return _SLOT.sub(word, self.pick(patterns))

    def artist(self, language: str, maker: str, genre: str) -> str:
        """An artist's name; `maker` is what kind of artist: band, person, rapper, ..."""
        scope, english, special = words()[language], words()["en"], words()["special"].get(genre, {})
        for own in (special, scope, english):
            if maker in own or (own is scope and "person" in own):
                patterns = own.get(maker) or own["person"]
                break
        else:
            raise KeyError(f"no names for {maker} in {language}")
        nouns = _nouns(["doom"]) if own is special else {}
        return _tidy(self.fill(patterns, special, nouns, scope, english), "en")

    def line(self, kind: str, language: str, maker: str, genre: str, themes: list[str]) -> str:
        """The title of a song ("title") or of an album ("album")."""
        english, special = words()["en"], words()["special"]
        nouns = _nouns(themes)
        scope = words()[language]
        own = special.get(f"{genre}_{language}") or (
            special.get(genre) if _sung_in(language, genre) else None
        )
        if own:
            own = own | special.get(f"{genre}_{maker}", {}) | ({"N": own["n"]} if "n" in own else {})
            return _tidy(self.fill(own[kind], own, nouns, scope, english), "en")
        return _tidy(self.fill(scope[kind], scope, nouns, english), language)


def _sung_in(language: str, genre: str) -> bool:
    """Whether a genre's own patterns, which are English or Italian terms of art, fit the language."""
    return language == "en" or genre in ("classical", "techno", "film_score", "ambient", "lo_fi", "metal")


def _nouns(themes: list[str]) -> Words:
    nouns = [noun for theme in themes for noun in words()["themes"].get(theme, [])]
    return {"n": nouns, "N": nouns} if nouns else {}


def _tidy(text: str, language: str) -> str:
    text = _THRICE.sub(r"\1\1", " ".join(text.split()))
    if language == "en":
        text = _AN.sub(r"\1n ", text)
    if language in _SENTENCES or language == "en":
        return text[0].upper() + text[1:]
    return text
