"""The pages without scripts: who comes in, what is shown, what is refused."""

import math
import re
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from fastapi.testclient import TestClient
from tests.service.conftest import EARLIER
from tests.service.pages.conftest import KEY, word

from segue.library import Library
from segue.library.few_listeners import MORE, MORE_EPISODES, UNLEARNED
from segue.players import accounts, pushing
from segue.players.base import Destination
from segue.playlists import newcomers
from segue.playlists.memory import Weeks
from segue.playlists.placed import MISSING
from segue.playlists.playlist import Playlist
from segue.service.app import create_app
from segue.service.pages.frame import templates
from segue.service.pages.telling import on_page
from segue.service.pages.texts import catalogue, text
from segue.service.pages.tiles import tile
from segue.service.v1 import lists
from segue.settings import ServiceConfig, Settings


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
    assert text("said.clear", name="This D.J.") == "Taken back: This D.J."  # one full stop
    assert text("said.clear", name="Roads") == "Taken back: Roads."


def test_every_page_of_a_listener_opens(p01: TestClient) -> None:
    for path in ("/tastes", "/radio", "/session", "/order", "/review", "/figures", "/import"):
        answer = p01.get(path)
        assert answer.status_code == 200, (path, answer.text[-500:])
        assert 'aria-current="page"' in answer.text and len(answer.content) < 100_000


def test_a_taste_is_renamed_merged_and_left_out_and_each_is_undone(p01: TestClient) -> None:
    part = {"x-segue-part": "1"}
    numbers = re.findall(
        r'name="kind" value="leave_out"><input type="hidden" name="number" value="(\d+)"', tastes(p01)
    )
    assert len(numbers) > 1
    one, other = numbers[:2]
    for fields, said in (
        ({"kind": "rename", "name": "Late <nights>"}, "Late &lt;nights&gt;"),
        ({"kind": "merge", "into": other}, "Merged from"),
        ({"kind": "leave_out"}, "Left out:"),
    ):
        before = tastes(p01)
        assert said not in before
        asked = {"word": word(p01, "/tastes"), "number": one} | fields
        told = p01.post("/tastes", data=asked, headers=part).text
        assert said in told and "<html" not in told and said in tastes(p01)
        undo = told.split("done-so")[1].split("</form>")[0]
        back = dict(re.findall(r'name="(\w+)" value="([^"]*)"', undo))
        assert said not in p01.post("/tastes", data=back, headers=part).text.split('id="taste-0"')[1]
        assert tastes(p01) == before
    nothing = {"word": word(p01, "/tastes"), "number": one, "kind": "merge"}
    assert p01.post("/tastes", data=nothing, headers=part).status_code == 422


def tastes(client: TestClient) -> str:
    return client.get("/tastes").text


def test_the_radio_plays_on_and_remembers(p01: TestClient) -> None:
    begun = p01.post("/radio", data={"word": word(p01, "/radio"), "seed0": "song t1-0"})
    assert begun.url.path.startswith("/radio/")
    fields = {"word": word(p01, "/radio"), "number": "1", "answer": "skip"}
    part = p01.post(begun.url.path, data=fields, headers={"x-segue-part": "1"}).text
    assert "number 2" in part and "<s>" in part and "<html" not in part


def test_the_map_has_no_name_on_a_dot(p01: TestClient) -> None:
    page = p01.get("/tastes").text
    dots = re.findall(r'<circle class="c\d" cx="([\d.]+)" cy="([\d.]+)" r="([\d.]+)"', page)
    assert len(dots) > 20
    labels = re.findall(
        r'<text class="c\d" x="([\d.]+)" y="([\d.]+)" font-size="([\d.]+)"[^>]*>([^<]+)<', page
    )
    for x, y, size, name in labels:
        half = len(name) * 0.56 * float(size) / 2
        for cx, cy, r in dots:
            beside = max(abs(float(cx) - float(x)) - half, 0)
            above, below = float(y) - 0.75 * float(size), float(y) + 0.25 * float(size)
            off = max(above - float(cy), float(cy) - below, 0)
            assert math.hypot(beside, off) > float(r), name


def test_an_import_is_told_in_sentences(p01: TestClient) -> None:
    table = (
        "artist,track,time\nBand 1-1,Song t1-1,2026-07-01T10:00:00Z\nNobody,Nothing,2026-07-01T11:00:00Z\n"
    )
    headers = {"x-segue-part": "1", "x-segue-word": word(p01, "/import")}
    first, second = table[:30].encode(), table[30:].encode()
    address = "/import/file?name=plays.csv"
    assert p01.post(f"{address}&at=0&last=0", content=first, headers=headers).status_code == 200
    lost = p01.post(f"{address}&at=99&last=1", content=second, headers=headers)
    assert lost.status_code == 409
    p01.post(f"{address}&at=0&last=0", content=first, headers=headers)
    said = p01.post(f"{address}&at=30&last=1", content=second, headers=headers)
    assert "2 plays and skips are new" in said.text, said.text
    assert p01.post(f"{address}&at=0&last=1", content=b"x", headers={}).status_code == 403


