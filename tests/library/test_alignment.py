"""The matching of tellings, against all matchings there are."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest

from segue.library import alignment
from segue.library.alignment import Tellings, _likeness, align

MINUTE = 60_000


TYPES = dict.fromkeys(Tellings._fields[:7], np.int64) | {"ended": bool, "scrobbled": bool}


def _columns(rows: list[tuple[int, bool, int, int, int, int]], scrobbled: int = -1) -> dict[str, np.ndarray]:
    """Of rows (rank, ended, unit, begun, played, track); the source of which rank is a scrobbler."""
    columns = zip(*((*row, row[0] == scrobbled) for row in rows), strict=True)
    return {name: np.array(next(columns), kind) for name, kind in TYPES.items()} | {
        "turn": np.zeros(len(rows))
    }


def _best(rows: list, likeness) -> float:
    """The largest total likeness of two sources' tellings in the order of time, by trying everything."""
    first = [n for n, row in enumerate(rows) if row[0] == 0]
    second = [n for n, row in enumerate(rows) if row[0] == 1]

    @lru_cache
    def best(i: int, j: int) -> float:
        if i == len(first) or j == len(second):
            return 0.0
        worth = likeness(first[i], second[j])
        matched = worth + best(i + 1, j + 1) if worth > 0 else 0.0
        return max(matched, best(i + 1, j), best(i, j + 1))

    return best(0, 0)


