"""Off-policy estimates of next-track choice against the town's truth: which error each estimator makes.

    python benchmarks/off_policy.py [--towns 1 2 3] [--events 66000] [--kinds ordinary tiring]

Shuffled sessions are played to listeners of towns that no setting was chosen on. Eight policies are judged:
the truth of each is its mean chance of a whole play over the very moments of the log. The reward model is a
network fitted on half the sessions and used on the other half, both ways round.
"""

from __future__ import annotations

import argparse
import time

import jax
import jax.numpy as jnp
import numpy as np
import optax

from segue.evaluation import off_policy
from segue.evaluation.shuffled_town import FEATURES, ShuffledLog, shuffled_log
from segue.town import TownConfig, build

SIZE = {"listeners": 600, "tracks": 6000, "months": 1.0}
AT = {name: place for place, name in enumerate(FEATURES)}


def reward_model(seen: np.ndarray, whole: np.ndarray, seed: int) -> list:
    """A network of two layers for the chance of a whole play, by Adam."""
    keys = jax.random.split(jax.random.key(seed), 3)
    sizes = (seen.shape[1], 48, 48, 1)
    layers = [
        (jax.random.normal(k, (a, b)) / np.sqrt(a), jnp.zeros(b))
        for k, a, b in zip(keys, sizes, sizes[1:], strict=False)
    ]
    steps, batch = 3000, 512
    optimiser = optax.adamw(optax.cosine_decay_schedule(3e-3, steps), weight_decay=1e-3)

    @jax.jit
    def train(layers, x, y, key):
        def step(carry, key):
            layers, state = carry
            rows = jax.random.randint(key, (batch,), 0, len(x))

            def loss(layers):
                return optax.sigmoid_binary_cross_entropy(logits(layers, x[rows]), y[rows]).mean()

            updates, state = optimiser.update(jax.grad(loss)(layers), state, layers)
            return (optax.apply_updates(layers, updates), state), None

        return jax.lax.scan(step, (layers, optimiser.init(layers)), jax.random.split(key, steps))[0][0]

    return train(layers, jnp.asarray(seen), jnp.asarray(whole), jax.random.key(seed + 1))


def logits(layers, x):
    for number, (weights, bias) in enumerate(layers):
        x = (jnp.tanh(x) if number else x) @ weights + bias
    return x[..., 0]


def predictions(log: ShuffledLog, seed: int) -> np.ndarray:
    """Chance of a whole play (n, m) by the model of the other half."""
    rows = np.arange(len(log.whole))
    flat = log.seen[rows, log.chosen]
    mean, spread = flat.mean(0), flat.std(0) + 1e-6
    part = off_policy.folds(log.session, 2, seed)
    q = np.empty(log.free.shape, np.float32)
    for side in (0, 1):
        train, judge = part != side, part == side
        layers = reward_model((flat[train] - mean) / spread, log.whole[train], seed)
        q[judge] = jax.nn.sigmoid(logits(layers, (log.seen[judge] - mean) / spread))
    return q


def policies(log: ShuffledLog, q: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """Chances (n, m) of eight policies."""
    noise = np.random.default_rng(seed).gumbel(size=log.free.shape)

    def best(score: np.ndarray) -> np.ndarray:
        chosen = np.where(log.free, score, -np.inf).argmax(1)
        return (np.arange(log.free.shape[1]) == chosen[:, None]).astype(float)

    def softmax(score: np.ndarray) -> np.ndarray:
        raised = np.where(log.free, np.exp(score - score.max(1, keepdims=True)), 0)
        return raised / raised.sum(1, keepdims=True)

    seen = {name: log.seen[..., place] for name, place in AT.items()}
    return {
        "popularity": best(seen["popularity"]),
        "taste": best(seen["taste"]),
        "follows": best(seen["follows"]),
        "known": best(seen["known"] + 1e-3 * noise),
        "greedy on the model": best(q),
        "softmax of the model": softmax(8 * q),
        "greedy with noise": best(q + 0.1 * noise),
        "greedy on the truth": best(log.chance),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--towns", type=int, nargs="+", default=[101, 102, 103])
    parser.add_argument("--kinds", nargs="+", default=["ordinary", "tiring"])
    parser.add_argument("--events", type=int, default=66_000)
    arguments = parser.parse_args()
    errors: dict[str, list[float]] = {}
    widths: dict[str, list[float]] = {}
    covered: dict[str, list[bool]] = {}
    optimism: list[float] = []
    for kind in arguments.kinds:
        for town in arguments.towns:
            began = time.perf_counter()
            truth = build(TownConfig.named(kind, **SIZE), town).truth()
            log = shuffled_log(truth, arguments.events // 8, seed=town)
            log = ShuffledLog(*(value[_whole_sessions(log, arguments.events, town)] for value in log))
            q = predictions(log, town)
            found = []
            for name, chance in policies(log, q, town).items():
                value = float((chance * log.chance).sum(1).mean())
                events = off_policy.events(log.whole, log.chosen, log.free, chance, log.session)
                model = off_policy.modelled(q, log.chosen, chance)
                for estimator, interval in off_policy.estimates(events, model).items():
                    errors.setdefault(estimator, []).append(abs(interval.mean - value))
                    widths.setdefault(estimator, []).append((interval.high - interval.low) / 2)
                    covered.setdefault(estimator, []).append(interval.low <= value <= interval.high)
                    if estimator == "direct" and name == "greedy on the model":
                        optimism.append(interval.mean - value)
                found.append(f"{name} {value:.3f}")
            seconds = time.perf_counter() - began
            print(
                f"{kind} {town}: {len(log.whole):,} events, {seconds:.0f} s; {'; '.join(found)}", flush=True
            )
    print("\n| estimator | mean absolute error | half-width of the interval | truth inside |")
    print("| --- | ---: | ---: | ---: |")
    for name, values in errors.items():
        print(
            f"| {name} | {np.mean(values):.4f} | {np.mean(widths[name]):.4f} | {np.mean(covered[name]):.0%} |"
        )
    print(f"\nThe direct estimate of the policy greedy on the model is off by {np.mean(optimism):+.4f}.")


def _whole_sessions(log: ShuffledLog, events: int, seed: int) -> np.ndarray:
    """Rows of as many sessions, drawn at random, as hold `events` events."""
    sessions = np.random.default_rng(seed).permutation(log.session.max() + 1)
    sizes = np.bincount(log.session, minlength=len(sessions))[sessions]
    return np.flatnonzero(np.isin(log.session, sessions[: np.searchsorted(sizes.cumsum(), events) + 1]))


if __name__ == "__main__":
    main()
