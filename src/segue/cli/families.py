"""Verbs with verbs under them, one of which is meant where none is named: `segue weekly`, `weekly all`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import typer
from typer.core import TyperGroup

from segue.cli.verbs import Verbs, write_help
from segue.errors import NotFoundError, UsageError, alike

TYPED = "segue.typed"  # what came after the family's name, in the context's `meta`


class Family(TyperGroup):
    """Verbs of which one is run where none is named.

    `segue weekly ana` is `segue weekly for ana`, so that the words `for all` reach a listener called all.
    """

    usual = ""  # the verb that is run where none is named
    takes_names = False  # it takes names of people's own making, which may be those of verbs
    older: Mapping[str, str] = {}  # options that were written before there was a verb for it

    def named(self, args: Sequence[str]) -> list[str]:
        """The arguments with the verb that is meant before them; older spellings become today's.

        Raises:
            UsageError: it is not clear whether a word is a verb or a name.
        """
        words = list(args)
        if words and (words[0] in self.commands or words[0] in ("-h", "--help")):
            return words
        end = words.index("--") if "--" in words else len(words)
        if (translated := self._translated(words, end)) is not None:
            return translated
        verbs = [word for word in words[:end] if word in self.commands] if self.takes_names else []
        if verbs:
            path = f"segue {self.name}"
            raise UsageError(
                f"'{verbs[0]}' may be a verb or a name",
                hint=f"{path} {verbs[0]} ... for the verb, {path} {self.usual} {verbs[0]} for the name",
            )
        if words and not words[0].startswith("-") and not self._takes_words():
            near = "".join(f" Did you mean {name!r}?" for name in alike(words[0], self.commands, 1))
            raise UsageError(
                f"segue {self.name} has no verb {words[0]!r}.{near}", expected=", ".join(self.commands)
            )
        return [self.usual, *words]

    def _takes_words(self) -> bool:
        """Whether the usual verb takes arguments beside its options."""
        return any(each.param_type_name == "argument" for each in self.commands[self.usual].params)

    def _translated(self, words: list[str], end: int) -> list[str] | None:
        """Older options as the verb that does it now, their values as its last arguments."""
        verb, rest, values, at = "", [], [], 0
        while at < end:
            option, equals, value = words[at].partition("=")
            becomes, _, takes = self.older.get(option, "").partition(" ")
            verb = verb or becomes
            if not becomes or becomes != verb:
                rest.append(words[at])
            elif takes:
                values += [value] if equals else words[at + 1 : at + 2]
                at += not equals
            at += 1
        if not verb:
            return None
        return [verb, *rest, *words[end:], *([] if "--" in words or not values else ["--"]), *values]

    def invoke(self, ctx: Any) -> Any:
        """Run the verb.

        Raises:
            NotFoundError: a name that nobody has; what looks like a verb that was meant is told as well.
        """
        try:
            return super().invoke(ctx)
        except NotFoundError as error:
            first = next(iter(ctx.meta[TYPED]), "")
            meant = alike(first, self.commands, 1) if repr(first) in error.what else []
            if not meant:
                raise
            hint = f"{ctx.command_path} {meant[0]}, if that verb is meant; or {error.hint}"
            raise NotFoundError(error.what, expected=error.expected, got=error.got, hint=hint) from None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The verb, under the name by which it was called: the usual one may have had none."""
        name, verb, rest = super().resolve_command(ctx, args)
        return "" if name == self.usual and ctx.meta[TYPED][:1] != [name] else name, verb, rest

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take the arguments."""
        ctx.meta[TYPED] = list(args)
        return super().parse_args(ctx, args if ctx.resilient_parsing else self.named(args))

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the page: the usual verb's, with the others in it."""
        usual = self.commands[self.usual]
        inner = type(ctx)(usual, info_name=self.usual, parent=ctx)
        formatter.write_usage(ctx.command_path, " ".join(usual.collect_usage_pieces(inner)))
        write_help(usual.help or "", formatter)
        rows = [(name, each.get_short_help_str(500)) for name, each in self.commands.items()]
        if self.takes_names:  # what comes first in words is a name, unless it is one of these
            rows[0] = (
                f"{self.usual} NAME",
                f"The same as {ctx.command_path} NAME, for a name such as '{rows[1][0]}'.",
            )
        with formatter.section("Verbs"):
            formatter.write_dl(rows)
        usual.format_options(inner, formatter)


def family(
    usual: Callable[..., None],
    others: Mapping[str, Callable[..., None]],
    *,
    name: str,
    older: Mapping[str, str] | None = None,
    takes_names: bool = False,
) -> typer.Typer:
    """Verbs under one name.

    Args:
        usual: what is run where no verb is named.
        others: the other verbs.
        name: of the usual verb, when it is named.
        older: options that the usual verb once had, with the verb that does it now and, where the option has
            a value, the word VALUE: the value becomes the verb's last argument.
        takes_names: whether the usual verb takes names that may be those of verbs.
    """
    settings = {"usual": name, "older": older or {}, "takes_names": takes_names}
    made = Verbs(cls=type("Family", (Family,), settings), help=(usual.__doc__ or "").partition("\n\n")[0])
    made.command(name)(usual)
    for verb, function in others.items():
        made.command(verb)(function)
    return made
