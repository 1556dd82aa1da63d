"""Learn how listeners respond from a library's sessions, measure it on others, publish it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from segue.files import refuse_read_only
from segue.library import Library
from segue.progress import Advance
from segue.shelf.arrays import pack_strings, save_arrays
from segue.shelf.names import WORLD, shelf_of
from segue.wording import count
from segue.world import measuring
from segue.world.catalogue import Catalogue, catalogue_of
from segue.world.config import WorldConfig
from segue.world.loading import FILE, KIND, song_vectors
from segue.world.logs import chosen, held_out, log_of, read_sessions
from segue.world.measuring import Events, Measured
from segue.world.responses import UserModel, along_all, fit_with_curve
from segue.world.trees import to_arrays

ENSEMBLE = "ensemble"


class TrainedWorld(NamedTuple):
    """What a training made."""

    version: str
    models: dict[str, UserModel]  # by form; members after the first as "form 2", ...
    measured: dict[str, dict[str, Measured]]  # by model or table, then by response
    reliability: dict[str, list[tuple[float, float, int]]]  # of the last form, by response
    curves: dict[str, NDArray[np.float32]]  # log loss by step of training
    facts: dict[str, Any]


def train_world(
    library: Library,
    config: WorldConfig | None = None,
    *,
    seed: int = 0,
    keep: int = 3,
    tell: Callable[[str], None] = lambda text: None,
    advance: Advance | None = None,
) -> TrainedWorld:
    """Learn user models, measure them on listeners they have not seen, publish them.

    Where there are too few listeners for that, they are measured on later sessions of the same ones.

    Args:
        library: with sessions whose skips are known.
        config: settings.
        seed: of the models and of who is held out.
        keep: versions kept on the shelf.
        tell: told what is being done.
        advance: called with one for each model.

    Raises:
        UsageError: there is too little to learn from, or the shelf cannot be written to.
    """
    refuse_read_only(shelf_of(library).folder, "shelf")
    config = config or WorldConfig()
    catalogue = catalogue_of(library, song_vectors(library))
    tell(f"1. {count(len(catalogue.ids), 'song')}; reading sessions")
    heard = read_sessions(
        library, catalogue, shuffled=config.shuffled, steps=config.steps, most=config.sessions, seed=seed
    )
    out = held_out(heard, config.held_out, seed)
    parts = [chosen(heard, np.flatnonzero(rows)) for rows in (~out, out)]
    logs = [log_of(catalogue, part) for part in parts]
    learn, test = (
        measuring.events_of(p.stage, p.there, catalogue.tracks.minutes[p.place], p.share) for p in parts
    )
    learners, others = (len(np.unique(part.listener)) for part in parts)
    strangers = not np.intersect1d(parts[0].listener, parts[1].listener).size
    tell(
        f"2. {count(len(parts[0].stage), 'session')} of {count(learners, 'listener')}; "
        f"measured on {len(parts[1].stage):,} "
        + (f"of {others:,} others" if strangers else "later ones of theirs")
    )
    models, curves, chances = {}, {}, dict(measuring.tables(learn, test))
    rows = np.asarray(logs[1].there) > 0
    for name, form, number in _wanted(config):
        models[name], curves[name] = fit_with_curve(
            logs[0], form, seed=seed + number, epochs=config.epochs, newcomers=config.newcomers
        )
        chances[name] = np.asarray(along_all(models[name], logs[1]))[rows]
        if advance:
            advance(1)
    found, disagreement = _joined(config, chances)
    shares = measuring.shares_by_stage(learn)
    measured = {name: measuring.measured(each, test, shares, config.seconds) for name, each in found.items()}
    best = list(found)[-1]
    facts = {
        "config": config.model_dump(mode="json"),
        "seed": seed,
        "sessions": len(parts[0].stage),
        "held_out": len(parts[1].stage),
        "strangers": strangers,
        "plays": len(learn.stage),
        "disagreement": disagreement,
    }
    version = _published(library, catalogue, models, shares, facts, measured[best], keep)
    return TrainedWorld(
        version, models, measured, _reliability(found[best], test, shares, config), curves, facts
    )


def runs(config: WorldConfig) -> int:
    """How often `train_world` advances."""
    return len(_wanted(config))


def _wanted(config: WorldConfig) -> list[tuple[str, Any, int]]:
    last = config.forms[-1]
    more = [(f"{last} {number + 1}", last, number) for number in range(1, config.members)]
    return [*((form, form, 0) for form in config.forms), *more]


def _joined(config: WorldConfig, chances: dict[str, Any]) -> tuple[dict[str, Any], float | None]:
    """Chances with the members' mean in place of the members after the first; how far these differ.

    The latter is the spread of the members' chances of a whole play, on average.
    """
    last = config.forms[-1]
    names = [name for name, form, _ in _wanted(config) if form == last]
    if len(names) < 2:
        return chances, None
    members = np.stack([chances[name] for name in names])
    kept = {name: each for name, each in chances.items() if name not in names[1:]}
    spread = float(members[..., 3].std(0).mean())
    return kept | {f"{ENSEMBLE} of {len(names)}": members.mean(0)}, spread


def _reliability(
    chances: NDArray, test: Events, shares: NDArray, config: WorldConfig
) -> dict[str, list[tuple[float, float, int]]]:
    came = measuring.happened(test, config.seconds)
    given = measuring.predicted(chances, test, shares, config.seconds)
    known = {name: np.isfinite(values) for name, values in came.items()}
    return {
        name: measuring.reliability(given[name][rows], came[name][rows])
        for name, rows in known.items()
        if rows.any()
    }


def _published(
    library: Library,
    catalogue: Catalogue,
    models: dict[str, UserModel],
    shares: NDArray,
    facts: dict[str, Any],
    measured: dict[str, Measured],
    keep: int,
) -> str:
    def write(folder: Path) -> None:
        arrays: dict[str, Any] = {"tracks": pack_strings(catalogue.ids), "shares": shares}
        for name, model in models.items():
            arrays |= to_arrays(name, model)
        save_arrays(folder / FILE, KIND, {"models": list(models)}, arrays)

    shelf = shelf_of(library)
    manifest = {
        "kind": "UserModel",
        "config": facts["config"],
        "seed": facts["seed"],
        "data": library.fingerprint(),
        "metrics": {f"{name}.log_loss": each.log_loss for name, each in measured.items()},
    }
    version = shelf.publish(WORLD, write, manifest)
    shelf.prune(WORLD, keep)
    return version
