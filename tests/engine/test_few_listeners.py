"""One person alone, or a household: tastes from sessions, favourites to hear again, no secrets told."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from segue.engine import Engine
from segue.engine.few_listeners import no_tastes
from segue.engine.named_playlist import weekly_list
from segue.engine.radio import POPULAR, open_radio
from segue.engine.similar import neighbourhood
from segue.engine.tastes import tastes_of_week
from segue.engine.weekly import weekly
from segue.errors import UsageError
from segue.factors.loading import load_factors
from segue.factors.model import FactorConfig
from segue.library import Library
from segue.library.few_listeners import MORE, MORE_EPISODES, UNLEARNED
from segue.library.tables import LISTENS, PLAYLIST_ENTRIES, PLAYLISTS, TRACKS
from segue.playlists.memory import Weeks
from segue.playlists.newcomers import NOBODY, shared_popularity
from segue.playlists.playlist import week_of
from segue.playlists.training import train
from segue.playlists.weekly_config import WeeklyConfig
from segue.upkeep.forget import forget

BEGAN = datetime(2024, 1, 1, 18, tzinfo=UTC)
WEEK, NEXT = "2025-W40", "2025-W41"
STYLES = ("north", "south")


def songs(style: str, number: int = 60, medium: str = "song") -> list[dict]:
    return [
        {
            "track_id": f"{style}{n}",
            "title": f"{style} song {n}",
            "artists": [f"{style} artist {n % 20}"],
            "medium": medium,
            "duration_ms": 180_000,
        }
        for n in range(number)
    ]


def evenings(
    listener: str,
    tracks: Sequence[Sequence[str]],
    rng: np.random.Generator,
    number: int = 120,
    length: int = 10,
) -> list[dict]:
    """A session every five days, each of tracks of one of the given kinds."""
    rows = []
    for evening in range(number):
        kind = tracks[evening % len(tracks)]
        begun = BEGAN + timedelta(days=5 * evening)
        for place, at in enumerate(rng.choice(len(kind), min(length, len(kind)), replace=False).tolist()):
            rows.append(
                {
                    "listener_id": listener,
                    "track_id": kind[at],
                    "started_at": begun + timedelta(minutes=3 * place),
                    "played_ms": 180_000,
                    "plays": 1,
                    "source": "test",
                }
            )
    return rows


def ids(rows: list[dict]) -> list[str]:
    return [row["track_id"] for row in rows]


def library_of(folder: Path, tracks: list[dict], listens: list[dict], **more: list[dict]) -> Library:
    library = Library.open(folder / "library", create=True)
    schemas = {"playlists": PLAYLISTS, "playlist_entries": PLAYLIST_ENTRIES}
    with library.writing() as writer:
        writer.append("tracks", pa.Table.from_pylist(tracks, schema=TRACKS))
        writer.append("listens", pa.Table.from_pylist(listens, schema=LISTENS))
        for name, rows in more.items():
            writer.append(name, pa.Table.from_pylist(rows, schema=schemas[name]))
    return library


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """One person of two styles, never in one evening, and a podcast."""
    north, south = (songs(style) for style in STYLES)
    shows = songs("talk", 40, "podcast")
    rng = np.random.default_rng(0)
    listens = evenings("me", [ids(north), ids(south), ids(north)], rng)
    listens += [
        row | {"started_at": row["started_at"] + timedelta(days=1)}
        for row in evenings("me", [ids(shows)], rng)
    ]
    library = library_of(tmp_path_factory.mktemp("alone"), [*north, *south, *shows], listens)
    trained = train(library)
    assert "Learned from 120 sessions of 1 person" in trained.learned_from
    assert "can't tell what else there is" in trained.learned_from
    assert MORE in trained.learned_from
    return library


def style(track: str) -> str:
    return track.rstrip("0123456789")


def test_sessions_tell_tastes_apart_and_what_is_alike(alone: Library) -> None:
    model, _ = load_factors(alone)
    assert model.config.observations.teachers == "sessions"
    assert set(model.listeners_) == {"me"}, "rows of sessions are named by whose they are"
    profiles = tastes_of_week(Engine(alone), WEEK, keep=False).profiles
    tastes = profiles.tastes("me")
    assert len(tastes) == 2
    for taste in tastes:
        kinds = {style(str(profiles.tracks[track])) for track in profiles.tracks_of(taste)}
        assert len(kinds) == 1
    near = neighbourhood(Engine(alone), "north3", 10)
    assert {style(str(near.catalogue.ids[each.number])) for each in near.near} == {"north"}


def test_the_radio_plays_from_both_tastes_and_says_what_lacks(alone: Library) -> None:
    station = open_radio(Engine(alone), listener="me")
    assert "One person's plays can't tell" in station.notes[0]
    came = []
    for _ in range(20):
        pick = station.radio.next()
        assert pick is not None
        station.radio.answer(pick.track, skipped=False)
        came.append(style(station.catalogue.ids[pick.track].as_py()))
    assert set(came) == set(STYLES) and 4 <= came.count("south") <= 10


def test_of_one_style_one_taste_is_told(tmp_path: Path) -> None:
    """Vectors of sessions group songs even where they were played in any order."""
    north = songs("north", 80)
    library = library_of(tmp_path, north, evenings("me", [ids(north)], np.random.default_rng(1)))
    train(library)
    assert len(tastes_of_week(Engine(library), WEEK, keep=False).profiles.tastes("me")) == 1


def test_a_large_taste_stays_whole_beside_small_ones(tmp_path: Path) -> None:
    kinds = [songs(name, many) for name, many in (("north", 90), ("south", 30), ("west", 30))]
    north, south, west = map(ids, kinds)
    plays = evenings("me", [north, south, north, west], np.random.default_rng(2), number=240)
    library = library_of(tmp_path, [song for kind in kinds for song in kind], plays)
    train(library)
    profiles = tastes_of_week(Engine(library), WEEK, keep=False).profiles
    told = [{style(str(profiles.tracks[at])) for at in profiles.tracks_of(t)} for t in profiles.tastes("me")]
    assert told[0] == {"north"}
    assert sorted(map(sorted, told)) == [["north"], ["south"], ["west"]]


def test_favourites_come_again_by_shares_and_are_not_called_new(alone: Library) -> None:
    config = WeeklyConfig(unplayed_days=30, tracks=20)
    (first,) = weekly(Engine(alone), WEEK, config=config)
    assert first.title == f"Rediscover, {WEEK}"
    assert len(first.entries) == 20
    assert first.notes[0].startswith("One person's plays can't tell what else there is")
    assert MORE in first.notes[0]
    assert re.search(r"to hear again, last played \d+ (days )?to \d+ (months|days) ago\.", first.notes[0])
    kinds = [style(entry.track.track_id) for entry in first.entries]
    named = {(style(entry.track.track_id), entry.taste) for entry in first.entries}
    assert len(named) == len({taste for _, taste in named}) == 2, "whatever was heard is of a taste"
    began = [" ".join((entry.reason or "").split()[:3]) for entry in first.entries]
    assert max(map(began.count, began)) <= 14, "reasons differ down the list"
    assert kinds.count("north") == pytest.approx(20 * 2 / 3, abs=3)
    listens = alone.arrow("listens").to_pylist()
    for entry in first.entries:
        mine = [row["started_at"] for row in listens if row["track_id"] == entry.track.track_id]
        last = max(mine)
        assert entry.reason is not None
        assert f"{len(mine)} times" in entry.reason and f"{last:%B %Y}" in entry.reason
        assert entry.chosen_by == "familiar"
    assert weekly_list(alone, WEEK, "me").title == first.title
    (second,) = weekly(Engine(alone), NEXT, config=config)
    assert second.title == f"Rediscover, {NEXT}"
    assert not {e.track.track_id for e in first.entries} & {e.track.track_id for e in second.entries}
    _, said = Engine(alone).why_not("me", first.entries[0].track.track_id, NEXT, config=config)
    rules = {verdict.rule: verdict.out for verdict in said.verdicts}
    assert rules["earlier weeks"] and "candidate" not in rules
    assert "already heard" not in rules, "it is what the list is for"


def test_playlists_that_nothing_was_learned_from_are_told_and_not_asked_for(tmp_path: Path) -> None:
    north = songs("north", 40)
    library = library_of(tmp_path, north, evenings("me", [ids(north)], np.random.default_rng(7), 20))
    train(library)
    assert MORE in weekly(Engine(library), WEEK)[0].notes[0]
    tables = {
        "playlists": pa.Table.from_pylist([{"playlist_id": "p", "title": "theirs"}], schema=PLAYLISTS),
        "playlist_entries": pa.Table.from_pylist(
            [{"playlist_id": "p", "position": 0, "track_id": "north0"}], schema=PLAYLIST_ENTRIES
        ),
    }
    with library.writing() as writer:
        for name, rows in tables.items():
            writer.append(name, rows)
    for made in (*weekly(Engine(library), NEXT), Engine(library).weekly_for_guest(["north1"], NEXT)[0]):
        said = " ".join(made.notes)
        assert said.count(UNLEARNED) == 1 and MORE not in said


def test_a_list_of_podcasts_does_not_take_the_place_of_the_weeks(alone: Library) -> None:
    week, weeks = week_of(datetime.now(UTC)), Weeks(alone.path / "weeks")
    weekly(Engine(alone), week, config=WeeklyConfig(tracks=10))
    kept = weeks.read(week, ["me"])
    assert len(kept)
    weekly(Engine(alone), week, config=WeeklyConfig(medium="podcast", tracks=10), keep=False)
    assert weeks.read(week, ["me"]) == kept


def test_podcasts_are_listed_though_the_model_is_of_songs(alone: Library) -> None:
    (made,) = weekly(Engine(alone), "2025-W50", config=WeeklyConfig(medium="podcast", tracks=10))
    assert len(made.entries) == 10
    assert {style(entry.track.track_id) for entry in made.entries} == {"talk"}


def test_who_plays_podcasts_alone_gets_a_list_of_them_and_is_told_so(tmp_path: Path) -> None:
    shows = songs("talk", 30, "podcast")
    library = library_of(tmp_path, shows, evenings("me", [ids(shows)], np.random.default_rng(2), 30))
    train(library)
    (made,) = weekly(Engine(library), WEEK, config=WeeklyConfig(tracks=5))
    assert len(made.entries) == 5 and made.notes[0] == "No songs were played here: these are episodes."
    assert not any("podcasts by" in (entry.reason or "") for entry in made.entries)
    station = open_radio(Engine(library), listener="me")
    assert station.notes[0] == made.notes[0] and station.radio.next() is not None
    for note in (*made.notes, *station.notes):  # playlists of others hold songs
        assert MORE not in note
    assert any(f"these are episodes that you have heard. {MORE_EPISODES}" in note for note in station.notes)
    assert any(MORE_EPISODES in note for note in made.notes)
    with pytest.raises(UsageError, match="No audiobook was played here") as told_so:
        weekly(Engine(library), WEEK, config=WeeklyConfig(medium="audiobook"))
    assert "segue weekly --medium podcast" in str(told_so.value)


def test_episodes_to_hear_again_are_of_all_shows_and_of_all_the_time(tmp_path: Path) -> None:
    """Each was heard once: two thirds of one show, in the order in which they came out."""
    shows = [
        {
            "track_id": f"e{n}",
            "title": f"Tale {n}",
            "artists": ["Odd" if n % 3 else "Even"],
            "medium": "podcast",
        }
        for n in range(90)
    ]
    listens = [
        {"listener_id": "me", "track_id": f"e{n}", "started_at": BEGAN + timedelta(days=4 * n), "plays": 1}
        for n in range(90)
    ]
    library = library_of(tmp_path, shows, listens)
    train(library)
    (made,) = weekly(Engine(library), WEEK, config=WeeklyConfig(tracks=12, medium="podcast"))
    assert made.title.startswith("Rediscover")
    assert any("episodes of the shows you play most, from all the time" in note for note in made.notes)
    assert any("of a show" in note for note in made.notes)
    numbers = [int(entry.track.track_id[1:]) for entry in made.entries]
    assert sum(n % 3 > 0 for n in numbers) in (7, 8, 9)
    for quarter in range(4):
        assert sum(90 * quarter <= 4 * n < 90 * (quarter + 1) for n in numbers) in (2, 3, 4), sorted(numbers)
    assert all(" of " in entry.reason for entry in made.entries if entry.reason and "One of" in entry.reason)


def test_three_plays_give_a_list_that_says_what_it_is(tmp_path: Path) -> None:
    tracks = songs("north", 3)
    listens = evenings("me", [ids(tracks)], np.random.default_rng(3), number=1)
    library = library_of(tmp_path, tracks, listens)
    train(library)
    (made,) = weekly(Engine(library), "2024-W02")
    assert made.title.startswith("Rediscover")
    assert {entry.track.track_id for entry in made.entries} == set(ids(tracks))
    assert any("too few have rested longer" in note for note in made.notes)
    assert made.notes[-1] == "The list has 3 tracks instead of 30: there are no more."
    guest, _ = Engine(library).weekly_for_guest(["north1"], WEEK)
    assert {entry.track.track_id for entry in guest.entries} <= {"north0", "north2"}
    assert not guest.title.startswith("Discover")


def test_in_a_household_nobody_is_told_what_another_plays(tmp_path: Path) -> None:
    """Nor who is new: fewer than five people are not many."""
    names = ("ann", "ben", "cem")
    tracks = {name: songs(name, 40) for name in names}
    talk = songs("talk", 10, "podcast")
    rng = np.random.default_rng(4)
    listens = [row for name in names for row in evenings(name, [ids(tracks[name])], rng, 40)]
    listens += evenings("dan", [ids(talk)], rng, 5)
    library = library_of(tmp_path, [*(row for rows in tracks.values() for row in rows), *talk], listens)
    train(library)
    lists = {made.listener: made for made in weekly(Engine(library), WEEK)}
    for name in names:
        assert lists[name].title.startswith("Rediscover")
        assert {style(entry.track.track_id) for entry in lists[name].entries} == {name}
    assert not lists["dan"].entries
    assert lists["dan"].notes[0] == "dan has played podcasts only, from which no list of songs can be made."
    assert no_tastes(library, "dan") == "dan has played podcasts only, and tastes are told of songs."
    for name in names:
        station = open_radio(Engine(library), listener=name)
        for _ in range(15):
            pick = station.radio.next()
            assert pick is not None
            assert style(station.catalogue.ids[pick.track].as_py()) == name
            station.radio.answer(pick.track, skipped=False)
    silent = open_radio(Engine(library), listener="dan")
    assert silent.radio.next() is None
    assert silent.notes[0].startswith("dan has played podcasts only")
    stranger, _ = Engine(library).weekly_for_guest([], WEEK)
    assert not stranger.entries
    assert NOBODY in stranger.notes
    forget(library, "ben")
    assert "ben" not in set(load_factors(library)[0].listeners_)


def test_playlists_of_others_offer_something_new(tmp_path: Path) -> None:
    mine, others = songs("north", 40), songs("south", 80)
    listens = evenings("me", [ids(mine)], np.random.default_rng(5), 40)
    talk = songs("talk", 10, "podcast")
    listens += evenings("pod", [ids(talk)], np.random.default_rng(5), 5)
    lists = [{"playlist_id": f"p{n}", "title": "a list", "owner": "somebody"} for n in range(15)]
    lists.append({"playlist_id": "own", "title": "mine", "owner": "me"})
    rng = np.random.default_rng(6)
    entries = []
    for row in lists:
        chosen = [*rng.choice(ids(mine), 5, replace=False), *rng.choice(ids(others), 10, replace=False)]
        for place, track in enumerate(chosen):
            entries.append({"playlist_id": row["playlist_id"], "position": place, "track_id": str(track)})
    tracks = [*mine, *others, *talk]
    library = library_of(tmp_path, tracks, listens, playlists=lists, playlist_entries=entries)
    train(library)
    (made,) = weekly(Engine(library), WEEK, listeners=["me"])
    assert made.title == f"Discover Weekly, {WEEK}"
    told = open_radio(Engine(library), listener="pod")
    assert told.notes[0].startswith("pod has played podcasts only") and POPULAR in told.notes[0]
    assert told.radio.next() is not None
    assert sum(style(entry.track.track_id) == "south" for entry in made.entries) >= 20


@pytest.mark.parametrize(
    ("listeners", "playlists", "timed", "teachers"),
    [
        (1, 0, True, "sessions"),
        (4, 10, True, "sessions"),
        (5, 0, True, "all"),
        (1, 0, False, "all"),
        (1, 500, True, "playlists"),
        (0, 500, False, "all"),
        (60, 6000, True, "playlists"),
        (60, 600, True, "all"),
    ],
)
def test_who_teaches(listeners: int, playlists: int, timed: bool, teachers: str) -> None:
    suited = FactorConfig().suited(listeners, playlists, timed=timed)
    assert suited.observations.teachers == teachers


def test_listeners_told_by_artists_teach_beside_playlists() -> None:
    suited = FactorConfig().suited(1, 500, by_artists=900, timed=True)
    assert (suited.observations.unit, suited.observations.teachers) == ("both", "playlists")
    suited = FactorConfig().suited(0, 500, by_artists=900)
    assert (suited.observations.unit, suited.observations.teachers) == ("both", "all")
    assert FactorConfig().suited(0, 0, by_artists=900).observations.unit == "listeners"


def test_popularity_is_told_of_five_or_more() -> None:
    np.testing.assert_allclose(shared_popularity(np.array([0, 4, 5, 10])), [0, 0, 0.5, 1])


def test_two_songs_that_are_no_taste_lead_to_a_track(tmp_path: Path) -> None:
    """28 plays of one kind and two of another, beside playlists of both: a place in thirty is theirs."""
    rng = np.random.default_rng(8)
    kinds = [songs(name, 60) for name in STYLES]
    lists = [{"playlist_id": f"p{n}", "title": f"list {n}"} for n in range(80)]
    entries = [
        {"playlist_id": f"p{n}", "position": at, "track_id": f"{STYLES[n % 2]}{song}"}
        for n in range(80)
        for at, song in enumerate(rng.choice(60, 15, replace=False).tolist())
    ]
    mine = [f"north{n}" for n in range(14)] * 2 + ["south0", "south1"]
    plays = [
        {"listener_id": "me", "track_id": track, "started_at": BEGAN + timedelta(days=n), "plays": 1}
        for n, track in enumerate(mine)
    ]
    everything = [song for kind in kinds for song in kind]
    library = library_of(tmp_path, everything, plays, playlists=lists, playlist_entries=entries)
    train(library)
    profiles = tastes_of_week(Engine(library), WEEK, keep=False).profiles
    tasted = {int(at) for taste in profiles.tastes("me") for at in profiles.tracks_of(taste)}
    assert {style(str(profiles.tracks[at])) for at in tasted} == {"north"}
    (made,) = weekly(Engine(library), WEEK, listeners=["me"], config=WeeklyConfig(per_artist=4))
    found = {style(entry.track.track_id): entry.reason or "" for entry in made.entries}
    counts = [style(entry.track.track_id) for entry in made.entries]
    assert 1 <= counts.count("south") <= 3
    assert "south song" in found["south"] and "north song" not in found["south"]