def test_from_an_empty_library_the_pages_lead_to_a_first_list(tmp_path: Path) -> None:
    library = Library.open(tmp_path / "empty", create=True)
    app = create_app(library.path, Settings(service=ServiceConfig(rate=0)), key=KEY)
    with TestClient(app, raise_server_exceptions=False, base_url="http://127.0.0.1:8420") as client:
        page = client.get(f"/enter/{KEY}")
        assert page.url.path == "/import" and "Learn now" not in page.text
        rows = "".join(f"Band,Song {n},2026-07-01T1{n}:00:00Z\n" for n in range(3))
        headers = {"x-segue-part": "1", "x-segue-word": _word(page.text)}
        address = "/import/file?name=plays.csv&listener=Zoë&at=0&last=1"
        said = client.post(address, content=f"artist,track,time\n{rows}".encode(), headers=headers)
        assert "3 plays and skips are new" in said.text
        assert client.get("/import/progress").json() == {"what": "", "share": None}
        page = client.get("/import").text
        assert "Learn now" in page and ">Zoë</a>" in page, "whose it is was chosen"
        begun = client.post("/import/train", data={"word": _word(page)})
        assert begun.url.path == "/import" and 'data-events="/jobs/1/events"' in begun.text
        told = client.get("/jobs/1/events").text
        assert "Learning" in told and '"mark": "done"' in told, told
        page = client.get("/import").text
        made = client.post("/week", data={"word": _word(page)})
        assert made.status_code == 200 and "Song" in made.text


def _word(page: str) -> str:
    found = re.search(r'(?:data-word|name="word" value)="(\w+)"', page)
    assert found is not None
    return found[1]


class Kitchen(Destination):
    """A player that has every track but one, and keeps what it is given."""

    lists: ClassVar[dict[str, tuple[str, ...]]] = {}
    where = "The kitchen"

    def test(self) -> str:
        return "It is there"

    def find(self, playlist: Playlist) -> list[str | None]:
        return [entry.track.track_id if at else None for at, entry in enumerate(playlist.entries)]

    def has(self, playlist_id: str) -> bool:
        return playlist_id in self.lists

    def put(self, playlist: Playlist, items: tuple[str, ...], replacing: str | None) -> str:
        self.lists[playlist.title] = items
        return playlist.title

    def remove(self, playlist_id: str) -> None:
        del self.lists[playlist_id]


def test_the_list_goes_to_a_player(p01: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    path = p01.app.state.house.engines.path
    for name, listener in (("kitchen", "p01"), ("cellar", "p02")):
        accounts.add(path, name=name, kind="folder", listener=listener, address="lists")
    monkeypatch.setattr(pushing, "opened", lambda library, account: Kitchen())
    page = p01.get(f"/week?week={EARLIER}").text
    assert "Play in kitchen" in page and "cellar" not in page
    fields = {"word": word(p01), "player": "kitchen"}
    told = p01.post(f"/week/{EARLIER}/push", data=fields, headers={"x-segue-part": "1"}).text
    assert "29 tracks are in “Discover Weekly” on kitchen now. One track it does not have." in told
    assert len(Kitchen.lists["Discover Weekly"]) == 29
    other = p01.post(
        f"/week/{EARLIER}/push", data=fields | {"player": "cellar"}, headers={"x-segue-part": "1"}
    )
    assert other.status_code == 404 and "no such player" in other.text


def test_who_runs_it_sees_models_and_makes_tokens(visitor: TestClient) -> None:
    visitor.get(f"/enter/{KEY}")
    page = visitor.get("/operator").text
    assert "factors" in page and "Go back to it" in page
    fields = {"word": word(visitor, "/operator"), "listener": "p03", "note": "kitchen"}
    made = re.search(r"<code>([0-9a-f-]{36})</code>", visitor.post("/operator/token", data=fields).text)
    assert made is not None and visitor.app.state.house.tokens.find(made[1]).listener == "p03"
    version = re.search(r'name="version" value="([^"]+)"', page)
    assert version is not None
    back = {"word": fields["word"], "name": "factors", "version": version[1]}
    assert visitor.post("/operator/rollback", data=back).status_code == 200
    assert visitor.app.state.house.engines.models["factors"] == version[1]


def test_months_add_up(p01: TestClient) -> None:
    from segue.engine.months import review

    found = review(p01.app.state.house.engines.current, "p01")
    assert sum(month.plays for month in found.months) == 90
    assert all(sum(month.days) == month.plays for month in found.months)
    assert found.months[-1].new == found.months[-1].tracks


def test_a_list_of_what_is_known_is_called_so(p01: TestClient) -> None:
    from dataclasses import replace

    from segue.playlists import rediscover
    from segue.playlists.weekly_config import CandidatesConfig

    house = p01.app.state.house
    stored = house.stored.playlist(house.engines.current, EARLIER, "p01")
    note = rediscover.notes(np.array([200.0]), 1, CandidatesConfig())[0]
    current = lists.current(house, "p01")
    known = replace(stored, title=f"{rediscover.TITLE}, {current}", week=current, notes=(note,))
    Weeks(house.engines.path / "weeks").remember(current, [known])
    page = p01.get("/week").text
    assert f"<h1>{rediscover.TITLE}</h1>" in page and text("week.title") not in page
    assert text("week.known") in page and 'type="range"' not in page
    assert "segue train" not in page and "press “Learn now”" in page
    other = p01.get(f"/week?week={EARLIER}").text
    assert f"<h1>{text('week.title_then')}</h1>" in other


def test_notes_name_no_commands_on_pages() -> None:
    told = (MORE, MORE_EPISODES, UNLEARNED, newcomers.NOBODY, newcomers.NOTE, MISSING)
    for note in told:
        assert "segue " not in on_page(note), note
    assert on_page(f"One. {MORE}").startswith("One. For new music, bring playlists")
