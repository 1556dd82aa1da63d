"""`segue agents train|compare`: agents that make a playlist track by track, and how good they are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from segue.cli.options import ConfigOption, HtmlOption, JsonOption, SeedOption, given_only
from segue.cli.printing import print_json, print_table
from segue.cli.verbs import Verbs

if TYPE_CHECKING:
    from segue.evaluation.grounds import Ground

FOLDER = Path("agents")
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


def train(
    library: LibraryOption = None,
    town: Annotated[
        str, typer.Option(help="Without a library: name of a simulated town, as in `segue town`.")
    ] = "ordinary",
    seed: SeedOption = 0,
    folder: FolderOption = FOLDER,
    listeners: Annotated[int, typer.Option(min=40, help="Listeners of the town.")] = 400,
    tracks: Annotated[int, typer.Option(min=500, help="Songs of the town.")] = 4000,
    sessions: Annotated[
        int, typer.Option(min=100, help="Most sessions to learn from, of each half of the listeners.")
    ] = 6000,
    any_order: Annotated[
        bool, typer.Option("--any-order", help="With a library: all sessions, not only shuffled ones.")
    ] = False,
    returns: Annotated[
        str | None, typer.Option(help="How the agent learns: lambda or replay.", show_default=False)
    ] = None,
    iterations: Annotated[int | None, typer.Option(min=1, help="Rounds of the agent's training.")] = None,
    pool: Annotated[int, typer.Option(min=40, help="Candidates of a session.")] = 100,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Train an agent: learn how listeners respond, practise on that, judge it in worlds it does not know.

    With --library it learns from the library's shuffled sessions, and `segue sequence` and `segue weekly`
    use it from then on if its gain is sure. Without, from a simulated town. What is not asked for here is as
    the settings say ([agents]). A killed training goes on where it was, if called again with the same ones.
    """
    from segue.agents.config import AgentConfig
    from segue.evaluation.trials import publish, trial
    from segue.progress import progress
    from segue.settings import load_settings

    settings = load_settings(config)
    given = given_only({"returns": returns, "iterations": iterations})
    asked = AgentConfig.checked(settings.agents.model_dump() | given)
    ground, folder = _ground(
        library, folder, town, seed, listeners, tracks, settings.world.shuffled and not any_order
    )
    with progress("Training the agent", total=asked.iterations) as advance:
        made = trial(
            ground,
            asked,
            logged=sessions,
            pool=pool,
            seed=seed,
            checkpoint=folder / "agent.checkpoint.npz",
            tell=(lambda text: None) if json else print,
            advance=advance,
        )
    version = publish(folder, made, keep=settings.shelf.keep)
    if json:
        print_json({"version": version, **made.facts})
    else:
        to = f" --library {library}" if library else ""
        print(f"Published as agents/{version} in {folder}. To see how good it is: segue agents compare{to}")


def _ground(
    library: Path | None, folder: Path, town: str, seed: int, listeners: int, tracks: int, shuffled: bool
) -> tuple[Ground, Path]:
    """Where the agent learns, and the shelf it is put on."""
    from segue.evaluation.grounds import LibraryGround, TownGround
    from segue.files import refuse_read_only
    from segue.library import Library
    from segue.shelf.names import shelf_of
    from segue.town import TownConfig

    if library is not None:
        opened = Library.open(library)
        refuse_read_only(shelf_of(opened).folder, "shelf")
        return LibraryGround(opened, shuffled=shuffled), shelf_of(opened).folder
    refuse_read_only(folder, "folder")
    config = TownConfig.named(town, listeners=listeners, tracks=tracks, months=1.0)
    return TownGround(config, seed), folder


def compare(
    library: LibraryOption = None,
    folder: FolderOption = FOLDER,
    policy: Annotated[
        list[str] | None,
        typer.Option(help="Your own policy, FILE.py:FUNCTION; the file is run. Can be repeated."),
    ] = None,
    sessions: Annotated[int, typer.Option(min=50, help="Sessions of each agent in each world.")] = 1000,
    pool: Annotated[int, typer.Option(min=40, help="Candidates of a session.")] = 100,
    seed: SeedOption = 7,
    html: HtmlOption = None,
    json: JsonOption = False,
) -> None:
    """Compare the trained agent with simpler ones: where it learned, in worlds it does not know, in truth.

    All play the same sessions. The agent is recommended only if its gain over the best greedy agent is sure
    in every world that was learned from other listeners. The truth is known of simulated towns alone.
    """
    from segue.agents.custom import load_policy
    from segue.evaluation import comparing
    from segue.evaluation import trials as job
    from segue.evaluation.playing_page import page_of, rows
    from segue.library import Library
    from segue.progress import progress
    from segue.shelf.names import shelf_of

    others = {name: comparing.Player(choose) for name, choose in map(load_policy, policy or [])}
    opened = None if library is None else Library.open(library)
    made = job.again(folder if opened is None else shelf_of(opened).folder, opened)
    playing = comparing.rivals(made.ground) | {comparing.AGENT: job.player(made.agent)} | others
    with progress("Playing", total=len(comparing.worlds_of(made.ground)) * len(playing)) as advance:
        comparison = comparing.compare(
            made.ground, made.models, playing, count=sessions, pool=pool, seed=seed, advance=advance
        )
    used, why = comparing.said(comparison)
    if html is not None:
        curves = {"agent": made.agent.curves_["reward"].tolist()}
        page_of(comparison, comparing.AGENT, list(comparing.GREEDY), curves, comparing.ABOUT).write(html)
    if json:
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
    if html is not None:
        print(f"Wrote {html}")
