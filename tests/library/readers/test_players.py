"""Histories of players at home: Plex, Jellyfin's Playback Reporting, Navidrome."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest

from segue.library.readers import READERS, ReadOptions
from segue.library.readers.base import Reader
from segue.library.readers.fields import Malformed
from segue.library.readers.jellyfin import Jellyfin, track
from segue.library.readers.navidrome import Navidrome
from segue.library.readers.plex import Plex
from segue.library.rows import Feedback, Listen, Playlist, PlaylistEntry, Reject, TrackRef
from segue.testing.reader import NOW, ReaderContract, entry_of, read

AT = datetime(2024, 3, 4, 17, tzinfo=UTC)
SECONDS = int(AT.timestamp())
MBID = "3bd73256-3905-4f3a-97e2-8b341527f805"
USER = "0123456789abcdef0123456789abcdef"


def database(script: str) -> bytes:
    connection = sqlite3.connect(":memory:")
    try:
        connection.executescript(script)
        return connection.serialize()
    finally:
        connection.close()


PLEX = f"""
CREATE TABLE accounts (id INTEGER PRIMARY KEY, name TEXT);
INSERT INTO accounts VALUES (1, 'anna'), (2, 'ben');
CREATE TABLE metadata_items (id INTEGER PRIMARY KEY, guid TEXT, metadata_type INTEGER, original_title TEXT,
    duration INTEGER);
INSERT INTO metadata_items VALUES (5, 'plex://track/2', 10, 'Thom Yorke', 200000);
CREATE TABLE metadata_item_views (id INTEGER PRIMARY KEY, account_id INTEGER, guid TEXT,
    metadata_type INTEGER, grandparent_title TEXT, parent_title TEXT, title TEXT, viewed_at INTEGER,
    device_id INTEGER);
INSERT INTO metadata_item_views VALUES
    (1, 1, 'plex://track/1', 10, 'Björk', 'Homogenic', 'Jóga', {SECONDS}, 3),
    (2, 1, 'plex://track/2', 10, 'Various Artists', 'Sampler', 'Song', {SECONDS + 300}, 3),
    (3, 1, 'plex://movie/1', 1, NULL, NULL, 'The Film', {SECONDS}, 3);
"""
NAVIDROME = f"""
CREATE TABLE user (id TEXT PRIMARY KEY, user_name TEXT, password TEXT);
INSERT INTO user VALUES ('u1', 'anna', 'secret'), ('u2', 'ben', 'secret');
CREATE TABLE media_file (id TEXT PRIMARY KEY, path TEXT, title TEXT, artist TEXT, album TEXT, duration REAL,
    mbz_recording_id TEXT, participants TEXT);
INSERT INTO media_file VALUES
    ('a', '/music/a.flac', 'Jóga', 'Björk', 'Homogenic', 305.0, '{MBID}', NULL),
    ('b', '/music/b.flac', 'Duet', 'Björk • Thom Yorke', '', 200.5, '',
     '{{"artist": [{{"id": "1", "name": "Björk"}}, {{"id": "2", "name": "Thom Yorke"}}]}}');
CREATE TABLE artist (id TEXT PRIMARY KEY, name TEXT);
INSERT INTO artist VALUES ('r', 'Björk');
CREATE TABLE annotation (user_id TEXT, item_id TEXT, item_type TEXT, play_count INTEGER, play_date TEXT,
    rating INTEGER, starred BOOL, starred_at TEXT);
INSERT INTO annotation VALUES
    ('u1', 'a', 'media_file', 5, '2024-03-04 17:00:00', 0, 1, '2024-03-04T17:00:00Z'),
    ('u1', 'b', 'media_file', 1, NULL, 0, 0, NULL),
    ('u1', 'r', 'artist', 6, NULL, 0, 1, NULL);
CREATE TABLE scrobbles (media_file_id TEXT, user_id TEXT, submission_time INTEGER);
INSERT INTO scrobbles VALUES ('a', 'u1', {SECONDS}), ('b', 'u1', {SECONDS + 400});
CREATE TABLE playlist (id TEXT PRIMARY KEY, name TEXT, owner_id TEXT, updated_at TEXT, rules TEXT);
INSERT INTO playlist VALUES
    ('p', 'Morning', 'u1', '2024-03-04 17:00:00', NULL), ('q', 'Smart', 'u1', '', '{{}}');
CREATE TABLE playlist_tracks (id INTEGER, playlist_id TEXT, media_file_id TEXT);
INSERT INTO playlist_tracks VALUES (2, 'p', 'a'), (1, 'p', 'b');
"""
LINE = f"2024-03-04 17:00:00.1234567\t{USER}\tabc\tAudio\tBjörk - Jóga (Homogenic)\tDirectPlay\tx\ty\t305\n"
JELLYFIN = f"""
CREATE TABLE PlaybackActivity (DateCreated DATETIME, UserId TEXT, ItemId TEXT, ItemType TEXT, ItemName TEXT,
    PlaybackMethod TEXT, ClientName TEXT, DeviceName TEXT, PlayDuration INT);
INSERT INTO PlaybackActivity VALUES
    ('2024-03-04 17:00:00', '{USER}', 'abc', 'Audio', 'Björk - Jóga (Homogenic)', 'Direct', 'x', 'y', 305),
    ('2024-03-04 18:00:00', '{USER}', 'abd', 'Movie', 'The Film', 'DirectPlay', 'x', 'y', 5000);
