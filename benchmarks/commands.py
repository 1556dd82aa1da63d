"""How soon commands answer: processor time of whole processes, the least of some runs.

    segue demo --terminal
    python benchmarks/commands.py town=segue-demo/library:town:l00071 [NAME=LIBRARY:LISTENER ...] [--put]

Each command is run as somebody would type it, once before it is measured: the first run of all compiles and
keeps what Numba compiles. A library's listener and first artist are asked for. Processor time says something
on a busy machine, too, though there it is up to twice that of a quiet one.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from pages import put

PAGE = Path(__file__).parents[1] / "docs" / "measurements" / "commands.md"
PLAIN = ("--version", "--help")
ASKED = (
    "weekly NOBODY",
    "weekly WHO",
    "weekly why-not WHO WHAT",
    "tastes WHO",
    "radio WHO -n 3",
    "similar WHAT",
    "explain WHO WHAT",
)


def seconds(*arguments: str) -> float:
    """Of processor, user and system, of one process."""
    before = os.times()
    subprocess.run([sys.executable, "-m", "segue", *arguments], capture_output=True, check=False)
    after = os.times()
    return sum(after[2:4]) - sum(before[2:4])


def least(times: int, *arguments: str) -> float:
    """The least of some runs, after one that is not counted."""
    seconds(*arguments)
    return min(seconds(*arguments) for _ in range(times))


def measured(times: int, libraries: dict[str, tuple[str, str]]) -> str:
    """A table: commands by rows, libraries by columns."""
    from segue.engine import Engine

    names = list(libraries)
    lines = [f"| command | {' | '.join(names)} |", "| --- |" + " ---: |" * len(names)]
    for command in PLAIN:
        lines.append(f"| `segue {command}` |" + f" {least(times, command):.2f} |" * len(names))
    tracks = {
        name: Engine.open(library).weekly(who).entries[0].track.track_id
        for name, (library, who) in libraries.items()
    }
    for command in ASKED:
        cells = []
        for name, (library, who) in libraries.items():
            words = {"NOBODY": "nobody-of-this-name", "WHO": who, "WHAT": tracks[name]}
            asked = [words.get(word, word) for word in command.split()]
            cells.append(f"{least(times, *asked, '--library', library):.1f}")
        lines.append(f"| `segue {command}` | {' | '.join(cells)} |")
    load = os.getloadavg()[0]
    return "\n".join([*lines, "", f"Load of the machine at the end: {load:.1f} on {os.cpu_count()} cores."])


def main() -> None:
    """Measure, print, and put the table into the page."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("libraries", nargs="+", help="NAME=LIBRARY:LISTENER")
    options.add_argument("--times", type=int, default=5)
    options.add_argument("--put", action="store_true", help=f"into {PAGE.name}")
    asked = options.parse_args()
    libraries = {}
    for each in asked.libraries:
        name, _, rest = each.partition("=")
        folder, _, who = rest.partition(":")
        libraries[name] = (folder, who)
    table = measured(asked.times, libraries)
    print(table)
    if asked.put:
        put(PAGE, {"commands": table})


if __name__ == "__main__":
    main()
