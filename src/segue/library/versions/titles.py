"""A title taken apart: the song's own name, and what its brackets and dashes say of the version."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

from segue.library.versions import words
from segue.library.versions.segments import Segment, classify, guests_of, merge, names
from segue.library.versions.text import artist_key, plain, title_key


class Subtitle(NamedTuple):
    """A bracket or dash that belongs to the title, and may still be left out of it elsewhere."""

    key: str  # of the subtitle
    without: str  # key of the title without it
    dash: bool  # whether it follows a dash


class ParsedTitle(NamedTuple):
    """A title and its artists as they are compared."""

    title: str  # the song's own name as written, "(I Can't Get No) Satisfaction"
    work_title: str  # its key, "i cant get no satisfaction"
    artists_key: tuple[str, ...]  # keys of everybody credited, main artist first; a remixer is left out
    kinds: tuple[str, ...]  # kinds of version, strongest first; empty for the plain recording
    remixer: str | None = None
    original: str | None = None  # whom a cover, tribute or karaoke track names
    subtitle: Subtitle | None = None
    generic: bool = False  # "Intro", "Interlude 2": a place on an album, no song's name

    @property
    def version(self) -> str:
        """The strongest kind, or "original"."""
        return self.kinds[0] if self.kinds else words.ORIGINAL


_BRACKET = re.compile(
    r"\(([^()\[\]]*(?:\([^()]*\)[^()\[\]]*)*)\)|\[([^\[\]]*)\]|~([^~]+)~"
    r"|(?:(?<=\s)|(?<=[^\x00-\u04ff]))-([^-\s][^-]*)-$"  # as Japanese releases write it
)
_UNCLOSED = re.compile(r"\s[(\[]([^()\[\]]+)$")
_DASH = re.compile(
    r"\s+-+\s+|\s+\|\s+|(?<=[\])])\s*-+\s+|(?<=\w\w)-\s+(?=(?:live|remaster|radio edit|acoustic|demo"
    r"|remix)\b)",
    re.IGNORECASE,
)
_OPEN_FEAT = re.compile(
    r"[\s,]+((?:feat\.?|ft\.?|featuring)\s+[^\s(\[-][^(\[]*?)(?=\s*(?:[(\[]|\s-\s|$))", re.IGNORECASE
)
_BARE_END = re.compile(
    r"^(.*[^\s,/-])[\s,/]+((?:official )?remix|radio edit|original mix|extended mix|club mix"
    r"|(?:full )?acoustic version|acoustic cover|live version|"
    r"karaoke version|instrumental version|demo version|album version|single version"
    r"|extended version|remastered(?: version)?(?: \d{4})?|"
    r"\d{4} (?:digital )?remaster(?:ed)?(?: version)?|sped up(?: version)?|slowed ?(?:\+|and|&|n"
    r"|x)? ?reverb|slowed down|nightcore|"
    r"(?:as )?(?:originally (?:performed|recorded)|made (?:famous|popular)) by .+|in the style of .+|"
    r"en vivo|ao vivo|live (?:at|from) [A-Z].*|\(?official (?:music )?video\)?)$",
    re.IGNORECASE,
)
_CJK_END = re.compile(
    r"^(.*\S)\s+(ライブ|ライヴ|リミックス|アコースティック|インストゥルメンタル|カラオケ|라이브|리믹스|어쿠스틱|노래방|反복|现场版|現場版|伴奏|カバー)$"
)
_NOTHING = Segment()
_NOTES = frozenset({"remaster", "feat."})
_Says = Callable[[str, str], Segment | None]
# Most titles are only a title: one look decides.
_SAYS_MORE = re.compile(
    r"[(\[~|]|\s-|-\s|feat|ft\.|\bft\s|remix$|mix$|edit$|version$|remaster|sped up|slowed|nightcore"
    r"|reverb$|vivo$|live |video$|-$"
    r"|made (?:famous|popular) by|originally |style of|cover$|[^\x00-\u04ff]$",
    re.IGNORECASE,
)
_FRAGMENT = re.compile(r"\d|#|^[ivx]+$|\b(?:ii|iii|iv|vi|vii|viii|ix|xi|xii)\b")
_COLLABORATION = re.compile(
    r"\s+(?:feat\.?|ft\.?|featuring|vs\.?|x|with|con|и)\s+|\s*[,;/]\s*|\s+(?:&|and|y|e|\+)\s+", re.IGNORECASE
)


@lru_cache(maxsize=200_000)
def artist_names(credit: str) -> tuple[str, ...]:
    """Keys of a credit as a whole and of each name in it: "Simon & Garfunkel" gives three."""
    whole = artist_key(credit)
    pieces = _COLLABORATION.split(credit)
    if len(pieces) == 1:
        return (whole,)
    parts = [artist_key(p) for p in pieces if p.strip()]
    lead = (
        parts[:1]
        if re.search(r"\b(?:feat\.?|ft\.?|featuring)\s", credit, re.IGNORECASE)
        else [whole, *parts[:1]]
    )
    return tuple(dict.fromkeys([*lead, whole, *parts]))


def parse_title(title: str, artists: Sequence[str]) -> ParsedTitle:
    """Take `title` apart.

    Only what is surely a version, a guest or packaging is taken off; a bracket that is not understood stays
    part of the title. Nothing is taken off if the title would be empty ("Live", "(Remix)").

    Args:
        title: as the source writes it.
        artists: credited artists, main artist first; a joint credit in one string ("X & Y feat. Z") is taken
            apart too.
    """
    core, segments, subtitle = _take_apart(title)
    found = merge(segments) if segments else _NOTHING
    keys = _credited(artists, found)
    kinds = found.kinds
    if artists and (borrowed := _borrows(keys[0])):
        kinds = tuple(sorted({borrowed, *kinds}, key=words.RANK.__getitem__))
        found = found._replace(original=found.original or _tribute_to(keys[0]))
    if "karaoke" in kinds:
        kinds = tuple(k for k in kinds if k not in ("cover", "instrumental"))
    key = title_key(core)
    if "remix" in kinds and keys and (key, keys[0]) in words.KNOWN_BY_REMIX and _renames(key, title):
        key += " remix"
        kinds = tuple(k for k in kinds if k != "remix")
        subtitle = None
    return ParsedTitle(core, key, keys, kinds, found.remixer, found.original, subtitle, is_generic(key))


def _renames(key: str, title: str) -> bool:
    """Whether this remix is the one that became a song of its own: of two songs, only the "Murder Remix"."""
    return key in ("ignition", "fiesta") or "murder" in title.lower()


def _credited(artists: Sequence[str], found: Segment) -> tuple[str, ...]:
    if len(artists) == 1 and found is _NOTHING:
        return artist_names(artists[0])
    keys: dict[str, None] = {}
    for credit in artists:
        keys.update(dict.fromkeys(artist_names(credit)))
    main = next(iter(keys), None)
    keys.update(dict.fromkeys(found.featured))
    remixer = found.remixer
    if remixer and "remix" in found.kinds:
        for key in list(keys):
            if key != main and (f" {key} " in f" {remixer} " or f" {key}s " in f" {remixer} "):
                del keys[key]
    return tuple(keys)


@lru_cache(maxsize=100_000)
def _borrows(artist: str) -> str | None:
    """ "karaoke" or "cover" for an act that is named after singing others' songs."""
    if any(mark in artist for mark in words.KARAOKE_ARTIST):
        return "karaoke"
    return "cover" if any(mark in artist for mark in words.COVER_ARTIST) else None


