"""Weekly lists over a small town: no rule broken in any week, true reasons, lists for newcomers."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from segue.engine import Engine
from segue.engine.weekly import prepare, weekly
from segue.errors import NotFoundError, UsageError
from segue.factors.config import ALSConfig
from segue.factors.loading import load_factors
from segue.factors.model import FactorConfig
from segue.library import Library
from segue.library.tables import FEEDBACK, LISTENS, TRACKS
from segue.playlists.candidates import Proposed
from segue.playlists.catalogue import Catalogue
from segue.playlists.memory import Weeks
from segue.playlists.newcomers import NOTE
from segue.playlists.order import in_order
from segue.playlists.playlist import Playlist, monday
from segue.playlists.reasons import again, because, favourite, telling, together
from segue.playlists.rules import Candidates, Context
from segue.playlists.sequenced import moved
from segue.playlists.training import train
from segue.playlists.weekly_config import WeeklyConfig
from segue.sequences.training import train_vectors
from segue.town import TownConfig, build

SMALL = FactorConfig(als=ALSConfig(factors=16, iterations=4, random_state=0))
PEOPLE = 50  # hubs are measured from as many on
WEEKS = [f"2024-W{week}" for week in range(30, 38)]


def write(library: Library, **tables: list[dict]) -> None:
    schemas = {"tracks": TRACKS, "listens": LISTENS, "feedback": FEEDBACK}
    with library.writing() as writer:
        for name, rows in tables.items():
            writer.append(name, pa.Table.from_pylist(rows, schema=schemas[name]))


def make_town(folder: Path, listeners: int, tracks: int) -> Library:
    """A trained library of a town, some of whose listeners banned something."""
    library = Library.open(folder / "library", create=True)
    build(TownConfig.named("ordinary", listeners=listeners, tracks=tracks, months=2.0), 1).write(library)
    people = sorted(set(library.arrow("listens")["listener_id"].to_pylist()))
    known = library.arrow("tracks").to_pylist()
    rng = np.random.default_rng(0)
    late = datetime(2025, 1, 1, tzinfo=UTC)  # the last word counts
    bans = [
        {"listener_id": who, "track_id": known[at]["track_id"], "kind": "ban", "given_at": late}
        for who in people[::3]
        for at in rng.choice(len(known), 40, replace=False)
    ]
    artists = [
        {"track_id": f"artist{n}", "artists": known[n]["artists"][:1], "medium": "artist"} for n in range(30)
    ]
    bans += [
        {"listener_id": who, "track_id": f"artist{rng.integers(30)}", "kind": "hate", "given_at": late}
        for who in people[::4]
    ]
    write(library, tracks=artists, feedback=bans)
    train(library, SMALL)
    return library


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return make_town(tmp_path_factory.mktemp("town"), PEOPLE, 1200)


class Checker:
    """The rules once more, slowly, from the tables alone."""

    def __init__(self, library: Library) -> None:
        self.tracks = {row["track_id"]: row for row in library.arrow("tracks").to_pylist()}
        self.heard: dict[str, Counter[str]] = {}
        self.last: dict[str, dict[str, datetime]] = {}
        self.banned: dict[str, list[str]] = {}
        for row in library.arrow("listens").to_pylist():
            who, song = row["listener_id"], self.song(row["track_id"])
            self.heard.setdefault(who, Counter())[song] += row["plays"]
            seen = self.last.setdefault(who, {})
            seen[song] = max(seen.get(song, row["started_at"]), row["started_at"])
        for row in library.arrow("feedback").to_pylist():
            if row["kind"] in ("ban", "hate"):
                self.banned.setdefault(row["listener_id"], []).append(row["track_id"])
        self.given: dict[str, set[str]] = {}

    def song(self, track: str) -> str:
        return self.tracks[track]["work_id"] or track

    def check(self, playlist: Playlist, config: WeeklyConfig) -> None:
        who, notes = playlist.listener, " ".join(playlist.notes)
        ids = [entry.track.track_id for entry in playlist.entries]
        songs = [self.song(track) for track in ids]
        assert len(set(songs)) == len(songs), "one version of a song"
        banned = self.banned.get(who, [])
        hated = {
            a.casefold()
            for track in banned
            if self.tracks[track]["medium"] == "artist"
            for a in self.tracks[track]["artists"]
        }
        assert not {self.song(track) for track in banned} & set(songs)
        artists = Counter(
            a for track in ids for a in {name.casefold() for name in self.tracks[track]["artists"]}
        )
        assert not hated & set(artists)
        assert "of an artist" in notes or max(artists.values(), default=0) <= config.per_artist
        albums = Counter(
            (self.tracks[t]["album"], self.tracks[t]["artists"][0]) for t in ids if self.tracks[t]["album"]
        )
        assert "of an album" in notes or max(albums.values(), default=0) <= config.per_album
        assert len(ids) == config.tracks or f"has {len(ids)} tracks" in notes
        week = datetime.combine(monday(playlist.week or ""), datetime.min.time(), UTC)
        familiar = 0
        for entry, song in zip(playlist.entries, songs, strict=True):
            assert entry.track.medium == "song"
            assert entry.reason
            if entry.chosen_by == "familiar":
                familiar += 1
                assert week - self.last[who][song] >= timedelta(days=config.unplayed_days)
                assert self.heard[who][song] >= config.favourite_plays
            else:
                assert song not in self.heard.get(who, ())
            if "earlier weeks" not in notes:
                assert song not in self.given.get(who, ())
        assert "familiar share" in notes or familiar <= round(config.familiar * config.tracks)
        self.given.setdefault(who, set()).update(songs)


def over_weeks(library: Library, weeks: list[str], config: WeeklyConfig) -> Iterator[list[Playlist]]:
    checker = Checker(library)
    for week in weeks:
        lists = weekly(Engine(library), week, config=config)
        for playlist in lists:
            checker.check(playlist, config)
        yield lists


@pytest.mark.parametrize("weeks", [4, pytest.param(8, marks=pytest.mark.slow)])
def test_no_rule_is_broken_over_many_weeks(town: Library, weeks: int) -> None:
    made = list(over_weeks(town, WEEKS[:weeks], WeeklyConfig()))
    assert [len(lists) for lists in made] == [PEOPLE] * weeks
    first = made[0]
    sides = [p for p in first if len({e.reason.split(": your ")[-1] for e in p.entries if e.reason}) > 2]
    assert len(sides) > PEOPLE / 3, "several tastes on many lists"
    names = Counter(e.chosen_by for lists in made for p in lists for e in p.entries)
    assert names["taste"] > 0 and names["familiar"] > 0


@pytest.mark.slow
def test_no_rule_is_broken_for_a_thousand_listeners(tmp_path: Path) -> None:
    library = make_town(tmp_path, 1000, 8000)
    assert all(len(lists) == 1000 for lists in over_weeks(library, WEEKS, WeeklyConfig()))


def test_lists_are_the_same_again_and_for_one_alone(town: Library) -> None:
    ready = prepare(Engine(town), "2024-W50")
    chosen = ready.everybody[:12]
    together = list(ready.lists(chosen))
    assert list(ready.lists(chosen)) == together
    alone = next(ready.lists(chosen[3:4]))
    assert [e.track.track_id for e in alone.entries] == [e.track.track_id for e in together[3].entries]
    other = next(ready.lists(chosen[3:4], seed=1))
    assert other != alone


def test_reasons_name_what_was_played(town: Library) -> None:
    ready = prepare(Engine(town), "2024-W50")
    numbers = range(len(ready.model.tracks_))
    names = {str(ready.model.tracks_[n]): ready.material.catalogue.spoken(n)[0] for n in numbers}
    who = ready.everybody[:6]
    seen, _ = ready.read(who)
    for row, playlist in enumerate(ready.lists(who)):
        played = {names[str(ready.model.tracks_[at])] for at in seen.matrix[row].indices}
        for entry in playlist.entries:
            if entry.reason and entry.reason.startswith("Because you played "):
                assert any(name in entry.reason for name in played)


def test_why_not_agrees_with_the_list(town: Library) -> None:
    who = "town:l00000"
    (playlist,) = weekly(Engine(town), "2024-W51", listeners=[who])
    new = [e for e in playlist.entries if e.chosen_by != "familiar"]
    _, said = Engine(town).why_not(playlist.listener, new[0].track.track_id, "2024-W51")
    assert not any(verdict.out for verdict in said.verdicts)
    assert 1 <= said.rank <= said.of
    for entry in (e for e in playlist.entries if e.chosen_by == "familiar"):
        _, said = Engine(town).why_not(who, entry.track.track_id, "2024-W51")
        assert not any(verdict.out for verdict in said.verdicts)
        (heard,) = [verdict for verdict in said.verdicts if verdict.rule == "already heard"]
        assert heard.because.startswith("it comes back as a favourite")
    checker = Checker(town)
    track = next(t for t in load_factors(town)[0].tracks_ if checker.song(t) in checker.heard[who])
    _, said = Engine(town).why_not(playlist.listener, track, "2024-W51")
    assert "already heard" in {verdict.rule for verdict in said.verdicts if verdict.out}
    assert "candidate" not in {verdict.rule for verdict in said.verdicts}, "what was heard is never proposed"


def test_a_guest_gets_a_list_from_named_tracks_and_nothing_is_kept(town: Library) -> None:
    before = Weeks(town.path / "weeks").names()
    known = [str(track) for track in load_factors(town)[0].tracks_[:3]]
    playlist, understood = Engine(town).weekly_for_guest(known, "2025-W01")
    assert [found.track_id for found in understood] == known
    assert len(playlist.entries) == 30
    assert not set(known) & {e.track.track_id for e in playlist.entries}
    assert "3 tracks only" in playlist.notes[0]
    assert sum("you named" in (e.reason or "") for e in playlist.entries) > 20
    assert Weeks(town.path / "weeks").names() == before
    stranger, _ = Engine(town).weekly_for_guest([], "2025-W01")
    assert stranger.notes[0] == NOTE
    assert len(stranger.entries) == 30
    assert max(Counter(a for e in stranger.entries for a in e.track.artists).values()) <= 2
    with pytest.raises(NotFoundError):
        Engine(town).weekly_for_guest(["no such track at all"], "2025-W01")


def test_who_came_after_the_training_is_folded_in(town: Library, tmp_path: Path) -> None:
    shutil.copytree(town.path, tmp_path / "library")
    library = Library.open(tmp_path / "library")
    model, _ = load_factors(library)
    tracks = [str(track) for track in model.tracks_[:40]]
    at = datetime(2024, 3, 1, tzinfo=UTC)
    rows = [
        {"listener_id": "new", "track_id": t, "plays": 1, "started_at": at + timedelta(hours=n)}
        for n, t in enumerate(tracks)
    ]
    other = [
        {"listener_id": "new", "track_id": f"x{n}", "plays": 1, "started_at": at + timedelta(days=n)}
        for n in range(60)
    ]
    silent = [{"listener_id": "silent", "track_id": "x1", "plays": 1, "started_at": at}]
    facts = [{"track_id": f"x{n}", "title": f"X {n}", "artists": ["Nobody"]} for n in range(60)]
    write(library, listens=rows + other + silent, tracks=facts)
    new, silent_one = weekly(Engine(library), "2024-W20", listeners=["new", "silent"])
    assert len(new.entries) == 30
    assert any("the model knows 40" in note for note in new.notes)
    assert silent_one.notes[0] == NOTE and len(silent_one.entries) == 30


def test_song_vectors_on_the_shelf_make_the_tastes_too(town: Library, tmp_path: Path) -> None:
    pytest.importorskip("gensim")
    shutil.copytree(town.path, tmp_path / "library")
    library = Library.open(tmp_path / "library")
    plain = prepare(Engine(library), "2024-W20").material.space.vectors
    version = train_vectors(library)
    ready = prepare(Engine(library), "2024-W20")
    assert ready.material.space.vectors.shape[1] > plain.shape[1]
    assert len(next(ready.lists(ready.everybody[:1])).entries) == 30
    assert any(version in made_from for made_from in ready.material.versions)


def saves_only(folder: Path) -> Library:
    library = Library.open(folder / "saves", create=True)
    tracks = [{"track_id": f"t{n}", "title": f"Song {n}", "artists": ["A"]} for n in range(3)]
    saves = [{"listener_id": "p", "track_id": f"t{n}", "kind": "save"} for n in range(2)]
    write(library, tracks=tracks, feedback=saves)
    train(library, SMALL)
    return library


@pytest.mark.parametrize("songs", [1, pytest.param(2, marks=pytest.mark.slow), 5])
def test_tiny_libraries_give_what_there_is(tmp_path: Path, songs: int) -> None:
    library = Library.open(tmp_path / "library", create=True)
    with pytest.raises(UsageError):
        train(library, SMALL)
    write(
        library,
        tracks=[{"track_id": f"t{n}", "title": f"Song {n}", "artists": ["A"]} for n in range(songs)],
        listens=[{"listener_id": f"p{n % 2}", "track_id": f"t{n}", "plays": 1} for n in range(songs)],
    )
    train(library, SMALL)
    lists = weekly(Engine(library), "2026-W10")
    assert len(lists) == min(songs, 2)
    for playlist in lists:
        assert len(playlist.entries) <= (songs + 1) // 2  # their own: nobody is told what the other plays
        assert playlist.title.startswith("Rediscover")
        assert playlist.notes
    (saver,) = weekly(Engine(saves_only(tmp_path)), "2026-W10")
    assert saver.listener == "p" and saver.notes
    with pytest.raises(UsageError, match="podcast"):
        weekly(Engine(library), "2026-W10", config=WeeklyConfig(medium="podcast"))


def test_the_order_goes_from_like_to_like_and_parts_artists() -> None:
    angles = np.array([0.0, 1.5, 0.1, 1.4, 0.05], np.float32)
    vectors = np.stack([np.cos(angles), np.sin(angles)], 1)
    context = Context.build(
        pa.Table.from_pylist(
            [{"track_id": f"t{n}", "artists": [f"A{n % 4}"]} for n in range(5)], schema=TRACKS
        ),
        [f"t{n}" for n in range(5)],
    )
    tracks = np.arange(5, dtype=np.int32)
    scores = np.array([1, 0, 0, 0, np.nan], np.float32)
    # 4 is nearest 0, but by its artist; 2 comes between them
    assert in_order(tracks, scores, vectors, context).tolist() == [0, 2, 4, 3, 1]
    assert in_order(tracks[:1], scores[:1], vectors, context).tolist() == [0]
    nobody = replace(context, artists=np.empty(0, np.int32), first=np.zeros(6, np.int64))
    assert in_order(tracks, scores, vectors, nobody).tolist() == [0, 4, 2, 3, 1]


def test_reasons_tell_tracks_apart_and_keep_to_the_taste() -> None:
    parts = np.array([[5.0, 3.0, 0.0, -1.0], [5.0, 0.0, 3.0, 0.0]])
    anything, alike = np.zeros((2, 4), bool), np.ones((2, 4))
    assert telling(parts, anything, alike) == [[0, 1], [2, 0]]
    same = np.array([[True, False, False, False], [False, False, True, False]])
    assert telling(parts, same, alike) == [[0], [2]]
    nearer = np.array([[0.5, 0.9, 1.0, 1.0], [0.9, 1.0, 0.8, 1.0]])  # what adds nothing is no reason
    assert telling(parts, anything, nearer) == [[1, 0], [2, 0]]
    assert telling(parts, anything, np.zeros((2, 4))) == [[0, 1], [0, 2]]  # nothing is known of likeness
    none = np.zeros((1, 2))
    assert telling(none, np.zeros((1, 2), bool), none) == [[]]
    assert telling(np.zeros((2, 0)), np.zeros((2, 0), bool), np.zeros((2, 0))) == [[], []]


def test_no_play_is_the_reason_all_down_a_list_and_faint_ones_are_none() -> None:
    parts = np.tile([5.0, 4.5, 4.0, 3.5, 3.0, 0.5], (5, 1))
    told = telling(parts, np.zeros(parts.shape, bool), np.ones(parts.shape))
    counts = np.bincount(np.concatenate(told), minlength=6)
    assert counts[:5].max() <= 3
    assert counts[5] == 0, "a tenth of the strongest"


def test_sentences() -> None:
    assert because(["A", "B"], "X and Y") == "Because you played A and B: your X and Y side."
    assert because(["A"], asker="playlist") == "Because this playlist has A."
    assert because(["A"], "X", "guest") == "Because you named A: your X side."
    assert because([], "X") == "From all that you played together: your X side."
    now = datetime(2026, 3, 1, tzinfo=UTC)
    assert favourite(12, 70, now) == "A favourite: you played it 12 times, last in December 2025."
    assert favourite(1, 70, now) == "A favourite: you played it once, in December 2025."
    assert "once" in favourite(1, float("nan"), now)
    assert again(3, 70, now, what="this one") == "You played this one 3 times, last in December 2025."
    assert together([("A", "X"), ("B", "X")]) == ["A and B by X"]
    assert together([("A", "X"), ("B", "Y")]) == ["A by X", "B by Y"]
    assert together([("A", ""), ("B", "")]) == ["A", "B"]
    assert together([("Mass in C", "X"), ("Mass In C", "X")]) == ["Mass In C by X"]  # two movements of it


def test_reasons_name_songs_without_their_packaging() -> None:
    titles = ["Juicy - 2007 Remaster", "Shook Ones (feat. X)", "Gasolina (A Remix)", "Hurt - Live", None]
    rows = [
        {"track_id": f"t{n}", "title": title, "artists": ["Somebody"], "work_id": None, "album": None}
        | {"duration_ms": None, "spotify": None, "mbid": None, "isrc": None, "medium": "song"}
        for n, title in enumerate(titles)
    ]
    catalogue = Catalogue(pa.Table.from_pylist(rows))
    assert [catalogue.spoken(at)[0] for at in range(5)] == [
        *("Juicy", "Shook Ones", "Gasolina (A Remix)", "Hurt - Live", "Somebody")
    ]
    assert catalogue.spoken(0)[1] == "Somebody" and catalogue.spoken(4)[1] == ""


def test_chance_moves_a_track_alike_whoever_else_may_come() -> None:
    def after(tracks: list[int], key: tuple[object, ...] = (0, WEEKS[0], "ana")) -> dict[int, float]:
        numbers = np.array(tracks, np.int32)
        scores = np.linspace(-1, 1, len(tracks), dtype=np.float32)
        candidates = Candidates(numbers, scores, np.full(len(tracks), -1, np.int32), None)
        noise = moved(Proposed(candidates, np.zeros(len(tracks), np.int8)), 1.0, key).scores - scores
        return dict(zip(tracks, (noise / scores.std()).tolist(), strict=True))

    few, more = after([3, 5, 900]), after([3, 4, 5, 17, 900])
    assert all(more[track] == pytest.approx(few[track], rel=1e-4) for track in few)
    assert after([3, 5, 900], (1, WEEKS[0], "ana")) != few
    drawn = np.array(list(after(list(range(20_000))).values()))
    assert drawn.mean() == pytest.approx(np.euler_gamma, abs=0.03)
    assert drawn.std() == pytest.approx(np.pi / 6**0.5, abs=0.03)
