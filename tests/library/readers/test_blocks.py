"""Rows that come in columns are the rows that come one by one: the same values, rejects, places and order."""

from __future__ import annotations

import csv
import io
import random
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from segue.library.blocks import Block
from segue.library.readers import delimited, table_plays, text_stream
from segue.library.readers.base import Reader, ReadOptions
from segue.library.readers.table import Table
from segue.library.rows import Row
from segue.testing.reader import NOW, entry_of

PLAIN = {
    "user": ["ann", "bob", "Zoë", "7"],
    "artist": ["Adele", "Sigur Rós", "AC/DC", "KAROL G, Nicki Minaj", "Tyler, The Creator", "Björk"],
    "track": ["Hello", "50 Ft Queenie", "राम", "Й", "a|b", "10", "It's"],
    "album": ["25", "", "Homogenic"],
    "timestamp": ["1700000000", "1700000000123", "1600000001", "2023-05-05T12:00:00Z", "2023-05-05 12:00:00"],
    "ms_played": ["0", "1000", "215000", ""],
    "skipped": ["true", "false", "0", ""],
    "shuffle": ["True", ""],
    "context": ["album", "radio", ""],
    "plays": ["1", "3", ""],
    "stage": ["0", "3"],
}
ODD = (
    *(
        "",
        " ",
        " Hello ",
        "x" * 2_500,
        "\u2028",
        "\x1b[2J",
        "é\u202e",
        '"',
        'say "hi"',
        "a\nb",
        "\t",
        ",",
        ";",
    ),
    *("-1", "12.0", "1e5", "NaN", "１２", "0x1F", "9" * 30, "604800001", "0", "1.5", "300", "007"),
    *("1969-12-31", "2023-02-29T00:00:00Z", "2023-13-01T00:00:00Z", "2023-05-05T24:00:00Z", "20230505"),
    *("2023-05-05T12:00:00+00:00", "2023-05-05T12:00:00.000Z", "2023-05-05T12:00:00+02:00", "99999999999"),
    *(
        "2023-05-05T12:00:0xZ",
        "2099-01-01T00:00:00Z",
        "05.05.2023 12:00",
        "01 Sep 2023, 14:37",
        "1700000000.5",
    ),
    *("1700000000123456", "1700000000123456789", "100000000", "99999999", "1 Jan 1970", "spotify:track:x"),
)


