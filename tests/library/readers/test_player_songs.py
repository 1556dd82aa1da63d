"""Songs as `segue players pull` keeps them of players that count."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, ClassVar

from segue.library.readers.player_songs import PlayerSongs
from segue.library.rows import Feedback, Listen, Reject, TrackRef
from segue.testing.reader import ReaderContract, read

MBID = "3bd73256-3905-4f3a-97e2-8b341527f805"
JOGA: dict[str, Any] = {
    "title": "Jóga",
    "artists": ["Björk", "Guest"],
    "album": "Homogenic",
    "duration_ms": 305_000,
    "mbid": MBID,
    "isrc": "GBAAA9700001",
    "plays": 7,
    "played_at": 1_760_000_000,
    "word": "love",
    "said_at": 1_760_000_100,
}
PAGE = {"player": "subsonic", "songs": [JOGA]}


class TestPlayerSongs(ReaderContract):
    reader = PlayerSongs()
    document = True
    samples: ClassVar = {
        "000001.json": json.dumps(PAGE).encode(),
        "000002.json": json.dumps({"player": "jellyfin", "songs": [{**JOGA, "plays": 0}]}).encode(),
    }


def test_a_count_a_play_and_a_word() -> None:
    artist = {"artists": ["Björk"], "word": "love"}
    strange = [{**JOGA, "word": "adore"}, {"title": "Who", "plays": 1}, {**JOGA, "plays": -1}, 5]
    page = {"player": "subsonic", "songs": [JOGA, artist, *strange]}
    rows, error = read(PlayerSongs(), "x.json", json.dumps(page).encode())
    assert error is None
    track = TrackRef("Jóga", ("Björk", "Guest"), "Homogenic", 305_000, mbid=MBID, isrc="GBAAA9700001")
    assert rows[:4] == [
        Listen("me", track, plays=7),
        Listen("me", track, datetime.fromtimestamp(1_760_000_000, UTC)),
        Feedback("me", track, "love", datetime.fromtimestamp(1_760_000_100, UTC)),
        Feedback("me", TrackRef(artists=("Björk",), medium="artist"), "love"),
    ]
    assert len(rows) == 4 + len(strange)
    assert all(isinstance(row, Reject) for row in rows[4:])


def test_each_player_is_a_source() -> None:
    for name, source in (("subsonic", "subsonic-songs"), ("jellyfin", "jellyfin-songs")):
        assert PlayerSongs().source("x", json.dumps({"player": name, "songs": [JOGA]}).encode()) == source
