"""mpd, the music player daemon: stored playlists, and the queue (https://mpd.readthedocs.io, protocol)."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from typing import Any
from urllib.parse import quote

from segue.errors import NotFoundError, SegueError, UsageError, install
from segue.library.readers import fields
from segue.players.base import Destination
from segue.players.matching import Song, artist_queries, best, queries
from segue.playlists.placed import Places
from segue.playlists.playlist import Playlist, TrackCard
from segue.wording import count

PORT = 6600
ASIDE = ".segue-new"
LOCAL = "local:track:"  # how mopidy names a file under its folder, its path in percent signs
TIMEOUT = 30.0


class Mpd(Destination):
    """An mpd. A playlist is written under another name and then takes the old one's place."""

    def __init__(
        self, address: str, secret: str = "", *, places: Places | None = None, queue: bool = False
    ) -> None:
        host, _, port = (
            address.rpartition(":") if ":" in address and "/" not in address else (address, "", "")
        )
        if port and not port.isdecimal():
            raise UsageError(
                "That is no address of mpd", expected="host, host:port or a socket's path", got=address
            )
        self._host, self._port = host or "localhost", int(port or PORT)
        self._secret, self._places, self._queue = secret, places or Places(), queue

    @property
    def where(self) -> str:
        return f"mpd at {self._host}" + ("" if "/" in self._host else f":{self._port}")

    def test(self) -> str:
        with self._connected() as mpd:
            songs = int(mpd.stats().get("songs") or 0)  # mopidy does not count them
            mpd.listplaylists()
            has = f", with {count(songs, 'song')}" if songs else ""
            return f"{self.where} answers, protocol {mpd.mpd_version}{has}"

    def find(self, playlist: Playlist) -> list[str | None]:
        with self._connected() as mpd:
            local = LOCAL.partition(":")[0] in mpd.urlhandlers()
            return [self._song(mpd, entry.track, local) for entry in playlist.entries]

    def has(self, playlist_id: str) -> bool:
        with self._connected() as mpd:
            return any(each.get("playlist") == playlist_id for each in mpd.listplaylists())

    def put(self, playlist: Playlist, items: tuple[str, ...], replacing: str | None) -> str:
        name = file_name(playlist.title)
        aside = f"{name}{ASIDE}"
        with self._connected() as mpd:
            there = {each.get("playlist") for each in mpd.listplaylists()}
            if aside in there:
                mpd.rm(aside)
            mpd.command_list_ok_begin()
            for item in items:
                mpd.playlistadd(aside, item)
            mpd.command_list_end()
            mpd.command_list_ok_begin()
            for old in {name, replacing} & there:
                mpd.rm(old)
            mpd.rename(aside, name)
            mpd.command_list_end()
            if self._queue:
                mpd.command_list_ok_begin()
                mpd.clear()
                mpd.load(name)
                mpd.command_list_end()
        return name

    def remove(self, playlist_id: str) -> None:
        if self.has(playlist_id):
            with self._connected() as mpd:
                mpd.rm(playlist_id)

    def _song(self, mpd: Any, card: TrackCard, local: bool) -> str | None:
        """By its file, if it lies under the player's own folder; else by id, else by name."""
        for path in self._paths(card):
            if (uri := self._there(mpd, path, local)) is not None:
                return uri
        found = mpd.find("musicbrainz_trackid", card.mbid) if card.mbid else []
        song = best(card, map(_told, found))
        asked = [("title", query) for query in queries(card)]
        asked += [("artist", query) for query in artist_queries(card)]
        for tag, query in asked if song is None else ():
            if (song := best(card, map(_told, mpd.search(tag, query)))) is not None:
                break
        return song.item if song is not None else None

    def _there(self, mpd: Any, path: str, local: bool) -> str | None:
        """What the player calls the file of that path under its own folder; None where there is none."""
        if local:
            uri = LOCAL + quote(path)
            return uri if mpd.find("file", uri) else None
        with contextlib.suppress(Exception):  # mpd says "no such file" as an error of its own
            if mpd.lsinfo(path):
                return path
        return None

    def _paths(self, card: TrackCard) -> list[str]:
        """What the file may be called below the player's folder, which mpd tells to nobody over a network."""
        if not card.location or "://" in card.location:
            return []
        parts = self._places.mapped(card.location).strip("/").split("/")
        return ["/".join(parts[at:]) for at in range(len(parts))]

    @contextlib.contextmanager
    def _connected(self) -> Generator[Any]:
        try:
            import mpd
        except ModuleNotFoundError:
            raise NotFoundError("mpd is spoken to with an extra", hint=install("players")) from None
        client: Any = mpd.MPDClient()
        client.timeout = TIMEOUT
        try:
            client.connect(self._host, self._port)
            if self._secret:
                client.password(self._secret)
            yield client
        except mpd.CommandError as error:
            raise SegueError(f"{self.where} refused", got=str(error)) from error
        except (OSError, mpd.MPDError) as error:
            raise SegueError(
                f"{self.where} cannot be reached", got=str(error), hint="check the address, and that it runs"
            ) from error
        finally:
            with contextlib.suppress(Exception):
                client.close()
                client.disconnect()


def file_name(title: str) -> str:
    """A name that mpd takes: it becomes a file's."""
    return (
        "".join(" " if char in "/\\\n\r" or not char.isprintable() else char for char in title).strip(". ")
        or "Segue"
    )


def _told(song: dict[str, Any]) -> Song:
    artist = song.get("artist") or ""
    mbid = song.get("musicbrainz_trackid")
    title = song.get("title")
    return Song(
        str(song["file"]),
        title[0] if isinstance(title, list) else title,
        tuple(artist) if isinstance(artist, list) else (artist,),
        fields.or_none(fields.seconds, song.get("duration") or song.get("time")) or None,
        tuple(filter(None, map(fields.mbid, mbid if isinstance(mbid, list) else [mbid]))),
    )