"""
JOGA = TrackRef("Jóga", ("Björk",), "Homogenic")


class TestPlex(ReaderContract):
    reader = Plex()
    text = False
    samples: ClassVar = {"com.plexapp.plugins.library.db": database(PLEX)}


class TestNavidrome(ReaderContract):
    reader = Navidrome()
    text = False
    samples: ClassVar = {"navidrome.db": database(NAVIDROME)}


class TestJellyfin(ReaderContract):
    reader = Jellyfin()
    samples: ClassVar = {"PlaybackReportingBackup-20240304-170000.tsv": LINE.encode()}


class TestJellyfinDatabase(ReaderContract):
    reader = Jellyfin()
    text = False
    samples: ClassVar = {
        "playback_reporting.db": database(JELLYFIN.split("    ('2024-03-04 18")[0].strip()[:-1] + ";")
    }


def taken(reader: Reader, data: bytes) -> list[Any]:
    rows, error = read(reader, "some.db", data)
    assert error is None
    return rows


def test_plex() -> None:
    first, second = taken(Plex(), database(PLEX))
    assert first == Listen("me", JOGA, AT)
    assert second.track == TrackRef("Song", ("Thom Yorke",), "Sampler", 200_000)


def test_people_of_a_household_are_told_apart() -> None:
    more = (
        f"INSERT INTO metadata_item_views VALUES (9, 2, 'x', 10, 'Tool', 'Ænima', 'H.', {SECONDS + 900}, 3);"
    )
    assert [row.listener for row in taken(Plex(), database(PLEX + more))] == [
        "plex:anna",
        "plex:anna",
        "plex:ben",
    ]
    more = f"INSERT INTO scrobbles VALUES ('a', 'u2', {SECONDS});"
    listeners = {
        row.listener for row in taken(Navidrome(), database(NAVIDROME + more)) if isinstance(row, Listen)
    }
    assert listeners == {"navidrome:anna", "navidrome:ben"}
    lines = LINE + LINE.replace(USER, USER[::-1])
    assert [row.listener for row in taken(Jellyfin(), lines.encode())] == [
        f"jellyfin:{USER}",
        f"jellyfin:{USER[::-1]}",
    ]


def test_navidrome() -> None:
    joga = JOGA._replace(duration_ms=305_000, mbid=MBID)
    duet = TrackRef("Duet", ("Björk", "Thom Yorke"), None, 200_500)
    assert taken(Navidrome(), database(NAVIDROME)) == [
        Listen("me", joga, AT),
        Listen("me", duet, AT.replace(minute=6, second=40)),
        Listen("me", joga, plays=4),
        Feedback("me", joga, "love", AT),
        Feedback("me", TrackRef(artists=("Björk",), medium="artist"), "love"),
        Playlist("navidrome:p", "Morning", "me", None, AT),
        PlaylistEntry("navidrome:p", 0, duet),
        PlaylistEntry("navidrome:p", 1, joga),
    ]


def test_navidrome_of_before_it_kept_scrobbles() -> None:
    old = "DROP TABLE scrobbles; DROP TABLE playlist; ALTER TABLE media_file DROP COLUMN participants;"
    rows = taken(Navidrome(), database(NAVIDROME + old))
    assert [row.plays for row in rows if isinstance(row, Listen)] == [5, 1]


def test_jellyfin() -> None:
    for data in (database(JELLYFIN), (LINE + LINE.replace("Audio", "Movie")).encode()):
        play, films = taken(Jellyfin(), data)
        assert play == Listen("me", JOGA, play.started_at, 305_000)
        assert play.started_at.replace(microsecond=0) == AT
        assert isinstance(films, Reject)
    options = ReadOptions(now=NOW, timezone="Europe/Paris")
    (local,) = Jellyfin().read(entry_of("x.tsv", LINE.encode()), options)
    assert isinstance(local, Listen)
    assert local.started_at is not None
    assert local.started_at.hour == 16


def test_names_of_jellyfins_tracks() -> None:
    assert track("Björk - Jóga (Live) (Homogenic (Deluxe))") == TrackRef(
        "Jóga (Live)", ("Björk",), "Homogenic (Deluxe)"
    )
    assert track("Aluna, Preditah - B (C)").artists == ("Aluna", "Preditah")
    assert track("Tyler, The Creator - B (C)").artists == ("Tyler, The Creator",)
    assert track("A - B (Not Known)") == TrackRef("B", ("A",))
    for name in ("Not Known - B (C)", "B"):
        with pytest.raises(Malformed):
            track(name)


def test_another_database_is_nobodys() -> None:
    other = database("CREATE TABLE cookies (id INTEGER, value TEXT); INSERT INTO cookies VALUES (1, 'x');")
    assert not [reader.name for reader in READERS if reader.recognises("cookies.db", other)]
    for reader in (Plex(), Navidrome(), Jellyfin()):
        assert read(reader, "cookies.db", other)[1] is not None


def test_nothing_private_is_told() -> None:
    told = repr([*taken(Navidrome(), database(NAVIDROME)), *taken(Plex(), database(PLEX))])
    assert "secret" not in told
    assert "/music/" not in told
