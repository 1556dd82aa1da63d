"""Values of any type from a strange file, cleaned or refused: text, numbers, truths, ids, tracks."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, TypeVar

from segue.library.rows import TrackRef

Value = TypeVar("Value")

LONGEST_TEXT = 2_000
LONGEST_MS = 7 * 24 * 3600 * 1000
LARGEST = 2**53

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_DATE = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?", re.ASCII)
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_SPOTIFY = re.compile(
    r"(?:spotify:|https?://(?:open|play)\.spotify\.com/(?:intl-[a-z-]{2,8}/)?)"
    r"(?:track|episode|chapter|show|audiobook|playlist|album|artist)[:/]([0-9A-Za-z]{22})(?![0-9A-Za-z])"
)
_BASE62 = re.compile(r"[0-9A-Za-z]{22}")
_MBID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_ISRC = re.compile(r"[A-Z]{2}[A-Z0-9]{3}[0-9]{7}")
_MINUTES = re.compile(r"(?:(\d{1,3}):)?([0-5]?\d|\d{1,4}):([0-5]\d(?:\.\d{1,6})?)", re.ASCII)


class Malformed(ValueError):
    """A row that cannot be taken, and why; it becomes a Reject."""

    def __init__(self, why: str) -> None:
        """`why` may name columns and values of the file, which are made short and printable."""
        super().__init__(why if len(why) < 200 and why.isprintable() else _printable(why))


def _printable(text: str) -> str:
    return _SURROGATE.sub("?", _CONTROL.sub("?", text))[:400]


def shown(value: object) -> str:
    """A short, printable form of a strange value for a message."""
    # As it was written: who is forgotten is looked for in what was rejected, by the letters of their name.
    said = _CONTROL.sub("?", repr(value)).replace("\\\\", "\\").replace("\\'", "'")
    return said if len(said) <= 60 else said[:60].rpartition(" ")[0] or said[:60]


def or_none(convert: Callable[[object, str], Value], value: object, what: str = "") -> Value | None:
    """Return what `convert` makes of a field that a row can do without; None where it is malformed."""
    try:
        return convert(value, what)
    except Malformed:
        return None


def text(value: object, what: str) -> str | None:
    """Return text without outer blanks and control characters; None if nothing is left.

    Raises:
        Malformed: it is not text (or a number), or longer than 2,000 characters.
    """
    if isinstance(value, str):
        value = value.strip()
        if value.isprintable() and len(value) <= LONGEST_TEXT:
            return value or None
    elif value is None:
        return None
    # Titles such as 1999 are numbers in JSON that was made from a table; true and false are nobody's names.
    elif isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e18:
        value = str(value)
    else:
        raise Malformed(f"{what} is not text: {shown(value)}")
    if len(value) > LONGEST_TEXT:
        raise Malformed(f"{what} has {len(value):,} characters, at most {LONGEST_TEXT:,} are taken")
    return _SURROGATE.sub("�", _CONTROL.sub(" ", value)).strip() or None


def required(value: object, what: str) -> str:
    """Return text as `text` does.

    Raises:
        Malformed: also if there is none.
    """
    found = text(value, what)
    if found is None:
        raise Malformed(f"{what} is missing")
    return found


def number(value: object, what: str) -> float | None:
    """Return a finite number, None for null or empty text. "3,5" is 3.5; "1,234" may be either, and is none.

    Raises:
        Malformed: it is something else.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise Malformed(f"{what} is not a number: {shown(value)}")
    try:
        found = float(_with_point(value) if isinstance(value, str) and "," in value else value)
    except (ValueError, OverflowError):
        raise Malformed(f"{what} is not a number: {shown(value)}") from None
    if not math.isfinite(found):
        raise Malformed(f"{what} is not finite: {shown(value)}")
    return found


def _with_point(value: str) -> str:
    before, _, after = value.strip().partition(",")
    # Three digits after one to three others may be thousands: "1,234" stays as it is, which is no number.
    return f"{before}.{after}" if len(before) > 3 or len(after) != 3 else value


