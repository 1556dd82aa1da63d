"""What the tags of an audio file say: FLAC, MP3, M4A, Ogg, Opus, WAV, AIFF and others that mutagen reads."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from segue.library.credits import split_guests
from segue.library.readers import fields
from segue.library.rows import TrackRef

if TYPE_CHECKING:
    import mutagen

# Kinds of mutagen that read a suffix, likeliest first. Trying all of them on every file is slow.
_KINDS = {
    "flac.FLAC": (".flac",),
    "mp3.MP3": (".mp3",),
    "mp4.MP4": (".m4a", ".mp4", ".m4b", ".alac"),
    "oggvorbis.OggVorbis": (".ogg", ".oga"),
    "oggopus.OggOpus": (".opus", ".ogg", ".oga"),
    "oggflac.OggFLAC": (".ogg", ".oga"),
    "wave.WAVE": (".wav", ".wave"),
    "aiff.AIFF": (".aif", ".aiff", ".aifc"),
    "wavpack.WavPack": (".wv",),
    "monkeysaudio.MonkeysAudio": (".ape",),
    "musepack.Musepack": (".mpc",),
    "asf.ASF": (".wma",),
    "dsf.DSF": (".dsf",),
}
SUFFIXES = frozenset(suffix for suffixes in _KINDS.values() for suffix in suffixes)

# A fact's names in Vorbis comments and APE, ID3, MP4 and ASF, in lower case; the first that is there counts.
_TITLE = ("title", "tit2", "\xa9nam")
_ARTIST_LIST = ("artists", "wm/artists")
_ARTIST = ("artist", "tpe1", "\xa9art", "author")
_ALBUM = ("album", "talb", "\xa9alb", "wm/albumtitle")
_ALBUM_ARTIST = ("albumartist", "album artist", "tpe2", "aart", "wm/albumartist")
# MusicBrainz calls the recording's id "track id" in tags (picard-docs, "Appendix B: Tag Mapping").
_MBID = ("musicbrainz_trackid", "musicbrainz track id", "ufid:http://musicbrainz.org", "musicbrainz/track id")
_ISRC = ("isrc", "tsrc", "wm/isrc")
_SEVERAL = re.compile(r"[;,/]")  # a recording may have several ISRCs, written into one text
_GAIN = ("replaygain_track_gain",)
_R128 = ("r128_track_gain",)  # RFC 7845: 256ths of a dB, to a reference of -23 LUFS
_R128_BELOW = 5.0  # dB by which that reference lies below ReplayGain's
_DECIBELS = re.compile(r"\s*([+-]?\d+(?:[.,]\d+)?)\s*(?:dB)?\s*", re.IGNORECASE)


class Tags(NamedTuple):
    """What a file says of itself, in the order of the columns of `tables.FILES`."""

    title: str | None = None
    artists: tuple[str, ...] = ()  # as credited, main artist first
    album: str | None = None
    album_artist: str | None = None
    duration_ms: int | None = None
    mbid: str | None = None
    isrc: str | None = None
    gain_db: float | None = None
    problem: str | None = None  # why nothing could be read

    def track(self) -> TrackRef | None:
        """What is to be found in the library; None where nothing identifies it."""
        artists = self.artists or ((self.album_artist,) if self.album_artist else ())
        ref = TrackRef(
            self.title, artists, self.album, self.duration_ms or None, mbid=self.mbid, isrc=self.isrc
        )
        try:
            return fields.identified(ref)
        except fields.Malformed:
            return None


def read_tags(path: str | Path, known: Collection[str] = ()) -> Tags:
    """The tags of an audio file. Whatever is wrong with the file is its `problem`, never an error.

    Args:
        path: the file.
        known: artists with a comma in their names, beside those of `comma_names.txt`.
    """
    try:
        audio = _opened(str(path))
    except Exception as error:  # mutagen fails on damaged bytes in more ways than it documents
        return Tags(problem=f"it cannot be read as audio: {_said(error)}")
    try:
        return _tags(audio, known)
    except Exception as error:
        return Tags(problem=f"its tags cannot be read: {_said(error)}")


def _opened(path: str) -> mutagen.FileType:
    import importlib

    import mutagen

    suffix = Path(path).suffix.lower()
    # A name may say something else than the file is; MP3 comes last, for it finds itself in many bytes.
    likely = sorted(_KINDS, key=lambda kind: (suffix not in _KINDS[kind], kind == "mp3.MP3"))
    first: mutagen.MutagenError | None = None
    for kind in likely:
        module, name = kind.split(".")
        try:
            return getattr(importlib.import_module(f"mutagen.{module}"), name)(path)
        except mutagen.MutagenError as error:
            if isinstance(error.__context__, OSError):
                raise
            first = first or error
    assert first is not None
    raise first


def _tags(audio: mutagen.FileType, known: Collection[str]) -> Tags:
    found: dict[str, list[str]] = {}
    for name, values in _named(audio.tags):
        found.setdefault(name, []).extend(values)

    def first(names: tuple[str, ...]) -> str | None:
        return next((value for value in _all(found, names) if value), None)

    listed = _all(found, _ARTIST_LIST) or _all(found, _ARTIST)
    artists = tuple(listed) if len(listed) > 1 else split_guests(listed[0], known) if listed else ()
    length = getattr(audio.info, "length", None)
    return Tags(
        first(_TITLE),
        tuple(dict.fromkeys(artists)),
        first(_ALBUM),
        first(_ALBUM_ARTIST),
        round(length * 1000) if length and 0 < length * 1000 < fields.LONGEST_MS else None,
        next(filter(None, map(fields.mbid, _all(found, _MBID))), None),
        next(filter(None, map(fields.isrc, _SEVERAL.split(";".join(_all(found, _ISRC))))), None),
        _gain(first(_GAIN), first(_R128)),
    )


def _all(found: dict[str, list[str]], names: tuple[str, ...]) -> list[str]:
    """The values under the first of these names that has any, cleaned."""
    for name in names:
        values = [text for value in found.get(name, ()) if (text := fields.or_none(fields.text, value))]
        if values:
            return values
    return []


def _named(tags: Any) -> Iterator[tuple[str, list[str]]]:
    """Names in lower case and their values, whatever kind of tags a file has."""
    if tags is None:
        return
    if hasattr(tags, "getall"):  # ID3: the key of a frame holds more than its name
        for frame in tags.values():
            name = frame.FrameID.lower()
            if name == "ufid":
                yield f"ufid:{frame.owner.lower()}", [frame.data.decode("ascii", "replace")]
            elif name == "txxx":
                yield frame.desc.lower(), [str(text) for text in frame.text]
            elif name.startswith("t"):
                yield name, [str(text) for text in frame.text]
        return
    pairs = tags.items() if isinstance(tags, dict) or hasattr(tags, "items") else tags
    for key, value in pairs:
        name = str(key).lower().removeprefix("----:com.apple.itunes:")
        values = value if isinstance(value, list) else list(value) if _is_text_list(value) else [value]
        yield (
            name,
            [each.decode("utf-8", "replace") if isinstance(each, bytes) else str(each) for each in values],
        )


def _is_text_list(value: Any) -> bool:
    """Whether it is a value of APE that holds several texts."""
    return type(value).__name__ == "APETextValue"


def _gain(replay_gain: str | None, r128: str | None) -> float | None:
    if replay_gain and (match := _DECIBELS.fullmatch(replay_gain)):
        found = float(match[1].replace(",", "."))
    elif r128 and re.fullmatch(r"[+-]?\d{1,6}", r128):
        found = int(r128) / 256 + _R128_BELOW
    else:
        return None
    return found if abs(found) < 100 else None


def _said(error: Exception) -> str:
    said = f"{type(error).__name__}: {error}".partition("\n")[0].rstrip(": ")
    return fields.or_none(fields.text, said[:200]) or type(error).__name__
