"""Plain tables: CSV in all its kinds, Parquet."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from segue.errors import FormatError, UsageError
from segue.library.readers import READERS, ReadOptions, by_name, recognise
from segue.library.rows import Feedback, Listen, Playlist, PlaylistEntry, Reject, TrackFacts, TrackRef
from segue.testing.reader import NOW, ReaderContract, entry_of, read

TABLE = by_name("table")
PLAYS = (
    "user,artist,track,timestamp,ms_played\nann,Björk,Jóga,1258122290,3000\n"
    "bob,Air,La femme d'argent,1258122290,\n"
)


def parquet(**columns: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


def taken(text: str | bytes, name: str = "plays.csv", **options: Any) -> list[Any]:
    entry = entry_of(name, text.encode() if isinstance(text, str) else text)
    try:
        return list(TABLE.read(entry, ReadOptions(now=NOW, **options)))
    finally:
        entry.close()


class TestTable(ReaderContract):
    reader = TABLE
    samples: ClassVar = {
        "plays.csv": PLAYS.encode(),
        "counts.csv": b"user;artist;playcount\nann;Air;12\nbob;Nico;1\n",
        "numbers.tsv": b"user_id\titem_id\ttimestamp\n1\t2\t1258122290\n1\t3\t1258122291\n",
        "playlists.csv": b"playlist,position,artist,track\nMix,0,Air,Alpha\nMix,1,Nico,Beta\nB,0,Air,Alpha\n",
        "liked.csv": b"feedback|artist|track\nlove|Air|Alpha\nban|Nico|Beta\n",
        "songs.csv": b"title,artist,isrc,release_year,tempo\nAlpha,Air,GBUM71029604,1998,120.5\n",
    }


class TestTableOfParquet(ReaderContract):
    reader = TABLE
    text = False
    document = True
    samples: ClassVar = {
        "plays.parquet": parquet(
            user=["ann", "bob"],
            artists=[["Björk"], ["Air", "Beth Hirsch"]],
            track=["Jóga", "All I need"],
            started_at=pa.array([datetime(2020, 1, 1, tzinfo=UTC)] * 2, pa.timestamp("ns", "UTC")),
            skipped=[True, None],
        )
    }


def test_plays() -> None:
    ann, bob = taken(PLAYS)
    assert ann == Listen(
        "ann", TrackRef("Jóga", ("Björk",)), datetime.fromtimestamp(1258122290, UTC), played_ms=3000
    )
    assert bob.played_ms is None


def test_all_that_a_play_can_have() -> None:
    (found,) = taken(
        "track,artist,album,duration_ms,spotify_uri,recording_mbid,isrc,started_at,seconds_played,plays,skipped,"
        "shuffle,reason_start,reason_end,context_type,session_id,session_position\n"
        "T,A,B,200000,spotify:track:4uLU6hMCjMI75M1A2tKUQC,3BD73256-3905-4F3A-97E2-8B341527F805,gbum71029604,"
        "2020-01-01 12:00,10.5,2,1,false,clickrow,fwdbtn,radio,s1,3\n",
        listener="eve",
        timezone="Europe/Paris",
    )
    track = TrackRef(
        "T",
        ("A",),
        "B",
        200_000,
        "4uLU6hMCjMI75M1A2tKUQC",
        "3bd73256-3905-4f3a-97e2-8b341527f805",
        "GBUM71029604",
    )
    assert found == Listen(
        "eve",
        track,
        datetime(2020, 1, 1, 11, tzinfo=UTC),
        10_500,
        2,
        True,
        None,
        False,
        "clickrow",
        "fwdbtn",
        "radio",
        "s1",
        3,
    )


@pytest.mark.parametrize(
    "written",
    [
        *("1577836800", "1577836800000", "1577836800000000", "1577836800000000000", "1.5778368e9"),
        *("2020-01-01", "20200101", "2020-01-01T00:00:00Z", "2020-01-01 01:00:00+01:00"),
        "01 Jan 2020, 00:00",
    ],
)
def test_times_in_every_writing(written: str) -> None:
    (found,) = taken(f'artist,track,time\nA,T,"{written}"\n')
    assert found.started_at == datetime(2020, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "written", ["0", "-5", "1969-12-31", "2100-01-01", "4102444800", "nan", "soon", "1e400"]
)
def test_times_that_cannot_be(written: str) -> None:
    assert [type(row) for row in taken(f"artist,track,time\nA,T,{written}\n")] == [Reject]


def test_counts_of_artists_and_ids_of_the_table_itself() -> None:
    (count,) = taken("user,artist,playcount\nann,Air,12\n")
    assert count == Listen("ann", TrackRef(artists=("Air",), medium="artist"), plays=12)
    (numbered,) = taken("user_id,item_id,rating\n1,2,5\n", catalogue="movielens")
    assert numbered == Listen("1", TrackRef(other="movielens:2"))


def test_columns_can_be_named() -> None:
    (found,) = taken(
        "wer,was,von,wann\nann,T,A,1577836800\n",
        columns={"listener": "wer", "track": "Was", "artist": "von", "time": "wann"},
    )
    assert found == Listen("ann", TrackRef("T", ("A",)), datetime(2020, 1, 1, tzinfo=UTC))
    with pytest.raises(UsageError, match="no column 'song'"):
        taken("wer,was\nann,T\n", columns={"track": "song"})
    with pytest.raises(UsageError, match="no column 'singer' to map to"):
        taken("wer,was\nann,T\n", columns={"singer": "wer"})


def test_a_table_is_recognised_by_the_columns_that_are_named() -> None:
    entry = entry_of("x.csv", b"wer,was\nann,T\n")
    assert recognise(entry) is None
    assert recognise(entry, ReadOptions(columns={"listener": "wer"})) is TABLE
    assert recognise(entry, ReadOptions(columns={"listener": "who"})) is None


def test_without_a_track_the_columns_are_listed() -> None:
    with pytest.raises(FormatError, match="Got: height, weight"):
        taken("height,weight\n1,2\n")


def test_playlists() -> None:
    rows = taken("playlist,artist,track,added_at\nMix,Air,Alpha,2020-01-01\nMix,,,\nMix,Nico,Beta,\n")
    assert rows[0] == Playlist("table:Mix")
    assert rows[1] == PlaylistEntry(
        "table:Mix", 0, TrackRef("Alpha", ("Air",)), datetime(2020, 1, 1, tzinfo=UTC)
    )
    assert isinstance(rows[2], Reject)
    assert rows[3].position == 1


def test_an_exported_playlist_is_named_by_its_file() -> None:
    rows = taken(
        "Track URI,Track Name,Album Name,Artist Name(s),Release Date,Duration (ms),Popularity,Explicit,"
        "Added By,Added At\n"
        "spotify:track:4uLU6hMCjMI75M1A2tKUQC,T,B,A,1987,213573,74,false,me,2020-01-01T00:00:00Z\n",
        "road_trip.csv",
    )
    assert rows[0] == Playlist("table:road_trip", "road_trip")
    assert rows[1].track == TrackRef("T", ("A",), "B", 213573, "4uLU6hMCjMI75M1A2tKUQC")


def test_feedback_and_catalogues() -> None:
    good, bad = taken("user,feedback,artist,track\nann,Love,Air,Alpha\nann,meh,Air,Alpha\n")
    assert good == Feedback("ann", TrackRef("Alpha", ("Air",)), "love")
    assert isinstance(bad, Reject)
    (facts,) = taken(
        "title,artist,isrc,release_date,popularity,explicit,tempo\nT,A,GBUM71029604,1998-05-01,74,1,120\n"
    )
    assert facts == TrackFacts(
        TrackRef("T", ("A",), isrc="GBUM71029604"), "1998-05-01", True, 0.74, {"tempo": 120.0}
    )


def test_a_quote_that_never_closes_spoils_one_line() -> None:
    lines = "".join(f"A{n},T{n},1577836800\n" for n in range(500))
    rows = taken(f'artist,track,time\n"A,T,1577836800\n{lines}"B,T,1577836800\n')
    assert [row.place for row in rows if isinstance(row, Reject)] == ["line 2", "line 503"]
    assert sum(isinstance(row, Listen) for row in rows) == 500


def test_quoted_fields_may_hold_line_ends_and_quotes() -> None:
    (found,) = taken('artist,track,time\n"A\nB","say ""hi"", 7"" mix",1577836800\n')
    assert found.track == TrackRef('say "hi", 7" mix', ("A B",))
    (found,) = taken('artist,track,time\nA,7" mix,1577836800\n')
    assert found.track.title == '7" mix'


def test_huge_lines_and_fields_are_rejected() -> None:
    rows = taken(
        "artist,track,time\nA,"
        + "x" * (3 << 20)
        + ",1577836800\nA,"
        + "x" * 3000
        + ",1577836800\nA,T,1577836800\n"
    )
    assert [type(row) for row in rows] == [Reject, Reject, Listen]
    assert "1,048,576" in rows[0].reason


def test_duplicate_columns_are_refused() -> None:
    with pytest.raises(FormatError, match="names a column twice: artist"):
        taken("artist,Artist ,track,time\nA,B,T,1577836800\n")
    sink = io.BytesIO()
    array = pa.array(["A"])
    pq.write_table(pa.Table.from_arrays([array, array, array], names=["artist", "artist", "track"]), sink)
    with pytest.raises(FormatError, match="names a column twice"):
        taken(sink.getvalue(), "x.parquet")


@pytest.mark.parametrize(
    "when",
    [
        *(
            "20230105T100000Z",
            "20230105 10:00",
            "20230105100000",
            "20230105",
            "Jan 5, 2023",
            "5 janvier 2023",
        ),
        *("05-Jan-23 10:00", "Thu, 05 Jan 2023 10:00:00 GMT", "2023-01-05T10:00:00+02:00"),
    ],
)
def test_plays_whose_time_nobody_knows_are_refused(when: str) -> None:
    with pytest.raises(FormatError, match='--column "time=foo"'):
        taken(f'track,artist,foo\nA,B,"{when}"\n')


def test_years_and_marks_are_no_times() -> None:
    rows = taken("track,artist,foo\nA,B,1999\nC,B,Summer 1999 Vol 2\nD,B,4uLU6hMCjMI75M1A2tKUQC\n")
    assert [type(row) for row in rows] == [TrackFacts] * 3


def test_parquet_of_many_types() -> None:
    rows = taken(
        parquet(
            user=pa.array([1, 2, 3]),
            track=pa.array(["T"] * 3).dictionary_encode(),
            artist=pa.array([b"A"] * 3),
            played_at=pa.array([10**15, 1_577_836_800_000_000, -(2**62)], pa.timestamp("us")),
            ms_played=pa.array([1.0, float("nan"), None]),
        ),
        "x.parquet",
    )
    assert rows[0].track == TrackRef("T", ("A",))
    assert rows[0].listener == "1"
    assert [type(row) for row in rows] == [Listen, Listen, Reject]
    assert [row.played_ms for row in rows[:2]] == [1, None]
    rows = taken(parquet(track=["T"], artist=["A"], date=[date(2020, 1, 1)]), "x.parquet")
    assert rows[0].started_at == datetime(2020, 1, 1, tzinfo=UTC)


def test_a_parquet_file_without_tracks_lists_its_columns() -> None:
    rows, error = read(TABLE, "x.parquet", parquet(height=[1]))
    assert not rows
    assert "Got: height" in str(error)


def test_names_of_readers() -> None:
    names = [reader.name for reader in READERS]
    assert len(set(names)) == len(names)
    assert by_name("MPD").name == "mpd"
    with pytest.raises(UsageError, match=r"lastfm-360k.*segue formats"):
        by_name("lastfm-360")
    assert recognise(entry_of("readme.txt", b"Nothing to see.")) is None


def test_every_format_is_documented() -> None:
    page = Path(__file__).parents[3] / "docs" / "reference" / "formats.md"
    table = page.read_text(encoding="utf-8").split("## Where each field lands")[0]
    assert [reader.name for reader in READERS if f"| `{reader.name}` |" not in table] == []
