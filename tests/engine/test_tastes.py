"""Tastes of a week: kept, found again, carried over, told to people."""

from __future__ import annotations

from datetime import datetime, timedelta

import pyarrow as pa
import pytest

from segue.engine import Engine
from segue.engine.tastes import described, shares_by_week, stored_tastes, tastes_of_week
from segue.errors import NotFoundError, UsageError
from segue.library import Library
from segue.library.tables import LISTENS, PLAYLIST_ENTRIES, PLAYLISTS
from segue.playlists.training import train
from segue.report import draw as svg
from segue.tastes.map import draw, draw_weeks, taste_map
from segue.tastes.storing import KEPT


def test_tastes_are_kept_for_their_week_and_carried_to_the_next(library: Library) -> None:
    first = tastes_of_week(Engine(library), "2026-W30")
    file = library.path / "tastes" / "2026-W30.npz"
    written = file.stat().st_mtime_ns
    again = tastes_of_week(Engine(library), "2026-W30")
    assert file.stat().st_mtime_ns == written, "nothing has changed, so nothing is found anew"
    assert again.profiles.names == first.profiles.names
    assert again.space.resolution == pytest.approx(first.space.resolution)
    with library.writing() as writer:
        more = [{"listener_id": "p00", "track_id": "t0-1", "plays": 2}]
        writer.append("listens", pa.Table.from_pylist(more, schema=LISTENS))
    train(library)
    later = tastes_of_week(Engine(library), "2026-W31")
    assert file.stat().st_mtime_ns == written
    same = [
        set(first.profiles.ids[list(first.profiles.tastes(who))].tolist())
        == set(later.profiles.ids[list(later.profiles.tastes(who))].tolist())
        for who in first.profiles.listeners.tolist()
    ]
    assert sum(same) > 0.7 * len(same), "another model, the same tastes"
    who = next(w for w, kept in zip(first.profiles.listeners.tolist(), same, strict=True) if kept)
    assert {week for week, *_ in shares_by_week(library, who, "2026-W31")} == {"2026-W30", "2026-W31"}


def test_a_taste_is_told_since_the_third_of_its_songs_was_played(library: Library) -> None:
    who, rows = "p01", library.arrow(library.table("listens")).to_pylist()
    kinds = sorted({row["track_id"].split("-")[0] for row in rows if row["listener_id"] == who})
    for row in rows:  # one taste is there from the first song on, the other from ten days later
        if row["listener_id"] == who and row["track_id"].startswith(f"{kinds[1]}-"):
            row["started_at"] += timedelta(days=10)
    with library.writing() as writer:
        writer.rewrite("listens", pa.Table.from_pylist(rows, schema=LISTENS))
    engine = Engine(library)
    told = described(engine, tastes_of_week(engine, "2026-W30"), who)
    since = {}
    for kind in kinds:
        first: dict[str, datetime] = {}
        for row in rows:
            if row["listener_id"] == who and row["track_id"].startswith(f"{kind}-"):
                first[row["track_id"]] = min(row["started_at"], first.get(row["track_id"], row["started_at"]))
        since[f"t{kind[1]}"] = sorted(first.values())[2].strftime("%Y-%m-%d")
    assert len(set(since.values())) == 2
    found = {taste.tracks[0].split("Song ")[1].split("-")[0]: taste.since for taste in told}
    assert found == since


def test_a_listener_of_two_kinds_has_two_tastes_and_a_page_can_show_them(library: Library) -> None:
    found = tastes_of_week(Engine(library), "2026-W30")
    right = 0
    for person in range(1, 40, 2):
        told = described(Engine(library), found, f"p{person:02}")
        kinds = [{track.split("Song t")[1][0] for track in taste.tracks} for taste in told]
        right += len(told) == 2 and all(len(kind) == 1 for kind in kinds)
        assert sum(taste.share for taste in told) == pytest.approx(1, abs=1e-5)
    assert right >= 14
    chart = taste_map(found.space, found.profiles, "p01")
    names = [taste.name for taste in described(Engine(library), found, "p01")]
    picture = svg(draw(chart, names, [f"song {n}" for n in chart.tracks]))
    assert all(name in picture for name in names) and "song" in picture
    lines = svg(draw_weeks([("2026-W30", 0, "A", 0.4), ("2026-W31", 0, "B", 0.5)]))
    assert "B (1)" in lines and "A (1)" not in lines
    assert described(Engine(library), found, "nobody") == []


def test_only_the_newest_weeks_stay(library: Library) -> None:
    found = tastes_of_week(Engine(library), "2026-W10")
    for week in range(11, 11 + KEPT):
        stored_tastes(library).keep(f"2026-W{week}", found.profiles, {})
    assert stored_tastes(library).names() == [f"2026-W{week}" for week in range(11, 11 + KEPT)]
    assert stored_tastes(library).read("2026-W10") is None


def test_without_listening_there_are_no_tastes_and_none_are_kept(library: Library) -> None:
    from segue.library.tables import LISTENS

    with library.writing() as writer:
        writer.rewrite("listens", LISTENS.empty_table())
    assert not len(tastes_of_week(Engine(library), "2026-W30").profiles.ids)
    assert "2026-W30" not in stored_tastes(library).names()


