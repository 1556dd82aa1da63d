"""`segue schedule`: weekly lists by the clock."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from segue.cli.options import LIBRARY, ConfigOption, LibraryOption
from segue.errors import UsageError
from segue.wording import count

ACTIONS = ("show", "run", "once")


def register(app: typer.Typer) -> None:
    """Add the verbs of this family."""
    app.command()(schedule)


def schedule(
    action: Annotated[
        str,
        typer.Argument(
            help="'show' prints lines for cron and systemd; 'run' stays and makes lists when they are due; "
            "'once' makes those that are due now, and stops."
        ),
    ] = "show",
    library: LibraryOption = LIBRARY,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes. [default: one a core]")] = None,
    config: ConfigOption = None,
) -> None:
    """Make weekly lists on Monday morning, each listener's in their own time zone.

    The hour and the usual zone are settings ([schedule] at, time_zone). Who lives elsewhere has a line
    "listener,Europe/Oslo" in time-zones.csv in the library's folder. Nobody gets two lists of a week, so that
    'once' may be called every hour; what was missed is made up for.
    """
    if action not in ACTIONS:
        raise UsageError(f"There is nothing to do called {action!r}", expected=", ".join(ACTIONS))
    if action == "show":
        _show(library, config)
        return
    from segue.engine.schedule import run_due, run_forever
    from segue.library import Library
    from segue.settings import load_settings

    settings = load_settings(config)
    if action == "run":
        Library.open(library)  # says at once if there is none
        run_forever(
            library,
            settings.schedule,
            lambda text: print(text, flush=True),
            weekly=settings.weekly,
            workers=workers,
        )
    done = run_due(Library.open(library), settings.schedule, weekly=settings.weekly, workers=workers)
    for made in done:
        print(f"{count(made.made, 'list')} for {made.week} in {made.seconds:,.0f} s")
    if not done:
        print("No lists are due.")


def _show(library: Path, config: Path | None) -> None:
    segue = [str(Path(sys.argv[0]).resolve())]
    if not segue[0].endswith("segue"):
        segue = [sys.executable, "-m", "segue"]
    command = [*segue, "schedule", "once", "--library", str(library.resolve())]
    if config is not None:
        command += ["--config", str(config.resolve())]
    once, run = shlex.join(command), shlex.join(["run" if word == "once" else word for word in command])
    print(f"""\
# cron: every hour at five past, for Monday begins at another hour in every time zone. What is made stays.
# To put in with `crontab -e`:
5 * * * * {once}

# Or systemd: ~/.config/systemd/user/segue.service, then `systemctl --user enable --now segue`
[Unit]
Description=Segue's weekly lists

[Service]
ExecStart={run}
Restart=on-failure
RestartSec=60

[Install]
WantedBy=default.target""")
