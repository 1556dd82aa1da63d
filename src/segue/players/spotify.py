"""Spotify: playlists (https://developer.spotify.com/documentation/web-api, as of February 2026)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from segue.errors import FormatError, NotFoundError, UsageError
from segue.library.readers import fields
from segue.players.answers import part, rows, text, whole
from segue.players.base import Destination, comment
from segue.players.http import Server
from segue.players.matching import Song, best
from segue.playlists.playlist import Playlist, TrackCard

ADDRESS = "https://api.spotify.com"
ITEMS = 100  # tracks that one request takes
FOUND = 10  # tracks that a search tells at most
DESCRIPTION = 300  # characters


class Spotify(Destination):
    """A user's Spotify, through an application of their own.

    Args:
        server: of the API.
        entry: hands out an access token, a new one where it is told that the last one no longer holds.
        public: whether others see the playlists.
    """

    def __init__(self, server: Server, entry: Callable[[bool], str], *, public: bool = False) -> None:
        self._server, self._entry, self._public = server, entry, public

    @property
    def where(self) -> str:
        return self._server.what

    def test(self) -> str:
        told = self._ask("GET", "v1/me")
        return f"{self.where} answers, as {told.get('display_name') or told.get('id') or '?'}"

    def find(self, playlist: Playlist) -> list[str | None]:
        """Most tracks have their Spotify id in the library; others are searched for."""
        return [self._uri(entry.track) for entry in playlist.entries]

    def has(self, playlist_id: str) -> bool:
        """Whether it is still in the user's library: a playlist that was removed there can still be read."""
        return any(each.get("id") == playlist_id for each in self._mine())

    def put(self, playlist: Playlist, items: tuple[str, ...], replacing: str | None) -> str:
        """Up to a hundred tracks are replaced in one step."""
        said = {
            "name": playlist.title,
            "description": comment(playlist)[:DESCRIPTION],
            "public": self._public,
        }
        if replacing is None or not self.has(replacing):
            replacing = str(self._ask("POST", "v1/me/playlists", json=said).get("id") or "")
            if not replacing:
                raise FormatError(f"{self.where} did not say which playlist it made")
        else:
            self._ask("PUT", f"v1/playlists/{replacing}", json=said)
        path = f"v1/playlists/{replacing}/items"
        self._ask("PUT", path, json={"uris": list(items[:ITEMS])})
        for start in range(ITEMS, len(items), ITEMS):
            self._ask("POST", path, json={"uris": list(items[start : start + ITEMS])})
        return replacing

    def remove(self, playlist_id: str) -> None:
        """There a playlist is not deleted, but taken out of the user's library."""
        try:
            self._ask("DELETE", "v1/me/library", params={"uris": f"spotify:playlist:{playlist_id}"})
        except NotFoundError:
            return

    def _mine(self) -> Iterator[dict[str, Any]]:
        start = 0
        while True:
            told = self._ask("GET", "v1/me/playlists", params={"limit": 50, "offset": start})
            page = rows(self.where, told, "items")
            yield from page
            start += len(page)
            if not page or not told.get("next"):
                return

    def _uri(self, card: TrackCard) -> str | None:
        if card.spotify:
            return f"spotify:track:{card.spotify}"
        asked = [f"isrc:{card.isrc}"] if card.isrc else []
        if card.title and card.artists:
            asked.append(f'track:"{_plain(card.title)}" artist:"{_plain(card.artists[0])}"')
        for query in asked:
            told = self._ask("GET", "v1/search", params={"q": query, "type": "track", "limit": FOUND})
            found = rows(self.where, told, "tracks", "items")
            song = best(card, [_told(each) for each in found if each.get("uri")])
            if song is not None:
                return song.item
        return None

    def _ask(self, method: str, path: str, **told: Any) -> dict[str, Any]:
        """What the API answers; a token that ran out is renewed once."""
        try:
            answer = self._send(method, path, self._entry(False), told)
        except UsageError:
            answer = self._send(method, path, self._entry(True), told)
        return answer if isinstance(answer, dict) else {}

    def _send(self, method: str, path: str, token: str, told: dict[str, Any]) -> Any:
        return self._server.json(method, path, headers={"Authorization": f"Bearer {token}"}, **told)


def _plain(text: str) -> str:
    return text.replace('"', " ").strip()


def _told(track: dict[str, Any]) -> Song:
    artists = [each.get("name") for each in rows("Spotify", track, "artists")]
    isrc = fields.isrc(part("Spotify", track, "external_ids").get("isrc"))
    return Song(
        str(track["uri"]),
        text(track.get("name")) or None,
        tuple(filter(None, map(text, artists))),
        whole(track.get("duration_ms")) or None,
        isrcs=(isrc,) if isrc else (),
    )
