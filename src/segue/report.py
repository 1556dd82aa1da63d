"""Pages for people: one HTML file with its pictures inside, readable with no server and no network."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segue import files
from segue.errors import install

if TYPE_CHECKING:
    import altair as alt

WIDE = (
    560  # pixels from which a chart would be too small to read on a phone, and is moved aside there instead
)
_SOFT, _LINE, _MARK = "#625b6b", "#e2dbd0", "#b8381a"  # as on the pages of the service
# How charts look that do not say it themselves.
LOOK: dict[str, Any] = {
    "mark": {"color": _MARK},
    "axis": {
        "labelColor": _SOFT,
        "titleColor": _SOFT,
        "gridColor": _LINE,
        "domainColor": _SOFT,
        "tickColor": _SOFT,
        "labelFontSize": 12,
        "titleFontSize": 12,
    },
    "legend": {"labelColor": _SOFT, "titleColor": _SOFT, "labelFontSize": 12, "titleFontSize": 12},
    "header": {"labelColor": _SOFT, "titleColor": _SOFT, "labelFontSize": 12},
}
_TEMPLATE = Path(__file__).with_name("page.html.jinja")


class Page:
    """A report that is built from top to bottom and then written."""

    def __init__(self, title: str, lead: str) -> None:
        self.title, self.lead = title, lead
        self._parts: list[dict[str, Any]] = []

    def heading(self, text: str, level: int = 2) -> None:
        """Begin a section (level 2) or a part of one (level 3)."""
        self._parts.append({"kind": "heading", "level": level, "text": text})

    def text(self, text: str) -> None:
        """Add a paragraph."""
        self._parts.append({"kind": "text", "text": text})

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Add a table; columns of numbers stand to the right."""
        rows = [list(row) for row in rows]
        numeric = {
            number
            for number in range(len(columns))
            if rows and all(isinstance(row[number], int | float) for row in rows)
        }
        cells = [[cell(value) for value in row] for row in rows]
        self._parts.append({"kind": "table", "columns": columns, "rows": cells, "numeric": numeric})

    def pictures(self, charts: Mapping[str, alt.TopLevelMixin]) -> None:
        """Add charts side by side, by caption, drawn here and now as SVG.

        Without the extra pictures the page says so, and has the charts as Vega-Lite instead.
        """
        try:
            drawn = [(caption, draw(chart), None) for caption, chart in charts.items()]
            drawn = [(caption, svg, spec, _width(svg) > WIDE) for caption, svg, spec in drawn]
        except ModuleNotFoundError as error:
            if error.name != "vl_convert":
                raise
            drawn = [(caption, None, json.dumps(_spec(chart)), False) for caption, chart in charts.items()]
        if drawn:
            self._parts.append({"kind": "pictures", "pictures": drawn})

    def write(self, path: Path) -> None:
        """Write the page, all or nothing."""
        from jinja2 import Environment

        template = Environment(autoescape=True, trim_blocks=True).from_string(_TEMPLATE.read_text("utf-8"))
        html = template.render(
            title=self.title, lead=self.lead, parts=self._parts, install=install("pictures")
        )
        files.write_text(path, html)


def draw(chart: alt.TopLevelMixin) -> str:
    """A chart as SVG text. Sizes not set on the chart itself become 420 x 240.

    Raises:
        ModuleNotFoundError: the extra pictures is not installed.
    """
    import vl_convert

    return vl_convert.vegalite_to_svg(_spec(chart))


def _spec(chart: alt.TopLevelMixin) -> dict[str, Any]:
    told: dict[str, Any] = {"width": 420, "height": 240} | chart.to_dict()
    return told | {"config": LOOK | told.get("config", {})}


def _width(svg: str) -> float:
    """Of a chart, in pixels."""
    found = re.search(r'<svg[^>]*?\bwidth="([\d.]+)', svg)
    return float(found[1]) if found else 0.0


def cell(value: Any) -> str:
    """A value as a table shows it."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""  # not known
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
