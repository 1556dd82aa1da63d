"""Moments as numbers: fractions, before 1970, after 2038, missing."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import ibis
import pyarrow as pa
import pytest

from segue.library import Library
from segue.library.moments import days_until, milliseconds, seconds
from segue.library.tables import TIME

MOMENTS = [
    datetime(2026, 4, 1, 0, 0, 0, 999_999, UTC),
    datetime(2026, 4, 1, 0, 38, 8, 694_000, UTC),
    datetime(1969, 12, 31, 23, 59, 59, 250_000, UTC),
    datetime(1901, 1, 1, tzinfo=UTC),
    datetime(2038, 1, 19, 3, 14, 8, 1_000, UTC),
    datetime(2262, 1, 1, 12, tzinfo=UTC),
    None,
]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def told() -> dict[str, list]:
    table = ibis.memtable(pa.table({"at": pa.array(MOMENTS, TIME)}))
    now = datetime(2026, 11, 28, 18, 30, 0, 500_000, UTC)
    asked = table.select(
        s=seconds(table["at"]), ms=milliseconds(table["at"]), days=days_until(table["at"], now)
    )
    return ibis.duckdb.connect().to_pyarrow(asked).to_pydict()


def test_seconds_keep_their_fraction(told: dict[str, list]) -> None:
    expected = [None if at is None else (at - EPOCH) / timedelta(seconds=1) for at in MOMENTS]
    assert told["s"] == pytest.approx(expected, abs=1e-5)


def test_milliseconds_are_whole_and_rounded_down(told: dict[str, list]) -> None:
    assert told["ms"] == [None if at is None else (at - EPOCH) // timedelta(milliseconds=1) for at in MOMENTS]


def test_days_are_counted_to_now(told: dict[str, list]) -> None:
    assert told["days"][0] == pytest.approx((241 * 86_400 + 18.5 * 3_600 - 0.5) / 86_400, abs=1e-7)
    assert told["days"][4] < 0
    assert told["days"][-1] is None


def test_nothing_else_makes_numbers_of_moments() -> None:
    """`epoch_seconds` is a 32-bit integer to Ibis and a double to DuckDB: only `moments.py` may call it."""
    from pathlib import Path

    import segue

    root = Path(segue.__file__).parent
    users = [str(f.relative_to(root)) for f in root.rglob("*.py") if "epoch_seconds(" in f.read_text("utf-8")]
    assert users == ["library/moments.py"]


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kolkata"])
def test_hours_and_months_are_those_of_utc_wherever_the_machine_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        library = Library.open(tmp_path / "library", create=True)
        table = ibis.memtable(pa.table({"at": pa.array([datetime(2026, 3, 1, 0, 30, tzinfo=UTC)], TIME)}))
        asked = table.select(hour=table["at"].hour(), month=table["at"].truncate("M"))
        row = library.arrow(asked).to_pylist()[0]
    finally:
        monkeypatch.undo()
        time.tzset()
    assert (row["hour"], row["month"].isoformat()[:10]) == (0, "2026-03-01")
