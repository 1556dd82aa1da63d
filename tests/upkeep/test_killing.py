"""SIGKILL at any moment of any writer leaves what is whole, and the same again finishes it (`killing.py`)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

KILLING = Path(__file__).parents[1] / "killing.py"
WRITERS = (
    *("create", "import", "merge", "withdraw", "bring back", "publish", "weeks", "remember"),
    *("tastes", "schedule", "forget", "repair"),
)
CHEAP = ("create", "publish", "tastes")  # seconds, where the others take minutes on busy machines


def _killed(mode: str, library: Path, work: Path, most: int, *names: str) -> dict[str, int]:
    command = [sys.executable, str(KILLING), mode, str(library), str(work), str(most), *names]
    alone = os.environ | {"OPENBLAS_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=alone)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = (line.rpartition(" ") for line in done.stdout.splitlines())
    return {name: int(kills) for name, _, kills in lines}


def test_every_writer_is_killed() -> None:
    said = subprocess.run([sys.executable, str(KILLING), "names"], capture_output=True, text=True)
    assert tuple(said.stdout.splitlines()) == WRITERS


def test_a_kill_at_some_lines(trained: Path, tmp_path: Path) -> None:
    kills = _killed("lines", trained, tmp_path / "work", 1, *CHEAP)
    assert kills == dict.fromkeys(CHEAP, 1)


@pytest.mark.slow
@pytest.mark.parametrize("writer", WRITERS)
def test_a_kill_at_every_line_that_changes_the_disk(trained: Path, tmp_path: Path, writer: str) -> None:
    assert _killed("lines", trained, tmp_path / "work", 0, writer)[writer] > 3


@pytest.mark.slow
@pytest.mark.parametrize("writer", WRITERS)
def test_a_kill_at_random_lines(trained: Path, tmp_path: Path, writer: str) -> None:
    most = int(os.environ.get("SEGUE_KILLS", "85"))
    assert _killed("times", trained, tmp_path / "work", most, writer)[writer] > 0.4 * most
