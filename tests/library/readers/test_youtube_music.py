"""YouTube Music: Takeout's history as JSON and as a page, the language of titles and times, saved songs."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import pytest

from segue.library.readers.fields import Malformed
from segue.library.readers.takeout_titles import video_names
from segue.library.readers.times import Clock
from segue.library.readers.written_times import written_time
from segue.library.readers.youtube_music import YouTubeMusic
from segue.library.rows import Feedback, Listen, Reject, TrackRef
from segue.testing.reader import NOW, ReaderContract, read

AT = datetime(2022, 4, 25, 18, 9, 4, tzinfo=UTC)


def item(title: str, channel: str = "Björk - Topic", **more: Any) -> dict[str, Any]:
    return {
        "header": "YouTube Music",
        "title": title,
        "titleUrl": "https://music.youtube.com/watch?v=abcdefghijk",
        "subtitles": [{"name": channel, "url": "https://www.youtube.com/channel/UC1"}],
        "time": "2022-04-25T18:09:04.000Z",
        "products": ["YouTube"],
        "activityControls": ["YouTube watch history"],
    } | more


def cell(title: str, header: str = "YouTube Music", time: str = "Apr 25, 2022, 6:09:04\u202fPM UTC") -> str:
    return (
        '<div class="outer-cell mdl-cell mdl-cell--12-col mdl-shadow--2dp"><div class="mdl-grid">'
        '<div class="header-cell mdl-cell mdl-cell--12-col"><p class="mdl-typography--title">'
        f"{header}<br></p></div>"
        '<div class="content-cell mdl-cell mdl-cell--6-col mdl-typography--body-1">Watched\xa0'
        f'<a href="https://music.youtube.com/watch?v=abcdefghijk">{title}</a><br>'
        f'<a href="https://www.youtube.com/channel/UC1">Björk - Topic</a><br>{time}<br></div>'
        '<div class="content-cell mdl-cell mdl-cell--6-col mdl-typography--text-right"></div>'
        '<div class="content-cell mdl-cell mdl-cell--12-col mdl-typography--caption"><b>Products:</b><br>'
        "&emsp;YouTube<br></div></div></div>\n"
    )


def page(*cells: str) -> str:
    return f'<html><head></head><body><div class="mdl-grid">{"".join(cells)}</div></body></html>'


SONGS = "Song Title,Album Title,Artist Name 1,Artist Name 2\nI've Seen It All,Selmasongs,Björk,Thom Yorke\n"
HISTORY = [item("Watched Jóga"), item("Watched Adele - Hello (Official Music Video)", "AdeleVEVO")]


class TestYouTubeMusicJson(ReaderContract):
    reader = YouTubeMusic()
    document = True
    samples: ClassVar = {"watch-history.json": json.dumps(HISTORY).encode()}


class TestYouTubeMusicPage(ReaderContract):
    reader = YouTubeMusic()
    document = True
    samples: ClassVar = {"Wiedergabeverlauf.html": page(cell("Jóga"), cell("5 Years &amp; more")).encode()}


class TestYouTubeMusicSongs(ReaderContract):
    reader = YouTubeMusic()
    samples: ClassVar = {"music library songs.csv": SONGS.encode()}


def taken(value: object) -> list[Any]:
    rows, error = read(YouTubeMusic(), "watch-history.json", json.dumps(value).encode())
    assert error is None
    return rows


def test_history() -> None:
    rows = taken(HISTORY)
    assert rows[0] == Listen("me", TrackRef("Jóga", ("Björk",)), AT)
    assert rows[1].track == TrackRef("Hello", ("Adele",))


def test_only_music_is_taken() -> None:
    video = {"header": "YouTube", "titleUrl": "https://www.youtube.com/watch?v=abcdefghijk"}
    rows = taken(
        [
            item("Watched Cats", "Cats", **video),
            item("Watched Jóga", **video),
            item("Watched Jóga", details=[{"name": "From Google Ads"}]),
            item("Watched https://www.youtube.com/watch?v=abcdefghijk", subtitles=None),
            item("Watched Jóga", time="yesterday"),
        ]
    )
    assert [row.track for row in rows if isinstance(row, Listen)] == [
        TrackRef("Jóga", ("Björk",)),
        TrackRef(other="youtube:abcdefghijk"),
    ]
    assert [row.place for row in rows if isinstance(row, Reject)] == ["item 5", "videos"]
    assert rows[-1].reason.startswith("2 ")


@pytest.mark.parametrize(
    ("before", "after"), [("Sie haben ", " gesehen"), ("", "を見ました"), ("Watched ", "")]
)
def test_the_sentence_of_titles_is_learned(before: str, after: str) -> None:
    titles = ["Jóga", "One", "Unravel", "All", "Pluto", "Bachelorette", "Hunter", "5 Years", "Immature"]
    channels = ["Björk - Topic", "U2 - Topic", "Metallica - Topic"]
    history = [item(f"{before}{title}{after}", channels[n % 3]) for n, title in enumerate(titles)]
    assert [row.track.title for row in taken(history)] == titles


def test_titles_of_videos() -> None:
    assert video_names("AdeleVEVO", "Adele – Hello [4K]") == ("Adele", "Hello")
    assert video_names("Björk Official", "Jóga (HD)") == ("Björk", "Jóga")
    assert video_names("Björk", "(Official Video)") == ("Björk", "(Official Video)")
    assert video_names("U2", "One (Live in Dublin)") == ("U2", "One (Live in Dublin)")


def test_page() -> None:
    rows, error = read(
        YouTubeMusic(),
        "history.html",
        page(
            cell("Jóga"), cell("Cats", "YouTube").replace("music.youtube", "www.youtube"), cell("", time="?")
        ).encode(),
    )
    assert error is None
    assert rows[0] == Listen("me", TrackRef("Jóga", ("Björk",)), AT)
    assert len(rows) == 3  # YouTube's own channel of music counts, wherever it was watched
    assert isinstance(rows[2], Reject)


@pytest.mark.parametrize(
    "written",
    [
        "Apr 25, 2022, 6:09:04 PM UTC",
        "25.04.2022, 20:09:04 MESZ",
        "25 avr. 2022, 20:09:04 CEST",
        "25 abr 2022, 15:09:04 GMT-3",
        "25 апр. 2022 г., 21:09:04 MSK",
        "25 кві. 2022 р., 21:09:04 EEST",
        "2022/04/26 3:09:04 JST",
        "2022年4月26日 上午3:09:04 JST",
        "2022. 4. 26. 오전 3:09:04 KST",
        "25.4.2022 klo 21.09.04 EEST",
        "25 Nis 2022 21:09:04 GMT+03:00",
        "25 kwi 2022, 20:09:04 CEST",
        "25/04/2022, 19:09:04 BST",
        "25. 4. 2022 18:09:04 UTC",
    ],
)
def test_times_as_languages_write_them(written: str) -> None:
    assert written_time(written, Clock(NOW, ZoneInfo("UTC"))) == AT


def test_times_without_a_zone_are_in_the_clocks() -> None:
    clock = Clock(NOW, ZoneInfo("Europe/Paris"))
    assert written_time("25 avr. 2022, 20:09:04", clock) == AT
    assert written_time("25 avr. 2022, 20:09:04 XYZT", clock) == AT
    for wrong in ("yesterday", "31 Feb 2022 10:00", "10:00", "25 foo 2022, 10:00", "25.04.2122, 10:00"):
        with pytest.raises(Malformed):
            written_time(wrong, clock)


def test_saved_songs() -> None:
    rows, _ = read(YouTubeMusic(), "songs.csv", SONGS.encode())
    assert rows == [
        Feedback("me", TrackRef("I've Seen It All", ("Björk", "Thom Yorke"), "Selmasongs"), "save")
    ]
