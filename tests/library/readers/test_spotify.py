"""Spotify's exports: extended history, account data."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, ClassVar

from segue.library.readers.spotify import Spotify
from segue.library.rows import Feedback, Listen, Playlist, PlaylistEntry, Reject, TrackRef
from segue.testing.reader import ReaderContract, read

TRACK = "spotify:track:4uLU6hMCjMI75M1A2tKUQC"
EPISODE = "spotify:episode:12FTez5OfZ3Jdub5oVmMbV"


def play(**changes: Any) -> dict[str, Any]:
    """An item of the extended history as Spotify writes it."""
    return {
        "ts": "2024-05-01T20:15:30Z",
        "platform": "android",
        "ms_played": 213573,
        "conn_country": "SE",
        "ip_addr": "192.0.2.7",
        "master_metadata_track_name": "Never Gonna Give You Up",
        "master_metadata_album_artist_name": "Rick Astley",
        "master_metadata_album_album_name": "Whenever You Need Somebody",
        "spotify_track_uri": TRACK,
        "episode_name": None,
        "episode_show_name": None,
        "spotify_episode_uri": None,
        "audiobook_title": None,
        "audiobook_uri": None,
        "audiobook_chapter_uri": None,
        "audiobook_chapter_title": None,
        "reason_start": "trackdone",
        "reason_end": "trackdone",
        "shuffle": True,
        "skipped": False,
        "offline": False,
        "offline_timestamp": 1714594300,
        "incognito_mode": False,
    } | changes


NO_TRACK = {
    "master_metadata_track_name": None,
    "master_metadata_album_artist_name": None,
    "master_metadata_album_album_name": None,
    "spotify_track_uri": None,
}
PODCAST = play(
    **NO_TRACK, episode_name="Pilot", episode_show_name="A Show", spotify_episode_uri=EPISODE, shuffle=False
)
BOOK = play(
    **NO_TRACK,
    audiobook_title="A Book",
    audiobook_uri="spotify:show:2aB2swgyXqbFA06AxPlFmr",
    audiobook_chapter_uri="spotify:episode:2aPctXuvFf4qU2o0FyEPSW",
    audiobook_chapter_title="Chapter 1",
)
OLD = {  # endsong_*.json
    "ts": "2016-01-02T03:04:05Z",
    "username": "someone",
    "platform": "Linux",
    "ms_played": 1200,
    "conn_country": "DE",
    "ip_addr_decrypted": "192.0.2.8",
    "user_agent_decrypted": "unknown",
    "master_metadata_track_name": "Ænima",
    "master_metadata_album_artist_name": "Tool",
    "master_metadata_album_album_name": "Ænima",
    "spotify_track_uri": "spotify:track:6zeE5tKyr8Nu882DQhhSQI",
    "episode_name": None,
    "episode_show_name": None,
    "spotify_episode_uri": None,
    "reason_start": "clickrow",
    "reason_end": "fwdbtn",
    "shuffle": False,
    "skipped": None,
    "offline": False,
    "offline_timestamp": 0,
    "incognito_mode": False,
}
SHORT = [
    {"endTime": "2024-05-01 20:15", "artistName": "Rick Astley", "trackName": "Together", "msPlayed": 205000},
    {"endTime": "2024-05-01 20:16", "artistName": "Tool", "trackName": "Ænima", "msPlayed": 0},
]
LIBRARY = {
    "tracks": [{"artist": "Rick Astley", "album": "Whenever", "track": "Together Forever", "uri": TRACK}],
    "albums": [],
    "shows": [],
    "episodes": [{"name": "Pilot", "show": "A Show", "uri": EPISODE}],
    "bannedTracks": [{"artist": "Tool", "album": "Ænima", "track": "Ænima", "uri": OLD["spotify_track_uri"]}],
    "artists": [{"name": "Björk", "uri": "spotify:artist:7w29UYBi0qsHi5RTcv3lmA"}],
    "bannedArtists": [{"name": "Tool", "uri": "spotify:artist:2yEwvVSSSUkcLeSTNyHKh8"}],
    "other": [],
}
PLAYLISTS = {
    "playlists": [
        {
            "name": "Morning",
            "lastModifiedDate": "2024-07-31",
            "collaborators": [],
            "items": [
                {
                    "track": {
                        "trackName": "Together Forever",
                        "artistName": "Rick Astley",
                        "albumName": "Whenever",
                        "trackUri": TRACK,
                    },
                    "episode": None,
                    "audiobook": None,
                    "localTrack": None,
                    "addedDate": "2024-07-30",
                },
                {
                    "track": None,
                    "episode": {"episodeName": "Pilot", "showName": "A Show", "episodeUri": EPISODE},
                    "addedDate": "2024-07-31",
                },
                {"localTrack": {"uri": "spotify:local:Some+Band:Demo:First+Song%21:201"}},
            ],
            "description": None,
            "numberOfFollowers": 3,
        },
        {"name": "Morning", "lastModifiedDate": "2024-08-01", "items": [], "numberOfFollowers": 0},
    ]
}


def encoded(value: object) -> bytes:
    return json.dumps(value, indent=2, ensure_ascii=False).encode()


def taken(value: object, name: str = "Streaming_History_Audio_2024_1.json") -> list[Any]:
    rows, error = read(Spotify(), name, encoded(value))
    assert error is None
    return rows


class TestSpotify(ReaderContract):
    reader = Spotify()
    document = True
    samples: ClassVar = {
        "Streaming_History_Audio_2023-2024_1.json": encoded([play(), PODCAST, BOOK]),
        "endsong_0.json": encoded([OLD]),
        "StreamingHistory_music_0.json": encoded(SHORT),
        "StreamingHistory_podcast_0.json": encoded(
            [{"endTime": "2024-05-01 08:00", "podcastName": "A Show", "episodeName": "Pilot", "msPlayed": 9}]
        ),
        "YourLibrary.json": encoded(LIBRARY),
        "Playlist1.json": encoded(PLAYLISTS),
    }


def test_a_stream_began_as_much_earlier_as_was_played() -> None:
    (listen,) = taken([play()])
    assert listen.started_at == datetime(2024, 5, 1, 20, 11, 56, 427000, tzinfo=UTC)
    assert listen.played_ms == 213573
    assert listen.track.spotify == "4uLU6hMCjMI75M1A2tKUQC"
    assert listen.track.artists == ("Rick Astley",)
    assert (listen.listener, listen.shuffle, listen.skipped) == ("me", True, False)
    assert (listen.start_reason, listen.end_reason) == ("trackdone", "trackdone")


def test_short_plays_stay() -> None:
    rows = taken([play(ms_played=0, reason_end="fwdbtn", skipped=True), OLD])
    assert [(row.played_ms, row.end_reason, row.skipped) for row in rows] == [
        (0, "fwdbtn", True),
        (1200, "fwdbtn", None),
    ]


def test_podcasts_and_audiobooks_say_what_they_are() -> None:
    podcast, book = taken([PODCAST, BOOK])
    assert (podcast.track.medium, podcast.track.title, podcast.track.artists) == (
        "podcast",
        "Pilot",
        ("A Show",),
    )
    assert podcast.track.spotify == EPISODE[-22:]
    assert (book.track.medium, book.track.title, book.track.album) == ("audiobook", "Chapter 1", "A Book")


def test_private_sessions_are_rejected_on_purpose() -> None:
    assert taken([play(incognito_mode=True)]) == [Reject("item 1", "a private session, left out on purpose")]


def test_nothing_of_where_and_on_what_leaves_the_reader() -> None:
    rows = taken([play(ms_played="broken"), play(), OLD | {"ts": None}])
    assert not [word for word in ("192.0.2", "SE", "android", "someone", "unknown") if word in repr(rows)]


def test_malformed_items_are_rejected_and_the_rest_is_taken() -> None:
    rows = taken(
        [
            play(),
            play(ts="yesterday"),
            play(ts=None),
            play(ms_played=-1),
            play(ms_played=1e300),
            play(ts="1970-01-01T00:00:01Z"),
            play(ts="2100-01-01T00:00:00Z"),
            play(**NO_TRACK),
            play(skipped="perhaps"),
            play(master_metadata_track_name="x" * 5000),
            "text",
            None,
            play(),
        ]
    )
    kinds = ["Listen", *["Reject"] * 7, "Listen", *["Reject"] * 3, "Listen"]
    assert [type(row).__name__ for row in rows] == kinds
    assert rows[8].skipped is None
    assert rows[1].place == "item 2"


def test_a_history_cut_short_says_where() -> None:
    data = encoded([play(), play()])
    rows, error = read(Spotify(), "Streaming_History_Audio_1.json", data[:-40])
    assert len(rows) == 1
    assert "cut short" in str(error)
    assert "at character" in str(error)


def test_an_empty_history_is_no_error() -> None:
    assert taken([], "Streaming_History_Video_2024.json") == []


def test_account_data_is_to_the_minute() -> None:
    first, _ = taken(SHORT, "StreamingHistory_music_0.json")
    assert first == Listen("me", first.track, datetime(2024, 5, 1, 20, 11, 35, tzinfo=UTC), 205000)


def test_library() -> None:
    rows = taken(LIBRARY | {"albums": [{"album": "A"}]}, "YourLibrary.json")
    assert [(row.kind, row.track.medium) for row in rows if isinstance(row, Feedback)] == [
        ("save", "song"),
        ("save", "podcast"),
        ("ban", "song"),
        ("save", "artist"),
        ("ban", "artist"),
    ]
    track = TrackRef(artists=("Tool",), other="spotify-artist:2yEwvVSSSUkcLeSTNyHKh8", medium="artist")
    assert Feedback("me", track, "ban") in rows
    assert [row.place for row in rows if isinstance(row, Reject)] == ["albums"]


def test_playlists_of_one_name_stay_apart_and_keep_their_order() -> None:
    rows = taken(PLAYLISTS, "Playlist1.json")
    assert [row.playlist for row in rows if isinstance(row, Playlist)] == [
        "spotify:me/Morning",
        "spotify:me/Morning #2",
    ]
    tracks = [row for row in rows if isinstance(row, PlaylistEntry)]
    assert [row.position for row in tracks] == [0, 1, 2]
    assert tracks[2].track[:4] == ("First Song!", ("Some Band",), "Demo", 201000)
    assert tracks[0].added_at == datetime(2024, 7, 30, tzinfo=UTC)
