"""Self-attention against a plain loop, step by step and all at once, and a network with it."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from segue.sequences import attention
from segue.sequences.attention import AttentionWeights, Shape
from segue.sequences.network_config import TasteNetworkConfig

SHAPE, D, STEPS, BATCH = Shape(hidden=8, depth=2, heads=2, window=4), 5, 9, 3


@pytest.fixture(scope="module")
def weights() -> AttentionWeights:
    """All of them drawn, so that none is left out by being 0 or 1."""
    start = attention.init_weights(jax.random.key(0), SHAPE, D)
    keys = iter(jax.random.split(jax.random.key(1), len(start)))
    return AttentionWeights(*(leaf + 0.3 * jax.random.normal(next(keys), leaf.shape) for leaf in start))


@pytest.fixture(scope="module")
def inputs() -> jax.Array:
    return jax.random.normal(jax.random.key(2), (STEPS, BATCH, D))


def normalised(x: np.ndarray, scale: np.ndarray) -> np.ndarray:
    return x / np.sqrt((x**2).mean() + 1e-6) * scale


def plain(weights: AttentionWeights, inputs: np.ndarray) -> np.ndarray:
    """One sequence (steps, d), place by place and head by head."""
    w = AttentionWeights(*(np.asarray(leaf, float) for leaf in weights))
    x = inputs @ w.inputs + w.bias
    size = SHAPE.hidden // SHAPE.heads
    for block in range(SHAPE.depth):
        y = np.stack([normalised(each, w.norms[block, 0]) for each in x])
        asked = y @ w.looks[block]
        after = []
        for at in range(len(x)):
            parts = []
            for head in range(SHAPE.heads):
                own = slice(head * size, (head + 1) * size)
                query = asked[at, : SHAPE.hidden][own]
                keys, values = asked[:, SHAPE.hidden : 2 * SHAPE.hidden], asked[:, 2 * SHAPE.hidden :]
                places = [j for j in range(at + 1) if at - j < SHAPE.window]
                logits = [
                    query @ keys[j][own] / np.sqrt(size) + w.distance[block, head, at - j] for j in places
                ]
                share = np.exp(logits) / np.exp(logits).sum()
                parts.append(sum(s * values[j][own] for s, j in zip(share, places, strict=True)))
            gate = 1 / (1 + np.exp(-(y[at] @ w.gates[block, 0] + w.gate_bias[block, 0])))
            mixed = x[at] + gate * (np.concatenate(parts) @ w.mixes[block])
            z = normalised(mixed, w.norms[block, 1])
            first, second = np.split(z @ w.wide[block], 2)
            gate = 1 / (1 + np.exp(-(z @ w.gates[block, 1] + w.gate_bias[block, 1])))
            after.append(mixed + gate * ((first / (1 + np.exp(-first)) * second) @ w.narrow[block]))
        x = np.stack(after)
    return np.stack([normalised(each, w.last_norm) for each in x])


def test_it_is_what_it_says(weights: AttentionWeights, inputs: jax.Array) -> None:
    outputs = np.asarray(attention.along(weights, SHAPE, inputs))
    for row in range(BATCH):
        np.testing.assert_allclose(outputs[:, row], plain(weights, np.asarray(inputs[:, row])), atol=1e-4)


def test_steps_are_the_same_as_all_at_once(weights: AttentionWeights, inputs: jax.Array) -> None:
    outputs = np.asarray(attention.along(weights, SHAPE, inputs))
    state = jnp.zeros((BATCH, SHAPE.state))
    for at in range(STEPS):
        state = attention.step(weights, SHAPE, inputs[at], state)
        np.testing.assert_allclose(state[:, : SHAPE.hidden], outputs[at], atol=1e-5)


def test_nothing_is_known_of_what_comes(weights: AttentionWeights, inputs: jax.Array) -> None:
    other = inputs.at[5:].add(1.0)
    first, second = (np.asarray(attention.along(weights, SHAPE, each)) for each in (inputs, other))
    np.testing.assert_allclose(first[:5], second[:5], atol=1e-6)
    assert not np.allclose(first[5:], second[5:], atol=1e-3)


def test_heads_share_the_layer() -> None:
    with pytest.raises(ValueError, match="5 heads cannot share"):
        TasteNetworkConfig(cell="attention", heads=5)
