"""The house itself: formatted, typed, arrows in one direction, nothing heavy at the door, documents kept."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import typer

from segue.engine import Engine
from segue.library import Library

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "segue"
# Data moves down this list: a room imports from those above it, never from those below.
ROOMS = (
    *(
        "wording",
        "errors",
        "files",
        "arrays",
        "compiling",
        "draws",
        "namespace",
        "progress",
        "events",
        "processes",
        "report",
        "layout",
    ),
    *("shelf", "library", "factors", "ranking", "sequences", "tastes", "neighbours", "world", "town"),
    *(
        "agents",
        "playlists",
        "settings",
        "engine",
        "players",
        "evaluation",
        "upkeep",
        "service",
        "demo",
        "terminal",
        "cli",
    ),
)


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


@pytest.mark.parametrize("arguments", [["check"], ["format", "--check"]], ids=" ".join)
def test_ruff_is_content(arguments: list[str]) -> None:
    result = _run(sys.executable, "-m", "ruff", *arguments, "src", "tests", "benchmarks")
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_types_fit() -> None:
    result = _run(sys.executable, "-m", "ty", "check", "--python", sys.prefix, "src")
    assert result.returncode == 0, result.stdout + result.stderr


def _imports(file: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.lineno, node.module
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)


def test_a_room_imports_only_from_rooms_above_it() -> None:
    wrong = []
    for file in SOURCE.rglob("*.py"):
        room = file.relative_to(SOURCE).parts[0].removesuffix(".py")
        if room in ("__init__", "__main__", "testing"):
            continue
        assert room in ROOMS, f"{room} has no place in the order of the rooms"
        for line, module in _imports(file):
            parts = module.split(".")
            other = parts[1] if parts[0] == "segue" and len(parts) > 1 else room
            if other in ROOMS and ROOMS.index(other) > ROOMS.index(room):
                wrong.append(f"{file.relative_to(ROOT)}:{line} imports {module}")
    assert not wrong, "\n".join(wrong)


def test_serving_imports_no_training_evaluation_or_town() -> None:
    modules = {".".join(file.relative_to(SOURCE.parent).with_suffix("").parts): file for file in _modules()}
    modules = {name.removesuffix(".__init__"): file for name, file in modules.items()}
    asked, met = [name for name in modules if name.startswith("segue.engine")], set()
    while asked:
        name = asked.pop()
        if name not in met and name != "segue":  # the door, which imports nothing until it is asked
            met.add(name)
            asked += [module for _, module in _imports(modules[name]) if module in modules]
    training = {name for name in met if name.endswith("training") or name.split(".")[1:2] == ["town"]}
    training |= {name for name in met if name.split(".")[1:2] in (["evaluation"], ["upkeep"], ["cli"])}
    assert not training, training


def _modules() -> Iterator[Path]:
    yield from (file for file in SOURCE.rglob("*.py") if file.parent.name != "testing")


# Modules of the standard library that Windows has not.
POSIX = {"crypt", "fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty"}


def test_nothing_is_imported_that_windows_has_not() -> None:
    found = set()
    for file in _modules():
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {(file.name, each.name) for each in node.names if each.name in POSIX}
            elif isinstance(node, ast.ImportFrom) and node.module in POSIX:
                found.add((file.name, node.module))
    assert not found


def test_help_comes_at_once_and_imports_nothing_heavy() -> None:
    heavy = ("numpy", "pyarrow", "ibis", "numba", "jax", "gensim", "faiss", "altair", "pandas", "pydantic")
    code = f"""
import sys
from segue.cli.root import MODULES, registered
for module in MODULES.values():
    registered(module)
print([m for m in {heavy!r} if m in sys.modules])
"""
    assert _run(sys.executable, "-c", code).stdout.strip() == "[]"
    # Processor time, compared with Typer's own start, so that it holds on a busy machine too.
    fastest = min(_seconds("-m", "segue", "--help") for _ in range(3))
    assert fastest < 3 * min(_seconds("-c", "import typer.main") for _ in range(3))


def test_answers_load_nothing_that_only_training_needs() -> None:
    heavy = (
        "jax",
        "optax",
        "equinox",
        "gensim",
        "faiss",
        "lightgbm",
        "altair",
        "pandas",
        "sqlalchemy",
        "ibis",
    )
    heavy += ("duckdb", "scipy.linalg", "scipy.special", "scipy.stats", "segue.library.readers")
    code = f"""
