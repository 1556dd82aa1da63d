"""Why tracks come again: every reason is true, and they differ down a list."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa

from segue.library.tables import TRACKS
from segue.playlists.catalogue import Catalogue
from segue.playlists.recalled import Recalled
from segue.playlists.rules import Context, Listening

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def recalled(plays: list[float], days: list[float], artists: list[str], tastes: list[int]) -> Recalled:
    n = len(plays)
    rows = [
        {"track_id": f"t{at}", "title": f"song {at}", "artists": [artists[at]], "work_id": f"w{at}"}
        for at in range(n)
    ]
    table = pa.Table.from_pylist(rows, schema=TRACKS)
    context = Context.build(table, [f"t{at}" for at in range(n)])
    heard = np.arange(n, dtype=np.int32)
    listening = Listening(heard, np.array(days, np.float32), np.array(plays, np.float32))
    return Recalled(listening, context, Catalogue(table), np.array(tastes, np.int32), NOW)


def test_reasons_are_true_and_differ() -> None:
    n = 60
    rng = np.random.default_rng(0)
    plays = rng.permutation(n) % 20 + 1.0
    plays[7] = 99
    days = rng.uniform(100, 900, n)
    artists = [f"artist {at // 4}" if at < 50 else f"single {at}" for at in range(n)]
    lines = recalled(plays.tolist(), days.tolist(), artists, [at % 2 for at in range(n)]).reasons(
        range(30), ["X"] * 30
    )
    kinds = [
        re.sub(r"(by )?(artist|single) \d+|\d+ times?|once|twice", "", line.split(":")[0]) for line in lines
    ]
    kinds = [" ".join(kind.split()[:3]) for kind in kinds]
    assert max(Counter(kinds).values()) <= 12
    assert not any(a == b == c for a, b, c in zip(kinds, kinds[1:], kinds[2:], strict=False))
    for at, line in enumerate(lines):
        last = NOW - timedelta(days=days[at])
        assert f"{last:%B %Y}" in line and line.endswith(": your X side.")
        assert {1: "once", 2: "twice"}.get(int(plays[at]), f"{plays[at]:.0f} times") in line
        mine = plays[[other for other in range(n) if artists[other] == artists[at]]]
        if "most played song by" in line:
            assert plays[at] == mine.max() and (mine == plays[at]).sum() == 1
        if "of this taste" in line:
            assert plays[at] == plays[at % 2 :: 2].max()
        if "10 most played" in line:
            assert (plays > plays[at]).sum() < 10
        if "Not heard out since" in line:
            assert days[at] > 365
        assert ("of all" in line) <= (at == 7)


def test_plays_of_a_remix_are_said_to_be_of_a_version() -> None:
    titles = ["Halo", "Halo - Remastered", "Stan", "Stan - Club Remix"]
    rows = [
        {"track_id": f"t{at}", "title": title, "artists": ["a"], "work_id": title[:4]}
        for at, title in enumerate(titles)
    ]
    table = pa.Table.from_pylist(rows, schema=TRACKS)
    heard = np.arange(4, dtype=np.int32)
    context = Context.build(table, [f"t{at}" for at in range(4)])
    listening = Listening(heard, np.full(4, 30, np.float32), np.full(4, 10, np.float32))
    tastes = np.full(4, -1, np.int32)
    told = Recalled(listening, context, Catalogue(table), tastes, NOW).reasons([0, 2], ["", ""])
    assert "this one 20 times, last in" in told[0]
    assert "20 times with its other versions, last in" in told[1]


def test_without_times_or_counts_little_is_said() -> None:
    told = recalled([1, 1, 5], [np.nan] * 3, ["a", "b", "b"], [-1, -1, -1]).reasons([0, 1, 2], [""] * 3)
    assert told == [
        "The only song by a that you have played: once.",
        "One of 2 songs by b that you have played, this one once.",
        "You played it 5 times.",
    ]
