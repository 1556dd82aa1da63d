"""The pages in a real browser: every page on phone and desk, in both themes, by mouse and by keyboard.

What people need who do not see is checked by axe-core, which lies beside this file (Mozilla Public License
2.0).
"""

import re
from pathlib import Path

import pytest
from tests.service.conftest import EARLIER
from tests.service.pages.browsing import PAGES, address, browser, entered, needs_browser

__all__ = ["address", "browser"]
pytestmark = needs_browser
AXE = Path(__file__).with_name("axe.min.js")
CHECKED = {(390, "dark"), (1280, "light")}  # by axe, too, which takes most of the time
VIEWS = [(360, "light"), (390, "dark"), (1280, "light"), (1920, "dark")]
SIZE = "performance.getEntriesByType('navigation')[0].decodedBodySize"
# How much of what is shown has moved since the page began: cumulative layout shift.
SHIFTED = """() => new Promise((done) => {
  let sum = 0;
  const add = (each) => { if (!each.hadRecentInput) sum += each.value; };
  const observer = new PerformanceObserver((list) => list.getEntries().forEach(add));
  observer.observe({ type: "layout-shift", buffered: true });
  setTimeout(() => done(sum), 50);
})"""
# What a keyboard reaches, and what it should.
REACHED = """() => {
  const at = document.activeElement;
  const seen = getComputedStyle(at).outlineStyle !== "none" && at.checkVisibility();
  return { at: [...document.querySelectorAll("*")].indexOf(at), seen };
}"""
WIDGETS = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']"
SHOULD = """(widgets) => [...document.querySelectorAll(widgets)]
  .filter((each) => each.checkVisibility() && !each.disabled)
  .map((each) => [...document.querySelectorAll("*")].indexOf(each))"""
RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.mark.parametrize(("width", "theme"), VIEWS)
def test_pages_are_whole_and_open_to_everybody(browser, address: str, width: int, theme: str) -> None:
    page, said = entered(browser, address, width, theme)
    for path in (f"week?week={EARLIER}", *PAGES, "nothing"):
        page.goto(f"{address}/{path}")
        sideways = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert sideways <= 0, (path, width, sideways)
        assert page.evaluate(SIZE) < 100_000, path
        assert page.evaluate(SHIFTED) < 0.01, path
        if (width, theme) not in CHECKED:
            continue
        page.evaluate(AXE.read_text(encoding="utf-8"))
        found = page.evaluate("rules => axe.run({ runOnly: rules })", RULES)
        wrong = [(each["id"], each["nodes"][0]["html"][:200]) for each in found["violations"]]
        assert not wrong, (path, theme, wrong)
    assert all("404" in each for each in said) and len(said) == 1  # of the page that is none
    page.context.close()


def test_everything_is_reached_by_keyboard_and_is_seen_to_be(browser, address: str) -> None:
    page, _ = entered(browser, address)
    for path in (f"week?week={EARLIER}", *PAGES):
        page.goto(f"{address}/{path}")
        should, reached = page.evaluate(SHOULD, WIDGETS), set[int]()
        for _ in range(len(should) + 2):
            page.keyboard.press("Tab")
            now = page.evaluate(REACHED)
            if now["at"] in should:
                assert now["seen"], (path, now)
            reached.add(now["at"])
        assert set(should) <= reached, (path, len(set(should) - reached))
    page.context.close()


def test_what_takes_long_is_worked_out_while_the_list_is_read(browser, address: str) -> None:
    page, _ = entered(browser, address)
    with page.expect_response("**/tastes") as tastes, page.expect_response("**/review") as review:
        page.goto(f"{address}/week?week={EARLIER}")
    assert tastes.value.ok and review.value.ok
    page.context.close()


def test_a_taste_is_renamed_and_that_is_undone(browser, address: str) -> None:
    page, said = entered(browser, address, 390)
    page.goto(f"{address}/tastes")
    before = page.locator("#taste-0 h2").inner_text()
    page.locator("#taste-0 .changes summary").click()
    page.locator("#taste-0").get_by_label("Its name").fill("Sunday mornings")
    page.keyboard.press("Enter")
    page.locator(".done-so").wait_for()
    assert page.locator("#taste-0 h2").inner_text().strip() == "Sunday mornings"
    page.locator("svg.chart circle").first.hover()  # the new map, too, can be explored
    assert "Band" in page.locator("[data-pointed]").inner_text()
    page.locator(".done-so").get_by_role("button", name="Undo").click()
    page.locator(".done-so", has_text="Taken back").wait_for()
    assert page.locator("#taste-0 h2").inner_text() == before
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


def test_what_is_printed_is_what_is_told_and_nothing_to_press(browser, address: str) -> None:
    page, _ = entered(browser, address)
    for path, told in ((f"week?week={EARLIER}", ".track"), ("review", ".month .facts"), ("tastes", ".chart")):
        page.goto(f"{address}/{path}")
        page.emulate_media(media="print")
        assert page.locator(told).first.is_visible(), path
        assert not page.locator("button:visible").count(), path
    page.context.close()


def test_an_export_is_dropped_and_told(browser, address: str, tmp_path: Path) -> None:
    file = tmp_path / "plays.csv"
    file.write_text("artist,track,time\nBand 1-1,Song t1-1,2026-07-01T10:00:00Z\n")
    page, said = entered(browser, address)
    page.goto(f"{address}/import")
    page.locator("input[type=file]").set_input_files(str(file))
    page.get_by_text("1 play or skip is new").or_(page.get_by_text("there already")).wait_for()
    assert not said
    page.context.close()


def test_an_error_takes_the_place_of_an_older_answer(browser, address: str, tmp_path: Path) -> None:
    bad, worse = tmp_path / "bad.m3u8", tmp_path / "worse.csv"
    bad.write_bytes(b"\xff\xfe\x00")
    worse.write_text("a,b\n1,2\n")
    page, _ = entered(browser, address)
    page.goto(f"{address}/order")
    for file in (bad, worse):
        page.locator("input[type=file]").set_input_files(str(file))
        page.get_by_role("alert").filter(has_text=file.name).wait_for()
        assert page.get_by_role("alert").count() == 1
    page.goto(f"{address}/week?week={EARLIER}")
    form = page.locator("form[role=search]")
    for asked, found in (("song t1-0", "h3"), ("nothing like it", "[role=alert]"), ("song t1-0", "h3")):
        form.get_by_label("Artist or title").fill(asked)
        form.get_by_role("button", name="Ask").click()
        page.locator(f"aside {found}").filter(
            has_text=re.compile("Song t1-0|nothing like it")
        ).first.wait_for()
        other = "[role=alert]" if found == "h3" else "#why-not-said h3"
        assert page.locator(other).count() == 0, "one answer at a time"
    page.context.close()
