"""Work that takes long, each in a process of its own: training, the lists that are due.

A process is `segue train` or `segue schedule once`, as somebody would type it: whatever happens to it, the
service goes on, and takes up what it published.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from segue.errors import BusyError, NotFoundError, UsageError
from segue.library import Library
from segue.service.tables import JOBS
from segue.service.writing import Writer

KINDS: dict[str, tuple[str, ...]] = {
    "train": ("train",),
    "lists": ("schedule", "once", "--workers", "1"),
    "players": ("players", "sync"),
}
LONGEST = 500  # characters of what a job says
PATIENCE = 20.0  # seconds that a job has to end in order


class Jobs:
    """The jobs of a service; one of a kind at a time."""

    def __init__(
        self, library: Path, database: sa.Engine, writer: Writer, config: Path | None = None
    ) -> None:
        self.library, self._database, self._writer, self._config = library, database, writer, config
        self._lock = threading.Lock()
        self._running: dict[str, subprocess.Popen[str]] = {}
        self._threads: list[threading.Thread] = []
        self._closed = False
        left = JOBS.c.state == "running"  # of a service that was killed; the jobs ended with it, or will
        self._change(left, state="stopped", message="The service ended before it did.")

    def begin(self, kind: str) -> int:
        """Start a job; its number. One that cannot be started has failed, and says why.

        Raises:
            UsageError: there is no such kind.
            BusyError: one of that kind runs.
        """
        if kind not in KINDS:
            raise UsageError("There is no such job", expected=", ".join(KINDS), got=kind)
        listens = Library.open(self.library).count("listens")
        row = {"kind": kind, "state": "running", "message": "", "listens": listens, "started_at": time.time()}
        inserted = JOBS.insert().values(**row).returning(JOBS.c.id)
        with self._lock:
            if kind in self._running or self._closed:
                raise BusyError(f"A job of the kind {kind} runs already", hint="wait until it has ended")
            # The row first: a process of which nothing is written down would be followed by nobody.
            number = self._writer.write(lambda connection: connection.execute(inserted).scalar_one())
            try:
                process = subprocess.Popen(
                    self._command(kind),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                    errors="replace",
                )
            except OSError as error:
                why = f"It could not be started: {error.strerror or error}"
                self._change(JOBS.c.id == number, state="failed", message=why, ended_at=time.time())
                return number
            self._running[kind] = process
            thread = threading.Thread(target=self._follow, args=(kind, number, process), daemon=True)
            self._threads = [*(each for each in self._threads if each.is_alive()), thread]
            thread.start()
        return number

    def find(self, number: int) -> dict[str, Any]:
        """What is known of a job.

        Raises:
            NotFoundError: there is none of that number.
        """
        with self._database.connect() as connection:
            row = connection.execute(JOBS.select().where(JOBS.c.id == number)).one_or_none()
        if row is None:
            raise NotFoundError(f"There is no job {number}", hint="see GET /v1/jobs")
        return row._asdict()

    def latest(self, most: int, *, before: int | None = None) -> list[dict[str, Any]]:
        """The last jobs (before the one of a number), the newest first."""
        query = JOBS.select() if before is None else JOBS.select().where(JOBS.c.id < before)
        with self._database.connect() as connection:
            rows = connection.execute(query.order_by(JOBS.c.id.desc()).limit(most)).all()
        return [row._asdict() for row in rows]

    def last_done(self, kind: str) -> dict[str, Any] | None:
        """The last job of a kind that was done."""
        done = JOBS.select().where(JOBS.c.kind == kind, JOBS.c.state == "done")
        with self._database.connect() as connection:
            row = connection.execute(done.order_by(JOBS.c.id.desc()).limit(1)).one_or_none()
        return None if row is None else row._asdict()

    def close(self) -> None:
        """Stop what runs; what a job has published stays, and the next one goes on."""
        with self._lock:
            self._closed = True
            running = list(self._running.values())
        for process in running:
            process.terminate()
        for process in running:
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
        for thread in self._threads:
            thread.join(PATIENCE)

    def _command(self, kind: str) -> list[str]:
        # Whoever asks for an answer goes before a training.
        polite = [shutil.which("nice") or "", "-n", "10"] if shutil.which("nice") else []
        own = [sys.executable, "-m", "segue", *KINDS[kind], "--library", str(self.library)]
        return [
            *polite,
            *own,
            *(["--config", str(self._config)] if self._config and kind != "players" else []),
        ]

    def _follow(self, kind: str, number: int, process: subprocess.Popen[str]) -> None:
        said = ""
        assert process.stdout is not None
        with process.stdout as output:
            for line in output:
                if line.strip():
                    said = line.strip()[:LONGEST]
                    self._change(JOBS.c.id == number, message=said)
        code = process.wait()
        state = "done" if code == 0 else "stopped" if self._closed else "failed"
        with self._lock:
            del self._running[kind]
        self._change(JOBS.c.id == number, state=state, message=said, ended_at=time.time())

    def _change(self, which: sa.ColumnElement[bool], **values: Any) -> None:
        changed = JOBS.update().where(which).values(**values)
        self._writer.write(lambda connection: connection.execute(changed) and None)
