"""Taste profiles: mixtures whose truth is known, identity over weeks, names, maps, disk, forgetting."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import comb
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from scipy.sparse import csr_matrix

from segue.errors import FormatError, NotFoundError, NumericalError
from segue.library.store import Library
from segue.library.tables import LISTENS, TRACKS
from segue.tastes.config import ProfileConfig
from segue.tastes.finding import tastes_of
from segue.tastes.likeness import Credits, Likeness
from segue.tastes.listened import ListenedConfig, read_plays
from segue.tastes.map import draw, taste_map
from segue.tastes.matching import carry_over, names_before
from segue.tastes.naming import with_names
from segue.tastes.profiles import Profiles, find_profiles
from segue.tastes.space import Plays, TasteSpace, read_features
from segue.tastes.storing import load_profiles, save_profiles, without

D, GENRES = 32, 30


def rand_index(a: np.ndarray, b: np.ndarray) -> float:
    """Adjusted Rand index (Hubert and Arabie 1985, eq. 5)."""
    both, left, right = (
        Counter(zip(a.tolist(), b.tolist(), strict=True)),
        Counter(a.tolist()),
        Counter(b.tolist()),
    )
    same, rows, columns = (sum(comb(n, 2) for n in c.values()) for c in (both, left, right))
    expected, most = rows * columns / comb(len(a), 2), (rows + columns) / 2
    return 1.0 if most == expected else (same - expected) / (most - expected)


class Mixture:
    """Listeners who play from one to six of thirty kinds of songs, about as much of each."""

    def __init__(self, seed: int, noise: float = 0.8, n_listeners: int = 150) -> None:
        rng = np.random.default_rng(seed)
        n_tracks = 1500
        kinds = rng.normal(size=(GENRES, D))
        kinds /= np.linalg.norm(kinds, axis=1, keepdims=True)
        self.kind = rng.integers(0, GENRES, n_tracks)
        vectors = kinds[self.kind] + noise * rng.normal(size=(n_tracks, D)) / np.sqrt(D)
        self.vectors = (vectors + 0.7 * rng.normal(size=D)).astype(np.float32)  # a direction common to all
        self.counts = rng.integers(1, 7, n_listeners)
        rows = []
        for count in self.counts:
            likes = rng.choice(GENRES, count, replace=False)
            tracks = np.concatenate(
                [rng.choice(np.flatnonzero(self.kind == k), 96 // count // 2 + 5) for k in likes]
            )
            row = np.zeros(n_tracks, np.float32)
            row[tracks] = rng.integers(1, 9, len(tracks))
            rows.append(row)
        self.plays = Plays(
            np.array([f"u{i}" for i in range(n_listeners)], object),
            np.array([f"t{i}" for i in range(n_tracks)], object),
            csr_matrix(np.array(rows)),
        )

    def found(self, config: ProfileConfig | None = None) -> tuple[TasteSpace, Profiles]:
        space = TasteSpace.of(self.vectors, self.plays, config)
        return space, find_profiles(space, self.plays, config)


def labels(profiles: Profiles, listener: str) -> tuple[np.ndarray, np.ndarray]:
    """Tracks of a listener, and the taste each is in."""
    tastes = profiles.tastes(listener)
    tracks = np.concatenate([profiles.tracks_of(t) for t in tastes])
    return tracks, np.repeat(list(tastes), [len(profiles.tracks_of(t)) for t in tastes])


@pytest.fixture(scope="module")
def mixture() -> Mixture:
    return Mixture(0)


@pytest.fixture(scope="module")
def profiles(mixture: Mixture) -> Profiles:
    return mixture.found()[1]


@pytest.mark.parametrize(
    ("seed", "noise", "alike", "right"), [(0, 0.5, 0.97, 0.9), (1, 0.8, 0.95, 0.85), (2, 1.1, 0.9, 0.7)]
)
def test_mixtures_are_found_again(seed: int, noise: float, alike: float, right: float) -> None:
    mixture = Mixture(seed, noise)
    _, profiles = mixture.found()
    scores, counts = [], []
    for listener, count in zip(profiles.listeners.tolist(), mixture.counts, strict=True):
        tracks, taste = labels(profiles, listener)
        scores.append(rand_index(taste, mixture.kind[tracks]))
        counts.append(len(profiles.tastes(listener)) == count)
    assert np.mean(scores) > alike
    assert np.mean(counts) > right


def test_a_song_that_few_have_is_of_its_artists_taste_in_tracks_and_shares(mixture: Mixture) -> None:
    one, other = np.flatnonzero(mixture.kind == 0)[:20], np.flatnonzero(mixture.kind == 1)[:20]
    lost = int(one[0])  # by an artist whose other songs are of the other kind
    artists = np.full(len(mixture.kind), -1, np.int32)
    artists[one], artists[other] = 0, 1
    artists[lost] = 1
    row = np.zeros((1, len(mixture.kind)), np.float32)
    row[0, one], row[0, other] = 2, 1
    plays = Plays(np.array(["u"], object), mixture.plays.tracks, csr_matrix(row))
    space = TasteSpace.of(mixture.vectors, mixture.plays)
    for support, of, share in ((1, 1, 38 / 60), (10_000, 0, 40 / 60)):
        has = np.where(np.arange(len(artists)) == lost, support, 50)
        found = find_profiles(space, plays, None, Likeness(space, Credits(artists, has)))
        assert lost in found.tracks_of(of) and lost not in found.tracks_of(1 - of)
        assert found.weights.tolist() == pytest.approx([share, 1 - share])


def test_a_small_taste_with_none_of_the_most_played_tracks_is_found(mixture: Mixture) -> None:
    large, small = np.flatnonzero(mixture.kind == 0), np.flatnonzero(mixture.kind == 1)[:30]
    config = ProfileConfig(tracks=len(large), resolution=mixture.found()[0].resolution)
    space = TasteSpace.of(mixture.vectors, None, config)
    row = np.zeros((1, len(mixture.kind)), np.float32)
    row[0, large] = 6
    for plays, share in ((1.0, len(small) / (6 * len(large) + len(small))), (0.1, None)):
        row[0, small] = plays
        found = find_profiles(
            space, Plays(np.array(["u"], object), mixture.plays.tracks, csr_matrix(row)), config
        )
        if share is None:  # below `least_share`
            assert len(found.ids) == 1
        else:
            assert found.weights.tolist() == pytest.approx([1 - share, share], abs=0.01)
            assert set(found.tracks_of(1).tolist()) == set(small.tolist())


def test_a_profile_is_whole(profiles: Profiles) -> None:
    for listener in profiles.listeners.tolist():
        tastes = list(profiles.tastes(listener))
        assert 1 <= len(tastes) <= 8
        weights = profiles.weights[tastes]
        assert weights.sum() == pytest.approx(1, abs=1e-5)
        assert (np.diff(weights) <= 1e-6).all(), "heaviest first"
        assert sorted(profiles.ids[tastes].tolist()) == list(range(len(tastes)))
        members = np.concatenate([profiles.tracks_of(t) for t in tastes])
        assert len(set(members.tolist())) == len(members)
    assert np.linalg.norm(profiles.centres, axis=1) == pytest.approx(1, abs=1e-5)
    assert np.isnan(profiles.trends).all() and profiles.trend(0) == ""


def test_bounds_are_kept(mixture: Mixture) -> None:
    _, few = mixture.found(ProfileConfig(most=2, tracks=30))
    assert np.diff(few.first).max() == 2
    assert (
        np.bincount(np.repeat(np.arange(len(few.listeners)), np.diff(few.member_first[few.first]))).max()
        <= 30
    )
    _, one = mixture.found(ProfileConfig(resolution=-0.99))
    assert set(np.diff(one.first).tolist()) == {1}


def test_labels_play_no_part_and_order_does_not_matter(mixture: Mixture, profiles: Profiles) -> None:
    order = np.random.default_rng(5).permutation(len(mixture.vectors))
    turned = Plays(mixture.plays.listeners, mixture.plays.tracks[order], mixture.plays.matrix[:, order])
    space = TasteSpace.of(mixture.vectors[order], turned)
    again = find_profiles(space, turned)
    assert np.mean(np.diff(again.first) == np.diff(profiles.first)) > 0.98
    assert space.resolution == pytest.approx(
        TasteSpace.of(mixture.vectors, mixture.plays).resolution, abs=1e-6
    )


def test_who_has_nothing_has_no_tastes() -> None:
    plays = Plays(
        np.array(["a", "b"], object),
        np.array(["x", "y"], object),
        csr_matrix(np.array([[0, 0], [3, 0]], np.float32)),
    )
    vectors = np.array([[0, 0], [1, 2]], np.float32)  # "x" has no vector
    profiles = find_profiles(TasteSpace.of(vectors, plays), plays)
    assert [len(profiles.tastes(who)) for who in ("a", "b", "nobody")] == [0, 0, 0]
    with pytest.raises(NumericalError):
        TasteSpace.of(np.full((2, 2), np.nan, np.float32), plays)


def test_sound_parts_what_vectors_do_not() -> None:
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(80, 8)).astype(np.float32) * 0.05 + 1
    features = read_features(
        [{"energy": float(i % 2), "tempo": 100.0 + 50 * (i % 2)} for i in range(78)] + [None, {}]
    )
    assert features.shape == (80, 2) and np.isnan(features[78:]).all()
    plays = Plays(
        np.array(["a"], object),
        np.array([f"t{i}" for i in range(80)], object),
        csr_matrix(np.ones((1, 80), np.float32)),
    )
    config = ProfileConfig(sound=0.8)
    profiles = find_profiles(TasteSpace.of(vectors, plays, config, features), plays, config)
    tracks, taste = labels(profiles, "a")
    heard = tracks < 78
    assert rand_index(taste[heard], tracks[heard] % 2) > 0.95


def test_trends_rise_and_fade(mixture: Mixture) -> None:
    kind = mixture.kind[mixture.plays.matrix.indices]
    who = int(np.flatnonzero(mixture.counts == 2)[0])
    start, stop = mixture.plays.matrix.indptr[who : who + 2]
    months = np.ones((mixture.plays.matrix.nnz, 12), np.float32)
    first = kind[start]
    months[start:stop][kind[start:stop] == first] = np.arange(12, 0, -1)
    months[start:stop][kind[start:stop] != first] = np.arange(1, 13)
    plays = replace(mixture.plays, months=csr_matrix(months))
    profiles = find_profiles(TasteSpace.of(mixture.vectors, plays), plays)
    said = {mixture.kind[profiles.tracks_of(t)[0]]: profiles.trend(t) for t in profiles.tastes(f"u{who}")}
    assert said.pop(first) == "rising" and list(said.values()) == ["fading"]
    other = int(np.flatnonzero(mixture.counts == 3)[0])
    assert {profiles.trend(t) for t in profiles.tastes(f"u{other}")} == {"steady"}


def test_what_lies_between_two_tastes_is_typical_of_neither() -> None:
    apart = np.array([[1, 0.1, 0]] * 5 + [[0, 0.1, 1]] * 5 + [[0.9, 0.1, 0.8]], np.float32)
    vectors = apart / np.linalg.norm(apart, axis=1, keepdims=True)
    amount = np.ones((1, 11), np.float32)
    amount[0, 10] = 3  # it is played most
    plays = Plays(np.array(["a"], object), np.array([f"t{n}" for n in range(11)], object), csr_matrix(amount))
    profiles = find_profiles(TasteSpace(vectors, 0.6), plays)
    between = [profiles.tracks_of(taste).tolist() for taste in profiles.tastes("a")]
    assert len(between) == 2
    assert [tracks.index(10) for tracks in between if 10 in tracks] == [5]


def test_a_taste_keeps_its_number_in_another_model(mixture: Mixture, profiles: Profiles) -> None:
    rng = np.random.default_rng(2)
    turn = np.linalg.qr(rng.normal(size=(D, D)))[0].astype(np.float32)
    matrix = mixture.plays.matrix.copy()
    matrix.data = (matrix.data * rng.uniform(0.7, 1.4, matrix.nnz)).astype(np.float32)
    plays = replace(mixture.plays, matrix=matrix)
    now = carry_over(find_profiles(TasteSpace.of(mixture.vectors @ turn, plays), plays), profiles)
    kept = []
    for listener in now.listeners.tolist():
        old = {int(profiles.ids[t]): mixture.kind[profiles.tracks_of(t)] for t in profiles.tastes(listener)}
        ids = [int(now.ids[t]) for t in now.tastes(listener)]
        assert len(set(ids)) == len(ids)
        for taste in now.tastes(listener):
            mine = Counter(mixture.kind[now.tracks_of(taste)].tolist()).most_common(1)[0][0]
            before = old.get(int(now.ids[taste]))
            kept.append(before is not None and Counter(before.tolist()).most_common(1)[0][0] == mine)
    assert np.mean(kept) > 0.97
    assert carry_over(now, now).ids.tolist() == now.ids.tolist()


def test_a_new_taste_gets_a_number_never_used() -> None:
    def of(tracks: list[list[str]], **more) -> Profiles:
        names = sorted({t for taste in tracks for t in taste})
        sizes = [len(taste) for taste in tracks]
        n = sum(sizes)
        return Profiles(
            listeners=np.array(["a"], object),
            tracks=np.array(names, object),
            first=np.array([0, len(tracks)]),
            ids=np.arange(len(tracks), dtype=np.int32),
            weights=np.array([s / n for s in sizes], np.float32),
            trends=np.full(len(tracks), np.nan, np.float32),
            sure=np.zeros(len(tracks), bool),
            centres=np.zeros((len(tracks), 2), np.float32),
            member_first=np.concatenate([[0], np.cumsum(sizes)]),
            members=np.array([names.index(t) for taste in tracks for t in taste], np.int32),
            member_weights=np.full(n, 1 / n, np.float32),
            last_ids=np.array([len(tracks) - 1], np.int32),
            **more,
        )

    first = of([["a", "b", "c"], ["x", "y"]], names=("A", "X"))
    second = carry_over(of([["p", "q", "r"], ["a", "b", "d"]]), first)
    assert second.ids.tolist() == [2, 0] and second.last_ids.tolist() == [2]
    assert list(names_before(second, first)) == ["", "A"]
    third = carry_over(of([["x", "y"], ["a", "b"]]), second)
    assert third.ids.tolist() == [3, 0], "the number of a taste that was gone is not given again"
    assert carry_over(of([["x"]]), None).ids.tolist() == [0]


def test_names_are_of_typical_artists(mixture: Mixture, profiles: Profiles) -> None:
    # Everybody sings "Everywhere" too: it is typical of no taste.
    artists = [(f"Artist {k}-{i % 3}", "Everywhere") for i, k in enumerate(mixture.kind.tolist())]
    named = with_names(profiles, artists)
    told = []
    for listener in named.listeners.tolist():
        names = [named.names[t] for t in named.tastes(listener)]
        assert len(set(names)) == len(names)
        for taste in named.tastes(listener):
            kind = Counter(mixture.kind[named.tracks_of(taste)].tolist()).most_common(1)[0][0]
            told.append(named.names[taste].startswith(f"Artist {kind}-"))
            if len(named.tastes(listener)) > 1:
                assert "Everywhere" not in named.names[taste]
    assert np.mean(told) > 0.93
    turned = [" and ".join(reversed(name.split(" and "))) for name in named.names]
    kept = with_names(profiles, artists, turned)
    assert np.mean([a == b for a, b in zip(kept.names, turned, strict=True)]) > 0.95
    nameless = with_names(profiles, [()] * len(profiles.tracks))
    assert [nameless.names[t] for t in nameless.tastes("u0")] == [
        f"Taste {n + 1}" for n in range(len(nameless.tastes("u0")))
    ]


def test_the_map_keeps_tastes_apart(mixture: Mixture) -> None:
    from segue.report import draw as svg

    space, profiles = mixture.found()
    who = f"u{int(np.flatnonzero(mixture.counts == 3)[0])}"
    chart = taste_map(space, profiles, who)
    assert chart.places.shape == (len(chart.tracks), 2) and np.isfinite(chart.places).all()
    nearest = np.linalg.norm(chart.places[:, None] - chart.centres[None], axis=2).argmin(1)
    assert np.mean(nearest == chart.taste) > 0.9
    assert 0 <= chart.stress < 0.5
    assert np.array_equal(chart.places, taste_map(space, profiles, who).places)
    names = [f"Taste {n}" for n in range(len(chart.centres))]
    picture = svg(draw(chart, names, [f"track {t}" for t in chart.tracks], ["rising"] * len(names)))
    assert "Taste 0 (rising)" in picture
    nobody = taste_map(space, profiles, "nobody")
    assert nobody.places.shape == (0, 2) and nobody.centres.shape == (0, 2)


def test_profiles_come_back_from_disk(profiles: Profiles, tmp_path: Path) -> None:
    named = with_names(profiles, [("Ärtist",)] * len(profiles.tracks))
    save_profiles(named, tmp_path / "tastes.npz", {"week": 3})
    facts, again = load_profiles(tmp_path / "tastes.npz")
    assert facts == {"week": 3}
    for name in ("listeners", "tracks", "first", "ids", "weights", "members", "member_first", "last_ids"):
        assert np.array_equal(getattr(again, name), getattr(named, name)), name
    assert again.names == named.names
    np.testing.assert_array_equal(again.centres, named.centres)
    with pytest.raises(NotFoundError):
        load_profiles(tmp_path / "none.npz")
    (tmp_path / "bad.npz").write_bytes(b"PK\x03\x04 no")
    with pytest.raises(FormatError):
        load_profiles(tmp_path / "bad.npz")


def test_a_listener_is_forgotten_and_the_others_stay(profiles: Profiles, tmp_path: Path) -> None:
    named = with_names(profiles, [("A",)] * len(profiles.tracks))
    left = without(named, ["u3"])
    assert len(left.tastes("u3")) == 0 and "u3" not in left.listeners.tolist()
    for who in ("u0", "u2", "u4", "u149"):
        for a, b in zip(named.tastes(who), left.tastes(who), strict=True):
            assert named.tracks_of(a).tolist() == left.tracks_of(b).tolist()
            assert named.names[a] == left.names[b] and named.ids[a] == left.ids[b]
    save_profiles(left, tmp_path / "tastes.npz")
    assert b'"u3"' not in (tmp_path / "tastes.npz").read_bytes()
    assert without(left, ["u3"]) is left


def test_plays_are_read_from_a_library(tmp_path: Path) -> None:
    now = datetime(2026, 11, 24, tzinfo=UTC)

    def row(who: str, track: str, days: float | None, plays: int = 1, skipped: bool | None = None) -> dict:
        at = None if days is None else now - timedelta(days=days)
        return {"listener_id": who, "track_id": track, "started_at": at, "plays": plays, "skipped": skipped}

    rows = [row("b", "x", 0), row("b", "x", 90), row("b", "y", 200), row("b", "x", 1, skipped=True)]
    rows += [row("a", "z", None, 7), row("a", "gone", 3)]
    library = Library.open(tmp_path / "library", create=True)
    with library.writing() as writer:
        writer.append("listens", pa.Table.from_pylist(rows, schema=LISTENS))
    half = ListenedConfig(half_life_days=90)
    plays = read_plays(library, ["x", "y", "z"], now=now, config=half)
    assert plays.listeners.tolist() == ["a", "b"]
    dense = plays.matrix.toarray()
    assert dense[0].tolist() == pytest.approx([0, 0, np.log2(8)])
    assert dense[1].tolist() == pytest.approx([np.log2(2.5), np.log2(1 + 0.5 ** (200 / 90)), 0], rel=1e-5)
    assert plays.months is not None
    monthly = plays.months.toarray()  # of (a, z), (b, x) and (b, y); what was skipped does not count
    assert monthly.sum(axis=1).tolist() == [0, 2, 1]
    assert monthly[1, [0, 3]].tolist() == [1, 1] and monthly[2, 7] == 1
    only = read_plays(library, ["x"], listeners=["nobody", "b"], now=now)
    assert only.listeners.tolist() == ["b", "nobody"] and only.matrix.shape == (2, 1)
    with pytest.raises(ValueError, match="timezone"):
        read_plays(library, ["x"], now=datetime(2026, 1, 1))


def test_tastes_of_a_library_in_one_call(mixture: Mixture, tmp_path: Path) -> None:
    matrix = mixture.plays.matrix[:20].tocoo()
    listens = [
        {"listener_id": f"u{row}", "track_id": f"t{column}", "plays": int(plays)}
        for row, column, plays in zip(matrix.row, matrix.col, matrix.data, strict=True)
    ]
    tracks = [
        {"track_id": f"t{i}", "artists": [f"Artist {k}"], "features": [("energy", 0.5)]}
        for i, k in enumerate(mixture.kind.tolist())
    ]
    library = Library.open(tmp_path / "library", create=True)
    with library.writing() as writer:
        writer.append("listens", pa.Table.from_pylist(listens, schema=LISTENS))
        writer.append("tracks", pa.Table.from_pylist(tracks, schema=TRACKS))
    ids = mixture.plays.tracks.tolist()
    config = ProfileConfig(sound=0.1)
    space, first = tastes_of(library, ids, mixture.vectors, config=config)
    assert len(first.listeners) == 20 and all(first.names)
    _, again = tastes_of(library, ids, mixture.vectors, before=first, config=config)
    assert again.ids.tolist() == first.ids.tolist() and again.names == first.names
    taste = first.tastes("u3")[-1]
    part, its = first.tastes("u3"), first.tracks_of(taste)
    own = Likeness(space).taste_of(first.centres[part.start : part.stop], its)
    assert (own == len(part) - 1).all(), "what a taste shows is what lists take for it"
    assert Likeness(space).taste_of(first.centres[:0], its).tolist() == [-1] * len(its)
