"""Targets of Q-learning along played sessions."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array


def lambda_returns(
    reward: Array, stay: Array, best: Array, greedy: Array, discount: float, trace: float
) -> Array:
    """Watkins's Q(lambda) in its forward view (Sutton and Barto 2018, section 12.10), with expectations.

        G_t = r_t + discount stay_t ((1 - l_t) max_a Q(s_t+1, a) + l_t G_t+1),  l_t = trace if a_t+1 greedy

    Reward and the chance to stay are what the world expects of the chosen track, not what was drawn: the
    target loses the noise of both (departure from the published agent, which learns from samples).

    Args:
        reward: (T, n) expected of the chosen track.
        stay: (T, n) chance that the listener is still there after it.
        best: (T + 1, n) max over free candidates of Q at each moment; the last is that after the session.
        greedy: (T, n) whether the chosen track had the largest Q: the trace ends where the agent explored.
        discount, trace: gamma and lambda.

    Returns: (T, n).
    """
    # At the last step the value of what comes after is taken itself: no return follows it.
    follow = jnp.concatenate([trace * greedy[1:], jnp.zeros_like(best[:1])])

    def back(later: Array, at: tuple[Array, Array, Array, Array]) -> tuple[Array, Array]:
        r, s, b, l = at  # noqa: E741
        here = r + discount * s * ((1 - l) * b + l * later)
        return here, here

    return jax.lax.scan(back, best[-1], (reward, stay, best[1:], follow), reverse=True)[1]


def n_step_sums(reward: Array, stay: Array, discount: float, n: int) -> tuple[Array, Array, Array]:
    """Rewards (T, n) of the next n steps, what then comes is worth, and how far off it is.

    Returns: the discounted sum of up to n expected rewards (T, n), the factor (T, n) of the value after them,
    and the steps (T,) to that moment: fewer than n at the end of the session.
    """
    steps = reward.shape[0]
    total, factor = jnp.zeros_like(reward), jnp.ones_like(reward)
    for k in range(n):
        inside = (jnp.arange(steps) + k < steps)[:, None]
        total = total + jnp.where(inside, factor * jnp.roll(reward, -k, 0), 0)
        factor = jnp.where(inside, factor * discount * jnp.roll(stay, -k, 0), factor)
    return total, factor, jnp.minimum(n, steps - jnp.arange(steps))
