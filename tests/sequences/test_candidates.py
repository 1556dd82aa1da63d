"""What a ranker is told of candidates, and how it changes the blend's order."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from segue.ranking.ranker import Ranker
from segue.sequences.candidates import Candidates
from segue.sequences.documents import Documents
from segue.sequences.second_stage import reordered

# Songs 0 to 5: the first two are of artist 0, the next of 1 and 0, the last two of nobody that is known.
ARTIST = [0, 0, 1, 0, 2, 2]
NAMES = ("one", "two")


@pytest.fixture
def candidates() -> Candidates:
    documents = Documents.from_lists([["a", "b", "c", "d", "e", "f"], ["a", "b"], ["a"]])
    table = SimpleNamespace(vectors=np.eye(6, dtype=np.float32))
    network = SimpleNamespace(
        table=lambda: table, fixed_=SimpleNamespace(artist_of=np.array(ARTIST)), artists_=["x", "y"]
    )
    parts: Any = SimpleNamespace(network=network, documents=documents, names=NAMES)
    return Candidates(parts)


def said(*rows: list[float]) -> dict[str, np.ndarray]:
    return {name: np.array(row, np.float32) for name, row in zip(NAMES, rows, strict=True)}


def test_songs_of_the_prefix_are_no_candidates(candidates: Candidates) -> None:
    scores = np.array([9, 1, 5, 3, 4, 2], np.float32)
    found = candidates.find(np.array([0, 4], np.int32), scores, 3)
    assert found.tolist() == [2, 3, 5]
    # A song beyond those that the parts know is neither a candidate nor in the way.
    assert candidates.find(np.array([7], np.int32), np.append(scores, 99), 2).tolist() == [0, 2]


def test_features_say_what_they_are_called(candidates: Candidates) -> None:
    prefix, found = np.array([2, 0, 1], np.int32), np.array([3, 4], np.int32)
    logs = said([-9, -9, -9, -2, -1, -9], [-9, -9, -9, -1, -4, -9])
    rows = candidates.features(prefix, found, logs, logs["one"] + logs["two"])
    assert rows.shape == (2, len(candidates.names))
    told = [dict(zip(candidates.names, row.tolist(), strict=True)) for row in rows]
    by_artist, unknown = told
    assert [each["one: log p"] for each in told] == [-1, 0]
    assert [each["one: rank"] for each in told] == pytest.approx([np.log(2), 0])
    assert [each["two: rank"] for each in told] == pytest.approx([0, np.log(2)])
    assert [each["blend: log p"] for each in told] == [0, -2]
    assert by_artist["parts with it in their 10"] == 2
    assert by_artist["popularity"] == pytest.approx(np.log(2))
    assert by_artist["popularity less the recent songs'"] == pytest.approx(
        np.log(2) - np.log([2, 4, 3]).mean()
    )
    # Song 3 is by the artist of the last two songs; song 4 by nobody known, who is nobody else.
    assert (by_artist["last song's artist"], by_artist["artist's run"]) == (1, 2)
    assert by_artist["artist's share"] == pytest.approx(2 / 3)
    assert by_artist["songs since the artist"] == 0
    assert (unknown["last song's artist"], unknown["artist's run"], unknown["artist's share"]) == (0, 0, 0)
    assert unknown["songs since the artist"] == pytest.approx(np.log1p(3))
    assert by_artist["songs so far"] == pytest.approx(np.log(3))
    assert by_artist["artists to a song"] == pytest.approx(2 / 3)


def test_of_a_prefix_that_nobody_knows_there_are_features_too(candidates: Candidates) -> None:
    logs = said([0.0] * 6, [0.0] * 6)
    rows = candidates.features(np.array([8], np.int32), np.array([1, 2], np.int32), logs, logs["one"])
    assert np.isfinite(rows).all()


def test_the_same_scores_are_handed_out_in_the_rankers_order(candidates: Candidates) -> None:
    class Backwards(Ranker):
        def scores(self, features: np.ndarray, before: np.ndarray | None = None) -> np.ndarray:
            return -features[:, candidates.names.index("blend: log p")]

    scores = np.array([9, 1, 5, 3, 4, 2], np.float32)
    logs = said([0.0] * 6, [0.0] * 6)
    out = reordered(Backwards(), candidates, np.array([0], np.int32), logs, scores, 3)
    # 2, 4 and 3 were the best that are open, with 5, 4 and 3.
    assert out.tolist() == [9, 1, 3, 5, 4, 2]
    assert scores.tolist() == [9, 1, 5, 3, 4, 2]
