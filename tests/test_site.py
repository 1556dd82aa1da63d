"""The site of docs/: it builds strictly, asks no other server for anything, and leads to every page."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
# What a browser fetches by itself; a plain link is followed only by whoever clicks on it.
FETCHED = re.compile(
    r"<(?:script|img|iframe|source|video|audio)\b[^>]*\bsrc=[\"']?((?:https?:)?//[^\"'\s>]+)"
    r"|<link\b(?![^>]*rel=[\"']?canonical)[^>]*\bhref=[\"']?((?:https?:)?//[^\"'\s>]+)"
    r"|url\([\"']?((?:https?:)?//[^\"')]+)|@import\s+[\"']((?:https?:)?//[^\"']+)",
    re.IGNORECASE,
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site. Strict: a broken link, anchor, reference or page outside the menu is an error."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment)
    assert result.returncode == 0, result.stdout + result.stderr
    return folder


def test_nothing_is_fetched_from_other_servers(site: Path) -> None:
    files = [*site.rglob("*.html"), *site.rglob("*.css")]
    assert len(files) > 30
    fetched = {
        f"{file.relative_to(site)}: {''.join(found)}"
        for file in files
        for found in FETCHED.findall(file.read_text(encoding="utf-8"))
    }
    assert not fetched, fetched
    # Diagrams of this kind are drawn by a script that the theme loads from elsewhere.
    assert not [page for page in DOCS.rglob("*.md") if "```mermaid" in page.read_text(encoding="utf-8")]


def test_every_page_is_in_the_menu_once() -> None:
    menu = re.findall(r"[\w/-]+\.md", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    pages = [str(page.relative_to(DOCS).as_posix()) for page in DOCS.rglob("*.md")]
    assert sorted(menu) == sorted(pages)


def test_the_reference_shows_every_public_name(site: Path) -> None:
    import segue

    page = (site / "reference" / "python.html").read_text(encoding="utf-8")
    for name in set(segue.__all__) - {"__version__"}:
        home = getattr(segue, name)
        assert f'id="{home.__module__}.{name}"' in page, name
