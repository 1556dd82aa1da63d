"""What the command line does with an error: one readable message and a meaningful exit code."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Generator

from segue.errors import SegueError, UsageError, install

EXIT_CODES = """\b
Exit codes: 0 done; 1 failed; 2 a wrong option or setting; 3 a file of another format, or damaged;
4 not found; 5 another process is writing; 6 numbers out of range; 130 interrupted."""


@contextlib.contextmanager
def told() -> Generator[None]:
    """Turn errors that a user can mend into a message on standard error and an exit code."""
    try:
        yield
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
    except KeyboardInterrupt:
        _exit("Interrupted; what was stored before is whole.", 130)
    except BrokenPipeError:
        # The reader of our output has gone (`segue ... | head`): no message, and none at shutdown either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except OSError as error:
        where = f" {error.filename}" if error.filename else ""
        _exit(f"The system refused{where}: {error.strerror or error}.", 1)


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
}


def _exit(message: str, code: int) -> None:
    print(f"segue: {message}", file=sys.stderr)
    sys.exit(code)
