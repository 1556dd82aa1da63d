"""The town's law is the same in NumPy and JAX, and behaves as it says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segue.town import response
from segue.town.response import Listener, Parameters, Past, State, Track

B, K, D, GENRES = 64, 4, 16, 9


def _unit(values: np.ndarray) -> np.ndarray:
    return (values / np.linalg.norm(values, axis=-1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def world() -> tuple[Listener, Track, Past, State]:
    rng = np.random.default_rng(8)

    def normal(*shape: int) -> np.ndarray:
        return rng.normal(size=shape).astype(np.float32)

    def uniform(low: float, high: float, *shape: int) -> np.ndarray:
        return rng.uniform(low, high, shape or (B,)).astype(np.float32)

    weights = -np.abs(normal(B, K))
    weights[:, 0] = 0
    weights[::3, 2:] = -30
    listener = Listener(
        tastes=_unit(normal(B, K, D)),
        log_weights=weights,
        habit=normal(B),
        care=uniform(0.5, 1.5),
        energy=uniform(0, 1),
        swing=uniform(0, 0.3),
        peak=uniform(0, 24),
        index=rng.integers(0, 2**31, B).astype(np.uint32),
    )
    track = Track(
        vector=_unit(normal(B, D)),
        energy=uniform(0, 1),
        loud=uniform(0, 1),
        quality=normal(B),
        artist=rng.integers(0, 20, B).astype(np.int32),
        genre=rng.integers(0, GENRES, B).astype(np.int32),
        minutes=uniform(1, 9),
        index=rng.integers(0, 2**31, B).astype(np.uint32),
    )
    past = Past(plays=uniform(0, 30), days=uniform(0, 100), wear=uniform(0, 9))
    state = State(
        position=rng.integers(0, 30, B).astype(np.int32),
        mood=normal(B),
        frailty=np.exp(normal(B)),
        momentum=uniform(-1, 1),
        streak=rng.integers(0, 9, B).astype(np.float32),
        vector=_unit(normal(B, D)),
        energy=uniform(0, 1),
        artists=rng.integers(-1, 20, (B, response.MEMORY)).astype(np.int32),
        heard=uniform(0, 1, B, response.MEMORY),
        genres=uniform(0, 1, B, GENRES),
        tiredness=uniform(0, 2),
    )
    return listener, track, past, state


def _run(world: tuple[Listener, Track, Past, State], xp: Any) -> dict[str, Any]:
    listener, track, past, state = world
    p = response.float32(Parameters())
    hour = np.linspace(0, 24, B, endpoint=False, dtype=np.float32)
    noise = np.linspace(-2, 2, B, dtype=np.float32)
    appeal = response.appeal(p, listener, track, past, hour, xp)
    worth = response.utility(p, appeal, listener.care, track, state, xp)
    chances = response.stages(p, worth, xp)
    stage = response.outcome(chances, np.linspace(0.01, 0.99, B, dtype=np.float32), xp)
    later = response.advance(p, state, track, stage, noise, xp)
    return {
        "affinity": response.affinity(p, listener, track, xp),
        "appeal": appeal,
        "utility": worth,
        "stages": chances,
        "stage": stage,
        "leaving": response.leaving(p, later, track.minutes, xp),
        "begin": response.begin(p, noise, noise, D, GENRES, xp).frailty,
    } | {f"later.{name}": value for name, value in later._asdict().items()}


def test_numpy_and_jax_agree(world: tuple[Listener, Track, Past, State]) -> None:
    import jax
    import jax.numpy as jnp

    here = _run(world, np)
    there = jax.jit(lambda arrays: _run(arrays, jnp))(jax.tree.map(jnp.asarray, world))
    assert here.keys() == there.keys()
    for name, value in here.items():
        np.testing.assert_allclose(np.asarray(there[name]), value, rtol=2e-5, atol=2e-5, err_msg=name)


def test_numpy_and_jax_agree_to_the_end_of_a_session(world: tuple[Listener, Track, Past, State]) -> None:
    """Six tracks, each answered by what it was worth after all before it."""
    import jax
    import jax.numpy as jnp

    listener, track, past, _ = world
    rng = np.random.default_rng(9)
    order = np.stack([rng.permutation(B) for _ in range(6)])
    noise = rng.normal(size=(6, B)).astype(np.float32)
    stages = rng.integers(0, 4, (6, B))

    def play(arrays: Any, xp: Any) -> Any:
        listener, track, past, order, noise, stages = arrays
        p, found = response.float32(Parameters()), []
        state = response.begin(p, noise[0], noise[1], D, GENRES, xp)
        for step in range(6):
            here = response.take(track, order[step])
            hour = xp.asarray(np.full(B, 8.0 + step, np.float32))
            appeal = response.appeal(p, listener, here, past, hour, xp)
            chances = response.stages(p, response.utility(p, appeal, listener.care, here, state, xp), xp)
            state = response.advance(p, state, here, stages[step], noise[step], xp)
            found.append((chances, response.leaving(p, state, here.minutes, xp)))
        return found

    arrays = (listener, track, past, order, noise, stages)
    there = jax.jit(lambda arrays: play(arrays, jnp))(jax.tree.map(jnp.asarray, arrays))
    for here, then in zip(play(arrays, np), there, strict=True):
        for mine, theirs in zip(here, then, strict=True):
            np.testing.assert_allclose(np.asarray(theirs), mine, rtol=5e-5, atol=5e-5)


def test_chances_sum_to_one_and_rise_with_utility() -> None:
    worth = np.linspace(-8, 8, 50, dtype=np.float32)
    chances = response.stages(response.float32(Parameters()), worth)
    np.testing.assert_allclose(chances.sum(-1), 1, rtol=1e-5)
    assert (np.diff(chances[:, 3]) > 0).all()
    assert (np.diff(chances[:, 0]) < 0).all()


def test_candidates_are_scored_side_by_side(world: tuple[Listener, Track, Past, State]) -> None:
    """(sessions, candidates) gives the same as one by one."""
    listener, track, past, state = world
    p = response.float32(Parameters())
    hour = np.full(B, 9, np.float32)
    single = response.utility(p, response.appeal(p, listener, track, past, hour), listener.care, track, state)
    wide_appeal = response.appeal(
        p, response.widen(listener), response.widen(track), response.widen(past), hour[:, None]
    )
    wide = response.utility(
        p, wide_appeal, listener.care[:, None], response.widen(track), response.widen(state)
    )
    np.testing.assert_allclose(wide[:, 0], single, rtol=1e-5, atol=1e-6)


def test_the_page_has_every_constant_as_it_is() -> None:
    maker = Path(__file__).parents[2] / "docs" / "make_town.py"
    done = subprocess.run([sys.executable, maker, "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
