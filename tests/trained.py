"""A small trained library that tests of engine, upkeep and others share."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa

from segue.factors.config import ALSConfig
from segue.factors.model import FactorConfig
from segue.library import Library
from segue.library.tables import FEEDBACK, LISTENS, PLAYLIST_ENTRIES, PLAYLISTS, TRACKS
from segue.playlists.training import train

KINDS, SONGS, PEOPLE = 4, 60, 40


def build(folder: Path) -> Path:
    """Make it in `folder`: forty listeners of one or two of four kinds of songs, trained twice."""
    rng = np.random.default_rng(3)
    library = Library.open(folder, create=True)
    start = datetime(2026, 6, 1, tzinfo=UTC)
    songs = [f"t{kind}-{song}" for kind in range(KINDS) for song in range(SONGS)]
    tracks = [
        {"track_id": t, "title": f"Song {t}", "artists": [f"Band {t[1]}-{int(t[3:]) % 20}"], "medium": "song"}
        for t in songs
    ]
    listens, feedback = [], []
    for person in range(PEOPLE):
        kinds = rng.choice(KINDS, 1 + person % 2, replace=False)
        for play in range(90):
            track = f"t{kinds[play % len(kinds)]}-{int(SONGS * rng.random() ** 1.5)}"
            at = start + timedelta(hours=9 * play + person % 7)
            listens.append(
                {"listener_id": f"p{person:02}", "track_id": track, "started_at": at, "plays": 1}
                | {"source": "table"}
            )
        feedback.append({"listener_id": f"p{person:02}", "track_id": songs[person], "kind": "save"})
    playlists = [{"playlist_id": f"mine{n}", "title": "Mine", "owner": f"p{n:02}"} for n in range(5)]
    entries = [
        {"playlist_id": f"mine{n}", "position": k, "track_id": songs[k]} for n in range(5) for k in range(6)
    ]
    rows = {
        "tracks": (tracks, TRACKS),
        "listens": (listens, LISTENS),
        "feedback": (feedback, FEEDBACK),
        "playlists": (playlists, PLAYLISTS),
        "playlist_entries": (entries, PLAYLIST_ENTRIES),
    }
    with library.writing() as writer:
        for name, (table, schema) in rows.items():
            writer.append(name, pa.Table.from_pylist(table, schema=schema))
    config = FactorConfig(als=ALSConfig(factors=12, iterations=4, random_state=0))
    for _ in range(2):
        train(library, config)
    return library.path
