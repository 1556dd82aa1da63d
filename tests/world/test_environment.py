"""Playlist-v0: Gymnasium's own check, the same sessions from the same seed, the mask, the end, the text."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from segue.errors import UsageError
from segue.town.demo_world import REWARDS, demo_world
from segue.world.dynamics import World
from segue.world.environment import VARIANTS, PlaylistEnv, PlaylistVectorEnv
from segue.world.features import PLACES


@pytest.fixture(scope="module")
def world() -> World:
    return demo_world()[0]


def _played(env: gymnasium.Env, seed: int) -> list[tuple[float, bool, bool, int]]:
    observation, info = env.reset(seed=seed)
    draws, rows = np.random.default_rng(0), []
    while not rows or not (rows[-1][1] or rows[-1][2]):
        np.testing.assert_array_equal(observation["action_mask"], info["action_mask"])
        place = draws.choice(np.flatnonzero(info["action_mask"]))
        observation, reward, left, full, info = env.step(place)
        assert not info["action_mask"][place]
        assert reward == (info["stage"] == 3)
        rows.append((reward, left, full, info["track"]))
    return rows


def test_gymnasium_is_content() -> None:
    check_env(gymnasium.make("Playlist-v0", render_mode="ansi").unwrapped)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in VARIANTS if name != "Playlist-v0"])
def test_every_variant_takes_gymnasiums_check_and_a_strangers_policy(name: str) -> None:
    check_env(gymnasium.make(name, render_mode="ansi").unwrapped)
    env, heard = gymnasium.make(name), 0.0
    for seed in range(10):  # the most popular of what is left
        observation, info = env.reset(seed=seed)
        over = False
        while not over:
            scores = observation["candidates"][:, PLACES["popularity"]]
            action = int(np.where(info["action_mask"], scores, -np.inf).argmax())
            observation, reward, left, full, info = env.step(action)
            heard, over = heard + float(reward), left or full
    assert heard > 0


def test_the_reward_is_for_the_user_to_choose() -> None:
    for reward, values in REWARDS.items():
        env = gymnasium.make("Playlist-v0", reward=reward)
        _, info = env.reset(seed=3)
        for place in range(4):
            _, earned, left, full, info = env.step(place)
            assert earned == pytest.approx(values[info["stage"]])
            if left or full:
                break
    with pytest.raises(UsageError, match="reward"):
        gymnasium.make("Playlist-v0", reward="fame")


def test_the_same_seed_plays_the_same_session_and_sessions_end() -> None:
    env = gymnasium.make("Playlist-v0", steps=12)
    first = [_played(env, seed) for seed in range(15)]
    assert [_played(env, seed) for seed in range(15)] == first
    assert {len(rows) for rows in first} != {12}
    for rows in first:
        assert rows[-1][1] != rows[-1][2]  # left, or full
        assert (len(rows) == 12) or rows[-1][1]
        tracks = [row[3] for row in rows]
        assert len(set(tracks)) == len(tracks)


def test_a_place_played_before_plays_nothing(world: World) -> None:
    env = PlaylistEnv(world, steps=3, render_mode="ansi", labels=demo_world()[1])
    for seed in range(50):
        env.reset(seed=seed)
        if not env.step(np.int64(5))[2]:
            break
    _, reward, left, _, info = env.step(np.int64(5))
    assert (reward, left, info["invalid"], info["track"]) == (0.0, False, True, -1)
    text = env.render()
    assert text is not None
    assert "played already" in text
    assert demo_world()[1][int(world.starts.pool[env._playing.state.start, 5])] in text
    with pytest.raises(UsageError, match="no such candidate"):
        env.step(np.int64(100))


def test_rewards_and_starts_are_the_users_to_choose(world: World) -> None:
    env = PlaylistEnv(world._replace(rewards=np.float32([-1, -0.5, 0.25, 2])))
    env.reset(seed=1, options={"start": 7})
    assert int(env._playing.state.start) == 7
    _, reward, _, _, info = env.step(np.int64(0))
    assert reward == [-1, -0.5, 0.25, 2][info["stage"]]
    with pytest.raises(UsageError, match="no such start"):
        env.reset(options={"start": 300})
    with pytest.raises(UsageError, match="call reset"):
        PlaylistEnv(world).step(np.int64(0))


def test_many_sessions_at_once_begin_anew(world: World) -> None:
    env = gymnasium.make_vec("Playlist-v0", num_envs=6, world=world, steps=4)
    assert isinstance(env.unwrapped, PlaylistVectorEnv)
    observation, info = env.reset(seed=2)
    assert env.observation_space.contains(observation)
    over = np.zeros(6, bool)
    for _ in range(12):
        places = info["action_mask"].argmax(1)
        observation, reward, left, full, info = env.step(places)
        assert env.observation_space.contains(observation)
        assert (info["action_mask"].sum(1)[over] == 100).all()
        assert (reward[over] == 0).all()
        assert not (left | full)[over].any()
        over = left | full
