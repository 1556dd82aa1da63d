"""User models learned from one made-up person's own sessions, beside tables and trees.

    python benchmarks/one_listener.py        # measures six persons, and writes docs/measurements/world.md

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
SEEDS = (1, 2, 3)
FIGURES = (
    *("log loss, completed", "95%, ±", "AUC", "calibration error", "first half", "second half"),
    "log loss, skipped",
)
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


def measured(kind: str, seed: int) -> dict[str, list[float]]:
    """FIGURES by model, of one person."""
    rows, known = made_up(kind, seed)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "Streaming_History_Audio_2017-2028_0.json"
        file.write_text(json.dumps(rows), encoding="utf-8")
        library = Library.open(Path(folder) / "library", create=True)
        import_path(library, file)
        train_vectors(library)
        trained = train_world(library, WorldConfig(shuffled=False), closely=True)
    found = {}
    for name, each in trained.measured.items():
        one, (low, high) = each["completed"], each["completed"].interval
        figures = [one.log_loss, (high - low) / 2, one.auc, one.calibration, one.earlier, one.later]
        found[name] = [*figures, each["skipped"].log_loss]
    return found | {"known chances": [known]}


def table(found: dict[str, list[dict[str, list[float]]]]) -> str:
    """Means over the persons of a kind, and standard deviations of the first and the fourth column."""
    lines = ["| | " + " | ".join(FIGURES) + " |", "| --- " + "| ---: " * len(FIGURES) + "|"]
    for kind, persons in found.items():
        for name in persons[0]:
            values = np.array([person[name] for person in persons])
            cells = [f"{mean:.3f}" for mean in values.mean(0)]
            for place in (0, 3):
                if place < len(cells):
                    cells[place] += f" ± {values[:, place].std():.3f}"
            cells += [""] * (len(FIGURES) - len(cells))
            lines.append(f"| {kind}, {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Measure, and put the table into the page."""
    found: dict[str, list[dict[str, list[float]]]] = {}
    for seed in SEEDS:
        for kind in KINDS:
            found.setdefault(kind, []).append(measured(kind, seed))
            print(f"seed {seed}\n{table(found)}", flush=True)
    pages.put(PAGE, {"one listener": table(found)})


if __name__ == "__main__":
    main()
