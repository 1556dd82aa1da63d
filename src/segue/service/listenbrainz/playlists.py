"""Weekly lists as ListenBrainz hands out playlists: those that were "created for" a listener."""

from __future__ import annotations

import uuid
from typing import Any

from segue.engine import Engine
from segue.playlists.formats import jspf
from segue.playlists.playlist import Playlist
from segue.service.stored import Stored

_NAMES = uuid.UUID("0b2e5a58-8f0f-5d39-8a44-5f8f1c9a6b01")


def mbid(listener: str, week: str) -> str:
    """The id of a listener's list of a week: always the same, so that a player replaces it."""
    return str(uuid.uuid5(_NAMES, f"{listener}\x1f{week}"))


def created_for(
    stored: Stored, engine: Engine, listener: str, count: int, offset: int, address: str
) -> dict[str, Any]:
    """The weekly lists of a listener, newest first, without their tracks."""
    weeks = stored.names(listener)
    shown = weeks[offset : offset + count]
    lists = [document(stored.playlist(engine, week, listener), address, tracks=False) for week in shown]
    return {"count": count, "offset": offset, "playlist_count": len(weeks), "playlists": lists}


def find(stored: Stored, engine: Engine, listener: str, wanted: str) -> Playlist | None:
    """The list of that id, if it is this listener's."""
    for week in stored.names(listener):
        if mbid(listener, week) == wanted:
            return stored.playlist(engine, week, listener)
    return None


def document(playlist: Playlist, address: str, *, tracks: bool) -> dict[str, Any]:
    """A list as ListenBrainz tells it."""
    body = jspf.document(playlist)["playlist"]
    body["identifier"] = f"{address}/playlist/{mbid(playlist.listener, playlist.week or '')}"
    body["creator"] = "segue"
    extension = body["extension"][jspf.PLAYLIST_EXTENSION]
    extension["creator"], extension["created_for"] = "segue", playlist.listener
    if not tracks:
        body["track"] = []
    return {"playlist": body}
