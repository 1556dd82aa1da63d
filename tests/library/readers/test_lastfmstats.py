"""lastfmstats.com's CSV and JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import ClassVar

from segue.library.readers.lastfmstats import LastFmStats
from segue.library.rows import Listen, Reject, TrackRef
from segue.testing.reader import ReaderContract, read

TABLE = "Artist;Album;AlbumId;Track;Date#someone\nBjörk;Homogenic;;Jóga;1693000000000\n"
PLAY = {"track": "Jóga", "artist": "Björk", "album": "Homogenic", "albumId": "", "date": 1693000000000}


class TestLastFmStats(ReaderContract):
    reader = LastFmStats()
    samples: ClassVar = {"lastfmstats-someone.csv": TABLE.encode()}


class TestLastFmStatsJson(ReaderContract):
    reader = LastFmStats()
    document = True
    samples: ClassVar = {
        "lastfmstats-someone.json": json.dumps({"username": "someone", "scrobbles": [PLAY]}).encode()
    }


def test_rows_are_plays() -> None:
    rows, error = read(LastFmStats(), "x.csv", TABLE.encode())
    assert error is None
    track = TrackRef("Jóga", ("Björk",), "Homogenic")
    first = Listen("me", track, datetime.fromtimestamp(1693000000, UTC))
    assert rows[0] == first
    found, error = read(
        LastFmStats(), "x.json", json.dumps({"scrobbles": [PLAY, {**PLAY, "date": 0}]}).encode()
    )
    assert error is None
    assert found[0] == first
    assert isinstance(found[1], Reject)
