"""Kill every writer with SIGKILL at every line that changes the disk, let it go on, and look.

    killing.py lines LIBRARY WORK MOST [WRITER ...]    MOST moments of each writer, spread evenly; 0 for all
    killing.py times LIBRARY WORK KILLS [WRITER ...]   at KILLS random lines instead

Each writer is first run to its end and watched: which lines of Segue's it runs, and after which of them the
disk is another. Then, for each of those lines, a child works on a fresh copy of LIBRARY and is killed there.
Between two such lines a kill would find the same disk. Afterwards what is there must be whole, the same again
must succeed, and nothing may be left over. Prints how many were killed. This process only forks, and stays
free of threads.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import NamedTuple

WEEK, WHO = "2026-W30", "p02"
NOW = datetime(2026, 7, 21, 12, tzinfo=UTC)  # a Tuesday of that week
# Whose lines are counted: all that writes. The rest works in memory, in very many lines.
ROOMS = (
    *("files.py", "shelf/", "library/", "engine/", "upkeep/"),
    *("factors/training.py", "playlists/training.py", "playlists/memory.py", "tastes/storing.py"),
)

# What children need, loaded once for all of them.
LOADED = (
    *("ibis.backends.duckdb", "segue.library.importing", "segue.library.withdrawing", "segue.shelf"),
    *("segue.engine.batch", "segue.engine.schedule", "segue.engine.weekly", "segue.engine.tastes"),
    *("segue.upkeep.forget", "segue.upkeep.health", "segue.factors.loading"),
)


class Writer(NamedTuple):
    """Something that writes into a library's folder."""

    run: Callable[[Path], object]
    look: Callable[[Path], object]  # after a kill, and at the end: what is there is whole
    prepare: Callable[[Path], object] = lambda folder: None


# What writes.


def create(folder: Path) -> None:
    from segue.library import Library

    Library.open(folder / "new", create=True)


def created(folder: Path) -> None:
    from segue.library import Library

    if (folder / "new" / "library.json").exists():
        assert Library.open(folder / "new").count("listens") == 0


def take_in(folder: Path, name: str, **options: object) -> None:
    from segue.library import Library
    from segue.library.importing import import_path
    from segue.library.readers.base import ReadOptions

    import_path(Library.open(folder), folder.parent / name, options=ReadOptions(**options))  # ty: ignore


def exports(folder: Path) -> None:
    """Files of two services that tell of the same plays, and of others, beside the library."""
    ours = ["listener,artist,track,time"]
    theirs = ["uts,utc_time,artist,artist_mbid,album,album_mbid,track,track_mbid"]
    for play in range(60):
        at = datetime(2026, 5, 1, 10, play, play * 7 % 60, tzinfo=UTC)
        ours.append(f"p02,Band {play % 7},Song {play % 11},{at:%Y-%m-%dT%H:%M:%SZ}")
        theirs.append(f"{at.timestamp():.0f},,Band {play % 7},,,,Song {play % 13},")
    (folder.parent / "plays.csv").write_text("\n".join(ours) + "\n")
    (folder.parent / "scrobbles.csv").write_text("\n".join(theirs) + "\n")


def told_twice(folder: Path) -> None:
    exports(folder)
    take_in(folder, "plays.csv")
    take_in(folder, "scrobbles.csv", listener=WHO)


def merge(folder: Path) -> None:
    take_in(folder, "scrobbles.csv", listener=WHO)


def take_back(folder: Path) -> None:
    from segue.errors import NotFoundError
    from segue.library import Library
    from segue.library.withdrawing import withdraw

    with contextlib.suppress(NotFoundError):  # it may have been done before the kill
        withdraw(Library.open(folder), "lastfm")


def away(folder: Path) -> None:
    exports(folder)
    take_in(folder, "plays.csv")
    forget(folder)


def back(folder: Path) -> None:
    take_in(folder, "plays.csv", bring_back=frozenset([WHO]))


def publish(folder: Path) -> None:
    """Everything that a shelf can do."""
    from segue.shelf import Shelf

    shelf = Shelf(folder / "shelf")

    def put(number: int) -> str:
        def build(place: Path) -> None:
            for name in ("a", "b"):
                (place / name).write_text(str(number) * 20_000, "utf-8")

        return shelf.publish("model", build, {"config": {"number": number}})

    put(1)
    version = put(2)
    shelf.prune("model", 2)
    shelf.rollback("model")
    shelf.rewrite("model", version, lambda place: (place / "b").write_text("other" * 9, "utf-8") and {})
    shelf.rollback("model", shelf.versions("model")[-1])
    shelf.remove("model", shelf.versions("model")[0])
    put(3)


