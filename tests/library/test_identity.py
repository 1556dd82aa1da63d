"""The same song from several sources is one track; different recordings of a catalogue stay apart."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segue.library import Library
from segue.library.identity import name_key, normalise
from segue.library.rows import Listen, PlaylistEntry, TrackRef

MBID = "8f3471b5-7e6a-48da-86a9-c1c07a0f47ae"


def _tracks_of(library: Library) -> list[str]:
    return sorted(library.arrow("tracks").column("track_id").to_pylist())


def _heard(library: Library, listener: str = "me") -> list[str]:
    listens = library.table("listens")
    mine = listens.filter(listens.listener_id == listener)
    return sorted(library.arrow(mine).column("track_id").to_pylist())


def _listen(track: TrackRef, listener: str = "me", plays: int = 1) -> Listen:
    return Listen(listener, track, plays=plays)


def _entry(playlist: str, position: int, track: TrackRef) -> PlaylistEntry:
    return PlaylistEntry(playlist, position, track)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Beyoncé", "BEYONCE"),
        ("Simon & Garfunkel", "Simon and Garfunkel"),
        ("Hello (feat. Someone)", "Hello"),
        ("Hello ft. Someone Else", "hello"),
        ("The Scientist - Live", "The Scientist (Live)"),
        ("Кино", "КИНО"),
        ("Song (with Someone)", "Song"),
        ("Song feat. A & B", "Song (featuring A & B)"),
        ("Party (feat. N) - Remix", "Party - Remix (feat. N)"),
        ("AC/DC", "AC DC"),
    ],
)
def test_spellings_that_mean_the_same(one: str, other: str) -> None:
    assert normalise(one) == normalise(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("50 Ft Queenie", "50"),
        ("Down in Ft. Worth", "Down in"),
        ("Party (feat. N) - Remix", "Party (feat. S) - Remix"),
        ("Party feat. N (Live)", "Party (Live)"),
        ("Thinking of You (With You)", "Thinking of You"),
        ("Hello", "Hello (Live)"),
        ("Part 1", "Part 2"),
        ("ライブ", "ライフ"),
        ("!!!", "???"),
        ("が", "か"),
    ],
)
def test_spellings_that_do_not(one: str, other: str) -> None:
    assert normalise(one) != normalise(other)


@given(st.text())
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@given(st.text(min_size=1), st.text(min_size=1))
def test_a_key_is_never_long(artist: str, title: str) -> None:
    key = name_key(TrackRef(title * 50, (artist,)))
    assert key is not None
    assert len(key) <= 200


def test_a_spotify_export_lands_on_the_tracks_of_a_playlist_archive(library: Library, store) -> None:
    store(
        library,
        [
            _entry("p", 0, TrackRef("Hello", ("Adele",), spotify="A")),
            _entry("p", 1, TrackRef("Skyfall", ("Adele",), spotify="B")),
        ],
        "archive",
    )
    store(
        library,
        [
            _listen(TrackRef("Hello", ("Adele",), spotify="A")),
            # the same song from another album, under another id
            _listen(TrackRef("Skyfall", ("Adele",), spotify="other")),
            # and from a history that knows only names
            _listen(TrackRef("hello", ("ADELE",)), "you"),
        ],
    )
    assert _tracks_of(library) == ["spotify:A", "spotify:B"]
    assert _heard(library) == ["spotify:A", "spotify:B"]
    assert _heard(library, "you") == ["spotify:A"]


def test_an_archive_lands_on_tracks_that_were_known_by_name(library: Library, store) -> None:
    store(library, [_listen(TrackRef("Hello", ("Adele",)))])
    store(
        library,
        [
            _entry("p", 0, TrackRef("Hello", ("Adele",), spotify="A")),
            _entry("p", 1, TrackRef("Hello", ("Adele",), spotify="B")),
        ],
    )
    assert _tracks_of(library) == ["name:adele|hello", "spotify:B"]
    track = library.arrow("tracks").to_pylist()[0]
    assert track["spotify"] == "A"


def test_two_ids_of_a_catalogue_stay_apart_and_the_one_met_more_gets_the_names(
    library: Library, store
) -> None:
    store(
        library,
        [
            _entry("p", 0, TrackRef("Hello", ("Adele",), spotify="A")),
            _entry("p", 1, TrackRef("Hello", ("Adele",), spotify="B")),
            _entry("q", 0, TrackRef("Hello", ("Adele",), spotify="B")),
        ],
    )
    assert _tracks_of(library) == ["spotify:A", "spotify:B"]
    store(library, [_listen(TrackRef("Hello", ("Adele",)))])
    assert _heard(library) == ["spotify:B"]


@pytest.mark.parametrize("imports", [1, 2])
@pytest.mark.parametrize("known", [False, True])
def test_two_ids_of_one_source_are_two_tracks_and_a_name_goes_to_the_one_met_more(
    library: Library, store, imports: int, known: bool
) -> None:
    if known:  # the first of them joins what another source told
        store(library, [_listen(TrackRef("Hello", ("Adele",), mbid=MBID), "b")], "other")
    rows = [
        _listen(TrackRef("Hello", ("Adele",), spotify="A")),
        _listen(TrackRef("Hello", ("Adele",), spotify="B")),
    ]
    for part in [rows] if imports == 1 else [[row] for row in rows]:
        store(library, part)
    assert _tracks_of(library) == [f"mbid:{MBID}" if known else "spotify:A", "spotify:B"]
    store(library, [_listen(TrackRef("hello", ("adele",)), "c")], "other")
    assert len(_tracks_of(library)) == 2


def test_ids_that_two_sources_give_one_name_are_one_track(library: Library, store) -> None:
    store(library, [_listen(TrackRef("Hello", ("Adele",), mbid=MBID))], "one")
    store(library, [_listen(TrackRef("Hello", ("Adele",), mbid=MBID.replace("8", "9")), "b")], "other")
    assert len(_tracks_of(library)) == 1


@given(
    st.lists(st.tuples(st.sampled_from("AB"), st.sampled_from(["Hello", "hello", "राम", "रोम"])), max_size=6)
)
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_source_has_as_many_tracks_as_ids_in_any_order(tmp_path_factory, store, told) -> None:
    library = Library.open(tmp_path_factory.mktemp("any") / "library", create=True)
    for id, title in told:
        store(library, [_listen(TrackRef(title, ("Adele",), spotify=id))])
    assert len(_tracks_of(library)) == len({id for id, _ in told})


def test_durations_keep_recordings_of_one_name_apart(library: Library, store) -> None:
    rows = [
        _listen(TrackRef("Echoes", ("Pink Floyd",), duration_ms=1_412_000)),
        _listen(TrackRef("Echoes", ("Pink Floyd",), duration_ms=1_413_000), "b"),
        _listen(TrackRef("Echoes", ("Pink Floyd",), duration_ms=990_000), "c"),
    ]
    store(library, rows)
    assert _tracks_of(library) == ["name:pink floyd|echoes", "name:pink floyd|echoes~1412"]
    store(library, rows)
    assert len(_tracks_of(library)) == 2
    assert library.count("listens") == 3


def test_durations_that_differ_from_play_to_play_tell_nothing_apart(library: Library, store) -> None:
    songs = [TrackRef(f"Song {song}", ("Somebody",)) for song in range(12)]
    start = datetime(2026, 1, 1, tzinfo=UTC)
    plays = [
        Listen("me", song._replace(duration_ms=60_000 + 17_000 * turn), start + timedelta(hours=n * 9 + turn))
        for n, song in enumerate(songs)
        for turn in range(4)
    ]
    report = store(library, plays, "listenbrainz")
    assert report.without_durations == ["listenbrainz"]
    assert len(set(_heard(library))) == 12
    assert len(_heard(library)) == 48
    assert library.arrow("tracks").column("duration_ms").null_count == 12


def test_some_songs_with_two_recordings_leave_durations_what_they_are(library: Library, store) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    plays = [
        Listen(
            "me",
            TrackRef(f"Song {n}", ("Somebody",), duration_ms=180_000 + (60_000 if n < 4 and turn else turn)),
            start + timedelta(hours=n * 9 + turn),
        )
        for n in range(12)
        for turn in range(4)
    ]
    assert store(library, plays, "listenbrainz").without_durations == []
    assert len(set(_heard(library))) == 16


def _partition(library: Library) -> set[frozenset[str]]:
    """Whose plays are of one track, by the sources of the counts."""
    of: dict[str, set[str]] = {}
    for row in library.arrow("listens").to_pylist():
        of.setdefault(row["track_id"], set()).add(f"{row['source']} {row['plays']}")
    return {frozenset(each) for each in of.values()}


def _echoes(source: str, *durations: int | None, **ids: str) -> tuple[str, list[Listen]]:
    """What a source tells of recordings of one name; the number of plays tells them apart."""
    refs = [TrackRef("Echoes", ("Pink Floyd",), duration_ms=ms and ms * 1_000, **ids) for ms in durations]
    return source, [_listen(ref, plays=(ref.duration_ms or 0) // 1_000 + 1) for ref in refs]


# One song, of which sources tell different durations, or none; the same with ids; two recordings.
DURATIONS = [
    (_echoes("a", None), _echoes("b", 200), _echoes("c", 400), _echoes("d", 300)),
    (_echoes("a", None), _echoes("b", 200), _echoes("c", 400, spotify="C"), _echoes("d", 300, mbid=MBID)),
    (_echoes("b", 200, 400), _echoes("c", 202, 399), _echoes("d", 401)),
]


def _same_in_orders(folder: Path, store, told: tuple, orders: Iterable[Sequence[int]]) -> None:
    found = []
    for number, order in enumerate(orders):
        library = Library.open(folder / str(number), create=True)
        for place in order:
            source, rows = told[place]
            store(library, rows, source)
        found.append((_partition(library), sorted(library.arrow("tracks")["duration_ms"].to_pylist())))
    assert all(each == found[0] for each in found)
    assert len(found[0][0]) == max(len(rows) for _, rows in told)


@pytest.mark.parametrize("told", DURATIONS)
def test_durations_that_contradict_one_another_give_the_same_in_any_order(tmp_path, store, told) -> None:
    forth = range(len(told))
    _same_in_orders(tmp_path, store, told, (forth, forth[::-1]))


def test_a_name_without_duration_stays_where_it_was_though_another_recording_is_met_more(
    library: Library, store
) -> None:
    _, rows = _echoes("b", None, 200, 400)
    rows += [_listen(TrackRef("Echoes", ("Pink Floyd",), duration_ms=400_000), name) for name in "cde"]
    store(library, rows)
    before = _heard(library)
    assert store(library, rows).counts["listens"].stored == 0
    assert _heard(library) == before


@pytest.mark.slow
@pytest.mark.parametrize("told", DURATIONS)
def test_durations_that_contradict_one_another_give_the_same_in_all_orders(tmp_path, store, told) -> None:
    _same_in_orders(tmp_path, store, told, itertools.permutations(range(len(told))))


def test_ids_join_sources_that_spell_names_differently(library: Library, store) -> None:
    store(library, [_listen(TrackRef("Hello", ("Adele",), spotify="A", mbid=MBID, isrc="GBBKS1500214"))])
    store(
        library,
        [
            _listen(TrackRef("Bonjour", ("Adèle Adkins",), mbid=MBID), "b"),
            _listen(TrackRef("Hallo", ("A.",), isrc="GBBKS1500214"), "c"),
        ],
    )
    assert _tracks_of(library) == ["spotify:A"]


def test_ids_join_within_one_import_too(library: Library, store) -> None:
    store(
        library,
        [
            _listen(TrackRef("Hallo", ("A.",), mbid=MBID)),
            _listen(TrackRef("Hello", ("Adele",), spotify="A", mbid=MBID), "b"),
            _listen(TrackRef("hello", ("adele",)), "c"),
        ],
    )
    assert _tracks_of(library) == ["spotify:A"]


def test_artists_of_one_source_stay_apart_and_another_source_lands_on_them(library: Library, store) -> None:
    def artist(name: str, other: str | None = None) -> TrackRef:
        return TrackRef(artists=(name,), other=other, medium="artist")

    store(library, [_listen(artist("Nirvana", "hetrec:1")), _listen(artist("NIRVANA", "hetrec:2"))])
    assert _tracks_of(library) == ["hetrec:1", "hetrec:2"]
    store(library, [_listen(artist("nirvana"), "you")])
    assert _heard(library, "you") == ["hetrec:1"]


def test_a_song_and_a_podcast_of_one_name_are_two(library: Library, store) -> None:
    store(
        library,
        [_listen(TrackRef("Hello", ("Adele",))), _listen(TrackRef("Hello", ("Adele",), medium="podcast"))],
    )
    assert len(_tracks_of(library)) == 2


def test_halves_of_an_archive_give_the_same_tracks_as_the_whole(library: Library, store, tmp_path) -> None:
    entries = [_entry("p", n, TrackRef(f"Song {n % 7}", ("Band",), spotify=f"{n:02}")) for n in range(20)]
    store(library, entries[:11])
    store(library, entries[11:])
    whole = Library.open(tmp_path / "whole", create=True)
    store(whole, entries)
    assert _tracks_of(library) == _tracks_of(whole)
