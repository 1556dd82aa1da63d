"""What every reader must do. Inherit `ReaderContract`, say the reader, bring small files of its format.

    class TestMaloja(ReaderContract):
        reader = Maloja()
        samples = {"maloja_export.json": b'{"scrobbles": [...]}'}

Needs pytest and hypothesis.
"""

from __future__ import annotations

import copy
import gzip
import io
import json
import random
import re
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segue.errors import FormatError
from segue.library.readers import READERS, Reader, ReadOptions
from segue.library.rows import Feedback, Listen, Playlist, PlaylistEntry, Reject, Row, TrackFacts, TrackRef
from segue.library.sources import Entry, Limits, entries
from segue.library.streams import Meter, guarded

NOW = datetime(2026, 11, 24, tzinfo=UTC)
OPTIONS = ReadOptions(now=NOW)
KINDS = {"save", "love", "ban", "hate", "unlove"}

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_TOKEN = re.compile(rb"[A-Za-z0-9_.:-]+")
_IDS = {
    "spotify": re.compile(r"[0-9A-Za-z]{22}"),
    "mbid": re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "isrc": re.compile(r"[A-Z]{2}[A-Z0-9]{3}[0-9]{7}"),
}
# What is put in the place of a sound value, one at a time.
STRANGE = [
    *(b"null", b"true", b"[]", b"{}", b'""', b'"', b"'", b",", b"\t", b"\n", b"\r", b"\x00", b"\\", b"["),
    *(b"NaN", b"nan", b"Infinity", b"-inf", b"-1", b"0", b"1e999", b"1.5", b"9" * 400, b"-" + b"9" * 30),
    *(b"1969-12-31T23:59:59Z", b"2100-01-01", b"0001-01-01", b"9999-12-31T23:59:59-14:00", b"4102444800"),
    *(b"x" * 5_000, b"\xff\xfe", b"\xe9", b"\xed\xa0\x80", b"\\ud800", b"\xef\xbb\xbf", b"[" * 3_000),
    *(b"../../etc/passwd", b"=1+1", b"\x1b[31m", "é\u202e\u0301".encode(), b"spotify:track:", b"\x85\xa0"),
]

MISFIT: list[Any] = [
    *(None, True, False, [], {}, "", " ", 0, -1, 1, 1.5, 1e308, -1e-300, 10**400, 2**63, 2**31, 4102444800),
    *([None], [[]], {"": {}}, ["a", 1], {"#text": 5}, {"uts": []}, "x" * 3_000, "\x00\x1b[2J", "\ud800"),
    *("NaN", "null", "-0", "1e400", "0x10", "１２", "1969-12-31", "2100-01-01T00:00:00Z", "24:00", "é\u202e"),
    *("spotify:track:" + "a" * 21, "spotify:local:::", "spotify:local:a:b:c:-5", "https://open.spotify.com/"),
    *(["name"] * 500, {"track": {"track": {}}}, "\u2028", "😀", [{"artist_credit_name": []}], "1" * 5_000),
]

few = settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
many = settings(max_examples=1_500, deadline=None, suppress_health_check=list(HealthCheck))


def entry_of(name: str, data: bytes, beside: Mapping[str, bytes] | None = None) -> Entry:
    """Return an entry out of memory; `beside` are its siblings by file name."""
    meter = Meter(len(data), Limits(), lambda amount: None)

    def find(other: str) -> Entry | None:
        content = (beside or {}).get(other.rsplit("/", 1)[-1])
        return None if content is None else entry_of(other, content, beside)

    return Entry(name, lambda: guarded(io.BytesIO(data), name, meter), meter, size=len(data), find=find)


def read(
    reader: Reader, name: str, data: bytes, beside: Mapping[str, bytes] | None = None
) -> tuple[list[Row], FormatError | None]:
    """Return the rows that a reader yields, and the error that ended them, if one did."""
    entry, rows = entry_of(name, data, beside), []
    try:
        for row in reader.read(entry, OPTIONS):
            rows.append(row)
    except FormatError as error:
        return rows, error
    finally:
        entry.close()
    return rows, None


