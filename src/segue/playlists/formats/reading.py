"""Read playlist files that other programs wrote, and our own: JSPF, XSPF, M3U8, CSV, JSON.

What identifies a track is kept (ids, artist and title, place); everything else of foreign formats is passed
over. A track without any of these is still an entry, so that positions stay those of the file.
"""

from __future__ import annotations

import csv
import io
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

from segue.errors import FormatError, NotFoundError, UsageError
from segue.playlists.formats.json import NAME, read_json
from segue.playlists.formats.jspf import TRACK_EXTENSION
from segue.playlists.formats.writing import FORMATS
from segue.playlists.playlist import Playlist, PlaylistEntry, TrackCard

_SPOTIFY = re.compile(r"spotify(?::|\.com/)(?:track|episode)[:/]([0-9A-Za-z]{22})")
_RECORDING = re.compile(r"musicbrainz\.org/recording/([0-9a-f-]{36})", re.I)
_NUMBER = re.compile(r"^\d{1,3}[\s._-]+")  # of a track, in front of a file's name
_GUARD = re.compile(r"'+[=+\-@\t\r]")  # our CSV writes an apostrophe in front of what could be a formula


def read(path: Path) -> Playlist:
    """The playlist in a file, its kind told by the suffix.

    Raises:
        NotFoundError: no such file.
        UsageError: a suffix that no format has.
        FormatError: the file is not what its suffix says, or holds no track.
    """
    suffix = path.suffix.lower()
    known = {end: name for name, each in FORMATS.items() for end in each.suffixes}
    if suffix not in known:
        raise UsageError(f"No playlist format is named like {path}", expected=" ".join(known))
    if not path.is_file():
        raise NotFoundError(f"There is no playlist {path}")
    data = path.read_bytes()
    if known[suffix] == "json" and NAME.encode() in data[:200]:
        return read_json(path)
    try:
        # XML tells its own encoding; the others are UTF-8, and old M3U may be Latin-1.
        title, cards = _READERS[known[suffix]](data if suffix == ".xspf" else _text(data))
    except (ValueError, KeyError, TypeError, AttributeError, ET.ParseError) as error:
        raise FormatError(f"{path} is no {known[suffix].upper()} playlist", came=str(error)) from None
    entries = tuple(PlaylistEntry(place, card) for place, card in enumerate(cards, 1))
    if not entries:
        raise FormatError(f"{path} holds no track", expected="a playlist with tracks")
    return Playlist(title or path.stem, "", None, datetime.now(UTC), entries)


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def card_of(
    title: str | None,
    artists: Iterable[str] = (),
    *,
    album: str | None = None,
    duration: Any = None,
    places: Iterable[str] = (),
    ids: dict[str, Any] | None = None,
) -> TrackCard:
    """A track from what a file says; ids are found in `places`, which are addresses of any kind."""
    ids, places = dict(ids or {}), [place for place in places if place]
    for place in places:
        if (found := _SPOTIFY.search(place)) is not None:
            ids.setdefault("spotify", found[1])
        elif (found := _RECORDING.search(place)) is not None:
            ids.setdefault("mbid", found[1].lower())
    own = [place for place in places if not _SPOTIFY.search(place) and not _RECORDING.search(place)]
    return TrackCard(
        track_id=str(ids.get("track_id") or ""),
        title=title or None,
        artists=tuple(name for name in artists if name),
        album=album or None,
        duration_ms=int(float(duration)) if duration not in (None, "") else None,
        spotify=ids.get("spotify") or None,
        mbid=ids.get("mbid") or None,
        isrc=ids.get("isrc") or None,
        location=own[0] if own else None,
    )


def _jspf(text: str) -> tuple[str | None, list[TrackCard]]:
    playlist = json.loads(text)["playlist"]
    return playlist.get("title"), [_jspf_track(track) for track in playlist["track"]]


def _jspf_track(track: dict[str, Any]) -> TrackCard:
    more = track.get("extension", {}).get(TRACK_EXTENSION, {}).get("additional_metadata", {})
    places = [*_listed(track.get("location")), *_listed(track.get("identifier"))]
    return card_of(
        track.get("title"),
        [track.get("creator") or ""],
        album=track.get("album"),
        duration=track.get("duration"),
        places=[*places, more.get("spotify_uri") or ""],
        ids={"track_id": more.get("segue_track_id"), "isrc": more.get("isrc")},
    )


def _listed(value: Any) -> list[str]:
    return [str(v) for v in value] if isinstance(value, list) else [str(value)] if value else []


def _xspf(data: bytes) -> tuple[str | None, list[TrackCard]]:
    root = ET.fromstring(data)
    for element in root.iter():
        element.tag = str(element.tag).rpartition("}")[2]
    if root.tag != "playlist":
        raise ValueError(f"the root is {root.tag}, not playlist")
    cards = []
    for track in root.iter("track"):
        said = {name: (track.findtext(name) or "").strip() for name in ("title", "creator", "album")}
        places = [element.text or "" for name in ("location", "identifier") for element in track.iter(name)]
        cards.append(
            card_of(
                said["title"],
                [said["creator"]],
                album=said["album"],
                duration=track.findtext("duration"),
                places=places,
            )
        )
    return root.findtext("title"), cards


def _m3u8(text: str) -> tuple[str | None, list[TrackCard]]:
    title, shown, cards = None, None, []
    for line in (line.strip() for line in text.splitlines()):
        if line.startswith("#PLAYLIST:"):
            title = line.removeprefix("#PLAYLIST:").strip()
        elif line.startswith("#EXTINF:"):
            shown = line.removeprefix("#EXTINF:")
        elif line.startswith("# no file or Spotify id: "):  # our writer's, for a track that has no place
            cards.append(_named(line.partition(": ")[2], None, []))
        elif line and not line.startswith("#"):
            length, _, name = shown.partition(",") if shown else ("", "", "")
            digits = length.split(" ")[0]
            seconds = float(digits) if digits.replace(".", "", 1).isdigit() else 0.0
            stem = _NUMBER.sub("", PurePosixPath(unquote(line).replace("\\", "/")).stem)
            cards.append(_named(name or stem, 1000 * seconds or None, [line]))
            shown = None
    return title, cards


def _named(text: str, duration: float | None, places: list[str]) -> TrackCard:
    """A track of "artist - title"."""
    credit, dash, title = text.partition(" - ")
    return card_of(title if dash else credit, [credit] if dash else [], duration=duration, places=places)


def _csv(text: str) -> tuple[str | None, list[TrackCard]]:
    rows = csv.DictReader(io.StringIO(text))
    if rows.fieldnames is None or not {"title", "track_id", "spotify_uri"} & set(rows.fieldnames):
        raise ValueError("it has no column title, track_id or spotify_uri")
    return None, [_csv_track({k: _bare(v) for k, v in row.items() if k}) for row in rows]


def _csv_track(row: dict[str, str]) -> TrackCard:
    artists = (row.get("artists") or row.get("artist") or "").split("; ")
    return card_of(
        row.get("title"),
        artists,
        album=row.get("album"),
        duration=row.get("duration_ms"),
        places=[row.get("location", ""), row.get("spotify_uri", "")],
        ids={name: row.get(name) for name in ("track_id", "mbid", "isrc")},
    )


def _bare(cell: Any) -> str:
    text = str(cell or "")
    return text[1:] if _GUARD.match(text) else text


_READERS: dict[str, Any] = {"jspf": _jspf, "xspf": _xspf, "m3u8": _m3u8, "csv": _csv, "json": _jspf}
