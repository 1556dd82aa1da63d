"""Write the tables of docs/models/town.md that come from the code; --check says if they are up to date."""

from __future__ import annotations

import sys
import typing
from pathlib import Path

from segue.town.config import TownConfig
from segue.town.response import Parameters

PAGE = Path(__file__).parent / "models" / "town.md"


def constants() -> str:
    """The constants of `response.Parameters`."""
    hints = typing.get_type_hints(Parameters, include_extras=True)
    rows = ["| constant | value | what it is |", "| --- | ---: | --- |"]
    for name, value in Parameters()._asdict().items():
        rows.append(f"| `{name}` | {value:g} | {hints[name].__metadata__[0].description} |")
    return "\n".join(rows)


def settings() -> str:
    """The settings of a town."""
    rows = ["| setting | value | what it is |", "| --- | --- | --- |"]
    for name, field in TownConfig.model_fields.items():
        if name not in ("name", "response"):
            value = ", ".join(map(str, field.default)) if isinstance(field.default, tuple) else field.default
            rows.append(f"| `{name}` | {value} | {field.description} |")
    return "\n".join(rows)


def page(text: str) -> str:
    """The page with its tables made anew."""
    for name, table in (("constants", constants()), ("settings", settings())):
        begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        before, rest = text.split(begin)
        text = f"{before}{begin}\n{table}\n{end}{rest.split(end)[1]}"
    return text


if __name__ == "__main__":
    now = PAGE.read_text(encoding="utf-8")
    if "--check" in sys.argv:
        sys.exit("docs/models/town.md is not up to date: python docs/make_town.py" if page(now) != now else 0)
    PAGE.write_text(page(now), encoding="utf-8")
