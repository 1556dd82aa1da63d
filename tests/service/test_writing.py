"""The thread that writes for all: who gives up waiting takes nobody else with them."""

from __future__ import annotations

import threading
from concurrent.futures import CancelledError
from pathlib import Path

import pytest
import sqlalchemy as sa

from segue.library import Library
from segue.service.database import connect
from segue.service.writing import Writer


def test_a_write_that_nobody_waits_for_any_more_is_left_out_and_others_are_done(tmp_path: Path) -> None:
    Library.open(tmp_path / "library", create=True)
    writer, begun, go_on = Writer(connect(tmp_path / "library")), threading.Event(), threading.Event()

    def slow(connection: sa.Connection) -> str:
        begun.set()
        go_on.wait(10)
        return "slow"

    first = writer.submit(slow)
    assert begun.wait(10)
    waits, behind = writer.submit(lambda connection: "cancelled"), writer.submit(lambda connection: "done")
    assert waits.cancel() and not first.cancel()  # what has begun is done to its end
    go_on.set()
    assert (first.result(10), behind.result(10)) == ("slow", "done")
    with pytest.raises(CancelledError):
        waits.result(10)
    for _ in range(2):  # also when it was alone
        assert writer.submit(lambda connection: 1 // 0).exception(10) is not None
        assert writer.write(lambda connection: "still") == "still"
    writer.close()
