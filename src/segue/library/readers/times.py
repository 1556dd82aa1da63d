"""Times as files write them -> UTC. Seconds, milliseconds and finer are told apart by their size."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, tzinfo

from segue.library.readers.fields import Malformed, number, shown

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# A count below this is a clock that was never set, a length or a row's number. It is also where a count of
# milliseconds could no longer be told from one of seconds.
EARLIEST_SECONDS = 1e8
EARLIEST = EPOCH + timedelta(seconds=EARLIEST_SECONDS)  # 3 March 1973

# Beyond these, a count since 1970 is in milliseconds, microseconds, nanoseconds: 10^11 s is the year 5138.
_FINER = ((1e11, 1.0), (1e14, 1e3), (1e17, 1e6), (float("inf"), 1e9))

_MONTHS = dict(
    zip(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
        range(1, 13),
        strict=True,
    )
)
_LASTFM = re.compile(r"(\d{1,2}) ([A-Za-z]{3})[a-z]* (\d{4}),? (\d{1,2}):(\d{2})(?::(\d{2}))?")
_SAYS_UTC = re.compile(r"\s*(?:\(?(?:UTC|GMT)\)?|[+-]00:?00 (?:UTC|GMT))$", re.I)
_NUMBER = re.compile(r"[-+]?\d{1,20}(\.\d*)?(e[-+]?\d{1,2})?", re.ASCII | re.I)
_DAY = re.compile(r"(199\d|20\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])", re.ASCII)


class Clock:
    """Reads times; one before March 1973 or after `latest` is a fault of the file.

    `utc` is the same clock for times that are in UTC although they do not say so.
    """

    def __init__(self, latest: datetime, zone: tzinfo) -> None:
        self.latest, self.zone = latest, zone
        self._latest_seconds = latest.timestamp()
        self.utc: Clock = self if zone is UTC else Clock(latest, UTC)

    def seconds(self, value: float) -> datetime:
        """Return the time of a count of seconds, milliseconds, microseconds or nanoseconds since 1970.

        Raises:
            Malformed: it is near 0 or negative (a player without a clock, a length), or in the future.
        """
        if value >= _FINER[0][0]:
            value /= next(unit for bound, unit in _FINER if value < bound)
        if not EARLIEST_SECONDS <= value <= self._latest_seconds:
            raise Malformed(f"the time {value:.15g} s since 1970 is before March 1973 or in the future")
        # A float with a fraction is added to the epoch: `fromtimestamp` would round it in its own way.
        return datetime.fromtimestamp(value, UTC) if value == int(value) else EPOCH + timedelta(seconds=value)

    def time(self, value: object, what: str = "the time") -> datetime | None:
        """Return the time of a number, a date, or text: a number, ISO 8601, "01 Sep 2026, 14:37" (Last.fm).

        Eight digits are a day (20260901) if there is such a day from 1990 on. What has no zone is in the
        clock's zone; what says UTC or GMT is in UTC. None for null or empty text.

        Raises:
            Malformed: it is something else, before March 1973, or in the future.
        """
        if isinstance(value, str):
            value = value.strip()
            if value.isdecimal() and value.isascii() and 8 < len(value) < 20:
                return self.seconds(float(value))
            return self._written(value, what) if value else None
        if isinstance(value, date):
            return self._checked(value, what)
        found = number(value, what)
        return None if found is None else self.seconds(found)

    def _written(self, value: str, what: str) -> datetime:
        try:
            if _NUMBER.fullmatch(value) and not _DAY.fullmatch(value):
                return self.seconds(float(value))
            bare = _SAYS_UTC.sub("", value) if value[-1] in "CcTt)" else value
            if found := _LASTFM.fullmatch(bare):
                day, month, year, hour, minute, second = found.groups()
                moment = (int(hour), int(minute), int(second or 0))
                time = datetime(int(year), _MONTHS[month.lower()], int(day), *moment)
            else:
                time = datetime.fromisoformat(bare)
        except (ValueError, OverflowError, KeyError) as error:
            if isinstance(error, Malformed):
                raise
            raise Malformed(f"{what} is not a time: {shown(value)}") from None
        if bare != value and time.tzinfo is None:
            time = time.replace(tzinfo=UTC)
        return self._checked(time, what)

    def _checked(self, value: date, what: str) -> datetime:
        try:
            time = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)
            time = time.replace(tzinfo=self.zone) if time.tzinfo is None else time
            time = time.astimezone(UTC)
        except (ValueError, OverflowError):
            raise Malformed(f"{what} is out of range") from None
        if not EARLIEST <= time <= self.latest:
            raise Malformed(f"{what} {time.isoformat()[:10]} is before March 1973 or in the future")
        return time
