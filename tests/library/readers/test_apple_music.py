"""Apple Music: the play activity, the smaller files that tell the same plays, favourites, the library."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from segue.library.importing import import_path
from segue.library.readers.apple_music import AppleMusic
from segue.library.rows import Feedback, Listen, Reject, Row, TrackRef
from segue.library.store import Library
from segue.testing.reader import ReaderContract, read

ACTIVITY = "Apple Music Play Activity.csv"
DAILY = "Apple Music - Play History Daily Tracks.csv"
HISTORY = "Apple Music - Track Play History.csv"
RECENT = "Apple Music - Recently Played Tracks.csv"
FAVOURITES = "Apple Music - Favorites.csv"
LIBRARY = "Apple Music Library Tracks.json"
FOLDER = "Apple_Media_Services/Apple Music Activity"

# The first columns of a hundred; some are addresses and devices, which must not be kept.
COLUMNS = (
    "Song Name,Album Name,Container Artist Name,Container Type,Event Type,Item Type,Event Start Timestamp,"
    "Event End Timestamp,End Reason Type,Media Duration In Milliseconds,Play Duration Milliseconds,"
    "Start Position In Milliseconds,End Position In Milliseconds,Shuffle Play,UTC Offset In Seconds,"
    "Client IP Address,User\N{RIGHT SINGLE QUOTATION MARK}s Audio Quality\n"
)


def line(song: str, start: str, **more: str) -> str:
    values = {
        "album": "Homogenic",
        "artist": "",
        "container": "ALBUM",
        "event": "PLAY_END",
        "item": "ITUNES_STORE_CONTENT",
        "end": "",
        "reason": "NATURAL_END_OF_TRACK",
        "length": "305000",
        "played": "305000",
        "from": "0",
        "to": "305000",
        "shuffle": "SHUFFLE_OFF",
    } | more
    shown = [values[name] for name in ("album", "artist", "container", "event", "item")]
    rest = [values[name] for name in ("end", "reason", "length", "played", "from", "to", "shuffle")]
    return ",".join([song, *shown, start, *rest, "3600", "192.0.2.1", "high"]) + "\n"


PLAYS = COLUMNS + line("Jóga", "2019-08-13T10:00:00.000Z", artist="Björk")
DAILIES = (
    "Country,Track Identifier,Media type,Date Played,Hours,Play Duration Milliseconds,End Reason Type,"
    "Play Count,Skip Count,Ignore For Recommendations,Track Description\n"
    'IS,1,AUDIO,20190813,"18, 19",600000,NATURAL_END_OF_TRACK,2,1,,Björk - Jóga\n'
)
HISTORIES = "Track Name,Last Played Date,Is User Initiated\nBjörk - 5 Years,1565690600000,true\n"
RECENTS = "Last Modified,Track Description,Total plays,Media duration in millis\nx,Björk - Jóga,3,305000\n"
LIKES = (
    "Favorite Type,Item Reference,Item Description,Last Modified,Preference\n"
    "SONG,1,Björk - Jóga,2019-08-13T10:00:00.000Z,LIKE\nARTIST,2,Muse,2019-08-14,DISLIKE\n"
)
TRACKS: list[dict[str, Any]] = [
    {
        "Title": "Jóga",
        "Artist": "Björk",
        "Album": "Homogenic",
        "Track Identifier": 1,
        "Track Duration": 305000,
        "Track Play Count": 7,
        "Date Added To Library": "2019-08-13T10:00:00Z",
        "Favorite Status - Track": "Liked",
    }
]


class TestAppleMusic(ReaderContract):
    reader = AppleMusic()
    samples: ClassVar = {"activity.csv": PLAYS.encode(), "daily.csv": DAILIES.encode()}


class TestAppleMusicSmallFiles(ReaderContract):
    reader = AppleMusic()
    samples: ClassVar = {
        "history.csv": HISTORIES.encode(),
        "recent.csv": RECENTS.encode(),
        "favourites.csv": LIKES.encode(),
    }


class TestAppleMusicLibrary(ReaderContract):
    reader = AppleMusic()
    document = True
    samples: ClassVar = {"tracks.json": json.dumps(TRACKS).encode()}


def rows(name: str, text: str, **beside: str | bytes) -> list[Row]:
    files = {key: data if isinstance(data, bytes) else data.encode() for key, data in beside.items()}
    found, error = read(AppleMusic(), f"{FOLDER}/{name}", text.encode(), files)
    assert error is None
    return found


def listens(found: list[Row]) -> list[Listen]:
    return [row for row in found if isinstance(row, Listen)]


def test_a_play() -> None:
    (play,) = rows(ACTIVITY, PLAYS)
    track = TrackRef("Jóga", ("Björk",), "Homogenic", 305_000)
    at = datetime(2019, 8, 13, 10, tzinfo=UTC)
    expected = Listen(
        "me", track, at, 305_000, skipped=False, shuffle=False, end_reason="trackdone", context="album"
    )
    assert play == expected


def test_old_columns_and_plays_that_ended_only() -> None:
    text = (
        "Artist Name,Content Name,Event End Timestamp,End Reason Type,Play Duration Milliseconds\n"
        "Björk,Jóga,2016-01-01T10:05:00Z,TRACK_SKIPPED_FORWARDS,60000\n"
    )
    (play,) = listens(rows(ACTIVITY, text))
    assert play.started_at == datetime(2016, 1, 1, 10, 4, tzinfo=UTC)
    assert play.skipped is True
    assert play.end_reason == "fwdbtn"


def test_what_is_no_play_is_counted() -> None:
    text = (
        PLAYS
        + line("Jóga", "2019-08-13T11:00:00Z", event="LYRIC_DISPLAY")
        + line("Radio", "2019-08-13T12:00:00Z", item="STREAM")
        + line("Jóga", "2019-08-13T12:00:00Z", reason="FAILED_TO_LOAD")
        + line("", "2019-08-13T12:00:00Z")
        + line("Jóga", "2015-09-13T12:00:00Z", event="", artist="Björk", played="-5")
    )
    found = rows(ACTIVITY, text)
    assert len(listens(found)) == 2
    assert listens(found)[1].played_ms is None
    assert [row.place for row in found if isinstance(row, Reject)] == ["line 6", "events", "events", "events"]


def test_a_pause_does_not_make_two_plays() -> None:
    first = line(
        "Jóga",
        "2019-08-13T10:00:00Z",
        artist="B",
        reason="PLAYBACK_MANUALLY_PAUSED",
        to="100000",
        played="100000",
    )
    rest = line("Jóga", "2019-08-13T10:10:00Z", artist="B", played="205000", **{"from": "100000"})
    again = line("Jóga", "2019-08-13T10:20:00Z", artist="B")
    plays = listens(rows(ACTIVITY, COLUMNS + first + rest + again))
    assert [play.played_ms for play in plays] == [305_000, 305_000]
    assert plays[0].started_at == datetime(2019, 8, 13, 10, tzinfo=UTC)
    assert plays[0].end_reason == "trackdone"


def test_artists_come_from_the_files_beside() -> None:
    text = (
        COLUMNS
        + line("Jóga", "2019-08-13T10:00:00Z")
        + line("5 Years", "2019-08-13T11:00:00Z", container="PLAYLIST")
        + line("One", "2019-08-13T12:00:00Z", album="Achtung Baby")
        + line("One", "2019-08-13T13:00:00Z", album="Other", artist="Somebody", container="PLAYLIST")
        + line("Two", "2019-08-13T14:00:00Z", album="", container="PLAYLIST")
    )
    inside = io.BytesIO()
    with zipfile.ZipFile(inside, "w") as archive:
        songs = [("One", "U2", "Achtung Baby"), ("One", "Metallica", "...And Justice for All")]
        archive.writestr(LIBRARY, json.dumps([{"Title": t, "Artist": a, "Album": al} for t, a, al in songs]))
    found = rows(ACTIVITY, text, **{DAILY: DAILIES, HISTORY: HISTORIES, f"{LIBRARY}.zip": inside.getvalue()})
    artists = [play.track.artists for play in listens(found)]
    assert artists == [("Björk",), ("Björk",), ("U2",), ()]
    assert listens(found)[3].track.other == "apple-music:Other/One"
    assert [row.place for row in found if isinstance(row, Reject)] == ["line 6"]


def test_a_day_becomes_plays_by_the_hour() -> None:
    plays = listens(rows(DAILY, DAILIES))
    assert [play.started_at.hour for play in plays if play.started_at] == [18, 19, 18]
    assert len({play.started_at for play in plays}) == 3
    assert [play.skipped for play in plays] == [False, False, True]
    assert {play.played_ms for play in plays} == {200_000}


def test_the_same_plays_are_read_from_one_file() -> None:
    for name, text in ((DAILY, DAILIES), (HISTORY, HISTORIES), (RECENT, RECENTS)):
        (only,) = rows(name, text, **{ACTIVITY: PLAYS})
        assert isinstance(only, Reject)
    library = rows(LIBRARY, json.dumps(TRACKS), **{ACTIVITY: PLAYS})
    assert [row.kind for row in library if isinstance(row, Feedback)] == ["save", "love"]
    assert not listens(library)
    assert [play.plays for play in listens(rows(LIBRARY, json.dumps(TRACKS)))] == [7]


def test_favourites() -> None:
    song, artist = rows(FAVOURITES, LIKES)
    assert song == Feedback("me", TrackRef("Jóga", ("Björk",)), "love", datetime(2019, 8, 13, 10, tzinfo=UTC))
    assert isinstance(artist, Feedback)
    assert (artist.kind, artist.track) == ("hate", TrackRef(artists=("Muse",), medium="artist"))
    more = rows(FAVOURITES, LIKES + "ALBUM,3,Björk - Homogenic,,LIKE\nSONG,4,Björk - Jóga,,MAYBE\n")
    assert [row.place for row in more if isinstance(row, Reject)] == ["line 5", "favourites"]


def test_the_archive_as_it_comes(tmp_path: Path) -> None:
    """A zip in a zip, and the library in a third; nothing of addresses lands anywhere."""

    def packed(files: dict[str, bytes]) -> bytes:
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w") as archive:
            for name, data in files.items():
                archive.writestr(name, data)
        return target.getvalue()

    library = packed({LIBRARY: json.dumps(TRACKS).encode()})
    files = {ACTIVITY: PLAYS.encode(), DAILY: DAILIES.encode(), FAVOURITES: LIKES.encode()}
    inner = packed({f"{FOLDER}/{name}": data for name, data in {**files, f"{LIBRARY}.zip": library}.items()})
    (tmp_path / "apple.zip").write_bytes(packed({"Apple_Media_Services.zip": inner}))
    report = import_path(Library.open(tmp_path / "library", create=True), tmp_path / "apple.zip")
    assert report.formats == ["apple-music"]
    assert report.counts["listens"].stored == 1
    assert report.counts["feedback"].stored == 4
    stored = b"".join(path.read_bytes() for path in (tmp_path / "library").rglob("*") if path.is_file())
    assert b"192.0.2.1" not in stored
