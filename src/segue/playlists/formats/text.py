"""What every format needs: text that stays on its line, and the URIs of a track."""

from __future__ import annotations

import re
import urllib.parse
from pathlib import PurePosixPath, PureWindowsPath

from segue.playlists.playlist import TrackCard

# Everything that some parser takes for the end of a line, and the other control characters: XML 1.0 has no
# place for most of them, and str.splitlines() also breaks at U+0085, U+2028 and U+2029.
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
# Lone surrogates have no UTF-8, U+FFFE and U+FFFF no XML.
UNWRITABLE = re.compile("[\ud800-\udfff\ufffe\uffff]")
NOT_A_BYTE = re.compile(
    "[\ud800-\udc7f\udd00-\udfff]"
)  # the other surrogates stand for a file name's raw bytes
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")  # two letters at least: "C:\\Music" is a path
MBID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
SPOTIFY = re.compile(r"[0-9A-Za-z]+")
SAFE_IN_URI = "/-._~!$&'()+,;=:@"  # RFC 3986, a path's characters


def one_line(text: str | None) -> str:
    """`text` without control characters, line breaks and what cannot be written as UTF-8 or XML."""
    return CONTROL.sub(" ", UNWRITABLE.sub("\ufffd", text or "")).strip()


def title(track: TrackCard) -> str:
    """The title on one line; the library's id where no title is known."""
    return one_line(track.title) or one_line(track.track_id) or "Unknown"


def spotify_uri(track: TrackCard) -> str | None:
    """ "spotify:track:<id>", or "spotify:episode:<id>" for podcasts and chapters of audiobooks."""
    if track.spotify is None or not SPOTIFY.fullmatch(track.spotify):
        return None
    return f"spotify:{'track' if track.medium == 'song' else 'episode'}:{track.spotify}"


def recording_uri(track: TrackCard) -> str | None:
    """The URI of the MusicBrainz recording."""
    if track.mbid is None or not MBID.fullmatch(track.mbid.lower()):
        return None
    return f"https://musicbrainz.org/recording/{track.mbid.lower()}"


def location_uri(track: TrackCard) -> str | None:
    """Where the track plays, as a URI (RFC 3986): the user's own file if known, else Spotify's."""
    location = track.location
    if not location:
        return spotify_uri(track)
    location = NOT_A_BYTE.sub("\ufffd", location)
    if SCHEME.match(location):
        return _quoted(location, "%?#[]*")
    windows = PureWindowsPath(location)
    if windows.drive.startswith("\\\\") or windows.drive[:1].isalpha():  # "1:2.mp3" names no drive
        path = _quoted(windows.as_posix())
        return f"file:{path}" if path.startswith("//") else f"file:///{path}"
    encoded = _quoted(location)
    if PurePosixPath(location).is_absolute():
        return f"file://{encoded}"
    # A relative reference must not look like one with a scheme ("a:b.mp3") or an authority ("//b.mp3").
    return f"./{encoded}" if ":" in encoded.split("/")[0] else encoded


def _quoted(text: str, also: str = "") -> str:
    return urllib.parse.quote(text, safe=SAFE_IN_URI + also, errors="surrogateescape")
