"""What the command line does with an error: one readable message and a meaningful exit code."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
from collections.abc import Generator

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
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)
    if isinstance(sys.stdout, io.TextIOWrapper):
        encoding, lines = sys.stdout.encoding, sys.stdout.line_buffering
        sys.stdout = _Output(sys.stdout.detach(), encoding, "replace", line_buffering=lines)


def _end(number: int, frame: object) -> None:
    signal.signal(number, signal.SIG_DFL)  # a second one ends it at once
    _signalled.append(128 + number)
    raise Ended(128 + number)


@contextlib.contextmanager
def told() -> Generator[None]:
    """Turn errors that a user can mend into a message on standard error and an exit code."""
    try:
        try:
            yield
        finally:
            sys.stdout.flush()  # here, where a reader who has gone is no surprise
    except SegueError as error:
        _exit(str(error), error.exit_code)
    except ModuleNotFoundError as error:
        extra = _EXTRAS.get((error.name or "").split(".")[0])
        if extra is None:
            raise
        problem = UsageError(
            f"This needs the extra '{extra}'",
            came=f"{error.name} is not installed",
            do=install(extra),
        )
        _exit(str(problem), problem.exit_code)
    except Ended as ended:
        _end_with(ended.code)
    except RuntimeError:
        if not _signalled:
            raise
        _end_with(_signalled[-1])  # DuckDB makes "Query interrupted" of what a signal raises
    except BrokenPipeError:
        sys.exit(GONE)
    except MemoryError:
        _exit("There is too little memory for this. " + WHOLE, 1)
    except OSError as error:
        where = f" {error.filename}" if error.filename else ""
        _exit(f"The system refused{where}: {error.strerror or error}.", 1)


_signalled: list[int] = []  # codes of the signals that came
GONE = 141  # as a shell says of who is ended by SIGPIPE
WHOLE = "What was stored before is whole; the same command again goes on, or begins anew."
_EXTRAS = {
    "jax": "taste",
    "equinox": "taste",
    "optax": "taste",
    "gensim": "taste",
    "faiss": "neighbours",
    "voyager": "voyager",
    "annoy": "annoy",
    "gymnasium": "world",
    "optuna": "tune",
    "pyspark": "spark",
    "vl_convert": "pictures",
}


def _end_with(code: int) -> None:
    if code == GONE:
        sys.exit(GONE)
    _exit(f"{'Interrupted' if code == 130 else 'Stopped'}. {WHOLE}", code)


def _exit(message: str, code: int) -> None:
    shown = "".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in message)
    print(f"segue: {shown}", file=sys.stderr)
    sys.exit(code)
