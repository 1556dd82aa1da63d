"""Moments as numbers, in Ibis expressions that every backend counts alike.

`epoch_seconds()` alone will not do: Ibis calls it a 32-bit integer, which ends in 2038, while DuckDB returns
a double with the fraction and Spark whole seconds. So wherever a moment becomes a number it does so here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

DAY = 86_400.0


def seconds(moment: Any) -> Any:
    """Seconds since 1970 as float64, with the fraction; negative before 1970, null where the moment is."""
    return moment.epoch_seconds().cast("float64").floor() + _microseconds(moment).cast("float64") / 1e6


def milliseconds(moment: Any) -> Any:
    """Whole milliseconds since 1970 as int64, rounded down; null where the moment is."""
    whole = moment.epoch_seconds().cast("float64").floor().cast("int64")
    return whole * 1_000 + (_microseconds(moment).cast("int64") / 1_000).floor().cast("int64")


def _microseconds(moment: Any) -> Any:
    """Of the second, 0 to 999,999. Ibis has no extraction of them for Spark, which writes them instead."""
    backends, _ = moment._find_backends()
    if any(backend.name == "pyspark" for backend in backends):
        return moment.strftime("%f").cast("int64")
    return moment.microsecond()


def days_until(moment: Any, now: datetime) -> Any:
    """Days from a moment to `now` as float64; negative for what comes after, null where the moment is."""
    import ibis

    return (ibis.literal(now.timestamp()) - seconds(moment)) / DAY
