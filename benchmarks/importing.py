"""Imports: rows a second, what processors do for them, and memory. Plays are made up; the archive is real.

    SEGUE_DATA=folder python benchmarks/importing.py archive
    python benchmarks/importing.py csv json --rows 1000000 [--seed 1] [--page docs/measurements/importing.md]

Each import is `segue import` as somebody would type it, into a library of its own. `csv` is a table of plays
of many listeners, `json` an extended streaming history as Spotify gives it, `archive` the playlists of
SEGUE_DATA. Memory is the largest that all processes of an import had together (proportional set size).
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np

from data import folder
from pages import put

LISTENERS, TRACKS, IN_A_CHUNK = 100_000, 100_000, 100_000
WORDS = ("love", "night", "fire", "heart", "road", "moon", "river", "dance", "summer", "rain", "gold", "home")


class Import(NamedTuple):
    """One import, as it was measured from outside."""

    rows: int
    seconds: float
    cpu: float  # seconds of all its processes
    megabytes: float


def song(number: int) -> tuple[str, str]:
    """Artist and title."""
    words = len(WORDS)
    return (
        f"The {WORDS[number * 7 % words].title()}s {number // 10}",
        f"{WORDS[number % words].title()} {WORDS[number // words % words].title()} {number}",
    )


def plays(rows: int, seed: int) -> Iterator[list[tuple[int, int, int, int, bool]]]:
    """Listener, song, time, milliseconds heard, whether skipped; in chunks. Few songs are played often."""
    draw = np.random.default_rng(seed)
    for begin in range(0, rows, IN_A_CHUNK):
        count = min(IN_A_CHUNK, rows - begin)
        columns = (
            draw.integers(LISTENERS, size=count),
            (TRACKS * draw.random(count) ** 3).astype(int),
            1_600_000_000 + draw.integers(3 * 365 * 86_400, size=count),
            draw.integers(1_000, 300_000, size=count),
            draw.random(count) < 0.2,
        )
        yield list(zip(*(column.tolist() for column in columns), strict=True))


def write_csv(path: Path, rows: int, seed: int) -> None:
    """A table of plays."""
    with path.open("w", newline="") as file:
        write = csv.writer(file)
        write.writerow(("user", "artist", "track", "timestamp", "ms_played"))
        for chunk in plays(rows, seed):
            write.writerows((f"u{who}", *song(number), at, heard) for who, number, at, heard, _ in chunk)


def write_json(path: Path, rows: int, seed: int) -> None:
    """An extended streaming history, all in one file."""
    with path.open("w") as file:
        opening = "["
        for chunk in plays(rows, seed):
            for _, number, at, heard, skipped in chunk:
                file.write(opening + json.dumps(stream(number, at, heard, skipped)))
                opening = ",\n"
        file.write("]")


def stream(number: int, at: int, heard: int, skipped: bool) -> dict[str, object]:
    """An item of the history, with all the keys that Spotify gives it."""
    artist, title = song(number)
    return {
        "ts": datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "platform": "android",
        "ms_played": heard,
        "conn_country": "ZZ",
        "master_metadata_track_name": title,
        "master_metadata_album_artist_name": artist,
        "master_metadata_album_album_name": f"Album {number // 10}",
        "spotify_track_uri": f"spotify:track:{number:022d}",
        **dict.fromkeys(("episode_name", "episode_show_name", "spotify_episode_uri")),
        **dict.fromkeys(("audiobook_title", "audiobook_uri", "audiobook_chapter_uri")),
        "audiobook_chapter_title": None,
        "reason_start": "trackdone",
        "reason_end": "fwdbtn" if skipped else "trackdone",
        "shuffle": False,
        "skipped": skipped,
        "offline": False,
        "offline_timestamp": at,
        "incognito_mode": False,
    }


def held(process: int) -> int:
    """Kilobytes that a process and those it started hold, shared ones by their share."""
    kilobytes = 0
    with contextlib.suppress(OSError):  # it has just ended
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                kilobytes += int(line.split()[1])
        for task in Path(f"/proc/{process}/task").iterdir():
            kilobytes += sum(held(int(child)) for child in (task / "children").read_text().split())
    return kilobytes


def measured(path: Path) -> Import:
    """`segue import` of a path."""
    before, begun, most = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter(), 0
    with tempfile.TemporaryDirectory() as library, tempfile.TemporaryFile() as out:
        command = [sys.executable, "-m", "segue", "import", str(path), "--library", library, "--json"]
        process = subprocess.Popen(command, stdout=out)
        while process.poll() is None:
            most = max(most, held(process.pid))
            time.sleep(0.2)
        seconds = time.perf_counter() - begun
        if process.returncode:
            raise SystemExit(f"the import ended with {process.returncode}")
        out.seek(0)
        read = json.load(out)["total"]["read"]
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    return Import(read, seconds, cpu, most / 1024)


def table(found: list[tuple[str, Import]]) -> str:
    """Markdown."""
    lines = [
        "| what | rows | seconds | of processors | rows a second | rows a processor's second | MB |",
        "| --- | --: | --: | --: | --: | --: | --: |",
    ]
    for what, one in found:
        cells = (what, f"{one.rows:,}", f"{one.seconds:.1f}", f"{one.cpu:.1f}")
        rates = (f"{one.rows / one.seconds:,.0f}", f"{one.rows / one.cpu:,.0f}", f"{one.megabytes:,.0f}")
        lines.append(f"| {' | '.join((*cells, *rates))} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="+", choices=("archive", "csv", "json"))
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--page", type=Path)
    asked = parser.parse_args()
    found = []
    for what in asked.what:
        with tempfile.TemporaryDirectory() as home:
            path = Path(home) / f"plays.{what}"
            if what == "archive":
                path = folder() / "mpd-subset.zip"
            else:
                {"csv": write_csv, "json": write_json}[what](path, asked.rows, asked.seed)
            found.append((what, measured(path)))
        print(*found[-1], f"(others at work: {os.getloadavg()[0]:.1f})", flush=True)
    print(table(found))
    if asked.page:
        put(asked.page, {"_".join(asked.what): table(found)})


if __name__ == "__main__":
    main()
