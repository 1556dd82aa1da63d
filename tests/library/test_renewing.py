"""A library of a release that normalised names otherwise is brought up to date at the next import."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from tests.library.conftest import without_columns

from segue.errors import FormatError
from segue.library import Library
from segue.library.names import VERSION
from segue.library.rows import Listen, TrackRef
from segue.library.tables import TRACK_KEYS


def _listen(title: str, **ids: str) -> Listen:
    return Listen("me", TrackRef(title, ("Chopin",), **ids))


def _as_of_version_1(library: Library) -> Library:
    """The library as the first release would have left it: no version, no sources of keys, other names."""
    rows = library.arrow("track_keys").to_pylist()
    for row in rows:
        row["key"] = row["key"].replace(" # ", " ")
    with library.writing() as writer:
        writer.rewrite("track_keys", pa.Table.from_pylist(rows, schema=TRACK_KEYS))
        del writer.catalogue["names"]
    return without_columns(library, "track_keys", ["source"])


def test_names_are_read_anew_once_and_no_track_changes_its_id(library: Library, store) -> None:
    store(
        library,
        [_listen("Nocturne in C# minor"), _listen("Waltz", mbid="8f3471b5-7e6a-48da-86a9-c1c07a0f47ae")],
    )
    before = library.arrow("tracks")["track_id"].to_pylist()
    library = _as_of_version_1(library)
    report = store(library, [_listen("Nocturne in C# minor"), _listen("Nocturne in C minor")])
    assert (report.renamed, report.tracks) == (1, 1)
    assert set(before) < set(library.arrow("tracks")["track_id"].to_pylist())
    assert library.count("listens") == 3
    assert store(library, [_listen("Waltz")]).renamed == 0
    assert library.count("tracks") == 3
    assert json.loads((library.path / "library.json").read_text())["names"] == VERSION


def test_a_later_release_is_told(library: Library, store) -> None:
    with library.writing() as writer:
        writer.catalogue["names"] = VERSION + 1
        writer.changed = True
    with pytest.raises(FormatError, match="later release"):
        store(library, [_listen("Waltz")])
