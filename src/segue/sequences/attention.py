"""A self-attentive layer: each song looks back at those before it (SASRec, Kang and McAuley 2018).

Blocks are those of eSASRec (Tikhonovich et al. 2025), which takes them from LiGR: normalised before, SwiGLU,
and a learned gate on what each half of a block adds. Departures: where a song stands is told by a learned
bias for each distance between two songs, not by a vector for each place, and every block looks back over
`window` songs; so a song's output is the same in the middle of a long sequence as at the end of a short one,
and a listener's state is what the last songs left in each block.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from segue.namespace import Array, namespace, sigmoid, silu

HIDDEN = -1e9  # logit of a place that is not looked at


class AttentionWeights(NamedTuple):
    """Weights of all blocks; h is the layer's size."""

    inputs: Array  # (d, h)
    bias: Array  # (h,)
    norms: Array  # (depth, 2, h) before attention, before the wide layer
    looks: Array  # (depth, h, 3 h) queries, keys, values
    mixes: Array  # (depth, h, h)
    gates: Array  # (depth, 2, h, h)
    gate_bias: Array  # (depth, 2, h)
    wide: Array  # (depth, h, 4 h) two halves, one the gate of the other
    narrow: Array  # (depth, 2 h, h)
    distance: Array  # (depth, heads, window) bias for a song so many places back
    last_norm: Array  # (h,)


class Shape(NamedTuple):
    """What the layer is like."""

    hidden: int
    depth: int
    heads: int
    window: int  # songs that a block sees, the one at hand among them

    @property
    def state(self) -> int:
        """Length of a sequence's state: output, songs so far, and what the last ones left in each block."""
        return self.hidden + 1 + self.depth * (self.window - 1) * self.hidden


def init_weights(key: Array, shape: Shape, d: int) -> AttentionWeights:
    """Normal with variance 1 / inputs; far songs weigh less from the start, less so in each next head."""
    import jax
    import jax.numpy as jnp

    h, n = shape.hidden, shape.depth
    keys = jax.random.split(key, 6)

    def normal(at: int, *size: int) -> Array:
        return jax.random.normal(keys[at], size) * size[-2] ** -0.5

    slope = 2.0 ** -jnp.arange(1, shape.heads + 1)
    far = -slope[:, None] * jnp.arange(shape.window)
    return AttentionWeights(
        inputs=normal(0, d, h),
        bias=jnp.zeros(h),
        norms=jnp.ones((n, 2, h)),
        looks=normal(1, n, h, 3 * h),
        mixes=normal(2, n, h, h),
        gates=normal(3, n, 2, h, h) * 0.1,
        gate_bias=jnp.zeros((n, 2, h)),
        wide=normal(4, n, h, 4 * h),
        narrow=normal(5, n, 2 * h, h),
        distance=jnp.broadcast_to(far, (n, shape.heads, shape.window)),
        last_norm=jnp.ones(h),
    )


def along(weights: AttentionWeights, shape: Shape, inputs: Array) -> Array:
    """Outputs `(steps, batch, hidden)` of sequences from their start; inputs `(steps, batch, d)`."""
    steps, xp = inputs.shape[0], namespace(inputs)
    back = np.arange(steps)[:, None] - np.arange(steps)
    seen = (back >= 0) & (back < shape.window)
    x = (inputs @ weights.inputs + weights.bias).swapaxes(0, 1)  # (batch, steps, h)
    for block in range(shape.depth):
        y = _normalised(x, weights.norms[block, 0])
        bias = weights.distance[block][:, np.clip(back, 0, shape.window - 1)]
        x = _after(weights, block, x, y, _attended(weights, shape, block, y, y, xp.where(seen, bias, HIDDEN)))
    return _normalised(x, weights.last_norm).swapaxes(0, 1)


def step(weights: AttentionWeights, shape: Shape, inputs: Array, state: Array) -> Array:
    """The states `(batch, size)` after one more song of each; inputs `(batch, d)`, see `Shape.state`."""
    h, past, xp = shape.hidden, shape.window - 1, namespace(state)
    so_far = state[:, h]
    left = state[:, h + 1 :].reshape(-1, shape.depth, past, h)
    back = np.arange(past, -1, -1)  # places back of what is left, the oldest first, and of the song at hand
    seen = (back[None] <= so_far[:, None])[:, None, None]  # (batch, 1, 1, window)
    x = (inputs @ weights.inputs + weights.bias)[:, None]
    kept = []
    for block in range(shape.depth):
        y = _normalised(x, weights.norms[block, 0])
        all_y = xp.concatenate([left[:, block], y], axis=1)
        logits = xp.where(seen, weights.distance[block][:, None, back], HIDDEN)
        x = _after(weights, block, x, y, _attended(weights, shape, block, y, all_y, logits))
        kept.append(all_y[:, 1:])
    output = _normalised(x, weights.last_norm)[:, 0]
    stacked = xp.stack(kept, axis=1).reshape(len(state), -1)
    return xp.concatenate([output, so_far[:, None] + 1, stacked], axis=1)


def _attended(
    weights: AttentionWeights, shape: Shape, block: int, asking: Array, asked: Array, bias: Array
) -> Array:
    """What places (batch, n, h) take from places (batch, m, h); bias broadcasts to (batch, heads, n, m)."""
    h, heads, xp = shape.hidden, shape.heads, namespace(asked)
    look = weights.looks[block]
    query = (asking @ look[:, :h]).reshape(*asking.shape[:2], heads, -1)
    key, value = xp.split(asked @ look[:, h:], 2, axis=-1)
    key, value = (each.reshape(*asked.shape[:2], heads, -1) for each in (key, value))
    logits = xp.einsum("bnhe,bmhe->bhnm", query, key) * (h // heads) ** -0.5 + bias
    share = xp.exp(logits - logits.max(axis=-1, keepdims=True))
    share = share / share.sum(axis=-1, keepdims=True)
    return xp.einsum("bhnm,bmhe->bnhe", share, value).reshape(asking.shape) @ weights.mixes[block]


def _after(weights: AttentionWeights, block: int, x: Array, y: Array, attended: Array) -> Array:
    """A block's output: both halves added, each through its gate."""
    gates, bias = weights.gates[block], weights.gate_bias[block]
    x = x + sigmoid(y @ gates[0] + bias[0]) * attended
    y = _normalised(x, weights.norms[block, 1])
    first, second = namespace(y).split(y @ weights.wide[block], 2, axis=-1)
    return x + sigmoid(y @ gates[1] + bias[1]) * ((silu(first) * second) @ weights.narrow[block])


def _normalised(x: Array, scale: Array) -> Array:
    """By the root of the mean square (Zhang and Sennrich 2019)."""
    return x / namespace(x).sqrt((x * x).mean(axis=-1, keepdims=True) + 1e-6) * scale