def written(draw: random.Random, rows: int, oddity: float) -> str:
    """A table of plays as CSV, in one of the ways that people write it."""
    columns = ["artist", "track", *draw.sample(["user", "album", "ms_played", "skipped", "stage"], 3)]
    columns += draw.choice(
        (["timestamp"], ["timestamp", "shuffle", "context"], ["timestamp", "plays"], ["plays"])
    )
    draw.shuffle(columns)
    out = io.StringIO()
    quoting = draw.choice((csv.QUOTE_MINIMAL, csv.QUOTE_ALL))
    ends = draw.choice(("\n", "\r\n"))
    write = csv.writer(out, delimiter=draw.choice(",;\t"), quoting=quoting, lineterminator=ends)
    write.writerow(columns)
    # Of each column values of one kind and a few others, as in most tables.
    usual = {name: draw.sample(PLAIN[name], draw.randint(1, len(PLAIN[name]))) for name in columns}
    for _ in range(rows):
        write.writerow(
            draw.choice(ODD) if draw.random() < oddity else draw.choice(usual[name]) for name in columns
        )
    text = out.getvalue()
    for _ in range(draw.randint(0, 2) if oddity else 0):  # what no writer writes
        at = draw.randrange(len(text) // 2, len(text))
        text = text[:at] + draw.choice(('"', "\n", "\r", ",", '""', " ", "\x00", ",,,\n")) + text[at:]
    return text


def parts(reader: Reader, name: str, data: bytes, options: ReadOptions) -> list[Row | Block]:
    entry = entry_of(name, data)
    try:
        return list(reader.parts(entry, options))
    finally:
        entry.close()


def rows(found: list[Row | Block]) -> list[Row]:
    return [row for part in found for row in (part.rows() if isinstance(part, Block) else [part])]


@pytest.mark.parametrize("seed", range(60))
def test_a_table_in_columns_is_the_table_row_by_row(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(seed)
    text = written(draw, 300, draw.choice((0.0, 0.002, 0.02, 0.2)))
    data = text.encode(draw.choice(("utf-8", "utf-8", "utf-8-sig", "utf-16")))
    options = ReadOptions(now=NOW, timezone=draw.choice(("UTC", "Europe/Paris")))
    monkeypatch.setattr(text_stream, "FIRST", 200)
    monkeypatch.setattr(text_stream, "CHUNK", draw.choice((500, 3_000, 100_000)))
    in_columns = parts(Table(), "plays.csv", data, options)
    monkeypatch.setattr(delimited, "of_text", lambda *told: None)
    one_by_one = parts(Table(), "plays.csv", data, options)
    assert not any(isinstance(part, Block) for part in one_by_one)
    assert rows(in_columns) == one_by_one


def test_plain_tables_do_come_in_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_stream, "FIRST", 100)
    lines = "".join(
        f'"Simon, ""Art"" {n % 7}",Song {n % 50},{1_600_000_000 + n},{n}\r\n' for n in range(5_000)
    )
    found = parts(
        Table(), "plays.csv", f"artist,track,time,ms_played\r\n{lines}".encode(), ReadOptions(now=NOW)
    )
    blocks = [part for part in found if isinstance(part, Block)]
    assert sum(len(block.places) for block in blocks) >= 4_990
    assert len(rows(found)) == 5_000


@pytest.mark.parametrize("zone", ["UTC", "Europe/Paris"])
def test_parquet_in_columns_is_parquet_row_by_row(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    draw, count = random.Random(5), 400
    paris = ZoneInfo("Europe/Paris")
    times = [datetime(2023, 1, 1 + n % 28, n % 24, n % 60, n % 7, 100 * n, tzinfo=UTC) for n in range(count)]
    times[3] = datetime(1970, 1, 1, tzinfo=UTC)
    bare: list[datetime | None] = [time.replace(tzinfo=None) for time in times]
    bare[7] = None
    kinds = {
        "aware": pa.array(times, pa.timestamp("ns", "UTC")),
        "elsewhere": pa.array([time.astimezone(paris) for time in times], pa.timestamp("ms", "Europe/Paris")),
        "bare": pa.array(bare, pa.timestamp("us")),
        "seconds": pa.array([1_600_000_000 + n if n % 9 else -n for n in range(count)], pa.int64()),
        "floats": pa.array([1.6e9 + n / 3 if n % 11 else float("nan") for n in range(count)], pa.float64()),
        "days": pa.array([time.date() for time in times], pa.date32()),
        "unsigned": pa.array([2**63 + n if n % 5 else 1_600_000_000 for n in range(count)], pa.uint64()),
    }
    for name, time in kinds.items():
        table = pa.table(
            {
                "user": pa.array([n % 5 for n in range(count)], pa.int16()),
                "artist": pa.array(draw.choices(["Adele", "Björk", None], k=count)).dictionary_encode(),
                "track": pa.array(draw.choices(["Hello", "Jóga", "", None], k=count)),
                "ms_played": pa.array([n - 5 for n in range(count)], pa.int32()),
                "skipped": pa.array(draw.choices([True, False, None], k=count)),
                "time": time,
            }
        )
        out = io.BytesIO()
        pq.write_table(table, out)
        options = ReadOptions(now=NOW, timezone=zone)
        in_columns = parts(Table(), "plays.parquet", out.getvalue(), options)
        assert any(isinstance(part, Block) for part in in_columns), name
        with monkeypatch.context() as patch:
            patch.setattr(table_plays.Plays, "_block", lambda *told: None)
            assert rows(in_columns) == parts(Table(), "plays.parquet", out.getvalue(), options), name
