"""`segue sequence`: any playlist in the order of a trained agent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from segue.cli.options import LIBRARY, JsonOption, LibraryOption, PlaylistOption, SeedOption, library_with
from segue.cli.printing import print_json, print_table
from segue.errors import UsageError
from segue.wording import ORDERED, count

if TYPE_CHECKING:
    from segue.engine.sequence import Sequenced

ORDERS = ("auto", "agent", "greedy")


def register(app: typer.Typer) -> None:
    """Add the verbs of this family."""
    app.command()(sequence)


@dataclass(frozen=True)
class Ordering:
    """Who orders, and what is kept."""

    by: Annotated[
        str,
        typer.Option(help="Who orders: agent, greedy, or auto: the agent where its gain was sure."),
    ] = "auto"
    take: Annotated[
        int | None, typer.Option("--take", "-n", min=1, help="Keep so many tracks. [default: all]")
    ] = None
    seed: SeedOption = 0


@dataclass(frozen=True)
class Asked:
    """Which playlist, and whose."""

    playlist: Annotated[
        str | None,
        typer.Argument(
            help="A file (.jspf, .xspf, .m3u8, .csv, .json), or id or title of a playlist of the library.",
            show_default=False,
        ),
    ] = None
    listener: Annotated[
        str | None,
        typer.Option(
            help="Whom it is for: their listening counts. [default: somebody unknown]", show_default=False
        ),
    ] = None
    week: Annotated[
        str | None,
        typer.Option(help="The listener's weekly list of this ISO week, like 2026-W48.", show_default=False),
    ] = None


def sequence(
    wanted: Asked,
    ordering: Ordering,
    library: LibraryOption = LIBRARY,
    out: PlaylistOption = None,
    json: JsonOption = False,
) -> None:
    """Put a playlist in the order in which it is likely to be heard out.

    The trained agent orders (`segue agents train --library`) if it was sure to beat greed in worlds it does
    not know; else tracks are taken greedily, and the command says so. Q is the worth of a choice for all
    that follows; chance is that of the track alone to be heard whole.
    """
    from segue.playlists.formats import FORMATS, write
    from segue.progress import progress

    by, take, seed = ordering.by, ordering.take, ordering.seed
    if by not in ORDERS:
        raise UsageError(f"Nobody orders by {by!r}", expected=", ".join(ORDERS))
    suffixes = [suffix for each in FORMATS.values() for suffix in each.suffixes]
    if out is not None and out.suffix.lower() not in suffixes:
        raise UsageError(f"No playlist format is named like {out}", expected=" ".join(suffixes))
    listener = wanted.listener
    opened = library_with(library, [listener] if listener is not None else [])
    from segue.engine import Engine
    from segue.engine.named_playlist import asked

    given = asked(opened, wanted.playlist, wanted.week, listener)
    with progress("Putting it in order"):
        made = Engine(opened).order(given, listener=listener, by=by, take=take, seed=seed)
    if out is not None:
        write(made.playlist, out)
    if json:
        print_json(_as_dict(made))
        return
    chances = [*made.chances, *[None] * len(made.unknown)]
    rows = [
        (entry.position, entry.track.credit, entry.track.title, _two(entry.score), _two(chance))
        for entry, chance in zip(made.playlist.entries, chances, strict=False)
    ]
    print_table(made.playlist.title, ["", "artists", "title", "Q", "chance"], rows)
    print(f"{ORDERED[made.by]} {made.why}")
    print(
        f"The user model expects {made.worth:.1f} tracks to be heard whole before the listener leaves; "
        f"{made.before:.1f} in the order it came in."
    )
    if made.unknown:
        names = "; ".join(f"{card.credit} - {card.title}" for card in made.unknown[:3])
        print(f"Not in the library, and left at the end: {count(len(made.unknown), 'track')}: {names}")
    if out is not None:
        print(f"Wrote {count(len(made.playlist.entries), 'track')} to {out}")


def _two(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def _as_dict(made: Sequenced) -> dict[str, object]:
    return {
        "title": made.playlist.title,
        "by": made.by,
        "why": made.why,
        "worth": made.worth,
        "before": made.before,
        "tracks": [
            {
                "position": entry.position,
                "track": entry.track.track_id,
                "title": entry.track.title,
                "artists": list(entry.track.artists),
                "q": entry.score,
            }
            for entry in made.playlist.entries
        ],
        "unknown": len(made.unknown),
    }
