"""A track is found by its id, its name, or words of it; the exact name goes before the popular one."""

from __future__ import annotations

import pytest

from segue.errors import NotFoundError
from segue.library import Library
from segue.library.rows import Listen, TrackRef
from segue.library.search import find_named, find_track, find_tracks, plain

SONGS = [
    ("U2", "One", 1),
    ("U2", "One Tree Hill", 9),
    ("Adele", "Hello", 1),
    ("Adele", "Hello - Live", 5),
    ("Beyoncé", "Déjà Vu", 1),
    ("Ed Sheeran", "÷", 1),
    ("Ed Sheeran", "Divide", 3),
    ("AC/DC", "Back in Black", 2),
    ("Nas", "N.Y. State of Mind", 3),
    ("R.E.M.", "Losing My Religion", 2),
    ("Queen", "Bohemian Rhapsody", 8),
    ("Nobody", "Queen", 1),
    ("Chopin", "Nocturne in C minor", 7),
    ("Chopin", "Nocturne in C# minor", 1),
    ("A R", "राम", 1),
    ("A R", "रोम", 4),
    ("Björk", "It's Oh So Quiet", 1),
    ("MØ", "Final Song", 1),
    ("Sơn Tùng M-TP", "Lạc Trôi", 1),
]


@pytest.fixture
def songs(library: Library, store) -> Library:
    store(library, [Listen("me", TrackRef(title, (artist,)), plays=n) for artist, title, n in SONGS])
    played = [("you", TrackRef(title, (artist,))) for artist, title, n in SONGS for _ in range(n)]
    store(library, [Listen(f"{who}{n}", track) for n, (who, track) in enumerate(played)], "other")
    return library


def test_a_search_finds_what_is_meant(songs: Library) -> None:
    meant = {
        "u2 - one": "One",
        "U2 one": "One",
        "one - u2": "One",
        "one": "One",
        "adele - hello": "Hello",
        "hello live": "Hello - Live",
        "beyonce": "Déjà Vu",
        "BEYONCÉ deja vu": "Déjà Vu",
        "÷": "÷",
        "ac dc back": "Back in Black",
        "nas - ny state of mind": "N.Y. State of Mind",
        "n.y. state of mind": "N.Y. State of Mind",
        "rem losing": "Losing My Religion",
        "queen": "Bohemian Rhapsody",
        "nobody - queen": "Queen",
        "nocturne in c# minor": "Nocturne in C# minor",
        "chopin - nocturne in c minor": "Nocturne in C minor",
        "राम": "राम",
        "bjork its oh so": "It's Oh So Quiet",
        "mo final": "Final Song",
        "son tung": "Lạc Trôi",
        "name:queen|bohemian rhapsody": "Bohemian Rhapsody",
    }
    assert {text: find_tracks(songs, text)[0].title for text in meant} == meant

    with pytest.raises(NotFoundError, match=r"did you mean 'Beyoncé - Déjà Vu'"):
        find_tracks(songs, "beyonse deja vu")
    with pytest.raises(NotFoundError, match="No track matches"):
        find_tracks(songs, "xqzv wwkk")
    with pytest.raises(NotFoundError):
        find_tracks(songs, "  ")

    # among those that a model knows
    known = {"name:u2|one tree hill", "name:adele|hello"}
    assert find_track(songs, "u2 - one", known).title == "One Tree Hill"
    with pytest.raises(NotFoundError, match="the model does not know it"):
        find_track(songs, "queen", known)
    named = find_named(songs, [("beyonce", "Deja vu"), ("Adele", "Hell")])
    assert named == ["name:beyonce|deja vu", None]


@pytest.mark.parametrize(
    "typed",
    [
        "spotify:4uLU6hMCjMI75M1A2tKUQC",
        "spotify:track:4uLU6hMCjMI75M1A2tKUQC",
        "https://open.spotify.com/track/4uLU6hMCjMI75M1A2tKUQC?si=0a1b2c",
        "4uLU6hMCjMI75M1A2tKUQC",
        "https://musicbrainz.org/recording/8f3471b5-7e6a-48da-86a9-c1c07a0f47ae",
        "GB-AYE-87-00001",
    ],
)
def test_a_link_or_any_id_finds_the_track(library: Library, store, typed: str) -> None:
    ids = {
        "spotify": "4uLU6hMCjMI75M1A2tKUQC",
        "mbid": "8f3471b5-7e6a-48da-86a9-c1c07a0f47ae",
        "isrc": "GBAYE8700001",
    }
    store(library, [Listen("me", TrackRef("Never Gonna Give You Up", ("Rick Astley",), **ids))])
    assert [found.title for found in find_tracks(library, typed)] == ["Never Gonna Give You Up"]


def test_a_link_to_what_is_not_there_is_told(songs: Library) -> None:
    with pytest.raises(NotFoundError, match="No track matches 'https://open"):
        find_tracks(songs, "https://open.spotify.com/track/4uLU6hMCjMI75M1A2tKUQC")


def test_a_search_sees_what_was_imported_since(songs: Library, store) -> None:
    assert find_tracks(songs, "hello")[0].artists == ("Adele",)
    store(songs, [Listen("me", TrackRef("Tusa", ("KAROL G",)))])
    assert find_tracks(songs, "tusa")[0].artists == ("KAROL G",)


def test_an_empty_library_says_that_nothing_is_there(library: Library) -> None:
    with pytest.raises(NotFoundError):
        find_tracks(library, "hello")


@pytest.mark.parametrize("text", ["Déjà  Vu!", "ÐØ þing", "Sơn Tùng", "ﾊﾞﾝﾄﾞ", "Straße", "'n' \u2019"])
def test_plain_text_is_plain_already(text: str) -> None:
    assert plain(plain(text)) == plain(text)


def test_a_remaster_that_many_have_goes_before_a_cover_that_few_have(library: Library, store) -> None:
    """The words name a title alone: the song that is met most is meant, live takes and covers come after."""
    known = [
        ("Eagles", "Hotel California - Remastered", 6),
        ("Acoustic Hits", "Hotel California", 1),
        ("Hotel California", "San Francisco", 1),
        ("Eagles", "Hotel California - Live", 9),
        ("Somebody", "Hotel California (Cover)", 8),
    ]
    played = [TrackRef(title, (artist,)) for artist, title, n in known for _ in range(n)]
    store(library, [Listen(f"p{n}", track) for n, track in enumerate(played)])
    found = find_tracks(library, "hotel california")
    assert found[0].name == "Eagles - Hotel California - Remastered"
    assert found[1].name == "Acoustic Hits - Hotel California"
    assert find_tracks(library, "acoustic hits hotel california")[0].artists == ("Acoustic Hits",)
    assert find_tracks(library, "hotel california live")[0].title == "Hotel California - Live"
