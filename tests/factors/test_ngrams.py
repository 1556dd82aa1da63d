"""Titles as vectors: which words count, and how much."""

from __future__ import annotations

import numpy as np
import pytest

from segue.factors.ngrams import NGrams

TITLES = [
    *(
        "90s hip hop",
        "hip hop",
        "workout",
        "rap workout",
        "workout mix",
        "80s rock",
        "90s rock",
        "party rock",
    ),
    *("gym", "chill", "rainy day", "study beats", "road trip", "country", "oldies", "summer 2016"),
]


@pytest.fixture
def grams() -> NGrams:
    return NGrams().fit(TITLES)


def nearest(grams: NGrams, asked: str) -> list[str]:
    alike = (grams.vectors(TITLES) @ grams.vectors([asked]).T).toarray()[:, 0]
    return [TITLES[at] for at in np.argsort(-alike, kind="stable")]


def test_a_long_word_does_not_outweigh_short_ones(grams: NGrams):
    found = nearest(grams, "90s hip hop workout")
    assert found[:2] == ["90s hip hop", "hip hop"]
    alike = (grams.vectors(["90s", "workout"]) @ grams.vectors(["90s workout"]).T).toarray()[:, 0]
    assert alike[0] == pytest.approx(alike[1], rel=0.15)


@pytest.mark.parametrize("written", ["90's rock", "1990s rock", "'90s Rock", "nineties rock"])
def test_a_decade_is_one_word_however_it_is_written(grams: NGrams, written: str):
    assert (grams.vectors([written]) @ grams.vectors(["90s rock"]).T).toarray()[0, 0] == pytest.approx(1)
    assert nearest(grams, f"best of {written}")[0] == "90s rock"


def test_vectors_have_length_one_or_none(grams: NGrams):
    made = grams.vectors(["90s gym gym", "xqzw", "", "a", "gym xqzw"])
    length = np.sqrt(np.asarray(made.multiply(made).sum(axis=1)).ravel())
    np.testing.assert_allclose(length, [1, 0, 0, 1 if made[3].nnz else 0, 1], atol=1e-6)
    assert NGrams().fit([]).vectors(["gym"]).nnz == 0
    assert NGrams().fit(TITLES).vectors([]).shape == (0, len(grams.grams_))
