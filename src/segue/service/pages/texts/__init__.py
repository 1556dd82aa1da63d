"""What the pages say, in one catalogue for each language."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources

LANGUAGE = "en"


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
    return texts[name].format(**values) if values else texts[name]
