"""Choose a format, write one playlist to a file or many into a folder."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from segue.errors import UsageError
from segue.files import write_bytes
from segue.playlists.formats import csv, json, jspf, m3u8, xspf
from segue.playlists.placed import Places
from segue.playlists.playlist import Playlist


@dataclass(frozen=True, slots=True)
class Format:
    """A file format: `render` gives a file's bytes, `suffixes[0]` is the one that folders get."""

    name: str
    suffixes: tuple[str, ...]
    about: str
    render: Callable[[Playlist], bytes]


FORMATS: dict[str, Format] = {
    each.name: each
    for each in (
        Format("jspf", (".jspf",), "JSON with MusicBrainz' extensions, for ListenBrainz", jspf.render),
        Format("xspf", (".xspf",), "XML, for VLC and other players", xspf.render),
        Format("m3u8", (".m3u8", ".m3u"), "the plain list for any player", m3u8.render),
        Format("csv", (".csv",), "a table for a spreadsheet", csv.render),
        Format("json", (".json",), "everything, can be read back", json.render),
    )
}
HERE = Places()
# Names that Windows keeps for devices, with any suffix.
DEVICES = {"con", "prn", "aux", "nul", *(f"{name}{n}" for name in ("com", "lpt") for n in "123456789¹²³")}
LONGEST = 120  # bytes of a listener's name in a file name; with hash, week and temporary prefix below 255


def write(playlist: Playlist, path: str | Path, format: str | None = None, places: Places = HERE) -> Path:
    """Write `playlist` to `path`, all or nothing, and return the path.

    `format` is a name in FORMATS; without one the path's suffix decides. `places` says how files are named.

    Raises:
        UsageError: no such format, or a suffix that no format has.
    """
    path = Path(path)
    write_bytes(path, _format(format, path).render(places.place(playlist, path.parent)))
    return path


def write_all(
    playlists: Iterable[Playlist], folder: Path, format: str = "jspf", places: Places = HERE
) -> list[Path]:
    """Write each playlist to a file of its own in `folder`; a file of the same name is replaced.

    `places` says how files are named. Names are made of listener and week, so that the same week written
    again replaces itself.

    Raises:
        UsageError: no such format.
    """
    chosen = _format(format, None)
    playlists = list(playlists)
    paths = [folder / name for name in file_names(playlists, chosen.suffixes[0])]
    for playlist, path in zip(playlists, paths, strict=True):
        write_bytes(path, chosen.render(places.place(playlist, folder)))
    return paths


def file_names(playlists: Iterable[Playlist], suffix: str) -> list[str]:
    """A file name for each playlist, safe on every common file system, all different even in one case.

    "ada-2026-W48.jspf". A listener whose name had to be changed, or has capitals (which another's may lack),
    gets a few characters of a hash; further lists of one listener and week get -2, -3, ...
    """
    names: list[str] = []
    taken: Counter[str] = Counter()
    for each in playlists:
        stem = _safe(each.listener)
        if not stem or stem != each.listener or stem != stem.casefold():
            digest = hashlib.sha256(each.listener.encode("utf-8", "surrogatepass")).hexdigest()
            stem = f"{stem}-{digest[:8]}" if stem else digest[:8]
        stem = f"{stem}-{each.week or each.created_at.date().isoformat()}"
        taken[stem.casefold()] += 1
        times = taken[stem.casefold()]
        names.append(f"{stem}-{times}{suffix}" if times > 1 else f"{stem}{suffix}")
    return names


def _safe(listener: str) -> str:
    """Letters, digits, dots, dashes and underscores of a name; not hidden, no device, not too long."""
    text = unicodedata.normalize("NFC", listener)
    text = re.sub(r"[^\w.-]+", "_", text).strip("._-")
    text = text.encode()[:LONGEST].decode(errors="ignore")
    return f"_{text}" if text.casefold().split(".")[0] in DEVICES else text


def _format(name: str | None, path: Path | None) -> Format:
    known = ", ".join(FORMATS)
    if name is not None:
        if name not in FORMATS:
            raise UsageError("No such playlist format", expected=known, got=name)
        return FORMATS[name]
    suffix = path.suffix.lower() if path else ""
    for each in FORMATS.values():
        if suffix in each.suffixes:
            return each
    raise UsageError(
        f"The name {path} does not say which playlist format is wanted",
        expected=" ".join(s for each in FORMATS.values() for s in each.suffixes),
        got=suffix or "no suffix",
        hint=f"name the file so, or choose a format: {known}",
    )
