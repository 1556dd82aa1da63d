"""Numbers in sentences that people read."""

from __future__ import annotations

import pytest

from segue.wording import percents, times


@pytest.mark.parametrize(
    ("shares", "told"),
    [
        ([0.335, 0.335, 0.33], "34% 33% 33%"),
        ([1 / 3] * 3, "34% 33% 33%"),
        ([0.5, 0.5], "50% 50%"),
        ([0.126, 0.126, 0.126], "13% 13% 12%"),  # of a whole of which more is not told
        ([1.0], "100%"),
        ([], ""),
    ],
)
def test_whole_percents_add_up(shares: list[float], told: str) -> None:
    assert " ".join(percents(shares)) == told


def test_times_in_words() -> None:
    assert [times(number) for number in (0.2, 1, 2, 12)] == ["once", "once", "twice", "12 times"]
