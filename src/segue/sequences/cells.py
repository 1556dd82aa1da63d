"""Recurrent layers, step by step: in NumPy where somebody waits, in JAX inside what trains (`scans.py`)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from segue.namespace import Array, namespace


class RecurrentWeights(NamedTuple):
    """Weights of a layer; g is 3 for the GRU (reset, update, new), 4 for the LSTM (in, forget, new, out)."""

    inputs: Array  # (d, g * hidden)
    bias: Array  # (g * hidden,)
    recurrent: Array  # (hidden, g * hidden)
    new_bias: Array  # (hidden,) inside the reset gate's reach; not used by the LSTM


def state_size(cell: str, hidden: int) -> int:
    """Length of a sequence's state: the LSTM keeps a cell beside its output."""
    return {"gru": 1, "lstm": 2}[cell] * hidden


def step(cell: str, weights: RecurrentWeights, inputs: Array, state: Array) -> tuple[Array, Array]:
    """One step of a batch: outputs `(batch, hidden)` and the next state, from inputs `(batch, d)`."""
    projected = inputs @ weights.inputs + weights.bias
    if cell == "lstm":
        return lstm_step(weights, state, projected)
    after, _ = gru_step(weights.recurrent, weights.new_bias, state, projected)
    return after, after


def along(cell: str, weights: RecurrentWeights, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
    """Outputs `(steps, batch, hidden)` of sequences from their start; inputs `(steps, batch, d)`."""
    hidden = len(weights.recurrent)
    outputs = np.zeros((*inputs.shape[:2], hidden), np.float32)
    state = np.zeros((inputs.shape[1], state_size(cell, hidden)), np.float32)
    for at, each in enumerate(inputs):
        outputs[at], state = step(cell, weights, each, state)
    return outputs


def _sigmoid(x: Array) -> Array:
    # The hyperbolic tangent is vectorised on a CPU; the exponential form is slower.
    return 0.5 * namespace(x).tanh(0.5 * x) + 0.5


def gru_step(
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
    new = namespace(projected).tanh(projected[:, 2 * hidden :] + reset * gated)
    after = new + update * (state - new)
    return after, (after, reset_update, new, gated)


def lstm_step(weights: RecurrentWeights, state: Array, projected: Array) -> tuple[Array, Array]:
    """c' = f c + i n, h' = o tanh(c') (Gers et al. 2000); the state is h and c side by side."""
    hidden, xp = state.shape[-1] // 2, namespace(state)
    output, cell = state[:, :hidden], state[:, hidden:]
    gates = projected + output @ weights.recurrent
    admit, forget = _sigmoid(gates[:, :hidden]), _sigmoid(gates[:, hidden : 2 * hidden])
    new, let_out = xp.tanh(gates[:, 2 * hidden : 3 * hidden]), _sigmoid(gates[:, 3 * hidden :])
    cell = forget * cell + admit * new
    output = let_out * xp.tanh(cell)
    return output, xp.concatenate([output, cell], axis=-1)
