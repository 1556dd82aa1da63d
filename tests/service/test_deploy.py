"""What `deploy/` says is what there is: extras, options, settings, ports, files."""

import os
import re
import tomllib
from pathlib import Path

import pytest
import typer

from segue.cli.app import app
from segue.settings import ServiceConfig, Settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
FILES = {path.name: path.read_text(encoding="utf-8") for path in sorted(DEPLOY.iterdir())}


def test_extras_are_there() -> None:
    known = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    asked = [
        extra
        for text in (*FILES.values(), (ROOT / "docs" / "service.md").read_text())
        for group in re.findall(r"(?:segue|\.)\[([a-z,]+)\]", text)
        for extra in group.split(",")
    ]
    assert len(asked) >= 6
    assert set(asked) <= set(known)


def test_commands_take_their_options() -> None:
    verbs = typer.main.get_command(app).commands
    lines = re.findall(
        r"(?:bin/segue|run --rm segue|ExecStart=\S*segue) (\w+)([^\n(]*)", FILES["segue.service"]
    )
    lines += re.findall(r"run --rm segue (\w+)([^\n(]*)", FILES["compose.yaml"])
    lines += [("serve", " ".join(re.findall(r'CMD \["serve", (.*)\]', FILES["Dockerfile"])))]
    assert len(lines) >= 4
    for verb, rest in lines:
        known = {option for each in verbs[verb].params for option in each.opts}
        assert set(re.findall(r"--[a-z-]+", rest)) <= known, verb


def test_settings_and_ports_are_the_service_s(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("SEGUE_"):
            monkeypatch.delenv(name)
    for name in re.findall(r"(SEGUE_\w+__\w+):", FILES["compose.postgres.yaml"]):
        monkeypatch.setenv(name, "postgresql://segue:x@postgres/segue")
    assert Settings().service.database == "postgresql://segue:x@postgres/segue"
    port = str(ServiceConfig().port)
    for name in ("Dockerfile", "compose.yaml"):
        assert set(re.findall(r"\b8\d{3}\b", FILES[name])) == {port}
    assert "127.0.0.1:8420:8420" in FILES["compose.yaml"]  # on this machine alone
    assert '"--host", "0.0.0.0"' in FILES["Dockerfile"]


def test_what_is_copied_is_there_and_nobody_is_root() -> None:
    for line in re.findall(r"^COPY (?!--)(.*)$", FILES["Dockerfile"], re.M):
        assert all((ROOT / name).exists() for name in line.split()[:-1]), line
    assert re.search(r"^USER segue$", FILES["Dockerfile"], re.M)
    assert "read_only: true" in FILES["compose.yaml"] and "cap_drop: [ALL]" in FILES["compose.yaml"]
    unit = FILES["segue.service"]
    for guard in ("NoNewPrivileges=yes", "ProtectSystem=strict", "DynamicUser=yes", "CapabilityBoundingSet="):
        assert re.search(rf"^{re.escape(guard)}$", unit, re.M), guard
