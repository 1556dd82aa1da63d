"""What every player that takes lists must do, whatever kind it is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from segue.errors import NotFoundError
from segue.players.base import Destination
from segue.playlists.playlist import Playlist, PlaylistEntry, TrackCard


class DestinationContract(ABC):
    """Inherit it, and say how a player is made that has `cards`, and what its playlists hold."""

    @abstractmethod
    def destination(self) -> Destination:
        """A player that has `cards()` and nothing else."""

    @abstractmethod
    def cards(self) -> list[TrackCard]:
        """Four tracks that the player has, or more."""

    @abstractmethod
    def contents(self, destination: Destination) -> dict[str, list[str]]:
        """What the player calls the tracks of each of its playlists, by the playlist's id."""

    def playlist(self, cards: list[TrackCard], title: str = "Discover Weekly") -> Playlist:
        """A playlist of these tracks."""
        entries = tuple(PlaylistEntry(n, card, 0.5, f"Reason {n}.") for n, card in enumerate(cards, 1))
        return Playlist(title, "ana", "2026-W48", datetime(2026, 11, 23, tzinfo=UTC), entries)

    def test_says_that_it_is_there(self) -> None:
        assert self.destination().test()

    def test_holds_what_was_pushed_in_order(self) -> None:
        to, cards = self.destination(), self.cards()
        receipt = to.push(self.playlist([cards[2], cards[0], cards[1]]))
        assert receipt.changed and not receipt.unmatched
        assert self.contents(to)[receipt.playlist_id] == list(receipt.items)
        assert len(receipt.items) == 3
        assert to.has(receipt.playlist_id)

    def test_the_next_list_takes_the_place_of_the_last(self) -> None:
        to, cards = self.destination(), self.cards()
        first = to.push(self.playlist(cards[:3]))
        second = to.push(self.playlist(cards[1:]), replacing=first.playlist_id, items=first.items)
        assert self.contents(to) == {second.playlist_id: list(second.items)}

    def test_the_same_list_is_not_written_again(self) -> None:
        to, cards = self.destination(), self.cards()
        first = to.push(self.playlist(cards[:3]))
        again = to.push(self.playlist(cards[:3]), replacing=first.playlist_id, items=first.items)
        assert not again.changed
        assert len(self.contents(to)) == 1

    def test_what_is_not_there_is_said_and_left_out(self) -> None:
        to, cards = self.destination(), self.cards()
        strange = TrackCard("strange", "A song that nobody has", ("Nobody",), mbid=None)
        receipt = to.push(self.playlist([cards[0], strange, cards[1]]))
        assert receipt.unmatched == ("Nobody - A song that nobody has",)
        assert len(receipt.items) == 2

    def test_nothing_matched_leaves_the_old_list(self) -> None:
        to, cards = self.destination(), self.cards()
        first = to.push(self.playlist(cards[:3]))
        strange = TrackCard("strange", "A song that nobody has", ("Nobody",))
        with pytest.raises(NotFoundError):
            to.push(self.playlist([strange]), replacing=first.playlist_id, items=first.items)
        assert self.contents(to) == {first.playlist_id: list(first.items)}

    def test_one_that_somebody_removed_is_made_anew(self) -> None:
        to, cards = self.destination(), self.cards()
        first = to.push(self.playlist(cards[:3]))
        to.remove(first.playlist_id)
        to.remove(first.playlist_id)
        again = to.push(self.playlist(cards[:3]), replacing=first.playlist_id, items=first.items)
        assert again.changed
        assert list(self.contents(to)) == [again.playlist_id]

    def test_a_track_twice_comes_once(self) -> None:
        to, cards = self.destination(), self.cards()
        twice = replace(cards[0], track_id="twice")
        assert len(to.push(self.playlist([cards[0], twice, cards[1]])).items) == 2
