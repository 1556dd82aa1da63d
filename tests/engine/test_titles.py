"""Lists from a title: what they hold, what is said of them, and where there is nothing to make them from."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from segue.engine import Engine
from segue.errors import NotFoundError, UsageError
from segue.factors.model import TITLES
from segue.factors.ngrams import NGrams
from segue.factors.titles import ALIKE
from segue.library import Library
from segue.library.tables import PLAYLIST_ENTRIES, PLAYLISTS, TRACKS
from segue.playlists.newcomers import MANY
from segue.playlists.titled import ALONE, UNKNOWN, UNLIKE
from segue.playlists.training import train
from segue.playlists.weekly_config import WeeklyConfig
from segue.shelf.names import FACTORS, shelf_of
from segue.upkeep.forget import forget

WEEK = "2025-W40"
NAMES = {"rain": "Cloudbreak", "gym": "Ironside", "xmas": "Sleigh"}
KINDS = {
    "rain": ["Rainy Sunday", "rainy sundays", "Sunday Rain"],
    "gym": ["GYM", "Gym time", "the gym"],
    "xmas": ["Christmas", "Christmas 2016", "Merry Christmas"],
}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """Ninety playlists of three kinds, called as their kind is, each with ten of its kind's forty songs."""
    rng = np.random.default_rng(0)
    tracks = [
        {
            "track_id": f"{kind}{n}",
            "title": f"{'christmas' if kind == 'xmas' else kind} song {n}",
            "artists": ["Vulcan" if kind == "gym" and n % 20 == 7 else f"{name} {n % 20}"],
            "medium": "song",
        }
        for kind, name in NAMES.items()
        for n in range(40)
    ]
    playlists, entries = [], []
    for number in range(90):
        kind = ("gym", "rain", "xmas")[number % 3]
        title = KINDS[kind][number // 3 % 3]
        playlists.append({"playlist_id": f"p{number}", "title": title, "source": "test"})
        for place, song in enumerate(rng.choice(40, 10, replace=False).tolist()):
            entry = {"playlist_id": f"p{number}", "position": place, "track_id": f"{kind}{song}"}
            entries.append(entry | {"source": "test"})
    library = Library.open(tmp_path_factory.mktemp("titles") / "library", create=True)
    with library.writing() as writer:
        writer.append("tracks", pa.Table.from_pylist(tracks, schema=TRACKS))
        writer.append("playlists", pa.Table.from_pylist(playlists, schema=PLAYLISTS))
        writer.append("playlist_entries", pa.Table.from_pylist(entries, schema=PLAYLIST_ENTRIES))
    train(library)
    return library


def holders(library: Library, titles: list[str]) -> dict[str, set[str]]:
    """The playlists of these titles that have each track."""
    rows = library.arrow(
        library.table("playlist_entries")
        .join(library.table("playlists"), "playlist_id")
        .select("playlist_id", "title", "track_id")
    ).to_pylist()
    found: dict[str, set[str]] = {}
    for row in rows:
        if row["title"] in titles:
            found.setdefault(row["track_id"], set()).add(row["playlist_id"])
    return found


@pytest.mark.parametrize(("title", "kind"), [("a rainy sunday", "rain"), ("Gym!", "gym")])
def test_a_title_alone_makes_a_list(library: Library, title: str, kind: str):
    made, _ = Engine(library).weekly_for_guest(title=title, week=WEEK, config=WeeklyConfig(tracks=10))
    assert made.title == title and len(made.entries) == 10
    assert {entry.track.track_id.rstrip("0123456789") for entry in made.entries} == {kind}
    assert ALONE in made.notes and UNLIKE not in made.notes
    every = [name for names in KINDS.values() for name in names] * 10
    grams = NGrams().fit(every)
    alike = (grams.vectors(every) @ grams.vectors([title]).T).toarray()[:, 0]
    like = {name: near for name, near in zip(every, alike, strict=True) if near >= ALIKE}
    true = holders(library, list(like))
    for entry in made.entries:
        told = re.fullmatch(r"In “(.+)”(?: and (\d+) more playlists?)?\.", entry.reason or "")
        assert told is not None and int(told[2] or 0) + 1 == len(true[entry.track.track_id])
        assert like[told[1]] == max(
            like[name] for name in like if holders(library, [name]).get(entry.track.track_id)
        )


def test_a_title_leads_beside_tracks(library: Library):
    engine, config = Engine(library), WeeklyConfig(tracks=10)
    plain, _ = engine.weekly_for_guest(["gym0"], WEEK, config=config)
    assert all((entry.reason or "").startswith("Because you named") for entry in plain.entries)
    both, _ = engine.weekly_for_guest(["gym0"], WEEK, title="gym", config=config)
    assert "gym0" not in {entry.track.track_id for entry in both.entries}
    assert {entry.track.track_id.rstrip("0123456789") for entry in both.entries} == {"gym"}


def test_an_artist_in_the_title(library: Library):
    made, _ = Engine(library).weekly_for_guest(title="vulcan", week=WEEK, config=WeeklyConfig(tracks=10))
    told = {entry.track.artists[0]: entry.reason or "" for entry in made.entries}
    assert told.pop("Vulcan") == "By Vulcan, whose name is in the title."
    assert all(re.fullmatch("Near .* by Vulcan, who stands in the title.", each) for each in told.values())


def test_playlists_of_the_library_are_continued_by_title(library: Library):
    engine = Engine(library)
    ready = engine.week(WEEK)
    seen, _ = ready.read(["p1", "p3"])
    assert seen.titled is not None and seen.titled.texts == (KINDS["rain"][0], KINDS["gym"][1])
    assert seen.titled.own == (
        list(ready.model.listeners_).index("p1"),
        list(ready.model.listeners_).index("p3"),
    )
    made = engine.weekly("p1", WEEK)
    assert {entry.track.track_id.rstrip("0123456789") for entry in made.entries} == {"rain"}
    ids, _ = ready.model.candidates(seen, 5)
    assert not np.isin(ids, seen.matrix.indices[: seen.matrix.indptr[1]])[0].any()


def test_a_title_that_is_like_no_other(library: Library):
    made, _ = Engine(library).weekly_for_guest(title="xqzw", week=WEEK)
    assert made.title == "xqzw" and made.entries  # as for a stranger
    assert made.notes[:2] == (UNKNOWN, MANY)
    assert all("In “" not in (entry.reason or "") for entry in made.entries)
    sign, _ = Engine(library).weekly_for_guest(title="🎄", week=WEEK)
    assert UNKNOWN in sign.notes
    both, _ = Engine(library).weekly_for_guest(["gym0"], title="🎄", week=WEEK)
    assert UNKNOWN in both.notes
    near, _ = Engine(library).weekly_for_guest(title="sunk in thyme", week=WEEK)
    assert UNLIKE in near.notes


@pytest.mark.parametrize("title", ["", "  "])
def test_an_empty_title_is_told(library: Library, title: str):
    with pytest.raises(UsageError, match="The title is empty"):
        Engine(library).weekly_for_guest(title=title, week=WEEK)


def _without_titles(folder: Path) -> dict[str, list[int]]:
    (folder / TITLES).unlink()
    return {}


def test_models_of_earlier_versions_ask_to_be_trained(library: Library, tmp_path: Path):
    shutil.copytree(library.path, tmp_path / "library")
    old = Library.open(tmp_path / "library")
    shelf = shelf_of(old)
    shelf.rewrite(FACTORS, shelf.current(FACTORS), _without_titles)
    engine = Engine(old)
    assert engine.weekly("p1", WEEK).entries  # which needs no title
    with pytest.raises(NotFoundError, match="train again"):
        engine.weekly_for_guest(title="gym", week=WEEK)


def test_without_playlists_there_are_no_titles(tmp_path: Path):
    few = Library.open(tmp_path / "library", create=True)
    entries = [
        {"playlist_id": f"p{n}", "position": at, "track_id": f"t{at}", "source": "test"}
        for n in range(3)
        for at in range(4)
    ]
    tracks = [{"track_id": f"t{at}", "title": f"t{at}", "artists": ["a"]} for at in range(4)]
    with few.writing() as writer:
        writer.append("tracks", pa.Table.from_pylist(tracks, schema=TRACKS))
        writer.append("playlist_entries", pa.Table.from_pylist(entries, schema=PLAYLIST_ENTRIES))
    train(few)
    with pytest.raises(NotFoundError, match="too few playlists"):
        Engine(few).weekly_for_guest(title="gym", week=WEEK)


def test_a_forgotten_playlist_says_nothing_more(library: Library, tmp_path: Path):
    shutil.copytree(library.path, tmp_path / "library")
    mine = Library.open(tmp_path / "library")
    before = Engine(mine).factors().model.titles_
    forget(mine, "p1")
    after = Engine(mine).factors().model.titles_
    assert before is not None and after is not None and len(after) == len(before) - 1


def test_who_asks_for_a_season_has_it(library: Library):
    engine, config = Engine(library), WeeklyConfig(tracks=10)
    made, _ = engine.weekly_for_guest(title="christmas songs", week="2025-W27", config=config)
    assert {entry.track.track_id.rstrip("0123456789") for entry in made.entries} == {"xmas"}
    rain, _ = engine.weekly_for_guest(title="rainy sunday", week="2025-W27", config=config)
    assert not any(entry.track.track_id.startswith("xmas") for entry in rain.entries)
