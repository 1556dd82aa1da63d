"""What is said to somebody at a keyboard of the command line, as a page says it: the one place for that.

Errors, notes and what jobs print name verbs, options and paths of the machine. A page has buttons in their
place, and calls a file as the person did who sent it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from segue.errors import SegueError
from segue.library.few_listeners import MORE, MORE_EPISODES, UNLEARNED
from segue.playlists import newcomers
from segue.playlists.placed import SCAN
from segue.service import problems
from segue.service.pages.texts import text
from segue.service.problems import Refused
from segue.wording import ended

# What is typed: a verb, an option, a request of the API, a setting, what a program calls.
TYPED = re.compile(
    r"\bsegue [a-z]|(?<![\w-])--[a-z]|\b(?:GET|POST|PUT|DELETE) /|\bpip install\b|\buv sync\b|\bchmod\b"
    r"|\bsegue\.toml\b|\bSEGUE_|\bfit\(|\bAuthorization:|\?listener="
)
# What is pressed in its place: the first that is found; else whoever runs the service can help.
_PRESSED = tuple(
    (re.compile(pattern), name)
    for pattern, name in (
        (r"segue (world|agents|train (vectors|network))\b|train (vectors|network)|--vectors", "learned"),
        (r"segue train\b", "train"),
        (r"segue (library --rejects|formats)\b|--column|--format", "file"),
        (r"^look with", "spelling"),
        (r"--medium", "ask"),
        (r"segue weekly guest\b|segue import\b|segue library\b|segue demo\b|import them", "bring"),
        (r"segue weekly\b|POST /v1/lists", "make"),
        (r"(POST|GET) /v1/(radio|session)", "begin"),
    )
)
# Notes that have words of their own on a page.
_NOTES = {
    MORE: "notes.more",
    MORE_EPISODES: "notes.more_episodes",
    UNLEARNED: "notes.unlearned",
    newcomers.BEGIN: "notes.begin",
    SCAN: "",
}
# What a value is to look like, where the check itself is a pattern that nobody reads.
_LIKE = {"week": "like_week"}
_PATTERNS = ("string_pattern_mismatch", "uuid_parsing", "missing")


class Told(NamedTuple):
    """An error in words."""

    status: int
    what: str
    expected: str = ""
    got: str = ""
    hint: str = ""


def pressed(hint: str) -> str:
    """What to do, where a hint may tell what to type."""
    if not TYPED.search(hint):
        return hint
    name = next((name for pattern, name in _PRESSED if pattern.search(hint)), "ask")
    return text(f"wrong.{name}")


def on_page(words: str, called: Mapping[str, str] | None = None) -> str:
    """A note, an answer of a job, a reason: files by their names, buttons for what is typed.

    Args:
        words: some sentences.
        called: what a person calls the paths that may be named; the longest is looked for first.
    """
    words = _by_name(words, called)
    for typed, name in _NOTES.items():
        words = words.replace(typed, text(name) if name else "")
    if not TYPED.search(words):
        return words
    before, tries, hint = words.partition("Try: ")
    if tries and not TYPED.search(before):
        return f"{before}{ended(pressed(hint))}"
    return f"{_untyped(words)} {text('wrong.ask')}".strip()


def _untyped(words: str) -> str:
    """The sentences, and parts of such, that tell nothing to type."""
    if not TYPED.search(words):
        return words
    plain = [each for each in re.split(r"(?<=[.!?;:]) ", words) if not TYPED.search(each)]
    return " ".join(plain).rstrip(" ;:")


def told(error: Exception, called: Mapping[str, str] | None = None, asked: str = "") -> Told:
    """An error in words.

    Args:
        error: any.
        called: what a person calls the paths that it may name.
        asked: the address that was asked for.
    """
    found = _found(error, asked)
    what = on_page(found.what, called)
    expected, got = (_untyped(_by_name(each, called)) for each in (found.expected, found.got))
    return Told(found.status, what, expected, got, pressed(_by_name(found.hint, called)))


def _by_name(words: str, called: Mapping[str, str] | None) -> str:
    """The words, files by their names; a path of one word, such as "library", may be a mere word."""
    for path, name in sorted((called or {}).items(), key=lambda each: -len(each[0])):
        if "/" in path or "\\" in path:
            words = words.replace(path, name)
    return words


def _found(error: Exception, asked: str) -> Told:
    if isinstance(error, SegueError):
        return Told(problems.of(error).status_code, error.what, error.expected, error.got, error.hint)
    if isinstance(error, Refused):
        return Told(error.status, error.title, hint=error.hint)
    if isinstance(error, RequestValidationError | ValidationError):
        return _value(error, asked)
    if isinstance(error, HTTPException):
        name = f"wrong.status_{error.status_code}"
        if error.status_code in (404, 405):
            return Told(error.status_code, text(name), hint=text("wrong.asked", path=asked))
        return Told(error.status_code, str(error.detail))
    return Told(500, text("wrong.broken"), hint=text("wrong.broken_then"))


def _value(error: RequestValidationError | ValidationError, asked: str) -> Told:
    first = error.errors()[0]
    name, came = str(first["loc"][-1]), first.get("input")
    if first["loc"][0] == "path" and name not in _LIKE:
        return Told(404, text("wrong.status_404"), hint=text("wrong.asked", path=asked))
    told = "" if first["type"] in _PATTERNS else str(first["msg"])
    told = text(f"wrong.{_LIKE[name]}") if name in _LIKE else told
    return Told(422, text("wrong.value", name=name), told, came[:200] if isinstance(came, str) else "")
