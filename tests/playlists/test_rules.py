"""Rules: each by itself, and none ever broken over many listeners and weeks."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date

import numpy as np
import pyarrow as pa
import pytest

from segue.library.tables import TRACKS
from segue.playlists.rules import (
    FAMILIAR,
    Candidates,
    Choice,
    Context,
    Listening,
    Rules,
    RulesConfig,
    filters,
    with_hubs,
)
from segue.playlists.rules.children import flag, playlist_share
from segue.playlists.rules.context import VERSIONS
from segue.playlists.rules.hubs import standing
from segue.playlists.rules.versions import one_version, tendency, with_versions

N_TRACKS, N_ARTISTS, N_ALBUMS = 600, 90, 200
OCTOBER = date(2026, 10, 5)  # Halloween's music may come, Christmas's not


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int32)


def town(seed: int, n: int = N_TRACKS) -> Context:
    """A catalogue in which every rule has something to do."""
    rng = np.random.default_rng(seed)
    credits = rng.integers(0, 4, n)  # some tracks credit nobody
    first = np.concatenate([[0], np.cumsum(credits)])
    artists = np.concatenate([rng.choice(N_ARTISTS, c, replace=False) for c in credits]).astype(np.int32)
    return Context(
        first=first.astype(np.int64),
        artists=artists,
        album=rng.integers(-1, N_ALBUMS, n).astype(np.int32),
        work=np.unique(rng.integers(0, n // 2, n), return_inverse=True)[1].astype(np.int32),
        version=np.where(rng.random(n) < 0.6, 0, rng.integers(0, len(VERSIONS), n)).astype(np.int8),
        medium=(rng.random(n) < 0.05).astype(np.int8),
        explicit=rng.random(n) < 0.2,
        children=rng.random(n) < 0.05,
        season=np.where(rng.random(n) < 0.08, rng.integers(0, 3, n), -1).astype(np.int8),
        popularity=rng.random(n).astype(np.float32),
        hub_floor=np.full(N_ARTISTS, -np.inf, np.float32),
        owned=rng.random(n) < 0.7 if seed % 2 else None,
    )


def plain(n: int, **columns: object) -> Context:
    """`n` songs without artists, albums or versions, but for the columns given."""
    values: dict = {
        "first": np.zeros(n + 1, np.int64),
        "artists": ints(),
        "album": np.full(n, -1, np.int32),
        "work": np.arange(n, dtype=np.int32),
        "version": np.zeros(n, np.int8),
        "medium": np.zeros(n, np.int8),
        "explicit": np.zeros(n, bool),
        "children": np.zeros(n, bool),
        "season": np.full(n, -1, np.int8),
        "popularity": np.zeros(n, np.float32),
        "hub_floor": np.empty(0, np.float32),
    }
    return Context(**{**values, **columns})


def listener(rng: np.random.Generator, earlier: np.ndarray, n: int = N_TRACKS) -> Listening:
    heard = rng.choice(n, rng.integers(0, 120), replace=False).astype(np.int32)
    days = rng.exponential(90, len(heard)).astype(np.float32)
    days[rng.random(len(heard)) < 0.2] = np.nan
    return Listening(
        heard=heard,
        days_ago=days,
        plays=rng.integers(1, 20, len(heard)).astype(np.float32),
        earlier=earlier,
        banned_tracks=rng.choice(n, rng.integers(0, 8), replace=False).astype(np.int32),
        banned_artists=rng.choice(N_ARTISTS, rng.integers(0, 3), replace=False).astype(np.int32),
        unwanted=np.flatnonzero(rng.random(n) < rng.choice([0, 0.2])).astype(np.int32),
        explicit=[None, True, False][rng.integers(3)],
    )


def proposals(rng: np.random.Generator, n: int = N_TRACKS) -> Candidates:
    count = int(rng.integers(0, 300))
    tracks = rng.choice(n, count, replace=False).astype(np.int32)
    sources = rng.integers(-1, 3, count).astype(np.int32)
    shares = np.array([0.5, 0.3, 0.2], np.float32) if rng.random() < 0.5 else None
    return Candidates(tracks, rng.normal(size=count).astype(np.float32), sources, shares)


def check(context: Context, listening: Listening, choice: Choice, config: RulesConfig) -> None:
    """Every rule again, track by track, with sets."""
    tracks = choice.tracks.tolist()
    notes = " ".join(choice.notes)
    works = [int(context.work[t]) for t in tracks]
    assert len(tracks) <= config.tracks
    assert len(set(works)) == len(works), "two versions of one song"
    heard_works = {int(context.work[t]) for t in listening.heard}
    banned = {int(context.work[t]) for t in listening.banned_tracks}
    earlier = {int(context.work[t]) for t in listening.earlier}
    kids = sum(bool(context.children[t]) for t in listening.heard)
    plays_kids = kids >= config.children_tracks and kids >= config.children_share * len(listening.heard)
    explicit = config.explicit if listening.explicit is None else listening.explicit
    last = dict(zip(listening.heard.tolist(), listening.days_ago.tolist(), strict=True))
    plays = dict(zip(listening.heard.tolist(), listening.plays.tolist(), strict=True))
    on_artist: dict[int, int] = {}
    on_album: dict[int, int] = {}
    for track, work, source in zip(tracks, works, choice.sources.tolist(), strict=True):
        credited = set(context.credited(track).tolist())
        assert work not in banned
        assert not credited & set(listening.banned_artists.tolist())
        assert track not in listening.unwanted
        assert context.medium[track] == 0
        assert explicit or not context.explicit[track]
        assert plays_kids or not context.children[track]
        assert context.season[track] == -1 or context.season[track] == 1 in context.season[listening.heard]
        assert context.owned is None or not config.owned or context.owned[track]
        if source == FAMILIAR:
            assert last[track] >= config.unplayed_days and plays[track] >= config.favourite_plays
            assert work not in earlier
        else:
            assert work not in heard_works
            assert work not in earlier or "earlier weeks" in notes
        for artist in credited:
            on_artist[artist] = on_artist.get(artist, 0) + 1
        album = int(context.album[track])
        if album >= 0:
            on_album[album] = on_album.get(album, 0) + 1
    assert max(on_artist.values(), default=0) <= config.per_artist or "of an artist" in notes
    assert max(on_album.values(), default=0) <= config.per_album or "of an album" in notes
    familiar = int((choice.sources == FAMILIAR).sum())
    assert familiar <= round(config.familiar * config.tracks) or "favourites" in notes
    if len(tracks) < config.tracks:
        assert notes


@pytest.mark.parametrize("seed", range(4))
def test_no_rule_is_ever_broken_over_listeners_and_weeks(seed: int) -> None:
    context = town(seed)
    rng = np.random.default_rng(seed + 100)
    config = RulesConfig(tracks=int(rng.integers(5, 31)), familiar=float(rng.choice([0, 0.1, 0.3])))
    config = config.model_copy(update={"owned": seed % 2 == 1})
    rules = Rules(context, config, OCTOBER)
    for _ in range(60):
        earlier = ints()
        for _ in range(8):
            listening = listener(rng, earlier)
            choice = rules.choose(listening, proposals(rng))
            check(context, listening, choice, config)
            earlier = np.concatenate([earlier, choice.tracks]).astype(np.int32)
    assert not context.on_artist.array.any() and not context.on_album.array.any()


@pytest.mark.slow
def test_no_rule_is_ever_broken_over_a_thousand_listeners_and_eight_weeks() -> None:
    context, config = town(7), RulesConfig()
    rules, rng = Rules(context, config, OCTOBER), np.random.default_rng(7)
    for _ in range(1000):
        earlier = ints()
        for _ in range(8):
            listening = listener(rng, earlier)
            choice = rules.choose(listening, proposals(rng))
            check(context, listening, choice, config)
            earlier = np.concatenate([earlier, choice.tracks]).astype(np.int32)


def test_why_not_agrees_with_the_list() -> None:
    context, rng = town(3), np.random.default_rng(3)
    rules = Rules(context)
    for _ in range(10):
        listening, candidates = listener(rng, ints(5, 6, 7)), proposals(rng)
        choice = rules.choose(listening, candidates)
        for track in rng.choice(N_TRACKS, 30, replace=False).tolist():
            verdicts = rules.why_not(listening, candidates, track)
            on_list = track in choice.tracks
            assert verdicts[-1].out is not on_list
            if not on_list:
                assert any(v.out and v.because for v in verdicts[:-1]), verdicts


def test_each_filter_takes_out_what_it_names_and_nothing_else() -> None:
    context = plain(
        10,
        first=np.array([0, 1, 3, 3, 4, 4, 4, 4, 4, 4, 4], np.int64),
        artists=ints(0, 1, 0, 2),
        work=ints(0, 1, 2, 3, 4, 4, 5, 6, 7, 8),
        medium=np.array([0, 0, 1, 0, 0, 0, 0, 0, 0, 0], np.int8),
        explicit=np.arange(10) == 3,
        children=np.arange(10) == 6,
        season=np.array([-1, -1, -1, -1, 1, -1, -1, -1, 0, 1], np.int8),
        owned=np.arange(10) != 9,
        hub_floor=np.array([-np.inf, 1.0, -np.inf], np.float32),
    )
    listening = Listening(
        heard=ints(4),
        earlier=ints(7),
        banned_tracks=ints(5),
        banned_artists=ints(0),
        unwanted=ints(1, 4),
        explicit=False,
    )
    asked = filters.Asked(
        context,
        listening,
        RulesConfig(owned=True),
        np.arange(10, dtype=np.int32),
        OCTOBER,
        np.zeros(10, np.float32),
    )
    out = {rule.name: np.flatnonzero(rule.mask(asked)).tolist() for rule in filters.FILTERS}
    assert out == {
        "banned track": [4, 5],
        "banned artist": [0, 1],
        "taste left out": [1, 4],
        "medium": [2],
        "explicit": [3],
        "children's music": [6],
        "out of season": [8],
        "not owned": [9],
        "already heard": [4, 5],
        "earlier weeks": [7],
        "hub artist": [1],
    }


def test_the_artist_cap_counts_guests() -> None:
    # Artist 0 sings on tracks 0 and 1, and is a guest on 2 and 3.
    context = plain(
        5,
        first=np.array([0, 1, 2, 4, 6, 7], np.int64),
        artists=ints(0, 0, 1, 0, 2, 0, 3),
        hub_floor=np.full(4, -np.inf, np.float32),
    )
    rules = Rules(context, RulesConfig(tracks=3, familiar=0))
    choice = rules.choose(Listening(), Candidates.of(range(5), [5, 4, 3, 2, 1]))
    assert choice.tracks.tolist() == [0, 1, 4]
    assert choice.removed == {"artist cap": 2}
    assert choice.notes == ()


def test_the_version_follows_what_the_listener_plays() -> None:
    live = VERSIONS.index("live")
    # Works 0 and 1 come as original and live; the rest was heard, all of it live.
    context = plain(
        40,
        work=np.array([0, 0, 1, 1, *range(2, 38)], np.int32),
        version=np.array([0, live, 0, live, *[live] * 36], np.int8),
    )
    rules = Rules(context, RulesConfig(familiar=0))
    candidates = Candidates.of([0, 3], [2.0, 1.0])
    assert rules.choose(Listening(heard=np.arange(4, 40, dtype=np.int32)), candidates).tracks.tolist() == [
        1,
        3,
    ]
    choice = rules.choose(Listening(heard=ints(4)), candidates)
    assert choice.tracks.tolist() == [0, 2]
    assert choice.stands_for.tolist() == [0, 3]


def test_a_cover_is_neither_replaced_by_the_original_nor_stands_for_it() -> None:
    # Tracks 0 and 1 are one artist's remaster and original, 2 another's cover, 3 a third's to sing along to.
    kinds = [VERSIONS.index(kind) for kind in ("remaster", "original", "original", "karaoke")]
    context = plain(
        4,
        first=np.arange(5, dtype=np.int64),
        artists=ints(0, 0, 1, 2),
        hub_floor=np.full(3, -np.inf, np.float32),
        work=ints(0, 0, 0, 0),
        version=np.array(kinds, np.int8),
        popularity=np.array([0.1, 0.9, 0.2, 0.1], np.float32),
    )
    rules = Rules(context, RulesConfig(familiar=0))

    def chosen(*tracks: int) -> list[int]:
        scores = [float(len(tracks) - at) for at in range(len(tracks))]
        return rules.choose(Listening(), Candidates.of(tracks, scores)).tracks.tolist()

    assert chosen(2) == [2]
    assert set(chosen(0)) <= {0, 1}
    assert chosen(2, 0) == [2]  # one of them, and whose is liked better
    assert set(chosen(0, 2)) <= {0, 1}
    assert 3 not in chosen(3)


def test_a_version_that_other_rules_forbid_does_not_stand_for_its_song() -> None:
    context = plain(2, work=ints(0, 0), explicit=np.array([True, False]))
    choice = Rules(context).choose(Listening(explicit=False), Candidates.of([0], [1.0]))
    assert choice.tracks.tolist() == [1]


def test_one_version_prefers_candidates_then_popularity() -> None:
    context = plain(3, work=ints(0, 0, 0), popularity=np.array([0.1, 0.9, 0.5], np.float32))
    wanted = tendency(context, Listening(), RulesConfig())
    tracks, stands_for = with_versions(context, ints(0))
    gives_way = one_version(context, tracks, stands_for, np.ones(3, bool), wanted, tracks == 0)
    assert tracks[~gives_way].tolist() == [0]
    gives_way = one_version(context, tracks, stands_for, np.ones(3, bool), wanted, np.zeros(3, bool))
    assert tracks[~gives_way].tolist() == [1]


def test_rules_give_way_in_the_stated_order_and_the_list_says_so() -> None:
    # Four tracks of one artist on one album, one of a hub artist, one of an earlier week.
    context = plain(
        6,
        first=np.array([0, 1, 2, 3, 4, 5, 6], np.int64),
        artists=ints(0, 0, 0, 0, 1, 2),
        album=ints(0, 0, 0, 0, 1, 2),
        hub_floor=np.array([-np.inf, 9.0, -np.inf], np.float32),
    )
    listening = Listening(earlier=ints(5))
    candidates = Candidates.of(range(6), [6, 5, 4, 3, 2, 1])

    def made(n: int) -> Choice:
        return Rules(context, RulesConfig(tracks=n, familiar=0)).choose(listening, candidates)

    assert made(1).notes == () and made(1).tracks.tolist() == [0]
    assert made(2).tracks.tolist() == [0, 4] and "everybody" in made(2).notes[0]
    assert made(3).tracks.tolist() == [0, 4, 1] and "of an album" in made(3).notes[1]
    assert made(5).tracks.tolist() == [0, 4, 1, 2, 3] and "of an artist" in made(5).notes[2]
    assert made(6).tracks.tolist() == [0, 4, 1, 2, 3, 5] and "earlier weeks" in made(6).notes[3]
    assert made(7).notes[-1] == "The list has 6 tracks instead of 7: there are no more."


def test_the_familiar_share_is_of_long_unplayed_favourites() -> None:
    context = plain(40)
    listening = Listening(
        heard=ints(30, 31, 32, 33, 34),
        days_ago=np.array([100, 10, 100, np.nan, 400], np.float32),
        plays=np.array([9, 9, 1, 9, 9], np.float32),
    )
    candidates = Candidates.of(range(30), np.arange(30, 0, -1.0).tolist())
    choice = Rules(context, RulesConfig(tracks=20, familiar=0.1)).choose(listening, candidates)
    assert sorted(choice.tracks[choice.sources == FAMILIAR].tolist()) == [30, 34]
    assert choice.sources[0] != FAMILIAR and len(choice.tracks) == 20
    none = Rules(context, RulesConfig(tracks=20, familiar=0)).choose(listening, candidates)
    assert not (none.sources == FAMILIAR).any()
    # With no candidates at all, favourites are better than an empty list, and the list says so.
    alone = Rules(context, RulesConfig(tracks=20, familiar=0.05)).choose(listening, Candidates.of([], []))
    assert sorted(alone.tracks.tolist()) == [30, 34]
    assert any("favourites" in note for note in alone.notes)


def test_favourites_are_of_each_taste_by_its_share() -> None:
    """Not all of the taste that was played most."""
    context = plain(60)
    listening = Listening(
        heard=np.arange(40, 60, dtype=np.int32),
        days_ago=np.full(20, 100, np.float32),
        plays=np.arange(40, 20, -1).astype(np.float32),
        tastes=np.repeat([0, 1], 10).astype(np.int32),
    )
    candidates = Candidates(
        np.arange(40, dtype=np.int32),
        np.arange(40, 0, -1).astype(np.float32),
        np.tile([0, 1], 20).astype(np.int32),
        np.array([0.5, 0.5], np.float32),
    )
    choice = Rules(context, RulesConfig(tracks=20, familiar=0.2)).choose(listening, candidates)
    assert sorted(choice.tracks[choice.sources == FAMILIAR].tolist()) == [40, 41, 50, 51]
    # Where a taste is parted in two, it has the share of both parts.
    parted = replace(
        candidates,
        sources=np.tile([0, 1, 2, 3], 10).astype(np.int32),
        shares=np.array([0.1, 0.4, 0.4, 0.1], np.float32),
        parts=2,
    )
    choice = Rules(context, RulesConfig(tracks=20, familiar=0.2)).choose(listening, parted)
    assert sorted(choice.tracks[choice.sources == FAMILIAR].tolist()) == [40, 41, 50, 51]


def test_tastes_get_their_shares() -> None:
    context = plain(300)
    rng = np.random.default_rng(0)
    sources = np.repeat([0, 1, 2], 100).astype(np.int32)
    scores = rng.normal(size=300).astype(np.float32) + np.where(sources == 0, 10, 0)
    candidates = Candidates(
        np.arange(300, dtype=np.int32),
        scores.astype(np.float32),
        sources,
        np.array([0.5, 0.3, 0.2], np.float32),
    )
    choice = Rules(context, RulesConfig(familiar=0)).choose(Listening(), candidates)
    assert np.bincount(choice.sources).tolist() == [15, 9, 6]
    assert len(set(choice.sources[:4].tolist())) == 3, "tastes are mixed, not one after another"


def test_a_taste_that_runs_out_leaves_its_places_to_the_others() -> None:
    context = plain(60)
    sources = np.array([0] * 2 + [1] * 58, np.int32)
    candidates = Candidates(
        np.arange(60, dtype=np.int32), np.zeros(60, np.float32), sources, np.array([0.5, 0.5], np.float32)
    )
    choice = Rules(context, RulesConfig(familiar=0)).choose(Listening(), candidates)
    assert np.bincount(choice.sources).tolist() == [2, 28]


def test_hub_artists_stay_for_those_they_suit_best() -> None:
    rng = np.random.default_rng(1)
    n, listeners = 200, 200
    context = plain(
        n,
        first=np.arange(n + 1, dtype=np.int64),
        artists=np.arange(n, dtype=np.int32),
        hub_floor=np.full(n, -np.inf, np.float32),
    )
    batch = []
    for _ in range(listeners):
        scores = rng.normal(size=n)
        scores[0] = 3 + rng.random()  # artist 0 suits everybody a little
        batch.append(Candidates.of(range(n), scores.tolist()))
    config = RulesConfig(tracks=5, familiar=0, hub_share=0.1)
    measured = with_hubs(context, batch, config)
    assert np.flatnonzero(np.isfinite(measured.hub_floor)).tolist() == [0]
    rules = Rules(measured, config)
    had = [0 in rules.choose(Listening(), candidates).tracks for candidates in batch]
    assert 1 <= sum(had) <= 0.1 * listeners
    heights = np.array([standing(c.scores)[0] for c in batch])
    assert heights[had].min() > np.array(heights)[~np.array(had)].max()
    # No share at all: such an artist is on nobody's list.
    none = with_hubs(context, batch, config.model_copy(update={"hub_share": 0.0, "hub_times": 0.0}))
    assert none.hub_floor[0] == np.inf
    # A household says nothing of "everybody".
    assert not np.isfinite(with_hubs(context, batch[:5], config).hub_floor).any()


def test_nothing_known_gives_an_empty_list_and_a_note() -> None:
    choice = Rules(plain(3)).choose(Listening(), Candidates.of([], []))
    assert len(choice.tracks) == 0 and choice.notes == ("Nothing is known of this listener yet.",)


def test_children_are_told_by_words_and_by_playlists() -> None:
    titles = ["Wheels on the Bus", "Kids", "Song", "Baby Shark", None, "Heidi"]
    artists = [("A",), ("MGMT",), ("Super Simple Songs",), ("B",), ("Kidz Bop Kids",), ("C",)]
    albums = [None, "Oracular Spectacular", None, None, None, None]
    assert flag(titles, artists, albums).tolist() == [True, False, True, True, True, False]
    share = playlist_share(
        ["Kids party", "Toddler songs", "Kid Cudi", None],
        ints(0, 1, 2, 3, 2, 3, 0),
        ints(0, 0, 0, 1, 1, 1, 2),
        3,
    )
    assert share.tolist() == pytest.approx([2 / 3, 0, 0])


def test_a_context_is_built_from_the_tracks_table() -> None:
    rows = [
        {"track_id": "a", "title": "One (feat. Guest)", "artists": ["Main"], "album": "LP", "medium": "song"},
        {"track_id": "b", "title": "Two", "artists": ["main", "Other"], "album": "lp", "explicit": True},
        {"track_id": "c", "title": "Two - Live", "artists": ["Main"], "work_id": "w:2", "version": "live"},
        {"track_id": "d", "title": "Two", "artists": None, "work_id": "w:2", "medium": "podcast"},
    ]
    table = pa.Table.from_pylist(rows, schema=TRACKS)
    context = Context.build(table, ["d", "a", "b", "unknown", "c"])
    names = [[context.artist_names[a] for a in context.credited(t)] for t in range(5)]
    assert names == [[], ["main", "guest"], ["main", "other"], [], ["main"]]
    assert context.work[0] == context.work[4] and len(set(context.work.tolist())) == 4
    assert context.album[1] == context.album[2] >= 0 > context.album[3]
    assert [VERSIONS[v] for v in context.version] == ["original"] * 4 + ["live"]
    assert context.explicit.tolist() == [False, False, True, False, False]
    assert context.medium.tolist() == [1, 0, 0, 0, 0]


def _same(one: Choice, other: Choice) -> bool:
    fields = ("tracks", "scores", "sources", "stands_for")
    same = all(np.array_equal(getattr(one, f), getattr(other, f), equal_nan=True) for f in fields)
    return same and one.notes == other.notes and one.removed == other.removed


@pytest.mark.parametrize("calls", [2_000, pytest.param(300_000, marks=pytest.mark.slow)])
def test_threads_share_the_rules(calls: int) -> None:
    rng = np.random.default_rng(8)
    rules = Rules(town(3), RulesConfig(tracks=10, familiar=0.2))
    asked = []
    for _ in range(40):
        given = Candidates(
            rng.choice(N_TRACKS, 80, replace=False).astype(np.int32),
            rng.random(80).astype(np.float32),
            rng.integers(-1, 3, 80).astype(np.int32),
        )
        asked.append((listener(rng, rng.choice(N_TRACKS, 20).astype(np.int32)), given))
    alone = [rules.choose(*each) for each in asked]

    def wrong(number: int) -> int:
        return sum(
            not _same(rules.choose(*asked[(k + number) % 40]), alone[(k + number) % 40])
            for k in range(calls // 8)
        )

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(wrong, range(8))) == 0
    finally:
        sys.setswitchinterval(interval)
