"""Write docs/cli.md from the help texts of the commands; with --check only say whether it is up to date."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

import typer

from segue.cli.app import app

TARGET = Path(__file__).with_name("cli.md")


def render() -> str:
    """The whole page."""
    group = typer.main.get_command(app)
    lines = ["# The command line", "", "Made from the help texts by `python docs/make_cli.py`.", ""]
    for name, command in sorted(_verbs(group)):
        lines += [f"## segue {name}", "", *_paragraphs(command.help or ""), ""]
        rows = []
        for parameter in command.params:
            if parameter.name == "help" or parameter.hidden:
                continue
            shown = ", ".join(f"`{each}`" for each in parameter.opts)
            if parameter.param_type_name == "argument":
                shown = f"`{(parameter.name or '').upper()}`"
            rows.append(
                f"| {shown} | {_cell(getattr(parameter, 'help', '') or '')} | {_default(parameter)} |"
            )
        lines += ["| option | meaning | default |", "| --- | --- | --- |", *rows, ""]
    return "\n".join(lines)


def _verbs(group: typer.core.TyperGroup, before: str = "") -> Iterator[tuple[str, typer.core.TyperCommand]]:
    """Every verb with its whole name, those of families too."""
    for name, command in group.commands.items():
        if name == getattr(group, "usual", None):
            yield before.strip(), command
        elif hasattr(command, "commands"):
            yield from _verbs(command, f"{before}{name} ")
        else:
            yield before + name, command


def _paragraphs(text: str) -> list[str]:
    return inspect.cleandoc(text).splitlines()


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _default(parameter: typer.core.TyperOption) -> str:
    default = parameter.default
    return "" if default in (None, False) or callable(default) or default == [] else f"`{default}`"


if __name__ == "__main__":
    page = render()
    if "--check" not in sys.argv:
        TARGET.write_text(page, encoding="utf-8")
    elif not TARGET.exists() or TARGET.read_text(encoding="utf-8") != page:
        sys.exit("docs/cli.md is out of date: python docs/make_cli.py")
