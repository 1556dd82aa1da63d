"""Publish, read, verify, roll back and prune."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from segue.errors import BusyError, FormatError, NotFoundError, NumericalError, UsageError
from segue.files import locked
from segue.shelf import Shelf

MANIFEST = {
    "kind": "ImplicitALS",
    "config": {"factors": 64},
    "data": "fingerprint",
    "seed": 7,
    "metrics": {"ndcg@100": 0.435},
    "shapes": {"item_factors": [3, 2]},
    "made_from": [],
}


def array(value: float):
    def build(folder: Path) -> None:
        (folder / "deep").mkdir()
        (folder / "deep" / "note.txt").write_text("hello", "utf-8")
        np.savez(folder / "arrays.npz", x=np.full(3, value, dtype=np.float32))

    return build


def value(shelf: Shelf, version: str | None = None) -> float:
    with np.load(shelf.path("factors", version) / "arrays.npz", allow_pickle=False) as arrays:
        return float(arrays["x"][0])


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "shelf")


def test_what_is_published_is_current_and_whole(shelf: Shelf) -> None:
    first = shelf.publish("factors", array(1), MANIFEST)
    second = shelf.publish("factors", array(2), MANIFEST)
    assert shelf.versions("factors") == [first, second] and first < second
    assert shelf.current("factors") == second and shelf.names() == ["factors"]
    assert value(shelf) == 2 and value(shelf, first) == 1
    shelf.verify("factors")
    shelf.verify("factors", first)
    assert (shelf.folder / "factors" / "current").read_text("utf-8") == second + "\n"


def test_the_manifest_says_how_it_was_made(shelf: Shelf) -> None:
    version = shelf.publish("factors", array(1), MANIFEST)
    manifest = shelf.manifest("factors")
    assert manifest.model_dump(include=set(MANIFEST)) == MANIFEST
    assert (manifest.name, manifest.version) == ("factors", version)
    assert manifest.created_at.startswith(version[:4]) and manifest.created_at.endswith("+00:00")
    assert set(manifest.files) == {"arrays.npz", "deep/note.txt"}
    assert manifest.files["deep/note.txt"].bytes == 5
    assert manifest.libraries["numpy"] == np.__version__ and "python" in manifest.libraries
    stored = json.loads((shelf.path("factors") / "manifest.json").read_text("utf-8"))
    assert stored["config"] == {"factors": 64}


def test_numpy_values_in_a_manifest_become_plain(shelf: Shelf) -> None:
    metrics = {"loss": np.float32(0.5), "curve": np.array([1, 2]), "folder": Path("x")}
    shelf.publish("factors", array(1), MANIFEST | {"metrics": metrics})
    assert shelf.manifest("factors").metrics == {"loss": 0.5, "curve": [1, 2], "folder": "x"}


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"metrics": {"loss": float("nan")}}, NumericalError),
        ({"metric": {}}, UsageError),
        ({"version": "1"}, UsageError),
        ({"config": None}, UsageError),
        ({"config": {"f": object()}}, UsageError),
        ({"seed": "seven"}, UsageError),
    ],
)
def test_a_bad_manifest_publishes_nothing(shelf: Shelf, change: dict, error: type[Exception]) -> None:
    with pytest.raises(error):
        shelf.publish("factors", array(1), MANIFEST | change)
    assert shelf.versions("factors") == []


def build_pickle(folder: Path) -> None:
    (folder / "model.pkl").write_bytes(b"")


def build_object_array(folder: Path) -> None:
    np.savez(folder / "arrays.npz", good=np.zeros(2), bad=np.array([{}], dtype=object))


def build_object_npy(folder: Path) -> None:
    np.save(folder / "array.npy", np.array([{}], dtype=object))


def build_spoilt(folder: Path) -> None:
    (folder / "arrays.npz").write_bytes(b"no archive")


def build_manifest(folder: Path) -> None:
    (folder / "manifest.json").write_text("{}", "utf-8")


def build_link(folder: Path) -> None:
    (folder / "link").symlink_to("/etc/passwd")


def build_nothing(folder: Path) -> None:
    (folder / "empty").mkdir()


@pytest.mark.parametrize(
    "build",
    [
        build_pickle,
        build_object_array,
        build_object_npy,
        build_spoilt,
        build_manifest,
        build_link,
        build_nothing,
    ],
)
def test_what_may_not_stand_on_the_shelf_is_refused(shelf: Shelf, build) -> None:
    old = shelf.publish("factors", array(1), MANIFEST)
    with pytest.raises(UsageError):
        shelf.publish("factors", build, MANIFEST)
    assert shelf.versions("factors") == [old] and shelf.current("factors") == old
    assert not list(shelf.folder.rglob(".tmp-*"))


def test_a_build_that_fails_leaves_the_old_version(shelf: Shelf) -> None:
    old = shelf.publish("factors", array(1), MANIFEST)

    def build(folder: Path) -> None:
        array(2)(folder)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        shelf.publish("factors", build, MANIFEST)
    assert shelf.current("factors") == old and value(shelf) == 1
    assert not list(shelf.folder.rglob(".tmp-*"))


def test_rollback_goes_back_one_or_to_where_one_says(shelf: Shelf) -> None:
    first, second, third = (shelf.publish("factors", array(n), MANIFEST) for n in range(3))
    assert shelf.rollback("factors") == second == shelf.current("factors")
    assert shelf.rollback("factors") == first and value(shelf) == 0
    with pytest.raises(NotFoundError, match="before"):
        shelf.rollback("factors")
    assert shelf.rollback("factors", third) == third and value(shelf) == 2
    for none in ("20200101T000000.000Z-00000000", ""):
        with pytest.raises(NotFoundError):
            shelf.rollback("factors", none)
    assert shelf.current("factors") == third


def test_prune_keeps_the_newest_and_the_current(shelf: Shelf) -> None:
    versions = [shelf.publish("factors", array(n), MANIFEST) for n in range(5)]
    shelf.rollback("factors", versions[0])
    assert shelf.prune("factors", 2) == versions[1:3]
    assert shelf.versions("factors") == [versions[0], *versions[3:]] and value(shelf) == 0
    assert shelf.prune("factors", 9) == []
    with pytest.raises(UsageError):
        shelf.prune("factors", 0)
    assert not list(shelf.folder.rglob(".tmp-*"))


def test_a_version_can_be_rewritten_in_its_place(shelf: Shelf) -> None:
    versions = [shelf.publish("factors", array(n), MANIFEST) for n in range(3)]

    def note(folder: Path) -> dict[str, list[int]]:
        (folder / "deep" / "note.txt").write_text("forgotten", "utf-8")
        return {"users": [1, 2]}

    new = shelf.rewrite("factors", versions[1], note)
    assert shelf.versions("factors") == [versions[0], new, versions[2]] and new != versions[1]
    assert shelf.current("factors") == versions[2]
    shelf.verify("factors", new)
    assert shelf.manifest("factors", new).shapes["users"] == [1, 2]
    assert (shelf.path("factors", new) / "deep" / "note.txt").read_text("utf-8") == "forgotten"
    last = shelf.rewrite("factors", versions[2], note)
    assert shelf.current("factors") == last and value(shelf) == 2
    assert shelf.rewrite("factors", last, note) == last, "nothing changed"
    assert not list(shelf.folder.rglob(".tmp-*"))


def test_a_version_can_be_removed_and_another_becomes_current(shelf: Shelf) -> None:
    first, second = (shelf.publish("factors", array(n), MANIFEST) for n in range(2))
    shelf.remove("factors", second)
    assert shelf.versions("factors") == [first] and shelf.current("factors") == first
    shelf.remove("factors", first)
    assert shelf.versions("factors") == [] and shelf.names() == []
    with pytest.raises(NotFoundError):
        shelf.remove("factors", first)


def test_a_clock_set_back_does_not_put_the_new_before_the_old(shelf: Shelf) -> None:
    first = shelf.publish("factors", array(1), MANIFEST)
    future = f"2999{first[4:]}"
    (shelf.folder / "factors" / first).rename(shelf.folder / "factors" / future)
    second = shelf.publish("factors", array(2), MANIFEST)
    assert shelf.versions("factors") == [future, second] and second[:4] == "2999"


def test_verify_finds_what_was_changed(shelf: Shelf) -> None:
    shelf.publish("factors", array(1), MANIFEST)
    folder = shelf.path("factors")
    (folder / "deep" / "note.txt").write_text("hellO", "utf-8")
    with pytest.raises(FormatError, match=r"note\.txt changed"):
        shelf.verify("factors")
    (folder / "deep" / "note.txt").unlink()
    (folder / "more").write_bytes(b"")
    with pytest.raises(FormatError, match=r"note\.txt missing; more not in the manifest"):
        shelf.verify("factors")
    (folder / "manifest.json").write_text('{"config": {}', "utf-8")
    with pytest.raises(FormatError, match="manifest"):
        shelf.verify("factors")


def test_what_is_not_there_is_said(shelf: Shelf) -> None:
    assert shelf.names() == [] and shelf.versions("factors") == []
    for ask in (shelf.current, shelf.path, shelf.manifest, shelf.verify, shelf.rollback):
        with pytest.raises(NotFoundError):
            ask("factors")
    with pytest.raises(NotFoundError):
        shelf.prune("factors", 1)
    assert not shelf.folder.exists()
    shelf.publish("vectors", array(1), MANIFEST)
    with pytest.raises(NotFoundError, match="vectors"):
        shelf.current("factors")
    with pytest.raises(NotFoundError, match="no version"):
        shelf.path("vectors", "../vectors")


@pytest.mark.parametrize("name", ["", "..", "a/b", "A", ".hidden", "x" * 65, "current\n", "a\0"])
def test_names_cannot_leave_the_shelf(shelf: Shelf, name: str) -> None:
    with pytest.raises(UsageError):
        shelf.publish(name, array(1), MANIFEST)


def test_a_current_that_points_nowhere_can_be_mended(shelf: Shelf) -> None:
    first = shelf.publish("factors", array(1), MANIFEST)
    (shelf.folder / "factors" / "current").write_text("29990101T000000.000Z-00000000\n", "utf-8")
    with pytest.raises(FormatError, match="roll back"):
        shelf.path("factors")
    assert shelf.rollback("factors") == first and value(shelf) == 1


def test_two_publishers_of_one_name_do_not_meet(shelf: Shelf) -> None:
    shelf.publish("factors", array(1), MANIFEST)
    with locked(shelf.folder / "factors", "shelf"):
        for change in (
            lambda: shelf.publish("factors", array(2), MANIFEST),
            lambda: shelf.rollback("factors"),
            lambda: shelf.prune("factors", 1),
        ):
            with pytest.raises(BusyError):
                change()
        shelf.publish("vectors", array(2), MANIFEST)
        assert value(shelf) == 1
