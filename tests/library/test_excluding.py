"""What listeners leave out of their taste: it stays, and teaches nothing until it is taken back."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.engine.past import past_sessions
from segue.errors import NotFoundError, UsageError
from segue.factors.observations import observe
from segue.library import Library
from segue.library.excluding import LEAST, Span, _joined, _without, exclude, exclusions, take_back
from segue.library.listening import LibrarySubset, plays, sessions
from segue.library.tables import LISTENS, TRACKS
from segue.tastes.listened import read_plays
from segue.upkeep.forget import forget

START = datetime(2026, 6, 1, 20, tzinfo=UTC)
PARTY = Span(START + timedelta(days=1), START + timedelta(days=1, hours=3))


@pytest.fixture
def two(tmp_path: Path) -> Library:
    """ada plays "own" on three evenings, and "party" on the second; bob plays "party"."""
    library = Library.open(tmp_path / "library", create=True)
    told = []
    for day in range(3):
        for song in range(4):
            at = START + timedelta(days=day, minutes=4 * song)
            track = f"{'party' if day == 1 else 'own'}-{song}"
            told.append({"listener_id": "ada", "track_id": track, "started_at": at, "plays": 1})
            told.append({"listener_id": "bob", "track_id": f"party-{song}", "started_at": at, "plays": 1})
    tracks = [
        {"track_id": f"{kind}-{song}", "title": f"{kind} {song}", "artists": [kind], "medium": "song"}
        for kind in ("own", "party")
        for song in range(4)
    ]
    with library.writing() as writer:
        writer.append("listens", pa.Table.from_pylist(told, schema=LISTENS))
        writer.append("tracks", pa.Table.from_pylist(tracks, schema=TRACKS))
    return library


def tracks_of(library: Library, listener: str) -> set[str]:
    seen = observe(library)
    row = seen.listeners.tolist().index(listener)
    return {str(seen.tracks[place]) for place in seen.matrix[row].indices}


def test_it_teaches_nothing_and_nothing_is_lost(two: Library) -> None:
    before, whole = two.fingerprint(), two.count("listens")
    assert exclude(two, "ada", PARTY) == [PARTY]
    assert two.fingerprint() != before and two.count("listens") == whole
    assert tracks_of(two, "ada") == {f"own-{song}" for song in range(4)}
    assert tracks_of(two, "bob") == {f"party-{song}" for song in range(4)}
    liked = read_plays(two, [f"party-{song}" for song in range(4)], listeners=["ada", "bob"])
    assert liked.matrix[0].nnz == 0 and liked.matrix[1].nnz == 4
    assert two.arrow(plays(two).count()).as_py() == whole - 4
    assert two.arrow(plays(two, excluded=True).count()).as_py() == whole
    assert two.arrow(sessions(LibrarySubset(two, ["ada"])).session_id.nunique()).as_py() == 2
    assert exclude(two, "ada", PARTY) == [PARTY]  # the same again changes nothing
    assert take_back(two, "ada", PARTY) == []
    assert tracks_of(two, "ada") == {f"{kind}-{song}" for kind in ("own", "party") for song in range(4)}


def test_it_holds_for_what_is_imported_later(two: Library) -> None:
    exclude(two, "ada", PARTY)
    late = {"listener_id": "ada", "track_id": "party-0", "started_at": PARTY.ends - LEAST, "plays": 1}
    with two.writing() as writer:
        writer.append("listens", pa.Table.from_pylist([late], schema=LISTENS))
    assert "party-0" not in tracks_of(two, "ada")


def test_past_sessions_say_what_is_left_out(two: Library) -> None:
    found = past_sessions(two, "ada")
    assert [(each.count, each.left_out) for each in found] == [(4, 0)] * 3
    exclude(two, "ada", found[1].span)
    again = past_sessions(two, "ada", 2)
    assert [each.left_out for each in again] == [0, 4]
    assert [each.track.title for each in again[1].plays] == [f"party {song}" for song in range(4)]
    assert [each.begins for each in past_sessions(two, "ada", before=again[1].begins)] == [START]
    exclude(two, "ada", Span(found[0].begins, found[0].begins))  # a single play
    assert past_sessions(two, "ada", 1)[0].left_out == 1
    with pytest.raises(NotFoundError):
        past_sessions(two, "eve")


def test_what_is_wrong_is_told(two: Library) -> None:
    with pytest.raises(UsageError, match="ends before it begins"):
        exclude(two, "ada", Span(PARTY.ends, PARTY.begins))
    with pytest.raises(UsageError, match="time zone"):
        exclude(two, "ada", Span(PARTY.begins.replace(tzinfo=None), PARTY.ends))
    with pytest.raises(NotFoundError):
        exclude(two, "eve", PARTY)
    with pytest.raises(NotFoundError, match="left out"):
        take_back(two, "ada", PARTY)
    assert not two.has("exclusions")


def test_it_is_forgotten_with_the_listener(two: Library) -> None:
    exclude(two, "ada", PARTY)
    exclude(two, "bob", PARTY)
    done = forget(two, "ada")
    assert not done.left and ("exclusions", 1) in [(each.place, each.count) for each in done.removed]
    assert exclusions(two, "ada") == [] and exclusions(two, "bob") == [PARTY]


MOMENTS = st.integers(0, 30).map(lambda n: START + n * LEAST)
SPANS = st.tuples(MOMENTS, MOMENTS).map(lambda pair: Span(min(pair), max(pair)))


@given(st.lists(SPANS, max_size=6), SPANS)
def test_spans_are_as_sets_of_moments(spans: list[Span], gone: Span) -> None:
    def moments(spans: list[Span]) -> set[int]:
        every = range(31)
        return {n for n in every if any(each.begins <= START + n * LEAST <= each.ends for each in spans)}

    joined = _joined(spans)
    assert moments(joined) == moments(spans)
    assert all(a.ends + LEAST < b.begins for a, b in pairwise(joined))
    assert moments(_without(joined, gone)) == moments(spans) - moments([gone])
