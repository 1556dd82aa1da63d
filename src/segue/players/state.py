"""What was pushed to a player and pulled from it, in `players/<name>.json` in the library's folder."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from pathlib import Path
from typing import Any

from segue import files

_DO = "remove it: the next push finds its playlist by its name"


class State:
    """What is kept of a player.

    Attributes:
        lists: by slot ("weekly", or a week): id, week, items, unmatched, pushed_at (Unix time).
        pulled: since (Unix time until which all is in the library), and of a pull that was broken off
            newest and before.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / "players" / f"{name}.json"
        self.pages = folder / "players" / f"{name}.pages"
        known = files.from_json(self.path, "what was pushed to a player", _DO) if self.path.exists() else {}
        self.lists: dict[str, dict[str, Any]] = known.get("lists", {})
        self.pulled: dict[str, Any] = known.get("pulled", {})

    def save(self) -> None:
        """Keep it, all or nothing."""
        files.write_text(self.path, files.to_json({"lists": self.lists, "pulled": self.pulled}))

    def drop(self) -> None:
        """Forget it."""
        files.remove(self.path)
        files.remove(self.pages)


@contextlib.contextmanager
def held(folder: Path, name: str) -> Generator[State]:
    """The state of a player for one who pushes or pulls; no two at once.

    Raises:
        BusyError: another does.
    """
    with files.locked(folder / "players", f"player {name} of", wait=1.0, name=f".{name}.lock"):
        yield State(folder, name)
