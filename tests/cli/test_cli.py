"""The real command line, end to end, in processes of its own, on listening that the tests make up."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from segue.cli.weekly import print_playlist
from segue.playlists.playlist import Playlist, PlaylistEntry, TrackCard


def segue(*arguments: object, cwd: Path, code: int = 0, **environment: str) -> str:
    """Run `segue` and return what it printed (standard error where it fails)."""
    # Bytecode is kept between the many runs, whatever the machine's habit.
    environment = {"COLUMNS": "140", "PYTHONDONTWRITEBYTECODE": ""} | environment
    result = subprocess.run(
        [sys.executable, "-m", "segue", *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        env=os.environ | environment,
    )
    assert result.returncode == code, f"{arguments}: {result.stdout}{result.stderr}"
    assert "Traceback" not in result.stderr, result.stderr
    return result.stderr if code else result.stdout


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a trained library of sixty listeners of two kinds of music."""
    home = tmp_path_factory.mktemp("home")
    rng = random.Random(7)
    lines = ["listener,artist,track,album,timestamp,played_ms,duration_ms"]
    for person in range(60):
        kind = "Folk" if person % 2 else "Metal"
        for play in range(60):
            band, song = rng.randrange(12), rng.randrange(8)
            at = 1_760_000_000 + person * 1_000 + play * 7_200
            lines.append(f"p{person:02},{kind} {band},{kind} Song {band}-{song},Album,{at},190000,200000")
    (home / "plays.csv").write_text("\n".join(lines) + "\n")
    segue("import", "plays.csv", cwd=home)
    segue("train", cwd=home, SEGUE_FACTORS__ALS__FACTORS="16")
    return home


def test_import_says_what_became_of_every_row(home: Path) -> None:
    report = json.loads(segue("import", "plays.csv", "--json", cwd=home))
    total = report["total"]
    assert total["read"] == total["already_there"] + total["rejected"] == 3600
    assert report["formats"] == ["table"]


def test_the_library_is_shown_with_a_picture(home: Path) -> None:
    figures = json.loads(segue("library", "--json", cwd=home))
    assert figures["listeners"] == 60
    text = segue("library", "--html", "library.html", cwd=home)
    assert "Artists met most" in text
    assert "listener  plays" in text and "p01" in text and "and 40 listeners more" in text
    page = (home / "library.html").read_text()
    assert page.count("<figure role=") >= 3
    assert "http" not in page.replace("http://www.w3.org", "")
    assert "plays.csv" in segue("library", "--imports", cwd=home)
    assert segue("library", "--rejects", "--json", cwd=home).strip() == "[]"


def test_weekly_lists_are_new_the_same_again_and_not_those_of_the_week_before(home: Path) -> None:
    def lists(*arguments: str) -> dict[str, list[str]]:
        printed = json.loads(segue("weekly", *arguments, "--json", cwd=home))
        return {each["listener"]: [t["track"] for t in each["tracks"]] for each in printed}

    first = lists("--week", "2026-W10", "-n", "10")
    assert len(first) == 60
    assert lists("--week", "2026-W10", "-n", "10") == first
    next_week = lists("--week", "2026-W11", "-n", "10")
    for listener, tracks in next_week.items():
        assert not set(tracks) & set(first[listener])
        assert len(tracks) == len(set(tracks))
    kind = {listener: "Folk" if int(listener[1:]) % 2 else "Metal" for listener in first}
    ours = sum(kind[who].lower() in track for who, tracks in first.items() for track in tracks)
    assert ours > 0.95 * sum(map(len, first.values()))


def test_weekly_prints_reasons_and_writes_every_format(home: Path) -> None:
    text = segue("weekly", "p01", "--week", "2026-W20", "-n", "5", cwd=home)
    assert text.count("Because you played Folk Song") == 5
    for format in ("jspf", "xspf", "m3u8", "csv", "json"):
        segue("weekly", "p01", "--week", "2026-W20", "-n", "5", "-o", "lists", "-f", format, cwd=home)
        assert (home / "lists" / f"p01-2026-W20.{format}").stat().st_size > 100
    segue("weekly", "p01", cwd=home)
    assert "In the place of 1 list of" in segue("weekly", "p01", "-n", "5", cwd=home)
    gone_by = segue("weekly", "p01", "--week", "2026-W20", "-n", "5", cwd=home)
    assert "In the place of" not in gone_by, "this week's is later, so that this one is not kept"
    printed = segue("weekly", "p01", "--week", "2026-W20", "-n", "5", "-f", "m3u8", cwd=home)
    assert printed.strip() == (home / "lists" / "p01-2026-W20.m3u8").read_text().strip()


