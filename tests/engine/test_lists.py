"""The lists that listeners get, judged beyond accuracy."""

from __future__ import annotations

import numpy as np
import pytest

from segue.engine import Engine
from segue.engine.weekly import prepare
from segue.evaluation.beyond import divergence
from segue.evaluation.lists import FIGURES, POPULARITY, RANDOM, WEEKLY, judge_lists
from segue.library import Library


def test_lists_are_judged_and_none_is_remembered(library: Library) -> None:
    before = sorted(path for path in library.path.rglob("*") if path.is_file())
    ready = prepare(Engine(library), "2026-W30", keep=False)
    judged = judge_lists(ready, most=20)
    after = [path for path in library.path.rglob("*") if path.is_file()]
    assert sorted(path for path in after if path.name != ".lock") == [
        path for path in before if path.name != ".lock"
    ]
    assert len(judged.listeners) == 20
    assert {WEEKLY, POPULARITY, RANDOM, "Segue's factors, top"} <= set(judged.figures)
    for name, lists in judged.lists.items():
        assert lists.shape == (20, 30)
        assert set(judged.figures[name]) == set(FIGURES)
        assert all(np.isfinite(value) for value in judged.figures[name].values())
        assert all(len(set(row[row >= 0].tolist())) == (row >= 0).sum() for row in lists)
    figures = judged.figures
    assert figures[WEEKLY]["overlap"] < 0.3 < figures[POPULARITY]["overlap"] == 1
    assert figures[WEEKLY]["calibration"] < figures[RANDOM]["calibration"]
    assert figures[POPULARITY]["gini"] == max(each["gini"] for each in figures.values())
    header, rows = judged.table()
    assert len(rows) == len(judged.rows()) and len(header) == len(rows[0])


def test_divergence_is_nothing_for_the_same_mix() -> None:
    found = divergence([[2, 2], [1, 0], [0, 0]], [[5, 5], [0, 3], [1, 0]])
    assert found[0] == pytest.approx(0) and found[1] == pytest.approx(np.log(100)) and np.isnan(found[2])
