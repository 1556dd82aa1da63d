"""Songs under another artist's name: what a title alone can tell of them, and what has to be known."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path

from segue.library.versions import words
from segue.library.versions.text import artist_key, title_key


@cache
def known_covers() -> Mapping[tuple[str, str], str]:
    """The original artist's key, by title key and artist key of whoever is known to have sung it.

    Titles cannot tell Jeff Buckley's "Hallelujah", which is Leonard Cohen's, from Paramore's, which is their
    own: `known_covers.csv` says so for songs that everybody covers.
    """
    known = {}
    with Path(__file__).with_name("known_covers.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            original = artist_key(row["original"])
            for artist in (row["original"], *row["covers"].split("; ")):
                known[title_key(row["title"]), artist_key(artist)] = original
    return known


_COVERS = re.compile(
    r"^(?:the |my |our |more |acoustic |live |piano |\d+ )*(?:covers?|cover songs"
    r"|covers? (?:album|ep|sessions?|collection"
    r"|project|versions?))(?: (?:volume|part|number|ep|vol|pt) ?\w+| \d+)*$"
)
_TRIBUTE = re.compile(r"\btribute to (?:the )?(.+?)(?: volume \d+)?$")
_KARAOKE = re.compile(r"\bkaraoke\b|カラオケ|караоке|노래방")


@lru_cache(maxsize=100_000)
def of_album(album: str) -> tuple[str | None, str | None]:
    """What an album's name says of its songs: "cover" or "karaoke", and whom a tribute names (a key)."""
    key = title_key(album)
    if _KARAOKE.search(key):
        return "karaoke", None
    if match := _TRIBUTE.search(key):
        return "cover", artist_key(match[1])
    return ("cover", None) if _COVERS.match(key) else (None, None)


@lru_cache(maxsize=100_000)
def tells_apart(work_title: str) -> bool:
    """Whether a title is enough for a track that calls itself a cover: two words, or a long rare one."""
    tokens = work_title.split()
    rare = [t for t in tokens if t not in words.COMMON]
    return (len(tokens) >= 2 and bool(rare)) or len(tokens) >= 3 or any(len(t) >= 8 for t in rare)
