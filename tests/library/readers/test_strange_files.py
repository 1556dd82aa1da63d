"""What files of real life do, whatever their format: times, broken items, fields that cannot be read."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest

from segue.errors import FormatError
from segue.library.readers import READERS, ReadOptions, recognise
from segue.library.rows import Feedback, Listen, PlaylistEntry, Reject, TrackFacts, TrackRef
from segue.testing.reader import NOW, entry_of

AT = 1_700_000_000
WHEN = datetime.fromtimestamp(AT, UTC)
SPOTIFY = {
    "ts": "2023-11-14T22:16:20Z",
    "ms_played": 180_000,
    "master_metadata_track_name": "T",
    "master_metadata_album_artist_name": "A",
    "spotify_track_uri": "spotify:track:4uLU6hMCjMI75M1A2tKUQC",
}
ACCOUNT = {"endTime": "2023-11-14 22:16", "artistName": "A", "trackName": "T", "msPlayed": 120_000}
LASTFM = {"artist": {"#text": "A"}, "album": {"#text": "Al"}, "name": "T", "date": {"uts": str(AT)}}
LISTEN = {"listened_at": AT, "track_metadata": {"track_name": "T", "artist_name": "A"}}
PANO = {"timeMs": AT * 1000, "artist": "A", "track": "T"}
MALOJA = {"time": AT, "track": {"title": "T", "artists": ["A"]}}
STATS = {"track": "T", "artist": "A", "album": "Al", "date": AT * 1000}
SONG = "A\tAl\tT\t1\t200\tL\t1700000000\t\n"


def rows_of(data: str | bytes, name: str = "some", **options: Any) -> list[Any]:
    """The rows of a file that is recognised."""
    entry = entry_of(name, data.encode() if isinstance(data, str) else data)
    said = ReadOptions(now=NOW, **options)
    try:
        reader = recognise(entry, said)
        assert reader is not None, "not recognised"
        return list(reader.read(entry, said))
    finally:
        entry.close()


def kinds(rows: list[Any]) -> list[str]:
    return [type(row).__name__ for row in rows]


@pytest.mark.parametrize(
    "broken", ['{"a": }', "{oops: 1}", '{"a": "b" "c"}', '{"a": [1, 2}', "nul", "", "[1,"]
)
@pytest.mark.parametrize(
    ("around", "item"),
    [
        ("[%s]", SPOTIFY),
        ("[%s]", ACCOUNT),
        ("[%s]", LASTFM),
        ("[[%s]]", LASTFM),
        ('{"recenttracks": {"track": [%s]}}', LASTFM),
        ('[{"track": [%s], "@attr": {"page": "1"}}]', LASTFM),
        ('{"scrobbles": [%s]}', MALOJA),
        ('{"username": "me", "scrobbles": [%s]}', STATS),
        ('{"payload": {"listens": [%s]}}', LISTEN),
        ("[%s]", PANO),
    ],
)
def test_a_broken_item_costs_the_item(around: str, item: dict[str, Any], broken: str) -> None:
    whole = json.dumps(item)
    if broken in ('{"a": [1, 2}', "[1,"):  # brackets that never close: nobody knows where the item ends
        with pytest.raises(FormatError, match="cut short"):
            rows_of(around % f"{whole}, {broken}, {whole}")
        return
    for place in range(3):
        parts = [whole, whole, whole]
        parts[place] = broken
        rows = rows_of(around % ", ".join(parts))
        if broken == "" and place == 2:
            assert kinds(rows) == ["Listen"] * 2  # a comma too many at the end is no item
        else:
            assert kinds(rows) == ["Reject" if n == place else "Listen" for n in range(3)]


@pytest.mark.parametrize("item", [SPOTIFY, ACCOUNT, LISTEN, PANO])
def test_json_lines_and_a_broken_first_line(item: dict[str, Any]) -> None:
    line = json.dumps(item)
    assert kinds(rows_of(f'{{"a": }}\n{line}\n{line}\n')) == ["Reject", "Listen", "Listen"]


def test_nan_costs_the_field_or_the_item_that_needs_it() -> None:
    (reject, good) = rows_of(json.dumps([ACCOUNT | {"msPlayed": float("nan")}, ACCOUNT]))
    assert "not finite" in reject.reason
    assert good.played_ms == 120_000
    (found,) = rows_of(json.dumps([PANO | {"durationMs": float("inf")}]))
    assert found == Listen("me", TrackRef("T", ("A",)), WHEN)


def test_an_item_nested_beyond_all_bounds_costs_the_item() -> None:
    deep = "[" * 100_000 + "]" * 100_000
    rows = rows_of(f"[{json.dumps(ACCOUNT)}, {deep}, {json.dumps(ACCOUNT)}]")
    assert kinds(rows) == ["Listen", "Reject", "Listen"]
    line = json.dumps(PANO)
    assert kinds(rows_of(f"{line}\n{deep}\n{line}\n")) == ["Listen", "Reject", "Listen"]


STRANGE: list[Any] = ["null", "3:4x", -1, [], {}, "x" * 3_000, 1e308, True]


@pytest.mark.parametrize("strange", STRANGE)
@pytest.mark.parametrize(
    ("item", "fields", "wrap"),
    [
        (
            SPOTIFY,
            ["skipped", "shuffle", "reason_start", "reason_end", "master_metadata_album_album_name"],
            "[%s]",
        ),
        (PANO, ["album", "durationMs"], "%s"),
        (MALOJA, ["duration"], '{"scrobbles": [%s]}'),
        (LASTFM, ["album", "mbid", "@attr", "streamable"], "[%s]"),
        (STATS, ["album", "albumId"], '{"scrobbles": [%s]}'),
        (LISTEN, ["user_x", "recording_msid"], '{"payload": {"listens": [%s]}}'),
    ],
)
def test_an_optional_field_of_json_costs_the_field(
    item: dict[str, Any], fields: list[str], wrap: str, strange: Any
) -> None:
    for field in fields:
        (found,) = rows_of(wrap % json.dumps(item | {field: strange}))
        assert (type(found), found.track.title, found.track.artists) == (Listen, "T", ("A",)), field


@pytest.mark.parametrize("strange", ["null", "3:4x", "-1", "x" * 3_000, "1e308", "nan", "[]"])
def test_an_optional_column_costs_the_field(strange: str) -> None:
    names = "duration,duration_ms,ms_played,skipped,shuffle,reason_start,session_position,mbid,isrc,album"
    for name in names.split(","):
        (found,) = rows_of(f"artist,track,timestamp,{name}\nA,T,{AT},{strange}\n")
        assert (found.listener, found.started_at, found.track.title) == ("me", WHEN, "T")
    (facts,) = rows_of(f"artist,track,explicit,popularity\nA,T,{strange},{strange}\n")
    assert facts == TrackFacts(TrackRef("T", ("A",)))
    (_, entry) = rows_of(f"playlist,artist,track,added_at,position\nP,A,T,{strange},{strange}\n")
    assert entry == PlaylistEntry("table:P", None, TrackRef("T", ("A",)))
    (found,) = rows_of(f"#AUDIOSCROBBLER/1.1\n#TZ/UTC\nA\tAl\tT\t1\t{strange}\tL\t{AT}\t\n")
    assert found.skipped is False


@pytest.mark.parametrize(("written", "length"), [("3:45", 225_000), ("1:00:01", 3_601_000), ("225", 225_000)])
def test_lengths_in_minutes(written: str, length: int) -> None:
    (found,) = rows_of(f"artist,track,timestamp,duration\nA,T,{AT},{written}\n")
    assert found.track.duration_ms == length


def test_pano_scrobblers_table_tells_loves_from_plays() -> None:
    play, love = rows_of(
        "timeHuman,timeMs,artist,track,album,albumArtist,durationMs,event\n"
        f'"14 Nov 2023, 22:13",{AT}000,A,T,Al,,null,scrobble\n'
        f'"14 Nov 2023, 22:18",{AT}300,A,U,,,200000,love\n'
    )
    assert play == Listen("me", TrackRef("T", ("A",), "Al"), WHEN)
    assert love == Feedback(
        "me", TrackRef("U", ("A",), None, 200_000), "love", WHEN.replace(microsecond=300_000)
    )


@pytest.mark.parametrize(
    "written",
    ["2023-11-14 22:13:20 UTC", "2023-11-14T22:13:20Z", "2023-11-14 22:13:20 GMT", str(AT), f"{AT}000"],
)
def test_what_says_utc_is_utc_whatever_the_zone(written: str) -> None:
    (found,) = rows_of(f'artist,track,time\nA,T,"{written}"\n', timezone="America/New_York")
    assert found.started_at == WHEN
    (found,) = rows_of(json.dumps([SPOTIFY | {"ts": written, "ms_played": 0}]), timezone="America/New_York")
    assert found.started_at == WHEN


def test_sources_whose_times_are_utc_need_not_say_so() -> None:
    minute = WHEN.replace(second=0)
    for data in (
        json.dumps([ACCOUNT | {"endTime": "2023-11-14 22:13", "msPlayed": 0}]),
        "A,Al,T,14 Nov 2023 22:13\n",
        'uts,utc_time,artist,track\n,"14 Nov 2023, 22:13",A,T\n',
        'utc_time,artist,track\n"14 Nov 2023, 22:13",A,T\n',
        json.dumps([LASTFM | {"date": {"#text": "14 Nov 2023, 22:13"}}]),
    ):
        (found,) = rows_of(data, timezone="America/New_York")
        assert found.started_at == minute, data
    (found,) = rows_of('artist,track,time\nA,T,"14 Nov 2023, 17:13"\n', timezone="America/New_York")
    assert found.started_at == minute


@pytest.mark.parametrize(
    "count", ["1", "225", "59008", "86400", "99999999", "3:45", "1:03:45", "1970-01-01 00:01"]
)
def test_what_is_near_0_or_a_length_is_no_time(count: str) -> None:
    good, bad = rows_of(f"artist,track,timestamp\nA,T,{AT}\nA,T,{count}\n")
    assert (good.started_at, type(bad)) == (WHEN, Reject)
    for item in (PANO | {"timeMs": count}, LISTEN | {"listened_at": count}):
        assert kinds(rows_of(json.dumps(item))) == ["Reject"]
    for item in (LASTFM | {"date": {"uts": count}}, SPOTIFY | {"ts": count}):
        assert kinds(rows_of(json.dumps([item]))) == ["Reject"]


def test_a_column_time_of_lengths_is_the_length() -> None:
    for length in ("225", "3:45"):
        (found,) = rows_of(
            f"Name\tArtist\tTime\tYear\tPlays\tLast Played\rT\tA\t{length}\t1990\t17\t3/4/2024, 5:00 PM\r"
        )
        assert found == Listen("me", TrackRef("T", ("A",), None, 225_000), plays=17)


@pytest.mark.parametrize(
    "when",
    [
        *(
            f"{AT}",
            f"{AT}000",
            "2023-11-14 22:13",
            "2023-11-14T22:13:20.000Z",
            "14/11/2023",
            "11/14/2023 10:13 PM",
        ),
        *("Nov 14, 2023, 10:13:20 PM UTC", "14. November 2023 um 22:13"),
    ],
)
@pytest.mark.parametrize("name", ["quand", "Event Start Timestamp", "WiedergabeZeitpunkt"])
def test_plays_with_an_unknown_time_are_refused_not_taken_for_facts(name: str, when: str) -> None:
    table = f'artist;track;{name}\nA;T;"{when}"\nA;U;\nA;T;"{when}"\n'
    with pytest.raises(FormatError, match="looks like plays") as error:
        rows_of(table)
    assert name.lower() in str(error.value)
    assert f'--column "time={name.lower()}"' in str(error.value)
    assert kinds(rows_of(table, columns={"time": ""})) == ["TrackFacts"] * 3
    with pytest.raises(FormatError, match="looks like plays"):
        rows_of(f'user;artist;track;{name}\nann;A;T;"{when}"\n')


def test_facts_and_counts_are_still_taken() -> None:
    assert kinds(rows_of("artist,track,release_date\nA,T,2001-02-03\n")) == ["TrackFacts"]
    assert kinds(rows_of("title,artist,isrc\nT,A,GBUM71029604\n")) == ["TrackFacts"]
    assert kinds(rows_of("artist,track,plays,last_played\nA,T,5,2001-02-03\n")) == ["Listen"]
    assert kinds(rows_of("user,artist,track,rating\nann,A,T,5\n")) == ["Listen"]


def test_a_row_without_a_time_among_plays_is_no_count() -> None:
    good, bad = rows_of(f"artist,track,timestamp\nA,T,{AT}\nA,T,\n")
    assert (type(good), bad.reason) == (Listen, "the time is missing")


def test_named_columns_count_when_formats_are_recognised() -> None:
    (found,) = rows_of(
        "quand;chanson;groupe\n2023-11-14 22:13:20;T;A\n",
        columns={"time": "quand", "track": "chanson", "artist": "groupe"},
    )
    assert found == Listen("me", TrackRef("T", ("A",)), WHEN)


@pytest.mark.parametrize("place", range(5))
def test_a_bad_row_among_the_first_does_not_refuse_a_file(place: int) -> None:
    sha = "0123456789abcdef0123456789abcdef01234567"
    for good, bad in (
        ("A,Al,T,05 Apr 2010 11:59", "A,Al,T,"),
        ('"A, B",Al,T,"05 Apr 2010, 11:59"', "A,Al"),
        (SONG.rstrip("\n"), "A\tAl"),
        (f"{sha}\t{'b' * 8}-1111-1111-1111-{'b' * 12}\tA\t5", "oops\toops"),
        ("user_000001\t2009-05-04T23:08:57Z\t\tA\t\tT", "oops\toops\t\t"),
    ):
        lines = [good] * 5
        lines[place] = bad
        rows = rows_of("\n".join(lines) + "\n")
        assert [type(row) is Reject for row in rows] == [n == place for n in range(5)], (good, place)


def test_lines_before_the_names_of_the_columns() -> None:
    for start in ("sep=;\n", "My Library\n", "\ufeffsep=;\nMy Library;;\n", "a\nb\nc\n"):
        (found,) = rows_of(f"{start}artist;track;timestamp\nA;T;{AT}\n")
        assert found == Listen("me", TrackRef("T", ("A",)), WHEN), start
    (found,) = rows_of("Shazam Library\nIndex,TagTime,Title,Artist,URL\n1,2023-11-14,T,A,u\n")
    assert found == Listen("me", TrackRef("T", ("A",)), datetime(2023, 11, 14, tzinfo=UTC))


def test_blanks_after_commas_and_fields_missing_at_the_end() -> None:
    first, second = rows_of('TITLE, ARTIST\n"Les eaux", "Stacey Kent"\n"Teach", "Crosby, Stills & Nash"\n')
    assert first.track == TrackRef("Les eaux", ("Stacey Kent",))
    assert second.track == TrackRef("Teach", ("Crosby, Stills & Nash",))
    full, short = rows_of(f"artist,track,timestamp,album\nA,T,{AT},Al\nA,T,{AT}\n")
    assert (full.track.album, short.track.album, short.started_at) == ("Al", None, WHEN)


def test_an_artist_that_begins_with_a_sign_of_a_comment() -> None:
    header = "#AUDIOSCROBBLER/1.1\n#TZ/UTC\n#CLIENT/Rockbox\n"
    first, second = rows_of(f"{header}#1 Dads\tAl\tT\t1\t200\tL\t{AT}\t\n{SONG}")
    assert (first.track.artists, second.track.artists) == (("#1 Dads",), ("A",))
    assert kinds(rows_of(SONG + SONG.replace("L", "S"))) == ["Listen", "Listen"]
    assert rows_of(SONG, timezone="America/New_York")[0].started_at == datetime(
        2023, 11, 15, 3, 13, 20, tzinfo=UTC
    )


def test_librefm_in_utf_7_and_without_albums() -> None:
    for data in (
        "+ACM- Data export,,,\n+ACM- 2025,,,\nArtist,Track,Album,Time\nBj+APY-rk,T,,1700000000\n",
        "# Libre.fm\nArtist,Track,Time\nBjörk,T,1700000000\n",
    ):
        (found,) = rows_of(data)
        assert found == Listen("me", TrackRef("T", ("Björk",)), WHEN)


def test_spotifys_history_as_lines_and_as_a_table() -> None:
    expected = rows_of(json.dumps([SPOTIFY]))
    assert expected[0].started_at == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert rows_of(json.dumps(SPOTIFY)) == expected
    columns = ",".join(["", *SPOTIFY])
    assert rows_of(f"{columns}\n1,{','.join(map(str, SPOTIFY.values()))}\n") == expected
    account = rows_of(json.dumps([ACCOUNT]))
    assert rows_of(f"{','.join(ACCOUNT)}\n{','.join(map(str, ACCOUNT.values()))}\n") == account
    assert account[0].started_at == datetime(2023, 11, 14, 22, 14, tzinfo=UTC)


def test_lastfmstats_and_pages_without_their_name() -> None:
    expected = [Listen("me", TrackRef("T", ("A",), "Al"), WHEN)]
    assert rows_of(f"\ufeffArtist;Album;AlbumId;Track;Date#someone\r\nA;Al;;T;{AT}000\r\n") == expected
    assert rows_of(json.dumps({"username": "someone", "scrobbles": [STATS]})) == expected
    for pages in ([{"track": [LASTFM], "@attr": {}}], {"track": [LASTFM]}, [{"track": LASTFM}]):
        assert rows_of(json.dumps(pages)) == expected


def test_every_reader_refuses_what_is_nothing() -> None:
    for reader in READERS:
        with closing(entry_of("x", b"")) as entry, pytest.raises(FormatError):
            list(reader.read(entry, ReadOptions(now=NOW)))
