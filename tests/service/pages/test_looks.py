"""How pages look: screenshots beside stored ones, on phone and desk, in both themes.

They are of half the size, in a font of the tests, so that a machine's own fonts do not matter. After a change
that is meant, this stores them anew, and git shows what became of them:

    SEGUE_RENEW_LOOKS=1 uv run --group dev pytest tests/service/pages/test_looks.py
"""

import base64
import os
from pathlib import Path

import pytest
from tests.service.conftest import EARLIER
from tests.service.pages.browsing import address, browser, entered, needs_browser

__all__ = ["address", "browser"]
pytestmark = needs_browser
HERE = Path(__file__).parent
RENEW = bool(os.environ.get("SEGUE_RENEW_LOOKS"))
VIEWS = [(390, "light"), (390, "dark"), (1280, "light"), (1280, "dark")]
# Part of the picture that may be another: what models find differs a little from machine to machine.
PAGES = {
    f"week?week={EARLIER}": 0.12,
    "tastes": 0.15,
    "review": 0.03,
    "radio": 0.03,
    "import": 0.03,
}
FONT = """
@font-face {{ font-family: Looks; src: url(data:font/woff2;base64,{plain}); }}
@font-face {{ font-family: Looks; font-weight: 600 900; src: url(data:font/woff2;base64,{bold}); }}
:root {{ --text: Looks; --display: Looks; }}
code, kbd {{ font-family: Looks; }}
"""
# The share of points whose colour is another; 1 where the sizes are.
APART = """async ([one, other]) => {
  const points = async (data) => {
    const image = new Image(); image.src = "data:image/png;base64," + data; await image.decode();
    const canvas = new OffscreenCanvas(image.width, image.height);
    const paper = canvas.getContext("2d"); paper.drawImage(image, 0, 0);
    return paper.getImageData(0, 0, image.width, image.height);
  };
  const [a, b] = [await points(one), await points(other)];
  if (a.width !== b.width || a.height !== b.height) return 1;
  let apart = 0;
  for (let at = 0; at < a.data.length; at += 4)
    if (Math.max(...[0, 1, 2].map((k) => Math.abs(a.data[at + k] - b.data[at + k]))) > 48) apart += 1;
  return apart / (a.data.length / 4);
}"""


def base64_of(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


@pytest.mark.parametrize(("width", "theme"), VIEWS)
def test_pages_look_as_they_did(browser, address: str, tmp_path: Path, width: int, theme: str) -> None:
    page, _ = entered(browser, address, width, theme, bypass_csp=True, device_scale_factor=0.5)
    beside = browser.new_page()
    plain, bold = (base64_of(HERE / "fonts" / name) for name in ("DejaVuSans.woff2", "DejaVuSans-Bold.woff2"))
    wrong = {}
    for path, may in PAGES.items():
        page.goto(f"{address}/{path}")
        page.add_style_tag(content=FONT.format(plain=plain, bold=bold))
        page.evaluate("document.fonts.ready")
        name = f"{path.split('?')[0]}-{width}-{theme}.png"
        taken = page.screenshot(path=tmp_path / name, animations="disabled")
        stored = HERE / "looks" / name
        if RENEW:
            stored.write_bytes(taken)
            continue
        apart = beside.evaluate(APART, [base64.b64encode(taken).decode(), base64_of(stored)])
        if apart > may:
            wrong[name] = f"{apart:.1%} is another, {may:.0%} may be: {tmp_path / name}"
    page.context.close()
    beside.close()
    assert not wrong, wrong
