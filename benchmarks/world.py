"""The simulated world: how well user models know a town's listeners, and how fast sessions are played.

    python benchmarks/world.py models [--kinds ordinary tiring] [--towns 101 102 103]
    python benchmarks/world.py speed [--repeats 5]

models: shuffled sessions of half of a town's listeners teach, those of the other half measure. The
reference knows the law and every listener, but not the hidden mood, which a particle filter follows:
no model can be better, and none that has to learn listeners can be as good. Seeds are new to all settings.
speed: one core, alternating runs, median and range; compilation is not counted.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np

from segue.agents import policies
from segue.town import TownConfig, build, response
from segue.world import dynamics, measuring
from segue.world.dynamics import World, world_of
from segue.world.responses import Log, along_all, fit_model, init_model
from segue.world.starts import starts_of

SIZE = {"listeners": 600, "tracks": 6000, "months": 1.0}
STEPS, PARTICLES = 30, 512


@partial(jax.jit, static_argnums=1)
def shuffled(world: World, count: int, seed: int) -> tuple[Log, jax.Array]:
    """Sessions played at random by the town's law, and the reference's chances (count, STEPS, 4)."""
    p = world.constants

    def one(carry, key):
        state, there, moods = carry
        keys = jax.random.split(key, 5)
        place = jnp.argmax(jnp.where(state.free, jax.random.uniform(keys[0], state.free.shape), -1.0))
        track = response.take(world.tracks, world.starts.pool[state.start, place])
        appeal, care = world.starts.appeal[state.start, place], world.starts.care[state.start]
        worth = response.utility(p, appeal, care, track, state.town._replace(mood=jnp.zeros(())), jnp)
        each = response.stages(p, worth + moods, jnp)
        event = dynamics.play("town", world, state, place, keys[1])
        stays = jax.random.uniform(keys[2]) < event.stay
        row = event.log._replace(there=there.astype(jnp.float32), left=(~stays).astype(jnp.float32))
        weight = jnp.cumsum(each[:, event.stage])
        at = (jnp.arange(PARTICLES) + jax.random.uniform(keys[3])) / PARTICLES * weight[-1]
        moods = moods[jnp.minimum(jnp.searchsorted(weight, at), PARTICLES - 1)]
        stay = p.session_mood_stay
        noise = jax.random.normal(keys[4], moods.shape)
        moods = stay * moods + jnp.sqrt(1 - stay * stay) * p.session_mood * noise
        return (event.state, there & stays, moods), (row, each.mean(0))

    def session(key):
        to_begin, to_mood, to_run = jax.random.split(key, 3)
        moods = p.session_mood * jax.random.normal(to_mood, (PARTICLES,))
        begun = (dynamics.begin(world, to_begin), jnp.asarray(True), moods)
        return jax.lax.scan(one, begun, jax.random.split(to_run, STEPS))[1]

    return jax.lax.map(session, jax.random.split(jax.random.key(seed), count), batch_size=200)


def models(kinds: list[str], towns: list[int], learned: int, tested: int) -> None:
    """Log loss and calibration error on each town."""
    found: dict[tuple[str, str], list[dict[str, measuring.Measured]]] = {}
    for kind in kinds:
        for seed in towns:
            truth = build(TownConfig.named(kind, **SIZE), seed).truth()
            halves = [np.arange(half, SIZE["listeners"], 2) for half in (0, 1)]
            blank = init_model(jax.random.key(0), "plain")
            worlds = [
                world_of(truth, starts_of(truth, 2000, STEPS, seed=seed + n, listeners=them), blank)
                for n, them in enumerate(halves)
            ]
            log, _ = shuffled(worlds[0], learned, seed)
            test, reference = shuffled(worlds[1], tested, seed + 1)
            learn_events, events = (
                measuring.events_of(
                    np.asarray(each.stage),
                    np.asarray(each.there),
                    np.ones(each.stage.shape),
                    np.full(each.stage.shape, np.nan),
                )
                for each in (log, test)
            )
            rows = np.asarray(test.there) > 0
            chances = dict(measuring.tables(learn_events, events))
            for form in ("plain", "summary", "recurrent"):
                chances[form] = np.asarray(along_all(fit_model(log, form, seed=seed), test))[rows]
            members = [fit_model(log, "recurrent", seed=seed + 1 + n) for n in range(2)]
            others = [np.asarray(along_all(model, test))[rows] for model in members]
            chances["ensemble of 3"] = np.mean([chances["recurrent"], *others], 0)
            chances["best possible"] = np.asarray(reference)[rows]
            shares = measuring.shares_by_stage(learn_events)
            for name, each in chances.items():
                found.setdefault((kind, name), []).append(measuring.measured(each, events, shares, 30.0))
            print(f"{kind} {seed}: {len(learn_events.stage):,} plays, tested on {len(events.stage):,}")
    head = "log loss, completed | skipped | AUC | over best | calibration, completed | skipped | worst place"
    print(f"\n| town, model | {head} |\n| --- | {'---: | ' * 7}")
    for (kind, name), runs in found.items():
        best = found[kind, "best possible"]
        over = [
            a["completed"].log_loss / b["completed"].log_loss - 1 for a, b in zip(runs, best, strict=True)
        ]
        worst = [max(run["completed"].by_position.values()) for run in runs]
        cells = [
            _spread([run["completed"].log_loss for run in runs], 4),
            _spread([run["skipped"].log_loss for run in runs], 4),
            _spread([run["completed"].auc for run in runs], 3),
            f"{np.mean(over):+.1%}",
            _spread([run["completed"].calibration for run in runs], 4),
            _spread([run["skipped"].calibration for run in runs], 4),
            _spread(worst, 4),
        ]
        print(f"| {kind}, {name} | {' | '.join(cells)} |")


def _spread(values: list[float], digits: int) -> str:
    return f"{np.mean(values):.{digits}f} ± {np.std(values, ddof=1) if len(values) > 1 else 0:.{digits}f}"


def speed(repeats: int) -> None:
    """Steps a second."""
    truth = build(TownConfig.named("ordinary", listeners=300, tracks=12_000, months=1.0), 7).truth()
    model = init_model(jax.random.key(0), "recurrent")
    lines = []
    for pool, starts, count in ((100, 500, 4096), (1000, 100, 512), (10_000, 10, 32)):
        world = world_of(truth, starts_of(truth, starts, pool, seed=7), model)
        for law in ("town", "model"):
            runs: dict[str, Callable[[int], float]] = {
                "compiled, random": partial(_batch, law, world, policies.by_chance, count),
                "compiled, greedy": partial(_batch, law, world, policies.greedy, count),
                "Gymnasium": partial(_gymnasium, law, world),
                "Gymnasium, 64 at once": partial(_vector, law, world),
            }
            times: dict[str, list[float]] = {name: [] for name in runs}
            for run in runs.values():
                run(0)
            for number in range(repeats):
                for name, run in runs.items():
                    times[name].append(run(number))
            for name, each in times.items():
                lines.append((pool, law, name, statistics.median(each), min(each), max(each)))
                print(
                    f"{pool:6} {law:6} {name:22} {lines[-1][3]:10,.0f} ({min(each):,.0f} to {max(each):,.0f})"
                )
    middle = {(pool, law, name): each for pool, law, name, each, *_ in lines}
    for law in ("town", "model"):
        print(f"{law}: compiled, random / Gymnasium at 100 candidates: "
              f"{middle[100, law, 'compiled, random'] / middle[100, law, 'Gymnasium']:.0f}; greedy "
              f"{middle[100, law, 'compiled, greedy'] / middle[100, law, 'Gymnasium']:.0f}")  # fmt: skip


def _batch(law, world, policy, count: int, seed: int) -> float:
    begin = time.perf_counter()
    dynamics.sessions(law, world, policy, None, count, STEPS, seed).stage.block_until_ready()
    return count * STEPS / (time.perf_counter() - begin)


def _gymnasium(law, world, seed: int, count: int = 1000) -> float:
    env = gymnasium.make("Playlist-v0", world=world, law=law, disable_env_checker=True)
    _, info = env.reset(seed=seed)
    begin = time.perf_counter()
    for _ in range(count):
        _, _, left, full, info = env.step(int(info["action_mask"].argmax()))
        if left or full:
            _, info = env.reset()
    return count / (time.perf_counter() - begin)


def _vector(law, world, seed: int, count: int = 50) -> float:
    env = gymnasium.make_vec("Playlist-v0", num_envs=64, world=world, law=law)
    _, info = env.reset(seed=seed)
    begin = time.perf_counter()
    for _ in range(count):
        _, _, _, _, info = env.step(info["action_mask"].argmax(1))
    return 64 * count / (time.perf_counter() - begin)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    one = verbs.add_parser("models")
    one.add_argument("--kinds", nargs="+", default=["ordinary", "tiring"])
    one.add_argument("--towns", nargs="+", type=int, default=[101, 102, 103])
    one.add_argument("--learned", type=int, default=8000)
    one.add_argument("--tested", type=int, default=4000)
    two = verbs.add_parser("speed")
    two.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    if given.verb == "models":
        models(given.kinds, given.towns, given.learned, given.tested)
    else:
        speed(given.repeats)


if __name__ == "__main__":
    main()
