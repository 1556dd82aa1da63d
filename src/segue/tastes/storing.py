"""Taste profiles on disk, week by week, and forgetting one listener's."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from segue import files
from segue.shelf.arrays import load_arrays, pack_strings, save_arrays, unpack_strings
from segue.tastes.profiles import Profiles

KIND = "taste profiles"
KEPT = 8  # weeks
WAIT = 60.0  # seconds for which a write waits for another
REPAIR = "`segue doctor --repair` sets it aside; the tastes are found anew"
_TEXTS = ("listeners", "tracks", "names")


class TasteWeeks:
    """The tastes of each week, in `folder`, by ISO week: the newest `KEPT`."""

    def __init__(self, folder: Path, *, wait: float = WAIT) -> None:
        self.folder, self.wait = folder, wait

    def names(self) -> list[str]:
        """The weeks that are kept, oldest first: "2026-W48"."""
        return sorted(path.stem for path in self.folder.glob("[0-9]*-W*.npz"))

    def read(self, week: str) -> tuple[dict[str, Any], Profiles] | None:
        """What was kept of a week: facts and profiles; None if nothing was.

        Raises:
            FormatError: the file is damaged.
        """
        path = self._path(week)
        return load_profiles(path) if files.there(path) else None

    def before(self, week: str) -> Profiles | None:
        """The newest tastes of an earlier week."""
        earlier = [name for name in self.names() if name < week]
        return load_profiles(self._path(earlier[-1]))[1] if earlier else None

    def newest(self) -> Profiles | None:
        """The newest tastes that are kept."""
        names = self.names()
        return load_profiles(self._path(names[-1]))[1] if names else None

    def keep(self, week: str, profiles: Profiles, facts: Mapping[str, Any]) -> None:
        """Keep the tastes of `week`; weeks beyond the newest `KEPT` go.

        Raises:
            BusyError: another process is writing here.
        """
        with files.locked(self.folder, "tastes", wait=self.wait):
            files.sweep(self.folder)
            save_profiles(profiles, self._path(week), facts)
            for old in self.names()[:-KEPT]:
                files.remove(self._path(old))

    def forget(self, week: str, listeners: Collection[str]) -> None:
        """Take the tastes of `listeners` out of what is kept of `week`.

        Raises:
            BusyError: another process is writing here.
            FormatError: the file is damaged.
        """
        with files.locked(self.folder, "tastes", wait=self.wait):
            kept = self.read(week)
            if kept is not None:
                facts, profiles = kept
                save_profiles(without(profiles, listeners), self._path(week), facts)

    def sweep(self) -> None:
        """Remove what killed writers have left.

        Raises:
            BusyError: another process is writing here.
        """
        if self.folder.is_dir():
            with files.locked(self.folder, "tastes", wait=self.wait):
                files.sweep(self.folder)

    def _path(self, week: str) -> Path:
        return self.folder / f"{week}.npz"


def save_profiles(profiles: Profiles, path: Path, facts: Mapping[str, Any] | None = None) -> None:
    """Write `profiles` to `path` (.npz), all or nothing and to the bit: lists made from it are the same.

    `facts` is what else must be known of them, in what JSON can hold.
    """
    arrays = {f.name: getattr(profiles, f.name) for f in fields(profiles) if f.init}
    arrays.update({name: pack_strings(map(str, arrays[name])) for name in _TEXTS})
    save_arrays(path, KIND, facts or {}, arrays)


def load_profiles(path: Path) -> tuple[dict[str, Any], Profiles]:
    """The facts and the profiles that `save_profiles` wrote.

    Raises:
        NotFoundError: there is no such file.
        FormatError: it is not a file of taste profiles.
    """
    facts, arrays = load_arrays(path, KIND, hint=REPAIR)
    with files.reading(path, KIND, REPAIR):
        texts = {name: unpack_strings(arrays.pop(name)) for name in _TEXTS}
        centres = arrays.pop("centres").astype(np.float32)  # files of earlier versions have 16 bits
        return facts, Profiles(
            **arrays,
            centres=centres,
            listeners=texts["listeners"],
            tracks=texts["tracks"],
            names=tuple(texts["names"].tolist()),
        )


def without(profiles: Profiles, listeners: Collection[str]) -> Profiles:
    """`profiles` without `listeners`, of whom nothing is left."""
    gone = set(listeners)
    keep = np.array([str(who) not in gone for who in profiles.listeners], bool)
    return profiles if keep.all() else profiles.rows(keep)
