"""Every command of the app, on the library of each of several people: a result, or a clear way out.

The commands are found from the app itself: one that has no line in COMMANDS fails.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import signal
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ibis.expr.datatypes as dt
import jax
import pytest
import typer
from ibis.backends.sql.datatypes import DuckDBType

from segue.cli import main
from segue.cli.app import app
from segue.library import Library

sys.path.insert(0, str(Path(__file__).parent))
import people

SMALL = """
[factors.als]
factors = 8
iterations = 4
[factors.blend.second]
factors = 4
iterations = 4
[vectors]
dim = 8
epochs = 3
min_count = 1
[sequences]
most_held_out = 20
[sequences.network]
hidden = 8
negatives = 16
epochs = 1
length = 8
batch = 8
[world]
shuffled = false
epochs = 1
[agents]
iterations = 2
"""
LIBRARIES = [*people.PEOPLE, "household", "playlists", "patchy"]
QUICK = ["streamer", "three", "podcaster", "household"]
# What must be done, not refused, for somebody with songs enough.
SERVED = {"train", "explain", "similar", "tastes", "weekly"}


@dataclass(frozen=True)
class Step:
    """One call of a command; {me} and {song} stand for the library's.

    `code` is how it must end; None is 0 or, where a library has too little for it, a refusal that says what
    to do. `long` steps are walked by the slow test alone; `once` for what does not look at the library.
    """

    arguments: str = ""
    code: int | None = None
    long: bool = False
    once: bool = False


# In the order in which somebody would come to them.
COMMANDS: dict[str, list[Step]] = {
    "formats": [Step(code=0)],
    "players": [Step(code=0, once=True), Step("--json", code=0, once=True)],
    "players add": [Step("x --kind radio --listener {me}", code=2, once=True)],
    "players test": [Step("nobody", code=4, once=True)],
    "players push": [Step(code=0, once=True)],
    "players pull": [Step(code=0, once=True)],
    "players sync": [Step(code=0, once=True)],
    "players remove": [Step("nobody", code=4, once=True)],
    "files": [Step("nowhere", code=4, once=True), Step(code=2, once=True)],
    "files list": [Step(code=0, once=True)],
    "files missing": [Step("-n 3", code=0, once=True)],
    "files sounds": [Step(code=0, once=True)],
    "files forget": [Step("nowhere", code=4, once=True)],
    "config": [Step(code=0)],
    "config init": [Step("other.toml", once=True)],
    "import": [],  # first of all, see `walk`
    "library": [
        Step(code=0),
        Step("--json", code=0),
        Step("--rejects", code=0),
        Step("--imports", code=0),
        Step("--html library.html", code=0, long=True),
    ],
    "doctor": [Step(code=0), Step("--json", code=0)],
    "train": [
        Step(),
        Step("--html train.html", long=True),
        Step("--vectors", long=True),
    ],
    "train vectors": [Step(long=True)],
    "train network": [Step("--json", long=True)],
    "world": [
        Step("--members 1 --html world.html", long=True),
        Step("--json --any-order --epochs 2 --members 2", long=True),
    ],
    "agents train": [Step("--library library --pool 40 --sessions 100", long=True)],
    "agents compare": [Step("--library library --sessions 50 --pool 40", long=True)],
    "models": [Step(code=0), Step("--verify --json", code=0)],
    "models rollback": [Step("cats", code=4, once=True)],
    "models prune": [Step("factors")],
    "explain": [Step("{me} {song}"), Step("{me} {song} --json")],
    "similar": [
        Step("{song}"),
        Step("{song} --json --html similar.html", long=True),
        Step("{song} --vectors songs", long=True),
    ],
    "tastes": [
        Step(),
        Step("--listener {me} --json"),
        Step("--listener {me} --html tastes.html", long=True),
        Step("{me} --rename 1 Evenings"),
    ],
    "weekly": [
        Step(),
        Step("{me} --out lists --familiar 1 --json"),
        Step("{me} --medium podcast", long=True),
        Step("{me} --why-not {song}"),
        Step("--library library all", code=2, once=True),
        Step("for all", code=4, once=True),
    ],
    "weekly why-not": [Step("{me} {song} --json", long=True)],
    "weekly guest": [Step("{song}"), Step("--json", long=True)],
    "weekly all": [Step("--workers 1", long=True)],
    "radio": [
        Step("--listener {me} -n 3"),
        Step("--seed-track {song} --answers ppsp --json", long=True),
        Step("--listener {me} --new", long=True),
    ],
    "sequence": [Step("mine.csv --listener {me} --json"), Step("mine.csv --by greedy", long=True)],
    "schedule": [Step(code=0)],
    "schedule run": [Step("--library nowhere", code=4, once=True)],
    "schedule once": [Step("--workers 1")],
    "evaluate": [Step("--seeds 1 --json", long=True), Step("--seeds 1 --html evaluation.html", long=True)],
    "tune": [Step("--trials 2", long=True)],
    "town": [Step("--library town --listeners 5 --tracks 500 --months 0.5", code=0, long=True, once=True)],
    "demo": [Step("--listeners 50 --tracks 500", code=0, long=True, once=True)],
    "split": [Step("{song} nowhere"), Step("{song} --back")],
    "exclude": [
        Step("{me}"),
        Step("{me} --session 1"),
        Step("{me} --session 1 --back --json"),
        Step("{me} --from yesterday --to now", code=2, once=True),
    ],
    "withdraw": [Step("lastfm --listener scrobbler --json"), Step("nowhere")],
    "backup": [Step("backup.tar", code=0)],
    "restore": [Step("backup.tar --library restored", code=0), Step("backup.tar --library library", code=2)],
    "serve": [Step("--library .", code=4, once=True)],
    "token create": [Step("{me} --note phone", code=0)],
    "token list": [Step(code=0), Step("--json", code=0)],
    "token revoke": [Step("1", code=0), Step("99", code=4)],
    "forget": [Step("{me} --dry-run", code=0), Step("{me} --yes", code=0)],
}


def commands(command: object, path: tuple[str, ...] = ()) -> Iterator[str]:
    """Names of all commands of the app, those of families with the family's."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield " ".join(path)
    for name, each in (inner or {}).items():
        yield from commands(each, path if name == getattr(command, "usual", None) else (*path, name))


