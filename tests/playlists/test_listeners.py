"""What is kept of listeners with a model says what the library says, and nothing of who is gone."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from segue.engine import Engine
from segue.engine.weekly import prepare
from segue.errors import FormatError
from segue.library import Library
from segue.library.tables import LISTENS, TRACKS
from segue.playlists.catalogue import Catalogue
from segue.playlists.history import Heard, _heard, places_of
from segue.playlists.listeners import FILE, Listeners
from segue.shelf.arrays import load_arrays, save_arrays
from segue.shelf.names import FACTORS, shelf_of
from segue.upkeep.forget import forget

WEEK, WHO = "2026-W30", ["p07", "p02", "p31"]


def kept(library: Library) -> tuple[Listeners, Path]:
    folder = shelf_of(library).path(FACTORS)
    return Listeners.load(folder), folder


def same(one: Listeners, other: Listeners) -> bool:
    arrays = all(
        np.array_equal(getattr(one.heard, f.name), getattr(other.heard, f.name), equal_nan=True)
        for f in fields(Heard)
    )
    return arrays and one.names.tolist() == other.names.tolist() and (one.seen != other.seen).nnz == 0


def test_what_is_kept_is_what_the_library_says(library: Library) -> None:
    ready = prepare(Engine(library), WEEK)
    assert ready.known is not None
    assert len(ready.known.names) == 40
    some = ready.known.take(WHO)
    assert some is not None
    shared = ready.material
    assert same(some, Listeners.observed(library, ready.model, shared.catalogue, shared.context, WHO))
    assert list(ready.lists(WHO)) == list(replace(ready, known=None).lists(WHO))


def test_it_is_not_asked_once_the_library_has_changed(library: Library) -> None:
    row = {"listener_id": "p02", "track_id": "t0-1", "plays": 1, "source": "table"}
    with library.writing() as writer:
        writer.append("listens", pa.Table.from_pylist([row], schema=LISTENS))
    assert prepare(Engine(library), WEEK).known is None


def test_of_who_is_not_in_it_the_library_is_asked(library: Library) -> None:
    known, _ = kept(library)
    assert known.take(["p02", "mine3"]) is None
    assert [each.listener for each in prepare(Engine(library), WEEK).lists(["p02", "mine3"])] == [
        "p02",
        "mine3",
    ]


def test_what_came_since_stands_for_its_artists_version_and_for_nobody_elses(tmp_path: Path) -> None:
    """A song that the model has not learned has other recordings by its artist; a cover is none."""

    def track(name: str, artist: str, work: str) -> dict[str, object]:
        return {"track_id": name, "title": "Time After Time", "artists": [artist], "work_id": work}

    tracks = [track("cover", "INOJ", "w"), track("learned", "Iron & Wine", "w"), track("other", "Sade", "v")]
    new = [track("new", "Iron and Wine", "w"), track("hers", "Cyndi Lauper", "w")]
    library = Library.open(tmp_path / "library", create=True)
    with library.writing() as writer:
        writer.append("tracks", pa.Table.from_pylist(tracks + new, schema=TRACKS))
    catalogue = Catalogue.read(library, [row["track_id"] for row in tracks])
    places = places_of(library, catalogue, {"ana": ["new"], "bo": ["hers", "other"]})
    assert {name: list(mine) for name, mine in places.items()} == {"ana": [1], "bo": [2]}


def test_who_is_forgotten_is_not_in_it(library: Library) -> None:
    before, _ = kept(library)
    forget(library, "p02")
    after, folder = kept(library)
    assert len(after.names) == 39
    assert same(after, before.without(["p02"]))
    assert "p02" not in (folder / FILE).read_bytes().decode("latin-1")


@pytest.mark.parametrize(("name", "value"), [("tracks", -1), ("tracks", 10**6), ("first", 7), ("indptr", 7)])
def test_parts_that_do_not_belong_together_are_told(
    library: Library, tmp_path: Path, name: str, value: int
) -> None:
    _, folder = kept(library)
    facts, arrays = load_arrays(folder / FILE, "what is known of listeners")
    spoilt = arrays[name].copy()
    spoilt[-1] = value
    save_arrays(tmp_path / FILE, "what is known of listeners", facts, arrays | {name: spoilt})
    with pytest.raises(FormatError, match="train again"):
        Listeners.load(tmp_path)


def test_a_song_was_last_played_when_it_was_not_skipped(tmp_path: Path) -> None:
    may, june = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)
    rows = [("a", may, False), ("a", june, True), ("b", june, True)]
    library = Library.open(tmp_path / "library", create=True)
    with library.writing() as writer:
        plays = [
            {"listener_id": "ana", "track_id": t, "started_at": at, "skipped": skipped, "plays": 1}
            for t, at, skipped in rows
        ]
        writer.append("listens", pa.Table.from_pylist(plays, schema=LISTENS))
    found = {
        row["track_id"]: (row["plays"], row["last"])
        for row in library.arrow(_heard(library, "listeners")).to_pylist()
    }
    assert found == {"a": (1.0, may.timestamp()), "b": (0.0, None)}
