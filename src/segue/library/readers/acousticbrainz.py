"""AcousticBrainz's feature dumps (2022-06-23, CC0): lowlevel, rhythm and tonal, a table each, by recording.

A recording was submitted often; the first submission (`submission_offset` 0) is taken. `bpm` is `tempo`,
`key_key` and `key_scale` are `key` (0 is C) and `mode` (major 1, minor 0), as Spotify has them; what is in
units of Essentia's own keeps its name with `ab_` before it, so that it is not taken for Spotify's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from segue.library.readers.base import Reader, ReadOptions
from segue.library.readers.fields import Malformed, mbid, number, or_none
from segue.library.readers.named_rows import columns, named_rows
from segue.library.rows import Reject, Row, TrackFacts, TrackRef
from segue.library.sources import Entry

_NEEDED = {"mbid", "submission_offset"}
_TELLING = {"average_loudness", "dynamic_complexity", "bpm", "danceability", "key_key", "tuning_frequency"}
_NAME = re.compile(r"[a-z][a-z0-9_.]{0,60}")
_PITCHES = dict(zip("CDEFGAB", (0, 2, 4, 5, 7, 9, 11), strict=True))
_SCALES = {"major": 1.0, "minor": 0.0}


class AcousticBrainz(Reader):
    name = "acousticbrainz"
    title = "AcousticBrainz (dumps of sound features)"
    known_only = True

    def recognises(self, name: str, head: bytes) -> bool:
        found = columns(head)
        return found >= _NEEDED and bool(found & _TELLING)

    def read(self, entry: Entry, options: ReadOptions) -> Iterator[Row]:
        again = 0
        for line, row in named_rows(entry, _NEEDED):
            try:
                if isinstance(row, Malformed):
                    raise row
                if row["submission_offset"].strip() not in ("0", ""):
                    again += 1
                    continue
                yield facts(row)
            except Malformed as error:
                yield Reject(f"line {line}", str(error))
        if again:
            yield Reject("submissions", f"{again:,} of recordings that were submitted before")


def facts(row: dict[str, str]) -> TrackFacts:
    """What a line says of a recording's sound."""
    id = mbid(row["mbid"])
    if id is None:
        raise Malformed("mbid is no MusicBrainz id")
    features: dict[str, float] = {}
    for name, value in row.items():
        if name in ("mbid", "submission_offset", "key_key", "key_scale") or not _NAME.fullmatch(name):
            continue
        if (found := or_none(number, value)) is not None:
            features["tempo" if name == "bpm" else f"ab_{name}"] = found
    key, mode = pitch(row.get("key_key", "")), _SCALES.get(row.get("key_scale", "").strip().lower())
    if key is not None:
        features["key"] = float(key)
    if mode is not None:
        features["mode"] = mode
    if not features:
        raise Malformed("no feature is told")
    return TrackFacts(TrackRef(mbid=id), features=features)


def pitch(name: str) -> int | None:
    """The number of a key from C on.

    >>> pitch("Eb")
    3
    """
    name = name.strip()
    if name[:1] not in _PITCHES or name[1:] not in ("", "#", "b"):
        return None
    return (_PITCHES[name[0]] + {"": 0, "#": 1, "b": -1}[name[1:]]) % 12
