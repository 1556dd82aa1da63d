"""What song vectors and the taste network learn from."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa

from segue.library import Library
from segue.library.tables import LISTENS, PLAYLIST_ENTRIES
from segue.sequences.reading import library_documents


def test_playlists_and_sessions_are_both_read_each_under_its_listeners_name(library: Library) -> None:
    documents = library_documents(library)
    playlists = [list(documents.track_ids[document]) for document in documents][:5]
    assert playlists[0] == [f"t0-{n}" for n in range(6)]
    sessions = list(documents.names[5:])
    assert len(sessions) == 40 * 90  # nine hours lie between two plays
    # The playlist "mine3" is p03's: what forgets the listener finds it by that name.
    assert list(documents.names[:5]) == [f"p{n:02}" for n in range(5)]
    assert set(sessions) == {f"p{n:02}" for n in range(40)}


def test_few_listeners_among_many_playlists_teach_nothing(tmp_path: Path) -> None:
    """Each would be told what another of them plays."""
    library = Library.open(tmp_path / "library", create=True)
    began = datetime(2026, 1, 1, tzinfo=UTC)
    entries = [
        {"playlist_id": f"p{n}", "position": at, "track_id": f"t{at}"} for n in range(50) for at in range(3)
    ]
    for names, taught in ((["me"], 50), (["me", "you", "they"], 53)):
        plays = [
            {"listener_id": who, "track_id": f"t{at}", "started_at": began + timedelta(minutes=4 * at)}
            for who in names
            for at in range(5)
        ]
        with library.writing() as writer:
            writer.rewrite("playlist_entries", pa.Table.from_pylist(entries, schema=PLAYLIST_ENTRIES))
            writer.rewrite("listens", pa.Table.from_pylist(plays, schema=LISTENS))
        assert len(library_documents(library).names) == taught
