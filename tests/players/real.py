"""Real players, each a process of its own on a folder of audio files; one that is missing skips the test."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

PASSWORD = "secret"
PATIENCE = 60.0  # seconds for a player to start


@contextlib.contextmanager
def supysonic(music: Path, folder: Path) -> Generator[str]:
    """The address of a supysonic that has scanned `music`, with a user ana."""
    if importlib.util.find_spec("supysonic") is None:
        pytest.skip("supysonic is not installed (it is in the group dev)")
    folder.mkdir(parents=True, exist_ok=True)
    settings = f"[base]\ndatabase_uri = sqlite:///{folder}/supysonic.db\n"
    settings += f"[webapp]\ncache_dir = {folder}/cache\nmount_webui = off\n[daemon]\nrun_watcher = off\n"
    (folder / "supysonic.conf").write_text(settings)
    script = f"""
from supysonic.cli import cli
from supysonic.config import IniConfig
from supysonic.db import init_database, release_database
config = IniConfig.from_common_locations()
init_database(config.BASE["database_uri"])
for words in (["user", "add", "ana", "-p", "{PASSWORD}"], ["folder", "add", "music", {str(music)!r}]):
    cli.main(words, obj=config, standalone_mode=False)
release_database()
"""
    _python(folder, script)
    scan_with_supysonic(folder)
    port = free_port()
    serve = "from supysonic.web import create_application\nfrom werkzeug.serving import run_simple\n"
    serve += f"run_simple('127.0.0.1', {port}, create_application(), threaded=True)"
    with running([sys.executable, "-c", serve], folder, lambda: _listens(port)):
        yield f"http://127.0.0.1:{port}"


def scan_with_supysonic(folder: Path) -> None:
    """Let it look at its music again."""
    scan = "from supysonic.cli import main\nmain()"
    _python(folder, scan, "folder", "scan", "--foreground", "music")


@contextlib.contextmanager
def mpd(music: Path, folder: Path, password: str = "") -> Generator[str]:
    """The address of an mpd that has read `music`; it plays into nothing."""
    program = _program("mpd")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "playlists").mkdir(exist_ok=True)
    port = free_port()
    (folder / "mpd.conf").write_text(
        f'music_directory "{music}"\nplaylist_directory "{folder}/playlists"\ndb_file "{folder}/db"\n'
        f'log_file "{folder}/log"\nstate_file "{folder}/state"\nbind_to_address "127.0.0.1"\nport "{port}"\n'
        'audio_output {\n type "null"\n name "nothing"\n}\n'
        + (f'password "{password}@read,add,control,admin"\ndefault_permissions ""\n' if password else "")
    )
    with running([program, "--no-daemon", str(folder / "mpd.conf")], folder, lambda: _listens(port)):
        _updated(port, password)
        yield f"127.0.0.1:{port}"


@contextlib.contextmanager
def mopidy(music: Path, folder: Path) -> Generator[str]:
    """The address of mopidy's mpd frontend, with mopidy-local over `music`."""
    program = _program("mopidy")
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    config = folder / "mopidy.conf"
    config.write_text(
        f"[core]\ncache_dir = {folder}/cache\nconfig_dir = {folder}/config\ndata_dir = {folder}/data\n"
        f"[local]\nmedia_dir = {music}\n[audio]\noutput = fakesink sync=true\n[http]\nenabled = false\n"
        f"[m3u]\nplaylists_dir = {folder}/playlists\n[file]\nenabled = false\n[stream]\nenabled = false\n"
        f"[mpd]\nenabled = true\nhostname = 127.0.0.1\nport = {port}\n"
    )
    (folder / "playlists").mkdir(exist_ok=True)
    command = [program, "--config", str(config)]
    scanned = subprocess.run([*command, "local", "scan"], cwd=folder, capture_output=True, text=True)
    if scanned.returncode:
        pytest.skip(f"mopidy-local is not installed: {scanned.stderr[-300:]}")
    with running(command, folder, lambda: _listens(port)):
        yield f"127.0.0.1:{port}"


@contextlib.contextmanager
def running(command: list[str], folder: Path, ready: Callable[[], bool]) -> Generator[None]:
    """A process until it is no longer needed."""
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT)
    try:
        until = time.monotonic() + PATIENCE
        while not ready():
            if process.poll() is not None or time.monotonic() > until:
                pytest.fail(f"{command[0]} did not start: {(folder / 'output').read_text()[-2000:]}")
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def _updated(port: int, password: str) -> None:
    """Wait until mpd has read all files."""
    import mpd

    client = mpd.MPDClient()
    client.connect("127.0.0.1", port)
    if password:
        client.password(password)
    try:
        client.update()
        until = time.monotonic() + PATIENCE
        while "updating_db" in client.status() and time.monotonic() < until:
            time.sleep(0.05)
    finally:
        client.close()
        client.disconnect()


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed (Debian's package {name})")
    return found


def _python(folder: Path, script: str, *words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", script, *words],
        cwd=folder,
        env={**os.environ, "HOME": str(folder)},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        pytest.fail(f"supysonic: {done.stderr[-2000:]}")
