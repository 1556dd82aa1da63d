"""JSPF (https://wiki.xiph.org/JSPF) with MusicBrainz' extensions (https://musicbrainz.org/doc/jspf)."""

from __future__ import annotations

import json
from typing import Any

from segue.playlists.formats.text import location_uri, one_line, recording_uri, spotify_uri, title
from segue.playlists.playlist import Playlist, PlaylistEntry

PLAYLIST_EXTENSION = "https://musicbrainz.org/doc/jspf#playlist"
TRACK_EXTENSION = "https://musicbrainz.org/doc/jspf#track"


def render(playlist: Playlist) -> bytes:
    """The playlist as a private JSPF document, UTF-8."""
    return (json.dumps(document(playlist), ensure_ascii=False, indent=2) + "\n").encode()


def document(playlist: Playlist, *, public: bool = False) -> dict[str, Any]:
    """The playlist as ListenBrainz takes it (POST /1/playlist/create).

    `public` decides who may see it there. A listener's name goes into the extension only: a `created_for` at
    the top makes ListenBrainz refuse the list from all but its own bots.
    """
    extension = {
        "public": public,
        "creator": "Segue",
        "created_for": one_line(playlist.listener),
        "last_modified_at": playlist.created_at.isoformat(),
        "additional_metadata": {
            "algorithm_metadata": {
                "source_patch": "segue-weekly" if playlist.week else "segue",
                "week": playlist.week,
                "seed": playlist.seed,
                "models": [one_line(model) for model in playlist.models],
            }
        },
    }
    head = {
        "title": one_line(playlist.title) or "Segue",  # ListenBrainz takes no empty title
        "creator": "Segue",
        "annotation": " ".join(one_line(note) for note in playlist.notes),
        "date": playlist.created_at.isoformat(),
        "extension": {PLAYLIST_EXTENSION: extension},
        "track": [_track(entry, playlist) for entry in playlist.entries],
    }
    return {"playlist": {key: value for key, value in head.items() if value != ""}}


def _track(entry: PlaylistEntry, playlist: Playlist) -> dict[str, Any]:
    card = entry.track
    identifier = recording_uri(card) or spotify_uri(card)
    location = location_uri(card)
    metadata = {
        "segue_track_id": one_line(card.track_id),
        "chosen_by": one_line(entry.chosen_by),
        "score": entry.score,
        "spotify_uri": spotify_uri(card),
        "isrc": one_line(card.isrc),
    }
    fields = {
        "identifier": [identifier] if identifier else [],
        "location": [location] if location else None,
        "title": title(card),
        "creator": one_line(card.credit),
        "album": one_line(card.album),
        "duration": card.duration_ms,
        "annotation": one_line(entry.reason),
        "extension": {
            TRACK_EXTENSION: {
                "added_by": "Segue",
                "added_at": playlist.created_at.isoformat(),
                "additional_metadata": {k: v for k, v in metadata.items() if v not in (None, "")},
            }
        },
    }
    return {key: value for key, value in fields.items() if value not in (None, "")}
