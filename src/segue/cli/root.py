"""`segue --help`: the verbs in the order in which a newcomer meets them.

Written plainly: Typer's own page loads Rich with its markup, which takes longer than all the rest. A verb's
options are looked at when it is called, not when `segue` starts.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from segue.cli.verbs import Verbs

# The module of `segue.cli` that has each verb.
GROUPS: Mapping[str, Mapping[str, str]] = {
    "Begin": {"demo": "demo", "import": "importing", "train": "training", "weekly": "weekly"},
    "Listen": {
        "radio": "radio",
        "sequence": "sequence",
        "schedule": "schedule",
        "files": "files",
        "players": "players",
    },
    "Serve": {"serve": "serving", "token": "serving"},
    "Look": {
        "library": "looking",
        "tastes": "tastes",
        "similar": "similar",
        "explain": "training",
        "formats": "importing",
    },
    "Keep in order": {
        "withdraw": "importing",
        "split": "importing",
        "exclude": "excluding",
        "forget": "forgetting",
        "doctor": "health",
        "models": "models",
        "backup": "serving",
        "restore": "serving",
        "config": "health",
    },
    "Measure and simulate": {
        "evaluate": "evaluating",
        "tune": "evaluating",
        "town": "town",
        "world": "world",
        "agents": "agents",
    },
}
MODULES = {verb: module for verbs in GROUPS.values() for verb, module in verbs.items()}


@cache
def registered(module: str) -> Verbs:
    """The verbs of a module of `segue.cli`."""
    made = Verbs()
    importlib.import_module(f"segue.cli.{module}").register(made)
    return made


@cache
def _built(module: str) -> Mapping[str, Any]:
    return typer.main.get_group(registered(module)).commands


class _Commands(Mapping[str, Any]):
    """All verbs by name, each made when it is asked for."""

    def __getitem__(self, verb: str) -> Any:
        return _built(MODULES[verb])[verb]

    def __iter__(self) -> Iterator[str]:
        return iter(MODULES)

    def __len__(self) -> int:
        return len(MODULES)


class Root(TyperGroup):
    """The verbs, in groups."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands: Any = _Commands()

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the page."""
        self.format_usage(ctx, formatter)
        self.format_help_text(ctx, formatter)
        for heading, verbs in GROUPS.items():
            rows = [(verb, _summary(verb, module)) for verb, module in verbs.items()]
            with formatter.section(typer.style(heading, bold=True)):
                formatter.write_dl(rows)
        rows = [record for each in self.get_params(ctx) if (record := each.get_help_record(ctx))]
        with formatter.section(typer.style("Options", bold=True)):
            formatter.write_dl(rows)
        formatter.write_paragraph()
        formatter.write_text("Every verb explains itself: segue weekly --help")
        self.format_epilog(ctx, formatter)


def _summary(verb: str, module: str) -> str:
    """The first sentence of a verb's help."""
    texts = registered(module).texts()
    return TyperCommand(verb, help=texts[verb]).get_short_help_str(500)
