"""One engine in many threads answers what it answers in one, and takes no more memory the longer it runs."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segue.engine import Engine

WEEK, THREADS = "2026-W30", 8
PEOPLE = [f"p{n:02}" for n in range(40)]


def weekly(engine: Engine, at: int) -> Hashable:
    made = engine.weekly(PEOPLE[at % 40], WEEK)
    return tuple((entry.track.track_id, entry.score, entry.reason) for entry in made.entries), made.notes


def similar(engine: Engine, at: int) -> Hashable:
    found = engine.similar(f"t{at % 4}-{at % 9}", 10)
    return found.of.track_id, tuple((near.number, near.score) for near in found.near)


def radio(engine: Engine, at: int) -> Hashable:
    station, came = engine.radio(PEOPLE[at % 40]), []
    for step in range(5):
        pick = station.radio.next()
        if pick is None:
            break
        came.append((pick.track, round(pick.score, 5)))
        station.radio.answer(pick.track, skipped=step == at % 5)
    return tuple(came)


def tastes(engine: Engine, at: int) -> Hashable:
    return tuple((taste.name, taste.share) for taste in engine.tastes(PEOPLE[at % 40], WEEK))


def explain(engine: Engine, at: int) -> Hashable:
    said = engine.explain(PEOPLE[at % 40], f"t{at % 4}-3", 3)
    return said.score, tuple(said.led)


ASKED: tuple[Callable[[Engine, int], Any], ...] = (weekly, similar, radio, tastes, explain)


def ask(engine: Engine, number: int) -> Any:
    return ASKED[number % len(ASKED)](engine, number // len(ASKED))


def test_eight_threads_get_what_one_gets(trained: Path) -> None:
    numbers = list(range(100))
    one = Engine.open(trained)
    alone = [ask(one, number) for number in numbers]
    shared = Engine.open(trained)  # loaded by whichever thread comes first
    with ThreadPoolExecutor(THREADS) as threads:
        assert list(threads.map(lambda number: ask(shared, number), numbers)) == alone


@pytest.mark.slow
def test_for_minutes_too_and_memory_stays(trained: Path) -> None:
    seconds = float(os.environ.get("SEGUE_SECONDS", "600"))
    engine = Engine.open(trained)
    expected = [ask(engine, number) for number in range(200)]
    end, start = time.monotonic() + seconds, 0.0

    def work(seed: int) -> int:
        rng, asked = np.random.default_rng(seed), 0
        while time.monotonic() < end:
            number = int(rng.integers(200))
            assert ask(engine, number) == expected[number], number
            asked += 1
        return asked

    with ThreadPoolExecutor(THREADS) as threads:
        running = [threads.submit(work, seed) for seed in range(THREADS)]
        time.sleep(seconds / 3)
        start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(sum(each.result() for each in running), "answers")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 1.1 * start
