"""User models learned from one made-up person's own sessions, beside tables and trees.

    python benchmarks/one_listener.py        # measures both persons, and writes docs/measurements/world.md

"Even": two years; what is heard out depends on the track before, on song, artist, and a habit that changes by
quarter. "Drifting": eleven years as real histories are: habits that wander, seasons in which no track has a
reason why it ended, hours of the day, a hidden mood of each session. "Known chances" is the log loss of the
chances that responses were drawn by: nobody can do better.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np

import pages
from segue.library import Library
from segue.library.importing import import_path
from segue.library.moments import DAY
from segue.sequences.training import train_vectors
from segue.world import measuring
from segue.world.config import WorldConfig
from segue.world.training import train_world

SONGS, ARTISTS, STYLES, PLAYS = 900, 60, 4, 30_000
KINDS = {"even": (730, 8, 0.5), "drifting": (4000, 35, 0.9)}  # days, seasons, step of the habit
SILENT = [5, 6, 17]  # seasons of the drifting person without reasons
PAGE = Path(__file__).parents[1] / "docs" / "measurements" / "world.md"


def made_up(kind: str, seed: int = 1) -> tuple[list[dict[str, object]], float]:
    """Rows as Spotify's extended history has them, and the log loss of the last fifth's own chances."""
    rng, (days, seasons, step), drifts = np.random.default_rng(seed), KINDS[kind], kind == "drifting"
    artist, minutes = np.arange(SONGS) % ARTISTS, rng.uniform(2.5, 5.5, SONGS)
    liked = rng.normal(0, 0.7, SONGS) + rng.normal(0, 0.5, ARTISTS)[artist]
    habit = rng.normal(0, step, seasons)
    for season in range(1, seasons if drifts else 0):
        habit[season] += 0.75 * habit[season - 1]
    habit[SILENT if drifts else []] = -9
    weight = 1 / (1 + np.arange(SONGS) // ARTISTS) ** 0.7
    rows: list[dict[str, object]] = []
    told: list[tuple[float, bool]] = []
    for begun in np.sort(rng.uniform(0, days, PLAYS // 9)).tolist():
        now, last, mood = begun, [0.0, 0.0], drifts * rng.normal(0, 0.9)
        among, shuffled = weight * (artist % STYLES == rng.integers(STYLES)), bool(rng.random() < 0.6)
        late = drifts * (0.2 - ((begun * 24 + 4) % 24 < 8))
        length = 1 + int(rng.lognormal(1.8, 1.0))
        for place, song in enumerate(rng.choice(SONGS, length, p=among / among.sum()).tolist()):
            logit = (0.25 if place else -0.9) + last[0] + drifts * 0.5 * last[1] + mood + late
            chance = 1 / (1 + np.exp(-logit - liked[song] - habit[int(begun / days * seasons)]))
            whole, full = bool(rng.random() < chance), 60_000 * minutes[song]
            told.append((chance, whole))
            heard = int(full if whole else min(0.85 * full, rng.lognormal(9.6, 2.0) + 400))
            now += (heard + 1500) / 86_400_000
            rows.append(_row(now, heard, (int(artist[song]), song), (place, last[0], whole, shuffled)))
            last = [1.0 if whole else -1.0, last[0]]
    chance, came = np.array(told[-len(told) // 5 :]).T
    return rows, measuring.log_loss(chance, came)


def _row(
    end: float, heard: int, what: tuple[int, int], how: tuple[int, float, bool, bool]
) -> dict[str, object]:
    place, before, whole, shuffled = how
    at = np.datetime64(int(1_500_000_000 + end * DAY), "s")
    return {
        "ts": f"{at}Z",
        "ms_played": heard,
        "master_metadata_track_name": f"Song {what[1]}",
        "master_metadata_album_artist_name": f"Artist {what[0]}",
        "master_metadata_album_album_name": None,
        "spotify_track_uri": f"spotify:track:{what[1]:022}",
        "reason_start": "clickrow" if not place else "trackdone" if before > 0 else "fwdbtn",
        "reason_end": "trackdone" if whole else "fwdbtn",
        "shuffle": shuffled,
        "skipped": not whole,
    }


def main() -> None:
    """Measure, and put the table into the page."""
    lines = ["| | log loss, completed | 95% | AUC | calibration error | skipped |"]
    lines.append("| --- | ---: | --- | ---: | ---: | ---: |")
    for kind in KINDS:
        rows, known = made_up(kind)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "Streaming_History_Audio_2017-2028_0.json"
            file.write_text(json.dumps(rows), encoding="utf-8")
            library = Library.open(Path(folder) / "library", create=True)
            import_path(library, file)
            train_vectors(library)
            trained = train_world(library, WorldConfig(shuffled=False), closely=True)
        for name, found in trained.measured.items():
            one, low = found["completed"], "{:.3f} to {:.3f}".format(*found["completed"].interval)
            figures = f"{one.log_loss:.4f} | {low} | {one.auc:.3f} | {one.calibration:.3f}"
            lines.append(f"| {kind}, {name} | {figures} | {found['skipped'].log_loss:.4f} |")
        lines.append(f"| {kind}, known chances | {known:.4f} | | | | |")
        print("\n".join(lines), flush=True)
    pages.put(PAGE, {"one listener": "\n".join(lines)})


if __name__ == "__main__":
    main()
