"""What listeners change about their tastes: laid over what was found, and taken back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from segue.errors import FormatError, NotFoundError, UsageError
from segue.tastes.changes import FILE, NONE, TasteChanges, number_of, sides
from segue.tastes.profiles import Profiles


def profiles(*ids: int) -> Profiles:
    """One listener's tastes with these numbers, each lighter than the one before."""
    k = len(ids)
    weights = np.arange(k, 0, -1, dtype=np.float32)
    return Profiles(
        listeners=np.array(["ana"], object),
        tracks=np.array([f"t{n}" for n in range(k)], object),
        first=np.array([0, k]),
        ids=np.array(ids, np.int32),
        weights=weights / weights.sum(),
        trends=np.full(k, np.nan, np.float32),
        sure=np.zeros(k, bool),
        centres=np.eye(k, dtype=np.float32),
        member_first=np.arange(k + 1),
        members=np.arange(k, dtype=np.int32),
        member_weights=weights / weights.sum(),
        last_ids=np.array([max(ids)], np.int32),
        names=tuple(f"taste {number}" for number in ids),
    )


def told(changes, *ids: int) -> list[tuple[int, str, int, bool]]:
    return [(s.number, s.name, len(s.parts), s.left_out) for s in sides(profiles(*ids), "ana", changes)]


def test_nothing_changed_is_what_was_found() -> None:
    assert told(NONE, 4, 1) == [(4, "taste 4", 1, False), (1, "taste 1", 1, False)]
    assert sides(profiles(4), "nobody") == []


def test_merged_tastes_are_one_by_its_number_and_name_and_come_apart_again() -> None:
    merged = NONE.merged(1, 0).merged(2, 0)
    assert told(merged, 0, 1, 2) == [(0, "taste 0", 3, False)]
    assert told(merged.merged(0, 3), 0, 1, 2, 3) == [(3, "taste 3", 4, False)]
    assert told(merged.split(2), 0, 1, 2) == [(0, "taste 0", 2, False), (2, "taste 2", 1, False)]
    assert merged.split(0) == NONE
    with pytest.raises(UsageError, match="with itself"):
        merged.merged(0, 2)


def test_two_light_tastes_together_may_be_the_heaviest() -> None:
    assert [row[0] for row in told(NONE.merged(3, 1).merged(2, 1), 0, 1, 2, 3)] == [1, 0]


def test_in_a_week_without_the_other_taste_a_part_stands_for_both() -> None:
    merged = NONE.merged(1, 0).renamed(0, "Evenings").left_out(1)
    assert told(merged, 1, 5) == [(0, "Evenings", 1, True), (5, "taste 5", 1, False)]


def test_names_are_kept_plain_and_can_be_given_back() -> None:
    renamed = NONE.renamed(1, "  Späte  Nächte 夜 ")
    assert told(renamed, 1) == [(1, "Späte Nächte 夜", 1, False)]
    assert renamed.renamed(1, "") == NONE
    for wrong in ("x" * 81, "a\u202eb"):
        with pytest.raises(UsageError, match="no name for a taste"):
            NONE.renamed(1, wrong)


def test_a_taste_is_found_by_number_name_or_the_beginning_of_it() -> None:
    shown = sides(profiles(4, 1), "ana", NONE.renamed(4, "Evenings"))
    assert [number_of(shown, asked) for asked in ("5", "evenings", "EVE", "taste 1")] == [4, 4, 4, 1]
    with pytest.raises(NotFoundError, match=r"5 \(Evenings\)"):
        number_of(shown, "mornings")


def test_changes_are_kept_by_listener_and_forgotten(tmp_path: Path) -> None:
    kept = TasteChanges(tmp_path)
    assert kept.of("ana") == NONE and not kept.every()
    changed = kept.change("ana", lambda before: before.merged(2, 0).renamed(0, "Evenings").left_out(3))
    assert kept.of("ana") == changed and kept.of("ben") == NONE
    kept.change("ben", lambda before: before.left_out(1))
    assert kept.forget(["ana", "nobody"], dry_run=True) == 1 and kept.of("ana") == changed
    assert kept.forget(["ana", "nobody"]) == 1
    assert set(kept.every()) == {"ben"}
    kept.change("ben", lambda before: before.brought_back(1))
    assert not (tmp_path / FILE).exists(), "nothing is changed any more"
    (tmp_path / FILE).write_text('{"ana": {"names": 3}}')
    with pytest.raises(FormatError, match="changes of tastes"):
        kept.of("ana")
