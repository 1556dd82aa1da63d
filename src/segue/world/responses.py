"""The user model: chances of the four stages a track can reach, from features of session and candidate.

Three gates in a row (past very brief, past brief, to the whole), so that the chances are nested as they must
be: what is heard whole was not skipped. Four forms: "dense" sees what is known of the listener and of the
candidate, but nothing that puts the candidate beside the taste (`features.BESIDE_TASTE`); "plain" that too;
"summary" also what can be seen of the session, "recurrent" reads the session track by track as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array
from numpy.typing import NDArray

from segue.world.config import NEWCOMERS, Form
from segue.world.features import BESIDE_TASTE, CANDIDATE, SESSION, STATIC, as_newcomer

MEMORY = 32  # of the recurrent layer
WIDE, DEEP = 64, 48
BATCH, RATE = 128, 3e-3
SURPRISE = slice(SESSION.index("surprise_fast"), SESSION.index("surprise_slow") + 1)
LEAVING = 8
MOMENTS = np.arange(len(CANDIDATE)) >= len(STATIC)
TASTES = np.isin(CANDIDATE, BESIDE_TASTE)


class Log(NamedTuple):
    """Sessions to learn from; arrays (n, T, ...)."""

    session: Array  # (n, T, len(SESSION)); surprise is the model's own and made anew
    candidate: Array  # (n, T, len(CANDIDATE)) of the track that was played
    stage: Array  # (n, T)
    there: Array  # (n, T) 1 while the listener was there
    leaving: Array  # (n, T, LEAVING) features after the track
    left: Array  # (n, T) 1 if the listener left after it


class UserModel(NamedTuple):
    """Parameters; a pytree of arrays."""

    session: Array  # (len(SESSION) + MEMORY, WIDE)
    candidate: Array  # (len(CANDIDATE), WIDE)
    layers: tuple[tuple[Array, Array], ...]
    bias: Array  # (WIDE,)
    reads: tuple[Array, Array, Array, Array]  # the recurrent layer (GRU)
    sees: Array  # (3,) 0 or 1: the session at all, its memory, the candidate beside the taste
    leaves: Array  # (LEAVING,) of a logistic model


def init_model(key: Array, form: Form) -> UserModel:
    """A model that knows nothing."""
    keys, inputs = jax.random.split(key, 6), len(SESSION) + len(CANDIDATE) + 5
    scale = (1.5 / (len(SESSION) + len(CANDIDATE))) ** 0.5
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


def chances(model: UserModel, session: Array, memory: Array, candidates: Array) -> Array:
    """Chances (..., m, 4) of the stages, for candidates (..., m, C) in sessions (..., S)."""
    seen = jnp.concatenate([session * model.sees[0], memory * model.sees[1]], -1)
    offered = candidates * jnp.where(MOMENTS, model.sees[0], jnp.where(TASTES, model.sees[2], 1.0))
    x = (seen @ model.session + model.bias)[..., None, :] + offered @ model.candidate
    for weights, bias in model.layers:
        x = jax.nn.silu(x) @ weights + bias
    gate = jax.nn.sigmoid(x)
    one, two = gate[..., 0], gate[..., 0] * gate[..., 1]
    three = two * gate[..., 2]
    return jnp.stack([1 - one, one - two, two - three, three], -1)


def read(
    model: UserModel, memory: Array, session: Array, candidate: Array, stage: Array, surprise: Array
) -> Array:
    """The recurrent memory (..., MEMORY) after a track."""
    x = jnp.concatenate([session, candidate, jax.nn.one_hot(stage, 4), surprise[..., None]], -1)
    into, b_into, back, b_back = model.reads
    a, b = jnp.split(x @ into + b_into, 3, -1), jnp.split(memory @ back + b_back, 3, -1)
    reset, keep = jax.nn.sigmoid(a[0] + b[0]), jax.nn.sigmoid(a[1] + b[1])
    return (1 - keep) * jnp.tanh(a[2] + reset * b[2]) + keep * memory


def ensemble(models: Sequence[UserModel]) -> UserModel:
    """Several models as one that `opinions` and `reads` take: every array has a leading axis of members."""
    return jax.tree.map(lambda *each: jnp.stack(each), *models)


def nothing_read(model: UserModel) -> Array:
    """The memory at a session's start, (MEMORY,); of an ensemble (members, MEMORY)."""
    return jnp.zeros((*model.bias.shape[:-1], MEMORY))