def integer(value: object, what: str, least: int = 0, most: int = LARGEST) -> int | None:
    """Return a whole number of `least` to `most`, None for null or empty text; "12.0" is 12.

    Raises:
        Malformed: it is something else.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        whole = value
    elif isinstance(value, str) and value.isdecimal() and len(value) < 16:
        whole = int(value)
    else:
        found = number(value, what)
        if found is None:
            return None
        whole = int(found)
        if whole != found:
            raise Malformed(f"{what} is not a whole number: {shown(value)}")
    if not least <= whole <= most:
        raise Malformed(f"{what} is out of range: {shown(value)}")
    return whole


def milliseconds(value: object, what: str) -> int | None:
    """Return a duration in whole milliseconds, up to a week; None for null or empty text.

    Raises:
        Malformed: it is something else, or negative.
    """
    if isinstance(value, float) or (isinstance(value, str) and not value.isdecimal()):
        found = number(value, what)
        value = None if found is None else round(found)
    return integer(value, what, 0, LONGEST_MS)


def seconds(value: object, what: str) -> int | None:
    """Return a duration given in seconds, or as "3:45" or "1:02:03", in milliseconds; None for null or empty.

    Raises:
        Malformed: it is something else, negative, or longer than a week.
    """
    if isinstance(value, str) and ":" in value and (parts := _MINUTES.fullmatch(value.strip())):
        hours, minutes, rest = parts.groups()
        value = 3600 * int(hours or 0) + 60 * int(minutes) + float(rest)
    found = number(value, what)
    if found is None:
        return None
    if not 0 <= found <= LONGEST_MS / 1000:
        raise Malformed(f"{what} is out of range: {shown(value)}")
    return round(found * 1000)


_TRUTHS = {"true": True, "1": True, "yes": True, "t": True, "y": True} | {
    "false": False,
    "0": False,
    "no": False,
    "f": False,
    "n": False,
}


def truth(value: object, what: str) -> bool | None:
    """Return true or false from a boolean, 0 or 1, or their usual words; None for null or empty text.

    Raises:
        Malformed: it is something else.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        word = value.strip().lower()
        if not word:
            return None
    elif isinstance(value, int | float) and value in (0, 1):
        word = str(int(value))
    else:
        word = "?"
    if word.removesuffix(".0") not in _TRUTHS:
        raise Malformed(f"{what} is neither true nor false: {shown(value)}")
    return _TRUTHS[word.removesuffix(".0")]


def release_date(value: object) -> str | None:
    """Return a date to the year, month or day as in ISO 8601; None if it is not one."""
    found = text(value, "the release date")
    found = found[:10] if found and len(found) > 10 and found[10] in " T" else found
    return found if found and _DATE.fullmatch(found) else None


def mapping(value: object, what: str) -> dict[str, Any]:
    """Return a JSON object, an empty one for null.

    Raises:
        Malformed: it is something else.
    """
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Malformed(f"{what} is not an object: {shown(value)}")
    return value


def sequence(value: object, what: str) -> list[Any]:
    """Return a JSON array, an empty one for null.

    Raises:
        Malformed: it is something else.
    """
    if value is None:
        return []
    if not isinstance(value, list):
        raise Malformed(f"{what} is not a list: {shown(value)}")
    return value


def spotify_id(value: object) -> str | None:
    """Return the base-62 id of a Spotify URI, URL or id; None if it is none of these (a local file)."""
    if not isinstance(value, str):
        return None
    value = value.strip()
    if value.startswith("spotify:track:") and len(value) == 36 and value.isascii() and value[14:].isalnum():
        return value[14:]
    if found := _SPOTIFY.match(value):
        return found[1]
    return value if _BASE62.fullmatch(value) else None


def mbid(value: object) -> str | None:
    """Return a MusicBrainz id in lower case, also out of a URL; None if it is not one."""
    if not isinstance(value, str):
        return None
    value = value.strip().lower().removeprefix("https://musicbrainz.org/recording/")
    return value if _MBID.fullmatch(value) else None


def isrc(value: object) -> str | None:
    """Return an ISRC in twelve capitals and digits; None if it is not one."""
    if not isinstance(value, str):
        return None
    value = value.strip().upper().replace("-", "").replace(" ", "")
    return value if _ISRC.fullmatch(value) else None


def names(value: object, what: str) -> tuple[str, ...]:
    """Return one name, or a list of names, as a tuple without the empty ones.

    Raises:
        Malformed: there is something in it that is not text.
    """
    if isinstance(value, list):
        if len(value) > 200:
            raise Malformed(f"{what}: {len(value):,} names, at most 200 are taken")
        return tuple(name for each in value if (name := text(each, what)))
    one = text(value, what)
    return (one,) if one else ()


def identified(track: TrackRef) -> TrackRef:
    """Return the track if something identifies it.

    Raises:
        Malformed: it has no id, and not both an artist and a title.
    """
    named = track.artists and (track.title or track.medium == "artist")
    if not (track.spotify or track.mbid or track.isrc or track.other or named):
        raise Malformed("nothing identifies the track: no id, and not both an artist and a title")
    return track
