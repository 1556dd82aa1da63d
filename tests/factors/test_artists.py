"""Listening told by artists beside listening told by songs."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from segue.factors.config import ALSConfig
from segue.factors.model import FactorConfig, FactorModel
from segue.factors.observations import ObservationConfig, observe
from segue.library import Library
from segue.library.tables import FEEDBACK, LISTENS, TRACKS

SONGS, ARTISTS, FANS = 12, 4, 30


def rows(schema: pa.Schema, entries: list[dict]) -> pa.Table:
    return pa.Table.from_pylist([dict.fromkeys(schema.names) | entry for entry in entries], schema)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """Fans of artists 0 and 1 or of 2 and 3: some told by songs, some by artists, in other spellings."""
    tracks = [
        {"track_id": f"s{n}", "title": f"Song {n}", "artists": [f"Béla {n % ARTISTS}"], "medium": None}
        for n in range(SONGS)
    ]
    tracks += [
        {"track_id": f"a{n}", "artists": [f"bela {n}" if n else f"Béla {n}"], "medium": "artist"}
        for n in range(ARTISTS)
    ]
    tracks.append({"track_id": "nobody", "title": "Of nobody", "medium": "song"})
    listens = []
    for fan in range(FANS):
        side = fan % 2
        for n in range(ARTISTS):
            if n // 2 == side:
                listens.append({"listener_id": f"counts{fan}", "track_id": f"a{n}", "plays": 5})
        for n in range(SONGS):
            if n % ARTISTS // 2 == side and (fan + n) % 3:
                listens.append({"listener_id": f"songs{fan}", "track_id": f"s{n}", "plays": 1 + n % 3})
    listens.append({"listener_id": "songs0", "track_id": "nobody", "plays": 1})
    listens.append({"listener_id": "songs1", "track_id": "a2", "plays": 900})
    library = Library.open(tmp_path_factory.mktemp("artists") / "library", create=True)
    with library.writing() as writer:
        writer.append("tracks", rows(TRACKS, tracks))
        writer.append("listens", rows(LISTENS, [{"source": "test", **each} for each in listens]))
        writer.append(
            "feedback",
            rows(FEEDBACK, [{"listener_id": "songs2", "track_id": "a0", "kind": "ban", "source": "test"}]),
        )
    return library


def test_who_plays_songs_plays_the_artist(library: Library) -> None:
    plain = observe(library, ObservationConfig(artists=False))
    told = observe(library)
    assert told.config.artists
    column = {track: at for at, track in enumerate(told.tracks)}
    row = {who: at for at, who in enumerate(told.listeners)}
    before, after = plain.matrix.toarray(), told.matrix.toarray()
    songs = [column[f"s{n}"] for n in range(0, SONGS, ARTISTS)]
    assert after[row["songs0"], column["a0"]] == before[row["songs0"], songs].max() > 0
    assert after[row["songs0"], column["a2"]] == 0
    assert after[row["songs1"], column["a2"]] == before[row["songs1"], column["a2"]], "its own count is more"
    assert after[row["songs2"], column["a0"]] == before[row["songs2"], column["a0"]] < 0, "a ban stays"
    others = [at for track, at in column.items() if not track.startswith("a")]
    np.testing.assert_array_equal(after[:, others], before[:, others])
    counts = [at for who, at in row.items() if who.startswith("counts")]
    np.testing.assert_array_equal(after[counts], before[counts])


def test_one_row_is_as_it_is_among_all(library: Library) -> None:
    whole = observe(library)
    some = observe(library, whole.config, listeners=["songs3", "counts4"], tracks=whole.tracks.tolist())
    row = {who: at for at, who in enumerate(whole.listeners)}
    np.testing.assert_array_equal(
        some.matrix.toarray(), whole.matrix[[row["songs3"], row["counts4"]]].toarray()
    )


def test_a_library_of_songs_is_not_asked_again(library: Library) -> None:
    songs = [f"s{n}" for n in range(SONGS)]
    seen = observe(library, tracks=songs)
    assert not seen.config.artists


def test_counts_of_artists_lead_to_their_songs(library: Library) -> None:
    """Without it, listeners told by artists and songs have nothing in common, and it is chance."""
    model = FactorModel(FactorConfig(als=ALSConfig(factors=2, iterations=8))).fit(
        library, show_progress=False
    )
    fans = [f"counts{fan}" for fan in range(FANS)]
    songs = [f"s{n}" for n in range(SONGS)]
    ids, _ = model.rank(model.observe(library, fans), 6, only=songs)
    right = [
        int(str(model.tracks_[track])[1:]) % ARTISTS // 2 == fan % 2
        for fan, line in enumerate(ids)
        for track in line
    ]
    assert np.mean(right) >= 0.95
