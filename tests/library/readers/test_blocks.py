"""Rows that come in columns are the rows that come one by one: the same values, rejects, places and order."""

from __future__ import annotations

import csv
import io
import json
import random
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from segue.errors import FormatError
from segue.library.blocks import Block
from segue.library.readers import delimited, json_stream, spotify_history, table_plays, text_stream
from segue.library.readers.base import Reader, ReadOptions
from segue.library.readers.fields import Malformed
from segue.library.readers.spotify import Spotify
from segue.library.readers.table import Table
from segue.library.rows import Row
from segue.testing.reader import MISFIT, NOW, STRANGE, entry_of

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


STREAM = {
    "ts": ["2023-05-05T12:00:00Z", "2022-01-01T00:00:59Z", "2021-12-31T23:59:59Z"],
    "ms_played": [0, 1_000, 215_000, None],
    "master_metadata_track_name": ["Hello", "Jóga", "{[,]}", None],
    "master_metadata_album_artist_name": ["Adele", 'The "B"', "},{"],
    "master_metadata_album_album_name": ["25", None],
    "spotify_track_uri": ["spotify:track:" + "a" * 22, "spotify:track:" + "b" * 22, None],
    "episode_name": [None, None, None, "One"],
    "spotify_episode_uri": [None],
    "reason_start": ["trackdone", "clickrow"],
    "reason_end": ["trackdone", "\x00", ""],
    "shuffle": [True, False],
    "skipped": [True, False, None],
    "incognito_mode": [False, False, False, True],
}


@pytest.mark.parametrize("seed", range(40))
def test_streams_in_columns_are_streams_one_by_one(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(seed)
    oddity = draw.choice((0.0, 0.001, 0.02))
    items: list[object] = [
        {
            key: draw.choice(MISFIT) if draw.random() < oddity else draw.choice(values)
            for key, values in STREAM.items()
        }
        for _ in range(400)
    ]
    if oddity:
        items[draw.randrange(1, 400)] = draw.choice(MISFIT)
    indent = draw.choice((None, 2))
    separators = draw.choice(((", ", ": "), (",", ":"))) if indent is None else None
    text = json.dumps(items, ensure_ascii=draw.random() < 0.5, indent=indent, separators=separators)
    data = text.encode(errors="replace")
    for _ in range(draw.randint(0, 2) if oddity else 0):
        at = draw.randrange(len(data) // 2, len(data))
        data = data[:at] + draw.choice(STRANGE) + data[at:]
    monkeypatch.setattr(json_stream, "CHUNK", draw.choice((3_000, 40_000)))
    monkeypatch.setattr(spotify_history, "BLOCK", draw.choice((50, 1_000)))
    options = ReadOptions(now=NOW)
    in_columns = _or_error(data, options)
    monkeypatch.setattr(json_stream.Window, "several", lambda self: [])
    monkeypatch.setattr(spotify_history.Streams, "_block", _unusual)
    one_by_one = _or_error(data, options)
    if not oddity:
        assert all(isinstance(part, Block) for part in in_columns)
    assert rows(in_columns) == one_by_one


def _unusual(*told: object) -> Block:
    raise spotify_history.Unusual


def _or_error(data: bytes, options: ReadOptions) -> list[Row | Block]:
    """What is read; nothing where the whole file is refused."""
    try:
        return parts(Spotify(), "Streaming_History_Audio_2023.json", data, options)
    except FormatError:
        return []


@pytest.mark.parametrize("seed", range(60))
def test_several_items_at_once_are_those_one_by_one(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(seed)

    def value(depth: int) -> object:
        kind = draw.randrange(6 if depth else 4)
        if kind < 4:
            return draw.choice(("},{", '"a"', "", 1.5, -3, None, True, "é", '},\n{"id":1', "]"))
        if kind == 4:
            return [value(depth - 1) for _ in range(draw.randrange(4))]
        return {draw.choice(("id", "a", "name")): value(depth - 1) for _ in range(draw.randrange(3))}

    items = [{"id": n, "name": value(0), "more": value(3)} for n in range(300)]
    data = json.dumps(
        {"other": value(2), "items": items, "last": value(2)}, indent=draw.choice((None, 1))
    ).encode()
    for _ in range(draw.choice((0, 0, 1, 3))):
        at = draw.randrange(20, len(data))
        data = data[:at] + draw.choice(STRANGE) + data[at + draw.choice((0, 1)) :]
    monkeypatch.setattr(json_stream, "CHUNK", draw.choice((500, 5_000, 100_000)))
    at_once = _items(data)
    monkeypatch.setattr(json_stream.Window, "several", lambda self: [])
    assert at_once == _items(data)


def _items(data: bytes) -> list[object]:
    entry, found = entry_of("items.json", data), []
    try:
        for path, value in json_stream.items(entry, lambda path: path in ((), ("items",))):
            found.append((path, str(value) if isinstance(value, Malformed) else value))
    except FormatError:
        found.append("refused")
    finally:
        entry.close()
    return found
