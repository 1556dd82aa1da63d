"""Taste profiles on disk, week by week, and forgetting one listener's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from segue import files
from segue.taste.arrays import load_arrays, pack_strings, save_arrays, unpack_strings
from segue.taste.profiles import Profiles

KIND = "taste profiles"
KEPT = 8  # weeks
_TEXTS = ("listeners", "tracks", "names")


class TasteWeeks:
    """The tastes of each week, in `folder`, by ISO week: the newest `KEPT`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def names(self) -> list[str]:
        """The weeks that are kept, oldest first: "2026-W48"."""
        return sorted(path.stem for path in self.folder.glob("[0-9]*-W*.npz"))

    def read(self, week: str) -> tuple[dict[str, Any], Profiles] | None:
        """What was kept of a week: facts and profiles; None if nothing was.

        Raises:
            FormatError: the file is damaged.
        """
        path = self._path(week)
        return load_profiles(path) if path.exists() else None

    def before(self, week: str) -> Profiles | None:
        """The newest tastes of an earlier week."""
        earlier = [name for name in self.names() if name < week]
        return load_profiles(self._path(earlier[-1]))[1] if earlier else None

    def keep(self, week: str, profiles: Profiles, facts: Mapping[str, Any]) -> None:
        """Keep the tastes of `week`; weeks beyond the newest `KEPT` go.

        Raises:
            BusyError: another process is writing here.
        """
        with files.locked(self.folder, "tastes"):
            files.sweep(self.folder)
            save_profiles(profiles, self._path(week), facts)
            for old in self.names()[:-KEPT]:
                files.remove(self._path(old))

    def sweep(self) -> None:
        """Remove what killed writers have left.

        Raises:
            BusyError: another process is writing here.
        """
        if self.folder.is_dir():
            with files.locked(self.folder, "tastes"):
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
    facts, arrays = load_arrays(path, KIND)
    texts = {name: unpack_strings(arrays.pop(name)) for name in _TEXTS}
    centres = arrays.pop("centres").astype(np.float32)  # files of earlier versions have 16 bits
    return facts, Profiles(
        **arrays,
        centres=centres,
        listeners=texts["listeners"],
        tracks=texts["tracks"],
        names=tuple(texts["names"].tolist()),
    )


def without(profiles: Profiles, listener: str) -> Profiles:
    """`profiles` without `listener`, of whom nothing is left."""
    at = profiles.place.get(listener)
    if at is None:
        return profiles
    start, stop = int(profiles.first[at]), int(profiles.first[at + 1])
    from_member, to_member = int(profiles.member_first[start]), int(profiles.member_first[stop])
    tastes = np.r_[0:start, stop : len(profiles.ids)]
    members = np.r_[0:from_member, to_member : len(profiles.members)]
    sizes = np.diff(profiles.member_first)[tastes]
    return Profiles(
        listeners=np.delete(profiles.listeners, at),
        tracks=profiles.tracks,
        first=np.concatenate([[0], np.cumsum(np.delete(np.diff(profiles.first), at))]),
        ids=profiles.ids[tastes],
        weights=profiles.weights[tastes],
        trends=profiles.trends[tastes],
        sure=profiles.sure[tastes],
        centres=profiles.centres[tastes],
        member_first=np.concatenate([[0], np.cumsum(sizes)]),
        members=profiles.members[members],
        member_weights=profiles.member_weights[members],
        names=tuple(profiles.names[t] for t in tastes.tolist()) if profiles.names else (),
        last_ids=np.delete(profiles.last_ids, at),
    )
