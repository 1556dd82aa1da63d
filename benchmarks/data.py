"""The real data sets of the benchmarks, as histories. Found through SEGUE_DATA, never stored here."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from segue.errors import NotFoundError
from segue.evaluation.histories import Histories, from_entries


def folder() -> Path:
    """Where the data is.

    Raises:
        NotFoundError: SEGUE_DATA is not set.
    """
    if "SEGUE_DATA" not in os.environ:
        raise NotFoundError(
            "The benchmarks' data is not known", hint="set SEGUE_DATA to the folder that has it"
        )
    return Path(os.environ["SEGUE_DATA"])


def hetrec() -> Histories:
    """Last.fm, HetRec 2011: 1,892 listeners, artists as items, weights are play counts."""
    with zipfile.ZipFile(folder() / "hetrec2011-lastfm-2k.zip") as archive:
        lines = archive.read("user_artists.dat").decode().split()[3:]
    rows = np.array(lines, dtype=np.int64).reshape(-1, 3)
    return from_entries(rows[:, 0], rows[:, 1], rows[:, 2].astype(np.float32))


def playlists() -> tuple[Histories, dict[str, str]]:
    """The Million Playlist subset, playlists as listeners in their order; and each track's artist."""
    owners, tracks, artists = [], [], {}
    for playlist in _slices():
        for track in playlist["tracks"]:
            owners.append(playlist["pid"])
            tracks.append(track["track_uri"])
            artists[track["track_uri"]] = track["artist_name"]
    return from_entries(owners, tracks), artists


def playlist_titles() -> dict[str, str]:
    """The titles of its playlists, by id."""
    return {str(playlist["pid"]): playlist["name"] for playlist in _slices() if playlist["name"]}


def _slices() -> Iterator[dict[str, Any]]:
    with zipfile.ZipFile(folder() / "mpd-subset.zip") as archive:
        for name in sorted(archive.namelist()):
            if name.endswith(".json"):
                yield from orjson.loads(archive.read(name))["playlists"]