def test_similar_and_explain(home: Path) -> None:
    near = json.loads(segue("similar", "folk song 3-3", "-n", "5", "--json", cwd=home))
    assert all("Folk" in row["artists"] for row in near["similar"])
    assert near["vectors"].startswith("factors/")
    assert "Wrote near.html" in segue("similar", "folk song 3-3", "--html", "near.html", cwd=home)
    page = (home / "near.html").read_text()
    assert page.count('class="marks"') == 1 and "Folk Song" in page and "<script" not in page
    assert "segue train vectors" in segue("similar", "folk 3-3", "--vectors", "songs", cwd=home, code=4)
    why = json.loads(segue("explain", "p01", "folk song 3-3", "--json", cwd=home))
    assert 0 < sum(each["share"] for each in why["because"]) <= 1.001
    assert "What speaks for it" in segue("explain", "p01", "Folk 3", cwd=home)


def test_models_are_listed_rolled_back_and_pruned(home: Path) -> None:
    segue("train", cwd=home, SEGUE_FACTORS__ALS__FACTORS="8")
    versions = json.loads(segue("models", "--verify", "--json", cwd=home))
    assert [row["current"] for row in versions] == [False, True]
    segue("models", "rollback", "factors", cwd=home)
    versions = json.loads(segue("models", "--json", cwd=home))
    assert [row["current"] for row in versions] == [True, False]
    assert "Removed 0" in segue("models", "--prune", "factors", "--keep", "2", cwd=home)


def test_the_radio_needs_no_network_and_says_what_it_needs(home: Path) -> None:
    came = json.loads(segue("radio", "--listener", "p01", "-n", "3", "--json", cwd=home))
    assert len(came) == 3 and all(row["reason"] for row in came)
    assert "no listener 'nobody'" in segue("radio", "--listener", "nobody", cwd=home, code=4)
    assert "made of p" in segue("radio", "--answers", "px", cwd=home, code=2)
    assert "begins with something" in segue("radio", cwd=home, code=2)


@pytest.mark.slow
def test_the_radio_follows_answers_and_forgets(tmp_path: Path) -> None:
    own = tmp_path
    rng, lines = random.Random(7), ["listener,artist,track,timestamp,played_ms,duration_ms"]
    for person in range(40):
        kind = "Folk" if person % 2 else "Metal"
        for play in range(30):
            band, at = rng.randrange(12), 1_760_000_000 + person * 1_000 + play * 240
            song = f"{kind} Song {band}-{rng.randrange(3)}"
            lines.append(f"p{person:02},{kind} {band},{song},{at},190000,200000")
    (own / "plays.csv").write_text("\n".join(lines) + "\n")
    segue("import", "plays.csv", cwd=own)
    trained = json.loads(segue("train", "--network", "--json", cwd=own, SEGUE_FACTORS__ALS__FACTORS="8"))
    assert trained["network"]
    command = ("radio", "--seed-track", "Folk 3 - Folk Song 3-1", "--answers", "ppsp")
    came = json.loads(segue(*command, "--json", "-o", "radio.json", cwd=own))
    assert [row["skipped"] for row in came] == [False, False, True, False]
    kept = (own / "radio.json").read_text()
    assert [f'"{row["track"]}"' in kept for row in came] == [True, True, False, True]
    assert came[0]["reason"] == "Because you named Folk Song 3-1 by Folk 3."
    assert "which you skipped" in came[3]["reason"]
    text = segue("radio", "--listener", "p01", "-n", "3", cwd=own)
    assert text.count("Folk Song") >= 3
    forgotten = segue("forget", "p01", "--yes", cwd=own)
    assert "network/" in forgotten


def test_tastes_are_told_and_drawn(home: Path) -> None:
    overview = json.loads(segue("tastes", "--json", cwd=home))
    assert overview["listeners"] == 60
    told = json.loads(segue("tastes", "--listener", "p01", "--json", "--html", "t.html", cwd=home))
    assert sum(taste["share"] for taste in told["tastes"]) == pytest.approx(1, abs=1e-4)
    assert all("Folk" in taste["name"] for taste in told["tastes"])
    assert (home / "t.html").read_text().count("<figure role=") >= 1
    assert "Tastes of p02" in segue("tastes", "--listener", "p02", cwd=home)


def test_a_listener_is_forgotten_only_when_that_is_meant(home: Path, tmp_path: Path) -> None:
    shutil.copytree(home / "library", tmp_path / "library")
    assert "--yes" in segue("forget", "p07", cwd=tmp_path, code=2)
    assert "Nothing was changed" in segue("forget", "p07", "--dry-run", cwd=tmp_path)
    assert "nothing is left" in segue("forget", "p07", "--yes", cwd=tmp_path)
    assert "Nothing of 'p07'" in segue("forget", "p07", "--yes", cwd=tmp_path)
    assert json.loads(segue("library", "--json", cwd=tmp_path))["listeners"] == 59
    assert "no listener" in segue("weekly", "p07", cwd=tmp_path, code=4)


def test_evaluate_compares_with_baselines(home: Path) -> None:
    found = json.loads(segue("evaluate", "--seeds", "1", "--json", "--html", "e.html", cwd=home))
    assert [each["protocol"] for each in found] == ["Listeners", "weekly lists"]
    for each in found:
        assert "popularity" in [system["system"] for system in each["systems"]]
    assert (home / "e.html").read_text().count("<figure role=") >= 1


