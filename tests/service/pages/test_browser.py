"""The pages in a real browser: every page on phone and desk, in both themes, by mouse and by keyboard.

Skipped where there is no Chromium (`apt-get install chromium`). What people need who do not see is checked by
axe-core, which lies beside this file (Mozilla Public License 2.0).
"""

import re
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from tests.service.conftest import EARLIER

from segue.engine import Engine
from segue.engine.weekly import weekly
from segue.library import Library
from segue.service.app import create_app
from segue.settings import ServiceConfig, Settings

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium: apt-get install chromium")
AXE = Path(__file__).with_name("axe.min.js")
KEY = "the-key-of-the-browser"
PAGES = ("week", "tastes", "radio", "session", "order", "review", "figures", "import", "operator", "whom")
VIEWS = [(360, "light"), (390, "dark"), (1280, "light"), (1920, "dark")]
SIZE = "performance.getEntriesByType('navigation')[0].decodedBodySize"
RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module")
def address(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service over the small library, on a port of its own."""
    folder = tmp_path_factory.mktemp("browser") / "library"
    shutil.copytree(trained, folder)
    weekly(Engine.open(folder), EARLIER, listeners=["p01"])
    app = create_app(Library.open(folder).path, Settings(service=ServiceConfig(rate=0)), key=KEY)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(20)


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


def entered(browser, address: str, width: int = 1280, theme: str = "light"):
    """A page of p01, and what its console said."""
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=theme, reduced_motion="reduce"
    )
    page, said = context.new_page(), []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(f"{address}/enter/{KEY}")
    page.get_by_role("button", name="p01", exact=True).click()
    page.wait_for_url("**/week")
    return page, said


@pytest.mark.parametrize(("width", "theme"), VIEWS)
def test_pages_are_whole_and_open_to_everybody(browser, address: str, width: int, theme: str) -> None:
    page, said = entered(browser, address, width, theme)
    for path in (f"week?week={EARLIER}", *PAGES):
        page.goto(f"{address}/{path}")
        sideways = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert sideways <= 0, (path, width, sideways)
        assert page.evaluate(SIZE) < 100_000, path
        page.evaluate(AXE.read_text(encoding="utf-8"))
        found = page.evaluate("rules => axe.run({ runOnly: rules })", RULES)
        wrong = [(each["id"], each["nodes"][0]["html"][:200]) for each in found["violations"]]
        assert not wrong, (path, theme, wrong)
    assert not said
    page.context.close()


def test_the_list_is_marked_and_unmarked_by_keyboard_alone(browser, address: str) -> None:
    page, said = entered(browser, address, 390)
    page.goto(f"{address}/week?week={EARLIER}")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    for _ in range(40):
        page.keyboard.press("Tab")
        if "Not for me" in (page.evaluate("document.activeElement.ariaLabel") or ""):
            break
    page.keyboard.press("Enter")
    page.get_by_role("button", name=re.compile("^Undo")).wait_for()
    assert page.locator(".track[data-said=hate]").count() == 1
    page.keyboard.press("Enter")  # the undo that stands in its place has the focus
    page.locator(".track[data-said=hate]").wait_for(state="detached")
    assert not said
    page.context.close()


def test_the_radio_answers_to_keys(browser, address: str) -> None:
    page, said = entered(browser, address)
    page.goto(f"{address}/radio")
    page.get_by_role("button", name="Play", exact=True).click()
    page.get_by_text("number 1").wait_for()
    for number, key in ((2, "s"), (3, "p")):
        page.keyboard.press(key)
        page.get_by_text(f"number {number}").wait_for()
    assert page.locator("s").count() == 1
    page.keyboard.press("l")
    page.locator("[value=love][aria-pressed=true]").wait_for()
    assert not said
    page.context.close()


def test_the_map_is_explored(browser, address: str) -> None:
    page, said = entered(browser, address)
    page.goto(f"{address}/tastes")
    whole = page.locator("svg.chart").get_attribute("viewBox")
    page.get_by_role("button", name="Closer").click()
    assert page.locator("svg.chart").get_attribute("viewBox") != whole
    page.get_by_role("button", name="All of it").click()
    page.locator("svg.chart circle").first.hover()
    assert "Band" in page.locator("[data-pointed]").inner_text()
    page.locator("svg.chart circle").first.click()
    assert page.locator("svg.chart .dim").count() >= 0
    assert not said
    page.context.close()


def test_an_export_is_dropped_and_told(browser, address: str, tmp_path: Path) -> None:
    file = tmp_path / "plays.csv"
    file.write_text("artist,track,time\nBand 1-1,Song t1-1,2026-07-01T10:00:00Z\n")
    page, said = entered(browser, address)
    page.goto(f"{address}/import")
    page.locator("input[type=file]").set_input_files(str(file))
    page.get_by_text("1 plays are new").or_(page.get_by_text("were there already")).wait_for()
    assert not said
    page.context.close()
