"""What trains sees the canonical tables and nothing else of a town."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path

import pytest

import segue
from segue.errors import UsageError
from segue.factors.config import ALSConfig
from segue.factors.model import FactorConfig
from segue.library import Library
from segue.library.tables import TABLES
from segue.playlists.training import train
from segue.shelf.names import FACTORS, shelf_of
from segue.town import Town, TownConfig, build

SOURCE = Path(segue.__file__).parent
# Rooms that learn or recommend. Evaluation may look at the truth: it judges.
LEARNING = ("library", "factors", "taste", "neighbours", "playlists", "shelf")
LEARNING_JOBS = ("train", "weekly", "monday", "tastes")


@pytest.fixture(scope="module")
def town() -> Town:
    return build(TownConfig.named("ordinary", listeners=40, tracks=600, months=0.5), seed=6)


@pytest.fixture(scope="module")
def library(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Library:
    library = Library.open(tmp_path_factory.mktemp("apart") / "library", create=True)
    town.write(library)
    return library


def _imported(path: Path) -> set[str]:
    """Every module that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def test_nothing_that_learns_imports_the_town() -> None:
    paths = [path for room in LEARNING for path in (SOURCE / room).rglob("*.py")]
    paths += [path for name in LEARNING_JOBS if (path := SOURCE / "jobs" / f"{name}.py").exists()]
    assert len(paths) > 30
    for path in paths:
        towns = {name for name in _imported(path) if name.startswith("segue.town")}
        assert not towns, f"{path} imports {towns}"


def test_a_model_is_the_same_byte_for_byte_with_the_truth_at_hand(
    town: Town, library: Library, tmp_path: Path
) -> None:
    config = FactorConfig(als=ALSConfig(factors=8, iterations=2, random_state=0))
    models = []
    for name in ("alone", "with truth"):
        copy = tmp_path / name / "library"
        shutil.copytree(library.path, copy)
        if name == "with truth":
            town.save_truth(tmp_path / name / "truth")
        version = train(Library.open(copy), config).version
        folder = shelf_of(copy).path(FACTORS, version)
        # The manifest tells when the model was made; all else is what was learned.
        files = (path for path in folder.rglob("*") if path.is_file() and path.name != "manifest.json")
        models.append({str(path.relative_to(folder)): path.read_bytes() for path in files})
    assert models[0]
    assert models[0] == models[1]


def test_the_tables_hold_no_truth(library: Library) -> None:
    for name, schema in TABLES.items():
        assert set(library.arrow(name).schema.names) <= set(schema.names)
    features = {key for row in library.arrow("tracks")["features"].to_pylist() for key, _ in row or ()}
    assert features
    assert not features & {"vector", "quality", "taste", "genre", "affinity"}


def test_the_truth_is_refused_inside_a_library(town: Town, library: Library) -> None:
    for folder in (library.path, library.path / "shelf" / "truth"):
        with pytest.raises(UsageError, match="may not lie in a library"):
            town.save_truth(folder)