def published(folder: Path) -> None:
    from segue.shelf import Shelf

    shelf = Shelf(folder / "shelf")
    if (shelf.folder / "model" / "current").exists():
        number = shelf.manifest("model").config["number"]
        assert (shelf.path("model") / "a").read_text("utf-8") == str(number) * 20_000


def lists(folder: Path) -> None:
    import segue.engine.batch
    from segue.library import Library

    segue.engine.batch.AT_ONCE = 9
    segue.engine.batch.make_all(Library.open(folder), WEEK, segue.engine.batch.BatchConfig(workers=1))


def schedule(folder: Path) -> None:
    import segue.engine.batch
    from segue.engine.schedule import run_due
    from segue.library import Library
    from segue.settings import ScheduleConfig

    segue.engine.batch.AT_ONCE = 15
    run_due(Library.open(folder), ScheduleConfig(), segue.engine.batch.BatchConfig(workers=1), now=NOW)


def remember(folder: Path) -> None:
    from segue.engine import Engine
    from segue.engine.weekly import weekly
    from segue.library import Library

    weekly(Engine(Library.open(folder)), WEEK, listeners=["p03", "p04"])


def made(folder: Path) -> None:
    """Nobody has two lists, no list is cut short."""
    from segue.playlists.memory import Weeks

    rows = Weeks(folder / "weeks").read(WEEK)
    pairs = list(zip(rows["listener_id"].to_pylist(), rows["position"].to_pylist(), strict=True))
    assert set(Counter(pairs).values()) <= {1}, "nobody has two lists"
    assert set(Counter(who for who, _ in pairs).values()) <= {30}, "no list is cut short"


def tastes(folder: Path) -> None:
    from segue.engine import Engine
    from segue.engine.tastes import tastes_of_week
    from segue.library import Library

    tastes_of_week(Engine(Library.open(folder)), WEEK)


def lived_in(folder: Path) -> None:
    """Tastes, lists, a zone, and a model that does not know how to forget."""
    from segue.engine import Engine
    from segue.engine.weekly import weekly
    from segue.library import Library
    from segue.shelf.names import shelf_of

    weekly(Engine(Library.open(folder)), WEEK, listeners=[WHO, "p03"])
    (folder / "time-zones.csv").write_text(f"{WHO},Europe/Oslo\np03,UTC\n")
    shelf_of(Library.open(folder)).publish(
        "strange",
        lambda place: (place / "people.json").write_text(f'{{"{WHO}": 1}}') and None,
        {"config": {}, "kind": "Strange"},
    )


def forget(folder: Path) -> None:
    from segue.library import Library
    from segue.upkeep.forget import forget

    assert forget(Library.open(folder), WHO).left == []


def forgotten(folder: Path) -> None:
    from segue.factors.loading import load_factors
    from segue.library import Library

    load_factors(Library.open(folder))


def spoil(folder: Path) -> None:
    """Cut lists, tastes and the newest version of a model short, and leave what a kill leaves."""
    lived_in(folder)
    publish(folder)
    newest = max((folder / "shelf" / "model").glob("*/a"))
    for path in (*(folder / "weeks").glob("*.parquet"), *(folder / "tastes").glob("*.npz"), newest):
        path.write_bytes(path.read_bytes()[:-9])
    (folder / "weeks" / ".tmp-left").write_text("half a list")


def repair(folder: Path) -> None:
    from segue.upkeep.health import examine, sweep

    for found in list(examine(folder)):
        if found.repair is not None:
            found.repair()
    sweep(folder)


def tables(folder: Path) -> dict[str, int]:
    """How many rows each table has that is no record of imports."""
    from segue.library import Library

    library = Library.open(folder)
    names = ("listens", "told", "feedback", "playlists", "playlist_entries", "tracks", "track_keys")
    return {name: library.arrow(name).num_rows for name in names}


WRITERS = {
    "create": Writer(create, created),
    "import": Writer(lambda folder: take_in(folder, "plays.csv"), tables, exports),
    "merge": Writer(merge, tables, lambda folder: (exports(folder), take_in(folder, "plays.csv"))),
    "withdraw": Writer(take_back, tables, told_twice),
    "bring back": Writer(back, tables, away),
    "publish": Writer(publish, published, publish),
    "weeks": Writer(lists, made),
    "remember": Writer(remember, made, lists),
    "tastes": Writer(tastes, tables),
    "schedule": Writer(schedule, made),
    "forget": Writer(forget, forgotten, lived_in),
    "repair": Writer(repair, lambda folder: None, spoil),
}


