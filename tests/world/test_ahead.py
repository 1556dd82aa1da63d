"""Second halves of sessions foretold: the measure by hand, and logs of the shape of the dataset's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from segue.library import Library
from segue.library.importing import import_path
from segue.world.ahead import mean_average_accuracy, second_halves
from segue.world.catalogue import catalogue_of
from segue.world.fitting import fit_model
from segue.world.logs import chosen, log_of, read_sessions, second_part

HEAD = (
    "session_id,session_position,session_length,track_id_clean,skip_1,skip_2,skip_3,not_skipped,"
    "hist_user_behavior_is_shuffle,hour_of_day,date,hist_user_behavior_reason_start\n"
)
NESTED = ("true,true,true,false", "false,true,true,false", "false,false,true,false", "false,false,false,true")


def test_mean_average_accuracy_by_hand() -> None:
    asked = np.array([[0, 0, 1, 1, 1], [0, 1, 1, 0, 0], [0, 0, 0, 0, 0]], bool)
    right = np.array([[1, 1, 1, 0, 1], [0, 0, 1, 1, 1], [1, 1, 1, 1, 1]], bool)
    # Accuracies so far 1, 1/2, 2/3, of which the first and third are right; then 0, 1/2, the second right.
    assert mean_average_accuracy(right, asked) == pytest.approx(((1 + 2 / 3) / 3 + 0.5 / 2) / 2)
    assert mean_average_accuracy(asked, asked) == 1.0


def _made_up(folder: Path, sessions: int) -> None:
    """Logs and features: loud songs are skipped by half of the sessions, and soft ones by the others."""
    rng, log = np.random.default_rng(5), HEAD
    loud, folder = rng.random(40), folder / "mssd"
    folder.mkdir()
    for number in range(sessions):
        likes_loud, songs = rng.random() < 0.5, rng.permutation(40)[:12]
        for place, song in enumerate(songs, 1):
            liked = (loud[song] > 0.5) == likes_loud
            stage = int(rng.choice(4, p=[0.05, 0.05, 0.1, 0.8] if liked else [0.6, 0.2, 0.1, 0.1]))
            log += f"0_{number:04},{place},12,t_{song},{NESTED[stage]},true,{number % 24},2018-07-15,fwdbtn\n"
    (folder / "log_0_20180715_000000000000.csv").write_text(log)
    facts = "track_id,duration,release_year,us_popularity_estimate,acousticness,energy,loudness\n"
    for song, value in enumerate(loud.tolist()):
        facts += f"t_{song},200.0,2000,99.0,{1 - value:.3f},{value:.3f},{19 * value - 22:.3f}\n"
    (folder / "tf_000000000000.csv").write_text(facts)


def test_logs_of_the_datasets_shape_are_foretold_better_than_by_repeating(tmp_path: Path) -> None:
    _made_up(tmp_path, 400)
    library = Library.open(tmp_path / "library", create=True)
    import_path(library, tmp_path / "mssd")
    catalogue = catalogue_of(library)
    heard = read_sessions(library, catalogue, steps=20)
    learn, test = (chosen(heard, np.flatnonzero(second_part(heard) == part)) for part in (False, True))
    halves = second_halves(catalogue, test, fit_model(log_of(catalogue, learn), "recurrent", epochs=25))
    assert halves["recurrent"] > halves["the last response, repeated"] + 0.1
    assert 0.2 < halves["the last response, repeated"] < 0.7
