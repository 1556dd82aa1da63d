"""Damage anywhere in a library's folder is told, never taken for whole, and repaired where it is safe."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from segue.engine import Engine
from segue.engine.tastes import stored_tastes, taste_changes, tastes_of_week
from segue.engine.weekly import weekly
from segue.errors import FormatError, NotFoundError, SegueError
from segue.factors.loading import load_factors
from segue.library import Library
from segue.players import accounts, state
from segue.playlists.memory import Weeks
from segue.service.database import connect
from segue.shelf.names import shelf_of
from segue.upkeep.forget import forget
from segue.upkeep.health import examine, sweep

WEEK = "2026-W30"


def _repair(path: Path) -> list[str]:
    done = [found.repair() for found in list(examine(path)) if found.repair is not None]
    sweep(path)
    return done


def _wrong(path: Path) -> list[str]:
    return [found.what for found in examine(path) if found.state == "wrong"]


def test_what_is_damaged_is_found_and_repaired(library: Library) -> None:
    tastes_of_week(Engine(library), WEEK)
    weekly(Engine(library), WEEK, listeners=["p03", "p04"])
    assert _wrong(library.path) == []
    shelf = shelf_of(library)
    older, current = shelf.versions("factors")
    (shelf.path("factors") / "ids.json").write_bytes(b"{")
    (stored_tastes(library).folder / f"{WEEK}.npz").write_bytes(b"PK")
    taste_changes(library).path.write_bytes(b"[1")
    lists = Weeks(library.path / "weeks").files(WEEK)[0]
    lists.write_bytes(lists.read_bytes()[:-9])
    (library.path / ".tmp-left").write_text("")
    with pytest.raises(FormatError, match=r"ids\.json"):
        load_factors(Library.open(library.path))
    tastes = [f"tastes of {WEEK}", "changes of tastes"]
    assert _wrong(library.path) == ["model factors", f"lists of {WEEK}", *tastes]
    assert len(_repair(library.path)) == 4 and _wrong(library.path) == []
    assert shelf.versions("factors") == [older] and current not in shelf.versions("factors")
    load_factors(Library.open(library.path))
    assert not (library.path / ".tmp-left").exists()


def test_a_current_that_names_nothing_turns_to_the_newest(library: Library) -> None:
    shelf = shelf_of(library)
    newest = shelf.versions("factors")[-1]
    (shelf.folder / "factors" / "current").write_bytes(b"\xff\xfe")
    assert _wrong(library.path) == ["model factors"]
    assert _repair(library.path) == [f"factors is now {newest}"] and shelf.current("factors") == newest


def test_what_is_lost_is_found(library: Library) -> None:
    forget(library, "p02")
    library.forgotten.path.unlink()
    assert _wrong(library.path) == ["the forgotten"]
    forget(library, "p02")  # the list is begun anew
    assert _wrong(library.path) == []
    shelf = shelf_of(library)
    for path in (shelf.path("factors") / "manifest.json", library.path / "library.json"):
        value = json.loads(path.read_text())
        del value["checksum"]
        path.write_text(json.dumps(value))
        assert _wrong(library.path) == ["library" if path.name == "library.json" else "model factors"]


def test_what_people_said_is_looked_at_and_left_alone(library: Library) -> None:
    connect(library.path).dispose()
    accounts.add(library.path, name="home", kind="folder", address="/music", listener="p03")
    with state.held(library.path, "home") as held:
        held.save()
        held.keep_songs({})
    assert _wrong(library.path) == []
    database = library.path / "service.sqlite"
    whole = database.read_bytes()
    noise = np.random.default_rng(7).bytes(len(whole) - 4096)
    for damaged in (bytes(len(whole)), whole[: len(whole) // 2 + 77], whole[:4096] + noise):
        database.write_bytes(damaged)
        assert _wrong(library.path) == ["service.sqlite"] and _repair(library.path) == []
        with pytest.raises(SegueError, match=r"restore it from a backup, or move service\.sqlite\*"):
            connect(library.path)
    database.write_bytes(whole)
    assert _wrong(library.path) == []
    for path in sorted((library.path / "players").glob("*.json")):
        whole = path.read_bytes()
        path.write_bytes(whole[:-5])
        assert _wrong(library.path) == ["players"], path
        path.write_bytes(whole)


@pytest.mark.parametrize("times", [60, pytest.param(3000, marks=pytest.mark.slow)])
def test_no_flipped_or_lost_bytes_are_taken_for_whole(library: Library, times: int) -> None:
    tastes_of_week(Engine(library), WEEK)
    weekly(Engine(library), WEEK, listeners=["p03", "p04"])
    paths = [p for p in library.path.rglob("*") if p.is_file() and not p.name.endswith(".lock")]
    rng = np.random.default_rng(11)

    def everything() -> list[object]:
        opened = Library.open(library.path)
        model, version = load_factors(opened)
        _ = model.blend_
        kept = stored_tastes(opened).read(WEEK)
        return [
            *(opened.arrow(name).to_pylist() for name in ("listens", "tracks", "feedback", "playlists")),
            [version, model.als_.item_factors.tobytes(), model.listeners_.tolist()],
            None if kept is None else [kept[0], kept[1].members.tolist(), kept[1].weights.tolist()],
            Weeks(opened.path / "weeks").read(WEEK).to_pylist(),
        ]

    whole = everything()
    for _ in range(times):
        path = paths[rng.integers(len(paths))]
        before = path.read_bytes()
        if not before:
            continue
        damaged = bytearray(before)
        if rng.random() < 0.3:
            del damaged[rng.integers(len(before)) :]
        else:
            damaged[rng.integers(len(before))] ^= 1 << int(rng.integers(8))
        path.write_bytes(bytes(damaged))
        try:
            assert everything() == whole, f"{path} was taken for whole"
        except (FormatError, NotFoundError) as error:
            assert "Try: " in str(error), path
        except SegueError as error:
            raise AssertionError(f"{path}: {error}") from error
        path.write_bytes(before)
    assert everything() == whole


def test_something_else_in_the_place_of_what_is_current_is_repaired(library: Library) -> None:
    shelf = shelf_of(library)
    newest, current = shelf.versions("factors")[-1], shelf.folder / "factors" / "current"
    for instead in (_folder, _loop):
        instead(current)
        assert _wrong(library.path) == ["model factors"]
        assert _repair(library.path) == [f"factors is now {newest}"] and _wrong(library.path) == []


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _loop(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


@pytest.mark.parametrize("instead", [_folder, _loop, Path.unlink])
def test_what_is_in_the_place_of_a_file_is_told_and_ends_no_look_at_the_rest(
    library: Library, instead: Callable[[Path], None]
) -> None:
    tastes_of_week(Engine(library), WEEK)
    weekly(Engine(library), WEEK, listeners=["p03", "p04"])
    taste_changes(library)
    forget(library, "p09")
    connect(library.path).dispose()
    accounts.add(library.path, name="home", kind="folder", address="/music", listener="p03")
    (stored_tastes(library).folder / "2026-W29.npz").write_bytes(b"PK")  # what is wrong with the rest
    missed = []
    for path in sorted(p for p in library.path.rglob("*") if p.is_file() and not p.name.endswith(".lock")):
        place, whole = path.relative_to(library.path), path.read_bytes()
        if place.name == "2026-W29.npz":
            continue
        instead(path)
        try:
            wrong = _wrong(library.path)
        except Exception as error:
            wrong = [f"{type(error).__name__}: {error}"]
        # What was never there is missed by nobody; a library that cannot be opened is all there is to say.
        least = 1 if instead is Path.unlink else 2
        if wrong != ["library"] and (len(wrong) < least or "tastes of 2026-W29" not in wrong):
            missed.append((str(place), wrong))
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        path.unlink(missing_ok=True)
        path.write_bytes(whole)
    assert missed == []
