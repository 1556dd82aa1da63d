"""Who plays podcasts has a list of episodes beside that of music."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from fastapi.testclient import TestClient

from segue.factors.config import ALSConfig
from segue.factors.model import FactorConfig
from segue.library import Library
from segue.library.tables import LISTENS, TRACKS
from segue.playlists.memory import Weeks
from segue.playlists.training import train
from segue.service.app import create_app
from segue.service.pages.texts import text
from segue.settings import ServiceConfig, Settings

PODCASTERS = [f"p{n:02}" for n in range(1, 11)]


@pytest.fixture
def visitor(library: Library) -> Iterator[TestClient]:
    """Ten of the listeners have played half of three shows' episodes each."""
    episodes = [f"e{show}-{number}" for show in range(3) for number in range(12)]
    tracks = [
        {"track_id": e, "title": f"Episode {e}", "artists": [f"Show {e[1]}"], "medium": "podcast"}
        for e in episodes
    ]
    start = datetime(2026, 7, 1, tzinfo=UTC)
    listens = [
        {"listener_id": who, "track_id": e, "source": "table", "plays": 1}
        | {"started_at": start + timedelta(hours=3 * at)}
        for n, who in enumerate(PODCASTERS)
        for at, e in enumerate(episodes)
        if (at + n) % 2
    ]
    with library.writing() as writer:
        writer.append("tracks", pa.Table.from_pylist(tracks, schema=TRACKS))
        writer.append("listens", pa.Table.from_pylist(listens, schema=LISTENS))
    train(library, FactorConfig(als=ALSConfig(factors=8, iterations=3, random_state=0)))
    app = create_app(library.path, Settings(service=ServiceConfig(rate=0)))
    with TestClient(app, raise_server_exceptions=False, base_url="http://127.0.0.1:8420") as client:
        yield client


def test_episodes_are_offered_to_who_plays_some(visitor: TestClient) -> None:
    tokens, folder = visitor.app.state.house.tokens, visitor.app.state.house.engines.path  # ty: ignore[unresolved-attribute]
    before = Weeks(folder / "weeks").names()
    visitor.post("/sign-in", data={"token": tokens.create("p01")})
    assert 'href="/podcasts"' in visitor.get("/week").text
    page = visitor.get("/podcasts").text
    assert text("week.podcasts") in page and page.count('<li class="track"') > 5
    assert "Episode e" in page and "Song t" not in page.split("<aside")[0]
    assert 'download="p01 podcasts' in page and len(page) < 100_000
    assert "the model knows" not in page, "of songs the model of podcasts knows nothing, of course"
    assert Weeks(folder / "weeks").names() == before, "it is shown, and not kept"
    visitor.post("/sign-in", data={"token": tokens.create("p30")})
    assert "/podcasts" not in visitor.get("/week").text
    assert visitor.get("/podcasts").url.path == "/week"
