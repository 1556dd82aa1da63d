"""Somebody is forgotten while a job runs, at each of its steps: nothing is left, or forget says so."""

from __future__ import annotations

import inspect
import pkgutil
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib import import_module
from pathlib import Path

import pytest

import segue
from segue.engine import Engine, changing_tastes, schedule, tastes, weekly
from segue.engine import batch as monday
from segue.errors import BusyError, ChangedError, NotFoundError, SegueError, UsageError
from segue.factors.config import ALSConfig
from segue.factors.loading import load_factors
from segue.factors.model import FactorConfig
from segue.files import locked, replacing
from segue.library import Library
from segue.players import accounts, pulling, pushing
from segue.players.base import Destination, Page, Source
from segue.playlists import training
from segue.playlists.playlist import Playlist
from segue.sequences.blend_config import SequenceBlendConfig
from segue.sequences.network_config import TasteNetworkConfig
from segue.sequences.training import train_vectors
from segue.sequences.vectors import SongVectorsConfig
from segue.settings import ScheduleConfig
from segue.town import TownConfig, build
from segue.upkeep import forget as forgetting
from segue.upkeep import traces
from segue.world.config import WorldConfig
from segue.world.training import train_world

WEEK, WHO = "2026-W30", "p02"
SMALL = FactorConfig(als=ALSConfig(factors=6, iterations=1, random_state=0))
NETWORK = SequenceBlendConfig(
    network=TasteNetworkConfig(hidden=8, negatives=16, length=8, batch=16, epochs=1, validation_share=0.1)
)


class Phone(Destination, Source):
    """A player that takes every list and tells one play."""

    format, where = "listenbrainz", "a phone"

    def test(self) -> str:
        return ""

    def find(self, playlist: Playlist) -> list[str | None]:
        return [entry.track.track_id for entry in playlist.entries]

    def has(self, playlist_id: str) -> bool:
        return False

    def put(self, playlist: Playlist, items: tuple[str, ...], replacing: str | None) -> str:
        return "1"

    def remove(self, playlist_id: str) -> None:
        pass

    def pull(self, since: datetime | None = None, *, before: int | None = None) -> Iterator[Page]:
        names = {"artist_name": "Band", "track_name": "Song"}
        listen = {"listened_at": 1_700_000_000, "user_name": WHO, "track_metadata": names}
        yield Page({"payload": {"listens": [listen]}}, 1_700_000_000, 1)


def _play_with_phone(library: Library) -> None:
    """A list is made and pushed, plays come back; nothing of it once its listener is forgotten."""
    told = {"name": "phone", "kind": "folder", "listener": WHO, "pull": True}
    phone = accounts.Account(**told)
    for step in (
        lambda: accounts.add(library.path, **told),
        lambda: weekly.weekly(Engine(library), WEEK, listeners=[WHO]),
        lambda: pushing.push(library, phone, to=Phone()),
        lambda: pulling.pull(library, phone, source=Phone()),
    ):
        try:
            step()
        except (NotFoundError, ChangedError, UsageError):
            assert WHO in library.forgotten.read(anew=True)
            library.refresh()


def _rename_a_taste(library: Library) -> None:
    try:
        engine = Engine(library)
        number = engine.tastes(WHO, WEEK)[0].number
        changing_tastes.change_taste(engine, WHO, lambda before: before.renamed(number, "Rain"), WEEK)
    except NotFoundError:
        assert WHO in library.forgotten.read(anew=True)


# Every job that writes something of listeners into the library's folder.
JOBS: dict[str, Callable[[Library], object]] = {
    "train": lambda library: training.train(library, SMALL),
    "tastes_of_week": lambda library: tastes.tastes_of_week(Engine(library), WEEK),
    "weekly": lambda library: weekly.weekly(Engine(library), WEEK),
    "change_taste": _rename_a_taste,
    "make_all": lambda library: monday.make_all(library, WEEK, monday.BatchConfig(workers=1)),
    "push": _play_with_phone,  # and pull
    "run_due": lambda library: schedule.run_due(library, ScheduleConfig(), monday.BatchConfig(workers=1)),
}
# The same, of a town's library: they learn from sessions whose skips are known.
LEARNED: dict[str, Callable[[Library], object]] = {
    "train_network": lambda library: training.train_network(library, NETWORK),
    "train_world": lambda library: train_world(library, WorldConfig(epochs=1, members=1, steps=8)),
}
# These write nothing that names listeners.
OTHERS = {
    *("described", "shares_by_week", "stored_tastes", "load_factors", "load_vectors", "load_network"),
    *("library_documents", "prepare", "weekly_for_guest", "explain_absence"),
    *("catalogue_context", "matched", "asked", "weekly_list", "library_playlist"),
    *(
        "work_out",
        "played",
        "only_other_media",
        "media_instead",
        "no_tastes",
        "recommendable",
        "tastes_by",
        "with_one",
        "asked_guide",
        "refuse_before_first_play",
    ),
    "neighbour_guide",
    *("heard_by", "profiles_of", "tastes_of", "read_plays", "read_listens", "read_playlists", "track_facts"),
    *("playlist_documents", "read_sessions", "catalogue_of", "library_starts", "evaluate_library"),
    *("protocols_for", "walk", "explain", "judge_lists", "search"),
    *(
        "find_tastes",
        "kept_tastes",
        "keep_tastes",
        "tastes_for",
        "tastes_known",
        "has_many",
        "space_of",
        "last_play",
    ),  # `tastes_of_week` and `make_all` keep them
    *("tastes_now", "guide_documents", "keep_names", "drop_names"),
    *("load_sequencer", "sequence", "open_radio", "neighbourhood", "forget"),
    *("stored_world", "stored_library_world", "song_vectors", "current_catalogue", "made_from"),
    *("review", "shares_by_month", "open_session", "newest", "plays_of", "known_to", "shown_listener"),
    *("warm", "open_player"),  # of the service
    *("lacks_vectors", "pull", "in_media", "other_media"),
    "train_vectors",  # what it publishes names nobody
    "user_models",  # `train_world`, where there is none yet
    *("outcomes", "past_sessions", "first_played"),
    "taste_changes",  # `change_taste` writes them
    *("refuse_unknown", "listens", "count"),  # of the service
    "make",  # of the service: `weekly`, or the list of somebody new under the lock of the departed
}


