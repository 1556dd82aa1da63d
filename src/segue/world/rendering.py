"""A session as text that one enjoys reading."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from segue.library.stages import HEARD
from segue.wording import count

MARKS = ("✗ skipped at once", "✗ skipped", "~ mostly heard", "✓ heard whole")
WIDTH = 20


class Line(NamedTuple):
    """A track of a session; -1 for track and stage if the place chosen was played already."""

    track: int
    stage: int
    expected: float  # reward, by who answers


def rendered(lines: Sequence[Line], hour: float, steps: int, labels: Sequence[str] | None, left: bool) -> str:
    """The session: a bar for the share heard of each track, what became of it, and its name.

    Args:
        lines: the tracks so far.
        hour: local, 0 to 24.
        steps: tracks of a full list.
        labels: names of the tracks.
        left: the listener has left.
    """
    whole = sum(line.stage == 3 for line in lines)
    minutes = round(hour * 60) % 1440
    clock = f"{minutes // 60:02d}:{minutes % 60:02d}"
    text = [f"♪ {clock}   {len(lines)} of {count(steps, 'track')}, {whole} heard whole"]
    for number, line in enumerate(lines, 1):
        if line.stage < 0:
            text.append(f"{number:4}  {'·' * WIDTH}  played already, nothing heard")
            continue
        full = max(1, round(WIDTH * float(HEARD[line.stage])))
        bar = "█" * full + "░" * (WIDTH - full)
        name = labels[line.track] if labels is not None else f"track {line.track}"
        text.append(f"{number:4}  {bar}  {MARKS[line.stage]:<17}  {line.expected:4.0%}  {name}")
    if left:
        text.append("      The listener has left.")
    elif len(lines) >= steps:
        text.append("      The list is full.")
    return "\n".join(text)
