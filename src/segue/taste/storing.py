"""Taste profiles on disk, and forgetting one listener's."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np

from segue.taste.arrays import load_arrays, pack_strings, save_arrays, unpack_strings
from segue.taste.profiles import Profiles

KIND = "taste profiles"
_TEXTS = ("listeners", "tracks", "names")


def save_profiles(profiles: Profiles, path: Path) -> None:
    """Write `profiles` to `path` (.npz), all or nothing; centres in 16 bits, which suffice for likeness."""
    arrays = {f.name: getattr(profiles, f.name) for f in fields(profiles) if f.init}
    arrays.update({name: pack_strings(map(str, arrays[name])) for name in _TEXTS})
    arrays["centres"] = arrays["centres"].astype(np.float16)
    save_arrays(path, KIND, {}, arrays)


def load_profiles(path: Path) -> Profiles:
    """What `save_profiles` wrote.

    Raises:
        NotFoundError: there is no such file.
        FormatError: it is not a file of taste profiles.
    """
    _, arrays = load_arrays(path, KIND)
    texts = {name: unpack_strings(arrays.pop(name)) for name in _TEXTS}
    centres = arrays.pop("centres").astype(np.float32)
    return Profiles(
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
