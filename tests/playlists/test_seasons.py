"""Seasons: by words in many languages, by playlists, by plays; and a rule that never gives way."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from segue.library import Library
from segue.library.tables import LISTENS, TRACKS
from segue.playlists.rules import Candidates, Context, Listening, Rules, RulesConfig
from segue.playlists.rules.played import played
from segue.playlists.rules.seasons import SEASONS, Played, by_playlists, flag, open_on, words

NAMES = [season.name for season in SEASONS]
CHRISTMAS, HALLOWEEN = NAMES.index("Christmas"), NAMES.index("Halloween")


def season(title: str, artist: str = "Somebody", album: str | None = None) -> str:
    """The name of the season that words tell, empty for none."""
    told = int(flag(words([title], [[artist]], [album]))[0])
    return NAMES[told] if told >= 0 else ""


@pytest.mark.parametrize(
    "title",
    [
        "Last Christmas",
        "All I Want for Christmas Is You",
        "Jingle Bells",
        "Jingle Bell Rock - Daryl's Version",
        "Santa Claus Is Comin' to Town",
        "Santa Tell Me",
        "Must Be Santa",
        "O' Holy Night",
        "The First Noël",
        "Winter Wonderland",
        "Let It Snow! Let It Snow! Let It Snow!",
        "Run Rudolph Run",
        "Frosty the Snowman",
        "The Little Drummer Boy",
        "Deck the Halls",
        "Sleigh Ride",
        "Mistletoe",
        "Ding! Dong! Merrily on High",
        "Fairytale of New York (feat. Kirsty MacColl)",
        "Hanukkah, Oh Hanukkah",
        "Petit papa Noël",
        "Vive le vent / C'est Noël",
        "Feliz Navidad",
        "Los Peces en el Río",
        "Mi Burrito Sabanero",
        "Noite Feliz",
        "Então É Natal",
        "A Natale puoi",
        "Tu scendi dalle stelle",
        "Stille Nacht",
        "O du fröhliche",
        "In der Weihnachtsbäckerei",
        "Kerstmis zonder jou",
        "Nu är det jul igen",
        "Glædelig Jul",
        "Joulupukki matkaan jo käy",
        "Jólin koma",
        "Cicha noc",
        "Vánoce, vánoce přicházejí",
        "Karácsony éjjel",
        "O, brad frumos",
        "Tiha noć",
        "В лесу родилась ёлочка",
        "Щедрик",
        "Άγια Νύχτα",
        "Pasko Na Sinta Ko",
        "恋人がサンタクロース",
        "クリスマス・イブ",
        "平安夜",
        "크리스마스니까",
    ],
)
def test_christmas_in_many_languages(title: str) -> None:
    assert season(title) == "Christmas"
    assert season(title.upper()) == "Christmas"


@pytest.mark.parametrize(
    ("title", "artist"),
    [
        ("Merry Christmas Mr. Lawrence", "Ryuichi Sakamoto"),
        ("Silent Night, Bodom Night", "Children of Bodom"),
        ("Joy To The World", "Three Dog Night"),
        ("Ordinary", "Alex Warren"),
        ("December", "Collective Soul"),
        ("Crown on the Ground", "Sleigh Bells"),
        ("Windows Down (feat. Drummer Boy)", "King Lil G"),
        ("Work Hard (feat. Marc E. Bassy & Michael Christmas)", "Casper & B."),
        ("Boys on the Block", "Michael Christmas"),
        ("2econd - Ilonka Rudolph Remix", "Royal DOC"),
        ("Cold Frosty Morning", "Dave Hum"),
        ("Frosty", "Albert Collins"),
        ("Drummer Boy", "MisterWives"),
        ("Santa Monica", "Everclear"),
        ("Santa Fe", "Beirut"),
        ("Santa Lucia", "Elvis Presley"),
        ("Maria Santa", "Somebody"),
        ("Sleight of Hand", "Pearl Jam"),
        ("The Silence of the Night", "Somebody"),
        ("Wonderwall", "Noel Gallagher"),
        ("Tout doucement", "Magali Noël"),
        ("Natalie", "Bruno Mars"),
        ("Jules", "Somebody"),
        ("Julia", "The Beatles"),
        ("Tchikita", "Jul"),
        ("Jól vagyok", "Somebody"),
        ("Advent of Panurge", "Gentle Giant"),
        ("Holiday", "Green Day"),
        ("Snow (Hey Oh)", "Red Hot Chili Peppers"),
        ("Halloween", "Misfits"),
        ("New Year's Day", "U2"),
        ("Chinese New Year", "SALES"),
        ("Easter", "Patti Smith"),
        ("", "Somebody"),
    ],
)
def test_ordinary_songs_have_no_season(title: str, artist: str) -> None:
    assert season(title, artist) == ""


def test_other_seasons_records_and_missing_fields() -> None:
    assert season("This Is Halloween") == "Halloween"
    assert season("Monster Mash") == "Halloween"
    assert season("What Are You Doing New Year's Eve?") == "New Year"
    assert season("С Новым годом") == "New Year"
    assert season("恭喜恭喜") == "Lunar New Year"
    assert season("Here Comes Peter Cottontail") == "Easter"
    assert season("Linus and Lucy", "Vince Guaraldi Trio", "A Charlie Brown Christmas") == "Christmas"
    assert season("La marimorena", "Villancicos") == "Christmas"
    assert season("Toyland", "Holiday Lounge Players") == "Christmas"
    assert season("Toyland", "Billie Holiday") == ""
    said = words([None, "Last Christmas"], [None, []], [None, None])
    assert flag(said).tolist() == [-1, CHRISTMAS]
    assert len(flag(words([], [], []))) == 0


def test_a_track_that_most_playlists_with_it_call_christmas() -> None:
    titles = ["Christmas!", "Feliz Navidad 2020", "Noël en famille", "Rock", "December '15", None]
    # Track 0 is on three such lists, 1 on two, 2 on three of six, 3 on three of seven; 4 is a version of 0.
    lists = [(0, 1, 2), (0, 1), (0, 1, 2, 3, 4, 5), (0, 3, 4, 5), ()]
    playlists = np.array([p for held in lists for p in held], np.int32)
    tracks = np.array([t for t, held in enumerate(lists) for _ in held], np.int32)
    told = by_playlists(titles, playlists, tracks, np.array([0, 1, 2, 3, 0], np.int32))
    assert told.tolist() == [CHRISTMAS, -1, CHRISTMAS, -1, CHRISTMAS]


def test_halloween_parties_play_ordinary_songs() -> None:
    entries = np.arange(3, dtype=np.int32)
    works = np.zeros(1, np.int32)
    told = by_playlists(["Halloween", "Halloween Party", "halloween!"], entries, np.zeros(3, np.int32), works)
    assert told.tolist() == [-1]


@pytest.mark.parametrize(
    ("day", "open_"),
    [
        (date(2026, 11, 23), []),
        (date(2026, 11, 30), ["Christmas"]),
        (date(2026, 12, 28), ["Christmas", "New Year"]),
        (date(2027, 1, 1), ["Christmas", "New Year"]),
        (date(2027, 1, 4), []),
        (date(2026, 10, 5), ["Halloween"]),
        (date(2026, 11, 2), []),
        (date(2027, 2, 8), ["Lunar New Year"]),
        (date(2027, 3, 22), ["Easter"]),
        (date(2028, 2, 29), []),
        (date(2026, 7, 20), []),
    ],
)
def test_days(day: date, open_: list[str]) -> None:
    assert [name for name, open_now in zip(NAMES, open_on(day), strict=False) if open_now] == open_
    assert open_on(day)[-1]


def counted(n: int, inside: int, *, expected: float, years: int = 3, listeners: int = 5) -> Played:
    """When one track is played, as for Christmas; the other seasons see nothing."""
    of = np.zeros((1, len(SEASONS)))
    of[0, CHRISTMAS] = 1
    whole = of.astype(np.int64)
    return Played(np.array([n]), inside * whole, expected * of, years * whole, listeners * whole)


def test_plays_tell_a_season_only_with_enough_of_them() -> None:
    assert counted(30, 28, expected=5).seasonal().tolist() == [CHRISTMAS]
    assert counted(2, 2, expected=0.3).seasonal().tolist() == [-1]  # chance 0.02
    assert counted(30, 28, expected=5, years=1).seasonal().tolist() == [-1]  # a hit of one December
    assert counted(30, 28, expected=27).seasonal().tolist() == [-1]  # they play everything then
    assert counted(30, 15, expected=5).seasonal().tolist() == [-1]  # more than usual, but all year


def test_plays_beat_the_title_but_not_the_record() -> None:
    all_year = counted(40, 7, expected=7)
    said = words(["Christmas Card"], [["Joyce Manor"]], [None])
    assert flag(said).tolist() == [CHRISTMAS]
    assert flag(said, None, all_year).tolist() == [-1]
    assert flag(said, None, counted(40, 7, expected=7, listeners=2)).tolist() == [CHRISTMAS]
    assert flag(said, None, counted(6, 1, expected=1)).tolist() == [CHRISTMAS]
    record = words(["My Favorite Things"], [["Somebody"]], ["Christmas Songs"])
    assert flag(record, None, all_year).tolist() == [CHRISTMAS]


def write(folder: Path, plays: list[tuple[str, str, datetime | None]]) -> Library:
    library = Library.open(folder / "library", create=True)
    known = sorted({track for _, track, _ in plays})
    tracks = [{"track_id": t, "title": t, "work_id": "tree" if t.startswith("tree") else None} for t in known]
    rows = [
        {"listener_id": who, "track_id": track, "started_at": at, "plays": 1, "source": "test"}
        for who, track, at in plays
    ]
    with library.writing() as writer:
        writer.append("tracks", pa.Table.from_pylist(tracks, schema=TRACKS))
        writer.append("listens", pa.Table.from_pylist(rows, schema=LISTENS))
    return library


def test_when_songs_are_played_in_a_library(tmp_path: Path) -> None:
    start = datetime(2021, 1, 1, tzinfo=UTC)
    plays: list[tuple[str, str, datetime | None]] = []
    for who in ("ann", "bob", "cyd"):
        for day in range(0, 4 * 365, 3):
            at = start + timedelta(days=day, milliseconds=7)
            plays.append((who, f"song{day % 5}", at))
            if at.month == 12:
                plays += [(who, "tree", at), (who, "tree live", at)]
            if at.month == 12 and at.year == 2023:
                plays.append((who, "hit of a December", at))
    # Somebody of whom only Decembers are known says nothing of seasons.
    for year in range(2000, 2024):
        plays += [
            ("dan", f"only then {day % 3}", datetime(year, 12, day, tzinfo=UTC)) for day in range(1, 31, 2)
        ]
    plays.append(("ann", "no time", None))
    library = write(tmp_path, plays)
    names = [*sorted({track for _, track, _ in plays}), "not in the library"]
    told = played(library, names)
    assert told is not None
    seasonal = dict(zip(names, told.seasonal().tolist(), strict=True))
    assert {name for name, at in seasonal.items() if at == CHRISTMAS} == {"tree", "tree live"}
    assert {at for name, at in seasonal.items() if not name.startswith("tree")} == {-1}
    at = names.index("tree")
    assert told.n[at] == 3 * 4 * 2 and told.inside[at, CHRISTMAS] == 24 and told.years[at, CHRISTMAS] == 4
    assert told.listeners[at, CHRISTMAS] == 0
    all_year = told.all_year()[:, CHRISTMAS]
    assert all_year[names.index("song0")] and not all_year[at]


def test_no_times_say_nothing(tmp_path: Path) -> None:
    assert played(write(tmp_path, [("ann", "song", None)]), ["song"]) is None


def test_chance_alone_flags_nothing() -> None:
    rng = np.random.default_rng(0)
    n = rng.integers(2, 60, 20_000)
    usual = np.array([len(s.halves) / 24 for s in SEASONS])
    inside = rng.binomial(n[:, None], usual)
    years = np.full(inside.shape, 3)
    told = Played(n, inside, n[:, None] * usual, years, years)
    assert (told.seasonal() >= 0).sum() == 0


def plain(seasons: list[int]) -> Context:
    n = len(seasons)
    table = pa.Table.from_pylist([{"track_id": str(i), "title": f"t{i}"} for i in range(n)], schema=TRACKS)
    return Context.build(table, [str(i) for i in range(n)], season=np.array(seasons, np.int8))


@pytest.mark.parametrize(
    ("day", "comes"),
    [
        (date(2026, 11, 23), {0}),
        (date(2026, 12, 7), {0, 1, 3}),
        (date(2026, 10, 12), {0}),
    ],
)
def test_the_rule_never_gives_way(day: date, comes: set[int]) -> None:
    """Not where nothing else is left, and not for favourites that were not played for long.

    In October what this listener never played stays out, too.
    """
    context = plain([-1, CHRISTMAS, HALLOWEEN, CHRISTMAS])
    candidates = Candidates.of([0, 1, 2], [1.0, 3.0, 2.0])
    listening = Listening(
        heard=np.array([3], np.int32), days_ago=np.array([330], np.float32), plays=np.array([50], np.float32)
    )
    config = RulesConfig(familiar=0.5, tracks=4)
    choice = Rules(context, config, day).choose(listening, candidates)
    assert set(choice.tracks.tolist()) == comes
    anything = Rules(context, config.model_copy(update={"out_of_season": True}), day)
    assert set(anything.choose(listening, candidates).tracks.tolist()) == {0, 1, 2, 3}


def test_in_season_it_comes_to_who_plays_some() -> None:
    context, december = plain([-1, CHRISTMAS, CHRISTMAS]), date(2026, 12, 7)
    candidates, rules = Candidates.of([0, 1], [1.0, 3.0]), Rules(context, RulesConfig(tracks=2), december)
    assert rules.choose(Listening(), candidates).tracks.tolist() == [0]
    some = Listening(heard=np.array([2], np.int32))
    assert set(rules.choose(some, candidates).tracks.tolist()) == {0, 1}


def test_why_not_names_it() -> None:
    rules = Rules(plain([CHRISTMAS, -1]), RulesConfig(), date(2026, 11, 23))
    candidates = Candidates.of([0, 1], [2.0, 1.0])
    verdict = next(v for v in rules.why_not(Listening(), candidates, 0) if v.out)
    assert verdict.rule == "out of season" and "Christmas" in verdict.because
    assert not any(v.out for v in rules.why_not(Listening(), candidates, 1) if v.rule == "out of season")
