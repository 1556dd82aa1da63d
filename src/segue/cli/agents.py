"""`segue agents train|compare`: agents that make a playlist track by track, and how good they are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from segue.cli.options import AnyOrderOption, ConfigOption, JsonOption, Output, SeedOption, given_only
from segue.cli.printing import print_json, print_table
from segue.cli.verbs import Verbs

if TYPE_CHECKING:
    from segue.agents.config import AgentConfig
    from segue.settings import Settings
    from segue.town import TownConfig
    from segue.world.config import WorldConfig

FOLDER = Path("agents")
SESSIONS_OF_A_TOWN = 12_000  # to learn from
FolderOption = Annotated[Path, typer.Option(help="Without a library: where the trained agent is kept.")]
LibraryOption = Annotated[
    Path | None,
    typer.Option(
        "--library", "-l", help="Learn from this library's listeners, not from a town's.", show_default=False
    ),
]


def register(app: typer.Typer) -> None:
    """Add the verbs of this family."""
    family = Verbs(
        no_args_is_help=True, help="Train agents that make playlists in simulated worlds, and compare them."
    )
    family.command("train")(train)
    family.command("compare")(compare)
    app.add_typer(family, name="agents")


@dataclass(frozen=True)
class TownOptions:
    """The town to learn from, where there is no library."""

    town: Annotated[
        str, typer.Option(help="Without a library: name of a simulated town, as in `segue town`.")
    ] = "ordinary"
    listeners: Annotated[int, typer.Option(min=40, help="Listeners of the town.")] = 400
    tracks: Annotated[int, typer.Option(min=500, help="Songs of the town.")] = 4000
    folder: FolderOption = FOLDER

    def config(self) -> TownConfig:
        """Its settings."""
        from segue.town import TownConfig

        return TownConfig.named(self.town, listeners=self.listeners, tracks=self.tracks, months=1.0)


@dataclass(frozen=True)
class Learning:
    """How the agent is trained."""

    sessions: Annotated[
        int | None,
        typer.Option(min=100, help="Most sessions to learn from. [default: 12,000 of a town]"),
    ] = None
    any_order: AnyOrderOption = False
    returns: Annotated[
        str | None, typer.Option(help="How the agent learns: lambda or replay.", show_default=False)
    ] = None
    iterations: Annotated[int | None, typer.Option(min=1, help="Rounds of the agent's training.")] = None
    pool: Annotated[int | None, typer.Option(min=40, help="Candidates of a session.")] = None

    def agent(self, settings: Settings) -> AgentConfig:
        """The agent's settings: what is asked for here, else as in [agents].

        Raises:
            UsageError: a setting cannot be taken.
        """
        from segue.agents.config import AgentConfig

        given = {"returns": self.returns, "iterations": self.iterations, "pool": self.pool}
        return AgentConfig.checked(settings.agents.model_dump() | given_only(given))

    def world(self, settings: Settings, *, of_a_town: bool) -> WorldConfig:
        """The user models' settings: what is asked for here, else as in [world].

        Raises:
            UsageError: a setting cannot be taken.
        """
        from segue.world.config import WorldConfig

        given = given_only({"sessions": self.sessions, "shuffled": False if self.any_order else None})
        if of_a_town:  # where sessions are made as they are needed, and nobody asks how far models differ
            given = {"sessions": SESSIONS_OF_A_TOWN, "members": 1} | given
        return WorldConfig.checked(settings.world.model_dump() | given)


def train(
    town: TownOptions,
    learning: Learning,
    library: LibraryOption = None,
    seed: SeedOption = 0,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Train an agent: learn how listeners respond, practise on that, judge it in worlds it does not know.

    With --library it learns from the library's shuffled sessions, and `segue sequence` and `segue weekly`
    use it from then on if its gain is sure. What it needs is trained first, where it is missing or out of
    date: song vectors, and user models as by `segue world`. Without --library it learns from a simulated
    town. What is not asked for here is as the settings say ([agents], [world], [vectors]). A killed training
    goes on where it was, if called again with the same ones.

    Examples:

        segue agents train --library library
        segue agents train --library library --any-order   # where nothing was played with shuffle on
        segue agents train --town tiring
    """
    from segue.evaluation.populations import LibraryPopulation, TownPopulation
    from segue.evaluation.trials import publish, trial
    from segue.files import refuse_read_only
    from segue.library import Library
    from segue.progress import steps
    from segue.sequences.training import train_vectors
    from segue.settings import load_settings
    from segue.shelf.names import shelf_of
    from segue.world.training import lacks_vectors

    settings = load_settings(config)
    agent, world = learning.agent(settings), learning.world(settings, of_a_town=library is None)
    opened = None if library is None else Library.open(library)
    folder = town.folder if opened is None else shelf_of(opened).folder
    refuse_read_only(folder, "shelf" if opened else "folder")
    vectors = opened is not None and lacks_vectors(opened)
    with steps(3 + vectors):
        if opened is not None and vectors:
            train_vectors(opened, settings.vectors, keep=settings.shelf.keep)
        made = trial(
            TownPopulation(town.config(), seed)
            if opened is None
            else LibraryPopulation(opened, shuffled=world.shuffled, keep=settings.shelf.keep),
            agent,
            world,
            seed=seed,
            checkpoint=folder / "agent.checkpoint.npz",
        )
    version = publish(folder, made, keep=settings.shelf.keep)
    if json:
        print_json({"version": version, **made.facts})
        return
    print(made.facts["why"])
    to = f" --library {library}" if library else ""
    print(f"Published as agents/{version} in {folder}. To see how good it is: segue agents compare{to}")


