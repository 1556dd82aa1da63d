"""User models learned from sessions: from a random start, by Adam; leaving by Newton's method.

Features have different means and spreads, so the first layer is learned for standardised ones and then made
one for features as they are: worlds do not pay for it.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array
from numpy.typing import NDArray

from segue.world.config import NEWCOMERS, Form
from segue.world.features import CANDIDATE, LEAVING, SESSION, as_newcomer
from segue.world.responses import DEEP, MEMORY, SURPRISE, WIDE, Log, UserModel, chances, read, shown

BATCH, RATE = 128, 3e-3
EPOCHS, ENOUGH = 20, 1000  # as often a log is gone through, up to so many steps, where nobody says
SHRINK = 1.0  # weight decay x learning rate, summed over a training before the cosine
LEAST = 0.5  # spread that features are taken to have at least: what hardly varies is not blown up


def init_model(key: Array, form: Form) -> UserModel:
    """A model that knows nothing."""
    keys, inputs = jax.random.split(key, 6), len(SESSION) + len(CANDIDATE) + 5
    scale = (len(SESSION) + len(CANDIDATE)) ** -0.5
    return UserModel(
        scale * jax.random.normal(keys[0], (len(SESSION) + MEMORY, WIDE)),
        scale * jax.random.normal(keys[1], (len(CANDIDATE), WIDE)),
        (
            ((1.5 / WIDE) ** 0.5 * jax.random.normal(keys[2], (WIDE, DEEP)), jnp.zeros(DEEP)),
            (jnp.zeros((DEEP, 3)), jnp.zeros(3)),
        ),
        jnp.zeros(WIDE),
        (
            inputs**-0.5 * jax.random.normal(keys[3], (inputs, 3 * MEMORY)),
            jnp.zeros(3 * MEMORY),
            0.6 * MEMORY**-0.5 * jax.random.normal(keys[4], (MEMORY, 3 * MEMORY)),
            jnp.zeros(3 * MEMORY),
        ),
        jnp.asarray([form in ("summary", "recurrent"), form == "recurrent", form != "dense"], jnp.float32),
        jnp.zeros(LEAVING),
    )


def along(model: UserModel, log: Log) -> Array:
    """Chances (n, T, 4) that the model gave every track of a log, just before it was played."""

    def one(carry: tuple[Array, Array], at: tuple[Array, Array, Array]) -> tuple[Any, Array]:
        memory, surprise = carry
        session, candidate, stage = at
        session = session.at[:, SURPRISE].set(surprise)
        found = chances(model, session, memory, candidate[:, None])[:, 0]
        more = jax.lax.stop_gradient((stage == 3) - found[:, 3])
        memory = read(model, memory, session, candidate, stage, more)
        slower = jnp.asarray([0.6, 0.9])
        return (memory, slower * surprise + (1 - slower) * more[:, None]), found

    n = log.stage.shape[0]
    by_step = (log.session.swapaxes(0, 1), log.candidate.swapaxes(0, 1), log.stage.T)
    return jax.lax.scan(one, (jnp.zeros((n, MEMORY)), jnp.zeros((n, 2))), by_step)[1].swapaxes(0, 1)


@jax.jit
def log_loss(model: UserModel, log: Log) -> Array:
    """Mean log loss of the four stages."""
    return _loss(model, log)


along_all = jax.jit(along)


def _loss(model: UserModel, log: Log) -> Array:
    came = jnp.take_along_axis(along(model, log), log.stage[..., None], -1)[..., 0]
    return -(jnp.log(came + 1e-7) * log.there).sum() / log.there.sum()


def fit_model(
    log: Log, form: Form, *, seed: int = 0, epochs: int | None = None, newcomers: float = NEWCOMERS
) -> UserModel:
    """Train on sessions, by Adam with a cosine; leaving by Newton's method.

    Args:
        log: to learn from.
        form: of the model.
        seed: of its first numbers and of the order of the sessions.
        epochs: how often the sessions are gone through; by default EPOCHS times, but ENOUGH steps at most.
        newcomers: share of the sessions, drawn anew each time, that are learned from as if nothing were known
            of their listener, so that the model knows what to expect of somebody new.
    """
    return fit_with_curve(log, form, seed=seed, epochs=epochs, newcomers=newcomers)[0]


def fit_with_curve(
    log: Log, form: Form, *, seed: int = 0, epochs: int | None = None, newcomers: float = NEWCOMERS
) -> tuple[UserModel, NDArray[np.float32]]:
    """As `fit_model`, and the log loss of the four stages at every step of the training."""
    model = init_model(jax.random.key(seed), form)
    # A small log is gone through in smaller batches: each epoch has ten steps at least.
    batch = max(1, min(BATCH, log.stage.shape[0] // 10))
    steps = max(1, (epochs or EPOCHS) * log.stage.shape[0] // batch)
    if epochs is None:
        steps = min(steps, ENOUGH)
    model, losses = _train(model, log, jax.random.key(seed + 1), steps, batch, newcomers)
    return model._replace(leaves=_fit_leaving(log)), np.asarray(losses)


@partial(jax.jit, static_argnums=(3, 4))
def _train(
    model: UserModel, log: Log, key: Array, steps: int, batch: int, newcomers: float
) -> tuple[UserModel, Array]:
    # The same shrinking whatever the number of steps: the more there is to learn from, the less it weighs.
    decay = SHRINK / (RATE * steps)
    optimiser = optax.adamw(optax.cosine_decay_schedule(RATE, steps), weight_decay=decay)
    mean, spread = _moments(log)

    def step(carry: Any, key: Array) -> tuple[Any, Array]:
        model, state = carry
        to_choose, to_forget = jax.random.split(key)
        rows = jax.random.randint(to_choose, (batch,), 0, log.stage.shape[0])
        part = jax.tree.map(lambda x: x[rows], log)
        new = jax.random.uniform(to_forget, (batch, 1, 1)) < newcomers
        part = part._replace(candidate=jnp.where(new, as_newcomer(part.candidate), part.candidate))
        loss, slope = jax.value_and_grad(lambda each: _loss(_of_raw(each, mean, spread), part))(model)
        change, state = optimiser.update(slope, state, model)
        learned: Any = optax.apply_updates(model, change)
        # What the model sees is its form, not something to learn.
        return (learned._replace(sees=model.sees), state), loss

    (model, _), losses = jax.lax.scan(step, (model, optimiser.init(model)), jax.random.split(key, steps))
    return _of_raw(model, mean, spread), losses


def _moments(log: Log) -> tuple[Array, Array]:
    """Mean and spread of the features of session and candidate, side by side."""
    seen = jnp.concatenate([log.session, log.candidate], -1)
    weights = log.there[..., None] / log.there.sum()
    mean = (weights * seen).sum((0, 1))
    return mean, jnp.maximum(jnp.sqrt((weights * (seen - mean) ** 2).sum((0, 1))), LEAST)


def _of_raw(model: UserModel, mean: Array, spread: Array) -> UserModel:
    """The model of features as they are that answers as this one does of standardised features."""
    size = len(SESSION)
    session = model.session.at[:size].divide(spread[:size, None])
    candidate = model.candidate / spread[size:, None]
    middle = (mean[:size] * model.sees[0]) @ session[:size] + (mean[size:] * shown(model)) @ candidate
    return model._replace(session=session, candidate=candidate, bias=model.bias - middle)


@jax.jit
def _fit_leaving(log: Log) -> Array:
    x, y, there = log.leaving.reshape(-1, LEAVING), log.left.reshape(-1), log.there.reshape(-1)

    def newton(w: Array, _: None) -> tuple[Array, None]:
        p = jax.nn.sigmoid(x @ w)
        slope = x.T @ ((p - y) * there) + 1e-3 * w
        # A little more on the diagonal than the slope's own penalty: steps are shorter, and end where the
        # slope is 0 all the same.
        bend = (x * (p * (1 - p) * there)[:, None]).T @ x + 1e-2 * jnp.eye(LEAVING)
        return w - jnp.linalg.solve(bend, slope), None

    return jax.lax.scan(newton, jnp.zeros(LEAVING), None, length=12)[0]
