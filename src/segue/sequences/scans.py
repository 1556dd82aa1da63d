"""Recurrent layers over whole batches, made for training speed on a CPU and the same on a GPU.

What makes the GRU fast, against automatic differentiation of a scan of steps:
* inputs are projected for all steps in one product, outside the scan;
* the backward pass is written by hand: what each step's gates let through is worked out for all steps at
  once, the scan only carries the gradient of the state, and the gradient of the recurrent weights is one
  product over all steps instead of one small one at each;
* on a CPU the batch is cut into blocks whose gates stay in the processor's cache.
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
from jax import Array

from segue.sequences.cells import RecurrentWeights, gru_step, lstm_step

BLOCK = 64
"""Sequences that go through the steps together on a CPU; see benchmarks/taste_training.py."""


def init_weights(key: Array, cell: str, d: int, hidden: int) -> RecurrentWeights:
    """Uniform in ±1/sqrt(hidden) for the recurrent part, normal with variance 1/d for the inputs."""
    gates = {"gru": 3, "lstm": 4}[cell]
    first, second = jax.random.split(key)
    bias = jnp.zeros(gates * hidden)
    if cell == "lstm":
        bias = bias.at[hidden : 2 * hidden].set(1.0)  # to remember until it has learned to forget
    bound = hidden**-0.5
    return RecurrentWeights(
        jax.random.normal(first, (d, gates * hidden)) * d**-0.5,
        bias,
        jax.random.uniform(second, (hidden, gates * hidden), minval=-bound, maxval=bound),
        jnp.zeros(hidden),
    )


def run(cell: str, weights: RecurrentWeights, inputs: Array, state: Array) -> tuple[Array, Array]:
    """All steps of a batch.

    Args:
        cell: "gru" or "lstm".
        weights: the layer.
        inputs: (steps, batch, d).
        state: (batch, state_size).

    Returns:
        outputs (steps, batch, hidden), and the last state (batch, state_size).
    """
    steps, batch, d = inputs.shape
    # The inputs' share of every gate in one product for all steps: only the recurrent share has to wait for
    # the step before.
    projected = (inputs.reshape(steps * batch, d) @ weights.inputs + weights.bias).reshape(steps, batch, -1)
    if cell == "lstm":
        return _lstm(weights, projected, state)
    if jax.default_backend() != "cpu" or batch <= BLOCK or batch % BLOCK:
        outputs = _gru(projected, state, weights.recurrent, weights.new_bias)
        return outputs, outputs[-1]
    blocks = projected.reshape(steps, batch // BLOCK, BLOCK, -1).swapaxes(0, 1)
    outputs = jax.lax.map(
        lambda block: _gru(*block, weights.recurrent, weights.new_bias),
        (blocks, state.reshape(batch // BLOCK, BLOCK, -1)),
    )
    outputs = outputs.swapaxes(0, 1).reshape(steps, batch, -1)
    return outputs, outputs[-1]


@jax.custom_vjp
def _gru(projected: Array, state: Array, recurrent: Array, new_bias: Array) -> Array:
    return _gru_forward(projected, state, recurrent, new_bias)[0]


def _gru_forward(
    projected: Array, state: Array, recurrent: Array, new_bias: Array
) -> tuple[Array, tuple[Array, ...]]:
    _, (outputs, *gates) = jax.lax.scan(partial(gru_step, recurrent, new_bias), state, projected)
    return outputs, (outputs, *gates, state, recurrent)


def _gru_backward(saved: tuple[Array, ...], d_outputs: Array) -> tuple[Array, Array, Array, Array]:
    outputs, reset_update, new, gated, state, recurrent = saved
    hidden = state.shape[-1]
    before = jnp.concatenate([state[None], outputs[:-1]])
    reset, update = reset_update[..., :hidden], reset_update[..., hidden:]
    # What reaches each gate's argument from the gradient of h': needs no step to wait for another.
    to_new = (1 - update) * (1 - new * new)
    to_reset = to_new * gated * reset * (1 - reset)
    to_update = (before - new) * update * (1 - update)
    to_product = jnp.concatenate([to_reset, to_update, to_new * reset], axis=-1)
    transposed = recurrent.T

    def back(carried: Array, at: tuple[Array, Array, Array]) -> tuple[Array, Array]:
        d_output, let_through, kept = at
        d_after = d_output + carried
        d_product = jnp.concatenate([d_after] * 3, axis=-1) * let_through
        return d_after * kept + d_product @ transposed, d_after

    d_state, d_after = jax.lax.scan(
        back, jnp.zeros_like(state), (d_outputs, to_product, update), reverse=True
    )
    d_product = jnp.concatenate([d_after] * 3, axis=-1) * to_product
    d_projected = jnp.concatenate([d_product[..., : 2 * hidden], d_after * to_new], axis=-1)
    d_recurrent = jnp.einsum("sbh,sbk->hk", before, d_product)
    return d_projected, d_state, d_recurrent, d_product[..., 2 * hidden :].sum(axis=(0, 1))


_gru.defvjp(_gru_forward, _gru_backward)


def _lstm(weights: RecurrentWeights, projected: Array, state: Array) -> tuple[Array, Array]:
    def one(state: Array, at: Array) -> tuple[Array, Array]:
        output, after = lstm_step(weights, state, at)
        return after, output

    last, outputs = jax.lax.scan(one, state, projected)
    return outputs, last
