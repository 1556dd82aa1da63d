"""The vocabulary of versions, read from `vocabulary.toml`: what a bracket or dash after a song's title says.

A bracket is taken for a version only when every word in it is known there, or it has one of the shapes of
`shapes.py`; anything else is part of the title.
"""

from __future__ import annotations

import tomllib
from pathlib import Path


def _phrases(text: str) -> list[str]:
    return [p for p in (" ".join(piece.split()) for piece in text.split(",")) if p]


_VOCABULARY = tomllib.loads(Path(__file__).with_name("vocabulary.toml").read_text(encoding="utf-8"))
_OTHER = {name: frozenset(_phrases(text)) for name, text in _VOCABULARY["other"].items()}

# Kinds of version, strongest first.
KINDS: tuple[str, ...] = tuple(_VOCABULARY["kinds"])
ORIGINAL = "original"
RANK = {kind: rank for rank, kind in enumerate((*KINDS, ORIGINAL))}

STRONG: dict[str, str] = {
    phrase: kind for kind, text in _VOCABULARY["kinds"].items() for phrase in _phrases(text)
}
NEUTRAL = _OTHER["neutral"]
FILLERS = _OTHER["fillers"]
GENERIC = _OTHER["generic"]
EPISODE = _OTHER["episode"]
GENERIC_GLUE = _OTHER["generic_glue"]
ANOTHER_PIECE = _OTHER["another_piece"]
COMMON = _OTHER["common"]
NOT_A_NAME = _OTHER["not_a_name"]
PERSONAL = _OTHER["personal"]
STYLES = _OTHER["styles"]
WEAK = _OTHER["weak"]
KARAOKE_ARTIST = tuple(_phrases(_VOCABULARY["artists"]["karaoke"]))
COVER_ARTIST = tuple(_phrases(_VOCABULARY["artists"]["cover"]))
NO_ARTIST = frozenset(_phrases(_VOCABULARY["artists"]["nobody"])) | {""}

# Songs that took their name from a remix of another song; neither is a version of the other.
KNOWN_BY_REMIX = frozenset(
    {
        ("ignition", "r kelly"),
        ("fiesta", "r kelly"),
        ("im real", "jennifer lopez"),
        ("aint it funny", "jennifer lopez"),
    }
)
