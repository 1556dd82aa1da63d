"""Settings: from a file and the environment, overridden by options; light to load."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from segue.cli.app import app
from segue.errors import UsageError
from segue.settings import Settings, as_toml, load_settings


def test_every_section_is_written_and_read_back(tmp_path: Path) -> None:
    file = tmp_path / "segue.toml"
    file.write_text(as_toml(load_settings()))
    assert all(f"\n[{name}" in file.read_text() for name in Settings.model_fields)
    assert load_settings(file).model_dump() == load_settings().model_dump()


def test_file_and_environment_reach_the_rooms_that_simulate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("[world]\nepochs = 5\nshuffled = false\n[agents]\niterations = 7\nhidden = [8, 8]\n")
    monkeypatch.setenv("SEGUE_AGENTS__ITERATIONS", "9")
    found = load_settings(file)
    assert (found.world.epochs, found.world.shuffled, found.agents.hidden) == (5, False, (8, 8))
    assert found.agents.iterations == 9
    file.write_text("[agents]\nreturns = 'nothing'\n")
    with pytest.raises(UsageError, match=r"agents\.returns"):
        load_settings(file)


def test_what_is_set_of_a_town_alone_is_other_than_its_name_says(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("[town]\nmonths = 0.25\n[tastes]\nmost = 3\n")
    found = load_settings(file)
    assert found.town == {"months": 0.25} and "\n[town]\n" in as_toml(found)
    assert found.tastes.most == 3
    file.write_text("[tastes]\nmany = 3\n")
    with pytest.raises(UsageError, match=r"tastes\.many: there is no such setting"):
        load_settings(file)


def test_a_file_of_all_settings_is_written_once(tmp_path: Path) -> None:
    file = tmp_path / "segue.toml"
    run = CliRunner().invoke
    assert run(app, ["config", "init", str(file)]).exit_code == 0
    assert load_settings(file).model_dump() == load_settings().model_dump()
    file.write_text("[weekly]\ntracks = 7\n")
    assert isinstance(run(app, ["config", "init", str(file)]).exception, UsageError)
    assert "tracks = 7" in run(app, ["config", "show", "--config", str(file)]).stdout
    assert "tracks = 7" in run(app, ["config", "--config", str(file)]).stdout


def test_settings_load_no_network() -> None:
    code = "import sys, segue.settings; print([m for m in ('jax', 'gymnasium', 'optax') if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
