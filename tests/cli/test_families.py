"""Verbs with verbs under them: which one is meant, older spellings, and names that are those of verbs."""

from __future__ import annotations

from typing import Any

import pytest
import typer

from segue.cli.app import app
from segue.errors import UsageError

COMMANDS: Any = typer.main.get_command(app)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("weekly", "for"),
        ("weekly ana --json", "for ana --json"),
        ("weekly for all", "for all"),
        ("weekly all --json", "all --json"),
        ("weekly -- all", "for -- all"),
        ("weekly --all --week 2026-W48", "all --week 2026-W48"),
        ("weekly ana --why-not hello --json", "why-not ana --json -- hello"),
        ("weekly --why-not=hello ana", "why-not ana -- hello"),
        ("weekly --like a --json --like b", "guest --json -- a b"),
        ("weekly --newcomer", "guest"),
        ("train --network", "factors --network"),
        ("train network", "network"),
        ("schedule", "show"),
        ("schedule once", "once"),
    ],
)
def test_which_verb_is_meant(typed: str, meant: str) -> None:
    family, *words = typed.split()
    assert COMMANDS.commands[family].named(words) == meant.split()


@pytest.mark.parametrize("typed", ["-l library all", "ana guest", "--json why-not"])
def test_a_name_that_may_be_a_verb_is_refused(typed: str) -> None:
    with pytest.raises(UsageError, match="segue weekly for"):
        COMMANDS.commands["weekly"].named(typed.split())


def test_help_shows_every_verb_and_examples_line_by_line(capsys: pytest.CaptureFixture[str]) -> None:
    COMMANDS.main(["weekly", "--help"], prog_name="segue", standalone_mode=False)
    page = capsys.readouterr().out
    assert page.startswith("Usage: segue weekly [OPTIONS]")
    for verb in ("for NAME", "all", "guest", "why-not"):
        assert f"\n  {verb} " in page
    assert "\n      segue weekly ana   # ana's list of this week\n" in page
