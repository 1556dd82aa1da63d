"""What Segue says when something is wrong: what was expected, what it got, what to try."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from segue.wording import ended

if TYPE_CHECKING:
    from pydantic import BaseModel

T = TypeVar("T", bound="BaseModel")
LONGEST = 1000  # characters of each part of a message

CLOSE = 60  # of 100, how like a name is that may have been meant


class SegueError(Exception):
    """A mistake the user can mend. The command line prints it without a traceback.

    ``SegueError("The half-life must be positive", got="-3 days", hint="set factors.half_life_days")``
    """

    exit_code = 1

    def __init__(self, what: str, *, expected: str = "", got: str = "", hint: str = "") -> None:
        what, expected, got, hint = map(_short, (what, expected, got, hint))  # a file can say anything
        self.what, self.expected, self.got, self.hint = what, expected, got, hint
        named = (("Expected: ", expected), ("Got: ", got), ("Try: ", hint))
        parts = [ended(what.rstrip()), *(name + ended(text.rstrip()) for name, text in named if text)]
        super().__init__(" ".join(parts))

    def __reduce__(self) -> tuple[Any, ...]:
        """So that it comes whole out of a worker process."""
        return _again, (type(self), self.what, self.expected, self.got, self.hint)


def _short(text: str) -> str:
    """Not too long and on one line: what came from a file may hold line ends, or what steers a terminal."""
    if not text.isprintable():
        text = "".join(
            char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
        )
    return text if len(text) <= LONGEST else f"{text[: LONGEST // 2]} ... {text[-LONGEST // 2 :]}"


def _again(kind: type[SegueError], what: str, expected: str, got: str, hint: str) -> SegueError:
    return kind(what, expected=expected, got=got, hint=hint)


def one_of(names: Sequence[str], what: str = "listeners", *, like: str = "") -> str:
    """Whom or what could have been named: how many there are, and some, those `like` a name first."""
    if not names:
        return f"one of the {what}, of whom there are none yet"
    if len(names) == 1:
        return f"{names[0]}, the only {what.removesuffix('s')}"
    return f"one of {len(names):,} {what}, such as {', '.join(alike(like, names) or names[:3])}"


def alike(name: str, names: Iterable[str], most: int = 3) -> list[str]:
    """Which of `names` may have been meant by a name that is none of them, the likeliest first."""
    if not name:
        return []
    from rapidfuzz import process  # where something is wrong, and only there

    close = process.extract(name, list(names), processor=str.casefold, limit=most, score_cutoff=CLOSE)
    return [each for each, _, _ in close]


def install(extra: str) -> str:
    """What to do where an extra is missing."""
    return f"uv sync --extra {extra} in a checkout, else pip install 'segue[{extra}]'"


class UsageError(SegueError):
    """A command or setting that cannot be taken."""

    exit_code = 2


def checked(
    config: type[T],
    settings: Mapping[str, Any],
    *,
    what: str,
    hint: str = "",
    kind: type[SegueError] = UsageError,
) -> T:
    """A config of those settings, or the first that it does not take, as a mistake the user can mend.

    Args:
        config: the class of the config.
        settings: by name.
        what: of the error; {setting} in it becomes the setting's name.
        hint: what to do.
        kind: of the error.
    """
    from pydantic import ValidationError

    try:
        return config(**settings)
    except ValidationError as error:
        first = error.errors()[0]
        what = what.format(setting=".".join(map(str, first["loc"])))
        raise kind(what, expected=first["msg"], got=repr(first["input"])[:80], hint=hint) from None


class FormatError(SegueError):
    """A file that is not of the format it was taken for; nothing of it is stored."""

    exit_code = 3


class NotFoundError(SegueError):
    """A listener, track, model or file that is not there."""

    exit_code = 4


class BusyError(SegueError):
    """Another process is writing to the same library or shelf."""

    exit_code = 5


class ChangedError(BusyError):
    """What was being read was taken away by a writer meanwhile; to be begun again from a fresh view."""


class NumericalError(SegueError):
    """NaN, infinity or a diverging loss, in what came in or in what came out."""

    exit_code = 6