def opinions(model: UserModel, session: Array, memory: Array, candidates: Array) -> Array:
    """Chances (members, m, 4) by a model, which counts as one member, or an ensemble. Surprise is shared."""
    if model.bias.ndim == 1:
        return chances(model, session, memory, candidates)[None]
    return jax.vmap(chances, (0, None, 0, None))(model, session, memory, candidates)


def reads(model: UserModel, memory: Array, *heard: Array) -> Array:
    """`read` by a model or all members of an ensemble, for one session."""
    if model.bias.ndim == 1:
        return read(model, memory, *heard)
    return jax.vmap(lambda member, each: read(member, each, *heard))(model, memory)


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
    log: Log, form: Form, *, seed: int = 0, epochs: int = 12, newcomers: float = NEWCOMERS
) -> UserModel:
    """Train on sessions, by Adam with a cosine; leaving by Newton's method.

    Args:
        log: to learn from.
        form: of the model.
        seed: of its first numbers and of the order of the sessions.
        epochs: how often the sessions are gone through.
        newcomers: share of the sessions, drawn anew each time, that are learned from as if nothing were known
            of their listener, so that the model knows what to expect of somebody new.
    """
    return fit_with_curve(log, form, seed=seed, epochs=epochs, newcomers=newcomers)[0]


def fit_with_curve(
    log: Log, form: Form, *, seed: int = 0, epochs: int = 12, newcomers: float = NEWCOMERS
) -> tuple[UserModel, NDArray[np.float32]]:
    """As `fit_model`, and the log loss of the four stages at every step of the training."""
    model = init_model(jax.random.key(seed), form)
    # A small log is gone through in smaller batches: each epoch has sixteen steps at least.
    batch = max(1, min(BATCH, log.stage.shape[0] // 16))
    steps = max(1, epochs * log.stage.shape[0] // batch)
    model, losses = _train(model, log, jax.random.key(seed + 1), steps, batch, newcomers)
    return model._replace(leaves=_fit_leaving(log)), np.asarray(losses)


@partial(jax.jit, static_argnums=(3, 4))
def _train(
    model: UserModel, log: Log, key: Array, steps: int, batch: int, newcomers: float
) -> tuple[UserModel, Array]:
    optimiser = optax.adam(optax.cosine_decay_schedule(RATE, steps))

    def step(carry: Any, key: Array) -> tuple[Any, Array]:
        model, state = carry
        to_choose, to_forget = jax.random.split(key)
        rows = jax.random.randint(to_choose, (batch,), 0, log.stage.shape[0])
        part = jax.tree.map(lambda x: x[rows], log)
        new = jax.random.uniform(to_forget, (batch, 1, 1)) < newcomers
        part = part._replace(candidate=jnp.where(new, as_newcomer(part.candidate), part.candidate))
        loss, slope = jax.value_and_grad(_loss)(model, part)
        # What the model sees is its form, not something to learn.
        slope = slope._replace(sees=jnp.zeros_like(model.sees))
        change, state = optimiser.update(slope, state, model)
        return (optax.apply_updates(model, change), state), loss

    (model, _), losses = jax.lax.scan(step, (model, optimiser.init(model)), jax.random.split(key, steps))
    return model, losses


@jax.jit
def _fit_leaving(log: Log) -> Array:
    x, y, there = log.leaving.reshape(-1, LEAVING), log.left.reshape(-1), log.there.reshape(-1)

    def newton(w: Array, _: None) -> tuple[Array, None]:
        p = jax.nn.sigmoid(x @ w)
        slope = x.T @ ((p - y) * there) + 1e-3 * w
        bend = (x * (p * (1 - p) * there)[:, None]).T @ x + 1e-2 * jnp.eye(LEAVING)
        return w - jnp.linalg.solve(bend, slope), None

    return jax.lax.scan(newton, jnp.zeros(LEAVING), None, length=12)[0]
