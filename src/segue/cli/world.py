"""`segue world`: learn how listeners respond to what is played next, and see how well that is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from segue.cli.options import (
    LIBRARY,
    AnyOrderOption,
    ConfigOption,
    HtmlOption,
    JsonOption,
    LibraryOption,
    SeedOption,
    given_only,
)
from segue.cli.printing import print_json, print_table

if TYPE_CHECKING:
    from segue.settings import Settings
    from segue.world.config import WorldConfig
    from segue.world.training import TrainedWorld


def register(app: typer.Typer) -> None:
    """Add the verbs of this family."""
    app.command()(world)


@dataclass(frozen=True)
class Learning:
    """What to learn, and from what."""

    seconds: Annotated[
        float | None, typer.Option(min=0.1, help="X of the response 'played longer than X seconds'.")
    ] = None
    any_order: AnyOrderOption = False
    sessions: Annotated[int | None, typer.Option(min=100, help="Most sessions to learn from.")] = None
    epochs: Annotated[int | None, typer.Option(min=1, help="How often the sessions are gone through.")] = None
    members: Annotated[int | None, typer.Option(min=1, help="Recurrent models, whose mean is measured.")] = (
        None
    )

    def config(self, settings: Settings) -> WorldConfig:
        """What is asked for here, else as in [world].

        Raises:
            UsageError: a setting cannot be taken.
        """
        from segue.world.config import WorldConfig

        given = {name: getattr(self, name) for name in ("seconds", "sessions", "epochs", "members")}
        given["shuffled"] = False if self.any_order else None
        return WorldConfig.checked(settings.world.model_dump() | given_only(given))


def world(
    learning: Learning,
    library: LibraryOption = LIBRARY,
    config: ConfigOption = None,
    seed: SeedOption = 0,
    html: HtmlOption = None,
    json: JsonOption = False,
) -> None:
    """Learn user models from the library's sessions: is the next track completed, skipped, played for long?

    Each model is measured on the half of the listeners that it has not seen, beside tables that know no
    music: the shares of the responses, the same by what became of the track before, and by song; and beside
    gradient-boosted trees on counts, with the extra `taste`. What is skipped in the second half of a
    session is foretold from its first half, too, as in the challenge of the Music Streaming Sessions Dataset
    (mean average accuracy). Where there are fewer than twenty listeners,
    the last fifth of each one's sessions measures what the others taught. `segue agents train` takes these
    models. Song vectors are trained first where nothing else tells which songs are alike. What is not asked
    for here is as the settings say ([world]).

    Examples:

        segue world
        segue world --any-order --html world.html
    """
    from segue.library import Library
    from segue.progress import steps
    from segue.sequences.training import train_vectors
    from segue.settings import load_settings
    from segue.world.training import lacks_vectors, train_world

    settings = load_settings(config)
    asked, opened = learning.config(settings), Library.open(library)
    vectors = lacks_vectors(opened)
    with steps(1 + vectors):
        if vectors:
            train_vectors(opened, settings.vectors, keep=settings.shelf.keep)
        trained = train_world(opened, asked, seed=seed, keep=settings.shelf.keep, closely=True)
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
    halves = [(name, f"{value:.4f}") for name, value in trained.facts["second_halves"].items()]
    print_table(
        "Skips of a session's second half, foretold from its first", ["", "mean average accuracy"], halves
    )
    apart = trained.facts["disagreement"]
    if apart is not None:
        print(f"Members of the ensemble differ by {apart:.3f} in the chance of a whole play, on average.")
    print(f"Published as world/{trained.version}.")
