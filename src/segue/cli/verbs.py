"""What every verb refuses before any work: ids that nobody can have, endless numbers, impossible places."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import typer
from typer._click.exceptions import NoSuchOption
from typer.core import TyperCommand
from typer.models import CommandInfo

from segue.cli.grouped import ungrouped
from segue.cli.options import known_listener
from segue.errors import UsageError, alike

LISTENERS = ("listener", "bring_back")  # parameters that name somebody
KEPT = ("library", "folder")  # paths that DuckDB, or a table, holds as text
WRITTEN = ("html", "out")  # parameters that name a file, or a folder, to be written
LARGEST = 2**31 - 1


_Context: Any = TyperCommand.context_class


class _Called(_Context):
    """How a verb is called: of a family's usual verb, without its name."""

    @property
    def command_path(self) -> str:
        """ "segue weekly"."""
        return super().command_path.rstrip()


class Verb(TyperCommand):
    """A verb whose arguments are looked at before it is run."""

    context_class = _Called

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take the arguments; of an option that is not there, say which may have been meant.

        Raises:
            UsageError: a path of no characters, as of a variable of the shell that was never set.
        """
        nothing = any(each == "" or (each[:2] == "--" and each[-1] == "=") for each in args)
        try:
            left = super().parse_args(ctx, args)
        except NoSuchOption as error:
            options = [name[2:] for each in self.get_params(ctx) for name in each.opts if name[:2] == "--"]
            asked = error.option_name
            error.possibilities = [f"--{name}" for name in alike(asked[2:], options) if asked[:2] == "--"]
            raise
        if nothing:  # else it would be taken for the folder one stands in
            for name, given in ctx.params.items():
                if Path() in _each(given):
                    raise UsageError(
                        f"{_shown(name)} is empty", expected="a path", hint="name it, or . for here"
                    )
        return left

    def format_help_text(self, ctx: Any, formatter: Any) -> None:
        """Write what it does; examples, which are indented in the docstring, line by line."""
        write_help(self.help or "", formatter)

    def invoke(self, ctx: Any) -> Any:
        """Run it.

        Raises:
            UsageError: an argument cannot be taken.
        """
        for name, given in ctx.params.items():
            for value in _each(given):
                _refuse(name, value)
        return super().invoke(ctx)


def write_help(text: str, formatter: Any) -> None:
    """Write a docstring: indented paragraphs as they are, others as wide as there is room."""
    paragraphs = inspect.cleandoc(text).split("\n\n")
    formatter.write_paragraph()
    with formatter.indentation():
        formatter.write_text("\n\n".join("\b\n" * each.startswith("    ") + each for each in paragraphs))


class Verbs(typer.Typer):
    """Verbs, each of which is a `Verb`; their pages are plain text, which is written in a moment."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(rich_markup_mode=None, **settings)

    def command(
        self, name: str | None = None, *, cls: type[TyperCommand] | None = Verb, **settings: Any
    ) -> Callable[..., Any]:
        """Add a verb."""

        def add(function: Callable[..., Any]) -> Callable[..., Any]:
            self.registered_commands.append(_Registered(function, name=name, cls=cls, **settings))
            return function

        return add

    def texts(self) -> dict[str, str | None]:
        """The help of each verb and each family of verbs, by name."""
        found = {
            str(each.name): each.typer_instance.info.help
            for each in self.registered_groups
            if each.typer_instance
        }
        for each in self.registered_commands:
            if isinstance(each, _Registered):
                found[each.name or getattr(each.function, "__name__", "")] = each.function.__doc__
        return found


class _Registered(CommandInfo):
    """A verb as Typer knows it. Its options are looked at when it is called: that takes longest of all."""

    def __init__(self, function: Callable[..., Any], **settings: Any) -> None:
        self.function = function
        super().__init__(**settings)

    @property
    def callback(self) -> Callable[..., Any]:
        """The function with a parameter for each option."""
        return ungrouped(self.function)

    @callback.setter
    def callback(self, _: None) -> None:
        """Typer's own beginning sets it to None."""


def _each(given: Any) -> Sequence[Any]:
    return given if isinstance(given, Sequence) and not isinstance(given, str) else [given]


def _shown(name: str) -> str:
    return "--" + name.replace("_", "-")


def _refuse(name: str, value: object) -> None:
    shown = _shown(name)
    if isinstance(value, str | Path) and "\0" in str(value):
        raise UsageError(f"{shown} has a character that no file can", got=repr(str(value))[:80])
    if name in LISTENERS and isinstance(value, str):
        known_listener(value)
    if (isinstance(value, str) or name in KEPT) and any("\ud800" <= each <= "\udfff" for each in str(value)):
        # Bytes that are no text in the terminal's encoding. Names of files may have such, what is kept never.
        hint = "another name, or a terminal in UTF-8 (LC_ALL=C.UTF-8)"
        raise UsageError(f"{shown} is no text", expected="characters", got=ascii(str(value))[:80], hint=hint)
    if isinstance(value, int | float) and abs(value) > LARGEST and name != "seed":
        raise UsageError(f"{shown} is too large", expected=f"at most {LARGEST:,}", got=f"{value:.3g}")
    if name in WRITTEN and isinstance(value, Path):
        _refuse_unwritable(value, is_file=name == "html" or bool(value.suffix))


def _refuse_unwritable(path: Path, *, is_file: bool) -> None:
    """What takes minutes must not end with nowhere to put it."""
    if is_file and path.is_dir():
        raise UsageError(f"{path} is a folder", expected="the name of a file to write")
    there = path if path.is_dir() else path.absolute().parent
    while not there.exists() and there != there.parent:
        there = there.parent
    if not there.is_dir() or not os.access(there, os.W_OK):
        raise UsageError(
            f"{path} cannot be written",
            got=f"{there} is {'read-only' if there.is_dir() else 'no folder'}",
            hint="name another place",
        )
