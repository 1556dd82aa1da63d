"""Titles of playlists: spelling, shares against a plain loop, and what a title stands for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from segue.factors.ngrams import NGrams
from segue.factors.titles import ALIKE, KIND, Titles, TitlesConfig
from segue.shelf.arrays import load_arrays, save_arrays

TITLES = ["Rainy Sunday", "rainy sundays", "Sunday rain", "GYM", "gym!!!", "Workout at the gym", None, "  "]
ARTISTS = ["Kesha", "Kesha", "Adele", "Adele", None, "Motörhead"]


def holding(seed: int = 0) -> csr_matrix:
    rng = np.random.default_rng(seed)
    return csr_matrix((rng.random((len(TITLES), len(ARTISTS))) < 0.5).astype(np.float32))


@pytest.fixture
def titles() -> Titles:
    return Titles(TitlesConfig(tracks=len(ARTISTS))).fit(TITLES, holding(), ARTISTS)


def test_spelling_makes_titles_alike():
    grams = NGrams().fit(["rainy sunday", "gym", "motorhead", "kesha"])
    vectors = grams.vectors(["Rainy Sunday!", "rainy sundays", "GYM", "Motörhead", "xqz", ""]).toarray()
    known = grams.vectors(["rainy sunday", "gym", "motorhead"]).toarray()
    alike = vectors @ known.T
    assert alike[0, 0] == pytest.approx(1) and alike[2, 1] == pytest.approx(1)
    assert alike[3, 2] == pytest.approx(1)
    assert ALIKE < alike[1, 0] < 1
    assert not vectors[4].any() and not vectors[5].any()


def test_shares_are_as_they_are_defined(titles):
    c, held = titles.config, holding().toarray() > 0
    asked = "kesha on a rainy gym sunday"
    place = titles.places_.tolist()
    assert place == [0, 1, 2, 3, 4, 5]  # who have a title
    grams = NGrams().fit([TITLES[at] for at in place])
    names = sorted({artist for artist in ARTISTS if artist})
    artists = NGrams().fit(names)
    popularity = held.mean(0)
    alike = (grams.vectors([asked]) @ grams.vectors([TITLES[at] for at in place]).T).toarray()[0]
    near = (artists.vectors([asked]) @ artists.vectors(names).T).toarray()[0]
    shares = []
    for track, artist in enumerate(ARTISTS):
        above, below = c.prior * popularity[track], c.prior
        for at, likeness in zip(place, alike, strict=True):
            above += likeness**c.power * held[at, track]
            below += likeness**c.power
        for name, likeness in zip(names, near, strict=True):
            below += c.artists * likeness**c.artists_power
            if name == artist:
                largest = max(popularity[t] for t, other in enumerate(ARTISTS) if other == name)
                own = np.sqrt(popularity[track] / largest) if largest else 0
                above += c.artists * likeness**c.artists_power * own
        shares.append(above / below)
    expected = np.array(shares) / sum(shares)
    np.testing.assert_allclose(titles.imagined([asked]).toarray()[0], expected, atol=1e-5)


def test_only_the_largest_shares_stay():
    few = Titles(TitlesConfig(tracks=2)).fit(TITLES, holding(), ARTISTS)
    row = few.imagined(["gym", "rainy sunday"])
    assert np.diff(row.indptr).tolist() == [2, 2]
    np.testing.assert_allclose(row.sum(axis=1), 1, atol=1e-6)


def test_a_playlist_does_not_speak_for_itself(titles):
    others = Titles(titles.config).fit(
        [t if at != 3 else None for at, t in enumerate(TITLES)], holding(), ARTISTS
    )
    alike, shown = titles.holding("GYM", own=3)
    of_others, shown_of_others = others.holding("GYM")
    np.testing.assert_allclose(alike.toarray(), of_others.toarray())
    assert shown == shown_of_others == ["gym!!!"]
    assert not np.array_equal(titles.imagined(["GYM"]).toarray(), titles.imagined(["GYM"], [3]).toarray())
    by_hand = holding().toarray()[4]  # "gym!!!" is the one that is called alike
    assert np.array_equal(alike.toarray(), by_hand[None])


def test_titles_of_owned_playlists_are_not_shown():
    private = np.array([False] * 4 + [True] + [False] * 3)
    owned = Titles().fit(TITLES, holding(), ARTISTS, private)
    alike, shown = owned.holding("gym")
    assert shown == ["GYM", None] and alike.shape[0] == 2
    owned.forget(3)
    assert owned.holding("gym")[1] == [None]


def test_what_is_known_of_a_title(titles):
    assert titles.known("gymnastics") and titles.known("kesha")
    assert not titles.known("xqz") and not titles.known("🎄") and not titles.known("")


def test_nothing_is_known_of_some_titles(titles):
    rows = titles.imagined(["xqz", "gym", ""])
    assert np.diff(rows.indptr)[[0, 2]].tolist() == [0, 0] and rows[1].nnz


def test_who_is_named(titles):
    assert titles.named("KESHA!").tolist() == [True, True, False, False, False, False]
    assert titles.named("best of motorhead").tolist() == [False] * 5 + [True]
    assert not titles.named("gym").any() and not titles.named("keshas").any()


def test_rows_are_asked_with_a_part_for_the_title(titles):
    rows = csr_matrix(np.array([[4.0, 0, 1, 0, 0, 0], [0] * 6, [0, 1, 0, 0, 0, 0]], np.float32))
    asked = titles.asked(rows, titles.imagined(["gym", "gym", "xqz"]))
    extra = np.asarray((asked - rows).sum(axis=1)).ravel()
    weight = titles.config.weight
    np.testing.assert_allclose(extra, [4 * weight, weight, 0], atol=1e-5)


def test_it_is_saved_and_forgets(titles, tmp_path: Path):
    titles.save(tmp_path / "titles.npz")
    again = Titles.load(tmp_path / "titles.npz")
    asked = ["gym", "kesha sunday"]
    assert np.array_equal(again.named("kesha"), titles.named("kesha"))
    np.testing.assert_array_equal(again.imagined(asked).toarray(), titles.imagined(asked).toarray())
    again.forget(4)
    assert again.places_.tolist() == [0, 1, 2, 3, 4]  # 5 has moved up
    texts = [TITLES[at] for at in (0, 1, 2, 3, 5)]
    held = csr_matrix(holding().toarray()[[0, 1, 2, 3, 5]])
    assert np.array_equal(again.holds_.toarray(), held.toarray())
    assert len(again) == len(texts) == len(again.shown_)


def test_what_an_earlier_version_saved_is_read(titles, tmp_path: Path):
    titles.save(tmp_path / "new.npz")
    facts, arrays = load_arrays(tmp_path / "new.npz", KIND)
    older = {name: array for name, array in arrays.items() if name not in ("decades_", "shown")}
    save_arrays(tmp_path / "titles.npz", KIND, facts, older)
    again = Titles.load(tmp_path / "titles.npz")
    np.testing.assert_array_equal(again.imagined(["gym"]).toarray(), titles.imagined(["gym"]).toarray())
    assert again.holding("gym")[1] == [None, None]


def test_a_large_library_keeps_some():
    some = Titles(TitlesConfig(most=3)).fit(TITLES, holding(), ARTISTS)
    assert len(some) == 3 and not some.enough
    assert Titles(TitlesConfig(fewest=3, most=3)).fit(TITLES, holding(), ARTISTS).enough
