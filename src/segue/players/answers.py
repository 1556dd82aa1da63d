"""What servers answer, taken apart: a strange answer is an error that says so, wherever it is strange."""

from __future__ import annotations

from typing import Any

from segue.errors import FormatError
from segue.library.readers import fields


def part(where: str, answer: Any, *names: str) -> dict[str, Any]:
    """The object under these names; an empty one where nothing is there.

    Raises:
        FormatError: something else is there.
    """
    found = _under(where, answer, names)
    if not found:
        return {}
    if not isinstance(found, dict):
        raise _strange(where, names)
    return found


def rows(where: str, answer: Any, *names: str) -> list[dict[str, Any]]:
    """The objects of the list under these names; one alone may come bare, and nothing as an empty list.

    Raises:
        FormatError: something else is there.
    """
    found = _under(where, answer, names)
    if not found:
        return []
    found = [found] if isinstance(found, dict) else found
    if not isinstance(found, list):
        raise _strange(where, names)
    return [each for each in found if isinstance(each, dict)]


def text(value: Any) -> str:
    """A text; an empty one where it is none."""
    return fields.or_none(fields.text, value) or ""


def whole(value: Any) -> int:
    """A number from 0 up; 0 where it is none."""
    return max(fields.or_none(fields.integer, value) or 0, 0)


def _under(where: str, answer: Any, names: tuple[str, ...]) -> Any:
    for at, name in enumerate(names):
        if not answer:
            return None
        if not isinstance(answer, dict):
            raise _strange(where, names[:at])
        answer = answer.get(name)
    return answer


def _strange(where: str, names: tuple[str, ...]) -> FormatError:
    return FormatError(
        f"{where} answers otherwise than is documented",
        got=f"something strange as {'.'.join(names)}" if names else "",
        hint="check the address, and the kind of the player",
    )
