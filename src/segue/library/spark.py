"""Spark, where it is asked for: a session, and a library that Spark reads (extra `spark`, Java 17)."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from segue.errors import UsageError
from segue.library.store import Library

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

MASTERS = re.compile(r"local(\[(\d+|\*)(,\d+)?\])?|spark://.+|yarn|k8s://.+")
TRIES = 4  # of a task, as on a cluster; Spark's local mode gives up at the first


def refuse_unknown_master(master: str) -> None:
    """Say that something is no address of a Spark master.

    Raises:
        UsageError: it is not.
    """
    if not MASTERS.fullmatch(master):
        raise UsageError(
            "This is no address of a Spark master",
            expected="local[2], spark://host:7077, yarn or k8s://host",
            got=master or "nothing",
        )


@contextmanager
def spark_session(master: str) -> Generator[SparkSession]:
    """A Spark session, stopped at the end.

    What a cluster needs besides (memory, executors, packages) is taken from Spark's own configuration.

    Args:
        master: "local[2]", "spark://host:7077", "yarn", "k8s://...".

    Raises:
        UsageError: it is no master, or Spark does not start.
        ModuleNotFoundError: PySpark is not installed.
    """
    refuse_unknown_master(master)
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    local = re.fullmatch(r"local\[(\d+|\*)\]", master)
    builder = SparkSession.builder.master(f"local[{local[1]},{TRIES}]" if local else master)
    builder = builder.appName("segue")
    for name, value in {
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.driver.maxResultSize": "0",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
    }.items():
        builder = builder.config(name, value)
    try:
        session = builder.getOrCreate()
    except (PySparkException, RuntimeError, OSError) as error:
        raise UsageError(
            "Spark did not start",
            got=str(error).splitlines()[0][:200],
            hint="install Java 17 and set JAVA_HOME, and see that the master can be reached",
        ) from None
    try:
        yield session
    finally:
        session.stop()


def library_on_spark(path: Path, session: SparkSession) -> Library:
    """The library in a folder that all machines reach by the same path, its tables read by Spark."""
    import ibis

    return Library.open(path, backend=ibis.pyspark.connect(session))
