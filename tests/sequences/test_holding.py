from __future__ import annotations

import numpy as np

from segue.sequences.documents import Documents
from segue.sequences.holding import set_aside


def test_every_document_is_in_one_part_and_copies_are_together() -> None:
    random = np.random.default_rng(0)
    rows = [[f"s{n}" for n in random.integers(50, size=8)] for _ in range(200)]
    documents = Documents.from_lists(rows * 2)
    parts = set_aside(documents, stop=0.1, choose=0.2, seed=3)
    assert [len(part) for part in parts] == [280, 40, 80]
    names = [set(part.names) for part in parts]
    assert names[0] | names[1] | names[2] == set(documents.names)
    songs = [{tuple(document) for document in part} for part in parts]
    assert not songs[0] & songs[1] and not songs[0] & songs[2] and not songs[1] & songs[2]
    again = set_aside(documents, stop=0.1, choose=0.2, seed=3)
    assert all(list(one.names) == list(other.names) for one, other in zip(parts, again, strict=True))
    other = set_aside(documents, stop=0.1, choose=0.2, seed=4)
    assert list(other.choose.names) != list(parts.choose.names)


def test_nothing_may_be_asked_for() -> None:
    documents = Documents.from_lists([["a", "b"], ["b", "c"], ["c", "a"]])
    parts = set_aside(documents, stop=0.0, choose=0.0, seed=0)
    assert [len(part) for part in parts] == [3, 0, 0]
