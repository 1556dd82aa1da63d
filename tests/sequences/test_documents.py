from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from segue.errors import SegueError
from segue.library import Library
from segue.library.tables import TABLES
from segue.sequences.documents import Documents, first_places, join, session_documents
from segue.sequences.reading import listening_documents, playlist_documents


def table(name: str, rows: list[dict[str, object]]) -> pa.Table:
    schema = TABLES[name]
    return pa.Table.from_pylist([{**dict.fromkeys(schema.names), **row} for row in rows], schema=schema)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    start = datetime(2026, 3, 1, 20, tzinfo=UTC)
    plays = [
        ("ann", "b", 0, "album"),
        ("ann", "a", 3, "radio"),
        ("ann", "c", 300, None),
        ("bob", "a", 1, None),
    ]
    library = Library.open(tmp_path / "library", create=True)
    with library.writing() as writer:
        writer.append(
            "tracks",
            table(
                "tracks",
                [
                    {"track_id": "a", "artists": ["X", "Y"], "work_id": "w"},
                    {"track_id": "b", "artists": ["X"], "work_id": "w"},
                    {"track_id": "c", "artists": [], "work_id": None},
                ],
            ),
        )
        writer.append(
            "playlist_entries",
            table(
                "playlist_entries",
                [
                    {"playlist_id": "p2", "position": 0, "track_id": "a"},
                    {"playlist_id": "p1", "position": 2, "track_id": "c"},
                    {"playlist_id": "p1", "position": 0, "track_id": "b"},
                    {"playlist_id": "p1", "position": 1, "track_id": "a"},
                    {"playlist_id": "p1", "position": 3, "track_id": "b"},
                    {"playlist_id": "p1", "position": None, "track_id": "missing"},
                ],
            ),
        )
        writer.append(
            "listens",
            table(
                "listens",
                [
                    {
                        "listener_id": who,
                        "track_id": track,
                        "started_at": start + timedelta(minutes=minutes),
                        "skipped": track == "a",
                        "context": context,
                        "plays": 1,
                    }
                    for who, track, minutes, context in reversed(plays)
                ]
                + [{"listener_id": "ann", "track_id": "a", "plays": 40}],
            ),
        )
    return library


def test_playlists_in_their_order_without_repeats(library: Library) -> None:
    documents = playlist_documents(library)
    read = {
        name: list(documents.track_ids[document])
        for name, document in zip(documents.names, documents, strict=True)
    }
    assert read == {"p1": ["b", "a", "c", "missing"], "p2": ["a"]}
    assert dict(zip(documents.track_ids, documents.counts, strict=True)) == {
        "a": 2,
        "b": 1,
        "c": 1,
        "missing": 1,
    }
    code = {track: place for place, track in enumerate(documents.track_ids)}
    assert code["a"] == 0  # the most popular
    assert documents.artists[code["a"]] == documents.artists[code["b"]] == "X"
    assert documents.works[code["a"]] == documents.works[code["b"]] == "w"
    assert documents.artists[code["c"]] is documents.works[code["missing"]] is None
    assert len(playlist_documents(library, unique=False).codes) == 6


def test_listening_has_context_and_sessions(library: Library) -> None:
    documents = listening_documents(library)
    assert list(documents.names) == ["ann", "bob"]
    assert list(documents.track_ids[documents[0]]) == ["b", "a", "c"]  # plain counts have no place
    context = documents.context
    assert context is not None
    assert np.isnan(context.gap_s[[0, 3]]).all()
    assert context.gap_s[1:3].tolist() == [180.0, 297 * 60.0]
    assert context.session.tolist() == [0, 0, 1, 0]
    assert context.skipped.tolist() == [0, 1, 0, 1]
    assert context.hour.tolist() == [20, 20, 1, 20]
    sources = [None if code < 0 else context.sources[code] for code in context.source]
    assert sources == [
        "album",
        "radio",
        None,
        None,
    ]

    sessions = session_documents(documents)
    assert [list(sessions.track_ids[session]) for session in sessions] == [["b"], ["c"], []]
    assert list(sessions.names) == ["ann", "ann", "bob"]
    assert [len(s) for s in session_documents(documents, keep_skipped=True)] == [2, 1, 1]


def test_what_is_a_skip_and_where_a_session_ends_is_decided_in_one_place(tmp_path: Path) -> None:
    library = Library.open(tmp_path / "library", create=True)
    start = datetime(2026, 3, 1, 20, 0, 0, 250_000, tzinfo=UTC)
    at = {"listener_id": "ann", "plays": 1, "source": "spotify"}
    rows = [
        {"track_id": "left", "started_at": start, "played_ms": 4_000, "end_reason": "fwdbtn"},
        {"track_id": "kept", "started_at": start + timedelta(seconds=4), "played_ms": 200_000},
        # Twenty minutes after the end of the last: another session, as everywhere else.
        {"track_id": "late", "started_at": start + timedelta(minutes=24), "end_reason": "trackdone"},
    ]
    with library.writing() as writer:
        writer.append("listens", table("listens", [at | row for row in rows]))
    context = listening_documents(library).context
    assert context is not None
    assert context.skipped.tolist() == [1, 0, 0]
    assert context.session.tolist() == [0, 0, 1]


def test_an_empty_library_says_what_to_do(tmp_path: Path) -> None:
    library = Library.open(tmp_path / "empty", create=True)
    with pytest.raises(SegueError, match="import playlists"):
        playlist_documents(library)
    with pytest.raises(SegueError, match="history with times"):
        listening_documents(library)


def test_selecting_and_restricting_keep_order_and_counts() -> None:
    documents = Documents.from_lists([["x", "y", "x", "z"], ["y"], [], ["z", "y"]], artists={"x": "A"})
    assert list(documents.track_ids) == ["y", "z", "x"]
    assert documents.lengths.tolist() == [4, 1, 0, 2]
    assert [list(d) for d in first_places(documents)] == [[2, 0, 1], [0], [], [1, 0]]
    chosen = documents.select(np.array([3, 1]))
    assert [list(chosen.track_ids[d]) for d in chosen] == [["z", "y"], ["y"]]
    assert chosen.counts.tolist() == [2, 1, 0]
    small = documents.restrict(documents.vocabulary(min_count=2))
    assert list(small.track_ids) == ["y", "z"]
    assert [list(small.track_ids[d]) for d in small] == [["y", "z"], ["y"], [], ["z", "y"]]
    assert documents.vocabulary(max_songs=1).tolist() == [0]
    assert documents.artists.tolist() == [None, None, "A"]


def test_corpora_are_joined_by_track_id(library: Library) -> None:
    playlists, listening = playlist_documents(library), listening_documents(library)
    joined = join(playlists, listening)
    assert [list(joined.track_ids[document]) for document in joined] == [
        *(list(playlists.track_ids[document]) for document in playlists),
        *(list(listening.track_ids[document]) for document in listening),
    ]
    assert dict(zip(joined.track_ids, joined.counts, strict=True)) == {"a": 4, "b": 2, "c": 2, "missing": 1}
    assert dict(zip(joined.track_ids, joined.artists, strict=True))["a"] == "X"
    assert joined.context is not None
    assert joined.context.skipped.tolist() == [-1] * 5 + [0, 1, 0, 1]
    assert set(joined.context.sources) == {"album", "radio"}
    assert join(playlists, playlists).context is None
