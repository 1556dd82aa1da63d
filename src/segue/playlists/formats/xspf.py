"""XSPF version 1 (https://www.xspf.org/spec): XML that VLC, Audacious, mpd, Mopidy and others open."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET

from segue.playlists.formats.text import location_uri, one_line, recording_uri, spotify_uri, title
from segue.playlists.playlist import Playlist, PlaylistEntry

NAMESPACE = "http://xspf.org/ns/0/"


def render(playlist: Playlist) -> bytes:
    """The playlist as an XSPF document, UTF-8; the reason of each track is its annotation."""
    # The namespace as a plain attribute keeps the element names without a prefix: mpd compares them as text.
    root = ET.Element("playlist", {"version": "1", "xmlns": NAMESPACE})
    _add(root, "title", one_line(playlist.title))
    _add(root, "creator", "Segue")
    _add(root, "annotation", " ".join(one_line(note) for note in playlist.notes))
    _add(root, "date", playlist.created_at.isoformat())
    tracks = ET.SubElement(root, "trackList")
    for entry in playlist.entries:
        _track(ET.SubElement(tracks, "track"), entry)
    ET.indent(root)
    out = io.BytesIO()
    ET.ElementTree(root).write(out, encoding="UTF-8", xml_declaration=True)
    return out.getvalue() + b"\n"


def _track(element: ET.Element, entry: PlaylistEntry) -> None:
    card = entry.track
    _add(element, "location", location_uri(card))  # first: mpd drops tags that stand before it
    _add(element, "identifier", recording_uri(card))
    _add(element, "identifier", spotify_uri(card))
    _add(element, "title", title(card))
    _add(element, "creator", one_line(card.credit))
    _add(element, "annotation", one_line(entry.reason))
    _add(element, "album", one_line(card.album))
    if card.duration_ms is not None and card.duration_ms >= 0:
        _add(element, "duration", str(card.duration_ms))


def _add(parent: ET.Element, name: str, text: str | None) -> None:
    if text:
        ET.SubElement(parent, name).text = text
