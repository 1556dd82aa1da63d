"""A reason names what a track has something to do with."""

import numpy as np

from segue.playlists.reasons import telling


def test_what_a_track_shares_nothing_with_is_no_reason() -> None:
    """A guest named a rap song and a rare metal song; factors of the rare one tell little."""
    parts = np.array([[0.9, -0.01], [0.9, 0.1], [0.5, 0.5], [0.9, 0.05]])
    alike = np.array([[-0.02, 0.9], [-0.02, 0.87], [0.8, 0.05], [-0.01, 0.03]])
    own = np.array([[False, True], [False, True], [True, False], [False, False]])
    told = telling(parts, own, alike)
    assert told[:2] == [[1], [1]], "metal is there because of the metal song, whatever the factors add"
    assert told[2] == [0], "what is unlike it is named beside nothing"
    assert told[3] == [0], "most of the score is the reason where nothing is near"


def test_what_is_faint_beside_a_play_of_the_taste_is_no_reason() -> None:
    parts, alike = np.array([[0.8, 0.01, 0.19]]), np.array([[0.6, 0.9, 0.1]])
    assert telling(parts, np.array([[True, True, False]]), alike) == [[0]]


def test_where_nothing_stands_out_none_is_named() -> None:
    parts, alike = np.full((1, 4), 0.25), np.zeros((1, 4))
    assert telling(parts, np.zeros((1, 4), bool), alike - 0.1) == [[]]
