"""The town: the same for a seed, believable, its truth apart from what can be learned from."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pytest

from segue.library import Library
from segue.town import Town, TownConfig, build
from segue.town.catalogue import KINDS
from segue.town.truth import load_truth

SMALL = {"listeners": 60, "tracks": 800, "months": 1.0}


@pytest.fixture(scope="module")
def town() -> Town:
    return build(TownConfig.named("ordinary", **SMALL), seed=3)


@pytest.fixture(scope="module")
def library(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Library:
    library = Library.open(tmp_path_factory.mktemp("town") / "library", create=True)
    town.write(library)
    return library


def test_another_seed_is_another_town(town: Town) -> None:
    other = build(TownConfig.named("ordinary", **SMALL), seed=4)
    assert set(other.names.artists) != set(town.names.artists)
    assert not np.array_equal(other.listeners().tastes, town.listeners().tastes)


def test_what_is_written_fits_together(library: Library) -> None:
    tracks = set(library.arrow("tracks")["track_id"].to_pylist())
    assert sum(track.startswith("town:t") for track in tracks) == 800
    for table in ("listens", "playlist_entries", "feedback"):
        assert set(library.arrow(table)["track_id"].to_pylist()) <= tracks
    listens = library.arrow("listens")
    assert pc.min(listens["played_ms"]).as_py() > 0
    assert len(set(listens["listener_id"].to_pylist())) == 60
    assert pc.max(listens["session_position"]).as_py() <= 60


def test_a_play_that_comes_later_finds_the_towns_song(library: Library, tmp_path: Path) -> None:
    import json
    import shutil

    from segue.library.importing import import_path

    shutil.copytree(library.path, tmp_path / "library")
    own = Library.open(tmp_path / "library")
    songs = [row for row in own.arrow("tracks").to_pylist() if row["medium"] == "song"][:40]
    rows = [
        {
            "listener_id": "ada",
            "listened_at": 1_700_000_000 + 300 * place,
            "track_metadata": {
                "artist_name": ", ".join(row["artists"]) if place % 2 else row["artists"][0],
                "track_name": row["title"],
                "additional_info": {"duration_ms": row["duration_ms"]},
            },
        }
        for place, row in enumerate(songs)
    ]
    (tmp_path / "new.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    import_path(own, tmp_path / "new.jsonl", format="listenbrainz")
    own = Library.open(own.path)
    assert own.count("tracks") == library.count("tracks")
    listens = own.table("listens")
    mine = own.arrow(listens.filter(listens.listener_id == "ada").order_by("started_at"))
    names = {row["track_id"]: (row["artists"], row["title"]) for row in own.arrow("tracks").to_pylist()}
    for track, row in zip(mine["track_id"].to_pylist(), songs, strict=True):
        assert names[track] == (row["artists"], row["title"])


def test_a_session_runs_on_without_overlap(library: Library) -> None:
    rows = library.arrow("listens").to_pylist()
    by_session: dict[str, list[dict]] = {}
    for row in rows:
        by_session.setdefault(row["session_id"], []).append(row)
    for plays in by_session.values():
        plays.sort(key=lambda row: row["session_position"])
        assert [row["session_position"] for row in plays] == list(range(1, len(plays) + 1))
        for before, after in pairwise(plays):
            gap = (after["started_at"] - before["started_at"]).total_seconds() * 1000
            assert gap >= before["played_ms"] - 1000


def test_shares_of_the_stages_are_those_of_people(library: Library) -> None:
    stage = library.arrow("listens")["stage"].to_numpy()
    very_brief, brief, not_whole = (stage < 1).mean(), (stage < 2).mean(), (stage < 3).mean()
    assert 0.2 < very_brief < brief < not_whole < 0.85


def test_popularity_has_a_long_tail(library: Library) -> None:
    tracks = np.array(library.arrow("listens")["track_id"].to_pylist())
    counts = np.sort(np.unique(tracks, return_counts=True)[1])[::-1]
    assert counts[: len(counts) // 10].sum() > 0.25 * counts.sum()


def test_listeners_play_what_they_truly_like(town: Town, library: Library) -> None:
    listens = library.arrow("listens")
    number = np.arange(20, dtype=np.int32)
    truth = town.affinity(number)
    assert truth.shape == (20, 800)
    place = {track: n for n, track in enumerate(town.catalogue.ids)}
    gains = []
    for row in range(20):
        mine = pc.equal(listens["listener_id"], f"town:l{row:05d}")
        heard = [place[track] for track in listens.filter(mine)["track_id"].to_pylist() if track in place]
        gains.append(truth[row, heard].mean() - truth[row].mean())
    assert np.mean(gains) > 0.3
    assert np.mean(np.array(gains) > 0) > 0.8


def test_names_are_told_apart(town: Town) -> None:
    assert len({name.casefold() for name in town.names.artists}) == len(town.names.artists)
    songs = town.catalogue.songs
    works = [
        (int(songs.artist[n]), town.names.titles[n].split(" (feat.")[0].casefold())
        for n in np.flatnonzero(songs.kind == 0)
    ]
    assert len(set(works)) == len(works)
    for song in np.flatnonzero(songs.kind == KINDS.index("live")):
        assert "live" in town.names.titles[song].lower()


def test_the_truth_is_kept_apart(town: Town, library: Library, tmp_path: Path) -> None:
    town.save_truth(tmp_path / "truth")
    truth = load_truth(tmp_path / "truth")
    assert truth.listeners.tastes.shape[0] == 60
    assert len(truth.track_ids) == 800
    assert not list(library.path.rglob("*truth*"))
    assert set(library.arrow("tracks")["work_id"].to_pylist()) == {None}
