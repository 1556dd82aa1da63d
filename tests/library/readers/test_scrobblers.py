"""Small players and scrobblers: .scrobbler.log, Libre.fm, Maloja, PanoScrobbler."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, ClassVar

from segue.library.readers import ReadOptions
from segue.library.readers.base import Reader
from segue.library.readers.librefm import LibreFm
from segue.library.readers.maloja import Maloja
from segue.library.readers.panoscrobbler import PanoScrobbler
from segue.library.readers.scrobbler_log import ScrobblerLog
from segue.library.rows import Feedback, Listen, Reject, TrackRef
from segue.testing.reader import NOW, ReaderContract, entry_of, read

MBID = "3bd73256-3905-4f3a-97e2-8b341527f805"
LOG = (
    "#AUDIOSCROBBLER/1.1\n#TZ/UTC\n#CLIENT/Rockbox ipodvideo $Revision$\n"
    f"Björk\tHomogenic\tJóga\t2\t305\tL\t1258122290\t{MBID}\n"
    "Björk\tHomogenic\t5 Years\t7\t268\tS\t1258122600\t\n"
    "Björk\t\tPluto\t\t199\tL\t1258122700\n"
)
LIBRE = (
    "# Libre.fm export\n# more\nArtist,Track,Album,Time\n"
    'Björk,Jóga,Homogenic,1258122290\n"A, B",T,,1258122290\n'
)
MALOJA = {
    "maloja": {"export_time": 1782172800},
    "scrobbles": [
        {
            "time": 1258122290,
            "track": {
                "artists": ["Björk", "Thom Yorke"],
                "title": "I've Seen It All",
                "album": {"artists": ["Björk"], "albumtitle": "Selmasongs"},
                "length": 329,
            },
            "duration": 300,
            "origin": "client:navidrome",
        },
        {"time": 1258122700, "track": {"artists": ["A"], "title": "T", "album": None, "length": None}},
    ],
}
PANO = [
    {"timeMs": 1258122290123, "artist": "Björk", "track": "Jóga", "album": "Homogenic", "durationMs": 305000},
    {"timeMs": 1258122290123, "artist": "Björk", "track": "Jóga", "event": "love"},
]
TIME = datetime.fromtimestamp(1258122290, UTC)


def lines(*values: object) -> bytes:
    return b"".join(json.dumps(value, ensure_ascii=False).encode() + b"\n" for value in values)


class TestScrobblerLog(ReaderContract):
    reader = ScrobblerLog()
    samples: ClassVar = {".scrobbler.log": LOG.encode()}


class TestLibreFm(ReaderContract):
    reader = LibreFm()
    samples: ClassVar = {
        "librefm.csv": LIBRE.encode(),
        "plain.csv": b"Time,Artist,Track,Album\n1258122290,A,T,\n",
    }


class TestMaloja(ReaderContract):
    reader = Maloja()
    document = True
    samples: ClassVar = {"maloja_export.json": json.dumps(MALOJA).encode()}


class TestPanoScrobbler(ReaderContract):
    reader = PanoScrobbler()
    samples: ClassVar = {"scrobbles.jsonl": lines(*PANO)}


def taken(reader: Reader, data: bytes) -> list[Any]:
    rows, error = read(reader, "file", data)
    assert error is None
    return rows


def test_scrobbler_log_keeps_skips() -> None:
    heard, skipped, bare = taken(ScrobblerLog(), LOG.encode())
    track = TrackRef("Jóga", ("Björk",), "Homogenic", 305_000, mbid=MBID)
    assert heard == Listen("me", track, TIME, skipped=False)
    assert skipped.skipped is True
    assert bare.track.album is None


def test_scrobbler_log_of_a_clock_without_a_zone() -> None:
    data = LOG.replace("#TZ/UTC", "#TZ/UNKNOWN").encode()
    options = ReadOptions(now=NOW, timezone="Europe/Paris")
    first = next(iter(ScrobblerLog().read(entry_of(".scrobbler.log", data), options)))
    assert isinstance(first, Listen)
    assert first.started_at == datetime.fromtimestamp(1258122290 - 3600, UTC)


def test_scrobbler_log_rejects() -> None:
    data = LOG + "A\tB\n<Untagged>\t\tT\t\t1\tL\t1258122290\nA\t\tT\t\t1\tX\t1258122290\nA\t\tT\t\t1\tL\t0\n"
    assert [row.place for row in taken(ScrobblerLog(), data.encode()) if isinstance(row, Reject)] == [
        "line 7",
        "line 8",
        "line 9",
        "line 10",
    ]


def test_librefm() -> None:
    first, second = taken(LibreFm(), LIBRE.encode())
    assert first == Listen("me", TrackRef("Jóga", ("Björk",), "Homogenic"), TIME)
    assert second.track.artists == ("A, B",)


def test_maloja() -> None:
    first, second = taken(Maloja(), json.dumps(MALOJA).encode())
    track = TrackRef("I've Seen It All", ("Björk", "Thom Yorke"), "Selmasongs", 329_000)
    assert first == Listen("me", track, TIME, 300_000)
    assert second.track == TrackRef("T", ("A",))


def test_panoscrobbler() -> None:
    rows = taken(PanoScrobbler(), lines(*PANO, {**PANO[0], "event": "dance"}))
    assert rows[0].started_at == TIME.replace(microsecond=123_000)
    assert isinstance(rows[1], Feedback)
    assert isinstance(rows[2], Reject)
