"""iTunes and Music: Library.xml, and lists of songs as text."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import ClassVar

import pytest

from segue.library.readers.itunes import ITunes
from segue.library.rows import Feedback, Listen, Playlist, PlaylistEntry, Reject, TrackFacts, TrackRef
from segue.testing.reader import ReaderContract, read

XML = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple Computer//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Major Version</key><integer>1</integer>
  <key>Date</key><date>2024-03-04T17:00:00Z</date>
  <key>Tracks</key>
  <dict>
    <key>100</key>
    <dict>
      <key>Track ID</key><integer>100</integer>
      <key>Name</key><string>Jóga</string>
      <key>Artist</key><string>Björk</string>
      <key>Album</key><string>Homogenic &amp; more</string>
      <key>Genre</key><string>Pop</string>
      <key>Total Time</key><integer>305000</integer>
      <key>Date Added</key><date>2019-08-13T10:00:00Z</date>
      <key>Play Count</key><integer>17</integer>
      <key>Play Date</key><integer>3790000000</integer>
      <key>Play Date UTC</key><date>2024-03-04T17:00:00Z</date>
      <key>Loved</key><true/>
      <key>Location</key><string>file:///Users/somebody/Music/joga.m4a</string>
    </dict>
    <key>101</key>
    <dict>
      <key>Track ID</key><integer>101</integer>
      <key>Name</key><string>Pilot</string>
      <key>Artist</key><string>A Show</string>
      <key>Podcast</key><true/>
      <key>Disliked</key><true/>
    </dict>
MORE
  </dict>
  <key>Playlists</key>
  <array>
    <dict>
      <key>Name</key><string>Library</string><key>Master</key><true/>
      <key>Playlist Items</key><array><dict><key>Track ID</key><integer>100</integer></dict></array>
    </dict>
    <dict>
      <key>Name</key><string>Morning</string>
      <key>Playlist Persistent ID</key><string>AB12</string>
      <key>Playlist Items</key>
      <array>
        <dict><key>Track ID</key><integer>101</integer></dict>
        <dict><key>Track ID</key><integer>100</integer></dict>
      </array>
    </dict>
  </array>
  <key>Music Folder</key><string>file:///Users/somebody/Music/</string>
</dict>
</plist>
"""
LIBRARY = XML.replace("MORE\n", "")
TEXT = "Name\tArtist\tAlbum\tSize\tTime\tYear\tPlays\tLast Played\n"
TEXT += "Jóga\tBjörk\tHomogenic\t1000\t305\t1997\t17\t3/4/2024, 5:00 PM\n"
GERMAN = (
    "Name\tInterpret\tAlbum\tGröße\tDauer\tJahr\tWiedergaben\nJóga\tBjörk\tHomogenic\t1000\t305\t1997\t\n"
)
JOGA = TrackRef("Jóga", ("Björk",), "Homogenic", 305_000)


class TestITunesLibrary(ReaderContract):
    reader = ITunes()
    document = True
    samples: ClassVar = {"Library.xml": LIBRARY.encode()}


class TestITunesText(ReaderContract):
    reader = ITunes()
    samples: ClassVar = {"Music.txt": TEXT.encode(), "Musik.txt": GERMAN.encode()}


def test_library() -> None:
    rows, error = read(ITunes(), "Library.xml", LIBRARY.encode())
    assert error is None
    track = JOGA._replace(album="Homogenic & more")
    episode = TrackRef("Pilot", ("A Show",), medium="podcast")
    assert rows == [
        Feedback("me", track, "save", datetime(2019, 8, 13, 10, tzinfo=UTC)),
        Feedback("me", track, "love"),
        Listen("me", track, plays=17),
        Feedback("me", episode, "save"),
        Feedback("me", episode, "hate"),
        Playlist("itunes:me/AB12", "Morning", "me"),
        PlaylistEntry("itunes:me/AB12", 0, episode),
        PlaylistEntry("itunes:me/AB12", 1, track),
    ]


def test_library_leaves_out_films_and_what_has_no_name() -> None:
    film = "<key>7</key><dict><key>Name</key><string>A</string><key>Movie</key><true/></dict>"
    bare = "<key>8</key><dict><key>Name</key><string>A</string></dict><key>9</key><string>text</string>"
    rows, error = read(ITunes(), "Library.xml", XML.replace("MORE", film + bare).encode())
    assert error is None
    assert [row.place for row in rows if isinstance(row, Reject)] == ["track '8'", "track '9'", "tracks"]


@pytest.mark.parametrize(
    "data",
    [
        LIBRARY.replace("<plist", '<!DOCTYPE x [<!ENTITY a "aaaa">]><plist', 1),
        LIBRARY.replace("<key>Loved</key>", "<array>" * 40),
        LIBRARY.replace("</dict>\n</plist>", ""),
    ],
)
def test_a_library_that_is_none_is_refused(data: str) -> None:
    assert read(ITunes(), "Library.xml", data.encode())[1] is not None


def test_time_is_a_length() -> None:
    rows, error = read(ITunes(), "Music.txt", TEXT.encode("utf-16").replace(b"\n\0", b"\r\0"))
    assert error is None
    assert rows == [Listen("me", JOGA, plays=17)]
    rows, error = read(ITunes(), "Music.txt", TEXT.replace("305", "5:05").encode())
    assert rows == [Listen("me", JOGA, plays=17)]


def test_columns_in_another_language() -> None:
    assert read(ITunes(), "Musik.txt", GERMAN.encode())[0] == [TrackFacts(JOGA, "1997")]
