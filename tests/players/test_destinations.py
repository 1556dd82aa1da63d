"""Every kind of player keeps to the contract; what a kind has of its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import httpx2 as httpx
import pytest
from tests.players import fakes

from segue.errors import BusyError, SegueError, UsageError
from segue.players.base import Destination
from segue.players.folder import Folder
from segue.players.http import TRIES, TRIES_UNREACHED, Server, clean
from segue.players.jellyfin import Jellyfin
from segue.players.listenbrainz import ListenBrainz
from segue.players.matching import Song, best
from segue.players.mpd import file_name
from segue.players.subsonic import AT_ONCE, Subsonic
from segue.playlists.placed import Places
from segue.playlists.playlist import TrackCard
from segue.testing.player import DestinationContract

MBIDS = [f"{n:08d}-7e6a-48da-86a9-c1c07a0f47ae" for n in range(6)]
CARDS = [
    TrackCard(f"t{n}", f"Song {n}", ("Adele",), duration_ms=200_000, mbid=MBIDS[n], location=f"/m/{n}.flac")
    for n in range(5)
]
SONGS = [
    {"id": f"s{n}", "title": f"SONG {n} (feat. X)", "artist": "adele", "duration": 200} for n in range(5)
]


class TestSubsonic(DestinationContract):
    tokens, empty = True, False

    def destination(self) -> Destination:
        self.fake = fakes.Subsonic(SONGS, tokens=self.tokens, empty=self.empty)
        return Subsonic(fakes.server(self.fake), "ana", "secret")

    def cards(self) -> list[TrackCard]:
        return CARDS

    def contents(self, destination: Destination) -> dict[str, list[str]]:
        return {key: value["entry"] for key, value in self.fake.lists.items()}

    def test_the_reasons_are_its_comment(self) -> None:
        to = self.destination()
        made = to.push(self.playlist(CARDS[:2]))
        assert self.fake.lists[made.playlist_id]["comment"].startswith("Segue, 2026-W48. Song 0: Reason 1.")

    def test_a_playlist_of_ours_is_known_by_its_comment(self) -> None:
        to = self.destination()
        first = to.push(self.playlist(CARDS[:2]))
        self.fake.lists["theirs"] = {
            "name": "Discover Weekly",
            "owner": "ana",
            "comment": "mine",
            "entry": [],
        }
        assert to.push(self.playlist(CARDS[2:])).playlist_id == first.playlist_id
        assert self.fake.lists["theirs"]["entry"] == []

    def test_a_long_list_is_whole(self) -> None:
        to = self.destination()
        songs = [{"id": f"s{n}", "title": f"Song {n}", "artist": "Adele"} for n in range(AT_ONCE + 20)]
        self.fake.songs = songs
        cards = [TrackCard(f"t{n}", f"Song {n}", ("Adele",)) for n in range(len(songs))]
        receipt = to.push(self.playlist(cards))
        assert self.contents(to)[receipt.playlist_id] == [song["id"] for song in songs]


class TestAnOlderSubsonic(TestSubsonic):
    """As supysonic: no tokens, and nothing where the playlist should be told."""

    tokens, empty = False, True


class TestListenBrainz(DestinationContract):
    def destination(self) -> Destination:
        self.fake = fakes.ListenBrainz()
        return ListenBrainz(fakes.server(self.fake), "ana")

    def cards(self) -> list[TrackCard]:
        return CARDS

    def contents(self, destination: Destination) -> dict[str, list[str]]:
        return self.fake.lists


class TestJellyfin(DestinationContract):
    edits = True

    def destination(self) -> Destination:
        ticks = 200 * 10**7
        songs = [
            {"Id": f"j{n}", "Name": f"Song {n}", "Artists": ["Adele"], "RunTimeTicks": ticks}
            for n in range(5)
        ]
        self.fake = fakes.Jellyfin(songs, edits=self.edits)
        return Jellyfin(fakes.server(self.fake), "ana", "secret")

    def cards(self) -> list[TrackCard]:
        return CARDS

    def contents(self, destination: Destination) -> dict[str, list[str]]:
        return self.fake.lists

    def test_the_playlist_stays_the_same_where_the_server_edits(self) -> None:
        to, cards = self.destination(), self.cards()
        first = to.push(self.playlist(cards[:3]))
        second = to.push(self.playlist(cards[2:]), replacing=first.playlist_id, items=first.items)
        assert (second.playlist_id == first.playlist_id) is self.edits


class TestAnOlderJellyfin(TestJellyfin):
    edits = False


class TestFolder(DestinationContract):
    @pytest.fixture(autouse=True)
    def _in(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def destination(self) -> Destination:
        return Folder(self.folder, Places())

    def cards(self) -> list[TrackCard]:
        return CARDS

    def contents(self, destination: Destination) -> dict[str, list[str]]:
        lines = {path.name: path.read_text().splitlines() for path in self.folder.glob("*.m3u8")}
        return {name: [each for each in found if not each.startswith("#")] for name, found in lines.items()}

    # Each place of a file is written, also where two tracks have one.
    def test_a_track_twice_comes_once(self) -> None:
        pass


@pytest.mark.parametrize(
    ("song", "found"),
    [
        (Song("1", "song 0", ("ADELE",), 203_000), True),
        (Song("1", "Song 0", ("Adele",), 210_000), False),
        (Song("1", "Else", ("Else",), 203_000, mbids=(MBIDS[0],)), True),
        (Song("1", "Else", ("Else",), 10, mbids=(MBIDS[0],)), False),
        (Song("1", "Song 0", ("Adele",), 10, mbids=(MBIDS[0],)), True),
        (Song("1", None, (), 10, mbids=(MBIDS[0],)), True),
        (Song("1", "Song 0", ("Beck",), 200_000), False),
        (Song("1", "Else", ("Else",), path="m/0.flac"), True),
        (Song("1", "Else", ("Else",), path="0.flac"), False),
        (Song("1", "Song 0", ("Adele feat. Beck",), None), True),
        (Song("1", "Song 0", ("Adele, Beck",), None), True),
    ],
)
def test_which_song_it_is(song: Song, found: bool) -> None:
    assert (best(CARDS[0], [song]) is not None) == found


def test_ids_that_other_songs_have_by_mistake() -> None:
    card = replace(CARDS[0], isrc="GBBKS1500214")
    album = [
        Song(str(n), f"Song {n}", ("Adele",), 199_000 + n * 200, isrcs=("GBBKS1500214",))
        for n in range(3, -1, -1)
    ]
    found = best(card, album)
    assert found and found.item == "0"
    wrong, right = (
        Song("wrong", "Else", ("Else",), 200_000, mbids=(MBIDS[0],)),
        Song("right", "Song 0", ("Adele",)),
    )
    assert best(card, [wrong, right]) == right
    here = Song("here", "Something", ("X",), 100_000, path="music/m/0.flac")
    assert best(replace(card, location="/srv/music/m/0.flac"), [right, here]) == here


def test_a_name_that_ends_in_a_number_has_guests_too() -> None:
    card = TrackCard("t", "Sugar", ("Maroon 5",))
    assert best(card, [Song("1", "Sugar", ("Maroon 5 feat. Cardi B",))])


def test_a_busy_server_is_waited_for() -> None:
    waits: list[float] = []
    answers = iter(
        [httpx.Response(429, headers={"Retry-After": "7"}), httpx.Response(503), httpx.Response(200, json=1)]
    )
    assert fakes.server(lambda request: next(answers), waits).json("GET", "x") == 1
    assert waits == [7.0, 2.0]
    waits.clear()
    with pytest.raises(BusyError, match="busy"):
        fakes.server(lambda request: httpx.Response(503), waits).ask("GET", "x")
    assert len(waits) == TRIES - 1
    with pytest.raises(BusyError, match="asks to wait"):
        fakes.server(lambda request: httpx.Response(429, headers={"Retry-After": "9999"})).ask("GET", "x")


def test_servers_that_send_elsewhere_break_off_or_are_slow() -> None:
    moved = httpx.Response(301, headers={"Location": "/music/x?u=ana&t=hunter2"})
    for told in ({}, {"errors_are_answers": True}):
        with pytest.raises(SegueError, match=r"sends elsewhere.*org/music\.") as raised:
            fakes.server(lambda request: moved).json("GET", "x", **told)
        assert "hunter2" not in str(raised.value)
    for error, said in (
        (httpx.ReadTimeout, "no answer in time"),
        (httpx.ConnectTimeout, "no answer in time"),
        (httpx.RemoteProtocolError, "an answer that broke off"),
        (httpx.ConnectError, "no connection"),
    ):
        waits: list[float] = []

        def broken(request: httpx.Request, error: type[Exception] = error) -> httpx.Response:
            raise error("hunter2")

        with pytest.raises(SegueError, match=said) as raised:
            fakes.server(broken, waits).ask("GET", "x")
        assert len(waits) == TRIES_UNREACHED - 1 and "hunter2" not in str(raised.value)
    with pytest.raises(UsageError, match="status 403"):
        fakes.server(lambda request: httpx.Response(403, text="no")).json("GET", "x", errors_are_answers=True)
    with pytest.raises(SegueError, match="look into its log"):
        fakes.server(lambda request: httpx.Response(500)).ask("GET", "x")


def test_what_may_not_be_sent_twice_is_not() -> None:
    asked = []

    def lost(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        raise httpx.ReadTimeout("lost")

    with pytest.raises(SegueError, match="cannot be reached"):
        fakes.server(lost).ask("POST", "x")
    assert len(asked) == 1


def test_no_error_holds_a_secret() -> None:
    def broken(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError(str(request.url))

    to = Subsonic(fakes.server(broken), "ana", "hunter2")
    with pytest.raises(SegueError) as raised:
        to.test()
    assert "hunter2" not in str(raised.value) and "?" not in str(raised.value)
    with pytest.raises(UsageError) as refused:
        clean("https://ana:hunter2@music.example.org")
    assert "hunter2" not in str(refused.value)


def test_a_wrong_password_is_said() -> None:
    to = Subsonic(fakes.server(fakes.Subsonic(SONGS)), "bob", "x")
    with pytest.raises(UsageError, match="does not take the account"):
        to.test()
    with pytest.raises(UsageError, match="status 401"):
        Jellyfin(fakes.server(fakes.Jellyfin([])), "ana", "wrong").test()


def test_names_that_mpd_takes() -> None:
    assert file_name("a/b\n") == "a b"
    assert file_name("...") == "Segue"


def test_a_server_needs_an_address() -> None:
    with pytest.raises(UsageError, match="no address of a server"):
        Server("music", "The server")
