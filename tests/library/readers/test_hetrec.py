"""HetRec 2011: two files read together, the others passed over."""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar

import pytest

from segue.library.readers.hetrec import HetRec
from segue.library.rows import Listen, Reject, TrackRef
from segue.library.sources import Entry, entries
from segue.testing.reader import OPTIONS, ReaderContract, read

ARTISTS = (
    "id\tname\turl\tpictureURL\n51\tDuran Duran\thttp://x\thttp://y\n52\tSigur Rós\thttp://x\t\n"
    '53\t"Weird" Al\thttp://x\t\n'
)
PLAYS = "userID\tartistID\tweight\n2\t51\t13883\n2\t52\t11690\n3\t53\t1\n"


class TestHetRec(ReaderContract):
    reader = HetRec()
    samples: ClassVar = {"user_artists.dat": PLAYS.encode()}
    beside: ClassVar = {"artists.dat": ARTISTS.encode()}


def test_counts_of_artists() -> None:
    rows, _ = read(HetRec(), "user_artists.dat", PLAYS.encode(), TestHetRec.beside)
    assert rows[0] == Listen(
        "hetrec:2", TrackRef(artists=("Duran Duran",), other="hetrec:51", medium="artist"), plays=13883
    )
    assert [row.track.artists for row in rows if isinstance(row, Listen)][2] == ('"Weird" Al',)


def test_without_the_artists_nothing_is_read() -> None:
    rows, error = read(HetRec(), "user_artists.dat", PLAYS.encode())
    assert not rows
    assert "artists.dat" in str(error)


def test_an_artist_without_a_name_is_rejected_where_it_is_played() -> None:
    rows, _ = read(
        HetRec(), "user_artists.dat", b"userID\tartistID\tweight\n2\t99\t5\n2\t51\t0\n", TestHetRec.beside
    )
    assert [row.reason for row in rows if isinstance(row, Reject)] == [
        "artist 99 is not in artists.dat",
        "a listener, an artist or a count of plays is missing",
    ]


@pytest.mark.parametrize(
    "head",
    [
        ARTISTS,
        "tagID\ttagValue\n1\tmetal\n",
        "userID\tfriendID\n2\t275\n",
        "userID\tartistID\ttagID\tday\tmonth\tyear\n2\t52\t13\t1\t4\t2009\n",
        "userID\tartistID\ttagID\ttimestamp\n2\t52\t13\t1238536800000\n",
    ],
)
def test_other_files_are_passed_over_with_a_word(head: str) -> None:
    assert HetRec().recognises("some.dat", head.encode())
    assert HetRec().passes_over("some.dat", head.encode())
    assert read(HetRec(), "some.dat", head.encode()) == ([], None)


@pytest.mark.slow
def test_the_published_archive() -> None:
    if not (folder := os.environ.get("SEGUE_DATA")):
        pytest.skip("SEGUE_DATA is not set")
    rows = [
        row
        for entry in entries(Path(folder) / "hetrec2011-lastfm-2k.zip")
        if isinstance(entry, Entry) and entry.name == "user_artists.dat"
        for row in HetRec().read(entry, OPTIONS)
    ]
    assert len(rows) == 92_834
    assert not [row for row in rows if isinstance(row, Reject)]
