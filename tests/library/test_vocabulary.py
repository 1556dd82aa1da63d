"""Ids and numbers, both ways, few and many at a time."""

from __future__ import annotations

import pyarrow as pa
import pytest

from segue.library.vocabulary import Vocabulary


def test_ids_and_numbers() -> None:
    ids = [f"t{n}" for n in range(100)]
    tracks = Vocabulary(ids)
    assert len(tracks) == 100 and list(tracks) == ids and tracks == Vocabulary(ids)
    assert tracks["t7"] == 7 and "t7" in tracks and "x" not in tracks
    for asked in (["t3", "x", "t99"], ids[::-1]):  # few, and many
        expected = [ids.index(each) if each in ids else -1 for each in asked]
        assert tracks.numbers(asked).tolist() == expected
        assert tracks.numbers(pa.array(asked)).tolist() == expected
        assert tracks.numbers(pa.chunked_array([asked])).tolist() == expected
    assert tracks.numbers([]).tolist() == []
    with pytest.raises(KeyError):
        tracks["x"]
