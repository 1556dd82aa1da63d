"""Pages for people: with pictures where they can be drawn, and whole where they can't."""

from __future__ import annotations

import json
import re
import sys
from html import unescape
from pathlib import Path

import altair as alt
import pytest

from segue.report import Page


def _page() -> Page:
    data = alt.Data(values=[{"x": 1, "y": 2}])
    page = Page("Title", "lead")
    page.pictures({"A < B": alt.Chart(data, mark="bar").encode(x="x:O", y="y:Q")})
    page.table(["", "n"], [["a", 1]])
    return page


def test_pictures_are_drawn(tmp_path: Path) -> None:
    _page().write(tmp_path / "page.html")
    html = (tmp_path / "page.html").read_text("utf-8")
    assert html.count("<figure role=") == 1 and "A &lt; B" in html and "Vega" not in html


def test_without_the_extra_pictures_a_page_is_whole_and_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    _page().write(tmp_path / "page.html")
    html = (tmp_path / "page.html").read_text("utf-8")
    assert "<figure role=" not in html and "segue[pictures]" in unescape(html) and "<td>a</td>" in html
    (spec,) = re.findall(r"<details>.*<code>(.*)</code></details>", html)
    assert json.loads(unescape(spec))["width"] == 420
