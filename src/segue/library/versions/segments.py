"""What one bracket, or one part after a dash, says: a version, a guest, nothing, or part of the title."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from segue.library.versions import shapes, words
from segue.library.versions.text import apart, artist_key, fold, plain


class Segment(NamedTuple):
    """A part of a title that is not the song's name."""

    kinds: tuple[str, ...] = ()  # strongest first; empty where it says nothing of the music
    remixer: str | None = None  # artist key of who remade it
    original: str | None = None  # artist key of whom a cover names
    featured: tuple[str, ...] = ()  # artist keys of guests


def flat(text: str) -> str:
    """`text` as words and single spaces: "12'' Mix (2004)" gives "12 mix 2004"."""
    folded = fold(plain(text)).replace("&", " and ").replace("+", " and ").replace("'", "")
    return apart(folded)


def _kinds(*kinds: str) -> tuple[str, ...]:
    return tuple(sorted(dict.fromkeys(kinds), key=words.RANK.__getitem__))


@lru_cache(maxsize=100_000)
def classify(text: str, lead: str = "(") -> Segment | None:
    """What `text`, the inside of a bracket or what follows a dash, says; None where it is part of the title.

    Args:
        text: the segment in `text.plain` form, case kept (a credit "(with The Weeknd)" is told from
            "(With the Lights On)" by it).
        lead: "(" for a bracket, "-" for what follows a dash, "" for words at the end without either.
    """
    flattened = flat(text)
    if not flattened or shapes.SPOKEN.search(flattened):
        return None
    if guests := guests_of(text):
        return Segment(("feat.",), featured=guests)
    if kind := words.STRONG.get(flattened):
        return Segment(_also(kind, flattened))
    if flattened in words.NEUTRAL or shapes.SHOW.match(flattened):
        return Segment()
    if listed := _listed(text, lead):
        return listed
    return _shaped(text, flattened, lead) or _all_known(flattened)


def _also(kind: str, flattened: str) -> tuple[str, ...]:
    """The kinds of a known phrase: "live acoustic" is both."""
    found = [kind]
    tokens = flattened.split()
    if len(tokens) > 1 or flattened == "unplugged":
        found += [words.STRONG[t] for t in tokens if t in words.STRONG and t not in words.WEAK]
    if flattened == "unplugged":
        found = ["acoustic"]
    return _first(kind, found)


def _first(kind: str, found: list[str]) -> tuple[str, ...]:
    return (kind, *(k for k in _kinds(*found) if k != kind))


def _listed(text: str, lead: str) -> Segment | None:
    """ "Live / Remastered 2004", "Live, Paris, 1975": every piece a version, or the first one live."""
    pieces = [p for p in shapes.LIST.split(text) if p.strip()]
    if len(pieces) < 2:
        return None
    parts = [
        classify(p, lead) if not re.fullmatch(rf"{shapes.YEAR}|'\d\d", p.strip()) else Segment()
        for p in pieces
    ]
    if parts[0] is None or any(p is None for p in parts[1:] if "live" not in parts[0].kinds):
        return None
    known = [p for p in parts if p is not None]
    if not any(p.kinds for p in known) and any(p.strip().isdigit() for p in pieces[:1]):
        return None
    return merge(known)


def merge(segments: list[Segment]) -> Segment:
    """Several segments of one title as one."""
    return Segment(
        _kinds(*(k for s in segments for k in s.kinds)),
        next((s.remixer for s in segments if s.remixer), None),
        next((s.original for s in segments if s.original), None),
        tuple(dict.fromkeys(g for s in segments for g in s.featured)),
    )


def guests_of(text: str) -> tuple[str, ...]:
    """Artist keys of the guests that "feat. X & Y" or "with X" credits; empty where it is no credit."""
    if match := shapes.FEAT.match(text):
        if text[:4].lower() in ("part", "con ") and shapes.PART_NUMBER.match(match[1]):
            return ()
        if text[:5].lower() == "part " or (
            text[:4].lower() == "avec" and _first_word(match[1]) in words.NOT_A_NAME
        ):
            return ()
        return names(match[1])
    match = shapes.WITH.match(text)
    if not match or flat(text) in words.STRONG or "orchestra" in text.lower() or "lyrics" in text.lower():
        return ()
    word, who = match.groups()
    if not who[0].isupper() and not who[0].isdigit() and word.islower():
        return ()
    spotify_style = word == "with" and who[0].isupper()
    if _first_word(who) in words.NOT_A_NAME and not spotify_style:
        return ()
    return names(who) if who[0].isupper() else ()


