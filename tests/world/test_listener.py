"""What is known of a listener: surprises by hand, nothing of a session leaks into its own features."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from segue.library import Library
from segue.library.stages import HEARD
from segue.town import TownConfig, build
from segue.town.law import model_world
from segue.town.starts import starts_of
from segue.world.catalogue import Catalogue, catalogue_of
from segue.world.dynamics import begin, play, see
from segue.world.features import CANDIDATE, MOMENT, PLACES, SESSION, STATIC, as_newcomer
from segue.world.fitting import init_model
from segue.world.known import surprises
from segue.world.listener import Listener
from segue.world.members import ensemble
from segue.world.pools import SessionDraw
from segue.world.responses import MEMORY, chances
from segue.world.walking import walk

SIZE = {"listeners": 40, "tracks": 600, "months": 0.5}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    opened = Library.open(tmp_path_factory.mktemp("listener") / "library", create=True)
    build(TownConfig.named("ordinary", **SIZE), 4).write(opened)
    return opened


@pytest.fixture(scope="module")
def catalogue(library: Library) -> Catalogue:
    return catalogue_of(library)


def test_surprise_is_against_the_rest_of_the_session() -> None:
    found = surprises(np.array([1.0, 1.0, 0.0, 1.0]), np.array([0, 0, 0, 1]))
    np.testing.assert_allclose(found, [1 - 2 / 4, 1 - 2 / 4, -3 / 4, 1 - 1 / 2])


def test_reception_is_what_everybody_else_did(library: Library, catalogue: Catalogue) -> None:
    """Counted again from the rows; a listener's own plays, later ones too, are taken away."""
    rows = library.arrow("listens").to_pylist()
    sessions: dict[tuple[str, str], list[tuple[str, float]]] = {}
    for row in rows:
        sessions.setdefault((row["listener_id"], row["session_id"]), []).append(
            (row["track_id"], float(HEARD[row["stage"]]))
        )
    place, ids = {t: n for n, t in enumerate(catalogue.ids)}, sorted({row["listener_id"] for row in rows})
    everybody, person = np.zeros((len(place), 2)), np.zeros((len(place), 2))
    for (who, _), plays in sessions.items():
        parts = np.array([part for _, part in plays])
        surprise = parts - (parts.sum() - parts + 1) / (len(parts) + 1)
        for (track, _), value in zip(plays, surprise.tolist(), strict=True):
            if track in place:
                everybody[place[track]] += value, 1
                person[place[track]] += np.array([value, 1]) * (who == ids[7])
    np.testing.assert_allclose(catalogue.reception, everybody, atol=1e-4)
    told = next(told for told in walk(library, catalogue, shuffled=False) if told.number == 7)
    np.testing.assert_allclose(told.listener.others, everybody - person, atol=1e-4)


def test_likes_what_is_like_what_went_well(catalogue: Catalogue) -> None:
    vectors = catalogue.tracks.vector
    good, bad = 3, int(np.argmin(vectors @ vectors[3]))
    like_good, like_bad = (int(np.argsort(-(vectors @ vectors[place]))[5]) for place in (good, bad))
    listener = Listener(catalogue)
    for day in range(6):
        for number, (place, stage) in enumerate(((good, 3), (bad, 0), (good, 3))):
            listener.hears(place, stage, day + number * 4 / 1440)
    known = listener.known(np.array([good, bad, like_good, like_bad]), 7.0, 12.0)
    for name in ("liked_itself", "liked_like", "liked_closely", "liked_artist"):
        assert known[0, PLACES[name]] > 0 > known[1, PLACES[name]]
    assert known[2, PLACES["liked_like"]] > known[3, PLACES["liked_like"]]
    assert known[0, PLACES["told"]] == pytest.approx(np.log1p(6) / 3)
    assert known[0, PLACES["narrow"]] < 1


def test_of_a_newcomer_nothing_is_known() -> None:
    truth = build(TownConfig.named("ordinary", **SIZE), 4).truth()
    known, blank = (starts_of(truth, SessionDraw(30, 20), newcomers=new) for new in (False, True))
    np.testing.assert_array_equal(known.appeal, blank.appeal)
    known, blank = known.starts, blank.starts
    np.testing.assert_array_equal(known.pool, blank.pool)
    for name in ("taste", "plays", "liked_like", "hears_out", "told", "narrow"):
        assert np.asarray(known.static)[..., PLACES[name]].any()
        assert not np.asarray(blank.static)[..., PLACES[name]].any()
    assert np.asarray(blank.static)[..., PLACES["popularity"]].any()
    assert not np.asarray(blank.known).any()
    # What a training makes of somebody known is what is said of somebody new.
    moment = jnp.zeros((30, 20, len(MOMENT)))
    made = as_newcomer(jnp.concatenate([known.static, moment], -1))
    np.testing.assert_allclose(made[..., : len(STATIC)], blank.static, atol=1e-5)


def test_a_dense_model_sees_nothing_of_taste() -> None:
    draws = [jax.random.normal(jax.random.key(n), (5, size)) for n, size in enumerate((40, len(CANDIDATE)))]
    session, memory, candidates = draws[0][0, : len(SESSION)], jnp.zeros(MEMORY), draws[1]
    for form, blind in (("dense", True), ("plain", False)):
        model = init_model(jax.random.key(3), form)
        model = model._replace(layers=(model.layers[0], (jnp.ones_like(model.layers[1][0]), jnp.zeros(3))))
        before = chances(model, session, memory, candidates)
        moved = candidates.at[:, PLACES["liked_like"]].add(1.0)
        assert (bool((chances(model, session, memory, moved) == before).all())) == blind
        moved = candidates.at[:, PLACES["plays"]].add(1.0)
        assert not bool((chances(model, session, memory, moved) == before).any())
        assert bool((chances(model, session + 1, memory, candidates) == before).all())


def test_members_in_doubt_expect_less() -> None:
    truth = build(TownConfig.named("ordinary", **SIZE), 4).truth()
    starts = starts_of(truth, SessionDraw(20, 15))
    members = [init_model(jax.random.key(seed), "recurrent") for seed in range(3)]
    # Untrained models all say the same: the last layer is zero.
    apart = [
        m._replace(
            layers=(m.layers[0], (jax.random.normal(jax.random.key(n), m.layers[1][0].shape), m.layers[1][1]))
        )
        for n, m in enumerate(members)
    ]
    alone, many = model_world(truth, starts, apart[0]), ensemble(apart)
    sure, unsure = (model_world(truth, starts, many, uncertainty_penalty=penalty) for penalty in (0.0, 1.0))
    seen = []
    for world in (alone, sure, unsure):
        state = begin(world, jax.random.key(1))
        event = play(world, state, jnp.asarray(3), jax.random.key(2))
        seen.append((see(world, event.state), event))
    one, two, three = seen
    assert two[1].state.memory.shape == (3, MEMORY)
    assert (three[0].prior < two[0].prior).all()
    assert three[1].expected < two[1].expected
    each = [see(model_world(truth, starts, m), begin(alone, jax.random.key(1))).prior for m in apart]
    state = begin(sure, jax.random.key(1))
    np.testing.assert_allclose(see(sure, state).prior, np.mean(each, 0), atol=1e-6)
    np.testing.assert_allclose(see(unsure, state).prior, np.mean(each, 0) - np.std(each, 0), atol=1e-6)
    assert one[0].prior.shape == three[0].prior.shape
