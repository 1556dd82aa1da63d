"""What a user model is measured beside: tables that know no music, and gradient-boosted trees on counts."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from segue.world.features import CANDIDATE, SESSION
from segue.world.known import Floats
from segue.world.measuring import Events
from segue.world.responses import Log

TABLES = ("constant", "repeat-last table", "each song's own share")
TOP = 10  # places in a session that the repeat-last table tells apart
FEWEST = 3.0  # plays of everything that each song's own shares are drawn to
# What can be counted without knowing any music; all user models see it, but for the first two lines the
# forms without a session.
COUNTS = (
    *("position", "first", "last", "second_last", "third_last", "last_five", "all_so_far"),
    *("out", "out_over", "out_last", "out_told", "away", "artist_out", "artist_over", "artist_told"),
    *("artist_away", "habit_now", "habit_days", "habit_weeks", "habit_months", "before", "pause"),
    *("hour_cos", "hour_sin", "picked", "shuffled"),
)
ROUNDS, PATIENCE, LATE = 400, 30, 0.15  # of the trees: most, without gain, and share that tells when to stop
ROWS = 60_000  # plays that trees learn from at most, the last ones
CHOSEN = np.array([[*SESSION, *CANDIDATE].index(name) for name in COUNTS])


def tables(learn: Events, test: Events) -> Mapping[str, Floats]:
    """Chances (n, 4): the stages' shares; by stage before and place; by song."""
    constant = np.bincount(learn.stage, minlength=4) / len(learn.stage)
    # One play as all plays are to begin with: no stage has the chance 0, whose logarithm would be infinite.
    count = np.ones((5, TOP + 1, 4)) * constant
    np.add.at(count, (learn.before, np.minimum(learn.position, TOP), learn.stage), 1.0)
    song = np.ones((int(max(learn.track.max(), test.track.max())) + 1, 4)) * FEWEST * constant
    np.add.at(song, (learn.track, learn.stage), 1.0)
    rows = (count[test.before, np.minimum(test.position, TOP)], song[test.track])
    each = (
        np.broadcast_to(constant, (len(test.stage), 4)),
        *(row / row.sum(-1, keepdims=True) for row in rows),
    )
    return dict(zip(TABLES, each, strict=True))


def trees(learn: Log, test: Log, *, seed: int = 0) -> Floats | None:
    """Chances (n, 4) by gradient-boosted trees on COUNTS; None where LightGBM is not installed.

    The last of the sessions that it learns from say how many trees there are; then it learns from all.

    Args:
        learn: sessions, earlier ones first.
        test: sessions whose plays are judged, in the order of `measuring.events_of`.
        seed: of the features drawn for each tree.
    """
    if find_spec("lightgbm") is None:
        return None
    import lightgbm

    x, y = (values[-ROWS:] for values in _plays(learn))
    settings = {
        "objective": "multiclass",
        "num_class": 4,
        "num_leaves": 15,
        "learning_rate": 0.08,
        "min_data_in_leaf": min(50, max(5, len(y) // 100)),
        "feature_fraction": 0.7,
        "lambda_l2": 5.0,
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbosity": -1,
    }
    cut = len(y) - max(1, int(LATE * len(y)))
    parts = [lightgbm.Dataset(x[rows], y[rows]) for rows in (slice(cut), slice(cut, None))]
    stop = lightgbm.early_stopping(PATIENCE, verbose=False)
    found = lightgbm.train(settings, parts[0], ROUNDS, valid_sets=[parts[1]], callbacks=[stop])
    rounds = max(10, found.best_iteration)
    made = lightgbm.train(settings, lightgbm.Dataset(x, y), rounds)
    return np.asarray(made.predict(_plays(test)[0]))


def _plays(log: Log) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """COUNTS of every play, and its stage."""
    rows = np.asarray(log.there) > 0
    seen = np.concatenate([np.asarray(log.session)[rows], np.asarray(log.candidate)[rows]], -1)
    return seen[:, CHOSEN], np.asarray(log.stage)[rows]
