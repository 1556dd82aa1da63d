"""Scanning a collection: files a second, what looking again costs, and memory. Files are made up.

    python benchmarks/files.py [--sizes 10000 50000] [--workers 2] [--page docs/measurements/files.md]

Each size is that many small tagged files, FLAC and MP3 in turn, twelve to a folder, of which two in three are
songs of the library. Each scan is `segue files scan` as somebody would type it, a process of its own: once
with nothing known, once with nothing changed, and once after one file in a hundred was renamed, one rewritten
and one removed. Memory is the largest of its processes'.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from mutagen.flac import FLAC
from mutagen.id3 import ID3, TALB, TIT2, TPE1

from pages import put

IN_A_FOLDER, KNOWN = 12, (2, 3)
SECONDS, RATE = 200, 8_000


class Scan(NamedTuple):
    """One scan, as it was measured from outside."""

    seconds: float
    cpu: float  # seconds of all its processes
    read: int
    matched: int
    megabytes: float


def song(number: int) -> tuple[str, str]:
    """Artist and title."""
    return f"Artist {number // 40}", f"Song {number}"


def write(path: Path, number: int) -> None:
    """A file that says it has 200 seconds of sound (FLAC), or has a few silent frames (MP3)."""
    artist, title = song(number)
    if path.suffix == ".flac":
        head = bytes.fromhex("10001000000000000000")
        head += ((RATE << 44) | (15 << 36) | SECONDS * RATE).to_bytes(8, "big") + bytes(16)
        path.write_bytes(b"fLaC\x80" + len(head).to_bytes(3, "big") + head)
        flac = FLAC(path)
        flac["title"], flac["artist"], flac["album"] = title, artist, f"Album {number // IN_A_FOLDER}"
        flac.save(padding=lambda info: 0)
        return
    path.write_bytes((b"\xff\xfb\x90\xc4" + bytes(413)) * 4)
    tags = ID3()
    for frame in (TIT2, TPE1, TALB):
        text = {TIT2: title, TPE1: artist, TALB: f"Album {number // IN_A_FOLDER}"}[frame]
        tags.add(frame(encoding=3, text=[text]))
    tags.save(path, padding=lambda info: 0)


def collection(folder: Path, files: int) -> list[Path]:
    """The files, in order."""
    made = []
    for number in range(files):
        inside = folder / f"{number // 480:04d}" / f"{number // IN_A_FOLDER:05d}"
        inside.mkdir(parents=True, exist_ok=True)
        made.append(inside / f"{number:06d}.{('flac', 'mp3')[number % 2]}")
        write(made[-1], number)
    return made


def library(folder: Path, files: int) -> None:
    """A library in which somebody played two songs in three."""
    rows = [song(number) for number in range(files) if number % KNOWN[1] < KNOWN[0]]
    csv = folder.parent / "plays.csv"
    csv.write_text("artist,track,plays\n" + "".join(f"{artist},{title},1\n" for artist, title in rows))
    from segue.library import Library
    from segue.library.importing import import_path

    import_path(Library.open(folder, create=True), csv)


def scan(library: Path, music: Path, workers: int) -> Scan:
    """`segue files scan`, with the memory of its largest process."""
    command = [sys.executable, "-m", "segue", "files", "scan", str(music), "--library", str(library)]
    begun = time.perf_counter()
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen([*command, "--workers", str(workers), "--json"], stdout=out)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begun
        if status:
            raise SystemExit(f"the scan ended with {status}")
        out.seek(0)
        told = json.load(out)
    return Scan(seconds, used.ru_utime + used.ru_stime, told["read"], told["matched"], used.ru_maxrss / 1024)


def change(made: list[Path]) -> None:
    """One file in a hundred renamed, one written anew, one removed."""
    for number in range(0, len(made), 100):
        made[number].rename(made[number].with_stem(f"{made[number].stem} renamed"))
        if number + 2 < len(made):
            write(made[number + 1], len(made) + number)
            made[number + 2].unlink()


def measured(files: int, workers: int) -> list[tuple[str, int, Scan]]:
    """The three scans of one size."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        made = collection(home / "music", files)
        # In a process of its own: the memory of one that starts another is counted as the other's, too.
        maker = multiprocessing.get_context("spawn").Process(target=library, args=(home / "library", files))
        maker.start()
        maker.join()
        rows = []
        for what in ("nothing known", "nothing changed", "three in a hundred changed"):
            if what.startswith("three"):
                change(made)
            rows.append((what, files, scan(home / "library", home / "music", workers)))
            print(rows[-1], flush=True)
        return rows


def table(rows: list[tuple[str, int, Scan]]) -> str:
    """Markdown."""
    lines = [
        "| files | scan | seconds | of processors | files a second | tags read | matched | MB |",
        "| --: | --- | --: | --: | --: | --: | --: | --: |",
    ]
    for what, files, one in rows:
        rate = f"{one.cpu:.1f} | {files / one.seconds:,.0f}"
        cells = (f"{files:,}", what, f"{one.seconds:.1f}", rate, f"{one.read:,}", f"{one.matched:,}")
        lines.append(f"| {' | '.join(cells)} | {one.megabytes:,.0f} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 50_000])
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--page", type=Path)
    asked = parser.parse_args()
    rows = [row for size in asked.sizes for row in measured(size, asked.workers)]
    print(table(rows))
    if asked.page:
        put(asked.page, {"scans": table(rows)})


if __name__ == "__main__":
    main()
