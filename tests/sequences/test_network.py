from __future__ import annotations

import dataclasses
from collections.abc import Generator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import jax
import numpy as np
import pytest
from pydantic import ValidationError

from segue.errors import FormatError, SegueError, UsageError
from segue.progress import Advance, reporting
from segue.sequences import fitting as training
from segue.sequences import learning
from segue.sequences.documents import Context, Documents
from segue.sequences.layers import Layer
from segue.sequences.module import read, tastes
from segue.sequences.network import TasteNetwork
from segue.sequences.network_config import L2, NEXT, SESSION, SOON, Horizon, TasteNetworkConfig
from segue.sequences.vectors import SongVectors, SongVectorsConfig
from segue.sequences.windows import draw_batch, training_places

N_SONGS = 40
SMALL = TasteNetworkConfig(
    hidden=32, negatives=64, length=10, batch=16, epochs=8, dropout_in=0, dropout_out=0.1, learning_rate=1e-2
)


def context_of(documents: Documents, skipped: np.ndarray) -> Context:
    """Plays ten minutes apart, a session of five."""
    n = len(documents.codes)
    place = np.arange(n) - np.repeat(documents.offsets[:-1], documents.lengths)
    return Context(
        gap_s=np.where(place == 0, np.nan, 600.0).astype(np.float32),
        hour=np.full(n, 20, np.int8),
        skipped=skipped.astype(np.int8),
        source=np.zeros(n, np.int32),
        session=(place // 5).astype(np.int32),
        started_s=place * 600.0,
        sources=("album",),
    )


@pytest.fixture(scope="module")
def circles() -> Documents:
    """Songs follow each other in a fixed circle, with two directions told apart by the first two songs."""
    random = np.random.default_rng(0)
    rows = []
    for _ in range(400):
        start, step = random.integers(N_SONGS), random.choice([-1, 1])
        rows.append([f"s{(start + step * k) % N_SONGS:02d}" for k in range(12)])
    return Documents.from_lists(rows, artists={f"s{n:02d}": f"artist {n // 4}" for n in range(N_SONGS)})


@pytest.fixture(scope="module")
def vectors(circles: Documents) -> SongVectors:
    return SongVectors(SongVectorsConfig(dim=16, window=3, epochs=10)).fit(circles, seed=1)


@pytest.fixture(scope="module")
def network(circles: Documents, vectors: SongVectors) -> TasteNetwork:
    learn, stop = circles.select(np.arange(380)), circles.select(np.arange(380, 400))
    return TasteNetwork(SMALL).fit(learn, vectors, validation=stop, seed=2)


def share_right(network: TasteNetwork, documents: Documents) -> float:
    """How often the next song of the circle comes first of those that have not come yet."""
    right = []
    for document in list(documents)[:50]:
        lengths = np.arange(2, len(document))
        scores = network.scores(document, lengths)
        for row, length in zip(scores, lengths, strict=True):
            row[document[:length]] = -np.inf
        right.append(scores.argmax(axis=1) == document[2:])
    return float(np.concatenate(right).mean())


def test_it_learns_what_only_order_tells(network: TasteNetwork, circles: Documents) -> None:
    assert share_right(network, circles) > 0.9
    assert network.curves_.training[-1] < network.curves_.training[0]
    assert len(network.curves_.validation) == len(network.curves_.training)
    assert network.curves_.chart().to_dict()["mark"]["type"] == "line"


@pytest.mark.parametrize(
    "config",
    [
        pytest.param(SMALL.model_copy(update={"cell": "lstm"}), marks=pytest.mark.slow),
        SMALL.model_copy(update={"cell": "attention", "heads": 2}),
        pytest.param(
            SMALL.model_copy(update={"tied": False, "artist_vectors": False}), marks=pytest.mark.slow
        ),
        L2.model_copy(update={"hidden": 32, "length": 10, "batch": 16, "epochs": 25, "learning_rate": 1e-2}),
        pytest.param(SMALL.model_copy(update={"loss": "cosine", "epochs": 25}), marks=pytest.mark.slow),
    ],
    ids=["lstm", "attention", "untied", "l2", "cosine"],
)
def test_other_cells_and_losses_learn_too(
    config: TasteNetworkConfig, circles: Documents, vectors: SongVectors
) -> None:
    network = TasteNetwork(config).fit(circles, vectors, seed=2)
    assert share_right(network, circles) > (0.8 if config.loss == "softmax" else 0.3)  # a chance is 1 in 40
    if not config.learn_vectors:
        assert np.allclose(np.linalg.norm(network.module_.songs, axis=1), 1, atol=1e-5)
    if config.cell != "gru":
        same_in_numpy_and_jax(network, circles[0])
    if config.cell == "attention":
        same_play_by_play(network, circles)


def test_play_by_play_is_the_whole_sequence(network: TasteNetwork, circles: Documents) -> None:
    same_play_by_play(network, circles)
    same_in_numpy_and_jax(network, circles[0])


def same_in_numpy_and_jax(network: TasteNetwork, codes: np.ndarray) -> None:
    """Whether answers, which NumPy gives, are those of the formulas that JAX trains."""
    layer = Layer.of(network.config)
    module, fixed = jax.tree.map(jax.numpy.asarray, (network.module_, network.fixed_))
    features = jax.numpy.zeros((len(codes), 1, len(module.context)))
    inputs = read(module, fixed, jax.numpy.asarray(codes)[:, None], features)
    expected = np.asarray(tastes(module, layer.along(module.layer, inputs)))[:, :, 0]
    along, state = network.tastes_along(codes), network.start()
    assert along.dtype == np.float32
    np.testing.assert_allclose(along, expected, atol=1e-4)
    for code in codes:
        state = network.play(state, np.array([code], np.int32))
    assert state.dtype == np.float32
    ends = layer.along(module.layer, inputs)[-1, 0]
    np.testing.assert_allclose(state[0, : network.config.hidden], ends, atol=1e-4)


def same_play_by_play(network: TasteNetwork, circles: Documents) -> None:
    """Whether plays one by one lead where whole sequences do."""
    documents = [circles[0], circles[1], circles[2]]
    states = network.start(3)
    for at in range(12):
        states = network.play(states, np.array([document[at] for document in documents], np.int32))
        for name in ("next", "soon"):
            whole = [network.tastes_along(document)[network.horizon(name)][at] for document in documents]
            assert np.allclose(network.taste(states, name), whole, atol=1e-4)
    assert np.allclose(
        network.scores_of(network.taste(states)[:1]), network.scores(documents[0], np.array([12])), atol=1e-4
    )
    same = network.play(states, np.array([-1, -1, -1], np.int32))
    assert np.array_equal(same, states)


def test_a_skip_pushes_the_song_and_its_like_away(network: TasteNetwork, circles: Documents) -> None:
    song = np.array([circles[0][5]], np.int32)
    skip = dataclasses.replace(context_of(circles, np.ones(len(circles.codes))).take(np.array([0])))
    before = network.play(network.start(), circles[0][:1])
    after = network.play(before, song, skip)
    change = network.scores_of(network.taste(after)) - network.scores_of(network.taste(before))
    assert change[0, song[0]] < 0
    assert change[0].argmin() == song[0]
    later = network.play(after, circles[0][1:2])
    d = network.module_.songs.shape[1]
    assert np.allclose(later[:, -d:], network.config.skip_memory * after[:, -d:], atol=1e-6)


def test_context_and_skips_are_learned(circles: Documents, vectors: SongVectors) -> None:
    """Half of the plays are skipped songs from elsewhere; what follows is decided by those that were not."""
    random = np.random.default_rng(3)
    rows, skipped = [], []
    for document in circles:
        for track in circles.track_ids[document]:
            if random.random() < 0.5:
                rows.append(f"s{random.integers(N_SONGS):02d}")
                skipped.append(1)
            rows.append(track)
            skipped.append(0)
    lengths = np.diff(
        np.searchsorted(np.cumsum(1 - np.array(skipped)), 12 * np.arange(len(circles) + 1), "right")
    )
    bounds = np.concatenate([[0], np.cumsum(lengths)])
    documents = Documents.from_lists([rows[a:b] for a, b in pairwise(bounds)])
    context = context_of(documents, np.array(skipped[: bounds[-1]]))
    documents = dataclasses.replace(documents, context=context)
    config = SMALL.model_copy(
        update={"horizons": (NEXT, SESSION, Horizon(name="days", days=1)), "epochs": 10}
    )
    network = TasteNetwork(config).fit(documents, vectors, seed=0)
    assert network.knows_skips_
    assert network.sources_ == ("album",)
    here = vectors.recoded(documents)
    assert here.context is not None
    right = []
    for number in range(50):
        codes, at = here[number], slice(here.offsets[number], here.offsets[number + 1])
        played = here.context.take(np.arange(at.start, at.stop))
        taste = network.tastes_along(codes, played)[0]
        guess = network.scores_of(taste).argmax(axis=1)
        wanted = np.flatnonzero(played.skipped[1:] == 0)
        right.append(guess[wanted][2:] == codes[wanted + 1][2:])
    assert np.concatenate(right).mean() > 0.6


def test_what_is_compiled_is_not_in_the_estimate(circles: Documents, vectors: SongVectors) -> None:
    """The first that is told begins the clock of what remains, so that nothing may be told before it."""
    told: list[float] = []

    class Shown:
        @contextmanager
        def task(self, what: str, total: float | None, unit: str) -> Generator[Advance]:
            yield told.append

        def step(self, what: str, number: int, total: int) -> None:
            pass

    with reporting(Shown()):
        TasteNetwork(SMALL.model_copy(update={"epochs": 2})).fit(circles, vectors, seed=5)
    assert told == [1, 1]


@pytest.mark.slow
def test_a_killed_run_goes_on_where_it_was(
    circles: Documents, vectors: SongVectors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = SMALL.model_copy(update={"epochs": 4})
    whole = TasteNetwork(config).fit(circles, vectors, seed=5)
    checkpoint = tmp_path / "checkpoint.npz"
    kept = training._keep

    def killed(*given: object) -> None:
        kept(*given)  # ty: ignore[invalid-argument-type]
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(training, "_keep", killed)
        TasteNetwork(config).fit(circles, vectors, seed=5, checkpoint=checkpoint)
    again = TasteNetwork(config).fit(circles, vectors, seed=5, checkpoint=checkpoint)
    assert again.curves_ == whole.curves_
    for one, other in zip(jax.tree.leaves(again.module_), jax.tree.leaves(whole.module_), strict=True):
        assert np.array_equal(one, other)
    with pytest.raises(SegueError, match="another run"):
        TasteNetwork(config).fit(circles, vectors, seed=6, checkpoint=checkpoint)


@pytest.mark.slow
def test_it_ends_after_the_epochs_that_are_known_beforehand(circles: Documents, vectors: SongVectors) -> None:
    whole = TasteNetwork(SMALL).fit(circles, vectors, seed=5)
    two = TasteNetwork(SMALL).fit(circles, vectors, epochs=2, seed=5)
    assert len(whole.curves_.training) == SMALL.epochs
    assert two.curves_.training == whole.curves_.training[:2]
    assert two.curves_.validation == []


def test_only_a_playlists_own_songs_are_no_negatives_of_what_follows(circles: Documents) -> None:
    lists = Documents.from_lists([["a", "b", "c", "d", "e"], ["a", "b", "a", "d", "e"]])
    assert training_places(lists, (NEXT,), (), 5).window_plain.tolist() == [True, False]
    timed = dataclasses.replace(circles, context=context_of(circles, np.zeros(len(circles.codes))))
    assert not training_places(timed, (NEXT,), (), 10).window_plain.any()
    batch = draw_batch(training_places(lists, (NEXT,), (), 5), np.arange(2), 5, jax.random.key(0))
    drawn = np.array([4, 1, 0, 1], np.int32)
    played = np.asarray(learning._played(batch, drawn))
    for at in range(5):
        assert played[at, 0].tolist() == np.isin(drawn, batch.codes[: at + 1, 0]).tolist()
    assert not played[:, 1].any()


def test_playlists_are_read_backwards_too_and_listening_is_not(circles: Documents) -> None:
    """What follows in a playlist read backwards is what was before, within the same reach."""
    lists = Documents.from_lists([[f"s{n:02d}" for n in range(30)], ["s01", "s02"]])
    places = training_places(lists, (NEXT, SOON), (), 10)
    batch = draw_batch(places, np.arange(4), 10, jax.random.key(1), backwards=1.0)
    codes, weights = np.asarray(batch.codes), np.asarray(batch.weights)
    number = np.array([int(track[1:]) for track in lists.track_ids])
    for row in range(4):
        ahead = number[codes[:, row]] - number[np.asarray(batch.targets)[:, :, row]]
        assert (ahead[0][weights[0, :, row] > 0] == 1).all()
        assert set(ahead[1][weights[1, :, row] > 0]) <= {1, 2, 3, 4, 5}
        assert weights[:, :, row].sum() == (20 if len(np.unique(codes[:, row])) == 10 else 2)
    timed = dataclasses.replace(circles, context=context_of(circles, np.zeros(len(circles.codes))))
    places = training_places(timed, (NEXT, SESSION), (), 10)
    one, other = (
        draw_batch(places, np.arange(4), 10, jax.random.key(1), backwards=share) for share in (0.0, 1.0)
    )
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.slow
def test_what_is_kept_is_an_average_over_the_steps(circles: Documents, vectors: SongVectors) -> None:
    one_step = circles.select(np.arange(16))
    last, average = (
        TasteNetwork(SMALL.model_copy(update={"epochs": 1, "ema_decay": decay}))
        .fit(one_step, vectors)
        .module_
        for decay in (0.0, 0.9)
    )
    np.testing.assert_allclose(average.head_bias, 0.75 * last.head_bias, rtol=1e-5)  # it began at 0


def test_it_stops_when_it_gets_no_better(circles: Documents, vectors: SongVectors) -> None:
    config = SMALL.model_copy(update={"epochs": 40, "patience": 1, "learning_rate": 0.05})
    rows = np.arange(len(circles))
    network = TasteNetwork(config).fit(
        circles.select(rows[20:]), vectors, validation=circles.select(rows[:20]), seed=0
    )
    assert len(network.curves_.training) < 40
    assert network.curves_.best == len(network.curves_.training) - 2


def test_it_comes_back_from_disk_whole(network: TasteNetwork, circles: Documents, tmp_path: Path) -> None:
    network.save(tmp_path / "network.npz")
    back = TasteNetwork.load(tmp_path / "network.npz")
    assert back.config == network.config
    assert back.curves_ == network.curves_
    lengths = np.array([3, 9])
    assert np.array_equal(back.scores(circles[0], lengths), network.scores(circles[0], lengths))
    with pytest.raises(FormatError, match="song vectors"):
        SongVectors.load(tmp_path / "network.npz")


def test_unseen_songs_are_read_and_predicted(
    network: TasteNetwork, vectors: SongVectors, circles: Documents
) -> None:
    longer = SongVectors(vectors.config)
    longer.__dict__.update(vectors.__dict__)
    twin = vectors.codes(["s07"])[0]
    longer._places = None
    longer.track_ids_ = np.append(vectors.track_ids_, "new")
    longer.artists_ = np.append(vectors.artists_, vectors.artists_[twin])
    longer.in_ = np.concatenate([vectors.in_, vectors.in_[twin : twin + 1]])
    longer.out_ = np.concatenate([vectors.out_, vectors.out_[twin : twin + 1]])
    longer.counts_ = np.append(vectors.counts_, 0)
    extended = network.extended(longer)
    codes = circles[0]
    before, after = (n.scores(codes, np.array([5])) for n in (network, extended))
    assert after.shape == (1, N_SONGS + 1)
    assert np.allclose(after[:, :-1], before, atol=1e-5)
    state = extended.play(extended.start(), np.array([N_SONGS], np.int32))
    assert np.isfinite(extended.taste(state)).all()


def test_mistakes_are_named(network: TasteNetwork, circles: Documents, vectors: SongVectors) -> None:
    with pytest.raises(UsageError, match="next, soon"):
        network.horizon("never")
    with pytest.raises(SegueError, match="sessions"):
        TasteNetwork(SMALL.model_copy(update={"horizons": (SESSION,)})).fit(circles, vectors)
    with pytest.raises(ValidationError, match="exactly one"):
        Horizon(name="both", songs=1, days=2)
    with pytest.raises(ValidationError, match="one name"):
        TasteNetworkConfig(horizons=(NEXT, SOON, NEXT))
    with pytest.raises(SegueError, match="two songs"):
        TasteNetwork(SMALL).fit(Documents.from_lists([["s00"], ["s01"]]), vectors)


def test_the_module_names_what_is_learned(network: TasteNetwork) -> None:
    assert network.table().vectors.shape == (N_SONGS, 16)
