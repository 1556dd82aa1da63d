"""Commands that the documents show: every one parses, and those of the tutorial run as it says."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from segue.cli.app import app

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINE = re.compile(r"^\s*(?:\d \* \* \* \* )?(?:.*&& )?(?:uv run (?:--?[\w-]+ \S+ )*)?segue (.*)$")
FENCE = re.compile(r"```.*?```|(?:^ {4,}.*\n)+", re.S | re.M)


def _typed(text: str) -> list[str]:
    """The words after `segue`, without the comment and without what the shell takes."""
    words = shlex.split(text, comments=True)
    ends = [at for at, word in enumerate(words) if word in (">", "|", "&&", ";")]
    return words[: ends[0]] if ends else words


def _shown(page: Path) -> Iterator[tuple[str, bool]]:
    """Each command of a page, and whether it stands in a sentence, where arguments may be left out."""
    text = page.read_text(encoding="utf-8")
    for block in FENCE.findall(text):
        yield from ((found.group(1), False) for line in block.splitlines() if (found := LINE.match(line)))
    for found in re.findall(r"(?<!`)`(?:uv run )?segue ([^`]+)`(?!`)", FENCE.sub("", text)):
        yield " ".join(found.split()), True


def _parse(words: list[str], *, in_a_sentence: bool) -> None:
    """Take the words as the command line does, short of doing what they say."""
    command: Any = typer.main.get_command(app)
    context = command.context_class(command, info_name="segue")
    while hasattr(command, "get_command") and words not in (["--help"], ["--version"], []):
        if hasattr(command, "named"):
            words = command.named(words)
        found = command.get_command(context, words[0])
        assert found is not None, f"no verb {words[0]}"
        command, words = found, words[1:]
        context = command.context_class(command, info_name=command.name, parent=context)
    if hasattr(command, "get_command"):
        return
    try:
        command.make_context(command.name, words, parent=context.parent)
    except Exception as error:
        if type(error).__name__ not in ("MissingParameter", "BadOptionUsage") or not in_a_sentence:
            raise AssertionError(f"{type(error).__name__} {error}") from error


@pytest.mark.parametrize(
    "text", ["nothing", "weekly --nothing", "weekly -n many", "import", "agents train x"]
)
def test_a_wrong_command_is_noticed(text: str) -> None:
    with pytest.raises(AssertionError):
        _parse(_typed(text), in_a_sentence=False)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_that_is_shown_parses(page: Path) -> None:
    wrong = []
    for text, in_a_sentence in _shown(page):
        try:
            _parse(_typed(text), in_a_sentence=in_a_sentence)
        except (AssertionError, ValueError) as error:
            wrong.append(f"segue {text}: {error}")
    assert not wrong, "\n".join(wrong)


def test_commands_are_found_at_all() -> None:
    assert sum(1 for page in PAGES for _ in _shown(page)) > 100


def test_the_tutorial_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`sh` is run, `csv` is saved, and each line of `text` is in what the `sh` before it printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    runner, printed = CliRunner(), ""
    blocks = re.findall(
        r"```(\w+)\n(.*?)```", (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8"), re.S
    )
    assert [kind for kind, _ in blocks].count("sh") >= 10
    for kind, block in blocks:
        if kind == "csv":
            (tmp_path / "plays.csv").write_text(block, encoding="utf-8")
        elif kind == "sh":
            printed = ""
            for line in block.splitlines():
                result = runner.invoke(app, _typed(line.removeprefix("segue ")))
                assert result.exit_code == 0, f"{line}\n{result.output}\n{result.exception!r}"
                printed += result.output
        elif kind == "text":
            plain = " ".join(printed.split())
            missing = [line for line in block.splitlines() if " ".join(line.split()) not in plain]
            assert not missing, f"{missing} is not in:\n{printed}"
    assert list((tmp_path / "playlists").glob("*.jspf"))
