"""Whatever a server answers, what comes of it is a result or an error that says so: never a traceback."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from itertools import count, islice, product
from typing import Any

import httpx2 as httpx
import pytest
from tests.players import fakes
from tests.players.test_destinations import CARDS, SONGS
from tests.players.test_destinations import TestJellyfin as Made

from segue.errors import SegueError
from segue.players.base import Destination, Source
from segue.players.jellyfin import Jellyfin
from segue.players.lastfm import LastFm
from segue.players.listenbrainz import ListenBrainz
from segue.players.spotify import Spotify
from segue.players.subsonic import Subsonic

STRANGE = (None, 7, -1.5, "x", "", [], [[]], ["x", None], {}, {"x": {}}, True, 10**30)
Answer = Callable[[httpx.Request], httpx.Response]


def _listens(request: httpx.Request) -> httpx.Response:
    """ListenBrainz' listens and feedback, and Last.fm's."""
    asked, named = request.url.params, {"artist_name": "Adele", "track_name": "Song"}
    mapped = {"mbid_mapping": {"recording_mbid": CARDS[0].mbid}}
    if request.url.path.endswith("/listens"):
        told = (
            [] if asked.get("max_ts") else [{"listened_at": 1_790_000_000, "track_metadata": named | mapped}]
        )
        return httpx.Response(200, json={"payload": {"listens": told}})
    if request.url.path.endswith("/get-feedback"):
        word = {
            "created": 1_790_000_000,
            "recording_mbid": None,
            "score": 1,
            "track_metadata": named | mapped,
        }
        return httpx.Response(200, json={"feedback": [word], "total_count": 1})
    track = {"name": "Song", "artist": {"#text": "Adele", "mbid": ""}, "date": {"uts": "1790000000"}}
    if asked.get("method") == "user.getRecentTracks":
        return httpx.Response(200, json={"recenttracks": {"track": [track], "@attr": {"total": "1"}}})
    if asked.get("method") == "user.getLovedTracks":
        return httpx.Response(200, json={"lovedtracks": {"track": [track], "@attr": {"totalPages": "1"}}})
    return fakes.ListenBrainz()(request)


def _subsonic() -> Answer:
    """A Subsonic server with an artist's albums, too."""
    fake = fakes.Subsonic([song | {"artists": [{"name": "Adele"}], "isrc": ["X"]} for song in SONGS])
    artist = {"id": "1", "name": "Adele", "starred": "2026-01-01T00:00:00Z"}

    def answer(request: httpx.Request) -> httpx.Response:
        verb = request.url.path.rpartition("/")[2].removesuffix(".view")
        match verb:
            case "getAlbumList2":
                return fake._ok(albumList2={"album": [{"id": "a1"}]})
            case "getArtist":
                return fake._ok(artist={"album": [{"id": "a1"}]})
            case "getAlbum":
                return fake._ok(album={"song": fake.songs})
            case "getStarred2":
                return fake._ok(starred2={"artist": [artist]})
        body = json.loads(fake(request).content)
        if verb == "search3":
            body["subsonic-response"].setdefault("searchResult3", {})["artist"] = [artist]
        return httpx.Response(200, json=body)

    return answer


def _jellyfin() -> Answer:
    made = Made()
    made.destination()
    data = {"UserData": {"PlayCount": 2, "IsFavorite": True, "LastPlayedDate": "2026-01-01T00:00:00Z"}}
    made.fake.songs = [song | data | {"ProviderIds": {"MusicBrainzTrack": "x"}} for song in made.fake.songs]

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/Items" and "searchTerm" not in request.url.params:
            return httpx.Response(200, json={"Items": made.fake.songs})
        return made.fake(request)

    return answer


def _spotify() -> Answer:
    song = {
        "uri": "spotify:track:a",
        "name": "Song 0",
        "artists": [{"name": "Adele"}],
        "duration_ms": 200_000,
    }
    return fakes.Spotify([song | {"external_ids": {"isrc": "x"}}])


PLAYERS: dict[str, tuple[Callable[[], Answer], Callable[[Answer], Destination | Source]]] = {
    "subsonic": (_subsonic, lambda answer: Subsonic(fakes.server(answer), "ana", "secret")),
    "jellyfin": (_jellyfin, lambda answer: Jellyfin(fakes.server(answer), "ana", "secret")),
    "listenbrainz": (lambda: _listens, lambda answer: ListenBrainz(fakes.server(answer), "ana")),
    "lastfm": (lambda: _listens, lambda answer: LastFm(fakes.server(answer), "ana", "key")),
    "spotify": (_spotify, lambda answer: Spotify(fakes.server(answer), lambda anew: "a1")),
}


def _places(answer: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = (
        answer.items() if isinstance(answer, dict) else enumerate(answer) if isinstance(answer, list) else ()
    )
    return [at, *(place for key, value in inner for place in _places(value, (*at, key)))]


def _made_strange(answer: Any, place: tuple[Any, ...], value: Any) -> Any:
    if not place:
        return value
    answer = inner = copy.deepcopy(answer)
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    return answer


def _strange(good: Answer, which: int, value: Any, rng: random.Random) -> Answer:
    """As `good` until the answer number `which`; from then on each has a strange value somewhere."""
    asked = count()

    def answer(request: httpx.Request) -> httpx.Response:
        real = good(request)
        if next(asked) < which or not real.content:
            return real
        body = json.loads(real.content)
        return httpx.Response(real.status_code, json=_made_strange(body, rng.choice(_places(body)), value))

    return answer


@pytest.mark.parametrize("kind", PLAYERS)
def test_one_strange_value_anywhere(kind: str) -> None:
    make, opened = PLAYERS[kind]
    rng, told, playlist = random.Random(5), set[str](), Made().playlist(CARDS[:2])
    for which, value, _ in product(range(10), STRANGE, range(4)):
        to = opened(_strange(make(), which, value, rng))
        calls: list[Callable[[], object]] = [to.test]
        if isinstance(to, Source):
            calls += [lambda to=to: [*to.standing()], lambda to=to: [*islice(to.pull(), 3)]]
        if isinstance(to, Destination):
            calls += [lambda to=to: to.push(playlist), lambda to=to: to.has("list1")]
        rng.shuffle(calls)
        for call in calls:
            try:
                call()
            except SegueError as error:
                told.add(str(error))
    assert len(told) > 2
    assert not [line for line in told if "Got: ." in line or "error None" in line]
