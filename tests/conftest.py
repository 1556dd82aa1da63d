"""What holds for all tests, and a trained library that many share."""

import os
import shutil
from pathlib import Path

import pytest
from tests.trained import build

from segue.library import Library

# Tests compile many small programs and run each a few times: quick compilation beats quick programs by far.
# Set before JAX is imported, here and in the processes that tests start.
os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a library of forty listeners of one or two of four kinds of songs. Not to be changed."""
    return build(tmp_path_factory.mktemp("trained") / "library")


@pytest.fixture
def library(trained: Path, tmp_path: Path) -> Library:
    """A copy of the trained library that a test may change."""
    shutil.copytree(trained, tmp_path / "library")
    return Library.open(tmp_path / "library")
