from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from segue.errors import FormatError, NotFoundError, UsageError
from segue.factors.ease import EASE
from segue.factors.folded import FactorScores
from segue.ranking.config import RankerConfig
from segue.ranking.lists import Gatherer
from segue.ranking.ranker import Ranker
from segue.sequences.blend import SequenceBlend
from segue.sequences.blend_config import SequenceBlendConfig
from segue.sequences.blend_names import outlives
from segue.sequences.blend_parts import BlendParts
from segue.sequences.documents import Documents
from segue.sequences.network_config import TasteNetworkConfig
from segue.sequences.recent import RecentRows, prefix_rows
from segue.sequences.unseen import TrackFacts, extend
from segue.sequences.vectors import SongVectors, SongVectorsConfig

N_SONGS = 40
SMALL = SequenceBlendConfig(
    network=TasteNetworkConfig(hidden=16, negatives=32, length=10, batch=32, epochs=3, learning_rate=1e-2)
)


@pytest.fixture(scope="module")
def circles() -> Documents:
    """Songs follow each other in a circle, forwards or backwards."""
    random = np.random.default_rng(0)
    rows = []
    for _ in range(300):
        start, step = random.integers(N_SONGS), random.choice([-1, 1])
        rows.append([f"s{(start + step * k) % N_SONGS:02d}" for k in range(12)])
    return Documents.from_lists(rows, artists={f"s{n:02d}": f"artist {n // 4}" for n in range(N_SONGS)})


@pytest.fixture(scope="module")
def vectors(circles: Documents) -> SongVectors:
    return SongVectors(SongVectorsConfig(dim=8, window=3, epochs=5)).fit(circles)


@pytest.fixture(scope="module")
def blend(circles: Documents, vectors: SongVectors) -> SequenceBlend:
    return SequenceBlend(SMALL).fit(circles, vectors)


def test_a_prefix_is_a_row_whose_late_songs_weigh_more() -> None:
    rows = prefix_rows(np.array([3, 1, 0], np.int32), np.array([1, 3]), 5, 0.5).toarray()
    assert rows.tolist() == [[0, 0, 0, 1, 0], [1, 0.5, 0, 0.25, 0]]


def test_a_matrix_model_is_asked_by_the_prefix(circles: Documents) -> None:
    scorer = RecentRows(EASE(), 0.9).fit(circles)
    row = csr_matrix((np.array([0.9, 1.0], np.float32), ([0, 0], [2, 5])), shape=(1, circles.n_tracks))
    expected = scorer.model.scores(row)
    np.testing.assert_allclose(scorer.scores(np.array([2, 5], np.int32), np.array([2])), expected, rtol=1e-5)


def test_the_blend_is_no_worse_than_its_parts_where_weights_were_chosen(blend: SequenceBlend) -> None:
    for purpose in ("next", "soon"):
        reached = dict(blend.validation_[purpose])
        whole = reached.pop("blend")
        assert set(reached) == {"network next", "network soon", "near", "far", "items", "ease", "factors"}
        assert whole >= max(reached.values()) - 1e-9
        assert sum(blend.weights_[purpose].values()) == pytest.approx(1, abs=1e-3)


def test_what_follows_in_the_circle_comes_first(blend: SequenceBlend) -> None:
    place = {track: code for code, track in enumerate(blend.track_ids_)}
    codes = np.array([place[f"s{n:02d}"] for n in (3, 4, 5, 6)], np.int32)
    scores = blend.scores(codes, np.array([4]))[0]
    scores[codes] = -np.inf
    assert blend.track_ids_[scores.argmax()] == "s07"
    soon = blend.scores(codes, np.array([4]), "soon")[0]
    assert soon.shape == scores.shape
    with pytest.raises(UsageError, match="no such purpose"):
        blend.scores(codes, np.array([4]), "never")  # type: ignore[arg-type]


def test_a_listeners_state_gives_the_scores_of_the_sequence(blend: SequenceBlend) -> None:
    codes, states = np.array([3, 8, 2], np.int32), blend.start()
    for code in codes.tolist():
        states = blend.play(states, code)
    expected = blend.scores(codes, np.array([3]))[0]
    np.testing.assert_allclose(blend.scores_after(codes, states[0]), expected, atol=1e-4)
    assert np.isfinite(blend.scores_after(codes[:0], blend.start()[0])).all()


def _no_fit(*_: object) -> None:
    raise AssertionError("what was learned is read, not learned again")


