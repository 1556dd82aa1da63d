"""Recurrent layers, made for training speed on a CPU and the same on a GPU.

What makes the GRU fast, against automatic differentiation of a scan of steps:
* inputs are projected for all steps in one product, outside the scan;
* the backward pass is written by hand: what each step's gates let through is worked out for all steps at
  once, the scan only carries the gradient of the state, and the gradient of the recurrent weights is one
  product over all steps instead of one small one at each;
* on a CPU the batch is cut into blocks whose gates stay in the processor's cache.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

BLOCK = 64
"""Sequences that go through the steps together on a CPU; see benchmarks/taste_training.py."""


class RecurrentWeights(NamedTuple):
    """Weights of a layer; g is 3 for the GRU (reset, update, new), 4 for the LSTM (in, forget, new, out)."""

    inputs: Array  # (d, g * hidden)
    bias: Array  # (g * hidden,)
    recurrent: Array  # (hidden, g * hidden)
    new_bias: Array  # (hidden,) inside the reset gate's reach; not used by the LSTM


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


def state_size(cell: str, hidden: int) -> int:
    """Length of a sequence's state: the LSTM keeps a cell beside its output."""
    return {"gru": 1, "lstm": 2}[cell] * hidden


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


def step(cell: str, weights: RecurrentWeights, inputs: Array, state: Array) -> tuple[Array, Array]:
    """One step of a batch: outputs `(batch, hidden)` and the next state, from inputs `(batch, d)`."""
    projected = inputs @ weights.inputs + weights.bias
    if cell == "lstm":
        return _lstm_step(weights, state, projected)
    after, _ = _gru_step(weights.recurrent, weights.new_bias, state, projected)
    return after, after


def _sigmoid(x: Array) -> Array:
    return 0.5 * jnp.tanh(0.5 * x) + 0.5  # tanh is vectorised on a CPU, the exponential form is slower


def _gru_step(
    recurrent: Array, new_bias: Array, state: Array, projected: Array
) -> tuple[Array, tuple[Array, Array, Array, Array]]:
    """h' = n + z (h - n), n = tanh(x_n + r (U_n h + b_n)), r, z = s(x_rz + U_rz h) (Cho et al. 2014).

    As in cuDNN and PyTorch, the reset gate works on the product and not on the state.
    """
    hidden = state.shape[-1]
    from_state = state @ recurrent
    reset_update = _sigmoid(projected[:, : 2 * hidden] + from_state[:, : 2 * hidden])
    reset, update = reset_update[:, :hidden], reset_update[:, hidden:]
    gated = from_state[:, 2 * hidden :] + new_bias
    new = jnp.tanh(projected[:, 2 * hidden :] + reset * gated)
    after = new + update * (state - new)
    return after, (after, reset_update, new, gated)


@jax.custom_vjp
def _gru(projected: Array, state: Array, recurrent: Array, new_bias: Array) -> Array:
    return _gru_forward(projected, state, recurrent, new_bias)[0]


def _gru_forward(
    projected: Array, state: Array, recurrent: Array, new_bias: Array
) -> tuple[Array, tuple[Array, ...]]:
    _, (outputs, *gates) = jax.lax.scan(partial(_gru_step, recurrent, new_bias), state, projected)
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


def _lstm_step(weights: RecurrentWeights, state: Array, projected: Array) -> tuple[Array, Array]:
    """c' = f c + i n, h' = o tanh(c') (Gers et al. 2000); the state is h and c side by side."""
    hidden = state.shape[-1] // 2
    output, cell = state[:, :hidden], state[:, hidden:]
    gates = projected + output @ weights.recurrent
    admit, forget = _sigmoid(gates[:, :hidden]), _sigmoid(gates[:, hidden : 2 * hidden])
    new, let_out = jnp.tanh(gates[:, 2 * hidden : 3 * hidden]), _sigmoid(gates[:, 3 * hidden :])
    cell = forget * cell + admit * new
    output = let_out * jnp.tanh(cell)
    return output, jnp.concatenate([output, cell], axis=-1)


def _lstm(weights: RecurrentWeights, projected: Array, state: Array) -> tuple[Array, Array]:
    def one(state: Array, at: Array) -> tuple[Array, Array]:
        output, after = _lstm_step(weights, state, at)
        return after, output

    last, outputs = jax.lax.scan(one, state, projected)
    return outputs, last
