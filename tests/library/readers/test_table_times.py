"""Times of tables as people and spreadsheets write them, and columns named in other languages."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.library.readers.test_table import taken

from segue.library.rows import Listen, Reject


def times(*written: str, header: str = "artist,track,date") -> list[str]:
    rows = taken(header + "\n" + "".join(f'A,T,"{each}"\n' for each in written))
    return [f"{row.started_at:%Y-%m-%d %H:%M:%S}" if isinstance(row, Listen) else row.reason for row in rows]


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("05.01.2023 10:00", "2023-01-05 10:00:00"),
        ("5.1.2023", "2023-01-05 00:00:00"),
        ("05 avr. 2010, 11:55", "2010-04-05 11:55:00"),
        ("mardi 5 décembre 2023 11:55:01", "2023-12-05 11:55:01"),
        ("Mon, 25 Dec 2023 10:00:00 +0100", "2023-12-25 09:00:00"),
        ("Mon Dec 25 2023 10:00:00 GMT+0100 (CET)", "2023-12-25 09:00:00"),
        ("Dec 25, 2023 10:00 PM", "2023-12-25 22:00:00"),
        ("2023/12/25 10:00", "2023-12-25 10:00:00"),
        ("1700000000,25", "2023-11-14 22:13:20"),
        ("1,7E+12", "2023-11-14 22:13:20"),
    ],
)
def test_written_times(written: str, wanted: str) -> None:
    assert times(written) == [wanted]


def test_other_dates_of_the_column_tell_the_day_from_the_month() -> None:
    many = ["02/01/2023 10:00"] * 300
    assert times(*many, "25/01/2023 9:00")[-2:] == ["2023-01-02 10:00:00", "2023-01-25 09:00:00"]
    assert times(*many, "01/25/2023 9:00 PM")[-2:] == ["2023-02-01 10:00:00", "2023-01-25 21:00:00"]
    for unclear in (many[:2], ["25/01/2023 9:00", "01/25/2023 9:00"]):
        assert all("may be day/month or month/day" in each for each in times(*unclear))
    assert times(many[0], header="artiste,titre,écouté le") == ["2023-01-02 10:00:00"]


def test_the_day_and_the_time_of_day_in_two_columns() -> None:
    rows = taken("Time,Date,Artist,Track\n10:05,2023-01-05,A,T\n9:10 pm,2023-01-06,A,T\n")
    assert [row.started_at for row in rows] == [
        datetime(2023, 1, 5, 10, 5, tzinfo=UTC),
        datetime(2023, 1, 6, 21, 10, tzinfo=UTC),
    ]
    (length,) = taken("Date,Time,Artist,Track\n2023-01-05,3:45,A,T\n")
    assert (length.started_at, length.track.duration_ms) == (datetime(2023, 1, 5, tzinfo=UTC), 225_000)


@pytest.mark.parametrize(
    "header",
    [
        "Künstler;Titel;Datum;Dauer",
        "artiste;morceau;date d'écoute;durée",
        "Artista;Canción;Fecha;Duración",
        "исполнитель;песня;дата;длительность",
        "アーティスト;曲名;日時;長さ",
        "Künstler;Titel;Wiedergegeben am;Länge",
        "Artista;Canción;Fecha de reproducción;Duración",
        "Artista;Brano;Data di ascolto;Durata",
        "Виконавець;Назва;Дата;Тривалість",
        "Καλλιτέχνης;Τραγούδι;Ημερομηνία;Διάρκεια",
        "Nghệ sĩ;Bài hát;Ngày;Thời lượng",
    ],
)
def test_columns_in_other_languages(header: str) -> None:
    (found,) = taken(f"{header}\nA;T;2023-01-05 10:00;3:45\n")
    assert found.started_at == datetime(2023, 1, 5, 10, tzinfo=UTC)
    assert (found.track.artists, found.track.title, found.track.duration_ms) == (("A",), "T", 225_000)


def test_columns_named_in_any_script() -> None:
    columns = {"time": "第一", "track": "第二", "artist": "第三"}
    (found,) = taken("第一,第二,第三\n1700000000,T,A\n", columns=columns)
    assert (found.track.title, found.track.artists) == ("T", ("A",))


def test_numbers_with_a_comma() -> None:
    rows = taken("artist;track;timestamp;ms_played;plays\nA;T;1700000000;180000,5;\nA;T;1700000300;;1,234\n")
    assert rows[0].played_ms == 180_000
    assert isinstance(rows[1], Reject)  # a thousand, or a bit more than one