def test_tune_writes_settings_that_train_takes_and_goes_on(home: Path) -> None:
    first = json.loads(segue("tune", "--trials", "1", "--html", "t.html", "--json", cwd=home))
    assert first["trials"] == 1
    assert "NDCG@100" in segue("tune", "--trials", "2", cwd=home)
    assert (home / "t.html").read_text().count("<figure role=") >= 1
    segue("train", "--config", "tuned.toml", cwd=home)


def test_doctor_and_config(home: Path, tmp_path: Path) -> None:
    checks = {row["what"]: row["state"] for row in json.loads(segue("doctor", "--json", cwd=home))}
    assert checks["library"] == "ok"
    assert checks["model factors"] == "ok"
    (tmp_path / "segue.toml").write_text(segue("config", cwd=tmp_path))
    assert segue("config", cwd=tmp_path) == (tmp_path / "segue.toml").read_text()
    (tmp_path / "segue.toml").write_text("[weekly]\ntrcks = 3\n[factors.als]\nfactors = -1\n")
    message = segue("config", cwd=tmp_path, code=2)
    assert "weekly.trcks: there is no such setting" in message
    assert "factors.als.factors" in message
    assert (
        "wrong"
        in subprocess.run(
            [sys.executable, "-m", "segue", "doctor"], cwd=tmp_path, capture_output=True, text=True
        ).stdout
    )


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["import", "nowhere.zip"], 4, "nothing at"),
        (["import", "plays.csv", "--format", "mp4"], 2, "no format named"),
        (["import", "plays.csv", "--column", "track"], 2, "OUR_NAME=ITS_NAME"),
        (["import", "plays.csv", "--format", "mpd"], 3, ""),
        (["weekly", "nobody"], 4, "no listener"),
        (["weekly", "--week", "2026-48"], 2, "2026-W48"),
        (["weekly", "--week", "2026-W60"], 2, "week"),
        (["weekly", "-f", "mp3"], 2, "jspf"),
        (["weekly", "p01", "p02", "-f", "csv"], 2, "--out FOLDER"),
        (["weekly", "all", "-f", "csv"], 2, "--out FOLDER"),
        (["similar", "zzzzz"], 4, "No track"),
        (["tastes", "--listener", "nobody"], 4, "no listener 'nobody'"),
        (["tastes", "--listener", "p01", "--all"], 2, "exclude each other"),
        (["explain", "nobody", "folk"], 4, "no listener 'nobody'"),
        (["train", "--unit", "cats"], 2, "playlists"),
        (["library", "-l", "elsewhere"], 4, "segue import"),
        (["models", "--rollback", "cats"], 4, "cats"),
        (["--no-such-option"], 2, "No such option"),
    ],
)
def test_mistakes_are_told_in_a_line_with_a_code(
    home: Path, arguments: list[str], code: int, word: str
) -> None:
    assert word in segue(*arguments, cwd=home, code=code)


def test_an_empty_library_says_what_to_do(tmp_path: Path) -> None:
    segue("library", cwd=tmp_path, code=4)
    (tmp_path / "x.txt").write_text("hello")
    segue("import", "x.txt", cwd=tmp_path, code=3)
    segue("train", cwd=tmp_path, code=2)


@pytest.mark.slow
def test_the_demo_goes_from_nothing_to_a_report(tmp_path: Path) -> None:
    text = segue("demo", "--terminal", "--listeners", "80", "--tracks", "600", cwd=tmp_path)
    assert "Because you played" in text
    for shown in ("A radio, with one skip", "A session that the agent leads", "The week's list in order"):
        assert shown in text
    page = (tmp_path / "segue-demo" / "report.html").read_text()
    assert page.count("<figure role=") >= 5
    assert len(list((tmp_path / "segue-demo" / "playlists").glob("*.jspf"))) == 80


def test_the_demo_replaces_nothing_but_a_demo(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter").touch()
    segue("demo", "--terminal", "--folder", "mine", cwd=tmp_path, code=2)
    assert (tmp_path / "mine" / "letter").exists()


def test_a_list_is_shown_by_taste_and_what_is_of_none_last(capsys: pytest.CaptureFixture[str]) -> None:
    def playlist(*tastes: str | None) -> Playlist:
        entries = tuple(
            PlaylistEntry(at, TrackCard(f"t{at}", f"Song {at}", ("Band",)), taste=taste)
            for at, taste in enumerate(tastes, 1)
        )
        return Playlist("Discover Weekly", "ana", "2026-W48", datetime(2026, 11, 23, tzinfo=UTC), entries)

    def words(shown: Playlist) -> list[str]:
        print_playlist(shown)
        lines = capsys.readouterr().out.split("for ana")[1].splitlines()
        return [line.split("-")[-1].strip() for line in lines if line.strip()]

    assert words(playlist("Jazz", None, "Folk", "Jazz")) == [
        *("Jazz", "Song 1", "Song 4"),
        *("Folk", "Song 3"),
        *("Further afield", "Song 2"),
        "Shown by taste; the numbers are the order in which it plays.",
    ]
    assert words(playlist(None, None)) == ["Song 1", "Song 2"]
