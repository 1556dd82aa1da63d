"""Lists and stars on a real Subsonic server: supysonic, with audio files of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests import audio
from tests.players import real

from segue.errors import NotFoundError, UsageError
from segue.library import Library
from segue.players import accounts, subsonic
from segue.players.base import Destination
from segue.players.http import Server
from segue.players.pulling import pull
from segue.players.subsonic import AT_ONCE, Subsonic
from segue.playlists.playlist import Playlist, PlaylistEntry, TrackCard
from segue.testing.player import DestinationContract

IN_ONE, SONGS = 15, 40  # songs of one request here, and of all: reading many files takes long


def opened(address: str, password: str = real.PASSWORD) -> Subsonic:
    return Subsonic(Server(address, "supysonic"), "ana", password)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subsonic, "AT_ONCE", IN_ONE)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("supysonic")
    for n in range(SONGS):
        # A third is spelled otherwise than the library has it.
        title = (f"Song {n}", f"SONG {n}", f"Song {n} (feat. Somebody)")[n % 3]
        audio.flac(folder / "music" / f"{n}.flac", 20, title=title, artist="Adele", album="25")
    with real.supysonic(folder / "music", folder / "server") as found:
        yield found


class TestSupysonic(DestinationContract):
    @pytest.fixture(autouse=True)
    def _empty(self, address: str) -> None:
        self.address, to = address, opened(address)
        for key in self.contents(to):
            to.remove(key)

    def destination(self) -> Destination:
        return opened(self.address)

    def cards(self) -> list[TrackCard]:
        return [TrackCard(f"t{n}", f"Song {n}", ("Adele",), duration_ms=20_000) for n in range(5)]

    def contents(self, destination: Destination) -> dict[str, list[str]]:
        assert isinstance(destination, Subsonic)
        lists = (destination._ask("getPlaylists").get("playlists") or {}).get("playlist") or []
        told = {each["id"]: destination._ask("getPlaylist", id=each["id"])["playlist"] for each in lists}
        return {key: [song["id"] for song in each.get("entry") or []] for key, each in told.items()}

    def test_the_same_playlist_is_replaced_with_its_comment(self) -> None:
        to, cards = opened(self.address), self.cards()
        first = to.push(self.playlist(cards[:3]))
        second = to.push(self.playlist(cards[2:]), replacing=first.playlist_id, items=first.items)
        assert second.playlist_id == first.playlist_id
        told = to._ask("getPlaylist", id=second.playlist_id)["playlist"]
        assert told["comment"].startswith("Segue, 2026-W48. Song 2: Reason 1.")
        assert told["public"] is False

    def test_a_long_list_is_whole_and_in_order(self) -> None:
        to = opened(self.address)
        cards = [TrackCard(f"t{n}", f"Song {n}", ("Adele",), duration_ms=20_000) for n in range(SONGS)]
        receipt = to.push(self.playlist(cards[::-1]))
        assert not receipt.unmatched
        assert self.contents(to)[receipt.playlist_id] == list(receipt.items)

    def test_what_is_asked_at_once_fits_into_an_address(self) -> None:
        song = "&songId=00000000-0000-0000-0000-000000000000"  # as supysonic's and Navidrome's ids
        assert AT_ONCE * len(song) < 7000

    def test_a_bad_id_changes_nothing(self) -> None:
        to = opened(self.address)
        first = to.push(self.playlist(self.cards()[:3]))
        strange = "00000000-0000-0000-0000-000000000000"
        with pytest.raises(NotFoundError):
            to._ask("createPlaylist", playlistId=first.playlist_id, songId=[first.items[0], strange])
        assert self.contents(to)[first.playlist_id] == list(first.items)

    def test_a_wrong_password_is_said(self) -> None:
        with pytest.raises(UsageError, match="does not take the account"):
            opened(self.address, "wrong").test()


def test_stars_and_ratings_become_feedback(address: str, tmp_path: Path) -> None:
    server = opened(address)
    ids = {song.title: song.item for page in server.standing() for song in (each.song for each in page)}
    library = Library.open(tmp_path / "library", create=True)
    account = accounts.add(library.path, name="home", kind="subsonic", listener="ana", pull=True)

    def words() -> list[tuple[str, str]]:
        library.refresh()
        feedback, tracks = library.table("feedback"), library.table("tracks")
        joined = feedback.inner_join(tracks.select("track_id", "title"), "track_id")
        rows = library.arrow(joined.select("title", "kind")).to_pylist()
        return sorted((row["title"], row["kind"]) for row in rows)

    try:
        server._ask("star", id=ids["Song 0"])
        server._ask("setRating", id=ids["Song 3"], rating=5)
        server._ask("setRating", id=ids["SONG 4"], rating=1)
        assert pull(library, account, source=server).stored == 3
        assert words() == [("SONG 4", "hate"), ("Song 0", "love"), ("Song 3", "love")]
        assert pull(library, account, source=server).read == 0
        server._ask("unstar", id=ids["Song 0"])
        assert pull(library, account, source=server).stored == 1
        assert ("Song 0", "unlove") in words()
    finally:
        for title in ("Song 3", "SONG 4"):
            server._ask("setRating", id=ids[title], rating=0)
        with contextlib.suppress(Exception):
            server._ask("unstar", id=ids["Song 0"])


def test_tags_are_found_however_they_are_spelled(tmp_path: Path) -> None:
    tags = {
        "Café del Mar": "Cafe del Mar",
        "Don’t Stop": "Don't Stop",
        "Rock 'n' Roll": "Rock ’n’ Roll",
        "Déjà Vu": "Deja vu",
        "Let It Be": "Let It Be - Remastered 2011",
        "Get Back (Remastered 2015)": "Get Back",
        "ÉTÉ": "été",
        "Hálo": "Halo",
        "Ещё": "Еще",
        "Beyonce": "Beyoncé",
    }
    for title in (*tags, "Let It Be (Live)", "Get Back - Instrumental"):
        artist = "Thé Band" if title == "Hálo" else "The Band"
        audio.flac(tmp_path / "music" / f"{title}.flac", 20, title=title, artist=artist, album="A")
    with real.supysonic(tmp_path / "music", tmp_path / "server") as address:
        to = opened(address)
        cards = [
            # The last is found by the spelling of the file that Segue knows of.
            TrackCard(
                name, name, ("The Band",), duration_ms=20_000, file_title="ÉTÉ" if name == "été" else None
            )
            for name in tags.values()
        ]
        entries = tuple(PlaylistEntry(n, card) for n, card in enumerate(cards, 1))
        items = to.find(Playlist("L", "ana", "2026-W48", datetime(2026, 11, 23, tzinfo=UTC), entries))
        known = {song.item: song.title for page in to.standing() for song in (each.song for each in page)}
        assert [known.get(item or "") for item in items] == list(tags)
