"""Jellyfin: playlists of a user, and how they listened (https://api.jellyfin.org)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from segue.errors import BusyError, FormatError, NotFoundError, SegueError
from segue.library.readers import fields
from segue.players.answers import part, rows
from segue.players.base import Destination, Source, Standing, unix_time
from segue.players.http import Server
from segue.players.matching import Song, best, queries
from segue.playlists.playlist import Playlist, TrackCard

AT_ONCE = 100
A_PAGE = 500
_CLIENT = 'MediaBrowser Client="Segue", Device="Segue", DeviceId="segue", Version="1"'


class Jellyfin(Destination, Source):
    """A Jellyfin server, entered by name and password: with an API key it lets nobody edit playlists.

    It keeps no history, but how songs stand for a user: it counts a play when one begins.
    """

    def __init__(self, server: Server, user: str, secret: str, *, public: bool = False) -> None:
        self._server, self._user, self._secret, self._public = server, user, secret, public
        self._entered: tuple[str, str] | None = None

    @property
    def where(self) -> str:
        return self._server.where

    def test(self) -> str:
        told = self._server.json("GET", "System/Info/Public")
        self._user_id()
        version = told.get("Version") if isinstance(told, dict) else None
        return f"{self.where} answers as Jellyfin {version or '?'}, as {self._user}"

    def find(self, playlist: Playlist) -> list[str | None]:
        return [self._song(entry.track) for entry in playlist.entries]

    def has(self, playlist_id: str) -> bool:
        try:
            self._items(playlist_id, limit=1)
        except NotFoundError:
            return False
        return True

    def put(self, playlist: Playlist, items: tuple[str, ...], replacing: str | None) -> str:
        """In place since Jellyfin 10.9; before, the new one is made whole before the old one goes."""
        if replacing is not None and self._replaced(replacing, playlist, items):
            return replacing
        body = {"Name": playlist.title, "Ids": list(items[:AT_ONCE]), "UserId": self._user_id()}
        told = self._ask("POST", "Playlists", json=body | {"MediaType": "Audio", "IsPublic": self._public})
        made = told.get("Id") if isinstance(told, dict) else None
        if not made:
            raise FormatError(f"{self.where} did not say which playlist it made")
        for start in range(AT_ONCE, len(items), AT_ONCE):
            lot = {"ids": ",".join(items[start : start + AT_ONCE]), "userId": self._user_id()}
            self._ask("POST", f"Playlists/{made}/Items", params=lot)
        if replacing is not None:
            self.remove(replacing)
        return str(made)

    def _replaced(self, playlist_id: str, playlist: Playlist, items: tuple[str, ...]) -> bool:
        """Whether the server put these items in the place of what the playlist held."""
        body = {"Name": playlist.title, "Ids": list(items), "IsPublic": self._public}
        try:
            self._ask("POST", f"Playlists/{playlist_id}", json=body, safe=True)
            held = self._items(playlist_id, limit=len(items) + 1)
        except BusyError:
            raise
        except SegueError:  # an older server, one that does not let them, or the playlist is gone
            return False
        return [str(each["Id"]) for each in held] == list(items)

    def remove(self, playlist_id: str) -> None:
        try:
            self._ask("DELETE", f"Items/{playlist_id}")
        except NotFoundError:
            return

    def standing(self) -> Iterator[list[Standing]]:
        """All songs with the user's own data: whoever takes a heart back must be seen, too."""
        asked = {"includeItemTypes": "Audio", "recursive": "true", "fields": "ProviderIds", "limit": A_PAGE}
        asked |= {"enableUserData": "true", "enableImages": "false", "sortBy": "DateCreated,SortName"}
        page, start = list[dict[str, Any]](), 0
        while start == 0 or len(page) == A_PAGE:
            told = self._ask("GET", "Items", params=asked | {"userId": self._user_id(), "startIndex": start})
            page = _listed(told)
            yield [_stands(each) for each in page]
            start += A_PAGE

    def _song(self, card: TrackCard) -> str | None:
        asked = {"includeItemTypes": "Audio", "recursive": "true", "limit": 50, "userId": self._user_id()}
        asked |= {"fields": "ProviderIds,Path"}
        for query in queries(card):
            told = self._ask("GET", "Items", params=asked | {"searchTerm": query})
            if (song := best(card, map(_told, _listed(told)))) is not None:
                return song.item
        return None

    def _items(self, playlist_id: str, limit: int) -> list[dict[str, Any]]:
        asked = {"userId": self._user_id(), "limit": limit}
        return _listed(self._ask("GET", f"Playlists/{playlist_id}/Items", params=asked))

    def _user_id(self) -> str:
        if self._entered is None:
            body = {"Username": self._user, "Pw": self._secret}
            told = self._server.json(
                "POST", "Users/AuthenticateByName", json=body, headers={"Authorization": _CLIENT}
            )
            try:
                self._entered = str(told["User"]["Id"]), str(told["AccessToken"])
            except (TypeError, KeyError):
                raise FormatError(
                    f"{self.where} is no Jellyfin server",
                    hint="check the address, with its path if it has one, and the kind of the player",
                ) from None
        return self._entered[0]

    def _ask(self, method: str, path: str, **told: Any) -> Any:
        self._user_id()
        assert self._entered is not None
        headers = {"Authorization": f'{_CLIENT}, Token="{self._entered[1]}"'}
        return self._server.json(method, path, headers=headers, **told)


def _listed(told: Any) -> list[dict[str, Any]]:
    return [each for each in rows("Jellyfin", told, "Items") if each.get("Id")]


def _stands(item: dict[str, Any]) -> Standing:
    kept = part("Jellyfin", item, "UserData")
    # Only an id that surely is a recording's may tell the library which song it is.
    recording = fields.mbid(part("Jellyfin", item, "ProviderIds").get("MusicBrainzRecording"))
    word = "love" if kept.get("IsFavorite") else "hate" if kept.get("Likes") is False else None
    return Standing(
        _told(item)._replace(mbids=(recording,) if recording else ()),
        fields.or_none(fields.text, item.get("Album")),
        fields.or_none(fields.integer, kept.get("PlayCount")) or 0,
        unix_time(kept.get("LastPlayedDate")),
        word,
    )


def _told(item: dict[str, Any]) -> Song:
    ids, ticks = part("Jellyfin", item, "ProviderIds"), item.get("RunTimeTicks")
    artists = item.get("Artists")
    return Song(
        str(item["Id"]),
        fields.or_none(fields.text, item.get("Name")),
        tuple(filter(None, (fields.or_none(fields.text, each) for each in artists)))
        if isinstance(artists, list)
        else (),
        ticks // 10_000 if isinstance(ticks, int) else None,  # of 100 ns
        # Its "MusicBrainzTrack" may be the track's id on an album; "MusicBrainzRecording" is newer.
        tuple(
            filter(
                None, (fields.mbid(ids.get(name)) for name in ("MusicBrainzRecording", "MusicBrainzTrack"))
            )
        ),
    )