def _functions() -> Iterator[str]:
    """Names of the public functions that take a library first, of all rooms that work with one."""
    for module in pkgutil.walk_packages(segue.__path__, "segue."):
        if module.name.split(".")[1] in ("library", "cli", "testing", "__main__"):
            continue
        if ".migrations." in module.name:  # Alembic runs these, nobody imports them
            continue
        found = import_module(module.name)
        for name, function in inspect.getmembers(found, inspect.isfunction):
            takes = list(inspect.signature(function).parameters.values())
            here = function.__module__ == found.__name__ and not name.startswith("_")
            if here and takes and takes[0].annotation in ("Library", "Engine", "Ready"):
                yield name


def test_every_job_is_listed_here() -> None:
    pytest.importorskip("jax")
    assert set(_functions()) - OTHERS == set(JOBS) | set(LEARNED)


@contextmanager
def _interrupted(at: int, do: Callable[[], None]) -> Iterator[list[int]]:
    """Call `do` before the `at`-th step: a lock, a replaced file, a query. Yields the number of steps."""
    steps, busy = [0], [False]

    def stepping(function: Callable) -> Callable:
        def stepped(*arguments, **named):
            if not busy[0]:
                busy[0] = True
                if steps[0] == at:
                    do()
                steps[0] += 1
                busy[0] = False
            return function(*arguments, **named)

        return stepped

    with pytest.MonkeyPatch.context() as patch:
        for owner, name in ((Library, "arrow"), (Library, "check"), (Path, "replace"), (Path, "rename")):
            patch.setattr(owner, name, stepping(getattr(owner, name)))
        patch.setattr("segue.files.locked", stepping(locked))
        patch.setattr("segue.files.replacing", stepping(replacing))
        patch.setattr("segue.shelf.shelf.locked", stepping(locked))
        yield steps


def _forget_within(folder: Path, job: Callable[[Library], object], at: int, who: str = WHO) -> int:
    """Forget at a step of the job; how many steps there were."""
    said = []

    def now() -> None:
        try:
            done = forgetting.forget(Library.open(folder), who, wait=0.05)
            said.append(done.left)
        except BusyError:
            said.append(None)

    with _interrupted(at, now) as steps:
        for attempt in range(3):
            try:
                job(Library.open(folder))
                break
            except ChangedError:  # begun again from a fresh view
                assert attempt < 2
    if said == [None]:  # it said that it had not finished
        said = [forgetting.forget(Library.open(folder), who).left]
    if said:
        assert said == [[]], said
        assert traces.search(folder, who)[1] == [], at
        load_factors(Library.open(folder))
    return steps[0]


@pytest.mark.parametrize("every", [41, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", JOBS)
def test_nothing_is_left_whenever_somebody_is_forgotten(
    trained: Path, tmp_path: Path, name: str, every: int
) -> None:
    at, steps = 0, 1
    while at < steps:
        folder = tmp_path / str(at)
        shutil.copytree(trained, folder)
        steps = max(at + 1, _forget_within(folder, JOBS[name], at))
        shutil.rmtree(folder)
        at += every
    assert steps > 3


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small town's library with factors and song vectors."""
    folder = tmp_path_factory.mktemp("races") / "library"
    library = Library.open(folder, create=True)
    build(TownConfig.named("ordinary", listeners=40, tracks=500, months=1.0), 0).write(library)
    training.train(library, SMALL)
    train_vectors(library, SongVectorsConfig(dim=8, epochs=1))
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name", LEARNED)
def test_nothing_is_left_of_who_is_forgotten_while_it_is_learned(
    town: Path, tmp_path: Path, name: str
) -> None:
    pytest.importorskip("jax")
    listener = Library.open(town).arrow("listens")["listener_id"][0].as_py()
    at, steps = 0, 1
    while at < steps:
        shutil.copytree(town, tmp_path / str(at))
        steps = max(at + 1, _forget_within(tmp_path / str(at), LEARNED[name], at, listener))
        shutil.rmtree(tmp_path / str(at))
        at += 1
    assert steps > 3


def test_forget_can_be_called_again_after_a_job(trained: Path, tmp_path: Path) -> None:
    shutil.copytree(trained, tmp_path / "library")
    library = Library.open(tmp_path / "library")
    stale = Library.open(library.path)
    forgetting.forget(library, WHO)
    with pytest.raises(SegueError, match="changed meanwhile"):
        stale.arrow("listens")
    stale.refresh()
    assert WHO not in stale.arrow("listens")["listener_id"].to_pylist()
