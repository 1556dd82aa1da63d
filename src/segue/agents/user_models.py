"""The user models that an agent is trained and judged with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# User models: form, and the half of the listeners from whose sessions each was learned.
FORMS: Mapping[str, tuple[Any, int]] = {
    "plain": ("plain", 0),
    "summary": ("summary", 0),
    "recurrent": ("recurrent", 0),
    "recurrent, others": ("recurrent", 1),
    "summary, others": ("summary", 1),
}
EYES = "recurrent"  # what the trained agent sees through
