"""Backup and restore, while somebody writes."""

import threading
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from tests.service.conftest import EARLIER, As, serving

from segue.engine import Engine
from segue.engine.weekly import weekly
from segue.errors import FormatError, UsageError
from segue.library import Library
from segue.service.backup import back_up, restore
from segue.service.house import House
from segue.upkeep.health import examine


def test_a_backup_while_it_runs_restores_all_of_it(
    client: TestClient, holding: As, house: House, tmp_path: Path
) -> None:
    mine = holding("p01")
    sent = {"artist_name": "A", "track_name": "B"}
    sent = {"listen_type": "single", "payload": [{"listened_at": 1_790_000_000, "track_metadata": sent}]}
    client.post("/1/submit-listens", headers=mine, json=sent)
    path, stop = house.engines.path, threading.Event()

    def lists() -> None:
        while not stop.is_set():
            weekly(Engine(Library.open(path)), EARLIER, listeners=["p02"])

    writer = threading.Thread(target=lists)
    writer.start()
    try:
        for _ in range(5):
            back_up(path, tmp_path / "all.tar")
    finally:
        stop.set()
        writer.join()
    assert (tmp_path / "all.tar").stat().st_mode & 0o077 == 0
    restore(tmp_path / "all.tar", tmp_path / "restored")
    assert not [found for found in examine(tmp_path / "restored") if found.state == "wrong"]
    with serving(tmp_path / "restored") as other:
        there, here = (each.get(f"/v1/lists/{EARLIER}", headers=mine).json() for each in (other, client))
        assert there == here
        assert other.app.state.house.take_in() == 1


def test_backups_that_cannot_be_are_refused(library: Library, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        back_up(library.path, library.path / "all.tar")
    (tmp_path / "no.tar").write_bytes(b"nothing")
    with pytest.raises(FormatError):
        restore(tmp_path / "no.tar", tmp_path / "restored")
    assert not (tmp_path / "restored").exists()
    back_up(library.path, tmp_path / "all.tar")
    with pytest.raises(UsageError):
        restore(tmp_path / "all.tar", library.path)
