"""Progress is shown by whom the caller hands in; steps are told in words, events with their facts."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Generator
from contextlib import contextmanager

import pytest

from segue import terminal
from segue.events import get_logger
from segue.progress import Advance, about, one_step, portion, progress, reporting, step, steps, told
from segue.terminal import PlainFormatter, TerminalReporter


class Recorder:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[object] = []

    @contextmanager
    def task(self, what: str, total: float | None, unit: str) -> Generator[Advance]:
        self.told.append((what, total, unit))
        yield self.told.append

    def step(self, what: str, number: int, total: int) -> None:
        self.told.append((number, total, what))


def test_progress_goes_to_whom_the_caller_hands_in() -> None:
    recorder = Recorder()
    with progress("Nobody looks", 2) as advance:
        advance(2)
    with reporting(recorder), progress("Reading", 3, unit="files") as advance:
        advance(1)
        advance(2)
    with progress("Nobody looks again"):
        pass
    assert recorder.told == [("Reading", 3, "files"), 1, 2]


def test_portions_tell_the_task_around_them_how_far_they_are() -> None:
    recorder = Recorder()
    told(1)  # nobody asked
    with reporting(recorder), progress("Learning", 3) as advance:
        with portion(advance=advance):
            told(0.25)
            with portion(0.5, of=2):  # two halves of one half
                told(1)
                told(5)  # no more than there is
            with portion(0.25):
                pass  # what is told of nothing is told at the end
        with portion(2, of=10, advance=advance):
            told(4)
    assert recorder.told == [("Learning", 3, ""), 0.25, 0.25, 0.25, 0.0, 0.25, 0.0, 0.8, 1.2]


def test_steps_are_numbered_and_nothing_is_said_outside(capsys: pytest.CaptureFixture[str]) -> None:
    with reporting(TerminalReporter()):
        step("nobody counts")
        with steps(3):
            step("song vectors")
            with steps(7):  # counted with those around it
                step("the network")
            with one_step("podcasts"):
                step("a step of that step")
        step("nobody counts")
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["Step 1 of 3: song vectors", "Step 2 of 3: the network", "Step 3 of 3: podcasts"]


def test_events_are_silent_until_somebody_looks_and_keep_their_facts(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    log = get_logger("elsewhere")  # not "segue", which a command that ran here before may show
    log.info("Nobody looks", sessions=3)
    assert capsys.readouterr() == ("", "")
    with caplog.at_level(logging.INFO, "elsewhere"):
        log.info("Read sessions", sessions=6000, log_loss=0.51234567)
    (record,) = caplog.records
    assert record.sessions == 6000
    assert PlainFormatter().format(record) == "Read sessions: sessions 6,000, log loss 0.5123"


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(3, "less than a minute"), (61, "about 1 minute"), (1000, "about 17 minutes"), (8000, "about 2 hours")],
)
def test_how_long_it_takes(seconds: float, told: str) -> None:
    assert about(seconds) == told


def test_long_work_tells_a_file_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(terminal, "EVERY", 0.02)
    with reporting(TerminalReporter()):
        with progress("Reading", unit="rows") as advance:
            _until(capsys, "Reading:")
            advance(3000)
            _until(capsys, "Reading: 3,000 rows,")
        with progress("Training", 4) as advance:
            advance(1)
            _until(capsys, "Training: 25%,")
            with progress("Looking inside"):  # the innermost speaks alone
                _until(capsys, "Looking inside:")
                capsys.readouterr()
                time.sleep(0.1)
                assert "Training" not in capsys.readouterr().err
            advance(3)
            _until(capsys, "Training: 100%,")
    capsys.readouterr()
    time.sleep(0.1)
    assert capsys.readouterr().err == ""


def test_short_work_tells_a_file_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with reporting(TerminalReporter()), progress("Reading", 2) as advance:
        advance(2)
    assert capsys.readouterr().err == ""
    long_ago = terminal._Plain("Training", 200, "")
    long_ago.advance(50)
    long_ago._began -= 125
    assert long_ago.line() == "Training: 25%, 2 min 5 s"


def _until(capsys: pytest.CaptureFixture[str], line: str) -> None:
    for _ in range(500):
        if any(re.fullmatch(f"{line} \\d+ s", told) for told in capsys.readouterr().err.splitlines()):
            return
        time.sleep(0.01)
    pytest.fail(f"never told: {line}")
