"""What the command line does with an error: one readable message and a meaningful exit code."""

from __future__ import annotations

import _thread
import contextlib
import errno
import io
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Generator
from functools import partial

from segue.errors import SegueError, UsageError, install

EXIT_CODES = """\b
Exit codes: 0 done; 1 failed; 2 a wrong option or setting; 3 a file of another format, or damaged;
4 not found; 5 another process is writing; 6 numbers out of range; 130 interrupted; 141 nobody reads the
output; 143 stopped."""


class Ended(BaseException):
    """Somebody ends the command: by Ctrl-C, by SIGTERM, or by reading no more of its output."""

    def __init__(self, code: int) -> None:
        self.code = code


class _Output(io.TextIOWrapper):
    """Standard output whose reader may go (`segue ... | head`), and which replaces what it can't encode."""

    def write(self, text: str) -> int:
        with _reader_goes():
            return super().write(text)

    def flush(self) -> None:
        with _reader_goes():
            super().flush()


@contextlib.contextmanager
def _reader_goes() -> Generator[None]:
    try:
        yield
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # no message at shutdown either
        raise Ended(GONE) from None


def prepare() -> None:
    """Before the command: Ctrl-C and SIGTERM unwind it; what a terminal can't show is replaced."""
    _signalled.clear()
    _last_words.clear()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)
    before = sys.unraisablehook
    # Not one in another: a process may run several commands. What is somebody else's may be a partial, too.
    ours = isinstance(before, partial) and before.func is _lost
    sys.unraisablehook = before if ours else partial(_lost, before)
    if isinstance(sys.stdout, io.TextIOWrapper):
        encoding, lines = sys.stdout.encoding, sys.stdout.line_buffering
        sys.stdout = _Output(sys.stdout.detach(), encoding, "replace", line_buffering=lines)


def _end(number: int, frame: object) -> None:
    signal.signal(number, signal.SIG_DFL)  # a second one ends it at once
    _signalled.append(128 + number)
    _thread.start_new_thread(_insist, (len(_signalled), 128 + number))
    raise Ended(128 + number)


def _again(number: int, frame: object) -> None:
    signal.signal(number, signal.SIG_DFL)
    raise Ended(128 + number)


def _lost(before: Callable[[sys.UnraisableHookArgs], object], lost: sys.UnraisableHookArgs) -> None:
    """Raise `Ended` anew, a moment later, where it was raised in a place whose exceptions go nowhere."""
    if not isinstance(lost.exc_value, Ended) or lost.exc_value.code == GONE:
        before(lost)
        return
    number = lost.exc_value.code - 128
    signal.signal(number, _again)
    _thread.start_new_thread(_raise_soon, (number,))


def _raise_soon(number: int) -> None:
    time.sleep(0.05)
    if hasattr(signal, "pthread_kill"):  # wakes what the main thread waits for
        signal.pthread_kill(threading.main_thread().ident or 0, number)
    else:
        _thread.interrupt_main(signal.Signals(number))


def _insist(since: int, code: int) -> None:
    """End the process where nothing came of the exception, though it is raised anew where it was lost.

    Any moment will do, as for a kill; the next writer sweeps up."""
    time.sleep(PATIENCE)
    if len(_signalled) == since:
        if not _last_words:
            os.write(2, f"segue: {_said(code)}\n".encode())
        os._exit(code)


@contextlib.contextmanager
def reported_errors() -> Generator[None]:
    """Turn errors that a user can mend into a message on standard error and an exit code."""
    ended: SystemExit | None = None
    try:
        try:
            yield
        finally:
            sys.stdout.flush()  # here, where a reader who has gone is no surprise
    except BaseException as error:
        ended = _ended(error)
        if ended is None:
            raise
    if ended is not None:
        ended.__context__ = None  # else what the frames hold lives until the interpreter is torn down
        raise ended


def _ended(error: BaseException) -> SystemExit | None:
    """What the process ends with, told on standard error; None where nobody expects such an error."""
    if _signalled:  # DuckDB and others make another error of what a signal raises
        return _exit(_said(_signalled[-1]), _signalled[-1])
    match error:
        case SegueError():
            return _exit(str(error), error.exit_code)
        case ModuleNotFoundError() if extra := _EXTRAS.get((error.name or "").split(".")[0]):
            came, do = f"{error.name} is not installed", install(extra)
            return _exit(str(UsageError(f"This needs the extra '{extra}'", got=came, hint=do)), 2)
        case Ended(code=code):
            return SystemExit(GONE) if code == GONE else _exit(_said(code), code)
        case BrokenPipeError():
            return SystemExit(GONE)
        case MemoryError():
            return _exit("There is too little memory for this. " + WHOLE, 1)
        case OSError():
            where = f" {error.filename}" if error.filename else ""
            said = f"The system refused{where}: {str(error.strerror or error).strip().rstrip('.')}."
            full = error.errno in FULL or any(os.strerror(each) in str(error) for each in FULL)
            return _exit(f"{said} Try: make room on the disk. {WHOLE}" if full else said, 1)
    return None


_signalled: list[int] = []  # codes of the signals that came
_last_words: list[str] = []
PATIENCE = 10.0  # seconds in which a command must have ended after a signal
FULL = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)
GONE = 141  # as a shell says of who is ended by SIGPIPE
WHOLE = "What was stored before is whole; the same command again goes on, or begins anew."
_EXTRAS = {
    "lightgbm": "taste",
    "faiss": "neighbours",
    "voyager": "voyager",
    "annoy": "annoy",
    "gymnasium": "world",
    "optuna": "tune",
    "pyspark": "spark",
    "vl_convert": "pictures",
    "psycopg": "postgres",
}


def _said(code: int) -> str:
    return f"{'Interrupted' if code == 130 else 'Stopped'}. {WHOLE}"


def _exit(message: str, code: int) -> SystemExit:
    shown = "".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in message)
    print(f"segue: {shown}", file=sys.stderr)
    _last_words.append(shown)
    return SystemExit(code)
