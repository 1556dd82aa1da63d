"""Pools in order: every track once, the best first, limits held; the same by NumPy as by JAX."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from segue.agents.learning import init_network
from segue.agents.network import Scaling, Trained, q_of
from segue.agents.ordering import Limits, along, order
from segue.library.stages import HEARD
from segue.world import dynamics, numpy_sessions
from segue.world.features import CANDIDATE, SESSION, STATIC
from segue.world.fitting import init_model
from segue.world.following import shifted
from segue.world.responses import MEMORY, UserModel
from segue.world.starts import Starts
from segue.world.tracks import Track

SONGS, POOL, LISTS = 60, 20, 3
RNG = np.random.default_rng(4)


def _model() -> UserModel:
    """A recurrent one with random numbers everywhere, in NumPy."""
    model = init_model(jax.random.key(0), "recurrent")
    last = (RNG.normal(0, 0.3, (48, 3)).astype(np.float32), np.array([1.5, 1.0, 0.0], np.float32))
    leaves = np.array([-2.5, *[0.2] * 7], np.float32)
    return jax.tree.map(np.asarray, model._replace(layers=(model.layers[0], last), leaves=leaves))


def _agent() -> Trained:
    s, c = len(SESSION) + MEMORY, len(CANDIDATE) + 3
    network = init_network(jax.random.key(1), s, c, (8,))
    network = network._replace(layers=((RNG.normal(0, 0.3, (8, 1)), np.zeros(1)),))
    scaling = Scaling(np.zeros(s), np.ones(s), np.zeros(c), np.ones(c))
    return jax.tree.map(lambda x: np.asarray(x, np.float32), Trained(network, scaling))


MODEL, AGENT = _model(), _agent()
VECTORS = RNG.normal(size=(SONGS, 4)).astype(np.float32)
TRACKS = Track(
    VECTORS / np.linalg.norm(VECTORS, axis=1, keepdims=True),
    *RNG.random((2, SONGS)).astype(np.float32),
    np.arange(SONGS, dtype=np.int32) % 7,
    np.full(SONGS, 3.5, np.float32),
)
PLACES = np.stack([RNG.permutation(SONGS)[:POOL] for _ in range(LISTS)])
STATIC_FEATURES = RNG.normal(0, 0.5, (LISTS, POOL, len(STATIC))).astype(np.float32)
OFFER = numpy_sessions.offered(TRACKS, PLACES, STATIC_FEATURES)


def _limits(quota: list[int], artists: int = POOL) -> Limits:
    def each(values: np.ndarray) -> np.ndarray:
        return np.broadcast_to(values, (LISTS, *values.shape)).copy()

    number = np.arange(POOL)
    free = np.ones(POOL, np.bool_)
    return Limits(*map(each, (free, number % len(quota), np.array(quota), number // (POOL // artists))))


def test_pools_in_greedy_order() -> None:
    found = order(MODEL, None, OFFER, _limits([POOL]), POOL)
    for row in found.place:
        assert sorted(row.tolist()) == list(range(POOL))
    begun = numpy_sessions.begin(OFFER, np.ones((LISTS, POOL), np.bool_), 1)
    first = numpy_sessions.look(MODEL, OFFER, begun).chances[:, 0, :, 3]
    assert found.place[:, 0].tolist() == first.argmax(1).tolist()
    np.testing.assert_allclose(found.q, found.prior)
    assert found.there.all()


def test_quotas_hold_and_an_artist_comes_not_twice_running() -> None:
    found = order(MODEL, AGENT, OFFER, _limits([3, 5], artists=5), 10)
    assert found.there[:, :8].all()
    assert not found.there[:, 8:].any()
    for row in found.place[:, :8]:
        assert np.bincount(row % 2).tolist() == [3, 5]
        artist = row // (POOL // 5)
        assert (artist[1:] != artist[:-1]).all()


def test_a_list_is_the_same_alone_and_among_others() -> None:
    together = order(MODEL, AGENT, OFFER, _limits([POOL]), 12, seed=3)
    offer = numpy_sessions.offered(TRACKS, PLACES[1:2], STATIC_FEATURES[1:2])
    alone = order(MODEL, AGENT, offer, Limits(*(values[1:2] for values in _limits([POOL]))), 12, seed=3)
    assert alone.place[0].tolist() == together.place[1].tolist()
    np.testing.assert_allclose(alone.q[0], together.q[1], rtol=1e-4)


def test_numpy_sees_and_hears_what_jax_does() -> None:
    starts = Starts(
        jnp.asarray(PLACES), jnp.asarray(STATIC_FEATURES), jnp.zeros((LISTS, POOL), bool), jnp.arange(LISTS)
    )
    world, see, play = dynamics.world_of(TRACKS, starts, MODEL), jax.jit(dynamics.see), jax.jit(dynamics.play)
    for number in range(LISTS):
        state = dynamics.begin(world, jax.random.key(0))._replace(start=jnp.asarray(number))
        offer = numpy_sessions.offered(
            TRACKS, PLACES[number : number + 1], STATIC_FEATURES[number : number + 1]
        )
        session = numpy_sessions.begin(offer, np.ones((1, POOL), np.bool_), 1)
        for step in range(5):
            seen = see(world, state)
            looked = numpy_sessions.look(MODEL, offer, session)
            own = numpy_sessions.seen(offer, session, looked)
            for name in ("session", "candidates", "prior"):
                value = getattr(own, name)
                assert value.dtype == np.float32
                np.testing.assert_allclose(value[0, 0], getattr(seen, name), rtol=1e-4, atol=1e-5)
            np.testing.assert_array_equal(own.mask[0], seen.mask)
            np.testing.assert_allclose(q_of(AGENT, own)[0, 0], q_of(AGENT, seen), rtol=1e-4, atol=1e-5)
            event = play(world, state, jnp.asarray(2 * step), jax.random.key(step))
            place, stage = np.array([2 * step]), np.asarray(event.stage)[None, None]
            session, stay = numpy_sessions.after(
                MODEL,
                numpy_sessions.only(offer, place),
                session,
                numpy_sessions.of_one(looked, place),
                place,
                stage,
            )
            state = event.state
            np.testing.assert_allclose(stay[0, 0], event.stay, rtol=1e-4)
            minutes = 3.5 * float(HEARD[int(event.stage)])
            assert float(session.heard.minutes[0, 0]) >= minutes


def test_what_is_expected_of_a_listener_is_moved_by_their_offset() -> None:
    level, slope = np.array([[0, 0, 0], [0.5, 0.5, 1], [-1, 0, -1]]), np.array([[0.0], [0.2], [-0.1]])
    offset = np.stack(np.broadcast_arrays(level, slope), -1)
    begun = numpy_sessions.begin(OFFER, np.ones((LISTS, POOL), np.bool_), 2)
    plain = numpy_sessions.look(MODEL, OFFER, begun).chances
    moved = numpy_sessions.offered(TRACKS, PLACES, STATIC_FEATURES, offset)
    found = numpy_sessions.look(MODEL, moved, begun).chances
    assert found.dtype == np.float32
    for row in range(LISTS):
        np.testing.assert_allclose(found[row], shifted(plain[row], offset[row]), atol=1e-4)
    alone = numpy_sessions.only(moved, np.array([3, 4, 5]))
    one = numpy_sessions.look(MODEL, alone, begun).chances[2, :, 0]
    np.testing.assert_allclose(one, found[2, :, 5], rtol=1e-4)


def test_a_course_is_what_simulated_listeners_make_of_it() -> None:
    places = list(range(10))
    offer = numpy_sessions.offered(TRACKS, PLACES[:1], STATIC_FEATURES[:1])
    course = along(MODEL, offer, places, 4000)
    assert course.there[0] == 1
    assert (np.diff(course.there) < 0).all()
    starts = Starts(
        jnp.asarray(PLACES[:1]),
        jnp.asarray(STATIC_FEATURES[:1]),
        jnp.zeros((1, POOL), bool),
        jnp.zeros(1, int),
    )
    world = dynamics.world_of(TRACKS, starts, MODEL)
    played = dynamics.sessions(world, _in_order, None, 4000, len(places), 1)
    there = np.asarray(played.there, float)
    np.testing.assert_allclose(course.there, there.mean(0), atol=0.04)
    whole = (np.asarray(played.chance) * there).sum(0) / there.sum(0)
    np.testing.assert_allclose(course.whole, whole, atol=0.04)


def _in_order(params: object, seen: dynamics.Seen, key: jax.Array) -> jax.Array:
    return jnp.argmax(seen.mask)