def test_every_command_of_the_app_is_walked() -> None:
    there = set(commands(typer.main.get_command(app)))
    assert there == set(COMMANDS), "give each command of the app its arguments in COMMANDS"


@dataclass
class Walker:
    """Somebody at a terminal, in a folder of their own."""

    home: Path
    faults: list[str] = field(default_factory=list)
    done: set[str] = field(default_factory=set)  # commands that ended with 0 at least once

    def run(self, arguments: list[str], code: int | None = None) -> int:
        """Run `segue` in this process; whatever is wrong with what it does goes to `faults`."""
        out, err, came, said = io.StringIO(), io.StringIO(), 0, ""
        before, sys.argv = sys.argv, ["segue", *arguments]
        handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                main()
        except SystemExit as end:
            came = end.code if isinstance(end.code, int) else int(end.code is not None)
        except BaseException:
            said = traceback.format_exc()
        finally:
            sys.argv = before
            for number, handler in handlers.items():
                signal.signal(number, handler)
        wrong = said or _wrong(came, code, arguments, out.getvalue(), err.getvalue())
        if wrong:
            self.faults.append(f"segue {' '.join(arguments)}\n{wrong}")
        return came


def _wrong(came: int, code: int | None, arguments: list[str], out: str, err: str) -> str | None:
    """What is wrong with what a command printed and the code it ended with; None if nothing is."""
    if "Traceback" in out + err:
        return f"a traceback: {out}{err}"
    if code not in (None, came):
        return f"ended with {came}, not {code}: {out}{err}"
    if came == 0:
        if not out.strip():
            return "nothing is printed"
        if arguments != ["config"] and (found := re.search(r"\b(nan|NaN|inf|None|<NA>)\b", out)):
            return f"{found[0]} is printed: {out}"
        if "--json" in arguments:
            json.loads(out)
        return None
    if came not in (1, 2, 3, 4, 5, 6):
        return f"the code {came} is not documented: {out}{err}"
    if not re.search(r"^segue: .*(Try|Expected): \w", err, re.MULTILINE | re.DOTALL):
        return f"refused with {came}, but does not say what to do: {out}{err}"
    return None


