"""The command line: one small module for each family of verbs, thin over the rooms that do the work.

Nothing heavy is imported here: a command imports what it needs when it runs, so that `segue --help` answers
at once.
"""

from __future__ import annotations

import sys

from segue.cli.app import app
from segue.cli.errors import prepare, reported_errors
from segue.errors import ChangedError

ATTEMPTS = 4  # where forgetting or imports take away again and again what is being read


def main() -> None:
    """Run `segue`; a user's mistake is told in a line and an exit code, never as a traceback."""
    prepare()
    with reported_errors():
        for attempt in range(1, ATTEMPTS + 1):
            try:
                app(prog_name="segue")
                return
            except ChangedError as error:
                if attempt == ATTEMPTS:
                    raise
                print(f"segue: {error.what}; beginning again.", file=sys.stderr)
