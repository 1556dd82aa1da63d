"""A town told as exports tell: what lacks, and that its doubles are those that the library finds itself."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from segue.errors import UsageError
from segue.library import Library
from segue.library.importing import import_path
from segue.library.listening import sessions
from segue.library.withdrawing import withdraw
from segue.town import Town, TownConfig, build
from segue.town.telling import SCROBBLED_MS, SECOND

SMALL = {"listeners": 80, "tracks": 600, "months": 0.5}


@pytest.fixture(scope="module")
def town() -> Town:
    return build(TownConfig.named("patchy", **SMALL), seed=5)


@pytest.fixture(scope="module")
def library(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Library:
    library = Library.open(tmp_path_factory.mktemp("town") / "library", create=True)
    town.write(library)
    return library


def test_what_no_service_tells_is_not_told(library: Library) -> None:
    listens = library.arrow("listens")
    for name in ("stage", "session_id", "session_position"):
        assert listens[name].null_count == len(listens)
    scrobbled = listens.filter(pc.equal(listens["source"], SECOND))
    assert 0.05 < len(scrobbled) / len(listens) < 0.25
    assert scrobbled["played_ms"].null_count == len(scrobbled)
    assert set(pc.microsecond(scrobbled["started_at"]).to_pylist()) == {0}
    exported = listens.filter(pc.equal(listens["source"], "town"))
    assert len(set(pc.millisecond(exported["started_at"]).to_pylist())) > 500
    assert 0.01 < exported["skipped"].null_count / len(exported) < 0.03
    plays = Counter(listens["listener_id"].to_pylist())
    assert sum(count <= 3 for count in plays.values()) >= 2
    tracks = library.arrow("tracks")
    assert 0.05 < tracks["duration_ms"].null_count / len(tracks) < 0.15
    assert tracks["title"].null_count == tracks["artists"].null_count == 0


def test_what_became_of_a_play_is_found_from_what_is_told(town: Town, library: Library) -> None:
    whole = Library.open(library.path.with_name("whole"), create=True)
    build(town.config.model_copy(update={"exports": False}), town.seed).write(whole)
    true = {
        (row["listener_id"], row["track_id"], row["started_at"]): row["stage"]
        for row in whole.arrow("listens").to_pylist()
    }
    found = sessions(library)
    rows = library.arrow(found.filter(found.source == "town")).to_pylist()
    pairs = [(true[row["listener_id"], row["track_id"], row["started_at"]], row["stage"]) for row in rows]
    assert sum(a == b for a, b in pairs) / len(pairs) > 0.95
    assert len({row["session_id"] for row in rows}) > 100


def test_a_listeners_telling_does_not_depend_on_the_others(town: Town, library: Library) -> None:
    few = Library.open(library.path.with_name("few"), create=True)
    build(town.config.model_copy(update={"listeners": 10}), town.seed).write(few)
    listens = library.arrow("listens")
    same = listens.filter(pc.less(listens["listener_id"], "town:l00010"))
    assert few.arrow("listens").equals(same)


def test_two_sources_are_what_the_library_makes_of_two_imports(library: Library, tmp_path: Path) -> None:
    told = library.arrow("told")
    someone = told["listener_id"][0].as_py()
    listens = library.arrow("listens")
    listens = listens.filter(pc.equal(listens["listener_id"], someone))
    names = {row["track_id"]: row for row in library.arrow("tracks").to_pylist()}
    first = listens.filter(pc.equal(listens["source"], "town"))
    second = told.filter(pc.and_(pc.equal(told["listener_id"], someone), pc.equal(told["source"], SECOND)))
    twice = first.filter(pc.is_valid(first["sources"]))
    assert len(twice) == len(second) > 20
    with (tmp_path / "own.csv").open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["artist", "track", "timestamp", "played_ms"])
        for row in first.to_pylist():
            track = names[row["track_id"]]
            at = row["started_at"].isoformat()
            out.writerow(["; ".join(track["artists"]), track["title"], at, row["played_ms"]])
    with (tmp_path / "recenttracks.csv").open("w", newline="") as file:
        out = csv.writer(file)
        columns = ["artist", "artist_mbid", "album", "album_mbid", "track", "track_mbid"]
        out.writerow(["uts", "utc_time", *columns])
        for row in second.to_pylist():
            track, at = names[row["track_id"]], row["started_at"]
            when = f"{at:%d %b %Y, %H:%M}"
            out.writerow(
                [int(at.timestamp()), when, "; ".join(track["artists"]), "", "", "", track["title"], ""]
            )
    own = Library.open(tmp_path / "library", create=True)
    import_path(own, tmp_path / "own.csv")
    report = import_path(own, tmp_path / "recenttracks.csv")
    assert sum(report.same_as.values()) == len(second)
    assert own.count("listens") == len(first)


def test_a_source_can_be_taken_back(town: Town, tmp_path: Path) -> None:
    library = Library.open(tmp_path / "library", create=True)
    town.write(library)
    before = library.arrow("listens")
    alone = pc.sum(pc.equal(before["source"], SECOND)).as_py()
    withdraw(library, SECOND)
    after = library.arrow("listens")
    assert len(after) == len(before) - alone
    assert after["sources"].null_count == len(after)
    assert pc.min(pa.chunked_array(library.arrow("told")["played_ms"])).as_py() is None
    assert pc.sum(pc.less(after["played_ms"], SCROBBLED_MS)).as_py() > 0


def test_the_truth_is_as_well_known_as_elsewhere(town: Town) -> None:
    ordinary = build(town.config.model_copy(update={"exports": False}), town.seed)
    assert (town.affinity([3]) == ordinary.affinity([3])).all()
    with pytest.raises(UsageError, match="another town"):
        town.truth().last_memory(pa.table({}))
