"""Small audio files for tests: any length of silence, with tags."""

from __future__ import annotations

import struct
import wave
from pathlib import Path

from mutagen.flac import FLAC
from mutagen.id3 import ID3, TALB, TIT2, TPE1, TSRC, UFID

RATE = 8000  # samples a second
BLOCK = 65_535  # samples of a FLAC frame at most


def flac(path: Path, seconds: float = 1.0, **tags: str | list[str]) -> Path:
    """A FLAC file of silence: frames of constant samples, some bytes for each eight seconds."""
    samples = round(seconds * RATE)
    head = struct.pack(">HH", min(BLOCK, max(16, samples)), min(BLOCK, max(16, samples))) + bytes(6)
    head += ((RATE << 44) | (15 << 36) | samples).to_bytes(8, "big") + bytes(16)
    frames = b"".join(
        _frame(number, min(BLOCK, samples - number * BLOCK)) for number in range(-(-samples // BLOCK))
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"fLaC\x80" + len(head).to_bytes(3, "big") + head + frames)
    if tags:
        audio = FLAC(path)
        for name, value in tags.items():
            audio[name] = value
        audio.save()
    return path


def tone(path: Path, seconds: float = 1.0, pitch: float = 440.0, **tags: str) -> Path:
    """A real FLAC, MP3 or Ogg file, by its suffix, that every player decodes."""
    import mutagen
    import numpy as np
    import soundfile

    path.parent.mkdir(parents=True, exist_ok=True)
    samples = 0.2 * np.sin(2 * np.pi * pitch / 22_050 * np.arange(round(22_050 * seconds)))
    soundfile.write(path, samples.astype(np.float32), 22_050)
    if path.suffix == ".mp3":
        id3(path, **{"mbid" if name == "musicbrainz_trackid" else name: v for name, v in tags.items()})
    else:
        audio = mutagen.File(path)
        for name, value in tags.items():
            audio[name] = value
        audio.save()
    return path


def _frame(number: int, samples: int) -> bytes:
    head = b"\xff\xf8\x70\x08" + chr(number).encode() + struct.pack(">H", samples - 1)
    head += bytes([_crc(head, 0x07, 8)])
    frame = head + b"\x00\x00\x00"
    return frame + _crc(frame, 0x8005, 16).to_bytes(2, "big")


def _crc(data: bytes, polynomial: int, bits: int) -> int:
    value, top = 0, 1 << (bits - 1)
    for byte in data:
        value ^= byte << (bits - 8)
        for _ in range(8):
            value = ((value << 1) ^ polynomial if value & top else value << 1) & ((1 << bits) - 1)
    return value


def mp3(path: Path, frames: int = 40, **tags: str) -> Path:
    """An MP3 file of silent frames, 26 ms each at 128 kbit/s."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes((b"\xff\xfb\x90\xc4" + bytes(413)) * frames)
    id3(path, **tags)
    return path


def id3(path: Path, **tags: str) -> None:
    """Write ID3 tags into an MP3 file."""
    found = ID3()
    _frames(found, tags)
    found.save(path)


def _frames(found: ID3, tags: dict[str, str]) -> None:
    kinds = {"title": TIT2, "artist": TPE1, "album": TALB, "isrc": TSRC}
    for name, value in tags.items():
        if name == "mbid":
            found.add(UFID(owner="http://musicbrainz.org", data=value.encode()))
        else:
            found.add(kinds[name](encoding=3, text=[value]))


def wav(path: Path, seconds: float = 1.0, **tags: str) -> Path:
    """A WAV file of silence, with ID3 tags."""
    from mutagen.wave import WAVE

    with wave.open(str(path), "wb") as out:
        out.setparams((1, 2, RATE, 0, "NONE", ""))
        out.writeframes(bytes(2 * round(seconds * RATE)))
    audio = WAVE(path)
    audio.add_tags()
    _frames(audio.tags, tags)
    audio.save()
    return path


def aiff(path: Path, seconds: float = 1.0, **tags: str) -> Path:
    """An AIFF file of silence, with ID3 tags."""
    from mutagen.aiff import AIFF

    samples = round(seconds * RATE)
    rate = struct.pack(">HQ", 16383 + 12, RATE << (63 - 12))  # 80-bit float of 8,000
    common = struct.pack(">hIh", 1, samples, 16) + rate
    sound = bytes(8 + 2 * samples)
    chunks = b"COMM" + struct.pack(">I", len(common)) + common
    chunks += b"SSND" + struct.pack(">I", len(sound)) + sound
    path.write_bytes(b"FORM" + struct.pack(">I", 4 + len(chunks)) + b"AIFF" + chunks)
    audio = AIFF(path)
    audio.add_tags()
    _frames(audio.tags, tags)
    audio.save()
    return path
