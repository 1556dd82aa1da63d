"""A browser without scripts, signed in to the pages of a small library."""

import re
from collections.abc import Callable, Iterator

import pytest
from fastapi.testclient import TestClient

from segue.library import Library
from segue.service.app import create_app
from segue.settings import ServiceConfig, Settings

KEY = "the-key-of-this-run"
Send = Callable[..., object]


@pytest.fixture
def visitor(library: Library) -> Iterator[TestClient]:
    """Nobody yet; lists of p01 and p02 of one week are there."""
    app = create_app(library.path, Settings(service=ServiceConfig(rate=0)), key=KEY)
    with TestClient(app, raise_server_exceptions=False, base_url="http://127.0.0.1:8420") as client:
        yield client


@pytest.fixture
def p01(visitor: TestClient) -> TestClient:
    """p01, by a token of their own."""
    token = visitor.app.state.house.tokens.create("p01")
    assert visitor.post("/sign-in", data={"token": token}).status_code == 200
    return visitor


def word(client: TestClient, page: str = "/week") -> str:
    """What a form of a page says, so that it is known to come from there."""
    found = re.search(r'name="word" value="(\w+)"', client.get(page).text)
    assert found is not None
    return found[1]
