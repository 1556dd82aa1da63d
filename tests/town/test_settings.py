"""What a town is asked for is taken whole or refused with a reason; every named town can be lived in."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
import pytest

from segue.errors import NotFoundError, UsageError
from segue.town import TownConfig, build
from segue.town.config import names
from segue.town.judging import random, sparing, value
from segue.town.response import Parameters
from segue.town.truth import load_truth
from segue.world.pools import SessionDraw

NUMBERS = [name for name, field in TownConfig.model_fields.items() if field.annotation in (int, float)]
LEAST, MOST = ("ge", "gt"), ("le", "lt")


def _beyond(limits: list[Any]) -> list[float]:
    """A value on the wrong side of each limit."""
    below = [getattr(limit, key) - 1 for limit in limits for key in LEAST if hasattr(limit, key)]
    above = [getattr(limit, key) + 1 for limit in limits for key in MOST if hasattr(limit, key)]
    return [*below, *above]


@pytest.mark.parametrize("name", NUMBERS)
def test_every_number_has_limits_and_keeps_them(name: str) -> None:
    beyond = _beyond(list(TownConfig.model_fields[name].metadata))
    assert beyond, f"{name} has no limits"
    for wrong in (*beyond, float("nan"), float("inf"), "many"):
        with pytest.raises(UsageError, match=name) as refusal:
            TownConfig.named("ordinary", **{name: wrong})
        assert refusal.value.expected and refusal.value.got


@pytest.mark.parametrize("name", Parameters._fields)
def test_every_constant_of_the_law_is_checked(name: str) -> None:
    field = get_type_hints(Parameters, include_extras=True)[name].__metadata__[0]
    for wrong in (*_beyond(field.metadata), float("nan"), float("inf"), "much"):
        with pytest.raises(UsageError, match=f"response.{name}"):
            TownConfig.named("ordinary", response={name: wrong})


@pytest.mark.parametrize(
    ("name", "wrong"),
    [("tastes", ()), ("tastes", (0.0,)), ("tastes", (-1.0, 2.0)), ("tastes", (0.1,) * 9), ("start", "soon")],
)
def test_what_is_no_number_is_checked_too(name: str, wrong: Any) -> None:
    with pytest.raises(UsageError, match=name):
        TownConfig.named("ordinary", **{name: wrong})


def test_a_town_without_a_name_a_setting_that_is_not_and_a_seed_below_nothing() -> None:
    with pytest.raises(NotFoundError, match="ordinary"):
        build("atlantis")
    with pytest.raises(UsageError, match="musicians"):
        TownConfig.named("ordinary", musicians=3)
    with pytest.raises(UsageError, match="musicians"):
        TownConfig.named("ordinary", response={"musicians": 3})
    with pytest.raises(UsageError, match="0 or more"):
        build("ordinary", seed=-1)


@pytest.mark.parametrize("name", names())
def test_every_named_town_is_lived_in_and_who_knows_its_truth_earns_more(name: str) -> None:
    town = build(TownConfig.named(name, listeners=30, tracks=600, months=0.4), seed=3)
    plays = next(town.batches()).plays
    assert len(plays.row) > 30 * 20
    assert set(np.unique(plays.stage)) == {0, 1, 2, 3}
    chance, best = (value(town.truth(), policy, SessionDraw(300, 60, 2)) for policy in (random, sparing(0.3)))
    gain = best.whole - chance.whole
    assert gain.mean() > 3 * gain.std() / np.sqrt(len(gain))


@pytest.mark.parametrize(
    "extreme",
    [
        {"tracks": 500},
        {"dimensions": 64, "tastes": (1.0,)},
        {"versions": 0.0, "new_releases": 0.0, "playlists": 0.0, "podcast_listeners": 0.0},
        {"versions": 0.5, "new_releases": 0.5, "drift": 3.0, "turnover": 1.0, "tastes": (0.1,) * 8},
        {"artist_exponent": 0.0, "track_exponent": 0.0, "taste_pull": 0.0, "reach": 0.0, "narrowness": 0.0},
        {"tracks_an_artist": 200.0, "sessions_a_day": 4.0, "months": 0.1},
    ],
)
def test_towns_at_the_limits_of_their_settings_are_lived_in(extreme: dict[str, Any]) -> None:
    town = build(
        TownConfig.named("ordinary", **({"listeners": 8, "tracks": 500, "months": 0.2} | extreme)), 1
    )
    plays = next(town.batches()).plays
    assert len(plays.row) and (plays.ms > 0).all()
    assert len(set(town.names.artists)) == len(town.names.artists)


def _run(folder: Path, *arguments: object, code: int = 0, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "segue", "town", *map(str, arguments)],
        cwd=folder,
        capture_output=True,
        text=True,
        env=os.environ | {"COLUMNS": "140"} | environment,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return done.stderr if code else done.stdout


def test_two_processes_write_the_same_bytes(tmp_path: Path) -> None:
    size = ("--listeners", 20, "--tracks", 500, "--months", 0.2, "--seed", 9)
    found = []
    for number in ("1", "2"):
        folder = tmp_path / number
        folder.mkdir()
        _run(folder, "ordinary", "-l", "town", "--truth", "truth", *size, PYTHONHASHSEED=number)
        # The library's own list tells when it was made; all else is the town.
        paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "library.json")
        found.append({str(path.relative_to(folder)): path.read_bytes() for path in paths})
    assert {"truth/truth.npz", "town-town.html"} <= found[0].keys()
    assert found[0].keys() == found[1].keys()
    differ = [name for name in found[0] if found[0][name] != found[1][name]]
    assert not differ
    assert len(load_truth(tmp_path / "1" / "truth").track_ids) == 500


def test_the_command_says_what_is_wrong(tmp_path: Path) -> None:
    small = ("--listeners", 5, "--tracks", 500, "--months", 0.1)
    assert "one of crowd, niche, ordinary" in _run(tmp_path, "atlantis", "-l", "town", code=4)
    assert "--seed" in _run(tmp_path, "ordinary", "-l", "town", *small, "--seed", -1, code=2)
    assert not (tmp_path / "town").exists()
    inside = ("ordinary", "-l", "town", *small, "--truth", "town/truth")
    assert "may not lie in a library" in _run(tmp_path, *inside, code=2)
    _run(tmp_path, "ordinary", "-l", "town", *small)
    assert "library of its own" in _run(tmp_path, "ordinary", "-l", "town", *small, code=2)
