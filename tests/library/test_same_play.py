"""Every play once and none lost, whoever tells of it and in whatever order."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.library.a_year import TELLERS, a_year, write
from tests.library.conftest import without_columns

from segue.errors import NotFoundError
from segue.library import Library
from segue.library.importing import ImportReport, import_path
from segue.library.rows import Feedback, Listen, TrackRef
from segue.library.withdrawing import withdraw

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NAMED = TrackRef("Hello", ("Adele",))
SONG = NAMED._replace(spotify="A")


def at(seconds: float, track: TrackRef = SONG, **more) -> Listen:
    return Listen("me", track, NOON + timedelta(seconds=seconds), **more)


def rows(library: Library) -> list[dict]:
    return sorted(
        library.arrow("listens").to_pylist(), key=lambda row: (row["started_at"], row["played_ms"] or 0)
    )


def adds_up(report: ImportReport) -> tuple[int, int, int, int]:
    count = report.counts["listens"]
    assert count.read == count.stored + count.already_there + count.rejected
    assert min(count) >= 0
    assert sum(report.same_as.values()) <= count.already_there
    return tuple(count)


def account(*plays: tuple[str, int], name: str = "Song A") -> str:
    return json.dumps(
        [
            {"endTime": f"2024-03-01 {end}", "artistName": "Artist A", "trackName": name, "msPlayed": ms}
            for end, ms in plays
        ]
    )


def extended(*plays: tuple[str, int], name: str = "Song A", id: str = "1") -> str:
    return json.dumps(
        [
            {
                "ts": f"2024-03-01T{end}Z",
                "ms_played": ms,
                "master_metadata_track_name": name,
                "master_metadata_album_artist_name": "Artist A",
                "spotify_track_uri": f"spotify:track:{id:>022}",
                "reason_start": "trackdone",
                "reason_end": "trackdone",
                "shuffle": True,
                "skipped": False,
            }
            for end, ms in plays
        ]
    )


def import_texts(library: Library, folder: Path, *texts: tuple[str, str]) -> list[ImportReport]:
    """Import each text as a file of its own, in turn."""
    reports = []
    for number, (name, text) in enumerate(texts):
        path = folder / str(number) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        reports.append(import_path(library, path))
        adds_up(reports[-1])
    return reports


ACCOUNT, EXTENDED = "StreamingHistory_music_0.json", "Streaming_History_Audio_2024_0.json"


def test_a_loop_in_one_file_stays_a_loop(library: Library, tmp_path: Path) -> None:
    ends = ("10:02", "10:05", "10:07", "10:10", "10:12")
    (report,) = import_texts(library, tmp_path, (ACCOUNT, account(*((end, 150_000) for end in ends))))
    assert report.counts["listens"] == (5, 5, 0, 0)


def test_rows_that_overlap_by_rounding_are_all_kept_and_drop_no_others(
    library: Library, tmp_path: Path
) -> None:
    ends = ("10:03:00", "10:05:58", "10:08:56")
    (report,) = import_texts(library, tmp_path, (EXTENDED, extended(*((end, 180_000) for end in ends))))
    assert report.counts["listens"] == (3, 3, 0, 0)


def test_rows_identical_in_everything_are_one(library: Library, store) -> None:
    play = at(0, played_ms=200_000, skipped=False)
    report = store(library, [play, play, play._replace(skipped=True)], "spotify")
    assert adds_up(report) == (3, 2, 1, 0)
    assert report.same_as == {}
    again = store(library, [play._replace(skipped=True), play], "spotify")
    assert adds_up(again) == (2, 0, 2, 0)


@pytest.mark.parametrize("richer_first", [False, True])
def test_the_richer_row_fills_in_the_poorer(library: Library, tmp_path: Path, richer_first: bool) -> None:
    told = [
        (ACCOUNT, account(("10:05", 3_000), ("10:09", 200_000))),
        (EXTENDED, extended(("10:05:41", 3_000), ("10:09:01", 200_000))),
    ]
    _, second = import_texts(library, tmp_path, *(told[::-1] if richer_first else told))
    assert second.counts["listens"] == (2, 0, 2, 0)
    assert second.same_as == {"spotify" if richer_first else "spotify-account": 2}
    assert [(row["played_ms"], row["skipped"], row["shuffle"]) for row in rows(library)] == [
        (3_000, False, True),
        (200_000, False, True),
    ]
    assert {tuple(row["sources"]) for row in rows(library)} == {("spotify", "spotify-account")}
    assert library.arrow("tracks")["spotify"].to_pylist() == ["1".zfill(22)]
    assert library.count("told") == 4


@pytest.mark.parametrize("richer_first", [False, True])
def test_what_is_known_by_name_gets_the_ids_of_a_later_export(
    library: Library, tmp_path: Path, richer_first: bool
) -> None:
    """Also where one name has two ids: each play has the id that the richer source tells of it."""
    plays = a_year(120)
    told = [
        (ACCOUNT, TELLERS[ACCOUNT](plays)),
        (EXTENDED, TELLERS["Streaming_History_Audio_2025.json"](plays)),
    ]
    import_texts(library, tmp_path, *(told[::-1] if richer_first else told))
    id_of = {row["track_id"]: row["spotify"] for row in library.arrow("tracks").to_pylist()}
    wanted = [row["spotify_track_uri"].rpartition(":")[2] for row in json.loads(told[1][1])]
    assert sorted(id_of[row["track_id"]] for row in rows(library)) == sorted(wanted)
    keys = {row["key"]: row["track_id"] for row in library.arrow("track_keys").to_pylist()}
    assert all(id_of[keys[f"spotify:{each}"]] == each for each in wanted)


LASTFM = "uts,utc_time,artist,artist_mbid,album,album_mbid,track,track_mbid\n"


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(
    "told",
    [
        # a minute in which it ended, and the second at which it began
        [
            (ACCOUNT, account(("10:03", 180_000))),
            ("recenttracks.csv", LASTFM + '1709287241,"01 Mar 2024, 10:00",Artist A,,Alb,,Song A,\n'),
        ],
        # two exporters of Last.fm
        [
            ("recenttracks.csv", LASTFM + '1694000000,"06 Sep 2023, 11:33",A,,Alb,,Song2,\n'),
            ("user.csv", "A,Alb,Song2,06 Sep 2023 11:33\n"),
        ],
        # a table to the minute, and one to the second
        [
            ("a.csv", "artist,track,timestamp\nA,T,2024-03-01 10:00\nA,T,2024-03-01 10:04\n"),
            ("recenttracks.csv", LASTFM + "1709287241,,A,,,,T,\n1709287481,,A,,,,T,\n"),
        ],
        # paused for four minutes: the end less the time heard is later than the start
        [
            (EXTENDED, extended(("10:07:00", 180_000))),
            ("recenttracks.csv", LASTFM + "1709287202,,Artist A,,,,Song A,\n"),
        ],
        # heard for ten seconds with a pause of four minutes, by two sources that tell of so short a play
        [
            (ACCOUNT, account(("10:04", 10_000))),
            (
                "streaming.csv",
                "artist_name,track_title,entry_date,stream_duration_ms,product_type\n"
                "Artist A,Song A,01/03/2024 10:00,10000,TRACK\n",
            ),
        ],
    ],
)
def test_two_sources_of_different_exactness_tell_one_play(
    library: Library, tmp_path: Path, told: list[tuple[str, str]], turned: bool
) -> None:
    first, second = import_texts(library, tmp_path, *(told[::-1] if turned else told))
    assert (
        first.counts["listens"].stored == second.counts["listens"].already_there == library.count("listens")
    )
    assert sum(second.same_as.values()) == second.counts["listens"].read


def test_times_within_the_tolerance_are_matched_one_to_one(library: Library, store) -> None:
    store(library, [at(0), at(20), at(40)], "lastfm")
    report = store(library, [at(1), at(21), at(41), at(61)], "listenbrainz")
    assert adds_up(report) == (4, 1, 3, 0)
    assert report.same_as == {"lastfm": 3}
    # far from all: two plays
    assert adds_up(store(library, [at(4_000)], "maloja")) == (1, 1, 0, 0)


def test_a_short_play_is_not_the_long_one_that_follows_it(library: Library, store) -> None:
    store(library, [at(0, played_ms=4_000), at(5, played_ms=200_000)], "spotify")
    store(library, [at(6)], "lastfm")
    assert [row["sources"] for row in rows(library)] == [None, ["spotify", "lastfm"]]


def test_a_source_of_names_tells_of_whichever_track_another_has_an_id_for(library: Library, store) -> None:
    single, album = SONG._replace(spotify="S"), SONG._replace(spotify="L", album="25")
    for order in itertools.permutations(("ids", "names")):
        for source in order:
            if source == "ids":
                store(
                    library, [at(0, single, played_ms=200_000), at(250, album, played_ms=200_000)], "spotify"
                )
            else:
                store(library, [at(2, NAMED), at(251, NAMED)], "lastfm")
        assert library.count("listens") == 2


def test_an_export_made_again_later_adds_what_is_new_alone(library: Library, tmp_path: Path) -> None:
    old = [("10:03:00", 180_000), ("10:03:04", 4_000)]
    first, second, third = import_texts(
        library,
        tmp_path,
        (EXTENDED, extended(*old)),
        (EXTENDED, extended(*old, ("12:00:00", 90_000))),
        (EXTENDED, extended(*old)),
    )
    assert first.counts["listens"] == (2, 2, 0, 0)
    assert second.counts["listens"] == (3, 1, 2, 0)
    assert third.counts["listens"] == (2, 0, 2, 0)
    assert second.same_as == third.same_as == {}


def test_two_overlapping_exports_in_one_folder_are_stored_once(library: Library, tmp_path: Path) -> None:
    for folder, last in (("2024", "10:05:58"), ("2025", "10:08:56")):
        (tmp_path / "in" / folder).mkdir(parents=True)
        text = extended(("10:03:00", 180_000), (last, 180_000))
        (tmp_path / "in" / folder / EXTENDED).write_text(text)
    (tmp_path / "in" / ACCOUNT).write_text(account(("10:03", 180_000), ("10:05", 180_000)))
    report = import_path(library, tmp_path / "in")
    assert adds_up(report) == (6, 3, 3, 0)
    assert report.same_as == {"spotify": 2}


def test_what_a_source_tells_more_on_coming_again_is_filled_in(library: Library, store) -> None:
    store(library, [at(0, played_ms=5), at(900, played_ms=5)], "spotify")
    before = library.fingerprint()
    store(library, [at(0, played_ms=5, shuffle=True)], "spotify")
    assert [row["shuffle"] for row in rows(library)] == [True, None]
    assert library.fingerprint() != before
    filled = library.fingerprint()
    for again in ([at(0, played_ms=5, shuffle=True)], [at(0, played_ms=5)]):
        assert adds_up(store(library, again, "spotify")) == (1, 0, 1, 0)
        assert library.fingerprint() == filled
    # also where others told of the play
    store(library, [at(901)], "lastfm")
    store(library, [at(900, played_ms=5, skipped=True)], "spotify")
    assert [(row["skipped"], row["sources"]) for row in rows(library)][1] == (True, ["spotify", "lastfm"])


def test_of_a_skip_and_a_hearing_at_one_second_of_a_player_the_hearing_counts(
    library: Library, tmp_path: Path
) -> None:
    head = "#AUDIOSCROBBLER/1.1\n#TZ/UTC\n"
    lines = [f"R	A	T	7	336	{rating}	1282427991	\n" for rating in "SL"]
    for order in (lines, lines[::-1]):
        one = Library.open(tmp_path / order[0].split()[5], create=True)
        (report,) = import_texts(one, tmp_path, (".scrobbler.log", head + "".join(order)))
        assert report.counts["listens"] == (2, 1, 1, 0)
        assert [row["skipped"] for row in rows(one)] == [False]
    # and in a later file
    import_texts(library, tmp_path, *((".scrobbler.log", head + line) for line in lines))
    assert [row["skipped"] for row in rows(library)] == [False]


TIDAL = "artist_name,track_title,entry_date,stream_duration_ms,product_type\n"


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("turned", [False, True])
def test_within_a_minute_plays_are_in_the_order_of_the_file(
    library: Library, tmp_path: Path, newest_first: bool, turned: bool
) -> None:
    """Two skips and a whole play of one minute, and two of another: the shorter skip came later."""
    minutes = [("53", 17_451), ("53", 2_974), ("53", 352_464), ("59", 3_000), ("59", 352_000)]
    lines = [f"Artist A,Song A,01/03/2024 18:{minute},{ms},TRACK\n" for minute, ms in minutes]
    begun = [(53, 19, "S"), (53, 38, "S"), (53, 43, "L"), (59, 36, "S"), (59, 40, "L")]
    log = "#AUDIOSCROBBLER/1.1\n#TZ/UTC\n#CLIENT/x\n" + "".join(
        f"Artist A\t\tSong A\t1\t352\t{rating}\t{1709316000 + minute * 60 + second}\t\n"
        for minute, second, rating in begun
    )
    told = [("streaming.csv", TIDAL + "".join(lines[:: -1 if newest_first else 1])), (".scrobbler.log", log)]
    import_texts(library, tmp_path, *(told[::-1] if turned else told))
    assert [(row["played_ms"], row["skipped"]) for row in rows(library)] == [
        (ms, rating == "S") for (_, ms), (_, _, rating) in zip(minutes, begun, strict=True)
    ]
    before = library.fingerprint()
    import_texts(library, tmp_path, *told)
    assert library.fingerprint() == before


def test_a_later_file_that_begins_within_a_minute_does_not_change_its_order(
    library: Library, tmp_path: Path
) -> None:
    minutes = [17_451, 2_974, 352_464]
    rows = [f"Artist A,Song A,01/03/2024 18:53,{ms},TRACK\n" for ms in minutes]
    whole, rest = TIDAL + "".join(rows), TIDAL + "".join(rows[1:])
    for number, texts in enumerate(itertools.permutations((whole, rest))):
        one = Library.open(tmp_path / f"library-{number}", create=True)
        import_texts(one, tmp_path / str(number), *(("streaming.csv", text) for text in texts))
        turns = {row["played_ms"]: row["turn"] for row in one.arrow("listens").to_pylist()}
        assert sorted(turns, key=lambda ms: turns[ms]) == minutes


def test_other_listeners_and_other_songs_are_others(library: Library, store) -> None:
    store(library, [at(0)], "spotify")
    other = [at(0)._replace(listener="you"), at(0, TrackRef("Skyfall", ("Adele",), spotify="B"))]
    assert adds_up(store(library, other, "lastfm")) == (2, 2, 0, 0)


def test_a_library_of_an_earlier_release_opens_and_takes_more(library: Library, store) -> None:
    store(library, [at(0, played_ms=200_000)], "spotify")
    old = without_columns(library, "listens", ["sources"])
    assert [row["sources"] for row in rows(old)] == [None]
    assert adds_up(store(old, [at(2), at(4_000)], "lastfm")) == (2, 1, 1, 0)
    assert [row["sources"] for row in rows(old)] == [["spotify", "lastfm"], None]


def _after(paths: list[Path], folder: Path) -> list[dict]:
    library = Library.open(folder, create=True)
    for path in paths:
        adds_up(import_path(library, path))
    assert library.count("listens") == len(rows(library))
    return rows(library)


def _same_year_in_orders(tmp_path: Path, plays: int, orders: list[tuple[int, ...]], missing: float) -> None:
    paths, told = write(tmp_path / "in", a_year(plays), missing)
    seen = set()
    for number, order in enumerate(orders):
        found = _after([paths[place] for place in order], tmp_path / str(number))
        assert abs(len(found) - len(told)) <= 0.002 * len(told)
        with_skips = sum(row["skipped"] is not None and row["shuffle"] is not None for row in found)
        assert with_skips == len(json.loads(paths[0].read_text()))
        what = [
            (row["started_at"], row["played_ms"], row["skipped"], tuple(row["sources"] or ()))
            for row in found
        ]
        seen.add(json.dumps(sorted(map(str, what))))
    assert len(seen) == 1  # not only as many: the same ones


ORDERS = list(itertools.permutations(range(len(TELLERS))))


def test_a_year_told_by_four_sources_is_the_same_in_any_order(tmp_path: Path) -> None:
    _same_year_in_orders(tmp_path, 400, [(0, 1, 2, 3), (3, 1, 2, 0), (1, 2, 0, 3)], 0.0)


@pytest.mark.slow
@pytest.mark.parametrize("missing", [0.0, 0.03])
def test_a_year_of_4000_plays_told_by_four_sources_in_all_orders(tmp_path: Path, missing: float) -> None:
    _same_year_in_orders(tmp_path, 4_000, ORDERS, missing)


def test_a_source_that_is_taken_back_leaves_what_the_others_told(
    library: Library, store, tmp_path: Path
) -> None:
    tellings = {
        "spotify": [at(0, played_ms=200_000, skipped=False), at(900, played_ms=5_000, skipped=True)],
        "lastfm": [at(3), at(5_000)],
        "listenbrainz": [at(4), at(5_001), at(9_000)],
    }
    alone = {}
    for left_out in tellings:
        without = Library.open(tmp_path / left_out, create=True)
        for source, told in tellings.items():
            if source != left_out:
                store(without, told, source)
        alone[left_out] = rows(without)
    for source, told in tellings.items():
        store(library, [*told, Feedback("me", SONG, "love")] if source == "lastfm" else told, source)
    assert len(rows(library)) == 4
    whole = rows(library)
    assert withdraw(library, "lastfm") == (0, 2, 1)
    assert rows(library) == alone["lastfm"]
    assert library.count("feedback") == 0
    store(library, tellings["lastfm"], "lastfm")
    assert rows(library) == whole
    assert withdraw(library, "spotify", listener="me") == (1, 1, 0)
    assert rows(library) == alone["spotify"]
    with pytest.raises(NotFoundError, match="lastfm, listenbrainz"):
        withdraw(library, "spotify")
    assert withdraw(library, "listenbrainz") == (1, 2, 0)
    assert withdraw(library, "lastfm") == (2, 0, 0)
    assert rows(library) == [] and library.count("told") == 0
