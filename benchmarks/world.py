"""The simulated world: how well user models know a town's listeners, and what greed on them earns in truth.

    python benchmarks/world.py town --kind ordinary --town 101   # one town; kept in benchmarks/results/world
    python benchmarks/world.py write                             # the tables of docs/measurements/world.md

Speed is in benchmarks/world_speed.py. Shuffled sessions of half of a town's listeners teach, those of the
other half measure, on seeds that no setting was chosen on. The reference knows the law and every listener,
but not the hidden mood of a session, which a particle filter follows: no model can be better. A second one is
not told what no taste explains (a number for each listener and track that nothing before hints at): no model
that has to learn from listening can be better than that.
"""

from __future__ import annotations

import argparse
import json
from itertools import pairwise
from pathlib import Path

import jax
import numpy as np

from segue.town import TownConfig, build
from segue.town.law import true_world
from segue.town.starts import starts_of
from segue.town.truth import Truth
from segue.world import measuring, peers
from segue.world.dynamics import World
from segue.world.features import PLACES
from segue.world.fitting import along_all, fit_model, init_model
from segue.world.pools import SessionDraw
from segue.world.responses import Log, UserModel
from world_choices import choices
from world_reference import STEPS, shuffled
from world_tables import write

RESULTS = Path(__file__).parent / "results" / "world"
SIZE = {"listeners": 1000, "tracks": 6000, "months": 1.0}
LEARNED, TESTED, MEMBERS = 10_000, 3000, 3


def town(kind: str, seed: int) -> None:
    """Everything about one town."""
    truth = build(TownConfig.named(kind, **SIZE), seed).truth()
    halves = [np.arange(half, SIZE["listeners"], 2) for half in (0, 1)]
    logs, others = (_log(truth, halves[half], seed + half) for half in (0, 1))
    models: dict[str, UserModel] = {}
    for form in ("dense", "plain", "summary", "recurrent"):
        models[form] = fit_model(logs, form, seed=seed)
    for number in range(1, MEMBERS):
        models[f"recurrent {number + 1}"] = fit_model(logs, "recurrent", seed=seed + number)
    untold = fit_model(logs, "recurrent", seed=seed, newcomers=0.0)
    print(kind, seed, "models", flush=True)
    found = _known(truth, halves[1], seed, logs, models, untold)
    print(json.dumps(found["models"]["recurrent"]["completed"]), flush=True)
    for form in ("summary", "recurrent"):
        models[f"{form}, others"] = fit_model(others, form, seed=seed + 7)
    found["choices"] = choices(truth, halves, models, MEMBERS, seed, others)
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"{kind}-{seed}.json").write_text(json.dumps(found))


def _world(truth: Truth, whose: np.ndarray, count: int, seed: int, newcomers: bool = False) -> World:
    starts = starts_of(truth, SessionDraw(count, STEPS, seed), listeners=whose, newcomers=newcomers)
    return true_world(truth, starts, init_model(jax.random.key(0), "plain"))


def _log(truth: Truth, whose: np.ndarray, seed: int) -> Log:
    return shuffled(_world(truth, whose, LEARNED // 2, seed), LEARNED, seed, False)[0]


def _known(
    truth: Truth, whose: np.ndarray, seed: int, learn: Log, models: dict[str, UserModel], untold: UserModel
) -> dict:
    """Log loss and calibration of all models, of the best by what was told of listeners, and of newcomers.

    `untold` is the recurrent model that was shown no newcomers: what do they cost the others?
    """
    world = _world(truth, whose, TESTED // 2, seed + 50)
    test, best = shuffled(world, TESTED, seed + 60, True)
    rows, events = np.asarray(test.there) > 0, _events(test)
    chances = dict(peers.tables(_events(learn), events))
    del chances["each song's own share"]  # a log does not say which song it was
    chances |= {name: np.asarray(along_all(model, test))[rows] for name, model in models.items()}
    members = [chances.pop(name) for name in list(chances) if name.startswith("recurrent ")]
    chances[f"ensemble of {MEMBERS}"] = np.mean([chances["recurrent"], *members], 0)
    spread = float(np.std([chances["recurrent"], *members], 0)[:, 3].mean())
    chances |= {"all but own ear": best[rows, 1], "best possible": best[rows, 0]}
    shares = measuring.shares_by_stage(events)
    measured = {name: measuring.measured(each, events, shares, 30.0) for name, each in chances.items()}
    came = (events.stage == 3).astype(float)
    told = np.asarray(test.candidate)[rows][:, PLACES["told"]]
    bounds = np.quantile(told, [0, 1 / 3, 2 / 3, 1])
    by_told = []
    for low, high in pairwise(bounds):
        here = (told >= low) & (told <= high)
        losses = [measuring.log_loss(chances[n][here, 3], came[here]) for n in ("recurrent", "best possible")]
        by_told.append([float(np.expm1(3 * told[here]).mean()), *losses])
    strangers = shuffled(_world(truth, whose, TESTED // 2, seed + 50, True), TESTED, seed + 60, False)[0]
    new = [
        measuring.log_loss(np.asarray(along_all(model, log))[rows][:, 3], came)
        for model, log in ((models["recurrent"], strangers), (untold, strangers), (untold, test))
    ]
    left = np.asarray(test.left)[rows]
    leaves = 1 / (1 + np.exp(-np.asarray(test.leaving)[rows] @ np.asarray(models["recurrent"].leaves)))
    often = np.full(
        len(left), float((np.asarray(learn.left) * np.asarray(learn.there)).sum() / learn.there.sum())
    )
    return {
        "plays": [int(np.asarray(learn.there).sum()), len(events.stage)],
        "models": {n: {r: m._asdict() for r, m in each.items()} for n, each in measured.items()},
        "spread": spread,
        "by_told": by_told,
        "newcomers": new,  # by the model; by one that was shown none; and how that one knows the others
        "leaving": [
            *(measuring.log_loss(leaves, left), measuring.log_loss(often, left)),
            *(measuring.calibration_error(leaves, left), measuring.auc(leaves, left)),
        ],
    }


def _events(log: Log) -> measuring.Events:
    stage = np.asarray(log.stage)
    return measuring.events_of(
        stage, np.asarray(log.there), np.ones(stage.shape), np.full(stage.shape, np.nan)
    )


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    one = verbs.add_parser("town")
    one.add_argument("--kind", default="ordinary")
    one.add_argument("--town", type=int, default=101)
    verbs.add_parser("write")
    given = parser.parse_args()
    if given.verb == "town":
        town(given.kind, given.town)
    else:
        write(RESULTS)


if __name__ == "__main__":
    main()
