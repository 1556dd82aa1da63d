"""Learn how listeners respond from a library's sessions, measure it on others, publish it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from segue.events import get_logger
from segue.files import refuse_read_only
from segue.library import Library
from segue.progress import progress, step
from segue.shelf.arrays import pack_strings, save_arrays
from segue.shelf.names import WORLD, shelf_of
from segue.world import measuring, peers
from segue.world.ahead import second_halves
from segue.world.catalogue import Catalogue, catalogue_of, save_catalogue
from segue.world.config import MAIN_MODEL, USER_MODELS, Form, WorldConfig
from segue.world.fitting import along_all, fit_with_curve, log_loss
from segue.world.following import followed
from segue.world.loading import FILE, KIND, made_from, song_vectors, stored_world
from segue.world.logs import Heard, chosen, log_of, read_sessions, second_part
from segue.world.measuring import Events, Measured
from segue.world.offsets import save_offsets
from segue.world.responses import Log, UserModel
from segue.world.trees import to_arrays

ENSEMBLE, TREES = "ensemble", "trees on counts"
log = get_logger(__name__)


class UserModels(NamedTuple):
    """User models, and how good they are."""

    models: dict[str, UserModel]  # those of `USER_MODELS`; further members as "recurrent 2", ...
    log_loss: dict[str, float]  # nats a track, on the half of the listeners that the model has not seen
    curves: dict[str, NDArray[np.float32]]  # log loss by step of training; empty where they were read
    listeners: int = 0  # from whose sessions they were learned


class TrainedWorld(NamedTuple):
    """What a training made."""

    version: str
    models: dict[str, UserModel]  # as in `UserModels`
    measured: dict[str, dict[str, Measured]]  # by model or table, then by response
    reliability: dict[str, list[tuple[float, float, int]]]  # of the main model, by response
    curves: dict[str, NDArray[np.float32]]  # log loss by step of training
    facts: dict[str, Any]


def fit_user_models(
    learn: Sequence[Log], test: Sequence[Log], config: WorldConfig | None = None, *, seed: int = 0
) -> UserModels:
    """Learn every user model from the sessions of its half of the listeners.

    Args:
        learn: sessions of the first half of the listeners, and of the second.
        test: the same for measuring: a model of one half is measured on the other.
        config: settings.
        seed: of the models.
    """
    config, found = config or WorldConfig(), UserModels({}, {}, {})
    wanted = _wanted(config)
    with progress("Learning how listeners respond", len(wanted), unit="models") as advance:
        for name, (form, half, number) in wanted.items():
            found.models[name], found.curves[name] = fit_with_curve(
                learn[half], form, seed=seed + number, epochs=config.epochs, newcomers=config.newcomers
            )
            found.log_loss[name] = float(log_loss(found.models[name], test[1 - half]))
            advance(1)
            log.info("Learned a user model", model=name, log_loss=found.log_loss[name])
    return found


def train_world(
    library: Library,
    config: WorldConfig | None = None,
    *,
    seed: int = 0,
    keep: int = 3,
    closely: bool = False,
) -> TrainedWorld:
    """Learn user models, measure them on listeners they have not seen, publish them.

    Half of the listeners teach, the others measure; a second set of models is learned from the others, to
    judge agents with. Where there are too few listeners for that, the first four fifths of each one's
    sessions teach, and the last measure.

    Args:
        library: with sessions whose skips are known.
        config: settings.
        seed: of the models, and of which sessions are taken if there are too many.
        keep: versions kept on the shelf.
        closely: measure gradient-boosted trees on the same sessions, too, where LightGBM is installed, and
            how well second halves of sessions are foretold from their first.

    Raises:
        UsageError: there is too little to learn from, or the shelf cannot be written to.
    """
    refuse_read_only(shelf_of(library).folder, "shelf")
    config = config or WorldConfig()
    step("how listeners respond")
    catalogue = catalogue_of(library, song_vectors(library))
    heard = read_sessions(
        library, catalogue, shuffled=config.shuffled, steps=config.steps, most=config.sessions, seed=seed
    )
    late = second_part(heard)
    parts = [chosen(heard, np.flatnonzero(late == part)) for part in (False, True)]
    logs = [log_of(catalogue, part) for part in parts]
    learn, test = (
        measuring.events_of(p.stage, p.there, catalogue.tracks.minutes[p.place], p.share, p.place)
        for p in parts
    )
    strangers = not np.intersect1d(parts[0].listener, parts[1].listener).size
    facts: dict[str, Any] = {
        "config": config.model_dump(mode="json"),
        "seed": seed,
        "sessions": len(parts[0].stage),
        "held_out": len(parts[1].stage),
        "listeners": len(np.unique(heard.listener)),
        "strangers": strangers,
        "plays": len(learn.stage),
    }
    log.info(
        "Read sessions",
        **{name: facts[name] for name in ("sessions", "held_out", "listeners")},
        strangers=strangers,
    )
    fitted = fit_user_models(logs, logs, config, seed=seed)
    chances, rows = dict(peers.tables(learn, test)), np.asarray(logs[1].there) > 0
    by_trees = peers.trees(*logs, seed=seed) if closely else None
    if by_trees is not None:
        chances[TREES] = by_trees
    for name, (_, half, _) in _wanted(config).items():
        if not half:
            chances[name] = np.asarray(along_all(fitted.models[name], logs[1]))[rows]
    joined, disagreement = _joined(config, chances)
    found = _followed(joined, test, parts[1].listener, config)
    shares = measuring.shares_by_stage(learn)
    measured = {name: measuring.measured(each, test, shares, config.seconds) for name, each in found.items()}
    best = list(joined)[-1]
    if closely:
        facts["second_halves"] = second_halves(catalogue, parts[1], fitted.models[MAIN_MODEL])
    facts |= {"disagreement": disagreement, "log_loss": fitted.log_loss}
    offsets = _offsets(fitted, logs, parts, config.gain)
    version = _published(library, catalogue, fitted, (shares, offsets), facts, keep)
    reliability = _reliability(found[best], test, shares, config)
    return TrainedWorld(version, fitted.models, measured, reliability, fitted.curves, facts)


def user_models(
    library: Library, config: WorldConfig | None = None, *, seed: int = 0, keep: int = 3
) -> tuple[str, UserModels]:
    """The library's user models and their version: those published, if they are of these settings, this seed
    and the library as it is now; else they are trained and published.

    Args: as in `train_world`.

    Raises:
        UsageError: there is too little to learn from, or the shelf cannot be written to.
    """
    config, shelf = config or WorldConfig(), shelf_of(library)
    if WORLD in shelf.names():
        manifest = shelf.manifest(WORLD)
        now = (config.model_dump(mode="json"), seed, library.fingerprint(), made_from(library))
        if (manifest.config, manifest.seed, manifest.data, list(manifest.made_from)) == now:
            version = shelf.current(WORLD)
            log.info("User models are up to date", version=f"{WORLD}/{version}")
            models, _, _ = stored_world(library)
            return version, UserModels(
                models, manifest.metrics["log_loss"], {}, manifest.metrics["listeners"]
            )
    trained = train_world(library, config, seed=seed, keep=keep)
    facts = trained.facts
    return trained.version, UserModels(trained.models, facts["log_loss"], trained.curves, facts["listeners"])


def lacks_vectors(library: Library) -> bool:
    """Whether nothing tells which songs are alike: neither sound features nor song vectors."""
    tracks = library.table("tracks")
    with_sound = library.arrow(tracks.filter(tracks.features.notnull()).select("track_id").limit(1))
    return not len(with_sound) and song_vectors(library) is None


def _wanted(config: WorldConfig) -> dict[str, tuple[Form, int, int]]:
    """Form, half and number of the seed of each model, by name."""
    found: dict[str, tuple[Form, int, int]] = {"dense": ("dense", 0, 0)} if config.dense else {}
    for name, (form, half) in USER_MODELS.items():
        found[name] = (form, half, 0)
    for number in range(1, config.members):
        found[f"{MAIN_MODEL} {number + 1}"] = ("recurrent", 0, number)
    return found


def _joined(config: WorldConfig, chances: dict[str, Any]) -> tuple[dict[str, Any], float | None]:
    """Chances with the members' mean in place of the members after the first; how far these differ.

    The latter is the spread of the members' chances of a whole play, on average.
    """
    names = [MAIN_MODEL, *(f"{MAIN_MODEL} {number + 1}" for number in range(1, config.members))]
    if len(names) < 2:
        return chances, None
    members = np.stack([chances[name] for name in names])
    kept = {name: each for name, each in chances.items() if name not in names[1:]}
    spread = float(members[..., 3].std(0).mean())
    return kept | {f"{ENSEMBLE} of {len(names)}": members.mean(0)}, spread


def _followed(
    chances: dict[str, Any], test: Events, listener: NDArray[np.integer], config: WorldConfig
) -> dict[str, Any]:
    """Chances that follow each listener (`following.py`), and as they were: of trees, and of the best."""
    found, best = {}, list(chances)[-1]
    for name, each in chances.items():
        if name in peers.TABLES:
            found[name] = each
            continue
        if name in (TREES, best):
            found[f"{name}, not following"] = each
        found[name], _ = followed(each, test.stage, test.session, listener, config.gain)
    return found


def _offsets(
    fitted: UserModels, logs: Sequence[Log], parts: Sequence[Heard], gain: float
) -> dict[str, NDArray[np.floating]]:
    """Where each listener's offset from the main model stands after their last session; (3, 2) by name.

    Those of the part that measures have errors that the model has not learned from; of the others what it
    did not learn is left.
    """
    found: dict[str, NDArray[np.floating]] = {}
    for log_, part in zip(logs, parts, strict=True):
        there = part.there > 0
        chances = np.asarray(along_all(fitted.models[MAIN_MODEL], log_))[there]
        session = np.nonzero(there)[0]
        _, offsets = followed(chances, part.stage[there], session, part.listener, gain)
        names = dict(zip(part.listener.tolist(), part.name.tolist(), strict=True))
        found |= {names[number]: offset for number, offset in offsets.items()}
    return found


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
    fitted: UserModels,
    beside: tuple[NDArray, dict[str, NDArray[np.floating]]],
    facts: dict[str, Any],
    keep: int,
) -> str:
    shares, offsets = beside

    def write(folder: Path) -> None:
        save_offsets(folder, {name: offsets[name] for name in offsets if name not in left_out})
        save_catalogue(folder, catalogue)
        arrays: dict[str, Any] = {"tracks": pack_strings(catalogue.ids), "shares": shares}
        for name, model in fitted.models.items():
            arrays |= to_arrays(name, model)
        save_arrays(folder / FILE, KIND, {"models": list(fitted.models)}, arrays)

    shelf = shelf_of(library)
    manifest = {
        "kind": "UserModel",
        "config": facts["config"],
        "seed": facts["seed"],
        "data": library.fingerprint(),
        "made_from": made_from(library),
        "metrics": {"log_loss": fitted.log_loss, "listeners": facts["listeners"]},
    }
    with library.forgotten.held() as gone:
        left_out = gone.among(offsets)
        version = shelf.publish(WORLD, write, manifest)
    shelf.prune(WORLD, keep)
    return version