def walk(home: Path, name: str, *, long: bool) -> Walker:
    """Everything that can be asked, in the library of that name."""
    walker = Walker(home)
    (home / "segue.toml").write_text(SMALL)
    (home / "export").mkdir()
    me = people.PEOPLE.get(name, people.PEOPLE["streamer"])
    whom, song = "me", me.song
    if name == "patchy":
        walker.run(["town", "patchy", "--listeners", "60", "--tracks", "500", "--months", "1"], 0)
        whom, song = "town:l00003", _a_song(Library.open(home / "library"), "town:l00003")
    elif name in people.PEOPLE:
        walker.run(["import", str(me.write(me.found, home / "export"))])
    else:
        walker.run(["import", str(people.archive(60, home / "export"))], 0)
    if name == "household":
        for each in people.PEOPLE.values():
            if not long and each.name not in QUICK:
                continue
            folder = home / each.name
            folder.mkdir()
            walker.run(["import", str(each.write(each.found, folder)), "--listener", each.name])
        whom = me.name
    tracks = [
        {"artist": a, "title": f"{a.split()[0]} No. {n}"} for a in people.STYLES["folk"] for n in range(4)
    ]
    lines = ["artist,title", *(f"{t['artist']},{t['title']}" for t in tracks)]
    (home / "mine.csv").write_text("\n".join(lines) + "\n")
    for command, steps in COMMANDS.items():
        for step in steps:
            if (step.long and not long) or (step.once and name != LIBRARIES[0]):
                continue
            given = [word.format(me=whom, song=song) for word in step.arguments.split()]
            if walker.run([*command.split(), *given], step.code) == 0:
                walker.done.add(command)
    if name in ("streamer", "account", "scrobbler", "brainz", "counter", "household", "patchy"):
        walker.faults += [f"{command} is refused every time" for command in sorted(SERVED - walker.done)]
    return walker


def _a_song(library: Library, listener: str) -> str:
    plays = library.table("listens")
    theirs = plays.filter((plays.listener_id == listener) & plays.track_id.startswith("town:t"))
    return library.arrow(theirs.order_by("started_at").limit(1))["track_id"][0].as_py()


def agrees(promised: dt.DataType, given: dt.DataType) -> bool:
    """Whether what the database gives for a column fits what Ibis says it gives."""
    if promised.is_integer():  # sums are HUGEINT in DuckDB, which comes as a decimal without places
        return given.is_integer() or (given.is_decimal() and given.scale == 0)
    if promised.is_timestamp():
        return given.is_timestamp()
    return promised.copy(nullable=True) == given.copy(nullable=True)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to stand in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def types(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every expression is asked what it gives before it is run."""
    real = Library.arrow

    def arrow(library: Library, what: Any) -> Any:
        if not isinstance(what, str):
            backend, table = library.backend, what.as_table()
            backend._run_pre_execute_hooks(table)
            rows = backend.con.execute(f"DESCRIBE {backend.compile(table)}").fetchall()
            for (name, promised), row in zip(table.schema().items(), rows, strict=True):
                given = DuckDBType.from_string(row[1])
                assert agrees(promised, given), f"{name} is {given} in DuckDB, {promised} to Ibis"
        return real(library, what)

    monkeypatch.setattr(Library, "arrow", arrow)


@pytest.mark.parametrize("name", QUICK)
def test_base_commands_break_on_nobody(name: str, home: Path, request: pytest.FixtureRequest) -> None:
    if name == "streamer":  # whose export tells most
        request.getfixturevalue("types")
    walker = walk(home, name, long=False)
    assert not walker.faults, "\n\n".join(walker.faults)


@pytest.mark.slow
@pytest.mark.usefixtures("types")
@pytest.mark.parametrize("name", LIBRARIES)
def test_no_command_breaks_on_anybody(name: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from segue.evaluation import trials as agents

    monkeypatch.setattr(agents, "JUDGED", 50)
    walker = walk(home, name, long=True)
    jax.clear_caches()  # what XLA compiled for a dozen libraries is more maps than a process may have
    assert not walker.faults, "\n\n".join(walker.faults)
