"""Titles taken apart, and recordings gathered into works."""

from __future__ import annotations

import importlib.util
import random
from pathlib import Path

import pyarrow as pa
import pytest

from segue.library.tables import TRACKS
from segue.library.versions.columns import assign_versions
from segue.library.versions.titles import parse_title
from segue.library.versions.works import Recording, group

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "versions.py"


def benchmark():
    spec = importlib.util.spec_from_file_location("benchmark_versions", BENCHMARK)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("how", ["alone", "together"])
@pytest.mark.parametrize("part", ["develop", "held out"])
def test_labelled_pairs_reach_the_bars(how: str, part: str) -> None:
    module = benchmark()
    pairs = module.read_pairs()
    answers = list(getattr(module, how)(pairs))
    chosen = [i for i, pair in enumerate(pairs) if pair.part == part]
    score, errors = module.judge([pairs[i] for i in chosen], [answers[i] for i in chosen])
    assert len(pairs) >= 400 and sum(not p.same for p in pairs) >= 150
    assert score.precision >= 0.99, errors
    assert score.recall >= 0.95, errors
    assert score.kinds_share >= 0.95, errors


WHOLE = """
Live Forever | Live and Let Die | Cover Me Up | Demolition Man | Remix (I Like The) | Karaoke | Live
(I Can't Get No) Satisfaction | With or Without You | Original Sin | Extended Play | Radio Edit | In the Mix
(Remix) | Acoustic | A Version of Me | Single Ladies (Put a Ring on It) | Intro | 夜に駆ける | 1999 | ÷
Sgt. Pepper's Lonely Hearts Club Band (Reprise) | Symphony No. 5 in C Minor, Op. 67: II. Andante con moto
Thinking of You (With You) | Run (Let Me Live) | Live in the Moment
"""


@pytest.mark.parametrize(
    "title", [t.strip() for line in WHOLE.split("\n") for t in line.split("|") if t.strip()]
)
def test_a_title_without_a_version_is_left_whole(title: str) -> None:
    parsed = parse_title(title, ("Somebody",))
    assert parsed.title == title
    assert parsed.kinds == ()


@pytest.mark.parametrize(
    ("title", "work", "kinds"),
    [
        ("Song (Live at KEXP)", "song", ("live",)),
        ("Song - Live / Remastered 2004", "song", ("live", "remaster")),
        ("Song (feat. A & B) [Kygo Remix] - Radio Edit", "song", ("remix", "radio edit", "feat.")),
        ("Song [In the Style of X] {Karaoke Version}", "song", ("karaoke",)),
        ("Song (Slowed + Reverb)", "song", ("slowed + reverb",)),
        ("Song - Nightcore Version", "song", ("sped up",)),
        ("Song (Taylor's Version) [From The Vault]", "song", ("re-recorded",)),
        ('Song - From "La La Land" Soundtrack', "song", ()),
        ("Song (Remasterizado 2007)", "song", ("remaster",)),
        ("Song - Versión Acústica", "song", ("acoustic",)),
        ("Song (Ao Vivo)", "song", ("live",)),
        ("Песня (концертная запись)", "песня", ("live",)),
        ("歌（ライブ）", "歌", ("live",)),
        ("노래 (어쿠스틱 버전)", "노래", ("acoustic",)),
        ("اغنية (ريمكس)", "اغنيه", ("remix",)),
        ("Song, Pt. II (Live)", "song part 2", ("live",)),
        ("Song (Piano Version", "song", ("acoustic",)),
    ],
)
def test_kinds_are_read(title: str, work: str, kinds: tuple[str, ...]) -> None:
    parsed = parse_title(title, ("Somebody",))
    assert (parsed.work_title, parsed.kinds) == (work, kinds)


def test_remixer_is_not_counted_as_an_artist_of_the_song() -> None:
    parsed = parse_title("Song (Other Remix)", ("Main", "Other"))
    assert parsed.remixer == "other"
    assert parsed.artists_key == ("main",)


def works_of(*tracks: Recording) -> list[str]:
    return [g.work_id for g in group(tracks)]


def test_an_episode_under_two_ids_is_one_and_no_song() -> None:
    told = [
        ("The Rooftop", "Song by Song", "podcast"),
        ("The rooftop", "Song By Song", "podcast"),
        ("The Rooftop", "Another Show", "podcast"),
        ("The Rooftop", "Song by Song", "song"),
        ("The Rooftop", "", "podcast"),
        ("The Rooftop", "", "podcast"),
    ]
    recordings = [
        Recording(title, (show,) if show else (), track_id=f"spotify:{n}", medium=medium)
        for n, (title, show, medium) in enumerate(told)
    ]
    works = [each.work_id for each in group(recordings)]
    assert works[0] == works[1]
    assert len(set(works)) == 5


