"""`segue train`, `segue explain`: learning, and what was learned of a track."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from segue.cli.families import family
from segue.cli.options import LIBRARY, ConfigOption, EngineOption, JsonOption, LibraryOption, library_with
from segue.cli.printing import bar, print_json, print_table
from segue.errors import UsageError
from segue.progress import about, steps

if TYPE_CHECKING:
    from segue.library import Library

STEPS = 3  # of factors alone
START = 5.0  # seconds
ALL = 0.995  # part of what speaks for a track, from which it is told as all
PER_ROW, PER_ROW_OF_VECTORS, PER_ROW_OF_NETWORK = 0.4e-3, 0.5e-3, 4e-3  # seconds


def register(app: typer.Typer) -> None:
    """Add the verbs of this family."""
    app.add_typer(family(train, {"vectors": vectors, "network": network}, name="factors"), name="train")
    app.command()(explain)


@dataclass(frozen=True)
class Also:
    """What was once trained along with the factors; today's verbs are `train vectors` and `train network`."""

    vectors: Annotated[bool, typer.Option("--vectors", hidden=True)] = False
    network: Annotated[bool, typer.Option("--network", hidden=True)] = False


def train(
    also: Also,
    library: LibraryOption = LIBRARY,
    config: ConfigOption = None,
    unit: Annotated[
        str | None,
        typer.Option(
            help="Learn from 'listeners', 'playlists' or 'both' together. [default: what there is]",
            show_default=False,
        ),
    ] = None,
    engine: EngineOption = None,
    checkpoints: Annotated[
        str | None,
        typer.Option(
            help="With --engine: a folder that all machines reach by the same name, for what is worked out."
        ),
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page with the curve of the loss here.")] = None,
    json: JsonOption = False,
) -> None:
    """Learn who likes what, and put the model on the shelf.

    The model is published whole or not at all; `segue models` lists the versions and rolls back.

    Examples:

        segue train   # what lists are made from
        segue train network   # what the radio follows
        segue train --unit playlists   # from playlists alone
        segue train --engine local[2]   # with Spark (extra spark)
    """
    from typing import get_args

    from segue.factors.cluster import training_on
    from segue.library import Library
    from segue.library.few_listeners import OWN, playlists_alone
    from segue.library.listening import Unit
    from segue.playlists.training import other_media
    from segue.playlists.training import train as run
    from segue.sequences.training import train_vectors
    from segue.settings import load_settings

    settings = load_settings(config)
    known: dict[str, Unit] = {name: name for name in get_args(Unit)}
    if unit is not None and unit not in known:
        raise UsageError("--unit cannot be taken", expected=" or ".join(known), got=unit)
    opened, keep = Library.open(library), settings.shelf.keep
    models = STEPS + len(other_media(opened, settings.factors, known[unit] if unit else None))
    with (
        training_on(engine, checkpoints),
        _announced(opened, json, models, vectors=also.vectors or also.network, network=also.network),
    ):
        trained = run(
            opened,
            settings.factors,
            weekly=settings.weekly,
            unit=known[unit] if unit else None,
            keep=keep,
            tastes=settings.tastes,
        )
        songs = train_vectors(opened, settings.vectors, keep=keep) if also.vectors or also.network else None
        follows = None
        if also.network:
            from segue.playlists.training import train_network

            follows = train_network(opened, settings.sequences, keep=keep).version
    model, losses = trained.model, trained.losses
    if html is not None:
        _curve(html, losses)
    if json:
        print_json(
            {
                "model": "factors",
                "version": trained.version,
                "vectors": songs,
                "network": follows,
                "unit": model.config.observations.unit,
                "listeners": len(model.listeners_),
                "tracks": len(model.tracks_),
                "loss": losses,
                "pruned": trained.pruned,
            }
        )
        return
    print(trained.learned_from)
    others = (f" and vectors/{songs}" if songs else "") + (f" and network/{follows}" if follows else "")
    after = f"segue {'radio' if follows else 'weekly'}"
    print(
        f"Published as factors/{trained.version}{others}. Next: {OWN if playlists_alone(opened) else after}"
    )


def vectors(library: LibraryOption = LIBRARY, config: ConfigOption = None, json: JsonOption = False) -> None:
    """Learn song vectors from playlists and sessions: what stands in the same company.

    Tastes and `segue similar --vectors songs` use them from then on.

    Examples:

        segue train vectors
    """
    from segue.library import Library
    from segue.sequences.training import train_vectors
    from segue.settings import load_settings

    settings = load_settings(config)
    opened = Library.open(library)
    with _announced(opened, json, vectors=True):
        version = train_vectors(opened, settings.vectors, keep=settings.shelf.keep)
    if json:
        print_json({"model": "vectors", "version": version})
    else:
        print(f"Published as vectors/{version}. Next: segue similar TRACK --vectors songs")


def network(library: LibraryOption = LIBRARY, config: ConfigOption = None, json: JsonOption = False) -> None:
    """Learn song vectors, and train the network that the radio asks on them. Takes minutes to hours.

    Stopped, it goes on from its last epoch when it is called again. Its second stage needs the extra taste.

    Examples:

        segue train network
    """
    from segue.library import Library
    from segue.playlists.training import train_network
    from segue.sequences.training import train_vectors
    from segue.settings import load_settings

    settings = load_settings(config)
    opened, keep = Library.open(library), settings.shelf.keep
    with _announced(opened, json, vectors=True, network=True):
        songs = train_vectors(opened, settings.vectors, keep=keep)
        version = train_network(opened, settings.sequences, keep=keep).version
    if json:
        print_json({"model": "network", "version": version, "vectors": songs})
    else:
        print(f"Published as vectors/{songs} and network/{version}. Next: segue radio")


@contextmanager
def _announced(
    library: Library, json: bool, others: int = 0, *, vectors: bool = False, network: bool = False
) -> Generator[None]:
    """Say how long training may take, and number its steps, unless JSON is asked for."""
    if json:
        yield
        return
    with steps(others + vectors + network):
        taken = about(_seconds(library, vectors, network))
        print(f"This takes {taken} on two usual cores.", file=sys.stderr)
        yield


def _seconds(library: Library, vectors: bool, network: bool) -> float:
    """A rough guess of how long training takes, by the rows that it reads; epochs and machines differ."""
    rows = library.count("playlist_entries") + library.count("listens")
    return START + rows * (PER_ROW + vectors * PER_ROW_OF_VECTORS + network * PER_ROW_OF_NETWORK)


def _curve(path: Path, losses: list[float]) -> None:
    import altair as alt

    from segue.report import Page

    points = alt.Data(values=[{"epoch": n + 1, "loss": loss} for n, loss in enumerate(losses)])
    chart = alt.Chart(points, mark=alt.MarkDef(type="line", point=True)).encode(
        x=alt.X("epoch:Q"), y=alt.Y("loss:Q", scale=alt.Scale(zero=False))
    )
    page = Page("Training of the factors", "The loss falls with every epoch and flattens as it converges.")
    page.pictures({"Loss by epoch": chart})
    page.write(path)


def explain(
    listener: Annotated[str, typer.Argument(help="Whose score.")],
    track: Annotated[str, typer.Argument(help="A track id, or words of its artists and title.")],
    library: LibraryOption = LIBRARY,
    most: Annotated[int, typer.Option("--most", "-n", min=1, help="How many plays to show.")] = 10,
    json: JsonOption = False,
) -> None:
    """Show why a track suits a listener: those of their plays that speak for it, the strongest first."""
    opened = library_with(library, [listener])
    from segue.engine import Engine

    said = Engine(opened).explain(listener, track, most)
    if json:
        print_json(
            {
                "listener": listener,
                "track": said.of._asdict(),
                "score": said.score,
                "heard": said.heard,
                "because": [{"track": each.track_id, "share": each.share} for each in said.led],
            }
        )
        return
    what = f"{listener} has played it before" if said.heard else f"it is new to {listener}"
    print(f"{said.of.name}: {what}.")
    print(
        f"Going by which tracks are {said.together}, it suits {listener} at {said.score:.2f}, where 1 is "
        "what somebody plays, and 0 what they would hardly look for."
    )
    most_of_all = max((each.share for each in said.led), default=1.0)
    bars = [(each.name, f"{each.share:.1%}", bar(each.share / most_of_all)) for each in said.led]
    print_table("What speaks for it", ["played", "part", ""], bars)
    told = sum(each.share for each in said.led)
    if told < ALL:
        print(f"These are {told:.0%} of all that speaks for it; other plays are the rest.")