@dataclass(frozen=True)
class Sessions:
    """What every agent plays."""

    sessions: Annotated[int, typer.Option(min=50, help="Sessions of each agent in each world.")] = 1000
    pool: Annotated[int, typer.Option(min=40, help="Candidates of a session.")] = 100
    seed: SeedOption = 7


def compare(
    played: Sessions,
    output: Output,
    library: LibraryOption = None,
    folder: FolderOption = FOLDER,
    policy: Annotated[
        list[str] | None,
        typer.Option(help="Your own policy, FILE.py:FUNCTION; the file is run. Can be repeated."),
    ] = None,
) -> None:
    """Compare the trained agent with simpler ones: where it learned, in worlds it does not know, in truth.

    All play the same sessions. The agent is recommended only if its gain over the best greedy agent is sure
    in every world that was learned from other listeners. The truth is known of simulated towns alone.
    """
    from segue.agents.custom import load_policy
    from segue.evaluation import comparing, trials
    from segue.evaluation.playing_page import page_of, rows
    from segue.library import Library
    from segue.shelf.names import shelf_of
    from segue.world.pools import SessionDraw

    others = {name: comparing.Player(choose) for name, choose in map(load_policy, policy or [])}
    opened = None if library is None else Library.open(library)
    made = trials.current_trial(folder if opened is None else shelf_of(opened).folder, opened)
    playing = comparing.rivals(made.population) | {comparing.AGENT: trials.player(made.agent)} | others
    draw = SessionDraw(played.sessions, played.pool, played.seed)
    comparison = comparing.compare(made.population, made.models, playing, draw)
    used, why = comparing.recommendation(comparison)
    if output.html is not None:
        curves = {"agent": made.agent.curves_["reward"].tolist()}
        page_of(comparison, comparing.AGENT, list(comparing.GREEDY), curves, comparing.ABOUT).write(
            output.html
        )
    if output.json:
        worlds = {
            world: {
                agent: {
                    measure: comparison.mean(world, agent, measure)
                    for measure in comparison.sessions[world][agent]
                }
                for agent in comparison.agents(world)
            }
            for world in comparison.worlds
        }
        print_json({"worlds": worlds, "used": used, "why": why})
        return
    for world in comparison.worlds:
        print_table(f"{world} ({comparison.kinds[world]})", *rows(comparison, world))
    print(why)
    if output.html is not None:
        print(f"Wrote {output.html}")
