"""Song versions: precision, recall and kinds on the labelled pairs, and speed.

    python benchmarks/versions.py [--pairs FILE] [--tracks 200000] [--errors]

Each pair is judged by itself (a library of two tracks) and with all the other pairs in one library, which is
harder. SEGUE_DATA adds a run over the titles of the playlist archive (speed, and how many works).
"""

from __future__ import annotations

import argparse
import csv
import gc
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from segue.library.versions.works import Grouped, Recording, group

PAIRS = Path(__file__).parent.parent / "tests" / "library" / "version_pairs.csv"


class Pair(NamedTuple):
    """Two recordings and what a person says of them."""

    a: Recording
    b: Recording
    same: bool
    kind: str  # of the second, where they are one work
    part: str  # "develop": seen while the rules were written; "held out": not


class Score(NamedTuple):
    """Counts over pairs."""

    hits: int
    false: int
    missed: int
    kinds_right: int
    kinds: int

    @property
    def precision(self) -> float:
        return self.hits / max(1, self.hits + self.false)

    @property
    def recall(self) -> float:
        return self.hits / max(1, self.hits + self.missed)

    @property
    def kinds_share(self) -> float:
        return self.kinds_right / max(1, self.kinds)


def read_pairs(path: Path = PAIRS) -> list[Pair]:
    """The labelled pairs of `path`."""
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Pair(
                *(
                    Recording(
                        row[f"title_{s}"], tuple(row[f"artists_{s}"].split("; ")), row[f"album_{s}"] or None
                    )
                    for s in "ab"
                ),
                row["label"] == "same",
                row["kind"],
                row["part"],
            )
            for row in csv.DictReader(file)
        ]


def _recording(row: dict[str, str], side: str) -> Recording:
    artists = tuple(row[f"artists_{side}"].split("; "))
    return Recording(row[f"title_{side}"], artists, row[f"album_{side}"] or None)


def alone(pairs: Sequence[Pair]) -> Iterator[tuple[Grouped, Grouped]]:
    """Each pair in a library of its own."""
    for pair in pairs:
        a, b = group([pair.a, pair.b])
        yield a, b


def together(pairs: Sequence[Pair]) -> Iterator[tuple[Grouped, Grouped]]:
    """All pairs in one library."""
    tracks = {track: None for pair in pairs for track in (pair.a, pair.b)}
    found = dict(zip(tracks, group(list(tracks)), strict=True))
    for pair in pairs:
        yield found[pair.a], found[pair.b]


def judge(pairs: Sequence[Pair], answers: Sequence[tuple[Grouped, Grouped]]) -> tuple[Score, list[str]]:
    """Scores, and a line for each mistake. A kind is right if it is the strongest one found."""
    hits = false = missed = right = kinds = 0
    errors = []
    for pair, (a, b) in zip(pairs, answers, strict=True):
        found = a.work_id == b.work_id
        hits += pair.same and found
        false += found and not pair.same
        missed += pair.same and not found
        if found != pair.same:
            errors.append(f"{'merged' if found else 'missed'}: {_words(pair)}")
        if pair.same:
            kinds += 1
            right += b.version == pair.kind
            if b.version != pair.kind:
                errors.append(f"kind {b.version!r} for {pair.kind!r}: {_words(pair)}")
    return Score(hits, false, missed, right, kinds), errors


def _words(pair: Pair) -> str:
    return " / ".join(f"{r.title} ({'; '.join(r.artists)})" for r in (pair.a, pair.b))


def _speed(n: int) -> None:
    pairs = read_pairs()
    base = [r for p in pairs for r in (p.a, p.b)]
    tracks = [
        r._replace(artists=(f"{r.artists[0]} {i}", *r.artists[1:]))
        for i in range(n // len(base) + 1)
        for r in base
    ]
    _timed("generated from the pairs", tracks[:n])
    if folder := os.environ.get("SEGUE_DATA"):
        import json
        import zipfile

        seen: dict[str, Recording] = {}
        with zipfile.ZipFile(Path(folder) / "mpd-subset.zip") as archive:
            for name in archive.namelist():
                for playlist in json.loads(archive.read(name))["playlists"]:
                    for track in playlist["tracks"]:
                        seen[track["track_uri"]] = Recording(track["track_name"], (track["artist_name"],))
        _timed("playlist archive", list(seen.values()))


def _timed(name: str, tracks: list[Recording]) -> None:
    gc.collect()
    start = time.process_time()
    found = group(tracks)
    seconds = time.process_time() - start
    works = len({g.work_id for g in found})
    print(f"{name}: {len(tracks):,} tracks, {works:,} works, {seconds:.1f} s of processor time")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=Path, default=PAIRS)
    parser.add_argument("--tracks", type=int, default=200_000)
    parser.add_argument("--errors", choices=["develop", "held out", "all"], help="list the mistakes")
    arguments = parser.parse_args()
    pairs = read_pairs(arguments.pairs)
    print("| part | pairs | judged | precision | recall | kinds |\n| --- | --- | --- | --- | --- | --- |")
    answers = {"alone": list(alone(pairs)), "together": list(together(pairs))}
    for part in ("develop", "held out", "all"):
        for how, found in answers.items():
            chosen = [i for i, p in enumerate(pairs) if part in ("all", p.part)]
            score, errors = judge([pairs[i] for i in chosen], [found[i] for i in chosen])
            print(
                f"| {part} | {len(chosen)} | {how} | {score.precision:.4f} | {score.recall:.4f} "
                f"| {score.kinds_share:.4f} |"
            )
            if arguments.errors == part:
                print("\n".join(errors))
    if arguments.tracks:
        _speed(arguments.tracks)


if __name__ == "__main__":
    main()
