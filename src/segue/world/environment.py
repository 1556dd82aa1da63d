"""`Playlist-v0`: the world as a Gymnasium environment, alone and many at once.

An action is a place in the session's pool. A place that was played already plays nothing: the list loses one
track, the reward is 0, and info["invalid"] says so; policies that respect the mask never meet this.
terminated: the listener leaves. truncated: the list is full. Importing this module registers it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import gymnasium as gym
import jax
import jax.numpy as jnp
import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from jax import Array
from numpy.typing import NDArray

from segue.errors import UsageError
from segue.world import dynamics
from segue.world.dynamics import State, World
from segue.world.features import PLACES
from segue.world.rendering import Line, rendered

CONTEXT = ("hour_cos", "hour_sin", "known_share")
HEAD = ("reward", "left", "full", "invalid", "stage", "track", "expected")
LIMIT = 1e3  # no feature comes near it

# Settings by id; where no world is given, it is that of a small simulated town.
VARIANTS: dict[str, dict[str, Any]] = {
    "Playlist-v0": {},
    "PlaylistTiring-v0": {"kind": "tiring"},  # loud tracks tire the listener for all that follow
    "PlaylistRestless-v0": {"kind": "restless"},
    "PlaylistCold-v0": {"cold": True},  # nothing is known of the listener
    "PlaylistLong-v0": {"steps": 90},  # a list of nearly the whole pool
}
for name, settings in VARIANTS.items():
    gym.register(
        id=name,
        # Looked up when one is made.
        entry_point="segue.town.demo_world:playlist_env",
        vector_entry_point="segue.town.demo_world:playlist_vector_env",
        kwargs=settings,
    )


class Playing(NamedTuple):
    """A session in an environment."""

    state: State
    key: Array
    count: Array  # tracks of the list that are used up
    over: Array  # bool


def _packed(world: World, state: State, head: list[Any]) -> Array:
    """All that leaves the compiled code in one array, because every array that crosses over costs time."""
    seen = dynamics.see(world, state)
    hour = seen.candidates[0, jnp.array([PLACES["hour_cos"], PLACES["hour_sin"]])]
    known = world.starts.known[state.start].mean()[None]
    top = jnp.stack([jnp.asarray(value, jnp.float32) for value in head])
    return jnp.concatenate([top, seen.session, hour, known, seen.candidates.ravel(), seen.mask])


def _begin(world: World, key: Array, start: Array) -> tuple[Playing, Array]:
    """A session; of the start given, or of any if that is negative."""
    to_begin, key = jax.random.split(key)
    state = dynamics.begin(world, to_begin)
    state = state._replace(start=jnp.where(start < 0, state.start, start))
    playing = Playing(state, key, jnp.zeros((), jnp.int32), jnp.asarray(False))
    return playing, _packed(world, state, [0, 0, 0, 0, -1, -1, 0])


def _step(world: World, steps: Array, playing: Playing, place: Array) -> tuple[Playing, Array]:
    to_play, to_stay = jax.random.split(jax.random.fold_in(playing.key, playing.count))
    free = playing.state.free[place]
    event = dynamics.play(world, playing.state, place, to_play)
    left = free & (jax.random.uniform(to_stay) >= event.stay)
    state = jax.tree.map(lambda new, old: jnp.where(free, new, old), event.state, playing.state)
    count = playing.count + 1
    full = ~left & ((count >= steps) | ~state.free.any())
    stage, reward = jnp.where(free, event.stage, -1), jnp.where(free, event.reward, 0.0)
    track = jnp.where(free, world.starts.pool[state.start, place], -1)
    head = [reward, left, full, ~free, stage, track, event.expected]
    return Playing(state, playing.key, count, left | full), _packed(world, state, head)


_begin_one = jax.jit(_begin)
_step_one = jax.jit(_step, donate_argnums=2)
_begin_many = jax.jit(jax.vmap(_begin, (None, 0, None)))


@partial(jax.jit, donate_argnums=2)
def _step_many(world: World, steps: Array, playing: Playing, places: Array) -> Any:
    """A step of every session; those that were over begin anew (AutoresetMode.NEXT_STEP)."""

    def one(playing: Playing, place: Array) -> tuple[Playing, Array]:
        went = _step(world, steps, playing, place)
        # A number that no count of tracks reaches: the new session shares no draws with the steps of the old
        # one.
        anew = _begin(world, jax.random.fold_in(playing.key, 2**20), jnp.asarray(-1))
        return jax.tree.map(lambda a, b: jnp.where(playing.over, a, b), anew, went)

    return jax.vmap(one)(playing, places)


class _Layout:
    """Where things stand in a packed array, and the spaces that say so to Gymnasium."""

    def __init__(self, world: World) -> None:
        playing = jax.eval_shape(lambda key: dynamics.begin(world, key), jax.random.key(0))
        seen = jax.eval_shape(dynamics.see, world, playing)
        self.m, self.c = seen.candidates.shape
        sizes = (len(HEAD), seen.session.shape[0], len(CONTEXT), self.m * self.c)
        self.cuts = np.cumsum(sizes).tolist()
        box = partial(spaces.Box, -LIMIT, LIMIT, dtype=np.float32)
        self.observation = spaces.Dict(
            {
                "session": box((sizes[1],)),
                "context": box((sizes[2],)),
                "candidates": box((self.m, self.c)),
                "action_mask": spaces.Box(0, 1, (self.m,), np.int8),
            }
        )

    def taken_apart(self, packed: Array) -> tuple[NDArray[np.float32], dict[str, NDArray[Any]]]:
        """Head and observation, of one session or of many."""
        flat = np.asarray(packed)
        one, two, three, four = self.cuts
        return flat[..., :one], {
            "session": flat[..., one:two],
            "context": flat[..., two:three],
            "candidates": flat[..., three:four].reshape(*flat.shape[:-1], self.m, self.c),
            "action_mask": flat[..., four:].astype(np.int8),
        }


class PlaylistEnv(gym.Env[dict[str, NDArray[Any]], np.int64]):
    """A playlist made track by track for one listener.

    Args:
        world: whose sessions, and who answers in them. `gymnasium.make("Playlist-v0")` without one takes
            that of a small simulated town (`segue.town.demo_world`).
        steps: tracks of a full list.
        labels: names of the tracks, for `render`.
        render_mode: None or "ansi".

    The reward is `world.rewards` of what became of the track. `reset(options={"start": n})` plays start n.
    """

    metadata = {"render_modes": ["ansi"], "render_fps": 1}  # noqa: RUF012 (Gymnasium's own form)

    def __init__(
        self,
        world: World,
        *,
        steps: int = 30,
        labels: Sequence[str] | None = None,
        render_mode: str | None = None,
    ) -> None:
        self._world = _refuse_no_steps(world, steps)
        self._steps, self._labels, self.render_mode = np.int32(steps), labels, render_mode
        self._layout = _Layout(self._world)
        self.observation_space: spaces.Space[Any] = self._layout.observation
        self.action_space = spaces.Discrete(self._layout.m)
        self._playing: Playing | None = None
        self._lines: list[Line] = []
        self._context = np.zeros(len(CONTEXT), np.float32)
        self._left = False
        self._mask = np.ones(self._layout.m, np.int8)

    def action_masks(self) -> NDArray[np.bool_]:
        """(m,) what may be chosen now; sb3-contrib's MaskablePPO asks for it by this name."""
        return self._mask.astype(bool)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Begin a session.

        Raises:
            UsageError: there is no such start.
        """
        super().reset(seed=seed)
        start, count = int((options or {}).get("start", -1)), self._world.starts.pool.shape[0]
        if start >= count:
            raise UsageError("There is no such start", expected=f"0 to {count - 1}", got=str(start))
        key = jax.random.key(int(self.np_random.integers(2**31)))
        self._playing, packed = _begin_one(self._world, key, np.int32(start))
        _, observation = self._layout.taken_apart(packed)
        self._lines, self._context, self._left = [], observation["context"], False
        self._mask = observation["action_mask"]
        return observation, {"action_mask": observation["action_mask"]}

    def step(self, action: np.int64) -> tuple[dict[str, NDArray[Any]], float, bool, bool, dict[str, Any]]:
        """Let the listener hear the candidate at place `action`.

        Raises:
            UsageError: nothing is being played, or there is no such place.
        """
        if self._playing is None:
            raise UsageError("No session is being played", hint="call reset() first")
        if not 0 <= action < self._layout.m:
            raise UsageError(
                "There is no such candidate", expected=f"0 to {self._layout.m - 1}", got=str(action)
            )
        self._playing, packed = _step_one(self._world, self._steps, self._playing, np.int32(action))
        head, observation = self._layout.taken_apart(packed)
        self._mask = observation["action_mask"]
        reward, left, full, invalid, stage, track, expected = head.tolist()
        if self.render_mode is not None:
            self._lines.append(Line(int(track), int(stage), expected))
            self._left = bool(left)
        info = {
            "action_mask": observation["action_mask"],
            "stage": int(stage),
            "track": int(track),
            "invalid": bool(invalid),
        }
        if left or full:
            self._playing = None
        return observation, reward, bool(left), bool(full), info

    def render(self) -> str | None:
        """The session so far as text, or None without render_mode="ansi"."""
        if self.render_mode is None:
            return None
        hour = float(np.arctan2(self._context[1], self._context[0]) % (2 * np.pi) * 24 / (2 * np.pi))
        return rendered(self._lines, hour, int(self._steps), self._labels, self._left)


class PlaylistVectorEnv(VectorEnv[dict[str, NDArray[Any]], NDArray[np.int64], NDArray[Any]]):
    """`num_envs` sessions at once, in one compiled call a step. Arguments as for `PlaylistEnv`.

    A session that is over begins anew with the next step, whose action and reward do not count
    (Gymnasium's AutoresetMode.NEXT_STEP).
    """

    metadata = {"autoreset_mode": AutoresetMode.NEXT_STEP}  # noqa: RUF012 (Gymnasium's own form)

    def __init__(self, world: World, num_envs: int = 64, *, steps: int = 30) -> None:
        self.num_envs = num_envs
        self._world = _refuse_no_steps(world, steps)
        self._steps, self._layout = np.int32(steps), _Layout(self._world)
        self.single_observation_space = self._layout.observation
        self.single_action_space = spaces.Discrete(self._layout.m)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._playing: Playing | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Begin all sessions."""
        super().reset(seed=seed, options=options)
        key = jax.random.key(int(self.np_random.integers(2**31)))
        self._playing, packed = _begin_many(self._world, jax.random.split(key, self.num_envs), np.int32(-1))
        _, observation = self._layout.taken_apart(packed)
        return observation, {"action_mask": observation["action_mask"]}

    def step(
        self, actions: NDArray[np.int64]
    ) -> tuple[dict[str, NDArray[Any]], NDArray[Any], NDArray[Any], NDArray[Any], dict[str, Any]]:
        """One track of every session.

        Raises:
            UsageError: nothing is being played.
        """
        if self._playing is None:
            raise UsageError("No session is being played", hint="call reset() first")
        places = np.asarray(actions, np.int32)
        self._playing, packed = _step_many(self._world, self._steps, self._playing, places)
        head, observation = self._layout.taken_apart(packed)
        info = {
            "action_mask": observation["action_mask"],
            "stage": head[:, 4].astype(np.int64),
            "track": head[:, 5].astype(np.int64),
            "invalid": head[:, 3] > 0,
        }
        return observation, head[:, 0].astype(np.float64), head[:, 1] > 0, head[:, 2] > 0, info


def _refuse_no_steps(world: World, steps: int) -> World:
    if steps < 1:
        raise UsageError("A list needs a track", expected="steps of 1 or more", got=str(steps))
    return world
