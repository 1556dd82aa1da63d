"""Subsonic and OpenSubsonic: Navidrome, Gonic, LMS, supysonic and others (https://opensubsonic.netlify.app)."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from typing import Any

from segue.errors import FormatError, NotFoundError, SegueError, UsageError
from segue.library.readers import fields
from segue.players.answers import part, rows
from segue.players.base import Destination, Source, Standing, comment, unix_time
from segue.players.http import ADD_AGAIN, Server
from segue.players.matching import Song, artist_queries, best, credits, queries
from segue.playlists.playlist import Playlist, TrackCard

VERSION = "1.16.1"
FOUND, MOST_FOUND = 100, 1000  # songs of an answer to a search, and of all answers to it
ARTISTS = 20  # of an answer to a search
A_PAGE = 500  # songs or albums, the most that servers tell at once
AT_ONCE = 150  # songs in one address: servers refuse those over some 8,000 characters
LOVED, HATED = 4, 1  # of 5
_NOT_THERE, _NO_TOKENS, _WRONG = 70, (10, 41, 42), (40, 41, 42, 43, 44, 50)


class Subsonic(Destination, Source):
    """A Subsonic server, asked as one of its users; without a user the secret is an API key.

    It tells no history, but how songs stand: a star and 4 or 5 of 5 are love, 1 of 5 is hate, and servers of
    OpenSubsonic tell how often a song was played, and when last.
    """

    def __init__(self, server: Server, user: str, secret: str, *, public: bool = False) -> None:
        self._server, self._user, self._secret, self._public = server, user, secret, public
        self._post: bool | None = None
        self._artists: dict[str, list[Song]] = {}  # songs of artists that were looked through
        self._tokens = True  # whether the server takes a hash of the password in its place

    @property
    def where(self) -> str:
        return self._server.where

    def test(self) -> str:
        told = self._ask("ping")
        kind = " ".join(str(told[key]) for key in ("type", "serverVersion") if told.get(key))
        return f"{self.where} answers as {kind or 'a Subsonic server'}, protocol {told.get('version', '?')}"

    def standing(self) -> Iterator[list[Standing]]:
        """All songs, for a rating is told with its song alone; then the artists with a star."""
        for songs in self._everything():
            yield [_stands(each) for each in songs if each.get("id") is not None]
        starred = rows(self.where, self._ask("getStarred2"), "starred2", "artist")
        yield [
            Standing(
                Song(f"artist:{each['id']}", None, (str(each["name"]),)),
                word="love",
                said_at=unix_time(each.get("starred")),
            )
            for each in starred
            if each.get("id") is not None and each.get("name")
        ]

    def _everything(self) -> Iterator[list[dict[str, Any]]]:
        """Every song: by a search for nothing; on servers of before OpenSubsonic album by album."""
        page, start = list[dict[str, Any]](), 0
        while start == 0 or len(page) == A_PAGE:
            asked = {"query": "", "songCount": A_PAGE, "songOffset": start, "artistCount": 0, "albumCount": 0}
            page = rows(self.where, self._ask("search3", **asked), "searchResult3", "song")
            if start == 0 and not page:
                yield from self._albums()
                return
            yield page
            start += A_PAGE

    def _albums(self) -> Iterator[list[dict[str, Any]]]:
        albums, start = list[dict[str, Any]](), 0
        while start == 0 or len(albums) == A_PAGE:
            asked = {"type": "alphabeticalByName", "size": A_PAGE, "offset": start}
            albums = rows(self.where, self._ask("getAlbumList2", **asked), "albumList2", "album")
            for each in albums:
                yield self._album(each)
            start += A_PAGE

    def find(self, playlist: Playlist) -> list[str | None]:
        return [self._song(entry.track) for entry in playlist.entries]

    def has(self, playlist_id: str) -> bool:
        try:
            self._ask("getPlaylist", id=playlist_id)
        except NotFoundError:
            return False
        return True

    def put(self, playlist: Playlist, items: tuple[str, ...], replacing: str | None) -> str:
        """One request where it fits: servers replace all tracks of a playlist, or none of them."""
        if replacing is None or not self.has(replacing):
            replacing = self._ours(playlist.title)
        first = items if self._posts() else items[:AT_ONCE]
        which = {"name": playlist.title} if replacing is None else {"playlistId": replacing}
        told = self._ask("createPlaylist", songId=list(first), **which)
        made = part(self.where, told, "playlist").get("id") or replacing or self._newest(playlist.title)
        for start in range(len(first), len(items), AT_ONCE):
            self._ask("updatePlaylist", playlistId=made, songIdToAdd=list(items[start : start + AT_ONCE]))
        said = {"name": playlist.title, "comment": comment(playlist), "public": str(self._public).lower()}
        self._ask("updatePlaylist", playlistId=made, **said)
        return str(made)

    def remove(self, playlist_id: str) -> None:
        try:
            self._ask("deletePlaylist", id=playlist_id)
        except NotFoundError:
            return

    def _song(self, card: TrackCard) -> str | None:
        for query in queries(card):
            if (song := best(card, self._search(query))) is not None:
                return song.item
        for query in artist_queries(card):
            if (song := best(card, self._by_artist(card, query))) is not None:
                return song.item
        return None

    def _by_artist(self, card: TrackCard, query: str) -> Iterator[Song]:
        """All songs of the track's artist, album by album."""
        told = self._ask("search3", query=query, artistCount=ARTISTS, albumCount=0, songCount=0)
        for each in rows(self.where, told, "searchResult3", "artist"):
            if each.get("id") and credits(card, str(each.get("name") or "")):
                yield from self._songs_of(str(each["id"]))

    def _songs_of(self, artist: str) -> list[Song]:
        if artist not in self._artists:
            albums = rows(self.where, self._ask("getArtist", id=artist), "artist", "album")
            songs = (song for album in albums for song in self._album(album))
            self._artists[artist] = [_told(song) for song in songs if song.get("id") is not None]
        return self._artists[artist]

    def _album(self, album: dict[str, Any]) -> list[dict[str, Any]]:
        return rows(self.where, self._ask("getAlbum", id=album.get("id")), "album", "song")

    def _search(self, query: str) -> Iterator[Song]:
        """Songs that are found, as far as they are looked at: many have "Love" in their titles."""
        for start in range(0, MOST_FOUND, FOUND):
            asked = {"query": query, "songCount": FOUND, "songOffset": start}
            told = self._ask("search3", **asked, artistCount=0, albumCount=0)
            found = rows(self.where, told, "searchResult3", "song")
            yield from (_told(each) for each in found if each.get("id") is not None)
            if len(found) < FOUND:
                return

    def _ours(self, title: str) -> str | None:
        """A playlist of that title that Segue made, as where what was kept of it is lost."""
        for each in self._playlists(title):
            if str(each.get("comment") or "").startswith("Segue"):
                return str(each["id"])
        return None

    def _newest(self, title: str) -> str:
        """The playlist of that title that was made last, where a server answers nothing."""
        found = self._playlists(title)
        if not found:
            raise SegueError(f"{self.where} did not make the playlist", got="no playlist of its name")
        return str(max(found, key=lambda each: str(each.get("created") or ""))["id"])

    def _playlists(self, title: str) -> list[dict[str, Any]]:
        told = rows(self.where, self._ask("getPlaylists"), "playlists", "playlist")
        mine = (each for each in told if each.get("owner") in (None, self._user) or not self._user)
        return [each for each in mine if each.get("name") == title and each.get("id") is not None]

    def _posts(self) -> bool:
        """Whether the server takes what it is told in the body of a POST."""
        if self._post is None:
            self._post = False
            try:
                offered = self._ask("getOpenSubsonicExtensions")
                offered = rows(self.where, offered, "openSubsonicExtensions")
                self._post = any(each.get("name") == "formPost" for each in offered)
            except SegueError:
                pass  # a server of before OpenSubsonic
        return self._post

    def _ask(self, verb: str, **told: Any) -> dict[str, Any]:
        """What the server answers.

        Raises:
            NotFoundError: it does not have what was named.
            UsageError: it does not take the account.
            SegueError: it refuses, or cannot be reached.
        """
        asked = told
        told = {**self._identity(), "v": VERSION, "c": "segue", "f": "json", **told}
        # Replacing a playlist twice is the same as once; making one is not, nor is adding to it.
        safe = not (verb == "createPlaylist" and "playlistId" not in told) and "songIdToAdd" not in told
        path = f"rest/{verb}.view"
        if self._post:
            answer = self._server.json("POST", path, safe=safe, data=told)
        else:
            answer = self._server.json("GET", path, safe=safe, params=told)
        body = answer.get("subsonic-response") if isinstance(answer, dict) else None
        if not isinstance(body, dict):
            raise FormatError(
                f"{self.where} is no Subsonic server",
                hint="check the address: that of the server, without /rest, and the kind of the player",
            )
        if body.get("status") == "ok":
            return body
        error = body.get("error")
        error = error if isinstance(error, dict) else {"message": error}
        code, said = error.get("code"), str(error.get("message") or "")[:200]
        if code in _NO_TOKENS and self._tokens and self._user:
            self._tokens = False  # supysonic, and accounts that another server keeps the passwords of
            return self._ask(verb, **asked)
        if code == _NOT_THERE:
            raise NotFoundError(f"{self.where} does not have what was named", got=said)
        if code in _WRONG:
            raise UsageError(f"{self.where} does not take the account", got=said, hint=ADD_AGAIN)
        told_code = [f"error {code}"] if code is not None else []
        raise SegueError(f"{self.where} refused {verb}", got=", ".join([*told_code, said or "no reason"]))

    def _identity(self) -> dict[str, str]:
        if not self._user:
            return {"apiKey": self._secret}  # with which a user's name is an error
        if not self._tokens:
            return {"u": self._user, "p": f"enc:{self._secret.encode().hex()}"}
        salt = secrets.token_hex(8)
        # The protocol's own: MD5 of password and salt, so that the password itself is not sent.
        return {"u": self._user, "s": salt, "t": hashlib.md5(f"{self._secret}{salt}".encode()).hexdigest()}


