"""How a command ends: Ctrl-C, SIGTERM, a reader who goes, a terminal that can't show a letter."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

BODY = """
import time
from pathlib import Path
from segue.cli.errors import prepare, reported_errors
from segue import files
prepare()
with reported_errors(), files.replacing(Path("made.txt")) as aside:
    aside.write_text("half")
    print("ready", flush=True)
    time.sleep(60)
"""

IN_A_QUERY = """
import os, signal
from segue.cli.errors import Ended, prepare, reported_errors
prepare()
with reported_errors():
    try:
        signal.raise_signal(getattr(signal, os.environ["NAME"]))
    except Ended:
        raise RuntimeError("Query interrupted")  # as DuckDB does
"""


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_who_is_ended_says_so_and_leaves_nothing_behind(tmp_path: Path, number: int, code: int) -> None:
    command = [sys.executable, "-c", BODY]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    assert process.returncode == code and "what was stored before is whole" in said.lower()
    assert "Traceback" not in said and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_who_is_ended_in_the_midst_of_a_query_says_so_too(name: str, code: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", IN_A_QUERY], capture_output=True, text=True, env=os.environ | {"NAME": name}
    )
    assert done.returncode == code and "Traceback" not in done.stderr, done.stderr


LOST = """
import os, signal, threading, time
from segue.cli import errors
errors.PATIENCE = float(os.environ["PATIENCE"])
errors.prepare()

class Held:
    def __del__(self):
        signal.raise_signal(signal.SIGTERM)  # what is raised here is lost

with errors.reported_errors():
    held = Held()
    del held
    time.sleep(60)
"""


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("patience", ["0.01", "50"])
def test_who_is_ended_where_exceptions_are_lost_ends_all_the_same(patience: str) -> None:
    """By the exception raised anew or, where nothing comes of that either, at once."""
    alone = os.environ | {"PATIENCE": patience}
    command = [sys.executable, "-c", LOST]
    done = subprocess.run(command, capture_output=True, text=True, timeout=45, env=alone)
    assert done.returncode == 143 and "segue: Stopped." in done.stderr, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="pipes of POSIX")
def test_a_reader_who_goes_is_no_error() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "segue", "config"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None and process.stderr.read() == b""
    assert process.returncode == 141


def test_a_full_disk_is_told() -> None:
    full = (
        "import errno, os\nfrom segue.cli.errors import prepare, reported_errors\nprepare()\n"
        "with reported_errors(): raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), 'part.parquet')"
    )
    done = subprocess.run([sys.executable, "-c", full], capture_output=True, text=True)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "part.parquet" in done.stderr and "make room on the disk" in done.stderr


def test_what_cannot_be_shown_is_replaced() -> None:
    said = "from segue.cli.errors import prepare\nprepare()\nprint('h\\u00e9')"
    alone = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, env=alone)
    assert (done.returncode, done.stdout.strip()) == (0, b"h?")
