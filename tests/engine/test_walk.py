"""A weekly list walks through the files that the page on architecture says, in that order."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import segue
from segue.engine import Engine

ROOT = Path(segue.__file__).parent
PAGE = Path(__file__).parents[2] / "docs" / "contributing" / "architecture.md"
WEEK, MOST = "2026-W30", 12


def entered(run: Callable[[], object]) -> list[str]:
    """The files of Segue whose functions are called, in the order of their first call."""
    found: dict[str, None] = {}

    def call(frame: FrameType, event: str, _: object) -> None:
        file = Path(frame.f_code.co_filename)
        if event == "call" and ROOT in file.parents:
            found.setdefault(file.relative_to(ROOT).as_posix())

    sys.setprofile(call)
    try:
        run()
    finally:
        sys.setprofile(None)
    return list(found)


def test_a_weekly_list_is_made_as_the_page_says(trained: Path) -> None:
    engine = Engine.open(trained)
    engine.weekly("p01", WEEK)  # what is opened once is open now
    _, _, section = PAGE.read_text(encoding="utf-8").partition("## One weekly list")
    walk = re.findall(r"^\d+\. `([\w/]+\.py)`", section.partition("\n## ")[0], re.M)
    assert 0 < len(walk) <= MOST
    assert [file for file in entered(lambda: engine.weekly("p02", WEEK)) if file in walk] == walk