@pytest.mark.parametrize("seed", range(30))
def test_two_sources_are_matched_as_well_as_can_be(seed: int) -> None:
    rng = np.random.default_rng(seed)
    ended, unit = bool(seed % 2), (1_000, MINUTE)[seed % 3 == 0]
    rows = []
    for rank, at_end, exact in ((0, False, 1_000), (1, ended, unit)):
        times = np.sort(rng.integers(0, 6 * MINUTE, rng.integers(1, 9)))
        rows += [
            (rank, at_end, exact, int(t) // exact * exact, 200_000 if at_end else -1, int(rng.integers(2)))
            for t in times
        ]
    rows.sort(key=lambda row: (row[0], row[3], row[4], row[5]))
    columns = _columns(rows)
    order = np.arange(len(rows))
    told = Tellings(**{name: columns[name] for name in TYPES}, by_time=order, by_length=order)

    def likeness(a: int, b: int) -> float:
        return float(_likeness(told, a, b, (int(told.played[a]), False), 200_000))

    plays = align(columns, np.zeros(len(rows), np.int64))
    total = sum(likeness(play, n) for n, play in enumerate(plays) if play != n)
    assert total == pytest.approx(_best(rows, likeness))
    assert max(np.bincount(plays)) <= 2


def test_equal_ends_and_lengths_go_first() -> None:
    """Two short plays in a minute, told in whole minutes: each is matched with the one of its length."""
    exact = [(0, True, 1_000, 7_000, 3_000, 0), (0, True, 1_000, 21_000, 20_000, 0)]
    minutes = [(1, True, MINUTE, -3_000, 3_000, 0), (1, True, MINUTE, -20_000, 20_000, 0)]
    assert align(_columns(exact + minutes), np.zeros(4, np.int64)).tolist() == [0, 1, 0, 1]


def test_a_scrobble_is_no_play_that_was_too_short_for_one() -> None:
    """The scrobbler's play is another, which the source of short plays lacks."""
    scrobbles = [(0, False, 1_000, 20_000, -1, 0), (0, False, 1_000, 220_000, -1, 0)]
    all_plays = [(1, True, MINUTE, 0, 12_000, 0), (1, True, MINUTE, 190_000, 200_000, 0)]
    assert align(_columns(scrobbles + all_plays, 0), np.zeros(4, np.int64)).tolist() == [0, 1, 2, 1]
    # all that was ever heard of a short song
    assert align(_columns([scrobbles[0], all_plays[0]], 0), np.zeros(2, np.int64)).tolist() == [0, 0]
    # a source of which nothing is known may tell of short plays
    assert align(_columns(scrobbles + all_plays), np.zeros(4, np.int64)).tolist() == [0, 1, 0, 1]


@pytest.mark.parametrize("at_end", [True, False])
def test_within_a_minute_plays_are_in_the_order_in_which_they_can_have_been(at_end: bool) -> None:
    """A short play and a long one follow each other, told to the second and by a source of minutes."""
    rows = [(0, False, 1_000, 49_000, -1, 0), (0, False, 1_000, 67_000, -1, 0)]
    if at_end:  # they ended in the first minute and in the sixth: the long one seems to begin before
        rows += [(1, True, MINUTE, 42_000, 18_000, 0), (1, True, MINUTE, 20_600, 339_400, 0)]
    else:
        rows += [(1, False, MINUTE, 60_000, 18_000, 0), (1, False, MINUTE, 60_000, 339_400, 0)]
    for order in ([0, 1, 2, 3], [0, 1, 3, 2]):
        plays = align(_columns([rows[n] for n in order]), np.zeros(4, np.int64))
        assert {order[n]: order[play] for n, play in enumerate(plays)} == {0: 0, 1: 1, 2: 0, 3: 1}


def test_how_long_a_play_was_heard_counts_whoever_told_it() -> None:
    """A start, its end and the time heard, and another source's starts with times heard."""
    rows = [(0, False, 1_000, 60_000, -1, 0), (1, True, MINUTE, 30_000, 40_000, 0)]
    rows += [(2, False, MINUTE, 60_000, 200_000, 0), (2, False, MINUTE, 60_000, 40_000, 0)]
    assert align(_columns(rows), np.zeros(4, np.int64)).tolist() == [0, 0, 2, 0]


def test_clusters_and_the_order_of_rows_do_not_matter() -> None:
    rng = np.random.default_rng(3)
    rows = [(rank, False, 1_000, 200_000 * n + 900 * rank, -1, 0) for n in range(40) for rank in range(3)]
    shuffled = rng.permutation(len(rows))
    plays = align(_columns([rows[n] for n in shuffled]), (shuffled // 3 // 10).astype(np.int64))
    assert len(set(plays)) == 40
    assert all(shuffled[n] // 3 == shuffled[play] // 3 for n, play in enumerate(plays))


def test_a_play_that_one_source_lacks_does_not_shift_the_others() -> None:
    loop = [(0, False, 1_000, 40_000 * n, -1, 0) for n in range(20) if n != 5]
    other = [(1, False, 1_000, 40_000 * n + 1_000, -1, 0) for n in range(20) if n != 12]
    plays = align(_columns(loop + other), np.zeros(38, np.int64))
    assert len(set(plays)) == 20


def test_what_is_compiled_finds_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    for hours in (1, 10):
        rank = rng.integers(0, 4, 250)
        columns = {
            "rank": rank,
            "ended": rank % 2 == 0,
            "unit": np.where(rank == 1, MINUTE, 1_000),
            "begun": rng.integers(0, hours * 60 * MINUTE, 250),
            "played": rng.choice([-1, 3_000, 200_000, 201_000], 250),
            "track": rng.integers(0, 2, 250),
            "scrobbled": rank == 3,
            "turn": rng.integers(0, 3, 250),
        }
        cluster = rng.integers(0, 3, 250)
        plain = align(columns, cluster)
        with monkeypatch.context() as patch:
            patch.setattr(alignment, "FEW", 0)
            assert align(columns, cluster).tolist() == plain.tolist()


def test_a_play_that_others_told_as_well_may_have_been_too_short_for_the_scrobbler_it_was_matched_with() -> (
    None
):
    """A skip and the play that follows at once; the scrobbler's clock is nearer to the skip."""
    scrobbles, log = (
        [(0, False, 1_000, 121_000, -1, 0)],
        [(1, False, 1_000, at, -1, 0) for at in (121_000, 126_000)],
    )
    minutes = [(2, False, MINUTE, 120_000, ms, 0) for ms in (3_000, 200_000)]
    assert align(_columns(scrobbles + log + minutes, 0), np.zeros(5, np.int64)).tolist() == [0, 0, 2, 0, 2]


def test_within_a_unit_the_longest_is_at_its_edge_and_the_others_are_in_the_order_of_the_source() -> None:
    starts = [(0, False, 1_000, at, -1, 0) for at in (2_000, 20_000, 25_000)]
    minutes = [(1, False, MINUTE, 0, ms, 0) for ms in (200_000, 18_000, 3_000)]
    columns = _columns(starts + minutes)
    columns["turn"][3:] = 3, 1, 2
    assert align(columns, np.zeros(6, np.int64)).tolist() == [0, 1, 2, 2, 0, 1]
    columns["turn"][3:] = 1, 2, 3  # what is longer than a minute came last, whatever the source says
    assert align(columns, np.zeros(6, np.int64)).tolist() == [0, 1, 2, 2, 0, 1]


def test_nothing_is_nothing() -> None:
    empty = {name: np.empty(0, kind) for name, kind in TYPES.items()} | {"turn": np.empty(0)}
    assert len(align(empty, np.empty(0, np.int64))) == 0
