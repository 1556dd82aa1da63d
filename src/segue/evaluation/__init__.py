"""Evaluation: splits that keep tested listeners unseen, metrics, protocols, reports with paired intervals.

`evaluate(histories, protocol, systems, seeds)` is the whole of it; `metrics` and `beyond` are pure functions.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from segue.evaluation.histories import Histories
    from segue.evaluation.libraries import evaluate_library
    from segue.evaluation.protocols import LISTENERS, PLAYLISTS, Protocol, evaluate
    from segue.evaluation.report import Report

_HOME = {
    "Histories": "histories",
    "LISTENERS": "protocols",
    "PLAYLISTS": "protocols",
    "Protocol": "protocols",
    "evaluate": "protocols",
    "evaluate_library": "libraries",
    "Report": "report",
}
__all__ = ["LISTENERS", "PLAYLISTS", "Histories", "Protocol", "Report", "evaluate", "evaluate_library"]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(f"segue.evaluation.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
