"""Verbs with verbs under them: which one is meant, older spellings, and names that are those of verbs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import typer

from segue.cli.app import app
from segue.errors import NotFoundError, UsageError
from segue.library import Library
from segue.library.importing import import_path

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


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("models rolback", "segue models has no verb 'rolback'. Did you mean 'rollback'?"),
        ("train netwrk", "segue train has no verb 'netwrk'. Did you mean 'network'?"),
        ("config zzz", "segue config has no verb 'zzz'. Expected: show, init."),
    ],
)
def test_a_verb_that_is_misspelt_is_told_with_what_was_meant(typed: str, meant: str) -> None:
    with pytest.raises(UsageError, match=re.escape(meant)):
        COMMANDS.main(typed.split(), prog_name="segue", standalone_mode=False)


def test_a_misspelt_verb_that_may_be_a_name_is_told_with_names_and_verbs(tmp_path: Path) -> None:
    (tmp_path / "plays.csv").write_text(
        "listener,artist,track,timestamp\n"
        + "".join(f"{who},A,T,{1700000000 + at}\n" for at, who in enumerate(("ana", "whitney")))
    )
    import_path(Library.open(tmp_path / "library", create=True), tmp_path / "plays.csv")

    def told(*typed: str) -> str:
        with pytest.raises(NotFoundError) as error:
            words = ["weekly", *typed, "-l", str(tmp_path / "library")]
            COMMANDS.main(words, prog_name="segue", standalone_mode=False)
        return str(error.value)

    assert "Try: segue weekly why-not, if that verb is meant; or see `segue library`" in told(
        "why-nto", "ana"
    )
    assert "such as whitney" in told("whitny")
    assert "if that verb is meant" not in told("anna")
    assert "if that verb is meant" not in told("for", "why-nto")  # which says that it is a name


def test_a_misspelt_option_is_told_with_the_one_that_was_meant(capsys: pytest.CaptureFixture[str]) -> None:
    for typed, path in (("weekly --formt x", "segue weekly"), ("weekly all --formt x", "segue weekly all")):
        with pytest.raises(SystemExit):
            COMMANDS.main(typed.split(), prog_name="segue")
        told = capsys.readouterr().err
        assert f"Usage: {path} [OPTIONS]" in told
        assert "No such option: --formt (Possible options: --format)" in told
