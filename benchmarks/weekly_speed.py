"""The Monday job: lists a second, and what they cost as listeners and tracks grow. Data is made up.

    python benchmarks/weekly_speed.py [--sizes 5000x5000 20000x5000 5000x20000 5000x50000] [--workers 2]

A size is listeners x tracks. Everybody plays 100 tracks of three of fifty kinds of music. Times are of the
whole job, `segue weekly --all`: reading, tastes, lists, writing. The slope is of seconds of making lists
against listeners, or tracks, in logarithms: 1 is in proportion.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

from segue.engine.batch import BatchConfig, Made, make_all
from segue.factors.config import ALSConfig
from segue.factors.model import FactorConfig
from segue.library import Library
from segue.library.tables import LISTENS, TRACKS
from segue.playlists.memory import Weeks
from segue.playlists.training import train

KINDS, HEARD, WEEK = 50, 100, "2026-W30"


def generated(folder: Path, listeners: int, tracks: int, seed: int = 0) -> Library:
    """A trained library."""
    rng = np.random.default_rng(seed)
    library = Library.open(folder, create=True)
    kinds, per_kind = rng.integers(0, KINDS, (listeners, 3)), tracks // KINDS
    kind = np.take_along_axis(kinds, rng.integers(0, 3, (listeners, HEARD)), 1)
    song = (per_kind * rng.random((listeners, HEARD)) ** 2).astype(np.int64)
    track = (kind * per_kind + song).ravel()
    start = datetime(2026, 5, 1, tzinfo=UTC).timestamp() * 1e6
    seconds = np.sort(rng.integers(0, 80 * 86_400, (listeners, HEARD)), 1).ravel()
    listens = {
        "listener_id": np.repeat([f"u{n:07d}" for n in range(listeners)], HEARD),
        "track_id": [f"t{n}" for n in track],
        "started_at": pa.array((start + seconds * 1e6).astype(np.int64), pa.timestamp("us", "UTC")),
        "plays": rng.integers(1, 5, listeners * HEARD),
    }
    songs = {
        "track_id": [f"t{n}" for n in range(tracks)],
        "title": [f"Song {n}" for n in range(tracks)],
        "artists": [[f"Artist {n // 8}"] for n in range(tracks)],
        "album": [f"Album {n // 4}" for n in range(tracks)],
        "duration_ms": np.full(tracks, 200_000),
        "medium": ["song"] * tracks,
    }
    with library.writing() as writer:
        writer.append("listens", _table(listens, LISTENS))
        writer.append("tracks", _table(songs, TRACKS))
    # Good factors are not needed here: their number is what costs.
    train(library, FactorConfig(als=ALSConfig(factors=128, iterations=2, random_state=0)))
    return library


def _table(columns: dict[str, object], schema: pa.Schema) -> pa.Table:
    rows = pa.table(columns)
    for field in schema:
        if field.name not in columns:
            rows = rows.append_column(field, pa.nulls(rows.num_rows, field.type))
    return rows.select(schema.names).cast(schema)


def measured(listeners: int, tracks: int, workers: int) -> tuple[Made, float]:
    """The job, and the largest memory of one process in GB."""
    with tempfile.TemporaryDirectory() as folder:
        library = generated(Path(folder) / "library", listeners, tracks)
        done = make_all(library, WEEK, BatchConfig(workers=workers))
        rows = Weeks(library.path / "weeks").read(WEEK)
        assert done.made == listeners == len(rows["listener_id"].unique()), done
        assert rows.num_rows == 30 * listeners, "some list is short"
    kind = resource.RUSAGE_CHILDREN if workers > 1 else resource.RUSAGE_SELF
    return done, resource.getrusage(kind).ru_maxrss / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", nargs="+", default=["5000x5000", "20000x5000", "5000x20000", "5000x50000"])
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    print("| listeners | tracks | whole job, s | reading, s | lists a second | GB a process |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: |")
    points = []
    for size in arguments.sizes:
        listeners, tracks = map(int, size.split("x"))
        done, memory = measured(listeners, tracks, arguments.workers)
        reading = done.seconds - done.making_seconds
        print(
            f"| {listeners:,} | {tracks:,} | {done.seconds:.0f} | {reading:.0f} | {done.a_second:,.0f} "
            f"| {memory:.1f} |",
            flush=True,
        )
        points.append((listeners, tracks, done.making_seconds))
    for name, fixed, moving in (("listeners", 1, 0), ("tracks", 0, 1)):
        common = points[0][fixed]
        line = [p for p in points if p[fixed] == common]
        if len(line) > 1:
            slope = np.polyfit(np.log([p[moving] for p in line]), np.log([p[2] for p in line]), 1)[0]
            print(f"Slope with {name}: {slope:.2f}")


if __name__ == "__main__":
    main()