class ReaderContract:
    """Inherited by the tests of every reader."""

    reader: ClassVar[Reader]
    samples: ClassVar[dict[str, bytes]]  # sound files by name
    beside: ClassVar[dict[str, bytes]] = {}  # files that must lie beside them
    text: ClassVar[bool] = True  # False for a format of bytes
    document: ClassVar[bool] = False  # True for a format that is broken as a whole when it is cut short

    def rows(self, name: str, data: bytes) -> list[Row]:
        """The rows of a sound file."""
        rows, error = read(self.reader, name, data, self.beside)
        assert error is None, error
        return rows

    def test_is_registered(self) -> None:
        assert type(self.reader) in {type(reader) for reader in READERS}
        assert self.reader.name
        assert self.reader.title

    def test_is_recognised_by_this_reader_alone(self) -> None:
        for name, data in self.samples.items():
            found = [reader.name for reader in READERS if reader.recognises(name, data[: 1 << 16])]
            assert found == [self.reader.name], name

    def test_yields_clean_rows_and_no_rejects(self) -> None:
        for name, data in self.samples.items():
            rows = self.rows(name, data)
            assert rows, name
            assert not [row for row in rows if isinstance(row, Reject)], name
            for row in rows:
                check_row(row)

    def test_reads_the_same_again(self) -> None:
        for name, data in self.samples.items():
            assert self.rows(name, data) == self.rows(name, data)

    def test_reads_the_same_out_of_archives(self, tmp_path: Path) -> None:
        files = {**self.beside, **self.samples}
        with zipfile.ZipFile(tmp_path / "some.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in files.items():
                archive.writestr(f"export/{name}", data)
        seen = {}
        for entry in entries(tmp_path / "some.zip"):
            assert isinstance(entry, Entry)
            name = entry.name.removeprefix("export/")
            if name in self.samples:
                assert self.reader.recognises(entry.name, entry.head())
                seen[name] = list(self.reader.read(entry, OPTIONS))
        assert seen == {name: self.rows(f"export/{name}", data) for name, data in self.samples.items()}
        name, data = next(iter(self.samples.items()))
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(data))
        for file, content in self.beside.items():
            (tmp_path / file).write_bytes(content)
        found = [e for e in entries(tmp_path) if isinstance(e, Entry) and e.name == name]
        for entry in entries(tmp_path / f"{name}.gz"):
            assert isinstance(entry, Entry)
            assert list(self.reader.read(entry, OPTIONS)) == self.rows(name, data)
        assert found

    def test_reads_other_encodings_and_line_ends(self) -> None:
        if not self.text:
            pytest.skip("a format of bytes")
        for name, data in self.samples.items():
            whole, expected = data.decode("utf-8"), self.rows(name, data)
            lines = whole.splitlines(keepends=True)
            mixed = "".join(line.rstrip("\n") + ("\r\n", "\n", "\r")[n % 3] for n, line in enumerate(lines))
            for changed in (
                whole.encode("utf-8-sig"),
                whole.encode("utf-16"),
                mixed.encode() if "\n" in whole else data,
            ):
                assert self.reader.recognises(name, changed[: 1 << 16]), name
                assert self.rows(name, changed) == expected, name

    def test_a_cut_is_noticed_or_loses_only_the_end(self) -> None:
        for name, data in self.samples.items():
            expected = self.rows(name, data)
            for cut in sorted({*range(0, len(data), max(1, len(data) // 60)), len(data) - 2}):
                rows, error = read(self.reader, name, data[:cut], self.beside)
                for row in rows:
                    check_row(row)
                if self.document and cut < len(data.rstrip()):
                    assert error is not None, (name, cut)
                if error is None:
                    sound = [row for row in rows if not isinstance(row, Reject)]
                    assert len(sound) <= len(expected), (name, cut)

    def test_other_formats_are_refused_or_rejected(self) -> None:
        """The samples, and things that are no data at all, as every other format."""
        things = {
            **self.samples,
            "empty": b"",
            "picture.png": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8,
            "page.html": b"<!DOCTYPE html><html><body><p>Not found</p></body></html>\n" * 20,
            "zeros": bytes(5_000),
            "list.json": b"[]",
            "numbers.json": b"[1, 2, 3]",
            "text.txt": "Ein ganz gewöhnlicher Text, ohne Tabelle.\n\nUnd noch ein Absatz.\n".encode(),
        }
        for name, data in things.items():
            for reader in READERS:
                for row in read(reader, name, data, self.beside)[0]:
                    check_row(row)
            if name not in self.samples:
                rows, error = read(self.reader, name, data, self.beside)
                assert error is not None or not rows, (name, rows)

    @few
    @given(st.integers(0, 2**32))
    def test_survives_damage(self, seed: int) -> None:
        self._survives(random.Random(seed))

    @pytest.mark.slow
    @many
    @given(st.integers(0, 2**32))
    def test_survives_much_damage(self, seed: int) -> None:
        self._survives(random.Random(seed))

    def _survives(self, draw: random.Random) -> None:
        name = draw.choice(list(self.samples))
        beside = {
            other: damaged(data, draw) if draw.random() < 0.2 else data for other, data in self.beside.items()
        }
        data = (misfilled if draw.random() < 0.4 else damaged)(self.samples[name], draw)
        self.reader.recognises(name, data)
        self.reader.passes_over(name, data)
        for row in read(self.reader, name, data, beside)[0]:
            check_row(row)

    @few
    @given(st.binary(max_size=300), st.integers(0, 200))
    def test_survives_any_bytes(self, data: bytes, keep: int) -> None:
        for name, sample in self.samples.items():
            for changed in (data, sample[:keep] + data):
                self.reader.recognises(name, changed)
                for row in read(self.reader, name, changed, self.beside)[0]:
                    check_row(row)


def misfilled(data: bytes, draw: random.Random) -> bytes:
    """Return JSON (or JSON lines) with values of strange types in it, still well-formed; else `data`."""
    for parts in ([data], data.splitlines()):
        try:
            values = [json.loads(part) for part in parts]
        except ValueError:
            continue
        for _ in range(draw.randint(1, 3)):
            _misfill(values, draw)
        return b"\n".join(json.dumps(value).encode() for value in values)
    return data


def _misfill(value: Any, draw: random.Random) -> None:
    while isinstance(value, dict | list) and value:
        key = draw.choice(list(value)) if isinstance(value, dict) else draw.randrange(len(value))
        if not isinstance(value[key], dict | list) or not value[key] or draw.random() < 0.2:
            if isinstance(value, dict) and draw.random() < 0.1:
                del value[key]
            else:
                value[key] = copy.deepcopy(draw.choice(MISFIT))
            return
        value = value[key]


def damaged(data: bytes, draw: random.Random) -> bytes:
    """Return `data` with one to four faults: strange values, lost, doubled or changed bytes."""
    for _ in range(draw.randint(1, 4)):
        tokens = list(_TOKEN.finditer(data))
        kind = draw.randrange(7)
        at = draw.randrange(len(data) + 1)
        if kind <= 2 and tokens:
            token = draw.choice(tokens)
            quoted = data[token.start() - 1 : token.start()] == b'"' and draw.random() < 0.5
            start, end = token.start() - quoted, token.end() + quoted
            data = data[:start] + draw.choice(STRANGE) + data[end:]
        elif kind == 3:
            data = data[:at] + draw.choice(STRANGE) + data[at:]
        elif kind == 4:
            data = data[:at] + data[at + draw.randint(1, 40) :]
        elif kind == 5:
            data = data[:at] + data[max(0, at - draw.randint(1, 200)) :]
        elif data:
            place = min(at, len(data) - 1)
            data = data[:place] + bytes([draw.randrange(256)]) + data[place + 1 :]
    return data


def check_row(row: Any) -> None:
    """Assert that a row keeps to `segue.library.rows`, whatever it was read from."""
    for value in row:
        if isinstance(value, str):
            check_text(value)
    match row:
        case Reject():
            assert row.place
            assert row.reason
        case Listen():
            assert row.listener
            check_track(row.track)
            check_time(row.started_at)
            assert type(row.plays) is int
            assert row.plays >= 1
            check_range(row.played_ms, 0, 7 * 24 * 3600 * 1000)
            check_range(row.stage, 0, 3)
            check_range(row.session_position, 1, 2**31 - 1)
            assert row.skipped in (None, True, False)
            assert row.shuffle in (None, True, False)
        case Feedback():
            assert row.listener
            check_track(row.track)
            check_time(row.given_at)
            assert row.kind in KINDS
        case Playlist():
            assert row.playlist
            check_range(row.followers, 0, 2**53)
            check_time(row.modified_at)
        case PlaylistEntry():
            assert row.playlist
            check_track(row.track)
            check_range(row.position, 0, 2**31 - 1)
            check_time(row.added_at)
        case TrackFacts():
            check_track(row.track)
            assert row.popularity is None or 0 <= row.popularity <= 1
            assert row.release_date is None or re.fullmatch(r"\d{4}(-\d\d(-\d\d)?)?", row.release_date)
            for name, value in (row.features or {}).items():
                check_text(name)
                assert type(value) is float
                assert abs(value) < float("inf")
        case _:
            raise AssertionError(f"not a row: {row!r}")


def check_track(track: TrackRef) -> None:
    """Assert that a reference is clean and identifies something."""
    assert type(track) is TrackRef
    assert type(track.artists) is tuple
    for value in (track.title, track.album, track.other, *track.artists):
        if value is not None:
            check_text(value)
            assert value == value.strip() != ""
    for name, pattern in _IDS.items():
        value = getattr(track, name)
        assert value is None or pattern.fullmatch(value), (name, value)
    check_range(track.duration_ms, 1, 7 * 24 * 3600 * 1000)
    assert track.medium in ("song", "podcast", "audiobook", "artist")
    named = track.artists and (track.title or track.medium == "artist")
    assert track.spotify or track.mbid or track.isrc or track.other or named, track


def check_text(value: str) -> None:
    """Assert that text can be stored, printed and written into any playlist."""
    assert type(value) is str
    assert not _UNPRINTABLE.search(value), repr(value[:100])
    assert len(value) <= 2_500


def check_range(value: object, least: int, most: int) -> None:
    """Assert that a value is None or a whole number in a range."""
    assert value is None or (type(value) is int and least <= value <= most), value


def check_time(value: datetime | None) -> None:
    """Assert that a time is None or in UTC, since 1970 and not in the future."""
    if value is not None:
        assert value.utcoffset() == timedelta(0)
        assert datetime(1970, 1, 1, tzinfo=UTC) < value <= NOW + timedelta(days=1)
