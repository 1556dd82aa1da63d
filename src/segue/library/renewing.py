"""Names of a library that an earlier release normalised otherwise are read anew from its tracks, once.

`library.json` says under "names" how names were normalised; without it, it is the first way, which took the
vowel signs out of Hindi and Thai, "#" out of "C#" and the breve off "й". The keys of names in `track_keys`
follow from artists and title of every track; ids are left alone, no track changes its id.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pyarrow as pa

from segue.errors import FormatError
from segue.library.identity import credit_key, name_key
from segue.library.names import VERSION
from segue.library.rows import TrackRef
from segue.library.tables import TRACK_KEYS
from segue.progress import progress

if TYPE_CHECKING:
    from segue.library.store import Library, Writer

_OF_NAMES = re.compile(r"(?:name|podcast|audiobook|artist):")


def renew_names(library: Library, writer: Writer) -> int:
    """Bring the keys of names in `library` up to date; returns how many tracks are known by another name now.

    Raises:
        FormatError: a later release wrote the library.
    """
    was = writer.catalogue.get("names", 1)
    if was == VERSION:
        return 0
    if was > VERSION:
        raise FormatError(
            f"The names in {library.path} were normalised by a later release",
            expected=f"version {VERSION} or earlier",
            got=f"version {was}",
            hint="import with that release",
        )
    writer.catalogue["names"] = VERSION
    writer.changed = True
    if not library.parts("track_keys"):
        return 0
    table = library.table("track_keys")
    # What a source told by name alone (`told:`) is found anew when it comes again.
    table = table.filter(~table.key.startswith("told:"))
    keys = library.arrow(table.select("key", "track_id", "duration_ms")).to_pylist()
    renewed = [row for row in keys if not _OF_NAMES.match(row["key"])]
    old: dict[str, set[str]] = {}
    lengths: dict[str, int] = {}
    for row in keys:
        if _OF_NAMES.match(row["key"]):
            old.setdefault(row["track_id"], set()).add(row["key"])
            if row["duration_ms"] is not None:
                lengths[row["track_id"]] = min(row["duration_ms"], lengths.get(row["track_id"], 1 << 62))
    others = 0
    tracks = library.arrow(
        library.table("tracks").select("track_id", "title", "artists", "medium")
    ).to_pylist()
    split = set(library.arrow("splits")["own"].to_pylist())  # these have no keys
    tracks = [row for row in tracks if row["track_id"] not in split]
    with progress("Reading names anew", len(tracks)) as advance:
        for row in tracks:
            track = row["track_id"]
            ref = TrackRef(row["title"], tuple(row["artists"] or ()), medium=row["medium"] or "song")
            found = {key for key in (name_key(ref), credit_key(ref)) if key is not None}
            others += not old.get(track, set()) <= found
            renewed += [
                {"key": key, "track_id": track, "duration_ms": lengths.get(track)} for key in sorted(found)
            ]
            advance(1)
    rows = pa.Table.from_pylist(renewed, schema=TRACK_KEYS)
    writer.rewrite("track_keys", rows.sort_by([("key", "ascending"), ("track_id", "ascending")]))
    return others
