"""Every endpoint, found from the application itself: closed without a token, and to another's."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import positive_data_acceptance
from tests.service.conftest import EARLIER, As, serving

from segue.service.shapes import Shape

OPEN = {"/health/live", "/health/ready"}
MBID = "8f3471b5-7e6a-48da-86a9-c1c07a0f47ae"
PLACES = {
    "week": EARLIER,
    "radio": MBID,
    "session": MBID,
    "number": "1",
    "name": "factors",
    "user": "p01",
    "mbid": MBID,
}
QUERY = {"track": "t1-0", "q": "song", "listener": "p01"}


def endpoints(client: TestClient) -> Iterator[tuple[str, str]]:
    """Method and path of each, with places filled in."""
    for path, methods in client.app.openapi()["paths"].items():
        for method in methods:
            yield method.upper(), path.format(**PLACES)


def test_without_a_token_everything_is_closed(client: TestClient) -> None:
    for method, path in endpoints(client):
        if path in OPEN:
            continue
        answer = client.request(method, path, params=QUERY)
        assert answer.status_code == (400 if path == "/1/validate-token" else 401), (method, path)


def test_anothers_token_opens_and_changes_nothing(client: TestClient, holding: As) -> None:
    theirs, mine = holding("p01"), holding("p02")
    canary, places = told_by(client, theirs)
    before = known_of(client, theirs)
    assert canary in before
    refused = 0
    for method, path, query, body in asked(client, places):
        for whose in ({"listener": "p01"}, {}):
            answer = client.request(method, path, params=query | whose, headers=mine, json=body)
            assert answer.status_code < 500, (method, path, answer.text)
            assert canary not in answer.text, (method, path, answer.text)
            assert "entries" not in _of_p01(answer), (method, path, answer.text)
            named = whose or "p01" in path or any(each in path for each in places.values())
            if named and answer.status_code >= 400:
                refused += 1
            elif whose and path not in ABOUT_MUSIC:
                assert path.startswith("/1/"), (method, path)  # which knows no ?listener=
    assert refused > 35
    assert known_of(client, theirs) == before


SPAN = {"begins": "2026-06-02T00:00:00Z", "ends": "2026-06-03T00:00:00Z"}
ABOUT_MUSIC = ("/v1/search", "/v1/similar", "/v1/recommendations", "/health/live", "/health/ready")


def told_by(client: TestClient, theirs: dict[str, str]) -> tuple[str, dict[str, str]]:
    """Have a listener leave something in every corner; a word of theirs alone, and ids of what is theirs."""
    canary = "Canary 7f3c"
    sent = {"artist_name": canary, "track_name": canary}
    listen = {"listened_at": 1_790_000_000, "track_metadata": sent}
    told = {"listen_type": "single", "payload": [listen]}
    assert client.post("/1/submit-listens", headers=theirs, json=told).status_code == 200
    now = {"listen_type": "playing_now", "payload": [{"track_metadata": sent}]}
    assert client.post("/1/submit-listens", headers=theirs, json=now).status_code == 200
    client.post("/v1/feedback", headers=theirs, json={"track": "t1-0", "kind": "save"})
    client.post(
        "/v1/exclusions",
        headers=theirs,
        json={"begins": "2026-06-02T00:00:00Z", "ends": "2026-06-03T00:00:00Z"},
    )
    radio = client.post("/v1/radio", headers=theirs, json={"seeds": ["t1-0"]}).json()["id"]
    lists = client.get("/1/user/p01/playlists/createdfor", headers=theirs).json()["playlists"]
    return canary, {"radio": radio, "mbid": lists[0]["playlist"]["identifier"].rpartition("/")[2]}


def known_of(client: TestClient, theirs: dict[str, str]) -> str:
    """All that is told to a listener of themselves."""
    paths = (
        "/v1/export",
        "/1/user/p01/playing-now",
        "/v1/feedback",
        "/v1/exclusions",
        f"/v1/lists/{EARLIER}",
    )
    return "".join(client.get(path, headers=theirs).text for path in paths)


def asked(client: TestClient, places: dict[str, str]) -> Iterator[tuple[str, str, dict[str, str], object]]:
    """Every endpoint with a request that could be answered: its own example, and what its query needs."""
    document = client.app.openapi()
    needed = QUERY | SPAN | {"confirm": "p01"}
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            names = [each["name"] for each in told.get("parameters", ()) if each.get("required")]
            query = {name: needed[name] for name in names if name in needed and f"{{{name}}}" not in path}
            body = told.get("requestBody", {}).get("content", {}).get("application/json")
            example = None
            if body is not None:
                name = body["schema"].get("$ref", "").rpartition("/")[2]
                example = body.get("example") or document["components"]["schemas"][name]["examples"][0]
            yield method.upper(), path.format(**(PLACES | places)), query, example


def _of_p01(answer: object) -> str:
    text = answer.text
    return text if '"listener":"p01"' in text else ""


def test_every_answer_is_safe_in_a_browser(client: TestClient, holding: As) -> None:
    hostile = "<script>alert(1)</script>"
    for method, path in endpoints(client):
        query = QUERY | {"track": hostile, "q": hostile, "listener": "p02"}
        answer = client.request(method, path, params=query, headers=holding("p02"))
        assert "html" not in answer.headers.get("content-type", "")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_the_openapi_document_is_whole(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    assert len(document["paths"]) > 20
    assert "HTTPBearer" in document["components"]["securitySchemes"]
    assert "examples" in json.dumps(document)


def test_every_body_and_every_answer_has_an_example_that_holds(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    shapes = {each.__name__: each for each in _all(Shape)}

    def shape_of(schema: dict) -> dict:
        schema = schema.get("items", schema)
        name = schema.get("$ref", "").rpartition("/")[2]
        return document["components"]["schemas"][name] if name else schema

    seen = 0
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            good = next((each for code, each in told["responses"].items() if code.startswith("2")), {})
            for content in (told.get("requestBody", {}), good):
                body = content.get("content", {}).get("application/json")
                if body is None or (path.startswith(("/1/", "/health")) and content is good):
                    continue
                if path.startswith("/1/"):
                    assert body["example"], path
                    continue
                shape = shape_of(body["schema"])
                assert shape.get("examples"), (method, path)
                seen += 1
    assert seen > 25
    for shape in shapes.values():
        for each in shape.model_json_schema().get("examples", ()):
            shape.model_validate(each)  # or it would be a lie
    assert len(shapes) > 30


def test_what_is_read_again_is_not_sent_again(client: TestClient, holding: As) -> None:
    some = 0
    for method, path in endpoints(client):
        if method != "GET" or not path.startswith("/v1/"):
            continue
        admin = path.startswith(("/v1/tokens", "/v1/models", "/v1/jobs", "/v1/relays"))
        mine = holding(None) if admin else holding("p01")
        first = client.get(path, params=QUERY if not admin else None, headers=mine)
        if first.status_code != 200 or path == "/v1/export":
            continue
        assert first.headers["etag"] and "private" in first.headers["cache-control"], path
        again = mine | {"If-None-Match": first.headers["etag"]}
        answer = client.get(path, params=QUERY if not admin else None, headers=again)
        assert (answer.status_code, answer.content) == (304, b""), path
        assert answer.headers["etag"] == first.headers["etag"]
        some += 1
    assert some >= 12


def _all(kind: type) -> Iterator[type]:
    for each in kind.__subclasses__():
        yield each
        yield from _all(each)


_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.slow
def test_nothing_that_is_sent_breaks_it(trained: Path, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(trained, tmp_path / "library")
    with serving(tmp_path / "library") as client:
        token = client.app.state.house.tokens.create(None, ("read", "write"), everybody=True)
        theirs = client.app.state.house.tokens.create("p01")
        operator = client.app.state.house.tokens.create(None, ("admin",))
        found = list(endpoints(client))

        @settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))
        @given(
            st.sampled_from(found),
            st.sampled_from([token, theirs, operator]),
            st.dictionaries(
                st.sampled_from([*QUERY, "count", "limit", "cursor", "kind", "max_ts"]), st.text()
            ),
            st.binary() | _ANY.map(lambda value: json.dumps(value).encode()),
        )
        def sent(endpoint: tuple[str, str], held: str, query: dict[str, str], content: bytes) -> None:
            method, path = endpoint
            headers = {"Authorization": f"Token {held}", "Content-Type": "application/json"}
            query = {name: value.encode("utf-8", "replace").decode() for name, value in query.items()}
            answer = client.request(method, path, params=query, headers=headers, content=content)
            assert answer.status_code < 500, (method, path, query, content, answer.text)

        sent()


@pytest.mark.slow
def test_schemathesis_finds_nothing(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil

    monkeypatch.setattr("segue.service.asking.FAILURES", 10**9)  # it tries without tokens, too

    shutil.copytree(trained, tmp_path / "library")
    with serving(tmp_path / "library") as client:
        token = client.app.state.house.tokens.create("p01", ("submit", "read", "write", "admin"))
        schema = schemathesis.openapi.from_asgi("/openapi.json", client.app)
        headers = {"Authorization": f"Bearer {token}"}
        wrong = []
        for operation in schema.exclude(path="/v1/listener").get_all_operations():
            strategy = operation.ok().as_strategy()

            @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
            @given(case=strategy)
            def one(case: schemathesis.Case) -> None:
                answer = case.call(session=client, headers=headers)
                # That a week lies in no year, or a token opens nothing, no schema says.
                case.validate_response(answer, excluded_checks=[positive_data_acceptance])

            try:
                one()
            except Exception as error:
                wrong.append(f"{operation.label}: {error!r}")
        assert not wrong, "\n".join(wrong)
