"""Playlists put in order: files and stored lists, by an agent that is on the shelf, or greedily."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.trained_agent import put_agent

from segue.engine import Engine
from segue.engine.named_playlist import asked
from segue.engine.sequence import sequence
from segue.engine.sequencer import load_sequencer
from segue.engine.weekly import prepare
from segue.errors import FormatError, NotFoundError, UsageError
from segue.evaluation.trials import MODELS
from segue.factors.config import ALSConfig
from segue.factors.model import FactorConfig
from segue.library import Library
from segue.playlists.formats import read, write
from segue.playlists.memory import Weeks
from segue.playlists.playlist import Playlist, PlaylistEntry, TrackCard
from segue.playlists.training import train
from segue.playlists.weekly_config import WeeklyConfig
from segue.shelf.arrays import load_arrays, save_arrays
from segue.shelf.names import AGENTS, shelf_of
from segue.town.making import write_town
from segue.wording import ORDERED

WEEK, NOW = "2024-W08", datetime(2024, 2, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """A small town's library with factors, and no agent."""
    folder = tmp_path_factory.mktemp("sequence")
    write_town(folder / "library", "ordinary", 4, {"listeners": 40, "tracks": 2000, "months": 0.5}, None)
    library = Library.open(folder / "library")
    train(library, FactorConfig(als=ALSConfig(factors=8, iterations=2, random_state=0)))
    return library


@pytest.fixture
def library(bare: Library) -> Library:
    """The same, with an agent whose gain was sure."""
    put_agent(bare, used=True)
    return bare


def _songs(library: Library, count: int) -> list[dict]:
    tracks = library.table("tracks")
    songs = tracks.filter(tracks.medium == "song")
    return library.arrow(songs.order_by("track_id").limit(count)).to_pylist()


def test_a_file_in_order(library: Library, tmp_path: Path) -> None:
    cards = [TrackCard("", row["title"], tuple(row["artists"])) for row in _songs(library, 12)]
    cards.insert(3, TrackCard("", "Unheard of", ("Nobody",)))
    entries = tuple(PlaylistEntry(place, card) for place, card in enumerate(cards, 1))
    given = Playlist("Mine", "", None, NOW, entries)
    path = write(given, tmp_path / "mine.xspf")
    made = sequence(Engine(library), asked(library, str(path), None, None), listener="town:l00003")
    assert made.by == "agent"
    assert made.why == "its gain is sure"
    assert [card.title for card in made.unknown] == ["Unheard of"]
    names = [entry.track.title for entry in made.playlist.entries]
    assert sorted(names) == sorted(card.title for card in cards)
    assert names[-1] == "Unheard of"
    assert names != [card.title for card in cards]
    assert {entry.chosen_by for entry in made.playlist.entries[:-1]} == {"agent"}
    assert all(entry.score is not None for entry in made.playlist.entries[:-1])
    again = sequence(Engine(library), asked(library, str(path), None, None), listener="town:l00003")
    assert [entry.track for entry in again.playlist.entries] == [e.track for e in made.playlist.entries]
    few = sequence(Engine(library), given, take=5)
    assert len(few.playlist.entries) == 5
    back = read(write(made.playlist, tmp_path / "made.json"))
    assert back.entries[0].score == made.playlist.entries[0].score


@pytest.mark.slow
def test_greed_where_the_gain_is_not_sure(library: Library) -> None:
    put_agent(library, used=False)
    tracks = [TrackCard(row["track_id"]) for row in _songs(library, 6)]
    given = Playlist("P", "", None, NOW, tuple(PlaylistEntry(n + 1, t) for n, t in enumerate(tracks)))
    made = sequence(Engine(library), given)
    assert made.by == "greedy"
    assert "not sure" in made.why
    assert [e.score for e in made.playlist.entries] == made.chances
    assert sequence(Engine(library), given, by="agent").by == "agent"