def _tribute_to(artist: str) -> str | None:
    match = re.search(r"tribute to (?:the )?(.+)$", artist) or re.match(
        r"(.+?) (?:\w+ )?tribute(?: band| players| group)?$", artist
    )
    return match[1] if match else None


@lru_cache(maxsize=100_000)
def is_generic(key: str) -> bool:
    """Whether a title's key says only a place on an album."""
    tokens = [t for t in key.split() if not t.isdigit() and t not in ("i", "ii", "iii", "iv", "v", "vi")]
    if not tokens:
        return False
    return (all(t in words.GENERIC for t in tokens) and not all(t in words.GENERIC_GLUE for t in tokens)) or (
        tokens[0] == "track" and len(tokens) < len(key.split())
    )


@lru_cache(maxsize=400_000)
def _take_apart(title: str) -> tuple[str, list[Segment], Subtitle | None]:
    text, segments = _split_off(title, classify)
    return text, segments, _subtitle_of(text) if segments or _SAYS_MORE.search(text) else None


@lru_cache(maxsize=100_000)
def without_notes(title: str) -> tuple[str, tuple[str, ...]]:
    """`title` without guests and notes on the edition, and the artist keys of the guests.

    A remaster, a deluxe edition, an album version are the same recording; what is live, a remix, a demo or
    any other version keeps its words.

    >>> without_notes("Let It Be - Remastered 2011"), without_notes("Party - Radio Edit (with N)")
    (('Let It Be', ()), ('Party - Radio Edit', ('n',)))
    """
    text, segments = _split_off(title, _note)
    return text, merge(segments).featured


