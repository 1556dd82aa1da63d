"""Steps of long work are told in words, and how long it takes."""

from __future__ import annotations

import pytest

from segue.progress import about, step, steps


def test_steps_are_numbered_and_nothing_is_said_outside(capsys: pytest.CaptureFixture[str]) -> None:
    step("nobody counts")
    with steps(2):
        step("song vectors")
        step("the network")
    step("nobody counts")
    assert capsys.readouterr().err == "Step 1 of 2: song vectors\nStep 2 of 2: the network\n"


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(3, "less than a minute"), (61, "about 1 minute"), (1000, "about 17 minutes"), (8000, "about 2 hours")],
)
def test_how_long_it_takes(seconds: float, told: str) -> None:
    assert about(seconds) == told
