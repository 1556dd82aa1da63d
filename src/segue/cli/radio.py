"""`segue radio`: a stream that follows what is played and what is skipped."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from segue.cli.options import (
    JsonOption,
    PlaylistOption,
    Source,
    library_with,
    one_listener,
)
from segue.cli.printing import print_json, print_table
from segue.errors import UsageError
from segue.wording import count

if TYPE_CHECKING:
    from segue.engine.radio import Station
    from segue.playlists.radio import Pick

TRACKS = 20


def register(app: typer.Typer) -> None:
    """Add the verbs of this family."""
    app.command()(radio)


@dataclass(frozen=True)
class Kinds:
    """Which tracks may come."""

    new: Annotated[
        bool, typer.Option("--new", help="Only tracks that the listener has not heard before.")
    ] = False
    owned: Annotated[bool, typer.Option("--owned", help="Only tracks that there is a file of.")] = False

    def settings(self) -> dict[str, bool]:
        """As changes of the radio's settings."""
        return ({"familiar": False} if self.new else {}) | ({"owned": True} if self.owned else {})


@dataclass(frozen=True)
class Script:
    """What is played without asking after each track."""

    tracks: Annotated[
        int | None,
        typer.Option("--tracks", "-n", min=1, help="Print so many tracks, as if each was played, and stop."),
    ] = None
    answers: Annotated[
        str | None,
        typer.Option(
            help="Answer track by track: p for played, s for skipped, such as ppsp; then stop.",
            show_default=False,
        ),
    ] = None

    def refuse_impossible(self) -> None:
        """Say what cannot be.

        Raises:
            UsageError: both are given, or answers are something else than p and s.
        """
        if self.tracks is not None and self.answers is not None:
            raise UsageError("--answers already says how many tracks there are", hint="leave out --tracks")
        if self.answers is not None and (not self.answers or set(self.answers) - set("ps")):
            raise UsageError(
                "--answers is made of p (played) and s (skipped)", got=self.answers, hint="like ppsp"
            )


@dataclass(frozen=True)
class Beginning:
    """From what it sets out."""

    name: Annotated[
        str | None,
        typer.Argument(
            metavar="listener",
            help="From whose tastes it plays, also a playlist's id.",
            show_default=False,
        ),
    ] = None
    listener: Annotated[str | None, typer.Option(help="The same.", hidden=True)] = None
    seed_track: Annotated[
        list[str] | None,
        typer.Option(
            "--seed-track",
            "--seeds",
            help="Begin with a track, as 'artist - title' or an id. Give it several times.",
            show_default=False,
        ),
    ] = None


def radio(
    source: Source,
    kinds: Kinds,
    script: Script,
    beginning: Beginning,
    out: PlaylistOption = None,
    json: JsonOption = False,
) -> None:
    """Play what comes next, track by track, following what is played and what is skipped.

    On a terminal it asks after each track: p played, s skipped, q quit. Elsewhere, or with --tracks or
    --answers, it prints the tracks with their reasons. A trained network leads it (`segue train network`);
    without one, what stood in the same playlists and sessions as what was played.
    """
    from segue.playlists.formats import FORMATS, write

    listener = one_listener(beginning.name, beginning.listener)
    script.refuse_impossible()
    tracks, answers = script.tracks, script.answers
    suffixes = [suffix for each in FORMATS.values() for suffix in each.suffixes]
    if out is not None and out.suffix.lower() not in suffixes:
        raise UsageError(f"No playlist format is named like {out}", expected=" ".join(suffixes))
    opened = library_with(source.library, [listener] if listener else [])
    from segue.engine import Engine
    from segue.settings import load_settings

    settings = load_settings(source.config)
    radio = settings.radio.model_copy(update=kinds.settings())
    engine = Engine(opened, tastes=settings.tastes)
    station = engine.radio(listener, beginning.seed_track or [], config=radio)
    asking = tracks is None and answers is None and not json and sys.stdin.isatty() and sys.stdout.isatty()
    if station.understood and not json:
        print("From " + "; ".join(found.name for found in station.understood))
    if not json:
        print("".join(f"{note}\n" for note in station.notes), end="")
    given = None if asking else answers or "p" * (tracks or TRACKS)
    came = list(_asked(station) if given is None else _answered(station, given))
    if json:
        print_json([_row(station, pick, skipped) for pick, skipped in came])
    elif given is not None:
        print_table("Radio", *_table(station, came))
    if given is not None and len(came) < len(given) and not json:
        print("No track is left that may come.")
    if out is not None:
        played = [pick for pick, skipped in came if not skipped]
        write(station.playlist(played), out)
        if not json:
            print(f"Wrote {count(len(played), 'track')} to {out}")


def _answered(station: Station, answers: str) -> Iterator[tuple[Pick, bool]]:
    """Each track with whether it was skipped, as `answers` say."""
    for answer in answers:
        pick = station.radio.next()
        if pick is None:
            return
        station.radio.answer(pick.track, skipped=answer == "s")
        yield pick, answer == "s"


def _asked(station: Station) -> Iterator[tuple[Pick, bool]]:
    """The same, with somebody at the terminal to answer."""
    print("p or Enter: played, s: skipped, q: quit.")
    while (pick := station.radio.next()) is not None:
        print(f"\n{station.catalogue.name(pick.track)}\n  {station.reason(pick)}")
        answer = ""
        while True:
            try:
                answer = input("[p/s/q] ").strip().lower()
            except (EOFError, KeyboardInterrupt):
                answer = "q"
            if answer in ("", "p", "play", "s", "skip", "q", "quit"):
                break
            print("p or Enter: played, s: skipped, q: quit.")
        if answer.startswith("q"):
            return
        station.radio.answer(pick.track, skipped=answer.startswith("s"))
        yield pick, answer.startswith("s")
    print("No track is left that may come.")


def _table(station: Station, came: list[tuple[Pick, bool]]) -> tuple[list[str], list[tuple[object, ...]]]:
    """Header and rows as people read them; columns that say nothing are left out."""
    cards = station.catalogue.cards([pick.track for pick, _ in came])
    any_skipped = any(skipped for _, skipped in came)
    columns: dict[str, list[object]] = {
        "": list(range(1, len(came) + 1)),
        "artists": [card.credit for card in cards],
        "title": [card.title for card in cards],
        "answer": (["skipped" if skipped else "played" for _, skipped in came] if any_skipped else []),
        "taste": [station.taste(pick) for pick, _ in came],
        "why": [station.reason(pick, with_taste=False) for pick, _ in came],
    }
    shown = {name: column for name, column in columns.items() if any(column) or name == "why"}
    return list(shown), list(zip(*shown.values(), strict=True))


def _row(station: Station, pick: Pick, skipped: bool) -> dict[str, object]:
    card = station.catalogue.card(pick.track)
    return {
        "track": card.track_id,
        "artists": card.credit,
        "title": card.title,
        "skipped": skipped,
        "reason": station.reason(pick),
    }