def _note(text: str, lead: str = "(") -> Segment | None:
    said = classify(text, lead)
    return said if said is not None and _NOTES.issuperset(said.kinds) else None


def _split_off(title: str, says: _Says) -> tuple[str, list[Segment]]:
    """A title without the segments of which `says` knows what they say, and these."""
    text = plain(title)
    segments: list[Segment] = []
    if not _SAYS_MORE.search(text):
        return text, segments
    text = _without_brackets(text, segments, says)
    text = _without_dashes(text, segments, says)
    if match := _OPEN_FEAT.search(text):
        guests = guests_of(match[1])
        rest = (text[: match.start()] + " " + text[match.end() :]).strip()
        if guests and rest:
            segments.append(Segment(("feat.",), featured=guests))
            text = _without_dashes(rest, segments, says)
    if not text.endswith((")", "]")):
        text = _without_bare_end(text, segments, says)
    return text, segments


def _without_brackets(text: str, segments: list[Segment], says: _Says) -> str:
    pieces = list(_BRACKET.finditer(text))
    if not pieces:
        unclosed = _UNCLOSED.search(text)
        if unclosed and (said := says(unclosed[1].strip(), "(")):
            segments.append(said)
            return text[: unclosed.start()].strip()
        return text
    for match in reversed(pieces):
        inside = next(g for g in match.groups() if g is not None).strip()
        rest = " ".join((text[: match.start()] + " " + text[match.end() :]).split())
        if rest.strip(" -|") and inside and (said := says(inside, "(")):
            segments.append(said)
            text = rest
    return re.sub(r"\s*[-|]\s*$", "", text).strip()


def _without_dashes(text: str, segments: list[Segment], says: _Says) -> str:
    while True:
        cuts = list(_DASH.finditer(text))
        for (
            cut
        ) in cuts:  # the longest end that is a version: "Live - Remastered 2004" before "Remastered 2004"
            head, tail = text[: cut.start()].strip(), text[cut.end() :].strip()
            if head and tail and (said := says(tail, "-")):
                segments.append(said)
                text = head
                break
        else:
            return text


def _without_bare_end(text: str, segments: list[Segment], says: _Says) -> str:
    match = _BARE_END.match(text) or _CJK_END.match(text)
    if not match or not match[1].strip():
        return text
    head, tail = match[1].strip(), match[2].strip("()")
    said = says(tail, "")
    if said is None:
        return text
    segments.append(said)
    return head


def _subtitle_of(text: str) -> Subtitle | None:
    """The one bracket, or the end after a dash, that may be left out: "Blue (Da Ba Dee)" is also "Blue"."""
    pieces = list(_BRACKET.finditer(text))
    if len(pieces) == 1:
        match = pieces[0]
        inside = next(g for g in match.groups() if g is not None)
        rest = text[: match.start()] + " " + text[match.end() :]
    elif not pieces and (cut := _DASH.search(text)):
        inside, rest = text[cut.end() :], text[: cut.start()]
    else:
        return None
    key, without = title_key(inside), title_key(rest)
    if not key or not without or _FRAGMENT.search(inside.lower()) or set(key.split()) & words.ANOTHER_PIECE:
        return None
    if is_generic(without):
        return None
    return Subtitle(key, without, not pieces)


__all__ = ["ParsedTitle", "Subtitle", "artist_names", "is_generic", "names", "parse_title", "without_notes"]
