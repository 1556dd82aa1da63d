"""User models of a library: from tables to measures, calibration by hand, nested chances, nonsense."""

from __future__ import annotations

import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
import pyarrow.compute as pc
import pytest

import segue.world.environment  # noqa: F401 - registers Playlist-v0
from segue.agents import policies
from segue.errors import FormatError, NotFoundError, UsageError
from segue.library import Library
from segue.library.stages import HEARD
from segue.shelf.names import WORLD, shelf_of
from segue.town import TownConfig, build
from segue.upkeep.forget import forget
from segue.world import measuring, training
from segue.world.catalogue import Catalogue, catalogue_of
from segue.world.config import USER_MODELS, WorldConfig
from segue.world.dynamics import sessions
from segue.world.features import PLACES, as_newcomer
from segue.world.fitting import along_all, fit_model, init_model, log_loss
from segue.world.loading import stored_library_world, stored_world
from segue.world.logs import FEW, Heard, chosen, log_of, read_sessions, second_part
from segue.world.offsets import load_offsets
from segue.world.training import TrainedWorld, train_world, user_models
from segue.world.trees import from_arrays, to_arrays


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    opened = Library.open(tmp_path_factory.mktemp("world") / "library", create=True)
    build(TownConfig.named("ordinary", listeners=100, tracks=800, months=2.0), 2).write(opened)
    return opened


@pytest.fixture(scope="module")
def catalogue(library: Library) -> Catalogue:
    return catalogue_of(library)


@pytest.fixture(scope="module")
def heard(library: Library, catalogue: Catalogue) -> Heard:
    return read_sessions(library, catalogue, steps=20)


@pytest.fixture(scope="module")
def trained(library: Library) -> TrainedWorld:
    return train_world(library, WorldConfig(epochs=12, members=2, steps=20))


def test_a_model_beats_the_tables_on_listeners_it_has_not_seen(trained: TrainedWorld) -> None:
    loss = {name: each["completed"].log_loss for name, each in trained.measured.items()}
    assert loss["recurrent"] < loss["repeat-last table"] < loss["constant"]
    assert loss["plain"] < loss["constant"]
    assert list(trained.measured)[-1] == "ensemble of 2"
    assert trained.facts["disagreement"] > 0
    assert set(trained.reliability) == {"completed", "skipped", "longer"}