def test_an_interlude_is_one_work_only_on_one_album() -> None:
    first = Recording("Interlude", ("A",), "One")
    again = Recording("Interlude", ("A",), "One (Deluxe Edition)")
    other = Recording("Interlude", ("A",), "Two")
    unknown = Recording("Interlude", ("A",), None)
    a, b, c, d, e = works_of(first, again, other, unknown, unknown)
    assert a == b
    assert len({a, c, d, e}) == 4


def test_two_subtitles_to_one_name_join_nothing() -> None:
    works = works_of(*(Recording(t, ("A",)) for t in ("Song", "Song (Red)", "Song (Blue)")))
    assert len(set(works)) == 3


@pytest.mark.parametrize("title", ["Episode", "Episode 12", "Trailer", "S2 Ep. 3", "Chapter 1 - Intro", "#4"])
def test_what_any_season_or_book_may_have_is_a_work_by_itself(title: str) -> None:
    episode = Recording(title, ("Show",), medium="podcast", track_id="p1")
    assert len(set(works_of(episode, episode._replace(track_id="p2")))) == 2


def test_work_ids_do_not_depend_on_the_order_or_on_other_songs() -> None:
    tracks = [
        Recording("A - Live", ("X",)),
        Recording("A", ("X",)),
        Recording("B", ("X",)),
        Recording("A", ("Y",)),
    ]
    ids = dict(zip(tracks, works_of(*tracks), strict=True))
    shuffled = random.Random(1).sample([*tracks, Recording("C", ("Z",))], 5)
    assert {t: w for t, w in zip(shuffled, works_of(*shuffled), strict=True) if t in ids} == ids


def test_guests_set_a_version_apart_only_beside_one_without_them() -> None:
    with_guest = Recording("Song (feat. B)", ("A",))
    assert [g.version for g in group([with_guest])] == ["original"]
    assert [g.version for g in group([with_guest, Recording("Song", ("A",))])] == ["feat.", "original"]


def test_columns_are_filled_and_nothing_else_is_touched() -> None:
    rows = [
        {"track_id": "t1", "title": "Song", "artists": ["A"], "medium": "song", "album": "One"},
        {"track_id": "t2", "title": "Song - Live", "artists": ["A"], "medium": "song"},
        {"track_id": "t3", "title": None, "artists": None, "medium": "song"},
        {"track_id": "t4", "title": "Song", "artists": [], "medium": None},
    ]
    table = pa.Table.from_pylist(rows, schema=TRACKS)
    done = assign_versions(table)
    assert done.schema == TRACKS
    assert done.column("version").to_pylist() == ["original", "live", "original", "original"]
    works = done.column("work_id").to_pylist()
    assert works[0] == works[1] and len(set(works)) == 3
    columns = [name for name in TRACKS.names if name not in ("work_id", "version")]
    assert done.select(columns) == table.select(columns)
    assert assign_versions(done) == done
    assert assign_versions(table.slice(0, 0)).schema == TRACKS


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("T. B. Sheets", "T.B. Sheets", True),
        ("Lovin' You", "Loving You", True),
        ("Leanin", "Leanin'", True),
        ("Wipe Out", "Wipeout", True),
        ("How Do U Want It", "How Do You Want It", True),
        ("Song", "Song (with intro)", True),
        ("Song", "Song (98 Reissue)", True),
        ("Song", "Song - 2003 Reissue", True),
        ("रोम", "रोम (लाइव)", True),
        ("Part 1 1", "Part 11", False),
        ("U", "You", False),
        ("राम", "रोम", False),
        ("รัก", "รุก", False),
        ("и", "й", False),
    ],
)
def test_near_titles_of_one_artist(one: str, other: str, same: bool) -> None:
    works = works_of(Recording(one, ("A",)), Recording(other, ("A",)))
    assert (len(set(works)) == 1) is same


def test_a_title_alone_joins_no_two_artists() -> None:
    title = "Stranger in a Strange Land"
    works = works_of(Recording(title, ("Iron Maiden",)), Recording(title, ("Leon Russell",)))
    assert len(set(works)) == 2
