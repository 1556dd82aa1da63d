"""`segue demo`: everything at once, on listeners that are made up."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from segue.cli.options import SeedOption
from segue.cli.printing import print_table
from segue.cli.weekly import print_playlist
from segue.errors import NotFoundError, SegueError
from segue.wording import percents

if TYPE_CHECKING:
    from segue.demo import Demo
    from segue.service.pages.board import Board

PORT = 8420
ANSWERS, LED = "ppsp", "psp"  # what a listener says to the radio, and to the agent, on a terminal
WHAT = {
    "town": "A town of made-up listeners (nobody in it is real)",
    "factors": "Learning who likes what; the first run also compiles, for some seconds",
    "lists": "A list of new music for everybody",
    "vectors": "Song vectors: what stands in the same company",
    "network": "A small network of what comes next",
    "agent": "An agent that learns to lead sessions, in a simulated world",
    "measured": "Measuring: a fifth of the listeners is held out",
}


def register(app: typer.Typer) -> None:
    """Add the verbs of this family."""
    app.command()(demo)


@dataclass(frozen=True)
class TownOptions:
    """The town that is made up."""

    listeners: Annotated[int, typer.Option(min=50, help="How many listeners to make up.")] = 100
    tracks: Annotated[int, typer.Option(min=500, help="How many songs to make up.")] = 1500
    seed: SeedOption = 1


@dataclass(frozen=True)
class Shown:
    """Where it is shown."""

    browser: Annotated[
        bool | None,
        typer.Option(
            "--browser/--no-browser",
            help="Open pages in a browser, or print their address. [default: where there is a display]",
            show_default=False,
        ),
    ] = None
    terminal: Annotated[
        bool, typer.Option("--terminal", help="Show it all here, without pages, and end.")
    ] = False
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the pages.")] = PORT


def demo(
    town: TownOptions,
    shown: Shown,
    folder: Annotated[Path, typer.Option(help="Where to put everything.")] = Path("segue-demo"),
) -> None:
    """See all of it on a small town of made-up listeners, offline, in three minutes or less.

    Pages open as soon as there is something to see, and fill as each recommender has learned: a list with its
    reasons, tastes, a radio to play or skip, a session that an agent leads, a playlist put in order. Network
    and agent are small and trained for a short time. Without a display the same is printed here.
    """
    from segue.demo import STEPS, Demo, Size

    made = Demo(folder, Size(town.listeners, town.tracks, town.seed))
    begun = time.perf_counter()
    if shown.terminal or (shown.browser is None and not _display()):
        _tell_steps(made, begun)
        made.begin()
        made.learn()
        print(f"Made in {time.perf_counter() - begun:.0f} s.\n")
        show(made)
        print(f"\nAs pages: segue serve --library {made.library}")
        return
    from segue.service.pages.board import Board

    board = Board.of(*STEPS)
    _tell_steps(made, begun, board)
    made.begin()
    _serve(made, begun, board, shown.port, opens=shown.browser is not False)


def _display() -> bool:
    """Whether a browser can be seen here."""
    if sys.platform.startswith(("darwin", "win")):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _tell_steps(
    made: Demo, begun: float, board: Board | None = None, warm: Callable[[str], None] | None = None
) -> None:
    """Print what is done, with the seconds since `begun`, and show it on the pages."""

    def begins(step: str) -> None:
        print(f"{time.perf_counter() - begun:4.0f} s  {WHAT[step]}", flush=True)
        if board is not None and step in {each.name for each in board.steps}:
            board.begins(step)

    def ends(step: str, failed: bool) -> None:
        if warm is not None and not failed:
            warm(step)
        if board is not None and step in {each.name for each in board.steps}:
            board.ends(step, failed=failed)

    made.watcher.begins, made.watcher.ends = begins, ends


def _serve(made: Demo, begun: float, board: Board, port: int, *, opens: bool) -> None:
    """Answer while it learns, and after that until it is stopped."""
    import uvicorn

    from segue.demo import QUICK, figures_of, shown_listener
    from segue.library import Library
    from segue.service.app import create_app
    from segue.service.pages.doorkeeper import new_key
    from segue.settings import load_settings

    os.environ.update(QUICK)
    key, settings = new_key(), load_settings()
    app = create_app(made.library, settings, key=key)
    board.listener = shown_listener(Library.open(made.library))
    app.state.demo = board
    address = f"http://127.0.0.1:{port}/enter/{key}"

    def warm(step: str) -> None:
        """What was learned is there, and the first who asks does not wait for what is compiled."""
        house = app.state.house
        house.engines.look()
        engine = house.engines.current
        with contextlib.suppress(SegueError):
            if step == "lists":
                engine.tastes(board.listener)
            if step == "network":
                engine.radio(board.listener).radio.next()
            if step == "agent":
                engine.session(board.listener, by="agent").session.candidates()
        if step == "measured":
            board.figures = figures_of(made.folder)

    _tell_steps(made, begun, board, warm)

    def learn() -> None:
        try:
            made.learn()
            print(f"All of it is ready: {address}\nStop with Ctrl-C.", flush=True)
        except SegueError as error:
            if not made.stopped:
                print(f"segue: {error}", file=sys.stderr, flush=True)

    def opened() -> None:
        print(f"\nYour pages: {address}\n", flush=True)
        if opens:
            import webbrowser

            webbrowser.open(address)

    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)
    )
    learning = threading.Thread(target=learn, daemon=True)
    learning.start()
    threading.Timer(1.0, opened).start()
    try:
        server.run()
    finally:
        made.stop()
        learning.join(10)  # else the interpreter is torn down under it, and says so in many lines


def show(made: Demo) -> None:
    """What the pages show, on a terminal."""
    from datetime import UTC, datetime

    from segue.demo import figures_of, shown_listener
    from segue.engine import Engine
    from segue.engine.named_playlist import weekly_list
    from segue.library import Library
    from segue.playlists.playlist import week_of

    engine = Engine(Library.open(made.library))
    listener = shown_listener(engine.library)
    playlist = weekly_list(engine.library, week_of(datetime.now(UTC)), listener)
    print_playlist(playlist)
    likes = engine.tastes(listener)
    rows = [
        (share, each.name, "; ".join(each.tracks[:3]))
        for each, share in zip(likes, percents([each.share for each in likes]), strict=True)
    ]
    print_table(f"What {listener} likes", ["", "taste", "typical tracks"], rows)
    station = engine.radio(listener)
    heard = []
    for answer in ANSWERS:
        pick = station.radio.next()
        if pick is None:
            break
        heard.append(
            (station.catalogue.name(pick.track), "skipped" if answer == "s" else "", station.reason(pick))
        )
        station.radio.answer(pick.track, skipped=answer == "s")
    print_table("A radio, with one skip", ["plays", "", "why"], heard)
    try:
        print_table("A session that the agent leads", *_session(engine, listener))
        done = engine.order(playlist, listener=listener)
        print(
            f"The week's list in order ({done.by}): {done.worth:.1f} tracks are expected to be heard out, "
            f"{done.before:.1f} as it was."
        )
    except NotFoundError as error:  # the town was too small for an agent
        print(f"No session: {error}")
    for title, header, table in figures_of(made.folder):
        print_table(title, header, [tuple(row) for row in table])
    print(f"A report: {made.folder / 'report.html'}")


def _session(engine, listener: str) -> tuple[list[str], list[tuple]]:
    led = engine.session(listener, by="agent").session
    names = dict(zip(led.tracks, engine.cards(led.tracks), strict=True))
    rows = []
    for answer in (*LED, ""):
        first, *others = led.candidates()
        card, next_best = names[first.track], f"{others[0].q:.2f}" if others else ""
        said = {"p": "played", "s": "skipped", "": "?"}[answer]
        rows.append(
            (f"{card.title} by {card.credit}", said, f"{first.q:.2f}", next_best, f"{first.whole:.0%}")
        )
        if answer:
            led.answer(first.track, 3 if answer == "p" else 0)
    return ["plays", "", "Q", "Q of the next best", "expected to be heard out"], rows
