"""How a sentence names a song: a piece of classical music by its work, any title in a few words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from segue.library.versions.classical import may_be_piece, names_composer

LONGEST = 60  # characters of a title in a sentence
SHORT = 40  # characters of one that is told whole, unless it tells an opus
NICKNAME = 20  # characters of what a piece is called besides: "Moonlight"
_PARTS = re.compile(r"\s*:\s+|\s+[-–—/]\s+")
_BRACKETS = re.compile(r"\s*[(\[][^()\[\]]*[)\]]?")
# An opus, or a number in the catalogue of a composer's works, and all that follows it.
_NUMBER_OF_WORK = re.compile(
    r"[\s,]*\b(?:op(?:us|\.)?|(?:woo|bwv|hwv|kv|rv|hob|trv|wv)\b\.?|[kldsbm]\.)\s*(?:posth\.?\s*)?[ivx]*\.?\s*:?\d.*$",
    re.IGNORECASE,
)
_KEY = re.compile(
    r"[\s,]+in\s+[a-h](?:[\s-]?(?:flat|sharp|♭|♯|#|b\b))?(?:[\s-]*(?:major|minor|maj|min|dur|moll)\b)?.*$",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"(?:no|nr)\.?\s*\d+", re.IGNORECASE)
_ARRANGED = re.compile(r"(?:arr|orch)\b", re.IGNORECASE)
_QUOTED = re.compile(rf'"([^"]{{1,{NICKNAME}}})"')


def spoken_title(title: str, artists: Sequence[str]) -> str:
    """A title as a reason names it.

    Of a piece of classical music it is the work, without key, opus, movement and performers:
    'Piano Sonata No. 8 "Pathétique"' for 'Beethoven: Piano Sonata No. 8 in C Minor, Op. 13, "Pathétique": II.
    Adagio', and the piece's number where the work is a collection: "24 Préludes: No. 15". Others are cut
    where they are long.
    """
    named = _work(title) if may_be_piece(title, artists) else title
    if len(named) <= LONGEST:
        return named
    return named[:LONGEST].rsplit(" ", 1)[0].rstrip(" ,;:-–—/(") + "…"


def _work(title: str) -> str:
    """The work that a piece is of; the whole title where nothing would be left."""
    parts = [part for part in _PARTS.split(_BRACKETS.sub("", title)) if part]
    while len(parts) > 1 and (names_composer(parts[0]) or _ARRANGED.match(parts[0])):
        parts = parts[1:]
    whole = ": ".join(parts)
    if not parts or (len(whole) <= SHORT and not _NUMBER_OF_WORK.search(whole)):
        return whole if whole and len(title) > SHORT else title
    work = _NUMBER_OF_WORK.sub("", parts[0])
    if re.search(r"\d", work):
        work = _KEY.sub("", work)  # its number tells it apart
    work = _QUOTED.sub("", work).replace('"', "").strip(" ,.;")
    number = next((found for part in parts[1:] if (found := _NUMBERED.match(part))), None)
    if work and number and not _NUMBERED.search(work):
        work = f"{work}: {number[0]}"
    nickname = _QUOTED.search(title)
    return f"{work} {nickname[0]}" if work and nickname else work or title
