"""What song vectors and the taste network learn from."""

from __future__ import annotations

from segue.library import Library
from segue.sequences.reading import sequences


def test_playlists_and_sessions_are_both_read_each_under_its_listeners_name(library: Library) -> None:
    documents = sequences(library)
    playlists = [list(documents.track_ids[document]) for document in documents][:5]
    assert playlists[0] == [f"t0-{n}" for n in range(6)]
    sessions = list(documents.names[5:])
    assert len(sessions) == 40 * 90  # nine hours lie between two plays
    # The playlist "mine3" is p03's: what forgets the listener finds it by that name.
    assert list(documents.names[:5]) == [f"p{n:02}" for n in range(5)]
    assert set(sessions) == {f"p{n:02}" for n in range(40)}