def test_who_is_forgotten_meanwhile_is_not_published(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(library.path, tmp_path / "library", ignore=shutil.ignore_patterns("shelf"))
    copied = Library.open(tmp_path / "library")
    who = min(copied.distinct("listens", "listener_id"))

    def first_forget(*arguments: Any) -> str:
        forget(Library.open(copied.path), who)
        return published(*arguments)

    published = training._published
    monkeypatch.setattr(training, "_published", first_forget)
    train_world(copied, WorldConfig(epochs=1, members=1, steps=8))
    kept = load_offsets(shelf_of(copied).path(WORLD))
    assert kept and who not in kept


def test_models_are_kept_and_read_again(library: Library, trained: TrainedWorld) -> None:
    models, tracks, shares = stored_world(library)
    assert tracks == sorted(tracks)
    assert shares.shape == (4, measuring.QUANTILES)
    offsets = load_offsets(shelf_of(library).path(WORLD))
    assert len(offsets) == trained.facts["listeners"]
    assert set(offsets) <= library.distinct("listens", "listener_id")
    assert all(np.isfinite(offset).all() and offset.any() for offset in offsets.values())
    for name, model in trained.models.items():
        for one, other in zip(jax.tree.leaves(models[name]), jax.tree.leaves(model), strict=True):
            np.testing.assert_array_equal(one, other)


def test_a_model_of_another_version_says_so() -> None:
    model = init_model(jax.random.key(0), "plain")
    kept = to_arrays("plain", model._replace(sees=model.sees[:2]))
    with pytest.raises(FormatError, match="of another form") as raised:
        from_arrays("plain", model, kept)
    assert "learn it anew" in str(raised.value)


def test_nonsense_lifts_nothing(catalogue: Catalogue, heard: Heard) -> None:
    rng, there = np.random.default_rng(0), heard.there > 0
    stage = heard.stage.copy()
    stage[there] = rng.permutation(stage[there])
    half = np.arange(len(stage)) % 2 == 0
    log = log_of(catalogue, heard._replace(stage=stage))
    learn, test = (jax.tree.map(lambda x, rows=rows: x[rows], log) for rows in (half, ~half))
    model = fit_model(learn, "recurrent", epochs=4)
    events = measuring.events_of(stage[~half], heard.there[~half], stage[~half] + 1.0, heard.share[~half])
    chance = np.asarray(along_all(model, test))[there[~half]]
    came = (events.stage == 3).astype(float)
    constant = np.full(len(came), (stage[half][there[half]] == 3).mean())
    assert measuring.log_loss(chance[:, 3], came) > 0.995 * measuring.log_loss(constant, came)
    assert abs(measuring.auc(chance[:, 3], came) - 0.5) < 0.04


def test_a_model_taught_newcomers_knows_what_to_expect_of_them(catalogue: Catalogue, heard: Heard) -> None:
    log, half = log_of(catalogue, heard), np.arange(len(heard.stage)) % 2 == 0
    learn, test = (jax.tree.map(lambda x, rows=rows: x[rows], log) for rows in (half, ~half))
    blank = test._replace(candidate=as_newcomer(test.candidate))
    taught, untold = (fit_model(learn, "summary", epochs=6, newcomers=share) for share in (0.2, 0.0))
    assert log_loss(taught, blank) < log_loss(untold, blank)
    assert log_loss(taught, test) < 1.02 * log_loss(untold, test)


def test_what_was_known_is_what_came_before(library: Library, catalogue: Catalogue, heard: Heard) -> None:
    """Plays of a track before a session, counted again from the tables alone."""
    listens = library.arrow("listens").sort_by([("listener_id", "ascending"), ("started_at", "ascending")])
    rows = listens.to_pylist()
    ids = sorted({row["listener_id"] for row in rows})
    checked = 0
    for number in range(0, len(heard.stage), 37):
        person = ids[int(heard.listener[number])]
        track, plays = catalogue.ids[heard.place[number, 0]], heard.static[number, 0, PLACES["plays"]]
        theirs = [row for row in rows if row["listener_id"] == person]
        tracks = [catalogue.ids[p] for p in heard.place[number, : int(heard.there[number].sum())]]
        played = [row["track_id"] for row in theirs]
        firsts = [n for n in range(len(played)) if played[n : n + len(tracks)] == tracks]
        if len(firsts) != 1:
            continue
        before = sum(HEARD[row["stage"]] for row in theirs[: firsts[0]] if row["track_id"] == track)
        assert plays == pytest.approx(np.log1p(before), abs=1e-4)
        checked += 1
    assert checked > 3


def test_chances_of_the_responses_are_nested() -> None:
    rng = np.random.default_rng(1)
    chances = rng.dirichlet(np.ones(4), 500)
    shares = np.stack([np.linspace(*bounds, measuring.QUANTILES) for bounds in measuring.BOUNDS])
    minutes = rng.uniform(2, 8, 500)
    longer = [measuring.longer_than(chances, minutes, shares, s) for s in (0, 10, 30, 100, 1000)]
    for more, less in pairwise(longer):
        assert (more >= less - 1e-9).all()
    # Whoever hears nine tenths of two minutes or more has heard more than a hundred seconds.
    assert (longer[3] >= chances[:, 3] - 1e-9).all()
    assert (longer[4] == 0).all()


def test_calibration_by_hand() -> None:
    chance = np.array([0.11, 0.13, 0.91, 0.95])
    came = np.array([0.0, 1.0, 1.0, 1.0])
    assert measuring.calibration_error(chance, came) == pytest.approx((2 * 0.38 + 2 * 0.07) / 4)
    assert measuring.auc(chance, came) == 1.0
    assert measuring.log_loss(np.array([0.5]), np.array([1.0])) == pytest.approx(np.log(2))


def test_what_cannot_be_learned_from(tmp_path: Path, library: Library, catalogue: Catalogue) -> None:
    with pytest.raises(UsageError, match="alike"):
        catalogue_of(Library.open(tmp_path / "empty", create=True))
    with pytest.raises(NotFoundError, match="world"):
        stored_world(Library.open(tmp_path / "empty"))
    with pytest.raises(UsageError, match="cannot be"):
        WorldConfig.checked({"epochs": 0})
    short = build(TownConfig.named("ordinary", listeners=3, tracks=600, months=0.1), 2)
    few = Library.open(tmp_path / "few", create=True)
    short.write(few)
    with pytest.raises(UsageError, match="to learn from"):
        read_sessions(few, catalogue_of(few))


def test_padding_is_never_learned_from(catalogue: Catalogue, heard: Heard) -> None:
    log = log_of(catalogue, heard)
    garbled = heard._replace(stage=np.where(heard.there > 0, heard.stage, 3), place=heard.place.copy())
    garbled.place[heard.there == 0] = 5
    other = log_of(catalogue, garbled)
    model = fit_model(log, "summary", epochs=1)
    again = fit_model(other, "summary", epochs=1)
    assert jnp.allclose(model.bias, again.bias, atol=1e-5)


def test_features_may_have_any_mean_and_spread(catalogue: Catalogue, heard: Heard) -> None:
    log = log_of(catalogue, heard)
    far = log._replace(
        candidate=log.candidate.at[..., PLACES["plays"]].multiply(20).at[..., PLACES["plays"]].add(9)
    )
    found = [along_all(fit_model(each, "summary", epochs=2, newcomers=0.0), each) for each in (log, far)]
    there = np.asarray(log.there) > 0
    np.testing.assert_allclose(found[0][there], found[1][there], atol=0.01)


def test_a_world_of_the_librarys_listeners(library: Library, trained: TrainedWorld) -> None:
    world, labels = stored_library_world(library, starts=40, pool=50)
    assert world.starts.pool.shape == (40, 50)
    assert all(len(set(pool)) == 50 for pool in np.asarray(world.starts.pool).tolist())
    assert 0 < float(world.starts.known.mean()) < 1
    env = gymnasium.make("Playlist-v0", world=world, labels=labels, render_mode="ansi", steps=5)
    _, info = env.reset(seed=3)
    env.step(int(info["action_mask"].argmax()))
    assert " - " in str(env.render())
    played = [sessions(world, policy, None, 250, 20, 5) for policy in (policies.greedy, policies.by_chance)]
    whole = [float((each.there & (each.stage == 3)).sum(1).mean()) for each in played]
    assert whole[0] > 1.1 * whole[1]
    with pytest.raises(UsageError, match="larger than the catalogue"):
        stored_library_world(library, pool=5000)


def test_parts_share_no_listener_or_are_earlier_and_later(heard: Heard) -> None:
    people, sessions = np.unique(heard.listener, return_counts=True)
    second = second_part(heard)
    assert not set(heard.listener[second]) & set(heard.listener[~second])
    assert 0.4 < second.mean() < 0.6
    few = chosen(heard, np.flatnonzero(np.isin(heard.listener, people[sessions >= 5][: FEW - 1])))
    out = second_part(few)
    for person in np.unique(few.listener):
        theirs = out[few.listener == person]
        assert theirs.sum() == len(theirs) // 5 and not theirs[: len(theirs) - theirs.sum()].any()


def test_user_models_are_trained_once(trained: TrainedWorld, library: Library) -> None:
    config = WorldConfig.checked(trained.facts["config"])
    version, again = user_models(library, config)
    assert version == trained.version and not again.curves
    assert set(USER_MODELS) <= set(again.models)
    assert again.log_loss == trained.facts["log_loss"] and again.listeners == trained.facts["listeners"]
    for name in ("recurrent", "summary, others"):
        for one, other in zip(
            jax.tree.leaves(again.models[name]), jax.tree.leaves(trained.models[name]), strict=True
        ):
            np.testing.assert_array_equal(one, other)


def test_one_listener_is_enough_to_learn_from(tmp_path: Path, library: Library) -> None:
    alone, rows = Library.open(tmp_path / "alone", create=True), library.arrow("listens")
    counts = rows["listener_id"].value_counts().to_pylist()
    name = max(counts, key=lambda each: each["counts"])["values"]
    with alone.writing() as writer:
        writer.append("listens", rows.filter(pc.equal(rows["listener_id"], name)))
        writer.append("tracks", library.arrow("tracks"))
    config = WorldConfig(epochs=1, members=1, shuffled=False)
    made = train_world(alone, config, closely=True)
    assert 0 <= made.facts["second_halves"]["recurrent"] <= 1
    assert 0 < made.measured["trees on counts"]["completed"].log_loss < 2
    assert not made.facts["strangers"] and made.facts["held_out"] >= 10 and made.facts["listeners"] == 1
    assert 0 < made.measured["plain"]["completed"].log_loss < 2
