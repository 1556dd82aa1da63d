"""Where the service keeps what it must not lose: a file of SQLite in the library's folder, or PostgreSQL."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy import event
from sqlalchemy.exc import ArgumentError, OperationalError, SQLAlchemyError

from segue.errors import SegueError, UsageError, install

FILE = "service.sqlite"  # in the library's folder
WAIT = 30.0  # seconds for which a writer of SQLite waits for another process


def url_of(library: Path, url: str | None) -> str:
    """The address of the database: the one of the settings, or the file in the library's folder."""
    return url or f"sqlite:///{library / FILE}"


def connect(library: Path, url: str | None = None) -> sa.Engine:
    """The database, with its tables as this release has them.

    What SQLite has committed is on the disk: a write-ahead log, flushed at each commit. The file can be read
    by its owner alone.

    Args:
        library: the folder of the library.
        url: of PostgreSQL, "postgresql://user:password@host/segue"; by default a file in that folder.

    Raises:
        UsageError: an address of another kind, or the driver is missing.
        SegueError: no database answers there.
    """
    address = url_of(library, url)
    try:
        parsed = sa.make_url(address)
        if parsed.drivername in ("postgres", "postgresql"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        if parsed.drivername not in ("sqlite", "postgresql+psycopg"):
            raise UsageError(
                "The service keeps its data in SQLite or PostgreSQL",
                expected="postgresql://user:password@host/name, or nothing for a file",
                got=parsed.drivername,
            )
        if parsed.drivername == "sqlite":
            engine = _sqlite(Path(parsed.database or ""), parsed)
        else:
            engine = sa.create_engine(parsed, pool_size=8, max_overflow=24, pool_pre_ping=True)
        migrate(engine)
    except ArgumentError:
        raise UsageError(
            "The address of the database cannot be read", expected="postgresql://user:password@host/name"
        ) from None
    except ModuleNotFoundError as error:
        raise UsageError(
            "PostgreSQL needs its driver", got=f"{error.name} is not installed", hint=install("postgres")
        ) from None
    except SQLAlchemyError as error:
        there = sa.make_url(address)
        hint = "see that it runs and may be written to, or set [service] database"
        if there.drivername == "sqlite" and not isinstance(error, OperationalError):  # it is damaged
            hint = f"restore it from a backup, or move {Path(there.database or '').name}* away to begin anew"
        shown = there.render_as_string(hide_password=True)
        raise SegueError(
            f"The database {shown} cannot be used",
            got=str(getattr(error, "orig", error)).splitlines()[0],
            hint=hint,
        ) from None
    return engine


def _sqlite(path: Path, url: sa.URL) -> sa.Engine:
    if not path.exists() and path.parent.is_dir():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))  # before SQLite makes it for all to read
    engine = sa.create_engine(
        url,
        connect_args={"timeout": WAIT, "check_same_thread": False},
        poolclass=sa.QueuePool,
        pool_size=8,
        max_overflow=24,
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "secure_delete=ON",  # who was forgotten is not to be found in free pages
        ):
            connection.execute(f"PRAGMA {pragma}")

    return engine


def migrate(engine: sa.Engine) -> None:
    """Bring the tables to what this release has; a database that is newer is refused.

    Raises:
        UsageError: a later release of Segue has written to it.
    """
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    # Looked at before anything is changed: a database of a later release is left as it is.
    with engine.connect() as connection:
        heads = MigrationContext.configure(connection).get_current_heads()
    scripts = ScriptDirectory.from_config(config)
    known = {script.revision for script in scripts.walk_revisions()}
    if set(heads) - known:
        raise UsageError("The service's database was written by a later release", hint="use that release")
    if set(heads) == set(scripts.get_heads()):
        return
    logging.getLogger("alembic").setLevel(logging.WARNING)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
