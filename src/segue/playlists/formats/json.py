"""Segue's own JSON: everything a playlist knows, and the only format that is read back."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from segue.errors import FormatError, NotFoundError
from segue.playlists.formats.text import UNWRITABLE
from segue.playlists.playlist import Playlist, PlaylistEntry, TrackCard

NAME, VERSION = "segue-playlist", 1


def render(playlist: Playlist) -> bytes:
    """The whole playlist, UTF-8; keys are the names of the dataclasses' fields."""
    body = asdict(playlist) | {"created_at": playlist.created_at.isoformat()}
    del body["drawn"]  # is of no use to who takes the file
    text = json.dumps({"format": NAME, "version": VERSION, "playlist": body}, ensure_ascii=False, indent=2)
    # A file's name may hold bytes that are no UTF-8 (lone surrogates here): JSON has an escape for them.
    return (UNWRITABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text) + "\n").encode()


def read_json(path: Path) -> Playlist:
    """The playlist that `write` put into `path`.

    Raises:
        NotFoundError: no such file.
        FormatError: it is not a playlist of this version, or a value is not what it should be.
    """
    try:
        data = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise NotFoundError(f"No playlist at {path}", hint="check the name") from None
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{path} is not JSON", got=str(error), hint="write it again") from None
    if not isinstance(data, dict) or (data.get("format"), data.get("version")) != (NAME, VERSION):
        raise FormatError(
            f"{path} is not a Segue playlist", expected=f'"format": "{NAME}" and "version": {VERSION}'
        )
    try:
        _refuse_unknown(data.get("playlist"))
        playlist = _adapter().validate_python(data.get("playlist"))
        _refuse_impossible(playlist)
    except (ValidationError, ValueError) as error:
        raise FormatError(
            f"{path} holds a playlist that is not whole", got=str(error), hint="write it again"
        ) from None
    return playlist


@cache
def _adapter() -> TypeAdapter[Playlist]:
    return TypeAdapter(Playlist)


def _refuse_unknown(playlist: Any) -> None:
    if not isinstance(playlist, dict):
        raise ValueError("playlist must be an object")
    parts: list[tuple[type[Playlist | PlaylistEntry | TrackCard], Any]] = [(Playlist, playlist)]
    entries = playlist.get("entries", [])
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict):
            parts += [(PlaylistEntry, entry), (TrackCard, entry.get("track"))]
    for kind, part in parts:
        unknown = set(part) - {field.name for field in fields(kind)} if isinstance(part, dict) else set()
        if unknown:
            raise ValueError(f"unknown keys in {kind.__name__}: {', '.join(sorted(unknown))}")


def _refuse_impossible(playlist: Playlist) -> None:
    for entry in playlist.entries:
        duration = entry.track.duration_ms
        if duration is not None and not 0 <= duration < 1 << 63:
            raise ValueError(f"track {entry.position} lasts {str(duration)[:30]} ms")