def test_it_comes_back_from_disk_and_forgets(
    blend: SequenceBlend, circles: Documents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blend.save(tmp_path / "blend")
    with monkeypatch.context() as patched:
        patched.setattr(EASE, "fit", _no_fit)
        patched.setattr(FactorScores, "fit", _no_fit)
        back = SequenceBlend.load(tmp_path / "blend")
    codes, lengths = np.array([1, 2, 3], np.int32), np.array([1, 3])
    np.testing.assert_allclose(back.scores(codes, lengths), blend.scores(codes, lengths), atol=1e-5)
    assert back.weights_ == blend.weights_
    assert back.forget("7")
    assert not back.forget("7")
    back.save(tmp_path / "blend")
    assert b'"7"' not in (tmp_path / "blend" / "blend.npz").read_bytes()
    with pytest.raises(NotFoundError):
        SequenceBlend.load(tmp_path / "nothing")
    (tmp_path / "blend" / "blend.npz").write_bytes(b"x")
    with pytest.raises(FormatError):
        SequenceBlend.load(tmp_path / "blend")


def test_given_weights_are_taken_and_parts_left_out(circles: Documents, vectors: SongVectors) -> None:
    weights = {purpose: {"network next": 1.0, "near": 0.5} for purpose in ("next", "soon")}
    network = SMALL.network.model_copy(update={"epochs": 1})
    config = SMALL.model_copy(update={"weights": weights, "ease": None, "network": network})
    given = SequenceBlend(config).fit(circles, vectors)
    assert given.weights_ == weights
    assert given.validation_ == {}


def test_of_too_little_all_parts_weigh_alike(tmp_path: Path) -> None:
    few = Documents.from_lists([["a", "b", "c"]] * 6)
    vectors = SongVectors(SongVectorsConfig(dim=4, epochs=2)).fit(few)
    blend = SequenceBlend(SMALL).fit(few, vectors)
    assert blend.validation_ == {}
    assert len(set(blend.weights_["next"].values())) == 1
    blend.save(tmp_path)
    assert SequenceBlend.load(tmp_path).weights_ == blend.weights_


def test_a_second_stage_reorders_the_head_alone_and_comes_back_from_disk(
    blend: SequenceBlend, tmp_path: Path
) -> None:
    random = np.random.default_rng(0)
    whole = copy.copy(blend)
    # Where there is a second stage, all parts are asked, those without weight too.
    whole._take(BlendParts(blend.config, blend.network_, blend._parts.documents))
    plain = whole.without_second_stage()
    names = whole._candidates.names
    gatherer = Gatherer(names)
    for owner in range(30):
        features = random.normal(size=(12, len(names))).astype(np.float32)
        wanted = features[:, -2] >= np.sort(features[:, -2])[-2]
        gatherer.add(features, wanted, features[:, 0], to_find=2, owner=owner)
    ranked = copy.copy(whole)
    ranked.config = blend.config.model_copy(update={"candidates": 8})
    ranked._rankers = {"next": Ranker(RankerConfig(trees=5, min_leaf=5)).fit(gatherer.lists())}
    codes, lengths = np.array([1, 2, 3], np.int32), np.array([2, 3])
    before, after = plain.scores(codes, lengths), ranked.scores(codes, lengths)
    for row, length in enumerate(lengths):
        head = whole._candidates.find(codes[:length], before[row], 8)
        rest = np.setdiff1d(np.arange(N_SONGS), head)
        assert np.array_equal(before[row, rest], after[row, rest])
        assert sorted(before[row, head]) == sorted(after[row, head])
    assert np.array_equal(plain.scores(codes, lengths, "soon"), ranked.scores(codes, lengths, "soon"))
    state = ranked.network_.start()
    for code in codes:
        state = ranked.network_.play(state, np.array([code], np.int32))
    np.testing.assert_allclose(ranked.scores_after(codes, state[0]), after[1], atol=1e-4)
    ranked.save(tmp_path / "blend")
    back = SequenceBlend.load(tmp_path / "blend")
    np.testing.assert_allclose(back.scores(codes, lengths), after, atol=1e-5)
    assert back.ranking_ == ranked.ranking_


def test_of_songs_it_was_not_trained_on_the_network_speaks(
    blend: SequenceBlend, vectors: SongVectors
) -> None:
    facts = TrackFacts(
        np.array(["s04", "new"], dtype=object),
        np.array(["artist 1"] * 2, dtype=object),
        np.array([None] * 2, dtype=object),
        np.zeros((2, 0), np.float32),
    )
    longer = blend.extended(extend(vectors, facts))
    codes, lengths = np.array([N_SONGS, 4, 5], np.int32), np.array([1, 3])
    scores = longer.scores(codes, lengths)
    assert scores.shape == (2, N_SONGS + 1)
    assert np.isfinite(scores).all()
    assert len(blend.track_ids_) == N_SONGS


def test_a_blend_of_one_persons_documents_does_not_outlive_them(blend: SequenceBlend, tmp_path: Path) -> None:
    blend.save(tmp_path)
    names = blend.listeners_
    assert outlives(tmp_path, names[:1]) is (len(names) > 1)
    assert not outlives(tmp_path, names)
