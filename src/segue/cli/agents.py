"""`segue agents train|compare`: agents that make a playlist track by track, and how good they are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from segue.cli.options import JsonOption, SeedOption
from segue.cli.printing import print_json, print_table

FOLDER = Path("agents")
FolderOption = Annotated[Path, typer.Option(help="Where the trained agent is kept.")]


def register(app: typer.Typer) -> None:
    """Add the verbs of this family."""
    family = typer.Typer(
        no_args_is_help=True, help="Train agents that make playlists in simulated worlds, and compare them."
    )
    family.command("train")(train)
    family.command("compare")(compare)
    app.add_typer(family, name="agents")


def train(
    town: Annotated[str, typer.Option(help="Name of a simulated town, as in `segue town`.")] = "ordinary",
    seed: SeedOption = 0,
    folder: FolderOption = FOLDER,
    listeners: Annotated[int, typer.Option(min=20, help="Listeners of the town.")] = 400,
    tracks: Annotated[int, typer.Option(min=500, help="Songs of the town.")] = 4000,
    sessions: Annotated[
        int, typer.Option(min=100, help="Shuffled sessions to learn from, of each half of the listeners.")
    ] = 6000,
    returns: Annotated[str, typer.Option(help="How the agent learns: lambda or replay.")] = "lambda",
    iterations: Annotated[int, typer.Option(min=1, help="Rounds of the agent's training.")] = 300,
    pool: Annotated[int, typer.Option(min=40, help="Candidates of a session.")] = 100,
    json: JsonOption = False,
) -> None:
    """Train an agent on a simulated town: learn how its listeners respond, then practise on that.

    A killed training goes on where it was, if called again with the same settings.
    """
    from segue.agents.config import AgentConfig
    from segue.jobs.agents import publish, trial
    from segue.progress import progress
    from segue.town import TownConfig

    config = TownConfig.named(town, listeners=listeners, tracks=tracks, months=1.0)
    settings = AgentConfig.checked({"returns": returns, "iterations": iterations})
    with progress("Training the agent", total=iterations) as advance:
        made = trial(
            config,
            seed,
            settings,
            logged=sessions,
            pool=pool,
            checkpoint=folder / "agent.checkpoint.npz",
            tell=(lambda text: None) if json else print,
            advance=advance,
            agent_seed=seed,
        )
    version = publish(folder, made)
    if json:
        print_json({"version": version, **made.facts})
    else:
        print(f"Published as agents/{version} in {folder}. To see how good it is: segue agents compare")


def compare(
    folder: FolderOption = FOLDER,
    policy: Annotated[
        list[str] | None,
        typer.Option(help="Your own policy, FILE.py:FUNCTION; the file is run. Can be repeated."),
    ] = None,
    sessions: Annotated[int, typer.Option(min=50, help="Sessions of each agent in each world.")] = 2000,
    pool: Annotated[int, typer.Option(min=40, help="Candidates of a session.")] = 100,
    seed: SeedOption = 7,
    html: Annotated[Path | None, typer.Option(help="Also write a page with pictures here.")] = None,
    json: JsonOption = False,
) -> None:
    """Compare the trained agent with simpler ones: where it learned, in worlds it does not know, in truth.

    All play the same sessions. The agent is recommended only if its gain over the best greedy agent is sure
    in every world that was learned from other listeners.
    """
    from segue.agents.loading import load_policy
    from segue.evaluation.playing_page import page_of, rows
    from segue.jobs import agents as job
    from segue.progress import progress

    others = dict(load_policy(text) for text in policy or [])
    made = job.stored(folder)
    with progress("Playing", total=job.runs(len(others))) as advance:
        found = job.compare(made, count=sessions, pool=pool, seed=seed, others=others, advance=advance)
    comparison = found.comparison
    if html is not None:
        page_of(
            comparison, job.AGENT, list(job.GREEDY), {"agent": made.agent.curves_["reward"].tolist()}
        ).write(html)
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
        print_json({"worlds": worlds, "used": found.used, "why": found.why})
        return
    for world in comparison.worlds:
        print_table(f"{world} ({comparison.kinds[world]})", *rows(comparison, world))
    print(found.why)
    if html is not None:
        print(f"Wrote {html}")
