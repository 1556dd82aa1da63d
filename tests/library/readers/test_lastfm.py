"""Last.fm's exports, in every shape."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest

from segue.library.readers.lastfm import LastFm
from segue.library.rows import Feedback, Listen, Reject, TrackRef
from segue.testing.reader import ReaderContract, read

MBID = "1a2b3c4d-1111-2222-3333-444455556666"
HEADER = "uts,utc_time,artist,artist_mbid,album,album_mbid,track,track_mbid\n"
CSV = (
    HEADER
    + '"1788273431","01 Sep 2026, 14:37","Sigur Rós","","( )","","Untitled #1 (Vaka)",""\n'
    + f'"1788273000","01 Sep 2026, 14:30","Crosby, Stills & Nash","","","","""Suite""","{MBID.upper()}"\n'
)
HEADERLESS = (
    'Sigur Rós,( ),Untitled #1 (Vaka),"19 Aug 2026, 20:48"\n"Crosby, Stills",,Suite,"19 Aug 2026, 20:41"\n'
)


def track(**changes: Any) -> dict[str, Any]:
    """A track as user.getRecentTracks gives it."""
    return {
        "artist": {"mbid": "", "#text": "Wild Belle"},
        "streamable": "0",
        "image": [{"size": size, "#text": ""} for size in ("small", "medium", "large", "extralarge")],
        "mbid": MBID,
        "album": {"mbid": "", "#text": "Isles"},
        "name": "Take Me Away",
        "url": "https://www.last.fm/music/Wild+Belle/_/Take+Me+Away",
        "date": {"uts": "1464727569", "#text": "31 May 2016, 20:46"},
    } | changes


def page(*tracks: Any) -> dict[str, Any]:
    return {"recenttracks": {"@attr": {"user": "someone", "page": "1"}, "track": list(tracks)}}


LOVED = {
    "lovedtracks": {
        "track": [
            {
                "artist": {"url": "", "name": "Wild Belle", "mbid": ""},
                "date": {"uts": "1464727569", "#text": "31 May 2016, 20:46"},
                "mbid": "",
                "name": "June",
            }
        ],
        "@attr": {"user": "someone"},
    }
}
NOW_PLAYING = track(**{"@attr": {"nowplaying": "true"}})
del NOW_PLAYING["date"]


def encoded(value: object) -> bytes:
    return json.dumps(value).encode()


def taken(data: bytes, name: str = "recenttracks-someone.csv") -> list[Any]:
    rows, error = read(LastFm(), name, data)
    assert error is None
    return rows


class TestLastFmTables(ReaderContract):
    reader = LastFm()
    samples: ClassVar = {
        "recenttracks-someone-1788273431.csv": CSV.encode(),
        "lovedtracks-someone-1788273431.csv": CSV.encode(),
        "someone.csv": HEADERLESS.encode(),
    }


class TestLastFmApi(ReaderContract):
    reader = LastFm()
    document = True
    samples: ClassVar = {
        "page.json": encoded(page(track(), track(name="June"))),
        "one.json": encoded({"recenttracks": {"track": track(), "@attr": {}}}),
        "pages.json": encoded([page(track()), page(track(), track())]),
        "tracks.json": encoded([track(), track()]),
        "lists.json": encoded([[track()], [track(), track()]]),
        "loved.json": encoded(LOVED),
    }


def test_a_row_of_a_table_becomes_a_listen() -> None:
    first, second = taken(CSV.encode())
    assert first == Listen(
        "me",
        TrackRef("Untitled #1 (Vaka)", ("Sigur Rós",), "( )"),
        datetime.fromtimestamp(1788273431, UTC),
    )
    assert second.track == TrackRef('"Suite"', ("Crosby, Stills & Nash",), mbid=MBID)


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_other_delimiters(delimiter: str) -> None:
    lines = [HEADER.replace(",", delimiter)]
    row = ["1464727569", '"31 May 2016, 20:46"', "A, B", "", "", "", "T", ""]
    lines.append(delimiter.join(row) + "\n")
    assert taken("".join(lines).encode())[0].track == TrackRef("T", ("A, B",))


def test_columns_in_another_order_and_number() -> None:
    rows = taken(b"Track,Artist,UTS\nSong,Band,1464727569\n")
    assert rows[0].track == TrackRef("Song", ("Band",))


def test_the_written_time_counts_where_there_is_no_uts() -> None:
    rows = taken((HEADER + ',"31 May 2016, 20:46",A,,,,T,\n').encode())
    assert rows[0].started_at == datetime(2016, 5, 31, 20, 46, tzinfo=UTC)


def test_headerless() -> None:
    first, second = taken(HEADERLESS.encode())
    assert first.track == TrackRef("Untitled #1 (Vaka)", ("Sigur Rós",), "( )")
    assert second.started_at == datetime(2026, 8, 19, 20, 41, tzinfo=UTC)


def test_latin_1() -> None:
    assert taken(CSV.encode("latin-1"))[0].track.artists == ("Sigur Rós",)


def test_tables_of_loved_tracks_are_loves() -> None:
    rows = taken(CSV.encode(), "lovedtracks-someone.csv")
    assert [(type(row), row.kind) for row in rows] == [(Feedback, "love")] * 2


def test_the_api_gives_one_track_without_a_list_and_what_is_playing_without_a_date() -> None:
    assert taken(encoded({"recenttracks": {"track": track()}}))[0].track.title == "Take Me Away"
    playing, listen = taken(encoded(page(NOW_PLAYING, track())))
    assert playing == Reject("track 1", "playing now, not a listen yet")
    assert listen.started_at == datetime.fromtimestamp(1464727569, UTC)
    assert listen.track == TrackRef("Take Me Away", ("Wild Belle",), "Isles", mbid=MBID)


def test_loved_tracks_of_the_api() -> None:
    (love,) = taken(encoded(LOVED))
    assert love == Feedback(
        "me", TrackRef("June", ("Wild Belle",)), "love", datetime.fromtimestamp(1464727569, UTC)
    )


def test_a_column_named_twice_is_refused() -> None:
    rows, error = read(LastFm(), "x.csv", b"uts,artist,track,Artist\n1464727569,A,T,B\n")
    assert not rows
    assert "names a column twice: artist" in str(error)


def test_malformed_rows_are_rejected_with_their_lines() -> None:
    data = HEADER + "soon,,A,,,,T,\n1464727569,,A,,,,,\n1464727569,,,,,,T,\n-5,,A,,,,T,\n1464727569,,A\n"
    rows = taken((data + '1464727569,,"never closed,,,,T,\n1464727569,,A,,,,Last,\n').encode())
    assert [row.place for row in rows[:-1]] == [f"line {n}" for n in range(2, 8)]
    assert isinstance(rows[-1], Listen)
    assert rows[-1].track.title == "Last"
