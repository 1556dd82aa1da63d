"""The radio on a small made-up catalogue of two styles."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from segue.playlists.radio import Radio
from segue.playlists.radio_config import RadioConfig
from segue.playlists.rules import Context, Listening
from segue.playlists.taste_turns import TasteTurns, cluster_directions
from segue.sequences.documents import Context as PlayContext
from segue.sequences.documents import Documents
from segue.sequences.guide import Guide, NeighbourGuide
from segue.sequences.vectors import unit

N = 40  # songs of a style; song 0 of each style has a live version, number 40


@pytest.fixture(scope="module")
def guide() -> Guide:
    """Playlists hold songs of one style, now and then one of the other."""
    random = np.random.default_rng(0)
    rows = []
    for number in range(300):
        style = "ab"[number % 2]
        rows.append([f"{style}{song:02d}" for song in random.choice(N + 1, 12, replace=False)])
        if random.random() < 0.3:
            rows[-1][5] = f"{'ba'[number % 2]}{random.integers(N):02d}"
    documents = Documents.from_lists(rows)
    styles = np.array([[track[0] == "a", track[0] == "b"] for track in documents.track_ids], np.float32)
    vectors = np.hstack([styles - 0.5, random.normal(0, 0.2, (len(styles), 6))])
    return NeighbourGuide(documents, unit(vectors))


@pytest.fixture(scope="module")
def catalogue(guide: Guide) -> Context:
    ids = [str(track) for track in guide.track_ids_]
    songs = [(track[0], int(track[1:])) for track in ids]
    n = len(ids)
    return Context.build(
        pa.table(
            {
                "track_id": ids,
                "title": [f"Song {style}{song % N}" for style, song in songs],
                "artists": [[f"Band {style}{song % N // 2}"] for style, song in songs],
                "album": pa.nulls(n, pa.string()),
                "medium": ["song"] * n,
                "explicit": [False] * n,
                "popularity": [0.5] * n,
                "work_id": [f"w{style}{song % N}" for style, song in songs],
                "version": ["live" if song == N else "original" for _, song in songs],
            }
        ),
        ids,
    )


def codes(guide: Guide, *tracks: str) -> np.ndarray:
    place = {track: code for code, track in enumerate(guide.track_ids_)}
    return np.array([place[track] for track in tracks], np.int32)


def heard(radio: Radio, guide: Guide, answers: str) -> list[str]:
    """What comes, answered in turn: p for played, s for skipped."""
    out = []
    for answer in answers:
        pick = radio.next()
        assert pick is not None
        assert pick == radio.next()
        out.append(str(guide.track_ids_[pick.track]))
        radio.answer(pick.track, skipped=answer == "s")
    return out


def seeded(guide: Guide, catalogue: Context) -> Radio:
    radio = Radio(guide, catalogue)
    radio.seed(codes(guide, "a01", "a05", "a09"))
    return radio


def test_it_stays_with_the_style_plays_no_song_twice_and_is_the_same_again(
    guide: Guide, catalogue: Context
) -> None:
    first = heard(seeded(guide, catalogue), guide, "p" * 15)
    assert heard(seeded(guide, catalogue), guide, "p" * 15) == first
    assert sum(track[0] == "a" for track in first) >= 13
    works = [(track[0], int(track[1:]) % N) for track in first]
    assert len(set(works)) == len(works)
    assert not {("a", 1), ("a", 5), ("a", 9)} & set(works)
    artists = [(style, song // 2) for style, song in works]
    assert all(artist not in artists[max(0, at - 9) : at] for at, artist in enumerate(artists))


def test_it_ends_when_every_song_has_come_once(guide: Guide, catalogue: Context) -> None:
    radio = Radio(guide, catalogue)
    assert len(heard(radio, guide, "p" * 2 * N)) == 2 * N
    assert radio.next() is None


def test_a_style_that_is_skipped_leaves(guide: Guide, catalogue: Context) -> None:
    radio, came = seeded(guide, catalogue), ""
    for _ in range(12):
        pick = radio.next()
        assert pick is not None
        came += str(guide.track_ids_[pick.track])[0]
        radio.answer(pick.track, skipped=came[-1] == "a")
    assert came[0] == "a" and came.count("a") <= 4 and came[-4:].count("b") >= 3


def test_the_reason_names_what_was_played_and_what_was_skipped(guide: Guide, catalogue: Context) -> None:
    assert Radio(guide, catalogue).next()[2:] == (-1, False, False, -1, -1, True)  # type: ignore[index]
    radio = seeded(guide, catalogue)
    pick = radio.next()
    assert pick is not None
    assert pick.near in codes(guide, "a01", "a05", "a09") and pick.own
    assert pick.after == (pick.near == codes(guide, "a09")[0])
    radio.answer(pick.track, skipped=True)
    after = radio.next()
    assert after is not None
    assert after.away == pick.track


def test_bans_hold_and_what_was_heard_stays_away_if_wanted(guide: Guide, catalogue: Context) -> None:
    track = codes(guide, "a03")
    artists = catalogue.credited(int(codes(guide, "a10")[0]))
    listening = Listening(banned_tracks=track, banned_artists=artists, heard=codes(guide, "b07"))
    came = heard(Radio(guide, catalogue, listening=listening), guide, "p" * (2 * N - 3))
    assert not {"a03", "a10", "a11"} & set(came)
    assert "b07" in came
    new = Radio(guide, catalogue, RadioConfig(familiar=False), listening=listening)
    assert "b07" not in heard(new, guide, "p" * (2 * N - 4))


def test_two_in_five_are_new_to_the_listener_in_every_version(guide: Guide, catalogue: Context) -> None:
    known = codes(guide, *(f"a{song:02d}" for song in [*range(12), N]))  # song 0 in its live version too
    works = {int(work) for work in catalogue.work[known]}
    for share, new in ((0.4, 4), (0.0, 0), (1.0, 10)):
        radio = Radio(
            guide, catalogue, RadioConfig(artist_gap=0, new=share), listening=Listening(heard=known)
        )
        radio.follow_tastes([known], np.array([1.0]))
        came = [int(catalogue.work[codes(guide, track)[0]]) for track in heard(radio, guide, "p" * 10)]
        assert sum(work not in works for work in came) >= new
    strange = Radio(guide, catalogue, RadioConfig(new=0.4))
    assert strange.next() is not None, "who has heard nothing is asked nothing"


def test_a_skipped_play_of_the_past_is_remembered_like_a_skip_now(guide: Guide, catalogue: Context) -> None:
    tracks = codes(guide, "a01", "a05", "b02")
    n = len(tracks)
    context = PlayContext(
        np.full(n, np.nan, np.float32),
        np.full(n, -1, np.int8),
        np.array([0, 1, 0], np.int8),
        np.full(n, -1, np.int32),
        np.zeros(n, np.int32),
        np.full(n, np.nan),
        (),
    )
    past = Radio(guide, catalogue)
    past.hear(tracks, replace(context, skipped=np.array([-1, 1, -1], np.int8)))
    now = Radio(guide, catalogue)
    for track, skipped in zip(tracks.tolist(), (False, True, False), strict=True):
        now.answer(track, skipped=skipped)
    np.testing.assert_array_equal(past.away, now.away)
    assert past.played == now.played == [tracks[0], tracks[2]]
    assert past.skipped == [tracks[1]]


def test_two_styles_that_were_named_take_turns_and_a_skip_moves_on(guide: Guide, catalogue: Context) -> None:
    radio = Radio(guide, catalogue, RadioConfig(stay=3))
    radio.seed(codes(guide, "a01", "b02", "a05", "b06"))
    styles = "".join(track[0] for track in heard(radio, guide, "p" * 12))
    assert styles.count("a") >= 4 and styles.count("b") >= 4
    assert styles[0] == "b"  # the last one named begins

    radio = Radio(guide, catalogue, RadioConfig(stay=3))
    radio.seed(codes(guide, "a01", "b02", "a05", "b06"))
    came = heard(radio, guide, "s" + "p" * 3)
    assert came[0][0] == "b" and came[1][0] == "a"


def test_tastes_are_told_apart_and_served_by_their_shares() -> None:
    directions = np.array([[1, 0], [0, 1], [0.9, 0.1], [0.1, 0.9], [1, 0.1]], np.float32)
    assert cluster_directions(directions).tolist() == [0, 1, 0, 1, 0]
    tastes = TasteTurns.from_tracks(
        np.arange(5, dtype=np.int32), directions, lambda tracks: tracks.astype(np.float32), stay=2
    )
    turns = []
    for _ in range(40):
        turns.append(tastes.scores.tolist() == [0, 2, 4])
        tastes.record(skipped=False)
    assert turns[0]  # the taste of the latest choice
    assert 0.5 <= np.mean(turns) <= 0.75  # three of five choices, the latest among them
    for _ in range(3):
        while tastes.scores.tolist() != [0, 2, 4]:
            tastes.record(skipped=False)
        tastes.record(skipped=True)
    after = []
    for _ in range(20):
        after.append(tastes.scores.tolist() == [0, 2, 4])
        tastes.record(skipped=False)
    assert np.mean(after) <= 0.25


def test_a_listener_is_played_all_their_tastes_by_their_shares(guide: Guide, catalogue: Context) -> None:
    tastes = [codes(guide, "a01", "a05", "a09"), codes(guide, "b02", "b06")]
    radio = Radio(guide, catalogue, RadioConfig(artist_gap=2))
    radio.hear(codes(guide, "a01", "a05", "a07", "a09"))  # of one taste alone, lately
    radio.follow_tastes(tastes, np.array([0.7, 0.3]))
    came, reasons = [], []
    for _ in range(30):
        pick = radio.next()
        assert pick is not None
        came.append(str(guide.track_ids_[pick.track])[0])
        reasons.append(str(guide.track_ids_[pick.near]))
        radio.answer(pick.track, skipped=False)
    assert came.count("b") in range(7, 12)
    assert all(len(set(reasons[at : at + 4])) == 4 for at in range(27))
    assert np.mean([track == reason[0] for track, reason in zip(came, reasons, strict=True)]) > 0.9


def test_shares_hold_where_all_tastes_are_skipped_alike_and_a_skipped_one_leaves() -> None:
    tracks = [np.array([number], np.int32) for number in range(3)]
    for skips in ([0, 0, 0], [0.3, 0.3, 0.3], [0, 1, 0]):
        rng, turns = np.random.default_rng(0), []
        tastes = TasteTurns(tracks, np.array([0.6, 0.3, 0.1]), lambda some: some.astype(np.float32), stay=4)
        for _ in range(60):
            turns.append(tastes.turn)
            tastes.record(skipped=bool(rng.random() < skips[tastes.turn]))
        counts = np.bincount(turns, minlength=3)
        if skips[1] == 1:
            assert counts[1] < 6
        else:
            np.testing.assert_allclose(counts, [36, 18, 6], atol=6)
            assert counts.min() >= 3


def test_chance_skips_leave_tastes_their_shares() -> None:
    shares, strayed = np.array([0.3, 0.3, 0.2, 0.2]), 0
    for seed in range(50):
        tastes = TasteTurns([np.array([at]) for at in range(4)], shares, lambda _: np.zeros(4, np.float32), 3)
        rng, turns = np.random.default_rng(seed), []
        for _ in range(60):
            turns.append(tastes.turn)
            tastes.record(skipped=bool(rng.random() < 0.3))
        ratio = np.bincount(turns, minlength=4) / 60 / shares
        strayed += bool(((ratio < 0.5) | (ratio > 2)).any())
    assert strayed <= 5  # 17 where a skip halves a taste's weight


def test_in_a_tastes_turn_comes_what_belongs_to_it(guide: Guide, catalogue: Context) -> None:
    """What is new gives way before the taste, the taste before the gap between tracks of an artist."""
    radio = Radio(
        guide, catalogue, RadioConfig(artist_gap=2, new=0.4), listening=Listening(heard=codes(guide, "a20"))
    )
    own = [codes(guide, "a04", "a06", "a20"), codes(guide, "b08", "b10")]
    belongs = np.zeros((2, len(guide.track_ids_)), bool)
    for taste, tracks in enumerate(own):
        belongs[taste, tracks] = True
    radio.follow_tastes([codes(guide, "a01"), codes(guide, "b02")], np.array([0.5, 0.5]), belongs)
    came, artists = [], []
    for _ in range(12):
        pick = radio.next()
        assert pick is not None
        came.append((pick.taste, pick.track))
        artists.append(catalogue.credited(pick.track)[0])
        radio.answer(pick.track, skipped=False)
    first = {track for taste in (0, 1) for side, track in came if side == taste and belongs[taste, track]}
    assert first == {int(track) for tracks in own for track in tracks}, "all that belongs comes"
    for taste in (0, 1):
        mine = [belongs[taste, track] for side, track in came if side == taste]
        assert mine == sorted(mine, reverse=True), "before what does not"
    assert all(len(set(artists[at : at + 3])) == 3 for at in range(10))
