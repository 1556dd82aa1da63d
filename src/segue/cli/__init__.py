"""The command line: one small module for each family of verbs, thin over the rooms that do the work.

Nothing heavy is imported here: a command imports what it needs when it runs, so that `segue --help` answers
at once.
"""

from __future__ import annotations

import sys

from segue.cli.app import app
from segue.cli.errors import prepare, told
from segue.errors import ChangedError


def main() -> None:
    """Run `segue`; a user's mistake is told in a line and an exit code, never as a traceback."""
    prepare()
    with told():
        try:
            app(prog_name="segue")
        except ChangedError as error:
            print(f"segue: {error.what}; beginning again.", file=sys.stderr)
            app(prog_name="segue")
