"""A folder of M3U8 files kept in step, for any player that looks into one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from segue.errors import UsageError
from segue.files import refuse_read_only, write_bytes
from segue.players.base import Destination
from segue.players.mpd import file_name
from segue.playlists.formats import m3u8
from segue.playlists.placed import Places
from segue.playlists.playlist import Playlist


class Folder(Destination):
    """A folder in which each playlist is a file named by its title, of tracks that there are files of."""

    def __init__(self, folder: Path, places: Places) -> None:
        if not str(folder):
            raise UsageError("A folder needs a path", hint="--address /srv/music/playlists")
        self._folder, self._places = folder, places

    @property
    def where(self) -> str:
        return f"The folder {self._folder}"

    def test(self) -> str:
        refuse_read_only(self._folder, "folder of playlists")
        return f"{self.where} can be written to"

    def find(self, playlist: Playlist) -> list[str | None]:
        return [
            None if entry.track.location is None else self._places.name(entry.track.location, self._folder)
            for entry in playlist.entries
        ]

    def has(self, playlist_id: str) -> bool:
        return (self._folder / playlist_id).is_file()

    def put(self, playlist: Playlist, items: tuple[str, ...], replacing: str | None) -> str:
        name = f"{file_name(playlist.title)[:120]}.m3u8"
        placed = [
            replace(entry, track=replace(entry.track, location=item))
            for entry, item in zip(playlist.entries, self.find(playlist), strict=True)
        ]
        write_bytes(self._folder / name, m3u8.render(replace(playlist, entries=tuple(placed))))
        if replacing not in (None, name):
            self.remove(replacing or "")
        return name

    def remove(self, playlist_id: str) -> None:
        (self._folder / playlist_id).unlink(missing_ok=True)
