from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from segue.sequences import cells, scans


def slow(cell: str, weights: cells.RecurrentWeights, inputs: jax.Array, state: jax.Array) -> jax.Array:
    """Step by step, for automatic differentiation."""
    outputs = []
    for at in inputs:
        output, state = cells.step(cell, weights, at, state)
        outputs.append(output)
    return jnp.stack(outputs)


def reference_gru(weights: cells.RecurrentWeights, x: np.ndarray, h: np.ndarray) -> np.ndarray:
    """The equations of cuDNN's GRU, gate by gate."""
    n = h.shape[-1]
    split = [np.asarray(part) for part in (weights.inputs, weights.recurrent)]
    bias = np.asarray(weights.bias)

    def sigmoid(value: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-value))

    def part(k: int) -> slice:
        return slice(k * n, (k + 1) * n)

    reset = sigmoid(x @ split[0][:, part(0)] + bias[part(0)] + h @ split[1][:, part(0)])
    update = sigmoid(x @ split[0][:, part(1)] + bias[part(1)] + h @ split[1][:, part(1)])
    inner = h @ split[1][:, part(2)] + np.asarray(weights.new_bias)
    new = np.tanh(x @ split[0][:, part(2)] + bias[part(2)] + reset * inner)
    return (1 - update) * new + update * h


@pytest.fixture(params=["gru", "lstm"])
def setting(request: pytest.FixtureRequest) -> tuple[str, cells.RecurrentWeights, jax.Array, jax.Array]:
    cell, d, hidden, steps, batch = request.param, 5, 7, 6, 128
    keys = jax.random.split(jax.random.key(0), 4)
    weights = scans.init_weights(keys[0], cell, d, hidden)
    weights = weights._replace(new_bias=jax.random.normal(keys[1], (hidden,)))
    inputs = jax.random.normal(keys[2], (steps, batch, d))
    return cell, weights, inputs, jax.random.normal(keys[3], (batch, cells.state_size(cell, hidden)))


def test_a_run_is_its_steps_and_so_is_its_gradient(
    setting: tuple[str, cells.RecurrentWeights, jax.Array, jax.Array],
) -> None:
    cell, weights, inputs, state = setting
    outputs, last = scans.run(cell, weights, inputs, state)  # 128 sequences: two blocks
    assert np.allclose(outputs, slow(cell, weights, inputs, state), atol=1e-5)
    assert np.allclose(last[:, : outputs.shape[-1]], outputs[-1], atol=1e-6)

    def loss(run, weights, inputs, state):
        return (run(cell, weights, inputs, state) * jnp.arange(1.0, 1 + inputs.shape[0])[:, None, None]).sum()

    fast = jax.grad(lambda *a: loss(lambda *b: scans.run(*b)[0], *a), (0, 1, 2))(weights, inputs, state)
    plain = jax.grad(lambda *a: loss(slow, *a), (0, 1, 2))(weights, inputs, state)
    for one, other in zip(jax.tree.leaves(fast), jax.tree.leaves(plain), strict=True):
        assert np.allclose(one, other, rtol=2e-4, atol=2e-3)


def test_the_gru_is_the_usual_one() -> None:
    weights = scans.init_weights(jax.random.key(1), "gru", 3, 4)
    weights = weights._replace(new_bias=jnp.arange(4.0), bias=jnp.arange(12.0) / 10)
    random = np.random.default_rng(0)
    x, h = random.normal(size=(2, 3)), random.normal(size=(2, 4))
    after, _ = cells.step("gru", weights, jnp.asarray(x, jnp.float32), jnp.asarray(h, jnp.float32))
    assert np.allclose(after, reference_gru(weights, x, h), atol=1e-5)
