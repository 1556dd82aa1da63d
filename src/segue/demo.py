"""The demo: a small town of made-up listeners, and all three recommenders learned from it, quickly.

The town is made first. Then two processes learn side by side, one for each of two usual cores: who likes
what, with the lists and what comes next; and how listeners respond, with the agent. Whatever is published is
there for the pages at once. Network and agent are small and trained for a short time; figures say how good.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from segue import files
from segue.errors import SegueError, UsageError
from segue.library import Library
from segue.wording import count

MONTHS = 2.0
MARK = "made-by-segue-demo"  # so that nothing but an earlier demo is ever replaced
FINISHED = "report.html"
FIGURES = "figures.json"
LANES = (("factors", "lists", "network", "measured"), ("vectors", "agent"))
NEEDED = ("factors", "lists")
STEPS = ("town", *LANES[0][:2], "network", "agent", "measured")  # as they are told
QUICK = {"JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}  # small programs that run a few times: compile them quickly
Tell = Callable[[str], None]


class Size(NamedTuple):
    """How large a town is made."""

    listeners: int = 100
    tracks: int = 1500
    seed: int = 1


@dataclass
class Watcher:
    """Who is told how far the demo is; every function may be replaced."""

    begins: Callable[[str], None] = lambda step: None
    ends: Callable[[str, bool], None] = lambda step, failed: None
    tell: Tell = lambda text: None


@dataclass
class Demo:
    """A demo in `folder`, being made or made."""

    folder: Path
    size: Size = field(default_factory=Size)
    watcher: Watcher = field(default_factory=Watcher)
    _running: list[subprocess.Popen[str]] = field(default_factory=list)
    _stopped: threading.Event = field(default_factory=threading.Event)

    @property
    def library(self) -> Path:
        """The folder of its library."""
        return self.folder / "library"

    @property
    def stopped(self) -> bool:
        """Whether it was stopped."""
        return self._stopped.is_set()

    @property
    def finished(self) -> bool:
        """Whether it was made to its end."""
        return (self.folder / FINISHED).exists()

    def begin(self) -> None:
        """Make the town; an earlier demo in the folder is replaced.

        Raises:
            UsageError: the folder holds something else.
        """
        from segue.town.making import write_town

        clear(self.folder)
        self.watcher.begins("town")
        last = datetime.now(UTC).date() - timedelta(days=1)
        start = last - timedelta(days=round(MONTHS * 30.4375))
        sizes = {"listeners": self.size.listeners, "tracks": self.size.tracks}
        changes = sizes | {"months": MONTHS, "start": start}
        made = write_town(self.library, "ordinary", self.size.seed, changes, self.folder / "truth")
        self.watcher.ends("town", False)
        self.watcher.tell(f"{count(made['listens'], 'play')} by {count(self.size.listeners, 'listener')}")

    def learn(self) -> None:
        """Learn all three recommenders, in two processes side by side.

        Raises:
            SegueError: a step failed that others need; what it said. Very small towns may be too little to
                learn a network or an agent from: that is told, and the rest is there.
        """
        problems: list[str] = []
        lanes = [threading.Thread(target=self._lane, args=(steps, problems)) for steps in LANES]
        for lane in lanes:
            lane.start()
        for lane in lanes:
            lane.join()
        needed = [each for each in problems if each.split(":")[0] in NEEDED]
        if needed:
            raise SegueError("The demo could not be made to its end", got=needed[0])

    def stop(self) -> None:
        """End what is running, and begin nothing more."""
        self._stopped.set()
        for process in list(self._running):
            process.terminate()

    def _lane(self, steps: tuple[str, ...], problems: list[str]) -> None:
        for step in steps:
            if self.stopped:
                return
            self.watcher.begins(step)
            said, code = self._run(step)
            self.watcher.ends(step, code != 0)
            if code:
                self.watcher.tell(f"{step} failed: {said}")
                problems.append(f"{step}: {said}")
                if step in NEEDED:
                    return

    def _run(self, step: str) -> tuple[str, int]:
        command = [sys.executable, "-m", "segue.demo", step, str(self.folder), str(self.size.seed)]
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=os.environ | QUICK,
        )
        self._running.append(process)
        if self.stopped:  # just before it was there to be ended
            process.terminate()
        last: deque[str] = deque(maxlen=1)
        assert process.stdout is not None
        with process.stdout as output:
            for line in output:
                if line.strip():
                    last.append(line.strip())
                    self.watcher.tell(line.strip())
        code = process.wait()
        self._running.remove(process)
        return (last[0] if last else ""), code


def clear(folder: Path) -> None:
    """Make `folder` ready for a demo, without an earlier one.

    Raises:
        UsageError: it holds something else.
    """
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARK).exists():
            raise UsageError(f"{folder} is not empty, and not an earlier demo", hint="name another --folder")
        for each in folder.iterdir():
            if each.name != MARK:  # which goes last: a kill leaves a folder that is known to be a demo's
                files.remove(each)
    files.refuse_read_only(folder, "folder")
    (folder / MARK).touch()


def figures_of(folder: Path) -> list[tuple[str, list[str], list[list[str]]]]:
    """What the last step measured: title, header and rows of each table."""
    import orjson

    path = folder / FIGURES
    if not path.exists():
        return []
    return [(title, header, rows) for title, header, rows in orjson.loads(path.read_bytes())]


def shown_listener(library: Library) -> str:
    """Whose pages the demo shows: who has played most."""
    table = library.table("listens")
    counted = table.group_by("listener_id").aggregate(plays=table.plays.sum())
    rows = library.arrow(counted.order_by(counted.plays.desc(), counted.listener_id).limit(1)).to_pylist()
    return rows[0]["listener_id"]


# What the processes do, each by the ordinary functions.


def _factors(library: Library, folder: Path, seed: int) -> None:
    from segue.playlists.training import train

    print(train(library).learned_from)


def _lists(library: Library, folder: Path, seed: int) -> None:
    from segue.engine import Engine
    from segue.engine.weekly import weekly
    from segue.playlists.formats import write_all
    from segue.playlists.playlist import week_of

    lists = weekly(Engine(library), week_of(datetime.now(UTC)), seed=seed)
    write_all(lists, folder / "playlists", "jspf")
    print(f"{count(len(lists), 'list')} in {folder / 'playlists'}")


def _vectors(library: Library, folder: Path, seed: int) -> None:
    from segue.sequences.training import train_vectors

    train_vectors(library, seed=seed)


def _network(library: Library, folder: Path, seed: int) -> None:
    from segue.playlists.training import train_network
    from segue.sequences.blend_config import SequenceBlendConfig
    from segue.sequences.network_config import TasteNetworkConfig

    small = TasteNetworkConfig(hidden=48, epochs=2, negatives=256, length=25, validation_share=0)
    # Weights as they come out on towns of this size; choosing them takes as long as all the rest.
    weights: Any = {"next": {"network next": 0.4, "near": 0.6}, "soon": {"network soon": 0.4, "near": 0.6}}
    train_network(
        library,
        SequenceBlendConfig(network=small, ranker=None, far=None, ease=None, weights=weights),
        seed=seed,
    )


def _agent(library: Library, folder: Path, seed: int) -> None:
    from segue.agents.config import AgentConfig
    from segue.evaluation.populations import LibraryPopulation
    from segue.evaluation.trials import publish, trial
    from segue.shelf.names import shelf_of
    from segue.world.config import WorldConfig

    small = AgentConfig(iterations=60, sessions=32, updates=16, hidden=(32, 32), pool=60)
    world = WorldConfig(sessions=2000, members=1)
    made = trial(LibraryPopulation(library), small, world, judged=200, seed=seed)
    publish(shelf_of(library).folder, made)
    print(made.facts["why"])


def _measured(library: Library, folder: Path, seed: int) -> None:
    import orjson

    from segue.evaluation import evaluate_library

    reports = evaluate_library(library, protocols=["listeners"], seeds=range(1))
    told = [
        [title, list(header), [list(map(_cell, row)) for row in rows]]
        for report in reports
        for title, header, rows in report.sections()
    ]
    files.write_text(folder / FIGURES, orjson.dumps(told).decode())
    _write_page(folder / FINISHED, library, reports)


_DOES: dict[str, Callable[[Library, Path, int], None]] = {
    "factors": _factors,
    "lists": _lists,
    "vectors": _vectors,
    "network": _network,
    "agent": _agent,
    "measured": _measured,
}


def _cell(value: Any) -> str:
    from segue.report import cell

    return cell(value)


def _write_page(path: Path, library: Library, reports: list[Any]) -> None:
    from segue.library.overview import charts, overview
    from segue.report import Page

    page = Page(
        "Segue on a made-up town",
        "Listeners with known tastes, what was learned of them, and how good that is.",
    )
    figures = overview(library)
    page.heading("The listening")
    page.text(
        f"{count(figures.listeners, 'listener')}, {count(figures.rows['tracks'], 'track')}, "
        f"{count(figures.plays, 'play')} from "
        f"{figures.first} to {figures.last}; {figures.skipped or 0:.0%} of what was begun was skipped."
    )
    page.pictures(charts(library))
    page.heading("How good it is")
    page.text(
        "A fifth of the listeners is kept out of the training. Four fifths of each one's tracks are shown to "
        "the recommender, which has to find the rest. Higher is better; a point is one random split."
    )
    add_reports(page, reports)
    page.write(path)


def add_reports(page: Any, reports: list[Any]) -> None:
    """Add the tables and plots of evaluation reports to a page."""
    for report in reports:
        page.heading(report.protocol, level=3)
        page.pictures({report.protocol: report.chart()})
        for title, header, rows in report.sections():
            page.text(title)
            page.table(header, rows)


def main(step: str, folder: str, seed: str) -> None:
    """Do one step of the demo in `folder`; in a process of its own."""
    _DOES[step](Library.open(Path(folder) / "library"), Path(folder), int(seed))


if __name__ == "__main__":
    main(*sys.argv[1:])
