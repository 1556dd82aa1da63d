"""Training the taste network: epochs that are one compiled scan each, early stopping, checkpoints.

Everything random comes from the seed and the number of the epoch, so a run that was killed and goes on from
its checkpoint ends where an uninterrupted one does.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

from segue.errors import NumericalError, SegueError
from segue.progress import progress
from segue.sequences.curves import Curves
from segue.sequences.learning import batch_loss, learned
from segue.sequences.module import Fixed, TasteModule
from segue.sequences.network_config import TasteNetworkConfig
from segue.sequences.windows import Places, draw_batch
from segue.shelf.arrays import load_arrays, save_arrays

KIND = "taste network checkpoint"


class Carried(NamedTuple):
    """What a step hands to the next."""

    parameters: Any  # a TasteModule of what is learned
    optimiser: Any  # its state
    average: Any  # of the parameters over the steps so far


@dataclass(frozen=True)
class Run:
    """One training: its seed, where it is kept, and where it ends."""

    seed: int
    checkpoint: Path | None = None  # kept after each epoch; a killed run goes on from it
    until: int | None = None  # epochs; the learning rate falls as if all of the config's were to come


def train(
    module: TasteModule,
    fixed: Fixed,
    config: TasteNetworkConfig,
    places: Places,
    validation: Places | None,
    run: Run,
) -> tuple[TasteModule, Curves]:
    """The trained parameters (averaged; of the epoch best on `validation`, if given), and the losses.

    Raises:
        NumericalError: the loss is no number any more.
        SegueError: the checkpoint is of another run.
    """
    wanted = learned(module, config)
    # What stays as it is gets no gradient and no state of the optimiser.
    parameters, rest = eqx.partition(module, wanted)
    n_steps = max(1, len(places.window_start) // config.batch)
    optimiser = _optimiser(config, parameters, n_steps * config.epochs)
    carried, curves, best = Carried(parameters, optimiser.init(parameters), parameters), Curves(), parameters
    signature, checkpoint = _signature(config, places, run.seed), run.checkpoint
    if checkpoint is not None and checkpoint.exists():
        (carried, best), curves = _restore(checkpoint, signature, (carried, best))

    @eqx.filter_jit
    def epoch(
        carried: Carried,
        before: Array,
        rest: TasteModule,
        fixed: Fixed,
        places: Places,
        key: Array,
    ) -> tuple[Carried, Array]:
        first, second = jax.random.split(key)
        order = _windows_of(places, n_steps, config.batch, first)

        def one(carried: Carried, at: tuple[Array, Array, Array]) -> tuple[Carried, Array]:
            windows, key, number = at
            to_draw, to_lose = jax.random.split(key)
            batch = draw_batch(places, windows, config.length, to_draw, config.backwards)

            def loss(parameters: TasteModule) -> Array:
                whole = eqx.combine(parameters, rest)
                return batch_loss(whole, fixed, config, batch, to_lose, training=True)

            value, gradient = jax.value_and_grad(loss)(carried.parameters)
            updates, state = optimiser.update(gradient, carried.optimiser, carried.parameters)
            parameters = optax.apply_updates(carried.parameters, updates)
            # Of few steps the average looks back less far, or it would be of the start.
            kept = jnp.minimum(config.ema_decay, (1 + number) / (4 + number)) if config.ema_decay else 0.0
            average = jax.tree.map(lambda old, new: new + kept * (old - new), carried.average, parameters)
            return Carried(parameters, state, average), value

        steps = (order, jax.random.split(second, n_steps), before + jnp.arange(n_steps))
        carried, losses = jax.lax.scan(one, carried, steps)
        return carried, losses.mean()

    root = jax.random.key(run.seed)
    last = config.epochs if run.until is None else min(run.until, config.epochs)
    with progress("Taste network", last, unit="epochs") as advance:
        before = len(curves.training)  # of a run that goes on from a checkpoint
        for number in range(len(curves.training), last):
            if curves.best is not None and number - 1 - curves.best >= config.patience and validation:
                break
            clock = time.perf_counter()
            # From the epoch's number, not from the epoch before: a run that goes on from a checkpoint
            # then draws what an uninterrupted one would have drawn.
            key = jax.random.fold_in(root, number)
            carried, loss = epoch(carried, jnp.asarray(number * n_steps), rest, fixed, places, key)
            if not np.isfinite(loss):
                raise NumericalError(
                    f"The loss of the taste network is {float(loss)} in epoch {number + 1}",
                    hint="lower learning_rate",
                )
            curves.training.append(float(loss))
            curves.seconds.append(time.perf_counter() - clock)
            if validation is not None:
                whole = eqx.combine(carried.average, rest)
                # Judged with the averaged parameters, as these are what is kept.
                curves.validation.append(float(_validation_loss(whole, fixed, config, validation, root)))
            if curves.best == number:
                best = carried.average
            if checkpoint is not None:
                _keep(checkpoint, signature, (carried, best), curves)
            # What is told first begins the clock of what remains: the first epoch is compiled, too.
            advance(1 + before)
            before = 0
    return eqx.combine(best, rest), curves


def _windows_of(places: Places, n_steps: int, batch: int, key: Array) -> Array:
    """All windows in a random order, `(n_steps, batch)`; some a second time if they do not fill a batch."""
    order = jax.random.permutation(key, len(places.window_start))
    if n_steps * batch > len(order):
        order = jnp.resize(order, (n_steps * batch,))
    return order[: n_steps * batch].reshape(n_steps, batch)


@eqx.filter_jit
def _validation_loss(
    module: TasteModule, fixed: Fixed, config: TasteNetworkConfig, places: Places, key: Array
) -> Array:
    """The same draws at every call, so that epochs are compared on the same places."""
    n_steps = max(1, len(places.window_start) // config.batch)
    order = _windows_of(places, n_steps, config.batch, key)

    def one(_: None, at: tuple[Array, Array]) -> tuple[None, Array]:
        windows, key = at
        to_draw, to_lose = jax.random.split(key)
        batch = draw_batch(places, windows, config.length, to_draw)
        return None, batch_loss(module, fixed, config, batch, to_lose, training=False)

    return jax.lax.scan(one, None, (order, jax.random.split(key, n_steps)))[1].mean()


def _optimiser(
    config: TasteNetworkConfig, parameters: TasteModule, n_steps: int
) -> optax.GradientTransformation:
    """Adam; song vectors move at `vector_rate` of the rate."""
    warm_up = min(config.warm_up, n_steps // 4)
    rate = optax.join_schedules(
        [
            optax.linear_schedule(0.0, config.learning_rate, max(warm_up, 1)),
            optax.linear_schedule(config.learning_rate, config.learning_rate * 0.02, n_steps - warm_up),
        ],
        [warm_up],
    )
    labels = jax.tree.map(lambda _: "plain", parameters)
    for name in ("songs", "outputs"):
        if getattr(parameters, name) is not None:
            labels = eqx.tree_at(lambda tree, name=name: getattr(tree, name), labels, "vectors")
    # Scaled after Adam and not before: Adam divides by the size of gradients, and a factor on them would
    # cancel.
    slower = optax.chain(optax.adam(rate), optax.scale(config.vector_rate))
    return optax.multi_transform({"plain": optax.adam(rate), "vectors": slower}, labels)


def _signature(config: TasteNetworkConfig, places: Places, seed: int) -> str:
    """Changes with the settings, the data and the seed."""
    digest = hashlib.sha256(json.dumps([config.model_dump(mode="json"), seed]).encode())
    for array in places:
        digest.update(np.asarray(array).tobytes())
    return digest.hexdigest()[:16]


def _keep(path: Path, signature: str, trees: Any, curves: Curves) -> None:
    leaves = jax.tree.leaves(trees)
    facts = {"signature": signature, "curves": asdict(curves)}
    save_arrays(path, KIND, facts, {f"leaf{n}": np.asarray(leaf) for n, leaf in enumerate(leaves)})


def _restore(path: Path, signature: str, trees: Any) -> tuple[Any, Curves]:
    facts, arrays = load_arrays(path, KIND)
    if facts["signature"] != signature:
        raise SegueError(
            f"The checkpoint {path} is of another run",
            expected="the same settings, data and seed",
            hint="remove it to begin anew",
        )
    leaves = [jnp.asarray(arrays[f"leaf{n}"]) for n in range(len(arrays))]
    return jax.tree.unflatten(jax.tree.structure(trees), leaves), Curves(**facts["curves"])
