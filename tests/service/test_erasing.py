"""Who is forgotten is erased from the service's database too."""

from tests.service.conftest import serving
from typer.testing import CliRunner

from segue.cli.app import app
from segue.library import Library
from segue.service.erasing import erase_in
from segue.service.inbox import Listen
from segue.upkeep.forget import forget


def test_forgetting_clears_the_services_database(library: Library) -> None:
    with serving(library.path) as client:
        token = client.app.state.house.tokens.create("p01", note="of p01")
        mine = {"Authorization": f"Bearer {token}"}
        assert client.post("/v1/radio", headers=mine, json={}).status_code == 201
        other = client.app.state.house.tokens.create("p02")
    done = CliRunner().invoke(app, ["forget", "p01", "--library", str(library.path), "--yes"])
    assert done.exit_code == 0, done.output
    assert "service: streams" in done.output
    assert erase_in(library.path, None, "p01", dry_run=True) == {}
    assert erase_in(library.path, None, "p02", dry_run=True) == {"tokens": 1}
    with serving(library.path) as client:
        assert client.get("/v1/tastes", headers=mine).status_code == 401
        held = {"Authorization": f"Bearer {other}"}
        assert client.get("/v1/tastes", headers=held).status_code == 200


def test_what_comes_in_while_somebody_is_forgotten_is_erased(library: Library) -> None:
    """Of somebody whom the library did not know yet, too."""
    listens = [Listen(1_700_000_000 + n, str(n), {"artist_name": "A", "track_name": "B"}) for n in range(3)]
    with serving(library.path) as client:
        house = client.app.state.house
        for who in ("p01", "somebody-new", "p02"):
            house.writer.write(lambda connection, who=who: house.inbox.accept(connection, who, listens))
        for who in ("p01", "somebody-new"):
            assert forget(Library.open(library.path), who, known=True).left  # the service still has them
        assert house.take_in() == 9
        held = Library.open(library.path).arrow("listens")["listener_id"].to_pylist()
        assert {"p01", "somebody-new"}.isdisjoint(held)
        assert "p02" in held
        for who in ("p01", "somebody-new"):
            assert forget(Library.open(library.path), who).left == []
        assert erase_in(library.path, None, "p02", dry_run=True) == {"listens": 3}