def _two(engine: Engine) -> str:
    """A listener of two tastes."""
    return next(who for who in (f"p{n:02}" for n in range(1, 40, 2)) if len(engine.tastes(who)) == 2)


def _kinds(tracks: list[str]) -> set[str]:
    """The kinds of songs: in this library the first digit of a track's id."""
    return {track.split("t")[1][0] for track in tracks}


def test_a_taste_that_is_left_out_gives_nothing_to_list_and_radio_until_it_is_brought_back(
    library: Library,
) -> None:
    engine = Engine(library)
    who = _two(engine)
    heavy, light = engine.tastes(who)
    (mine,), (other,) = (_kinds([name.split("Song ")[1] for name in each.tracks]) for each in (heavy, light))
    before = engine.weekly(who)
    assert {mine, other} <= _kinds([entry.track.track_id for entry in before.entries])
    told = engine.change_taste(who, lambda changes: changes.left_out(light.number))
    assert [(taste.number, taste.left_out) for taste in told] == [(heavy.number, False), (light.number, True)]
    for asked in (engine, Engine(library)):  # the one that answers already, and the next one
        assert other not in _kinds([entry.track.track_id for entry in asked.weekly(who).entries])
    station = engine.radio(who)
    for _ in range(12):
        pick = station.radio.next()
        assert pick is not None
        assert _kinds([engine.guide().tracks.ids[pick.track]]) != {other}
        station.radio.answer(pick.track, skipped=False)
    out = next(entry.track.track_id for entry in before.entries if _kinds([entry.track.track_id]) == {other})
    _, said = engine.why_not(who, out)
    assert "taste left out" in {verdict.rule for verdict in said.verdicts if verdict.out}
    with pytest.raises(UsageError, match="No taste would be left"):
        engine.change_taste(who, lambda changes: changes.left_out(heavy.number))
    engine.change_taste(who, lambda changes: changes.brought_back(light.number))
    assert engine.weekly(who).entries == before.entries


def test_merged_and_renamed_tastes_are_so_in_lists_and_in_the_weeks_to_come(library: Library) -> None:
    engine = Engine(library)
    who = _two(engine)
    heavy, light = engine.tastes(who, "2026-W30")
    told = engine.change_taste(
        who,
        lambda changes: changes.merged(light.number, heavy.number).renamed(heavy.number, "Both"),
        "2026-W30",
    )
    (one,) = told
    assert (one.number, one.name, one.parts) == (heavy.number, "Both", [heavy.name, light.name])
    assert one.share == pytest.approx(1, abs=1e-5)
    assert set(one.tracks) == {*heavy.tracks, *light.tracks}
    assert {entry.taste for entry in engine.weekly(who, "2026-W30").entries} <= {"Both", None}
    train(library)
    (later,) = Engine(library).tastes(who, "2026-W31")
    assert later.name == "Both"
    assert "2026-06-01" == later.since <= min(heavy.since, light.since)
    assert shares_by_week(library, who, "2026-W31")[0][1:3] == (heavy.number, "Both")
    with pytest.raises(NotFoundError, match="no taste 77"):
        engine.change_taste(who, lambda changes: changes.left_out(77))


def test_among_many_listeners_tastes_are_found_one_by_one(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    week = "2026-W30"
    few = Engine(library)
    expected = {who: (few.weekly(who, week), few.tastes(who, week)) for who in ("p00", "p01", "p02")}
    (library.path / "tastes" / f"{week}.npz").unlink()
    monkeypatch.setattr("segue.engine.tastes.TOGETHER", 5)
    many = Engine(library)
    for who, (playlist, tastes) in expected.items():
        assert many.weekly(who, week).entries == playlist.entries
        assert many.tastes(who, week) == tastes
    number = expected["p01"][1][0].number
    told = many.change_taste("p01", lambda changes: changes.renamed(number, "Evenings"), week)
    assert told[0].name == "Evenings"
    assert not stored_tastes(library).names(), "nobody waited for everybody's"
    tastes_of_week(many, week)  # as the Monday job keeps them
    for engine in (many, Engine(library)):
        assert engine.weekly("p00", week).entries == expected["p00"][0].entries


def test_tastes_of_a_playlist_among_many_listeners_are_told_and_not_changed(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    songs = [f"t{kind}-{n}" for kind in (0, 1) for n in range(8)]
    rows = [{"playlist_id": "mix", "position": at, "track_id": song} for at, song in enumerate(songs)]
    with library.writing() as writer:
        writer.append("playlists", pa.Table.from_pylist([{"playlist_id": "mix"}], schema=PLAYLISTS))
        writer.append("playlist_entries", pa.Table.from_pylist(rows, schema=PLAYLIST_ENTRIES))
    train(library)
    few = Engine(library).tastes("mix", "2026-W30")
    assert few
    (library.path / "tastes" / "2026-W30.npz").unlink()
    monkeypatch.setattr("segue.engine.tastes.TOGETHER", 5)
    many = Engine(library)
    assert many.tastes("mix", "2026-W30") == few
    with pytest.raises(UsageError, match="Tastes of a playlist"):
        many.change_taste("mix", lambda changes: changes.renamed(few[0].number, "Evenings"))
