"""The pages without scripts: who comes in, what is shown, what is refused."""

import re

import pytest
from fastapi.testclient import TestClient
from tests.service.conftest import EARLIER
from tests.service.pages.conftest import KEY, word

from segue.service.pages.frame import templates
from segue.service.pages.texts import catalogue, text
from segue.service.pages.tiles import tile


def test_who_has_not_signed_in_is_asked_for_a_token(visitor: TestClient) -> None:
    for path in ("/", "/week", "/whom"):
        answer = visitor.get(path, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/sign-in?next={path}"), path
    assert "token create" in visitor.get("/sign-in").text
    wrong = visitor.post("/sign-in", data={"token": "no token"})
    assert wrong.status_code == 401
    assert 'role="alert"' in wrong.text


def test_a_token_opens_its_own_listener_alone(p01: TestClient) -> None:
    page = p01.get(f"/week?week={EARLIER}").text
    assert page.count('<li class="track"') == 30
    answer = p01.post("/whom", data={"word": word(p01), "listener": "p02"})
    assert "p02" not in answer.text
    assert p01.get("/operator").status_code in (403, 404)


def test_the_key_of_this_run_opens_everybody(visitor: TestClient) -> None:
    assert "earlier start" in visitor.get("/enter/another").text
    page = visitor.get(f"/enter/{KEY}")
    assert page.url.path == "/whom"
    chosen = visitor.post("/whom", data={"word": word(visitor, "/whom"), "listener": "p02"})
    assert chosen.url.path == "/week"
    assert visitor.post("/whom", data={"word": word(visitor), "listener": "nobody"}).status_code == 404


def test_without_a_key_nobody_enters_by_address(visitor: TestClient) -> None:
    visitor.app.state.doorkeeper.key = None
    assert visitor.get("/enter/None").url.path == "/sign-in"


@pytest.mark.parametrize("headers", [{"origin": "http://evil.example"}, {"sec-fetch-site": "cross-site"}])
def test_another_site_changes_nothing(p01: TestClient, headers: dict[str, str]) -> None:
    fields = {"word": word(p01), "track": "t1-0", "kind": "hate"}
    assert p01.post("/said", data=fields, headers=headers).status_code == 403
    assert p01.post("/said", data=fields | {"word": "guessed"}).status_code == 403
    assert p01.post("/sign-in", data={"token": "x"}, headers=headers).status_code == 403


def test_pages_run_no_script_but_their_own(p01: TestClient) -> None:
    answer = p01.get(f"/week?week={EARLIER}")
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self'" in policy and "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=", answer.text)
    assert len(answer.content) < 100_000
    for address in re.findall(r'(?:src|href)="(/static/[^"]+)"', answer.text):
        assert "immutable" in p01.get(address).headers["cache-control"]


def test_what_somebody_says_is_kept_and_can_be_taken_back(p01: TestClient) -> None:
    page = p01.get(f"/week?week={EARLIER}").text
    track = re.search(r'name="track" value="([^"]+)"', page)
    assert track is not None
    fields = {"word": word(p01), "track": track[1], "kind": "hate"}
    part = p01.post("/said", data=fields, headers={"x-segue-part": "1"}).text
    assert "Undo" in part and "<html" not in part
    assert 'data-said="hate"' in p01.get(f"/week?week={EARLIER}").text
    p01.post("/said", data=fields | {"kind": "clear"})
    assert 'data-said="hate"' not in p01.get(f"/week?week={EARLIER}").text


def test_the_list_is_made_anew_with_another_familiar_share(p01: TestClient) -> None:
    page = p01.post("/week", data={"word": word(p01), "familiar": "0.5"})
    assert page.status_code == 200
    assert page.text.count('<li class="track"') > 10
    file = p01.get(re.search(r'href="(/week/[^"]+\.m3u8)"', page.text)[1])  # ty: ignore[not-subscriptable]
    assert file.text.startswith("#EXTM3U") and "attachment" in file.headers["content-disposition"]


def test_why_not_and_search(p01: TestClient) -> None:
    assert "t1-0" in p01.get("/search?q=song+t1-0").text
    said = p01.get("/why-not?track=song t1-0").text
    assert "Place " in said
    wrong = p01.get("/why-not?track=nothing like it")
    assert wrong.status_code == 404 and "No track matches" in wrong.text


def test_names_are_never_taken_for_markup(p01: TestClient) -> None:
    hostile = "<script>alert(1)</script>"
    for path in ("/why-not?track=", "/search?q=", "/sign-in?next="):
        assert "<script>alert" not in p01.get(path + hostile).text


@pytest.mark.parametrize("address", ["//evil.example", "https://evil.example", "/\\evil.example", "x"])
def test_signing_in_leads_nowhere_else(visitor: TestClient, address: str) -> None:
    assert f'name="next" value="{address}"' not in visitor.get("/sign-in", params={"next": address}).text


def test_a_tile_is_the_same_everywhere_and_another_for_another_track() -> None:
    drawn = {tile(f"Song {number}", "Band") for number in range(200)}
    assert len(drawn) > 190
    assert tile("Song 1", "Band") == tile("song 1", "BAND")
    assert all("<script" not in tile(f"<script>{n}", '"><script>') for n in range(20))


def test_every_text_is_used_and_every_used_text_is_there() -> None:
    environment, used = templates(), set[str]()
    for name in environment.list_templates():
        source = environment.loader.get_source(environment, name)[0]  # ty: ignore[unresolved-attribute]
        used |= set(re.findall(r"""\bt\(["']([a-z_]+\.[a-z0-9_]+)["']\s*[,)]""", source))
        used |= {f"{each}*" for each in re.findall(r"""\bt\(["']([a-z_]+\.[a-z_]*)["'] ~""", source)}
    missing = {each for each in used if not each.endswith("*") and each not in catalogue()}
    assert not missing
    assert text("week.tracks", n=1) == "1 track"