def state(folder: Path, after: bool) -> dict[str, object]:
    """What must be as before or as after a kill, and as after the writer's end; nothing may be damaged."""
    from segue.upkeep.health import examine

    wrong = [found for found in examine(folder) if found.state == "wrong"]
    assert not wrong or not after, wrong
    left = [path for path in folder.rglob(".tmp-*") if after]
    assert not left, left
    departed = folder / "departed.json"
    return {"tables": tables(folder), "departed": departed.exists()}


# How they are killed.


def in_child(work: Callable[[], object]) -> int:
    """Run `work` in a process of its own; its exit status, negative for a signal."""
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        try:
            work()
        except BaseException:
            import traceback

            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def step(act: Callable[[int], None]) -> None:
    """Call `act` with its number before each line of the writers' rooms that this thread runs from now on."""
    import segue

    root = str(Path(segue.__file__).parent) + os.sep
    counted: dict[str, bool] = {}
    line = 0

    def trace(frame: FrameType, event: str, _: object) -> object:
        nonlocal line
        name = frame.f_code.co_filename
        if name not in counted:
            inside = name.removeprefix(root)
            counted[name] = inside != name and inside.startswith(ROOMS)
        if not counted[name] or frame.f_code.co_name == "<module>":
            return None
        if event == "line":
            act(line)
            line += 1
        return trace

    sys.settrace(trace)


def disk(folder: str) -> list[tuple[str, int, int, int]]:
    """What a kill would leave: every file and folder with its number, size and time."""
    found = []
    for entry in os.scandir(folder):
        is_folder = entry.is_dir(follow_symlinks=False)
        try:
            stat = entry.stat(follow_symlinks=False)
        except FileNotFoundError:  # DuckDB's threads are at work
            continue
        found.append((entry.path, stat.st_ino, 0 if is_folder else stat.st_size, stat.st_mtime_ns))
        if is_folder:
            found += disk(entry.path)
    return found


def watch(writer: Writer, work: Path, notes: Path) -> None:
    """Run to the end; write down how many lines there were, and before which the disk was another."""
    changed, lines, before = [], 0, disk(str(work))

    def look(line: int) -> None:
        nonlocal before, lines
        lines, now = line, disk(str(work))
        if now != before:
            before = now
            changed.append(line)

    step(look)
    writer.run(work)
    sys.settrace(None)
    notes.write_text(" ".join(map(str, (lines, *changed))))


def kill_at(writer: Writer, work: Path, at: int) -> None:
    def perhaps(line: int) -> None:
        if line == at:
            os.kill(os.getpid(), signal.SIGKILL)

    step(perhaps)
    writer.run(work)


def moments(mode: str, most: int, lines: int, changed: list[int]) -> list[int]:
    if mode == "times":
        chance = random.Random(os.environ.get("SEED", "5"))
        return [chance.randrange(lines) for _ in range(most)]
    if not most or most >= len(changed):
        return changed
    return [changed[int((k + 0.5) * len(changed) / most)] for k in range(most)]


def attack(name: str, mode: str, library: Path, work: Path, most: int) -> int:
    """Kill one writer again and again; how many were killed."""
    writer, notes, ready = WRITERS[name], work / "notes", work / "ready" / "library"
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(library, ready)
    assert in_child(lambda: writer.prepare(ready)) == 0, name
    folder = work / "now" / "library"

    def fresh() -> None:
        shutil.rmtree(folder.parent, ignore_errors=True)
        shutil.copytree(ready.parent, folder.parent)

    fresh()
    assert in_child(lambda: watch(writer, folder, notes)) == 0, name
    lines, *changed = map(int, notes.read_text().split())
    assert changed, f"{name} writes nothing"
    ends = work / "ends"

    def expected() -> None:
        writer.look(folder)
        before = state(ready, False)
        ends.write_text(repr([before, state(folder, True)]))

    assert in_child(expected) == 0, name
    before, after = eval(ends.read_text())  # our own
    kills = 0

    def look() -> None:
        found = state(folder, False)
        assert found["tables"] in (before["tables"], after["tables"]), found
        writer.look(folder)
        writer.run(folder)
        writer.look(folder)
        found = state(folder, True)
        assert found == after, (found, after)

    for at in moments(mode, most, lines, changed):
        fresh()
        status = in_child(lambda at=at: kill_at(writer, folder, at))
        assert status in (0, -signal.SIGKILL), (name, at, status)
        assert in_child(look) == 0, f"{name}, killed before line {at}"
        kills += status != 0
    return kills


def main(mode: str, library: Path, work: Path, most: int, names: list[str]) -> None:
    for module in LOADED:
        import_module(module)

    for name in names or WRITERS:
        print(name, attack(name, mode, library, work, most), flush=True)


if __name__ == "__main__" and sys.argv[1] == "names":
    print(*WRITERS, sep="\n")
elif __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]), sys.argv[5:])
