"""Settings: from a file and the environment, overridden by options; light to load."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

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


def test_settings_load_no_network() -> None:
    code = "import sys, segue.settings; print([m for m in ('jax', 'gymnasium', 'optax') if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
