"""Playlists on Spotify, on answers as documented: tracks by their ids, tokens that run out, the login."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import httpx2 as httpx
import pytest
from tests.players import fakes

from segue.errors import UsageError
from segue.players.base import Destination
from segue.players.spotify import ITEMS, Spotify
from segue.players.spotify_login import REDIRECT, Tokens, login
from segue.playlists.playlist import TrackCard
from segue.testing.player import DestinationContract

SONGS = [
    {"uri": f"spotify:track:{n:022d}", "name": f"Song {n}", "artists": [{"name": "Adele"}]}
    | {"duration_ms": 200_500, "external_ids": {"isrc": f"GBBKS15002{n:02d}"}}
    for n in range(5)
]
# Two with their ids, one by ISRC, two by name.
CARDS = [TrackCard(f"t{n}", f"Song {n}", ("Adele",), duration_ms=200_000) for n in range(5)]
CARDS[0] = replace(CARDS[0], spotify=f"{0:022d}")
CARDS[1] = replace(CARDS[1], spotify=f"{1:022d}")
CARDS[2] = replace(CARDS[2], isrc="GBBKS1500202")


class TestSpotify(DestinationContract):
    def destination(self) -> Destination:
        self.fake, self.kept = fakes.Spotify(SONGS), []
        server = fakes.server(self.fake)
        return Spotify(server, Tokens(server, "client", "r1", self.kept.append))

    def cards(self) -> list[TrackCard]:
        return CARDS

    def contents(self, destination: Destination) -> dict[str, list[str]]:
        return self.fake.lists

    def test_a_long_list_is_whole_and_says_whose_it_is(self) -> None:
        to = self.destination()
        cards = [TrackCard(f"t{n}", f"Song {n}", ("Adele",), spotify=f"{n:022d}") for n in range(ITEMS + 20)]
        receipt = to.push(self.playlist(cards))
        assert self.contents(to)[receipt.playlist_id] == [
            f"spotify:track:{n:022d}" for n in range(ITEMS + 20)
        ]
        said = self.fake.said[receipt.playlist_id]
        assert said["description"].startswith("Segue, 2026-W48. Song 0: Reason 1.")
        assert len(said["description"]) <= 300 and said["public"] is False

    def test_a_token_that_ran_out_is_renewed_and_the_next_one_kept(self) -> None:
        to = self.destination()
        to.test()
        assert self.kept == ["r1+"]
        self.fake.token = "revoked"
        to.push(self.playlist(CARDS[:2]))
        assert self.kept == ["r1+", "r1++"]
        self.fake.token, self.fake.refresh = "revoked", "other"
        with pytest.raises(UsageError, match="does not let Segue in"):
            to.test()


def test_login_with_pkce() -> None:
    exchanged: dict[str, str] = {}
    fake = fakes.Spotify([])

    def answer(request: httpx.Request) -> httpx.Response:
        exchanged.update(httpx.QueryParams(request.content.decode()))
        return fake(request)

    asked: dict[str, list[str]] = {}

    def allow(text: str) -> str:
        page = next(line for line in text.splitlines() if line.startswith("https://accounts.spotify.com/"))
        asked.update(parse_qs(urlsplit(page).query))
        return f"{REDIRECT}?code=c1&state={asked['state'][0]}\n"

    assert login("client", allow, fakes.server(answer)) == "r1"
    digest = hashlib.sha256(exchanged["code_verifier"].encode()).digest()
    assert asked["code_challenge"] == [base64.urlsafe_b64encode(digest).decode().rstrip("=")]
    assert asked["code_challenge_method"] == ["S256"] and asked["redirect_uri"] == [REDIRECT]
    assert (exchanged["code"], exchanged["client_id"], exchanged["redirect_uri"]) == (
        "c1",
        "client",
        REDIRECT,
    )


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (f"{REDIRECT}?error=access_denied&state=x", "access_denied"),
        (f"{REDIRECT}?code=c1&state=of-another-page", "not the address"),
        ("what?", "not the address"),
        ("", "not the address"),
    ],
)
def test_login_that_comes_to_nothing(answer: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        login("client", lambda text: answer, fakes.server(fakes.Spotify([])))
    with pytest.raises(UsageError, match="client id"):
        login("", lambda text: answer)
