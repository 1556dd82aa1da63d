"""How good is it? What each model measured when it was trained, for the curious."""

# No `from __future__ import annotations`: FastAPI reads annotations.

from typing import Any, NamedTuple

from fastapi import Request
from fastapi.responses import Response

from segue.errors import SegueError
from segue.service.asking import HouseGiven
from segue.service.pages import frame
from segue.service.pages.doorkeeper import Signed, may
from segue.service.pages.operator import made_at
from segue.shelf.names import AGENTS, FACTORS, NETWORK, WORLD, shelf_of

router = frame.router()
UNTOLD = ("seconds", "weights")  # no figures of quality
OF = {"factors": FACTORS, "network": NETWORK, "world": WORLD, "agents": AGENTS}


class Figure(NamedTuple):
    """Something that was measured."""

    name: str
    value: float


@router.get("/figures")
def figures(request: Request, here: HouseGiven, who: Signed) -> Response:
    """What models said of themselves, on what they had not seen."""
    may(who, "read")
    shelf = shelf_of(here.engines.current.library)
    shown = []
    for kind, name in OF.items():
        if name not in shelf.names():
            continue
        try:
            manifest = shelf.manifest(name)
        except SegueError:
            continue
        why = str(manifest.config.get("why", "")) if isinstance(manifest.config, dict) else ""
        learned = made_at(shelf.current(name))
        shown.append((kind, f"{learned:%Y-%m-%d}", f"{learned:%H:%M}", _flat(manifest.metrics), why))
    demo = getattr(request.app.state, "demo", None)
    return frame.page(request, "figures", who, models=shown, evaluation=demo.figures if demo else None)


def _flat(metrics: dict[str, Any], before: str = "") -> list[Figure]:
    found: list[Figure] = []
    for name, value in metrics.items():
        if name in UNTOLD:
            continue
        label = f"{before} {name.replace('_', ' ')}".strip()
        if isinstance(value, dict):
            found += _flat(value, label)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found.append(Figure(label, float(value)))
    return found
