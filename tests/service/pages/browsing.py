"""A real browser on the pages of a small library: what tests in one share.

Skipped where there is no Chromium (`apt-get install chromium`).
"""

import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

from segue.library import Library
from segue.service.app import create_app
from segue.settings import ServiceConfig, Settings

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium: apt-get install chromium")
KEY = "the-key-of-the-browser"
PAGES = ("week", "tastes", "radio", "session", "order", "review", "figures", "import", "operator", "whom")


@pytest.fixture(scope="module")
def address(listed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service over the small library, on a port of its own."""
    folder = tmp_path_factory.mktemp("browser") / "library"
    shutil.copytree(listed, folder)
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


def entered(browser, address: str, width: int = 1280, theme: str = "light", **more: object):
    """A page of p01, and what its console said; `more` for the browser's context."""
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=theme, reduced_motion="reduce", **more
    )
    page, said = context.new_page(), []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(f"{address}/enter/{KEY}")
    page.get_by_role("button", name="p01", exact=True).click()
    page.wait_for_url("**/week")
    return page, said
