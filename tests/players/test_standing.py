"""What changed on a player that counts: no play is told twice or lost, however seldom it is asked."""

from __future__ import annotations

import random
from typing import Any

import pytest

from segue.players.base import Standing
from segue.players.matching import Song
from segue.players.standing import Comparison, Kept

NOW = 1_790_000_000


def song(key: str, plays: int = 0, played_at: int | None = None, word: str | None = None) -> Standing:
    return Standing(Song(key, f"Song {key}", ("Adele",)), None, plays, played_at, word)


def compared(before: Kept | None, songs: list[Standing], **told: Any) -> tuple[list[dict[str, Any]], Kept]:
    seen = Comparison(before, NOW, **told)
    rows = [*seen.changes(songs), *seen.gone()]
    return rows, seen.kept


@pytest.mark.parametrize("seed", range(20))
def test_counts_and_times_add_up_to_the_plays_there_were(seed: int) -> None:
    draw, kept = random.Random(seed), None
    plays: dict[str, list[int]] = {key: [] for key in "abc"}
    timed: dict[str, set[int]] = {key: set() for key in "abc"}
    counted = dict.fromkeys("abc", 0)
    for pull in range(12):
        for key in plays:
            plays[key] += [NOW + 1000 * pull + n for n in range(draw.choice((0, 0, 1, 2, 5)))]
        songs = [song(key, len(at), max(at, default=None)) for key, at in plays.items()]
        rows, kept = compared(kept, draw.sample(songs, 3))
        for row in rows:
            key = row["title"][-1]
            timed[key] |= {row["played_at"]} if "played_at" in row else set()
            counted[key] = max(counted[key], row.get("plays", 0))  # as the library keeps counts
        for key, at in plays.items():
            assert counted[key] + len(timed[key]) == len(at)
            assert timed[key] <= set(at)
        assert compared(kept, songs)[0] == []


def test_a_count_that_is_set_back_says_nothing() -> None:
    _, kept = compared(None, [song("a", 9, NOW - 50)])
    rows, kept = compared(kept, [song("a", 0, None)])
    assert rows == []
    rows, _ = compared(kept, [song("a", 1, NOW - 10)])
    assert [row.get("played_at") for row in rows] == [NOW - 10] and "plays" not in rows[0]


def test_words_that_change_or_are_taken_back() -> None:
    rows, kept = compared(None, [song("a", word="love"), song("b", word="hate"), song("c")])
    assert [(row["word"], row.get("said_at")) for row in rows] == [("love", None), ("hate", None)]
    rows, kept = compared(kept, [song("a", word="hate"), song("b"), song("c", word="love")])
    assert [(row["word"], row["said_at"]) for row in rows] == [("hate", NOW), ("unlove", NOW), ("love", NOW)]
    # A song that is gone, as of a disk that is not mounted, is not taken back ...
    rows, kept = compared(kept, [])
    assert rows == []
    assert compared(kept, [song("a", word="hate"), song("c", word="love")])[0] == []
    # ... but where all words are told.
    _, kept = compared(None, [song("a", word="love")], all_words=True)
    rows, kept = compared(kept, [], all_words=True)
    assert rows == [{"title": "Song a", "artists": ["Adele"], "word": "unlove", "said_at": NOW}]
    assert compared(kept, [], all_words=True)[0] == []


def test_words_alone() -> None:
    rows, kept = compared(None, [song("a", 5, NOW - 10, "love")], plays=False)
    assert rows == [{"title": "Song a", "artists": ["Adele"], "word": "love"}]
    # Plays that are wanted later are told whole.
    rows, _ = compared(kept, [song("a", 5, NOW - 10, "love")])
    assert [(row["plays"], row["played_at"]) for row in rows] == [(4, NOW - 10)]
