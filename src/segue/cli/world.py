"""`segue world`: learn how listeners respond to what is played next, and see how well that is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from segue.cli.options import (
    LIBRARY,
    ConfigOption,
    HtmlOption,
    JsonOption,
    LibraryOption,
    SeedOption,
    given_only,
)
from segue.cli.printing import print_json, print_table

if TYPE_CHECKING:
    from segue.world.training import TrainedWorld


def register(app: typer.Typer) -> None:
    """Add the verbs of this family."""
    app.command()(world)


def world(
    library: LibraryOption = LIBRARY,
    config: ConfigOption = None,
    seconds: Annotated[
        float | None, typer.Option(min=0.1, help="X of the response 'played longer than X seconds'.")
    ] = None,
    any_order: Annotated[
        bool, typer.Option("--any-order", help="Take all sessions, not only those with shuffle on.")
    ] = False,
    sessions: Annotated[int | None, typer.Option(min=100, help="Most sessions to learn from.")] = None,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="How often the sessions are gone through.")
    ] = None,
    members: Annotated[
        int | None, typer.Option(min=1, help="Models in the ensemble of the last form.")
    ] = None,
    seed: SeedOption = 0,
    html: HtmlOption = None,
    json: JsonOption = False,
) -> None:
    """Learn user models from the library's sessions: is the next track completed, skipped, played for long?

    Each model is measured on listeners it has not seen, beside two tables that know no music: the shares of
    the responses, and the same by what became of the track before. Where there are fewer than twenty
    listeners, the last sessions of each are kept for that. What is not asked for here is as the settings say
    ([world]). Needs the extra world.
    """
    from segue.library import Library
    from segue.progress import progress
    from segue.settings import load_settings
    from segue.world.config import WorldConfig
    from segue.world.training import runs, train_world

    settings = load_settings(config)
    given = {
        "seconds": seconds,
        "shuffled": False if any_order else None,
        "sessions": sessions,
        "epochs": epochs,
        "members": members,
    }
    asked = WorldConfig.checked(settings.world.model_dump() | given_only(given))
    opened = Library.open(library)
    with progress("Learning how listeners respond", total=runs(asked)) as advance:
        trained = train_world(
            opened,
            asked,
            seed=seed,
            keep=settings.shelf.keep,
            tell=(lambda text: None) if json else print,
            advance=advance,
        )
    if html is not None:
        from segue.evaluation.world_page import page_of

        page_of(trained.measured, trained.reliability, trained.curves, asked.seconds).write(html)
    if json:
        measured = {
            name: {response: each._asdict() for response, each in found.items()}
            for name, found in trained.measured.items()
        }
        print_json({"version": trained.version, "measured": measured, **trained.facts})
        return
    _print(trained, asked.seconds)
    if html is not None:
        print(f"Wrote {html}")


def _print(trained: TrainedWorld, seconds: float) -> None:
    from segue.evaluation.world_page import rows, rows_by_position

    on = "listeners" if trained.facts["strangers"] else "later sessions"
    print_table(f"On {on} not seen before", *rows(trained.measured, seconds))
    best, found = list(trained.measured.items())[-1]
    print_table(
        f"Calibration error by place in the session: {best}",
        *rows_by_position(found, seconds),
    )
    apart = trained.facts["disagreement"]
    if apart is not None:
        print(f"Members of the ensemble differ by {apart:.3f} in the chance of a whole play, on average.")
    print(f"Published as world/{trained.version}.")
