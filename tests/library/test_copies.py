"""Copies: one recording under two ids, of which the playlists of a library know one."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from tests.engine.test_few_listeners import evenings, ids, library_of, songs, style

from segue.engine import Engine
from segue.engine.explaining import explain
from segue.engine.similar import neighbourhood
from segue.engine.weekly import weekly
from segue.factors.loading import load_factors
from segue.library import Library
from segue.library.tables import FEEDBACK, TRACKS
from segue.library.versions.columns import group_library
from segue.library.versions.copies import canonical_ids
from segue.playlists.training import train
from segue.playlists.weekly_config import WeeklyConfig


def canonical(rows: list[dict], support: dict[str, int], least: int = 0) -> dict[str, str]:
    tracks = pa.Table.from_pylist(rows, schema=TRACKS)
    counted = pa.table({"track_id": list(support), "support": pa.array(support.values(), pa.int64())})
    found = canonical_ids(tracks, counted, least=least).to_pylist()
    return {row["track_id"]: of for row, of in zip(rows, found, strict=True) if of is not None}


def row(
    track: str, title: str, version: str = "original", work: str | None = "w", by: str = "The Band"
) -> dict:
    return {"track_id": track, "title": title, "work_id": work, "version": version, "artists": [by]}


def test_a_track_without_support_is_a_copy_of_the_most_listed_one_of_its_recording() -> None:
    rows = [
        row("own", "Song"),
        row("single", "Song - Single Version", "single version"),
        row("album", "Song"),
        row("live", "Song - Live", "live"),
        row("remix", "Song - A Remix", "remix"),
        row("other remix", "Song - B Remix", "remix"),
        row("same remix", "Song (A Remix)", "remix"),
        row("ungrouped", "Song", work=None),
        row("other", "Song", work="v"),
        row("a cover", "Song", by="Somebody Else"),
        row("same artist", "Song", by="Band"),
        row("show", "Song") | {"medium": "podcast"},
    ]
    support = {"single": 2, "album": 5, "remix": 1, "ungrouped": 9}
    assert canonical(rows, support) == {"own": "album", "same artist": "album", "same remix": "remix"}
    assert canonical(rows, {"album": 5, "own": 1, "single": 2}, least=1)["own"] == "album"
    assert "own" not in canonical(rows, {"album": 1}, least=1), "nobody else has the other either"


@pytest.fixture(scope="module")
def beside_playlists(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """A person who plays songs under ids that are in no playlist, beside playlists of two styles."""
    rng = np.random.default_rng(0)
    north, south = songs("north"), songs("south")
    for each in (*north, *south):
        each["title"] = each["title"].replace("song", "tale")
    copies = [each | {"track_id": f"copy{n}"} for n, each in enumerate(north[:30])]
    listens = evenings("me", [ids(copies)], rng, number=40)
    playlists, entries = [], []
    for at in range(120):
        kind = ids(north if at % 2 else south)
        playlists.append({"playlist_id": f"list{at}", "title": f"list {at}", "source": "test"})
        entries += [
            {"playlist_id": f"list{at}", "position": place, "track_id": kind[track], "source": "test"}
            for place, track in enumerate(rng.choice(60, 20, replace=False).tolist())
        ]
    library = library_of(
        tmp_path_factory.mktemp("copies"),
        [*north, *south, *copies],
        listens,
        playlists=playlists,
        playlist_entries=entries,
    )
    with library.writing() as writer:
        said = {"listener_id": "me", "track_id": "copy3", "kind": "love", "source": "test"}
        writer.append("feedback", pa.Table.from_pylist([said], schema=FEEDBACK))
    train(library)
    return library


def test_plays_of_a_copy_teach_what_the_listener_likes(beside_playlists: Library) -> None:
    library = beside_playlists
    model, _ = load_factors(library)
    seen = model.observe(library, ["me"]).matrix
    heard = {str(model.tracks_[track]) for track in seen.indices}
    assert heard == {f"north{n}" for n in range(30)}
    loved = seen[0, int(np.flatnonzero(model.tracks_ == "north3")[0])]
    assert loved > seen.data.mean() + 3
    (playlist,) = weekly(Engine(library), "2026-W10", listeners=["me"], config=WeeklyConfig(familiar=0))
    came = [entry.track.track_id for entry in playlist.entries]
    assert len(came) > 9 and {style(track) for track in came} == {"north"}
    assert not heard & set(came)


def test_a_copy_is_asked_for_as_the_track_that_the_model_learned(beside_playlists: Library) -> None:
    engine = Engine(beside_playlists)
    found = neighbourhood(engine, "copy3", 5)
    assert found.of.track_id == "north3" and found.learned
    told = explain(engine, "me", "north50")
    assert {style(each.track_id) for each in told.led} == {"north"}
    assert explain(engine, "me", "copy3").heard


def test_grouping_again_writes_nothing(beside_playlists: Library) -> None:
    before = beside_playlists.fingerprint()
    group_library(beside_playlists)
    assert beside_playlists.fingerprint() == before