def test_an_agent_of_another_version_does_not_stand_in_the_way_of_a_list(library: Library) -> None:
    shelf = shelf_of(library)
    now = shelf.current(AGENTS)
    path = shelf.path(AGENTS, now)
    facts, _ = load_arrays(path / "models.npz", MODELS)

    def earlier(folder: Path) -> None:
        for file in path.iterdir():
            if file.name not in ("manifest.json", "models.npz"):
                shutil.copy(file, folder / file.name)
        save_arrays(folder / "models.npz", MODELS, facts, {})

    kept = shelf.manifest(AGENTS, now).model_dump(include={"kind", "config", "data", "seed", "made_from"})
    shelf.publish(AGENTS, earlier, kept)
    ready = prepare(Engine(library), WEEK, WeeklyConfig(), keep=False)
    (made,) = ready.lists(ready.everybody[:1])
    near = prepare(Engine(library), WEEK, WeeklyConfig(order="near"), keep=False)
    (plain,) = near.lists(near.everybody[:1])
    assert made.entries == plain.entries
    assert "likeness" in made.notes[-1]
    assert "segue agents train" in made.notes[-1]
    with pytest.raises(FormatError, match="another version"):
        prepare(Engine(library), WEEK, WeeklyConfig(order="agent"), keep=False)


def test_what_cannot_be_ordered(library: Library) -> None:
    with pytest.raises(NotFoundError, match="no playlist"):
        asked(library, "Nothing like it", None, None)
    with pytest.raises(NotFoundError, match="no playlist"):
        asked(library, "nowhere.m3u8", None, None)
    with pytest.raises(UsageError, match="somebody's"):
        asked(library, None, WEEK, None)
    with pytest.raises(NotFoundError, match="among the 1 track"):
        stranger = PlaylistEntry(1, TrackCard("", "Unheard of", ("Nobody",)))
        sequence(Engine(library), Playlist("P", "", None, NOW, (stranger,)))


@pytest.mark.slow
def test_weekly_lists_by_the_agent_keep_the_rules_and_the_tastes(library: Library) -> None:
    near = prepare(Engine(library), WEEK, WeeklyConfig(order="near"), keep=False)
    ready = prepare(Engine(library), WEEK, WeeklyConfig(pool=2.0), keep=False)
    assert near.material.sequencer is None
    assert ready.material.sequencer is not None
    listeners = ready.everybody[:6]
    plain, lists = list(near.lists(listeners)), list(ready.lists(listeners))
    assert any(
        {e.track for e in a.entries} != {e.track for e in b.entries}
        for a, b in zip(plain, lists, strict=True)
    )
    for before, after in zip(plain, lists, strict=True):
        assert len(after.entries) == len(before.entries)
        assert len({entry.track for entry in after.entries}) == len(after.entries)
        assert {entry.chosen_by for entry in after.entries} == {"agent"}
        assert ORDERED["agent"] in after.notes
        told = [sum(e.reason.startswith("Not played") for e in each.entries) for each in (before, after)]
        assert told[0] == told[1]
    assert [p.entries for p in ready.lists(listeners)] == [p.entries for p in lists]
    weeks = Weeks(library.path / "weeks")
    weeks.remember(WEEK, lists)
    stored = asked(library, None, WEEK, listeners[0])
    assert [e.track for e in stored.entries] == [e.track for e in lists[0].entries]
    made = sequence(Engine(library), stored, listener=listeners[0])
    assert made.playlist.week == WEEK
    assert {e.reason for e in made.playlist.entries} == {e.reason for e in lists[0].entries}


def test_without_anything_trained(bare: Library, tmp_path: Path) -> None:
    write_town(tmp_path / "library", "ordinary", 4, {"listeners": 30, "tracks": 2000, "months": 0.3}, None)
    with pytest.raises(
        NotFoundError, match=r"Nothing was learned.*segue world --library .*segue agents train --library"
    ):
        load_sequencer(Engine.open(tmp_path / "library"))
