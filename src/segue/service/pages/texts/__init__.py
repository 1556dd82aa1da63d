"""What the pages say, in one catalogue for each language."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources

from segue.wording import ended

LANGUAGE = "en"
_NAME = re.compile(r"\{(?P<name>\w+)\}(?P<stop>\.(?=\s|$))?")


@cache
def catalogue(language: str = LANGUAGE) -> dict[str, str]:
    """All texts of a language by name: "week.title"."""
    file = resources.files(__name__) / f"{language}.toml"
    found = tomllib.loads(file.read_text(encoding="utf-8"))
    return {
        f"{section}.{name}": text.strip() for section, texts in found.items() for name, text in texts.items()
    }


def text(name: str, /, **values: object) -> str:
    """A text, with values in its braces; "week.tracks" with one of `n` takes "week.tracks_one", if there.

    Raises:
        KeyError: there is no such text, or a value lacks.
    """
    texts = catalogue()
    if values.get("n") in (1, "1") and f"{name}_one" in texts:
        name = f"{name}_one"
    return _NAME.sub(lambda found: _filled(found, values), texts[name]) if values else texts[name]


def _filled(found: re.Match[str], values: Mapping[str, object]) -> str:
    """A value in its place; one that brings its full stop has it once: "Taken back: This D.J."."""
    value = str(values[found["name"]])
    return ended(value) if found["stop"] else value
