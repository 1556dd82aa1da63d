"""What players can do: take a playlist in the place of the last one, or tell what was listened to."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, NamedTuple

from segue.errors import NotFoundError
from segue.library.readers import fields
from segue.library.readers.times import Clock
from segue.players.matching import Song
from segue.playlists.playlist import Playlist, PlaylistEntry

LONGEST_COMMENT = 1000  # characters


class Receipt(NamedTuple):
    """What became of a playlist on the other side."""

    playlist_id: str  # what the player calls it
    items: tuple[str, ...]  # what the player calls its tracks, in order
    unmatched: tuple[str, ...]  # tracks that the player does not have, as people read them
    changed: bool  # whether anything was written there


class NoneThereError(NotFoundError):
    """A player has none of a playlist's tracks; nothing was changed there."""


class Player(ABC):
    """A player, or a service."""

    @property
    @abstractmethod
    def where(self) -> str:
        """The player in a sentence, without secrets."""

    @abstractmethod
    def test(self) -> str:
        """What the player says of itself.

        Raises:
            SegueError: it cannot be reached, or does not take the account.
        """


class Destination(Player):
    """A player that takes playlists. `find` and `put` are a kind's own; `push` is the same for all."""

    def push(
        self, playlist: Playlist, *, replacing: str | None = None, items: tuple[str, ...] = ()
    ) -> Receipt:
        """Put a playlist there, in the place of an earlier one where that still is.

        Args:
            playlist: with the title that it has there; empty places are left out.
            replacing: the id that the earlier one was given there.
            items: that the earlier one holds: the same are not written again.

        Raises:
            NoneThereError: the player has none of the tracks; nothing is changed there.
            SegueError: the player refused, or could not be reached.
        """
        found = self.find(playlist)
        unmatched = tuple(
            _named(entry) for entry, item in zip(playlist.entries, found, strict=True) if item is None
        )
        own = tuple(dict.fromkeys(item for item in found if item is not None))
        if not own:
            raise NoneThereError(
                f"{self.where} has none of the {len(found)} tracks of {playlist.title!r}",
                hint="let it scan its music; or ask for lists of what there are files of: owned = true in "
                "segue.toml under [weekly]",
            )
        if replacing is not None and own == items and self.has(replacing):
            return Receipt(replacing, own, unmatched, False)
        return Receipt(self.put(playlist, own, replacing), own, unmatched, True)

    @abstractmethod
    def find(self, playlist: Playlist) -> list[str | None]:
        """What the player calls each track of a playlist; None for what it does not have."""

    @abstractmethod
    def has(self, playlist_id: str) -> bool:
        """Whether a playlist of that id is there."""

    @abstractmethod
    def put(self, playlist: Playlist, items: tuple[str, ...], replacing: str | None) -> str:
        """Write a playlist of these items there, in the place of another one if that is there; its id."""

    @abstractmethod
    def remove(self, playlist_id: str) -> None:
        """Remove a playlist; nothing happens where it is gone already."""


class Page(NamedTuple):
    """Some of what was listened to, as the player tells it: a file that `segue import` reads."""

    document: dict[str, Any]
    oldest: int | None  # Unix time of the oldest listen on it; None where it holds none
    listens: int


class Standing(NamedTuple):
    """How a song stands on a player: how often it was played, when last, and what was said of it."""

    song: Song  # one without a title is an artist
    album: str | None = None
    plays: int = 0  # all there were
    played_at: int | None = None  # Unix time of the last one
    word: str | None = None  # love or hate
    said_at: int | None = None  # Unix time, where the player tells it


class Source(Player):
    """A player that tells of listening: its history (`pull`), how songs stand (`standing`), or both."""

    format: ClassVar[str] = ""  # the reader of its pages; empty where it has no history
    # Whether `standing` has every word that holds, and nothing else: what is missing there was taken back.
    all_words: ClassVar[bool] = False

    def pull(self, since: datetime | None = None, *, before: int | None = None) -> Iterator[Page]:
        """What was listened to after `since`, newest first, page by page.

        Args:
            since: everything if it is left out.
            before: Unix time; only what is older, to go on with a pull that was broken off.

        Raises:
            SegueError: the player refused, or could not be reached.
        """
        return iter(())

    def standing(self) -> Iterator[list[Standing]]:
        """How songs stand now, some at a time; songs of which there is nothing to tell among them.

        Raises:
            NotFoundError: this player cannot tell.
            SegueError: the player refused, or could not be reached.
        """
        return iter(())


def unix_time(value: object) -> int | None:
    """Unix time of a time as players write it; None where it is none. What names no zone is taken for UTC."""
    found = fields.or_none(Clock(datetime.now(UTC) + timedelta(days=1), UTC).time, value)
    return None if found is None else int(found.timestamp())


def comment(playlist: Playlist) -> str:
    """A line on the playlist: that it is ours, of which week, and the reasons of its first tracks."""
    lines = [f"Segue{f', {playlist.week}' if playlist.week else ''}."]
    lines += [
        f"{entry.track.title}: {entry.reason}"
        for entry in playlist.entries
        if entry.reason and entry.track.title
    ]
    said = ""
    for line in lines:
        if len(said) + len(line) > LONGEST_COMMENT:
            break
        said = f"{said} {line}".strip()
    return said


def _named(entry: PlaylistEntry) -> str:
    card = entry.track
    return f"{card.credit} - {card.title}" if card.title else card.credit or card.track_id