def _first_word(text: str) -> str:
    return flat(text).split(" ", 1)[0]


def names(text: str) -> tuple[str, ...]:
    """Artist keys of the names in a joint credit, and of the credit as a whole."""
    text = re.sub(r"\s+(?:feat\.?|ft\.?|featuring)\s+", ", ", text, flags=re.IGNORECASE)
    pieces = [text, *shapes.SPLIT.split(text)] if shapes.SPLIT.search(text) else [text]
    return tuple(dict.fromkeys(key for p in pieces if (key := artist_key(p))))


def _shaped(text: str, flattened: str, lead: str) -> Segment | None:
    """The open shapes: "Live at ...", "X Remix", "2009 Remaster", "From "X"", "Originally Performed by X"."""
    for shape in (_is_karaoke_or_cover, _is_recording, _is_remix, _is_source, _is_some_version):
        if found := shape(text, flattened, lead):
            return found
    return None


def _is_karaoke_or_cover(text: str, flattened: str, lead: str) -> Segment | None:
    karaoke = bool(shapes.KARAOKE.search(flattened))
    kinds = ("karaoke",) if karaoke else ("cover",)
    if match := shapes.COVER_OF.match(flattened):
        who = re.sub(r" (?:karaoke|instrumental|version|cover|karaoke version|tribute).*$", "", match[1])
        return Segment(kinds, original=artist_key(who))
    if match := shapes.COVER_BY_NAME.match(flattened):
        if shapes.NOT_A_COVER.search(flattened):
            return None
        who = re.sub(r"^(?:live |acoustic |a |an )+", "", match[1])
        style = who in words.STRONG or set(who.split()) <= words.STYLES
        return Segment(kinds, original=None if style else artist_key(who))
    if karaoke:
        return Segment(kinds)
    return None


def _is_recording(text: str, flattened: str, lead: str) -> Segment | None:
    if shapes.REMASTER.match(flattened) or shapes.ANNIVERSARY.match(flattened):
        return Segment(_kinds("remaster", *(k for k in ("mono", "stereo", "demo") if k in flattened.split())))
    if shapes.YEAR_MIX.match(flattened):
        return Segment(("remaster",))
    if shapes.YEAR_VERSION.match(flattened):
        return Segment(("re-recorded",))
    live = (
        (shapes.LIVE_OPEN.match(flattened) and not shapes.LIVE_NOT.match(flattened))
        or (shapes.LIVE_OTHER.match(flattened) and not flattened.startswith("live "))
        or shapes.LIVE_CLOSE.match(flattened)
        or shapes.LIVE_VERSION.search(flattened)
        or re.match(rf"^live {shapes.YEAR}", flattened)
        or re.match(r"^live\s*[/,;:|@-]", text, re.IGNORECASE)
        or (lead == "-" and flattened.startswith("live ") and not shapes.LIVE_NOT.match(flattened))
        or shapes.DATE.search(flattened)
        or (shapes.VENUE.search(flattened) and not flattened.endswith("mix"))
    )
    if live:
        found = ["live"]
        if "unplugged" in flattened or re.search(r"\b(?:acoustic|acustico)\b", flattened):
            found.append("acoustic")
        if "remaster" in flattened:
            found.append("remaster")
        return Segment(_kinds(*found))
    if known := _all_known(flattened):
        return known
    if match := shapes.ENDING.match(flattened):
        kind = shapes.ENDINGS[match[2]]
        return None if set(match[1].split()) & words.PERSONAL else Segment(_kinds(kind))
    if match := shapes.BEGINNING.match(flattened):
        return Segment((words.STRONG[match[1]],))
    if shapes.NUMBERED.match(flattened):
        return Segment(("alternate",))
    if match := shapes.NUMBERED_KIND.match(flattened):
        return Segment((words.STRONG[match[1]],))
    if shapes.LONGER.match(flattened):
        return Segment(("extended",))
    return None