import sys
import segue.engine.weekly, segue.engine.tastes, segue.engine.similar, segue.engine.radio
import segue.engine.explaining
import segue.factors.model, segue.factors.blend, segue.sequences.blend, segue.sequences.loading
print([m for m in {heavy!r} if m in sys.modules])
"""
    assert _run(sys.executable, "-c", code).stdout.strip() == "[]"


def test_one_listeners_answers_ask_no_tables(library: Library) -> None:
    """What a training kept is enough while nothing has changed since, once the week's tastes are found."""
    Engine(library).tastes("p01")
    code = f"""
import sys
from segue.engine import Engine
engine = Engine.open({str(library.path)!r})
assert engine.weekly("p01").entries and engine.tastes("p01")
print([m for m in ("ibis", "duckdb", "jax", "scipy.special", "segue.library.readers") if m in sys.modules])
"""
    result = _run(sys.executable, "-c", code)
    assert result.stdout.strip() == "[]", result.stdout + result.stderr


def test_an_order_and_a_session_need_nothing_that_compiles() -> None:
    heavy = ("jax", "optax", "equinox", "numba", "gensim", "scipy")
    code = f"""
import sys
import segue.engine.sequence, segue.agents.leading
print([m for m in {heavy!r} if m in sys.modules])
"""
    assert _run(sys.executable, "-c", code).stdout.strip() == "[]"


def test_the_first_page_of_help_shows_every_verb_once() -> None:
    from segue.cli.root import MODULES, registered

    modules = set(MODULES.values())
    assert sorted(verb for module in modules for verb in registered(module).texts()) == sorted(MODULES)
    files = (SOURCE / "cli").glob("*.py")
    assert {file.stem for file in files if "\ndef register(" in file.read_text("utf-8")} == modules


def _seconds(*arguments: str) -> float:
    """Of processor."""
    before = os.times()
    assert _run(sys.executable, *arguments).returncode == 0
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def test_every_verb_has_help_and_stands_in_the_reference() -> None:
    from segue.cli.app import app

    reference = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    for name, command in typer.main.get_command(app).commands.items():
        assert command.help, name
        assert re.search(rf"^## segue {name}\b", reference, re.M), (
            f"docs/cli.md lacks {name}: python docs/make_cli.py"
        )


def test_the_reference_of_the_command_line_is_up_to_date() -> None:
    result = _run(sys.executable, "docs/make_cli.py", "--check")
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_commands_of_the_readme_are_those_of_the_tests() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "uv run segue demo" in readme
    assert "uv run --group dev pytest" in readme
    assert "uv run --group dev pytest" in ci


def test_the_python_of_the_readme_runs() -> None:
    _, code = _readme_python()
    given = (
        "from scipy.sparse import random as sparse\nuser_items = sparse(30, 40, 0.2, 'csr', random_state=0)\n"
    )
    result = _run(sys.executable, "-c", given + code + "assert ids.shape == scores.shape == (10,)")
    assert result.returncode == 0, result.stderr


def test_the_door_of_the_readme_opens(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(trained, tmp_path / "library")
    monkeypatch.chdir(tmp_path)
    code, _ = _readme_python()
    exec(code.replace('"me"', '"p03"'), {})
    assert (tmp_path / "monday.jspf").stat().st_size > 1000


def _readme_python() -> list[str]:
    return re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.S)


def test_the_door_is_light_and_every_name_is_there() -> None:
    import segue

    assert [name for name in segue.__all__ if not hasattr(segue, name)] == []
    code = (
        "import sys, segue; print(len([m for m in sys.modules if m.split('.')[0] in ('numpy', 'pyarrow')]))"
    )
    assert _run(sys.executable, "-c", code).stdout.strip() == "0"


def test_links_between_documents_lead_somewhere() -> None:
    broken = []
    for file in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]:
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", file.read_text(encoding="utf-8")):
            if not (file.parent / target).exists():
                broken.append(f"{file.name}: {target}")
    assert not broken, broken


def test_what_the_source_imports_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [
        *project["dependencies"],
        *(one for extra in project["optional-dependencies"].values() for one in extra),
    ]
    # llvmlite comes with numba, in the one version that fits it.
    declared = (
        {"llvmlite"} | {_plain(re.split(r"[<>=\[; ]", requirement)[0]) for requirement in wanted} | {"segue"}
    )
    homes = packages_distributions()
    missing = set()
    for file in SOURCE.rglob("*.py"):
        for _, module in _imports(file):
            top = module.split(".")[0]
            if top in sys.stdlib_module_names or file.parent.name == "testing":
                continue
            if not {_plain(name) for name in homes.get(top, [top])} & declared:
                missing.add(f"{top} ({file.relative_to(SOURCE)})")
    assert not missing, missing


def _plain(distribution: str) -> str:
    return distribution.lower().replace("_", "-")
