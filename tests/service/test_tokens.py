"""Who may do what."""

import time

import pytest
from fastapi.testclient import TestClient
from tests.service.conftest import EARLIER, As, serving

from segue.errors import NotFoundError, UsageError
from segue.library import Library
from segue.service import database, tables
from segue.service.house import House
from segue.service.tokens import Tokens
from segue.service.writing import Writer


def test_tokens_are_kept_as_hashes_and_can_be_revoked(house: House) -> None:
    token = house.tokens.create("p01", note="kitchen")
    held = house.tokens.find(token)
    assert held is not None
    assert held.opens("p01") and not held.opens("p02")
    with house.database.connect() as connection:
        (row,) = connection.execute(tables.TOKENS.select()).all()
    assert token not in str(row)
    assert token not in str(house.tokens.all())
    house.tokens.revoke(held.id)
    assert house.tokens.find(token) is None
    assert house.tokens.known(token) is None
    with pytest.raises(NotFoundError):
        house.tokens.revoke(held.id)


@pytest.mark.parametrize(
    ("listener", "scopes", "everybody"),
    [("p01", ["rule"], False), ("p01", [], False), (None, ["read"], False), ("p01", ["read"], True)],
)
def test_tokens_that_make_no_sense_are_refused(
    house: House, listener: str | None, scopes: list[str], everybody: bool
) -> None:
    with pytest.raises(UsageError):
        house.tokens.create(listener, scopes, everybody=everybody)


def test_the_administrators_token_is_shown_once(house: House) -> None:
    first = house.tokens.first()
    assert first is not None
    assert house.tokens.first() is None
    held = house.tokens.find(first)
    assert held is not None and held.scopes == {"admin"} and not held.opens("p01")


def test_a_token_opens_its_own_listeners_data_and_what_its_scopes_allow(
    client: TestClient, holding: As
) -> None:
    path = f"/v1/lists/{EARLIER}"
    assert client.get(path).status_code == 401
    assert client.get(path, headers={"Authorization": "Bearer nonsense"}).status_code == 401
    assert client.get(path, headers=holding("p01")).status_code == 200
    assert client.get(path, params={"listener": "p02"}, headers=holding("p01")).status_code == 403
    assert client.get(path, headers=holding("p01", "submit")).status_code == 403
    assert client.get(path, headers=holding(None)).status_code == 403
    everybody = holding(None, everybody=True)
    assert client.get(path, headers=everybody).status_code == 422  # whose?
    theirs = client.get(path, params={"listener": "p02"}, headers=everybody)
    assert theirs.json()["listener"] == "p02"
    assert client.get("/v1/tokens", headers=holding("p01")).status_code == 403


def test_an_administrator_makes_and_revokes_tokens(client: TestClient, holding: As) -> None:
    operator = holding(None)
    asked = {"listener": "p05", "scopes": ["read"], "note": "a phone"}
    made = client.post("/v1/tokens", headers=operator, json=asked)
    assert made.status_code == 201
    theirs = {"Authorization": f"Token {made.json()['token']}"}
    assert client.get("/v1/tastes", headers=theirs).status_code == 200
    number = client.get("/v1/tokens", headers=operator).json()[-1]["id"]
    assert client.delete(f"/v1/tokens/{number}", headers=operator).status_code == 204
    assert client.get("/v1/tastes", headers=theirs).status_code == 401
    assert client.post("/v1/tokens", headers=operator, json={"scopes": ["read"]}).status_code == 422


def test_nobody_else_is_named_to_somebody_new(client: TestClient, holding: As) -> None:
    for path in ("/v1/tastes", "/v1/explain?track=t1-0", "/v1/why-not?track=t1-0", "/v1/lists/1999-W01"):
        answer = client.get(path, headers=holding("p0"))
        assert answer.status_code == 404
        assert "p01" not in answer.text and "p02" not in answer.text


def test_what_is_too_much_is_refused(library: Library) -> None:
    with serving(library.path, largest_body=10_240) as client:
        mine = {"Authorization": f"Bearer {client.app.state.house.tokens.create('p01')}"}
        large = client.post("/v1/recommendations", headers=mine, json={"likes": ["x" * 20_000]})
        assert large.status_code == 413
        pieces = client.post("/v1/recommendations", headers=mine, content=(b" " * 999 for _ in range(20)))
        assert pieces.status_code == 413
        for header in ("content-security-policy", "x-content-type-options"):
            assert header in large.headers


def test_too_many_requests_are_refused(library: Library) -> None:
    from segue.service.app import create_app
    from segue.settings import ServiceConfig, Settings

    with TestClient(create_app(library.path, Settings(service=ServiceConfig(rate=3)))) as client:
        answers = [client.get("/health/live") for _ in range(8)]
        assert 429 in [each.status_code for each in answers]
        refused = next(each for each in answers if each.status_code == 429)
        assert int(refused.headers["retry-after"]) <= 10
        assert answers[0].headers["x-ratelimit-limit"] == "3"


def test_guessing_tokens_is_refused_after_some_tries(client: TestClient) -> None:
    statuses = {
        client.get("/v1/tastes", headers={"Authorization": f"Bearer {n}"}).status_code for n in range(70)
    }
    assert statuses == {401, 429}


def test_the_database_is_its_owners_alone_and_has_what_the_migrations_make(library: Library) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    engine = database.connect(library.path)
    assert (library.path / database.FILE).stat().st_mode & 0o077 == 0
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), tables.METADATA) == []
    engine.dispose()
    for url in ("mysql://x/y", "nonsense"):
        with pytest.raises(UsageError):
            database.connect(library.path, url)


def test_a_write_that_fails_fails_alone(library: Library) -> None:
    engine = database.connect(library.path)
    writer, tokens = Writer(engine), Tokens(engine)
    row = {"everybody": False, "scopes": "read", "note": "", "created_at": time.time()}
    hold = writer.submit(lambda connection: time.sleep(0.2))
    writes = [
        writer.submit(lambda c, h=h: c.execute(tables.TOKENS.insert().values(hash=h, **row)) and None)
        for h in ("a", "b", "a", "c")
    ]
    writer.close()
    assert hold.result() is None
    assert [write.exception() is None for write in writes] == [True, True, False, True]
    assert len(tokens.all()) == 3
    engine.dispose()