def _is_remix(text: str, flattened: str, lead: str) -> Segment | None:
    if shapes.TWELVE_INCH.match(flattened):
        return Segment(("extended", "remix") if "remix" in flattened else ("extended",))
    if match := shapes.REMIX_BY.match(flattened):
        return Segment(("remix",), remixer=artist_key(match[1]))
    if match := shapes.VERSUS.match(flattened):
        return Segment(("remix",), featured=tuple(artist_key(n) for n in match.groups()))
    if match := shapes.REMIX_START.match(flattened):
        return Segment(("remix",), featured=names(match[1]) if match[1] else ())
    if match := shapes.REMIX_END.match(flattened):
        extra = [k for k in ("instrumental", "extended") if k in flattened.split()]
        if re.search(r"(?:radio|short|single|video) ?(?:edit)?$|radio mix$", flattened):
            extra.append("radio edit")
        who = match[1].strip() if match[1].strip() not in words.FILLERS else ""
        return Segment(_kinds("remix", *extra), remixer=artist_key(who) if who else None)
    if (
        (match := shapes.MIX_END.match(flattened))
        and not shapes.NOT_A_MIX.search(flattened)
        and not _all_known(flattened)
    ):
        if set(match[1].split()) & {"you", "me", "i", "we"}:
            return None
        return Segment(("remix",), remixer=artist_key(match[1]))
    return None


def _is_source(text: str, flattened: str, lead: str) -> Segment | None:
    quoted = re.search(r"[\"']\w.*[\"']", text) or re.search(r"\"", text)
    if shapes.FROM.match(flattened) and (quoted or shapes.FROM_WORK.search(flattened)):
        live = re.search(r"\blive\b|\bconcert\b|\bunplugged\b", flattened)
        return Segment(("live",) if live else ())
    if shapes.REISSUE.match(flattened) or shapes.INTRO.match(flattened):
        return Segment()
    if shapes.SOUNDTRACK.match(flattened) or shapes.TAPE.match(flattened):
        return Segment()
    if ":" in text:  # which of several pieces it is
        return None
    if shapes.ARRANGED.match(flattened):
        return Segment(("arrangement",))
    if shapes.PRODUCED.match(flattened):
        return Segment()
    return None


def _is_some_version(text: str, flattened: str, lead: str) -> Segment | None:
    ends = (shapes.VERSION_END, shapes.VERSION_START, shapes.VERSION_CJK)
    match = next((m for shape in ends if (m := shape.match(flattened))), None)
    if not match:
        return None
    inside = match[1]
    if (kind := words.STRONG.get(inside)) is not None:
        return Segment((kind,))
    if set(inside.split()) & {"my", "your", "another", "i", "best", "better"} and "version" in flattened:
        return None
    found = [kind for kind, shape in shapes.IN_VERSION_SHAPES if shape.search(inside)]
    if found:
        return Segment(_kinds(*found))
    if inside in words.NEUTRAL or set(inside.split()) <= words.FILLERS:
        return Segment()
    # "Taylor's Version", "Jane's Version": somebody's own new recording.
    if re.search(r"'s version\b", text, re.IGNORECASE):
        return Segment(("re-recorded",))
    return Segment(("alternate",))


def _all_known(flattened: str) -> Segment | None:
    """Every word known, at least one of them strong: "Original Acoustic Demo 1995"."""
    tokens = flattened.split()
    found: list[str] = []
    anchored = False
    at = 0
    while at < len(tokens):
        # The longest phrase first: "radio edit" is more than "radio" and "edit".
        for length in (4, 3, 2, 1):
            phrase = " ".join(tokens[at : at + length])
            if (
                at + length <= len(tokens)
                and phrase in words.STRONG
                and not (length == 1 and phrase in words.FILLERS and phrase in words.WEAK)
            ):
                found.append(words.STRONG[phrase])
                anchored = True
                at += length
                break
            if at + length <= len(tokens) and phrase in words.NEUTRAL and length > 1:
                anchored = True
                at += length
                break
        else:
            token = tokens[at]
            if token not in words.FILLERS and not re.fullmatch(shapes.YEAR + r"|\d{1,2}", token):
                return None
            anchored = anchored or token in ("version", "edit", "mix", "remaster")
            if token in words.STRONG:
                found.append(words.STRONG[token])
            at += 1
    if not anchored:
        return None
    return Segment(_kinds(*found))
