"""M3U8: the list of files that nearly every player opens. UTF-8, one line per fact, lines end in LF."""

from __future__ import annotations

from segue.playlists.formats.text import CONTROL, UNWRITABLE, location_uri, one_line, spotify_uri, title
from segue.playlists.playlist import Playlist, PlaylistEntry, TrackCard


def render(playlist: Playlist) -> bytes:
    """The playlist as extended M3U, UTF-8 without a byte order mark."""
    lines = ["#EXTM3U", f"#PLAYLIST:{one_line(playlist.title)}"]
    # Beside real files an address of Spotify would be a line that does not play.
    files = any(entry.track.location for entry in playlist.entries)
    for entry in playlist.entries:
        lines += _lines(entry, files)
    return ("\n".join(lines) + "\n").encode()


def _lines(entry: PlaylistEntry, files: bool) -> list[str]:
    card = entry.track
    credit = one_line(card.credit)
    shown = f"{credit} - {title(card)}" if credit else title(card)
    location = _location(card) if card.location or not files else None
    if location is None:
        # An address nobody can play would stop a player: the place is kept for the reader's eye.
        return [f"# no file{'' if files else ' or Spotify id'}: {shown}"]
    known = card.duration_ms is not None and card.duration_ms >= 0
    seconds = round(card.duration_ms / 1000) if known and card.duration_ms is not None else -1
    return [f"#EXTINF:{seconds},{shown}", location]


def _location(card: TrackCard) -> str | None:
    """A path as it is (M3U knows no escapes), a URI where a line cannot hold the path."""
    path = card.location
    if not path:
        return spotify_uri(card)
    if CONTROL.search(path) or UNWRITABLE.search(path) or path != path.strip():
        uri = location_uri(card)
        return uri if uri is not None and ":" in uri else spotify_uri(card)
    return f"./{path}" if path.startswith("#") else path
