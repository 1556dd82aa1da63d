"""A merge of tracks is taken back, and back again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from segue.errors import NotFoundError, UsageError
from segue.library import Library
from segue.library.rows import Feedback, Listen, PlaylistEntry, TrackRef
from segue.library.splitting import rejoin, split

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NAMED = TrackRef("Hello", ("Adele",))
MBID = "8f3471b5-7e6a-48da-86a9-c1c07a0f47ae"
TOLD = {
    "spotify": [
        Listen("me", NAMED._replace(spotify="A"), NOON, 200_000),
        Listen("me", NAMED._replace(spotify="A"), NOON + timedelta(hours=1), 200_000),
        Listen("you", TrackRef("Skyfall", ("Adele",), spotify="B"), NOON, 200_000),
    ],
    "listenbrainz": [
        Listen("me", NAMED._replace(mbid=MBID), NOON + timedelta(seconds=2)),
        Listen("me", NAMED, NOON + timedelta(minutes=8)),
        Listen("you", TrackRef("Skyfall", ("Adele",)), NOON + timedelta(seconds=1)),
        Feedback("me", NAMED, "love", NOON),
        PlaylistEntry("mine", 0, NAMED),
    ],
}


def _state(library: Library) -> dict[str, list]:
    return {
        name: sorted(map(str, library.arrow(name).to_pylist()))
        for name in ("listens", "told", "feedback", "playlist_entries", "tracks", "splits")
    }


def _plays(library: Library) -> list[tuple]:
    rows = library.arrow("listens").to_pylist()
    return sorted((row["listener_id"], row["started_at"], row["track_id"], row["sources"]) for row in rows)


@pytest.fixture
def told(library: Library, store) -> Library:
    for source, rows in TOLD.items():
        store(library, rows, source)
    assert library.count("tracks") == 2
    return library


def test_what_a_source_told_becomes_a_track_of_its_own_and_back(told: Library, store) -> None:
    whole = _state(told)
    own = "spotify:A~listenbrainz"
    assert split(told, "spotify:A", "listenbrainz") == (own, 4)
    assert _plays(told) == [
        ("me", NOON, "spotify:A", None),
        ("me", NOON + timedelta(seconds=2), own, None),
        ("me", NOON + timedelta(minutes=8), own, None),
        ("me", NOON + timedelta(hours=1), "spotify:A", None),
        ("you", NOON, "spotify:B", ["spotify", "listenbrainz"]),
    ]
    assert told.arrow("feedback")["track_id"].to_pylist() == [own]
    assert told.arrow("playlist_entries")["track_id"].to_pylist() == [own]
    ids = {row["track_id"]: (row["spotify"], row["mbid"]) for row in told.arrow("tracks").to_pylist()}
    assert ids == {"spotify:A": ("A", None), own: (None, MBID), "spotify:B": ("B", None)}
    assert rejoin(told, own) == ("spotify:A", 4)
    assert _state(told) == whole


def test_later_imports_keep_to_it(told: Library, store) -> None:
    split(told, "spotify:A", "listenbrainz")
    for source, rows in TOLD.items():
        assert store(told, rows, source).total.stored == 0
    later = [Listen("me", NAMED, NOON + timedelta(days=1)), Listen("me", NAMED, NOON + timedelta(days=2))]
    for source, row in zip(("listenbrainz", "lastfm"), later, strict=True):
        store(told, [row], source)
    tracks = {row["started_at"]: row["track_id"] for row in told.arrow("listens").to_pylist()}
    assert tracks[later[0].started_at] == "spotify:A~listenbrainz"
    assert tracks[later[1].started_at] == "spotify:A"


def test_what_cannot_be_split(told: Library, store, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="one of listenbrainz, spotify"):
        split(told, "spotify:A", "lastfm")
    with pytest.raises(NotFoundError, match="was not split off"):
        rejoin(told, "spotify:A")
    alone = Library.open(tmp_path / "alone", create=True)
    store(alone, TOLD["spotify"], "spotify")
    with pytest.raises(UsageError, match="spotify alone"):
        split(alone, "spotify:A", "spotify")
    assert alone.count("splits") == 0
