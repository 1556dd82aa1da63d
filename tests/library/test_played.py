"""Plays kept at a training are those of the tables, for whoever asks: lists' order, tastes, the radio."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from segue.agents.sequencing import heard_by
from segue.errors import FormatError
from segue.library import Library
from segue.library.listening import LibrarySubset, owners
from segue.library.played import FILE, Played, kept_played
from segue.sequences.reading import listening_documents, one_listeners_document
from segue.tastes.listened import first_of, first_played
from segue.town.making import write_town
from segue.world.catalogue import catalogue_of, load_catalogue, save_catalogue


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """A town told as exports tell: fields lack, plays come from two sources."""
    folder = tmp_path_factory.mktemp("played") / "library"
    write_town(folder, "patchy", 3, {"listeners": 12, "tracks": 500, "months": 0.5}, None)
    return Library.open(folder)


@pytest.fixture(scope="module")
def played(library: Library, tmp_path_factory: pytest.TempPathFactory) -> Played:
    folder = tmp_path_factory.mktemp("kept")
    Played.read(library).save(folder)
    return Played.load(folder)


def test_documents_are_those_of_the_tables(library: Library, played: Played) -> None:
    assert len(played.names) > 5
    for who in played.names:
        expected = listening_documents(LibrarySubset(library, [who]))
        found = one_listeners_document(played.of(who))
        assert expected.track_ids[expected.codes].tolist() == found.track_ids[found.codes].tolist()
        assert expected.context is not None
        assert found.context is not None
        for name in ("gap_s", "hour", "skipped", "source", "session", "started_s"):
            np.testing.assert_array_equal(getattr(found.context, name), getattr(expected.context, name), name)
        assert found.context.sources == expected.context.sources


def test_first_plays_are_those_of_the_tables(library: Library, played: Played) -> None:
    tracks = sorted(library.distinct("tracks", "track_id"))[::2]
    for who in played.names:
        expected, found = first_played(library, tracks, who, "both"), first_of(played.of(who), tracks)
        assert dict(zip(*map(np.ndarray.tolist, expected), strict=True)) == dict(
            zip(*map(np.ndarray.tolist, found), strict=True)
        )


def test_what_was_heard_is_that_of_the_tables(library: Library, played: Played) -> None:
    catalogue = catalogue_of(library)
    people, _ = owners(library, "listeners")
    expected, found = heard_by(library, catalogue, people), heard_by(library, catalogue, people, played)
    assert expected.keys() == found.keys()
    places = np.arange(50)
    for who, listener in expected.items():
        assert dict(listener.plays) == dict(found[who].plays)
        assert listener.last == found[who].last
        known = (each.known(places, 20_000.0, 9.0) for each in (listener, found[who]))
        np.testing.assert_array_equal(*known)


def test_who_is_forgotten_is_not_in_the_file(played: Played, tmp_path: Path) -> None:
    gone, stays = played.names[2], played.names[3]
    played.without([gone]).save(tmp_path)
    assert gone.encode() not in (tmp_path / FILE).read_bytes()
    left = Played.load(tmp_path)
    assert left.of(gone) is None
    assert left.of(stays).to_pylist() == played.of(stays).to_pylist()
    assert kept_played(tmp_path / "none") is None


def test_a_damaged_file_is_told(played: Played, tmp_path: Path) -> None:
    Played(played.names, played.first[:-1], played.rows).save(tmp_path)
    with pytest.raises(FormatError, match="do not belong together"):
        Played.load(tmp_path)
    (tmp_path / FILE).write_bytes(b"ARROW1" + bytes(100))
    with pytest.raises(FormatError, match="what listeners played"):
        Played.load(tmp_path)


def test_a_library_of_nothing_has_no_plays(tmp_path: Path) -> None:
    nothing = Played.read(Library.open(tmp_path / "library", create=True))
    nothing.save(tmp_path)
    assert Played.load(tmp_path).names == []
    assert isinstance(nothing.rows, pa.Table)


def test_songs_of_a_world_are_kept_as_they_were(library: Library, tmp_path: Path) -> None:
    catalogue = catalogue_of(library)
    save_catalogue(tmp_path, catalogue)
    loaded = load_catalogue(tmp_path)
    assert (loaded.ids, loaded.labels) == (catalogue.ids, catalogue.labels)
    for one, other in zip(
        (*loaded.tracks, loaded.popularity, loaded.reception),
        (*catalogue.tracks, catalogue.popularity, catalogue.reception),
        strict=True,
    ):
        np.testing.assert_array_equal(one, other)
        assert one.dtype == other.dtype
