"""Playlists whose tracks have their files, and how a file is named where the playlist is read."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from segue.errors import UsageError
from segue.playlists.playlist import Playlist
from segue.wording import count

if TYPE_CHECKING:
    from segue.library.collection.owned import Owned

SCAN = " (segue files scan)"
MISSING = f"{{}} not among your files{SCAN}: {{}}."
NAMED = 5  # tracks that a note names
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")


def with_files(playlist: Playlist, owned: Owned) -> Playlist:
    """The playlist with each track's file as its location, and what it has none of said in a note.

    Nothing changes where no folder was scanned. Ids and a length that a file tells and the library does not
    are taken.
    """
    if not owned or not playlist.entries:
        return playlist
    files = owned.files([entry.track.track_id for entry in playlist.entries])
    entries, missing = [], []
    for entry in playlist.entries:
        card, file = entry.track, files.get(entry.track.track_id)
        if file is None:
            missing.append(f"{card.credit} - {card.title}" if card.title else card.credit)
            entries.append(entry)
            continue
        known = {name: getattr(card, name) or getattr(file, name) for name in ("mbid", "isrc", "duration_ms")}
        known |= {"location": file.path, "file_title": file.title}
        entries.append(replace(entry, track=replace(card, **known)))
    notes = playlist.notes
    if missing:
        named = "; ".join(missing[:NAMED]) + ("; ..." if len(missing) > NAMED else "")
        notes = (*notes, MISSING.format(count(len(missing), "track is", "tracks are"), named))
    return replace(playlist, entries=tuple(entries), notes=notes)


@dataclass(frozen=True)
class Places:
    """How files are named to who reads a playlist.

    Attributes:
        relative: to the folder of the playlist; else from the root.
        prefixes: (ours, theirs): a folder here, and the same folder where the player runs, as in a container.
    """

    relative: bool = False
    prefixes: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, paths: str, prefixes: Sequence[str] = ()) -> Places:
        """From words: "relative" or "absolute", and prefixes written OURS=THEIRS.

        Raises:
            UsageError: it is neither, or no pair.
        """
        if paths not in ("absolute", "relative"):
            raise UsageError("Paths are written in one of two ways", expected="absolute, relative", got=paths)
        pairs = []
        for pair in prefixes:
            ours, equals, theirs = pair.partition("=")
            if not (ours and equals and theirs):
                raise UsageError(
                    "A prefix of paths is mapped as OURS=THEIRS", got=pair, hint="e.g. /srv/music=/music"
                )
            pairs.append((ours.rstrip("/") or "/", theirs.rstrip("/") or "/"))
        return cls(paths == "relative", tuple(pairs))

    def mapped(self, path: str) -> str:
        """A path as it is there; the longest prefix counts."""
        for ours, theirs in sorted(self.prefixes, key=lambda pair: -len(pair[0])):
            # With the slash, or "/srv/music" would be a prefix of "/srv/music2".
            inside = ours if ours.endswith("/") else f"{ours}/"
            if path == ours or path.startswith(inside):
                return (theirs.rstrip("/") + "/" + path[len(inside) :]).rstrip("/") or "/"
        return path

    def name(self, path: str, folder: Path) -> str:
        """A file's name in a playlist that lies in `folder`."""
        there = self.mapped(path)
        if not self.relative or not there.startswith("/"):
            return there
        return os.path.relpath(there, self.mapped(os.path.normpath(folder.absolute())))

    def place(self, playlist: Playlist, folder: Path) -> Playlist:
        """The playlist as it is written into `folder`. Locations that are URIs stay."""
        if self == Places():
            return playlist
        entries = [
            replace(entry, track=replace(entry.track, location=self.name(entry.track.location, folder)))
            if entry.track.location and not _URI.match(entry.track.location)
            else entry
            for entry in playlist.entries
        ]
        return replace(playlist, entries=tuple(entries))
