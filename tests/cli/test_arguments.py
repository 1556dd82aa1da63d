"""Arguments that no verb can take are told before any work; verbs and parameters are found from the app."""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from segue.cli.app import app
from segue.cli.verbs import KEPT, LISTENERS, WRITTEN
from segue.errors import SegueError, UsageError
from segue.library import Library
from segue.playlists.training import train

HUGE = "1" + "0" * 30
# Verbs that only read; all others say before any work that the library cannot be written to.
READING = {
    "formats",
    "config",
    "config init",  # of no library
    "library",
    "doctor",
    "models",
    "explain",
    "similar",
    "radio",
    "sequence",
    "evaluate",
}
READING |= {
    "schedule",
    "schedule run",
    "weekly guest",
    "weekly why-not",
    "serve",
    "backup",
    "restore",  # into a new folder
    "token create",
    "token list",
    "token revoke",
    "agents compare",
    "import",  # these two take the library's lock before anything else that takes long
    "split",
    "files list",
    "files missing",
    "players",
    "players add",  # into a file of their own, not of the library
    "players remove",
    "players test",
    "players push",
}


def _verbs(command: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if hasattr(command, "commands"):
        for inner, each in command.commands.items():
            usual = inner == getattr(command, "usual", None)
            yield from _verbs(each, name if usual else f"{name} {inner}".strip())
    else:
        yield name, command


VERBS = dict(_verbs(typer.main.get_command(app)))


def _mistakes(parameter: Any) -> list[str]:
    """What this parameter cannot be."""
    kind = parameter.type_descriptor.annotation
    if kind in (int, float):
        return [HUGE, "-" + HUGE]
    if parameter.name in LISTENERS:
        return ["", " ", "x" * 300, "a\0b", "a\nb"]
    if kind in (Path, list[Path]):
        strange = ["a\udcffb"] if parameter.name in KEPT else []
        return ["a\0b", "", *strange]  # nothing, as "$FILE" is where FILE was never set
    return ["a\0b", "a\udcffb"] if kind in (str, list[str]) else []


def _given(command: Any, parameter: Any, value: str) -> list[str]:
    """The command's arguments with `value` for the parameter, and something for what it needs besides."""
    words = []
    for each in command.params:
        if each is parameter and each.param_type_name == "option":
            words += [f"{each.opts[0]}={value}"]
        elif each.param_type_name == "option" and each.required:
            words += [f"{each.opts[0]}=x"]
        elif each.param_type_name == "argument" and (each.required or each is parameter):
            words += [value if each is parameter else "x"]
    return words


def begun(*_: object, **__: object) -> None:
    """In the place of work that is not to be reached."""
    raise AssertionError("work was begun")


@pytest.mark.parametrize("verb", VERBS)
def test_what_no_verb_can_take_is_told_before_any_work(
    verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Library, "open", begun)
    monkeypatch.setattr("segue.settings.load_settings", begun)
    tried = 0
    for parameter in VERBS[verb].params:
        for value in _mistakes(parameter):
            arguments = _given(VERBS[verb], parameter, value)
            with pytest.raises(Exception) as told:
                VERBS[verb].main(arguments, standalone_mode=False)
            assert isinstance(told.value, SegueError) or "Usage" in type(told.value).__mro__[1].__name__
            assert getattr(told.value, "exit_code", None) == 2, (arguments, told.value)
            assert len(str(told.value)) < 1_000
            tried += 1
    assert tried or verb in ("formats",)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "verb", [name for name, verb in VERBS.items() if {p.name for p in verb.params} & {*WRITTEN}]
)
def test_where_nothing_can_be_written_is_told_before_any_work(
    verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Library, "open", begun)
    (tmp_path / "file").touch()
    for parameter in VERBS[verb].params:
        if parameter.name in WRITTEN:
            arguments = _given(VERBS[verb], parameter, str(tmp_path / "file" / "page.html"))
            with pytest.raises(UsageError, match="cannot be written"):
                VERBS[verb].main(arguments, standalone_mode=False)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of few plays, trained."""
    folder = tmp_path_factory.mktemp("arguments")
    lines = ["listener,artist,track,time,played_ms,duration_ms"]
    for person in range(6):
        for play in range(30):
            at = 1_760_000_000 + person * 7_001 + play * 331
            lines.append(f"p{person},Band {play % 5},Song {play % 9},{at},190000,200000")
    (folder / "plays.csv").write_text("\n".join(lines) + "\n")
    from segue.factors.config import ALSConfig
    from segue.factors.model import FactorConfig
    from segue.library.importing import import_path

    opened = Library.open(folder / "library", create=True)
    import_path(opened, folder / "plays.csv")
    train(opened, FactorConfig(als=ALSConfig(factors=4, iterations=1, random_state=0)))
    return opened.path


WRITE = [
    *(
        "train",
        "train --vectors",
        "train vectors",
        "train network",
        "world",
        "agents train",
        "weekly",
        "weekly p1",
    ),
    *("weekly all", "tastes", "tune", "forget p1 --yes", "withdraw table", "schedule once", "town"),
    "exclude p1 --from 2020-01-01 --to 2030-01-01",
    *("models rollback factors", "models prune factors --keep 1"),
    *("files scan .", "files sounds", "files forget .", "players pull", "players sync"),
]


def _verb(command: str) -> str:
    words = command.split()
    return next(verb for n in (2, 1) if (verb := " ".join(words[:n])) in VERBS)


def test_every_verb_that_writes_is_here() -> None:
    assert set(VERBS) - READING - {"demo"} == {_verb(each) for each in WRITE} - READING


@pytest.mark.parametrize("command", WRITE)
def test_a_library_that_cannot_be_written_to_is_noticed_before_any_work(
    command: str,
    library: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    real = tempfile.TemporaryFile

    def temporary(*arguments: Any, **named: Any) -> Any:
        inside = library in (where := Path(named.get("dir") or ".")).parents or where == library
        return refused() if inside else real(*arguments, **named)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.TemporaryFile", temporary)
    monkeypatch.setattr("filelock.FileLock.acquire", refused)
    for place in ("factors.model.FactorModel.fit_observations", "engine.tastes.tastes_of", "town.build"):
        monkeypatch.setattr(f"segue.{place}", begun)
    name = max((verb for verb in VERBS if f"{command} ".startswith(f"{verb} ")), key=len)
    arguments = [*command.removeprefix(name).split(), "--library", str(library)]
    with pytest.raises(UsageError, match=r"cannot be written to.*Try: change its permissions"):
        VERBS[name].main(arguments, standalone_mode=False)
