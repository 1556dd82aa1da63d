"""A service over a small trained library, without a network."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from tests.trained_agent import put_agent, put_sound

from segue.engine import Engine
from segue.engine.weekly import weekly
from segue.library import Library
from segue.playlists.playlist import week_of
from segue.service.app import create_app
from segue.service.house import House
from segue.settings import ServiceConfig, Settings

EARLIER = "2026-W30"
As = Callable[..., dict[str, str]]


@pytest.fixture(scope="session")
def listed(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the trained library with lists of p01 and p02 of one week. Not to be changed."""
    folder = tmp_path_factory.mktemp("listed") / "library"
    shutil.copytree(trained, folder)
    weekly(Engine.open(folder), EARLIER, listeners=["p01", "p02"])
    return folder


@pytest.fixture
def library(listed: Path, tmp_path: Path) -> Library:
    """A copy of it that a test may change."""
    shutil.copytree(listed, tmp_path / "library")
    return Library.open(tmp_path / "library")


@pytest.fixture(scope="session")
def led(listed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the same library, where an agent leads. Not to be changed."""
    folder = tmp_path_factory.mktemp("led") / "library"
    shutil.copytree(listed, folder)
    put_sound(Library.open(folder))
    put_agent(Library.open(folder), used=True)
    return folder


@pytest.fixture
def agent_library(led: Path, tmp_path: Path) -> Library:
    """A copy of it that a test may change."""
    shutil.copytree(led, tmp_path / "led")
    return Library.open(tmp_path / "led")


@pytest.fixture
def client(library: Library) -> Iterator[TestClient]:
    """The service, with lists of p01 and p02 of one week."""
    with serving(library.path) as client:
        yield client


def serving(path: Path, **service: object) -> TestClient:
    settings = Settings(service=ServiceConfig(**{"rate": 0, "warm": False, "timeout": 600.0, **service}))
    return TestClient(create_app(path, settings), raise_server_exceptions=False)


@pytest.fixture
def house(client: TestClient) -> House:
    return client.app.state.house


@pytest.fixture
def holding(house: House) -> As:
    """Headers with a token of a listener; of everybody's, or an administrator's, without one."""

    def headers(listener: str | None = "p01", *scopes: str, everybody: bool = False) -> dict[str, str]:
        chosen = scopes or (("submit", "read", "write") if listener or everybody else ("admin",))
        token = house.tokens.create(listener, chosen, everybody=everybody)
        return {"Authorization": f"Bearer {token}"}

    return headers


def this_week() -> str:
    from datetime import UTC, datetime

    return week_of(datetime.now(UTC))
