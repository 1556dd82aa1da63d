"""Times as people read them, in their language: "Apr 25, 2022, 6:09:04 PM UTC", "25.04.2022, 20:09 MESZ".

Google writes them so in the pages of Takeout. What is understood: the months of twenty languages by name,
numbers in the order year-month-day or day-month-year, twelve hours with their half of the day, and the usual
names of zones. A zone that is not known, or not there, is the clock's.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime, timedelta, timezone, tzinfo

from segue.library.readers.fields import Malformed, shown
from segue.library.readers.times import Clock

# The beginnings of the months' names, without accents.
_MONTHS = (
    "jan ene gen sty янв січ oca led ian tam sau",
    "feb fev lut фев лют sub uno helm",
    "mar mrt maa бер мар bre maal",
    "apr avr abr kwi апр кві nis dub huh",
    "may mai maj mei mag мая маи тра kve tou",
    "jun juin giu cze июн чер haz cvn kes iun",
    "jul juil lug lip июл лип tem cvc hei iul",
    "aug aou ago agu sie авг сер srp elo",
    "sep set wrz сен вер eyl zar syy sze",
    "oct okt ott out paz окт жов eki rij lok",
    "nov lis ноя лис kas marr",
    "dec dez dic des gru дек гру ara pro jou",
)
_STEMS = sorted(
    ((stem, number) for number, stems in enumerate(_MONTHS, 1) for stem in stems.split()),
    key=lambda each: -len(each[0]),
)
_ZONES = {
    **dict.fromkeys(("utc", "gmt", "z", "wet", "wez"), 0),
    **dict.fromkeys(("cet", "mez", "bst", "west", "wesz", "hnec"), 60),
    **dict.fromkeys(("cest", "mesz", "eet", "oez", "sast", "haec"), 120),
    **dict.fromkeys(("eest", "oesz", "msk", "trt"), 180),
    **dict.fromkeys(("jst", "kst"), 540),
    "ist": 330,
    "wib": 420,
    "sgt": 480,
    "hkt": 480,
    "awst": 480,
    "acst": 570,
    "aest": 600,
    "aedt": 660,
    "nzst": 720,
    "nzdt": 780,
    "brt": -180,
    "art": -180,
    "clt": -240,
    "nst": -210,
    "ndt": -150,
    "adt": -180,
    "ast": -240,
    "edt": -240,
    "est": -300,
    "cdt": -300,
    "cst": -360,
    "mdt": -360,
    "mst": -420,
    "pdt": -420,
    "pst": -480,
    "akdt": -480,
    "akst": -540,
    "hst": -600,
}
_COLONS = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")
_DOTS = re.compile(r"(?<![\d.])(\d{1,2})[.h](\d{2})(?:[.](\d{2}))?(?![.\d])")
_AFTERNOON = re.compile(r"\bp\.? ?m\b|午後|下午|오후|\bos\b")
_MORNING = re.compile(r"\ba\.? ?m\b|午前|上午|오전|\boo\b")
_OFFSET = re.compile(r"(?:gmt|utc)? ?([+-]) ?(\d{1,2})(?::?(\d{2}))?\b")
_YEAR_FIRST = re.compile(r"((?:19|20)\d\d)\D{1,3}(\d{1,2})\D{1,3}(\d{1,2})(?!\d)")
_DAY_FIRST = re.compile(r"(?<!\d)(\d{1,2})[./-] ?(\d{1,2})[./-] ?((?:19|20)\d\d)")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_DAY = re.compile(r"(?<!\d)\d{1,2}(?!\d)")
_WORD = re.compile(r"[^\W\d_]{3,}")


def written_time(value: str, clock: Clock) -> datetime:
    """Return a written time in UTC.

    Raises:
        Malformed: it is not understood, before 1970, or in the future.
    """
    plain = _plain(value[:200])
    clocked = _COLONS.search(plain) or _last(_DOTS, plain)
    if clocked is None:
        raise Malformed(f"the time is not understood: {shown(value)}")
    hour, minute, second = (int(part or 0) for part in clocked.groups())
    day, after = plain[: clocked.start()], plain[clocked.end() :]
    if _AFTERNOON.search(plain) and hour < 12:
        hour += 12
    elif _MORNING.search(plain) and hour == 12:
        hour = 0
    year, month, date = _date(day if _YEAR.search(day) else after, value)
    try:
        time = datetime(year, month, date, hour, minute, second, tzinfo=_zone(after) or clock.zone)
    except ValueError:
        raise Malformed(f"there is no such time: {shown(value)}") from None
    found = clock.time(time)
    assert found is not None
    return found


def holds_date(value: str) -> bool:
    """Whether a day, a month and a year stand in `value`, the month as a word or a number."""
    try:
        _date(_plain(value[:200]), value)
    except Malformed:
        return False
    return True


def _plain(value: str) -> str:
    """Lower case without accents, with plain blanks and signs."""
    marked = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", value).casefold())
    letters = "".join(c for c in marked if not ("\u0300" <= c <= "\u036f") and c not in "\u200e\u200f")
    letters = unicodedata.normalize("NFC", letters).replace("\N{MINUS SIGN}", "-").replace("ı", "i")
    return " ".join(letters.split())


def _last(pattern: re.Pattern[str], value: str) -> re.Match[str] | None:
    found = list(pattern.finditer(value))
    return found[-1] if found else None


def _date(value: str, whole: str) -> tuple[int, int, int]:
    if found := _YEAR_FIRST.search(value):
        year, month, day = (int(part) for part in found.groups())
        return year, month, day
    if found := _DAY_FIRST.search(value):
        day, month, year = (int(part) for part in found.groups())
        return year, month, day
    year_at = _YEAR.search(value)
    months = [(word.start(), number) for word in _WORD.finditer(value) if (number := _month(word[0]))]
    day_at = _DAY.search(value)
    if year_at is None or not months or day_at is None:
        raise Malformed(f"the date is not understood: {shown(whole)}")
    # The nearest to the year: "mardi" is no March.
    _, month = min(months, key=lambda each: abs(each[0] - year_at.start()))
    return int(year_at[0]), month, int(day_at[0])


def _month(word: str) -> int | None:
    return next((number for stem, number in _STEMS if word.startswith(stem)), None)


def _zone(after: str) -> tzinfo | None:
    if found := _OFFSET.search(after):
        minutes = int(found[2]) * 60 + int(found[3] or 0)
        return (
            timezone(timedelta(minutes=-minutes if found[1] == "-" else minutes))
            if minutes < 24 * 60
            else None
        )
    named = next((_ZONES[word] for word in re.findall(r"[a-z]+", after) if word in _ZONES), None)
    return None if named is None else timezone(timedelta(minutes=named))
