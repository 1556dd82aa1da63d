"""Forgetting a listener: nothing is left in any file, and everybody else stays as they were."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from segue.engine import Engine
from segue.engine.tastes import stored_tastes, taste_changes, tastes_of_week
from segue.factors.config import ALSConfig
from segue.factors.loading import load_factors
from segue.factors.model import FactorConfig
from segue.library import Library
from segue.library.importing import import_path
from segue.library.tables import FEEDBACK, IMPORTS, LISTENS, REJECTS
from segue.playlists.memory import Weeks
from segue.playlists.playlist import Playlist, PlaylistEntry, TrackCard
from segue.playlists.training import train
from segue.shelf.names import WORLD, shelf_of
from segue.upkeep import traces
from segue.upkeep.forget import forget
from segue.world.offsets import load_offsets, save_offsets

WEEK = "2026-W30"


def _lived_in(library: Library) -> None:
    """Tastes, lists, records of imports, and a model that does not know how to forget."""
    tastes_of_week(Engine(library), WEEK)
    for who in ("p02", "p03"):
        taste_changes(library).change(who, lambda changes: changes.renamed(0, "Evenings"))
    cards = [PlaylistEntry(n, TrackCard(f"t0-{n}")) for n in range(1, 31)]
    lists = [Playlist("Weekly", who, WEEK, datetime.now(UTC), tuple(cards)) for who in ("p02", "p03", "p04")]
    Weeks(library.path / "weeks").remember(WEEK, lists)
    at = datetime(2026, 7, 1, tzinfo=UTC)
    imports = [
        {"path": "a.csv", "listener_id": "p02", "imported_at": at.replace(hour=2), "kind": "listens"},
        {"path": "of-p02.csv", "listener_id": None, "imported_at": at.replace(hour=4), "kind": "listens"},
        {"path": "all.csv", "listener_id": "p03", "imported_at": at.replace(hour=6), "kind": "listens"},
    ]
    rejects = [
        {"source": "a.csv", "place": "line 3", "reason": "no time", "imported_at": at.replace(hour=1)},
        {"source": "all.csv", "place": "line 9", "reason": "p02, no time", "imported_at": at.replace(hour=5)},
        {"source": "all.csv", "place": "line 8", "reason": "p020?", "imported_at": at.replace(hour=5)},
    ]
    with library.writing() as writer:
        writer.append("imports", pa.Table.from_pylist(imports, schema=IMPORTS))
        writer.append("rejects", pa.Table.from_pylist(rejects, schema=REJECTS))

    def build(folder: Path) -> None:
        (folder / "people.json").write_text(json.dumps({"p02": [1.0, 2.0]}))

    shelf = shelf_of(library)
    shelf.publish("strange", build, {"config": {}, "kind": "Strange"})
    offsets = {"p02": np.ones((3, 2)), "p03": np.zeros((3, 2))}
    shelf.publish(WORLD, lambda folder: save_offsets(folder, offsets), {"config": {}, "kind": "UserModel"})


def test_nothing_is_left_of_the_one_and_all_of_the_others(library: Library) -> None:
    _lived_in(library)
    model, _ = load_factors(library)
    model.blend_.forget(0)  # loads it
    before = {"tracks": library.count("tracks"), "listens": library.count("listens")}
    own = library.table("listens").filter(library.table("listens").listener_id == "p02").count()
    plays = library.arrow(own).as_py()
    factors = {who: model.als_.user_factors[at] for at, who in enumerate(model.listeners_)}
    tastes = stored_tastes(library).read(WEEK)
    assert tastes is not None

    kept = [who for who in model.listeners_ if who not in ("p02", "mine2")]  # and the playlist they own
    planned = forget(library, "p02", dry_run=True)
    assert planned.left and Library.open(library.path).count("listens") == before["listens"]
    done = forget(library, "p02")
    assert [row for row in done.removed if row.place != "strange"] == planned.removed
    assert done.left == [] and done.files > 10
    counts = {row.place: row.count for row in done.removed}
    assert counts["listens"] == plays == 90 and counts["playlists"] == 1 and counts["playlist_entries"] == 6
    assert counts["imports"] == 2 and counts["rejects"] == 2 and counts[f"weeks/{WEEK}"] == 30
    assert counts["tastes/changes.json"] == 1 and set(taste_changes(library).every()) == {"p03"}
    assert sum(name.startswith("factors/") for name in counts) == 2

    library = Library.open(library.path)
    assert library.count("tracks") == before["tracks"]
    assert library.count("listens") == before["listens"] - plays
    shelf = shelf_of(library)
    assert shelf.names() == ["factors", WORLD]
    assert set(load_offsets(shelf.path(WORLD))) == {"p03"}
    for version in shelf.versions("factors"):
        shelf.verify("factors", version)
        assert shelf.manifest("factors", version).shapes["listeners"] == [len(kept), 12]
    again, _ = load_factors(library)
    assert list(again.listeners_) == kept and len(again.als_.user_factors) == len(kept)
    for at, who in enumerate(again.listeners_):
        assert np.array_equal(again.als_.user_factors[at], factors[who])
    for part in again.blend_.parts_.values():
        if hasattr(part, "kept_"):
            assert part.kept_.tolist() == list(range(len(kept))) and part.unit_.shape[0] == len(kept)
    left = stored_tastes(library).read(WEEK)
    assert left is not None and "p02" not in left[1].place
    assert [left[1].names[t] for t in left[1].tastes("p05")] == [
        tastes[1].names[t] for t in tastes[1].tastes("p05")
    ]
    assert set(Weeks(library.path / "weeks").read(WEEK)["listener_id"].to_pylist()) == {"p03", "p04"}
    assert forget(library, "p02").removed == []
    names = [path.relative_to(library.path).as_posix() for path in library.path.rglob("*") if path.is_file()]
    assert [name for name in names if not traces.is_ours(name)] == ["shelf/strange/.lock"]


def test_a_name_that_is_part_of_another_is_left_alone(library: Library) -> None:
    done = forget(library, "p0")
    assert done.removed == [] and done.left == []


def test_traces_are_found_in_every_kind_of_file(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    who = 'Ana "x" ü'
    (tmp_path / "deep").mkdir()
    pq.write_table(pa.table({"a": [who, "b", None], "l": [[who, "c"], [], None]}), tmp_path / "a.parquet")
    packed = np.frombuffer(json.dumps(["b", who], ensure_ascii=False).encode(), np.uint8)
    plain = np.array([who])
    np.savez(tmp_path / "deep" / "b.npz", ids=packed, plain=plain, numbers=np.arange(3), artists=plain)
    np.save(tmp_path / "c.npy", np.array([who, "d"]))
    (tmp_path / "d.json").write_text(json.dumps({who: [{"k": who}]}))
    (tmp_path / "e.sqlite").write_bytes(b"\0\1" + who.encode() + b"\0")
    (tmp_path / f"{who}.txt").write_text("nothing")
    looked, found = traces.search(tmp_path, who)
    assert looked == 6
    assert {(trace.file, trace.where, trace.count) for trace in found} == {
        ("a.parquet", "a", 1),
        ("a.parquet", "l", 1),
        ("deep/b.npz", "ids", 1),
        ("deep/b.npz", "plain", 1),
        ("c.npy", "texts", 1),
        ("d.json", "texts", 2),
        ("e.sqlite", "bytes", 1),
        (f"{who}.txt", "its name", 1),
    }
    assert traces.search(tmp_path, "An")[1] == []


def test_a_listener_called_like_an_artist_leaves_no_trace(library: Library) -> None:
    row = library.arrow("listens").slice(0, 1).to_pylist()[0]
    with library.writing() as writer:
        for name in ("Band 0-1", "Song t0-1"):
            writer.append("listens", pa.Table.from_pylist([row | {"listener_id": name}], schema=LISTENS))
    train(library, FactorConfig(als=ALSConfig(factors=4, iterations=1, random_state=0)))
    for name in ("Band 0-1", "Song t0-1"):
        done = forget(library, name)
        assert done.left == [] and {row.place.split("/")[0] for row in done.removed} == {"listens", "factors"}


def test_a_listener_called_like_a_word_of_ours_leaves_no_trace(library: Library) -> None:
    row = library.arrow("listens").slice(0, 1).to_pylist()[0]
    given = {"listener_id": "p03", "track_id": row["track_id"], "kind": "love", "source": "lastfm"}
    called = (
        "love",
        "lastfm",
        "all",
        "song",
        "artist",
        "log",
        "factors",
        "both",
        "tracks",
        "lock",
        "2026-W30",
    )
    with library.writing() as writer:
        plays = [row | {"listener_id": name, "source": "lastfm"} for name in called]
        writer.append("listens", pa.Table.from_pylist(plays, schema=LISTENS))
        writer.append("feedback", pa.Table.from_pylist([given], schema=FEEDBACK))
    train(library, FactorConfig(als=ALSConfig(factors=4, iterations=1, random_state=0)))
    for name in called:
        done = forget(library, name)
        assert done.left == [] and {row.place.split("/")[0] for row in done.removed} == {"listens", "factors"}


@pytest.mark.parametrize("who", ["Zoë", "राम", "a.b*[c]\\d", "ﬃ🎵", "ana maría "])
def test_names_in_any_letters_are_forgotten(tmp_path: Path, who: str) -> None:
    library = Library.open(tmp_path / "library", create=True)
    export = tmp_path / "plays.csv"
    with export.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("listener", "artist", "track", "timestamp"))
        rows.writerows((each, "A", "T", 1_700_000_000) for each in (who, "bo"))
        rows.writerow((who, "A", "T", f"when {who} slept"))
    import_path(library, export)
    assert library.count("rejects") == 1
    done = forget(library, who.strip())
    assert done.left == [] and {row.place for row in done.removed} >= {"listens", "rejects"}
    again = import_path(library, export)
    assert again.forgotten == 2 and library.count("rejects") == 0
    assert library.arrow("listens")["listener_id"].to_pylist() == ["bo"]
