"""Columns of strange values -> columns of ours: what `fields` and `times` make of each, a column at a time.

Values that come again are converted once, and whole numbers and times in their usual forms by NumPy. All
others go through the same functions as a single row's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from segue.library.readers.fields import Malformed
from segue.library.readers.pieces import values_of
from segue.library.readers.times import EARLIEST, EPOCH, Clock
from segue.library.tables import TIME

REMEMBERED = 100_000  # values of a column

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


class Converted(NamedTuple):
    """A column of ours."""

    values: pa.Array  # (n,), null where there is none
    malformed: Mask  # (n,)


class Column:
    """Makes a column of what `convert` makes of each value."""

    def __init__(self, convert: Callable[[Any], Any], kind: pa.DataType) -> None:
        self._convert, self._kind = convert, kind
        self._known: dict[Any, Any] = {}  # a column's values are of one type, so that 1 is not True

    def __call__(self, given: pa.Array) -> Converted:
        """Convert a column.

        Raises:
            ArrowException, OverflowError: it is of a kind that can't be compared, or a value of ours does not
                fit.
        """
        # A value is converted once however often it comes: users, artists and titles come again and again.
        codes, distinct = encoded(given)
        found = self.each(distinct)
        bad = [at for at, value in enumerate(found) if value.__class__ is Malformed]
        for at in bad:
            found[at] = None
        malformed = np.isin(codes, bad) if bad else np.zeros(len(codes), np.bool_)
        return Converted(pa.array(found, self._kind).take(pa.array(codes)), malformed)

    def each(self, values: Sequence[Any]) -> list[Any]:
        """What becomes of each value, or why it is malformed."""
        known = self._known
        if len(known) > REMEMBERED:
            known.clear()
        for value in values:
            if value not in known:
                try:
                    known[value] = self._convert(value)
                except Malformed as error:
                    known[value] = error
        return [known[value] for value in values]


def encoded(given: pa.Array) -> tuple[Ints, list[Any]]:
    """(n,) the place of each value in the distinct ones, and these.

    Raises:
        ArrowNotImplementedError: it is a column of lists, or the like.
    """
    import pyarrow.compute as pc

    if pa.types.is_dictionary(given.type):
        given = given.dictionary_decode()
    found = pc.dictionary_encode(given, null_encoding="encode")
    return found.indices.to_numpy(zero_copy_only=False).astype(np.int64), values_of(found.dictionary)


def together(columns: Sequence[pa.Array]) -> tuple[Ints, list[tuple[Any, ...]]]:
    """(n,) the place of each row of several columns in the distinct ones, and these.

    Raises:
        ArrowNotImplementedError: one is a column of lists, or the like.
    """
    codes, first = encoded(columns[0])
    rows = [(value,) for value in first]
    for column in columns[1:]:
        more, values = encoded(column)
        # A pair of places as one number, encoded anew at each column, so that numbers stay small however many
        # columns there are.
        codes, pairs = encoded(pa.array(codes * len(values) + more))
        rows = [(*rows[pair // len(values)], values[pair % len(values)]) for pair in pairs]
    return codes, rows


class Numbers:
    """Makes a column of whole numbers: digits and numbers from 0 to `most` at once, others by `convert`."""

    def __init__(self, convert: Callable[[Any], int | None], most: int) -> None:
        self._others, self._most = Column(convert, pa.int64()), most

    def __call__(self, given: pa.Array) -> Converted:
        """Convert a column.

        Raises:
            ArrowException, OverflowError: as of `Column`.
        """
        if not given.null_count and len(given):
            found = None
            if pa.types.is_integer(given.type) and not pa.types.is_uint64(given.type):
                found = given.to_numpy().astype(np.int64)
            elif pa.types.is_string(given.type) and 0 < min(lengths := _lengths(given)) <= max(lengths) < 16:
                found = _digits(given, lengths)
            if found is not None and found.min() >= 0 and found.max() <= self._most:
                return Converted(pa.array(found), np.zeros(len(found), np.bool_))
        return self._others(given)


class Moments:
    """Makes a column of times: the usual forms at once, others by `convert`."""

    def __init__(self, convert: Callable[[Any], datetime | None], clock: Clock) -> None:
        """`clock` is what `convert` reads counts and ISO 8601 with."""
        self._others = Column(convert, TIME)
        self._earliest, self._latest = _microseconds(EARLIEST), _microseconds(clock.latest)
        self._is_utc = str(clock.zone) == "UTC"

    def __call__(self, given: pa.Array) -> Converted:
        """Convert a column.

        Raises:
            ArrowException, OverflowError: as of `Column`.
        """
        usual = self._usual(given).copy()
        known = (usual >= self._earliest) & (usual <= self._latest)
        if known.all():
            return Converted(pa.array(usual).view(TIME), ~known)
        others = np.flatnonzero(~known)
        found, bad = self._others(given.take(pa.array(others)))
        missing, malformed = np.zeros(len(known), np.bool_), np.zeros(len(known), np.bool_)
        missing[others] = found.is_null().to_numpy(zero_copy_only=False)
        usual[others] = found.view(pa.int64()).fill_null(0).to_numpy()
        malformed[others] = bad
        return Converted(pa.array(usual, mask=missing).view(TIME), malformed)

    def _usual(self, given: pa.Array) -> Ints:
        """Microseconds since 1970 of what has a usual form, -1 of other values."""
        found = np.full(len(given), -1)
        kind = given.type
        if pa.types.is_timestamp(kind) and (kind.tz is not None or self._is_utc):
            whole = given.cast(pa.timestamp("us", kind.tz), safe=False).view(pa.int64())
            return whole.fill_null(-1).to_numpy()
        if pa.types.is_integer(kind) and not pa.types.is_uint64(kind):
            return _of_counts(given.fill_null(-1).to_numpy().astype(np.int64))
        if not pa.types.is_string(kind):
            return found
        lengths = _lengths(given)
        for length in np.unique(lengths).tolist():
            if not 8 < length <= 25:
                continue
            places = np.flatnonzero(lengths == length)
            some = given if len(places) == len(given) else given.take(pa.array(places))
            letters = _letters(some, length)
            found[places] = _of_iso(letters, self._is_utc)
            if length < 18 and (digits := (letters >= ord("0")) & (letters <= ord("9"))).any():
                counted = digits.all(axis=1)
                found[places[counted]] = _of_counts(_number(letters[counted]))
        return found


def _microseconds(moment: datetime) -> int:
    apart = moment - EPOCH
    return (apart.days * 86_400 + apart.seconds) * 1_000_000 + apart.microseconds


def _lengths(texts: pa.Array) -> NDArray[np.int32]:
    """(n,) bytes of each text, 0 where there is none."""
    offsets = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset : texts.offset + len(texts) + 1]
    return np.diff(offsets)


def _letters(texts: pa.Array, length: int) -> NDArray[np.uint8]:
    """(n, length) the bytes of texts of one length."""
    _, offsets, data = texts.buffers()
    begins = int(np.frombuffer(offsets, np.int32)[texts.offset])
    return np.frombuffer(data, np.uint8)[begins : begins + length * len(texts)].reshape(-1, length)


def _digits(texts: pa.Array, lengths: NDArray[np.int32]) -> Ints | None:
    """(n,) the numbers that texts of less than 16 letters are, None if one is no number."""
    found = np.empty(len(texts), np.int64)
    for length in np.unique(lengths).tolist():
        places = np.flatnonzero(lengths == length)
        letters = _letters(texts if len(places) == len(texts) else texts.take(pa.array(places)), length)
        if ((letters < ord("0")) | (letters > ord("9"))).any():
            return None
        found[places] = _number(letters)
    return found


def _number(letters: NDArray[np.uint8]) -> Ints:
    """(n,) the numbers that are written in rows of digits."""
    found = np.zeros(len(letters), np.int64)
    for at in range(letters.shape[1]):
        found = found * 10 + (letters[:, at] - ord("0"))
    return found


def _of_counts(counts: Ints) -> Ints:
    """Of counts since 1970, seconds or finer by their size as `Clock.seconds` has it; -1 of others."""
    unit = np.where(counts < 10**11, 1_000_000, np.where(counts < 10**14, 1_000, 1))
    return np.where((counts >= 0) & (counts < 10**17), counts * unit, -1)


_DIGITS = [0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18]
_ENDS = (b"Z", b"+00:00", b".000Z")  # that say UTC


def _of_iso(letters: NDArray[np.uint8], is_utc: bool) -> Ints:
    """Of "2026-09-01T14:37:05Z" in rows of letters; a blank for T, +00:00 for Z, or (`is_utc`) no zone.

    -1 where it is something else. As `datetime.fromisoformat` reads it.
    """
    rows, length = letters.shape
    if length < 19 or not (length > 19 or is_utc):
        return np.full(rows, -1)
    fits = np.full(rows, length == 19)
    for each in _ENDS:
        if len(each) == length - 19:
            fits |= (letters[:, 19:] == np.frombuffer(each, np.uint8)).all(axis=1)
    if not fits.any():
        return np.full(rows, -1)
    digits = letters[:, _DIGITS].astype(np.int64) - ord("0")
    fits &= ((digits >= 0) & (digits <= 9)).all(axis=1)
    fits &= (letters[:, [4, 7]] == ord("-")).all(axis=1) & (letters[:, [13, 16]] == ord(":")).all(axis=1)
    fits &= (letters[:, 10] == ord("T")) | (letters[:, 10] == ord(" "))
    year = digits[:, 0] * 1000 + digits[:, 1] * 100 + digits[:, 2] * 10 + digits[:, 3]
    month, day, hour, minute, second = (digits[:, at] * 10 + digits[:, at + 1] for at in range(4, 14, 2))
    fits &= (year >= 1970) & (month >= 1) & (month <= 12) & (day >= 1)
    fits &= (hour < 24) & (minute < 60) & (second < 60)
    months = np.where(fits, (year - 1970) * 12 + month - 1, 0)
    begins = months.astype("M8[M]").astype("M8[D]").astype(np.int64)
    # The calendar of NumPy knows how many days a month has, leap years too.
    fits &= day <= (months + 1).astype("M8[M]").astype("M8[D]").astype(np.int64) - begins
    at = (((begins + day - 1) * 24 + hour) * 60 + minute) * 60 + second
    return np.where(fits, at * 1_000_000, -1)