def _stands(song: dict[str, Any]) -> Standing:
    """Servers leave out what is nothing: a star, a rating, a count, the last play."""
    rating = fields.or_none(fields.integer, song.get("userRating")) or 0
    starred = unix_time(song.get("starred"))
    loved = bool(song.get("starred")) or rating >= LOVED
    return Standing(
        _told(song),
        fields.or_none(fields.text, song.get("album")),
        fields.or_none(fields.integer, song.get("playCount")) or 0,
        unix_time(song.get("played")),
        "love" if loved else "hate" if rating == HATED else None,
        starred,
    )


def _told(song: dict[str, Any]) -> Song:
    listed = song.get("artists")
    names = (
        [each.get("name") for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    )
    artists = [name for each in names if (name := fields.or_none(fields.text, each))]
    artists = artists or [fields.or_none(fields.text, song.get("artist")) or ""]
    isrcs = song.get("isrc") or []
    return Song(
        str(song["id"]),
        fields.or_none(fields.text, song.get("title")),
        tuple(artists),
        fields.or_none(fields.seconds, song.get("duration")) or None,
        tuple(filter(None, [fields.mbid(song.get("musicBrainzId"))])),
        tuple(filter(None, map(fields.isrc, isrcs if isinstance(isrcs, list) else [isrcs]))),
        str(song.get("path") or ""),
    )
