"""What the documents say of the code is so: files that are named exist, commands that are shown parse."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NAMED = re.compile(r"`([\w.-]+/[\w./-]*|[\w-]+\.(?:py|md|toml|yml))`")
# Files that readers have or make, not ones of this repository.
THEIRS = {"segue.toml", "my_policy.py", "benchmarks/results/", "training.py", "loading.py"}


@pytest.mark.parametrize(
    "page", ["CONTRIBUTING.md", "docs/contributing/architecture.md", "benchmarks/README.md"]
)
def test_files_that_are_named_exist(page: str) -> None:
    named = set(NAMED.findall((ROOT / page).read_text(encoding="utf-8"))) - THEIRS
    assert len(named) > 20
    places = (ROOT, ROOT / "src" / "segue", (ROOT / page).parent)
    missing = [name for name in named if not any((place / name).exists() for place in places)]
    assert not missing, missing


def test_modules_that_any_page_names_exist() -> None:
    missing = []
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        text = page.read_text(encoding="utf-8")
        for name in re.findall(r"`((?:segue|tests|benchmarks|docs)/[\w./-]+\.\w+)`", text):
            if not any((place / name).exists() for place in (ROOT, ROOT / "src")):
                missing.append(f"{page.name}: {name}")
    assert not missing, missing


def test_names_in_recipes_are_in_the_files_beside_them() -> None:
    """A class, function or constant that a recipe names is in one of the files that the same recipe names."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    recipes = text[text.index("## How to add") : text.index("### A page of the docs")].split("\n### ")[1:]
    assert len(recipes) >= 10
    missing = []
    for recipe in recipes:
        named = re.findall(r"`([^`\n]+)`", recipe)
        places = [place / name for name in named for place in (ROOT, ROOT / "src" / "segue")]
        code = "\n".join(file.read_text(encoding="utf-8") for file in places if file.is_file())
        for name in named:
            if re.fullmatch(r"[A-Za-z_][\w.]*(\(.*\))?", name) and not re.search(
                r"\.(py|md|toml|yml)$", name
            ):
                last = name.split("(")[0].split(".")[-1]
                if not re.search(rf"\b{re.escape(last)}\b", code):
                    missing.append(f"{recipe.splitlines()[0]}: {name}")
    assert not missing, missing


def test_what_is_said_to_be_in_a_file_is_made_there() -> None:
    """Of "`Name` in `file.py`"."""
    missing = []
    for page in ("CONTRIBUTING.md", "docs/contributing/architecture.md"):
        text = (ROOT / page).read_text(encoding="utf-8")
        found = re.findall(r"`([A-Za-z_]\w*)`\s+in\s+`([\w/]+\.py)`", text)
        for name, file in found:
            place = next(place / file for place in (ROOT / "src" / "segue", ROOT) if (place / file).exists())
            made = rf"^(?:\s*(?:class|def) {name}\b|\s*{name}\b[^=\n]*=(?!=))"
            if not re.search(made, place.read_text(encoding="utf-8"), re.M):
                missing.append(f"{page}: {name} in {file}")
    assert not missing, missing


def test_the_drawing_of_the_rooms_shows_each() -> None:
    drawing = (ROOT / "docs" / "contributing" / "rooms.svg").read_text(encoding="utf-8")
    shown = set(re.findall(r'font-weight="600"[^>]*>(\w+)<', drawing))
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rooms = set(re.findall(r"^\| `(\w+)/` \|", text, re.M))
    assert shown == rooms


def test_every_model_page_says_where_its_code_is() -> None:
    """And the files that its section names exist."""
    pages = [page for page in (ROOT / "docs" / "models").glob("*.md") if page.name != "index.md"]
    assert len(pages) > 10
    for page in pages:
        section = page.read_text(encoding="utf-8").partition("## In the code\n")[2]
        files = re.findall(r"`([\w/]+\.py)`", section)
        assert files, page.name
        assert not [name for name in files if not (ROOT / "src" / "segue" / name).is_file()], page.name


def test_every_room_is_in_the_layout() -> None:
    layout = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rooms = {file.parent.name for file in (ROOT / "src" / "segue").glob("*/__init__.py")} - {"testing"}
    assert {room for room in rooms if f"| `{room}/` |" not in layout} == set()


def test_every_benchmark_is_explained() -> None:
    page = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    missing = {file.name for file in (ROOT / "benchmarks").glob("*.py") if f"`{file.name}`" not in page}
    assert not missing, missing


def test_marked_tables_stand_once() -> None:
    """A table that a benchmark writes is on one page, so that a figure is never told in two versions."""
    places: dict[str, list[str]] = {}
    for page in (ROOT / "docs").rglob("*.md"):
        for name in re.findall(r"<!-- ([\w-]+) -->", page.read_text(encoding="utf-8")):
            places.setdefault(name, []).append(page.name)
    twice = {name: pages for name, pages in places.items() if len(pages) > 1}
    assert set(twice) <= {"settings"}, twice  # of song vectors, measured, and of the town, from the code
