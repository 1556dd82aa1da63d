"""The `segue` command with its verbs."""

from __future__ import annotations

from typing import Annotated

import typer

from segue.cli.errors import EXIT_CODES
from segue.cli.root import Root
from segue.cli.verbs import Verbs

app = Verbs(
    name="segue",
    cls=Root,
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EXIT_CODES,
)


def _version(asked: bool) -> None:
    if asked:
        from segue import __version__

        print(f"segue {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version and stop.", is_eager=True, callback=_version),
    ] = False,
) -> None:
    """A music recommender, end to end, from your own listening data.

    Start with `segue demo`. With your own data: `segue import my_spotify_data.zip`, then `segue train`,
    then `segue weekly`.
    """
    from segue.terminal import show

    show()
