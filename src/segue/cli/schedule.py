"""`segue schedule`: weekly lists by the clock."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from segue.cli.families import family
from segue.cli.options import LIBRARY, ConfigOption, LibraryOption
from segue.wording import count

WorkersOption = Annotated[int | None, typer.Option(min=1, help="Processes. [default: one a core]")]


def register(app: typer.Typer) -> None:
    """Add the verbs of this family."""
    app.add_typer(family(show, {"run": run, "once": once}, name="show"), name="schedule")


def show(library: LibraryOption = LIBRARY, config: ConfigOption = None) -> None:
    """Print lines for cron and systemd: weekly lists on Monday morning, each listener's in their time zone.

    The hour and the usual zone are settings ([schedule] at, time_zone). Who lives elsewhere has a line
    "listener,Europe/Oslo" in time-zones.csv in the library's folder. Nobody gets two lists of a week, so that
    'once' may be called every hour; what was missed is made up for.

    Examples:

        segue schedule show
        segue schedule once --library /srv/music
    """
    _show(library, config)


def run(library: LibraryOption = LIBRARY, workers: WorkersOption = None, config: ConfigOption = None) -> None:
    """Stay; pull from players, make lists when they are due, and push them.

    Examples:

        segue schedule run --workers 2
    """
    from segue.engine.batch import BatchConfig
    from segue.engine.schedule import run_forever
    from segue.engine.trial import Trial
    from segue.library import Library
    from segue.settings import load_settings

    settings = load_settings(config)
    Library.open(library)  # says at once if there is none
    run_forever(
        library,
        settings.schedule,
        BatchConfig(
            weekly=settings.weekly, tastes=settings.tastes, workers=workers, trial=Trial(settings.trial)
        ),
        first=lambda: _players(library, "pull", quiet=True),
        then=lambda: _players(library, "push", quiet=True),
    )


def once(
    library: LibraryOption = LIBRARY, workers: WorkersOption = None, config: ConfigOption = None
) -> None:
    """Pull from players, make the lists that are due now, push them, and stop.

    Examples:

        segue schedule once
    """
    from segue.engine.batch import BatchConfig
    from segue.engine.schedule import run_due
    from segue.engine.trial import Trial
    from segue.library import Library
    from segue.settings import load_settings

    settings = load_settings(config)
    batch = BatchConfig(
        weekly=settings.weekly, tastes=settings.tastes, workers=workers, trial=Trial(settings.trial)
    )
    _players(library, "pull")
    done = run_due(Library.open(library), settings.schedule, batch)
    for made in done:
        print(f"{count(made.made, 'list')} for {made.week} in {made.seconds:,.0f} s")
    if not done:
        print("No lists are due.")
    _players(library, "push")


def _players(library: Path, does: str, *, quiet: bool = False) -> None:
    """Pull from or push to players; one that fails is told of, and asked again the next time."""
    from segue.cli.syncing import synced
    from segue.library import Library

    for name, error in synced(Library.open(library), does, quiet=quiet):
        print(f"{name}: {error}", flush=True)


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
