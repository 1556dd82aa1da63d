"""Last.fm 360K and 1K."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import ClassVar

from segue.library.readers.lastfm_research import LastFm1K, LastFm360K
from segue.library.rows import Listen, Reject, TrackRef
from segue.testing.reader import ReaderContract, read

USER = "00000c289a1829a808ac09c00daf10bc3c4e223b"
MBID = "3bd73256-3905-4f3a-97e2-8b341527f805"
COUNTS = f'{USER}\t{MBID}\tbetty "blowtorch"\t2137\n{USER}\t\tdie Ärzte\t1099\n'
PLAYS = (
    f"user_000001\t2009-05-04T23:08:57Z\t{MBID}\tDeep Dish\t\tFuck Me Im Famous\n"
    f"user_000001\t2009-05-04T13:54:10Z\t{MBID}\t坂本龍一\t{MBID}\tComposition 0919\n"
)


class TestLastFm360K(ReaderContract):
    reader = LastFm360K()
    samples: ClassVar = {"usersha1-artmbid-artname-plays.tsv": COUNTS.encode()}


class TestLastFm1K(ReaderContract):
    reader = LastFm1K()
    samples: ClassVar = {"userid-timestamp-artid-artname-traid-traname.tsv": PLAYS.encode()}


def test_counts_of_artists() -> None:
    rows, _ = read(LastFm360K(), "x.tsv", COUNTS.encode())
    artist = TrackRef(artists=('betty "blowtorch"',), other=f"artist-mbid:{MBID}", medium="artist")
    assert rows[0] == Listen(f"lastfm-360k:{USER}", artist, plays=2137)
    assert rows[1].track == TrackRef(artists=("die Ärzte",), medium="artist")


def test_plays() -> None:
    rows, _ = read(LastFm1K(), "x.tsv", PLAYS.encode())
    assert rows[1] == Listen(
        "lastfm-1k:user_000001",
        TrackRef("Composition 0919", ("坂本龍一",), mbid=MBID),
        datetime(2009, 5, 4, 13, 54, 10, tzinfo=UTC),
    )


def test_malformed_lines_are_rejected() -> None:
    rows, _ = read(LastFm360K(), "x.tsv", (COUNTS + f"{USER}\tx\ty\nabc\t\tA\t3\n{USER}\t\tA\t0\n").encode())
    assert [row.place for row in rows if isinstance(row, Reject)] == ["line 3", "line 4", "line 5"]


def test_profiles_are_passed_over() -> None:
    for reader, profile in (
        (LastFm360K(), f"{USER}\tf\t22\tGermany\tFeb 1, 2007\n"),
        (LastFm1K(), "#id\tgender\tage\tcountry\tregistered\nuser_000001\tm\t\tJapan\tAug 13, 2006\n"),
    ):
        assert reader.recognises("profile.tsv", profile.encode())
        assert reader.passes_over("profile.tsv", profile.encode())
        assert read(reader, "profile.tsv", profile.encode()) == ([], None)
