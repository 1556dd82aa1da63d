"""Servers that take playlists as their documents describe them, small enough to read."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx2 as httpx

from segue.players.http import Server


def server(answer: Callable[[httpx.Request], httpx.Response], waits: list[float] | None = None) -> Server:
    waits = [] if waits is None else waits
    return Server(
        "https://music.example.org", "The server", transport=httpx.MockTransport(answer), sleep=waits.append
    )


class Subsonic:
    """https://opensubsonic.netlify.app: errors come with status 200."""

    def __init__(self, songs: list[dict[str, Any]], *, tokens: bool = True, empty: bool = False) -> None:
        self.songs, self.tokens, self.empty = songs, tokens, empty
        self.lists: dict[str, dict[str, Any]] = {}
        self.made = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        asked = httpx.QueryParams(request.url.query.decode() or request.content.decode())
        verb = request.url.path.rpartition("/")[2].removesuffix(".view")
        if asked.get("u") != "ana" or ("t" in asked and not self.tokens):
            return self._error(10 if "t" in asked else 40)
        return getattr(self, verb)(asked)

    def _ok(self, **told: Any) -> httpx.Response:
        return httpx.Response(200, json={"subsonic-response": {"status": "ok", "version": "1.16.1", **told}})

    def _error(self, code: int) -> httpx.Response:
        error = {"code": code, "message": "no"}
        return httpx.Response(200, json={"subsonic-response": {"status": "failed", "error": error}})

    def ping(self, asked: httpx.QueryParams) -> httpx.Response:
        return self._ok(type="fake")

    def getOpenSubsonicExtensions(self, asked: httpx.QueryParams) -> httpx.Response:
        return self._ok(openSubsonicExtensions=[{"name": "formPost", "versions": [1]}])

    def search3(self, asked: httpx.QueryParams) -> httpx.Response:
        words = asked["query"].lower()
        start, most = int(asked.get("songOffset", 0)), int(asked["songCount"])
        found = [song for song in self.songs if words in song["title"].lower()]
        return self._ok(searchResult3={"song": found[start : start + most]} if found else {})

    def getStarred2(self, asked: httpx.QueryParams) -> httpx.Response:
        return self._ok(starred2={})

    def getPlaylists(self, asked: httpx.QueryParams) -> httpx.Response:
        told = [{"id": key, **value} for key, value in self.lists.items()]
        return self._ok(playlists={"playlist": told} if told else {})

    def getPlaylist(self, asked: httpx.QueryParams) -> httpx.Response:
        return self._ok(playlist={}) if asked["id"] in self.lists else self._error(70)

    def createPlaylist(self, asked: httpx.QueryParams) -> httpx.Response:
        known = {song["id"] for song in self.songs}
        items = asked.get_list("songId")
        key = asked.get("playlistId")
        if not set(items) <= known or (key is not None and key not in self.lists):
            return self._error(70)
        if key is None:
            self.made += 1
            key = f"list{self.made}"
            self.lists[key] = {"name": asked["name"], "owner": "ana"}
        self.lists[key]["entry"] = items
        return self._ok() if self.empty else self._ok(playlist={"id": key})

    def updatePlaylist(self, asked: httpx.QueryParams) -> httpx.Response:
        if asked["playlistId"] not in self.lists:
            return self._error(70)
        one = self.lists[asked["playlistId"]]
        one.update({name: asked[name] for name in ("name", "comment") if name in asked})
        one["entry"] += asked.get_list("songIdToAdd")
        return self._ok()

    def deletePlaylist(self, asked: httpx.QueryParams) -> httpx.Response:
        return self._ok() if self.lists.pop(asked["id"], None) else self._error(70)


class ListenBrainz:
    """https://listenbrainz.readthedocs.io: playlists by JSPF."""

    def __init__(self) -> None:
        self.lists: dict[str, list[str]] = {}
        self.made = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/1/")
        if path == "validate-token":
            return httpx.Response(200, json={"code": 200, "valid": True, "user_name": "ana"})
        if path == "playlist/create":
            body = json.loads(request.content).get("playlist")
            if body is None:
                return httpx.Response(400, json={"code": 400, "error": "JSPF playlist must contain a title"})
            self.made += 1
            self.lists[f"list{self.made}"] = [
                each["identifier"][0].rpartition("/")[2] for each in body["track"]
            ]
            return httpx.Response(200, json={"status": "ok", "playlist_mbid": f"list{self.made}"})
        key = path.split("/")[1]
        if key not in self.lists:
            return httpx.Response(404, json={"code": 404, "error": "no"})
        if path.endswith("/delete"):
            del self.lists[key]
        return httpx.Response(200, json={"status": "ok"})


class Jellyfin:
    """https://api.jellyfin.org, as of 10.10; before 10.9 without editing."""

    def __init__(self, songs: list[dict[str, Any]], *, edits: bool = True) -> None:
        self.songs, self.edits, self.lists, self.made = songs, edits, dict[str, list[str]](), 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path, asked = request.url.path.strip("/"), request.url.params
        if path == "System/Info/Public":
            return httpx.Response(200, json={"Version": "10.10.0"})
        if path == "Users/AuthenticateByName":
            told = json.loads(request.content)
            right = (told["Username"], told["Pw"]) == ("ana", "secret")
            return httpx.Response(200 if right else 401, json={"User": {"Id": "u1"}, "AccessToken": "t1"})
        if 'Token="t1"' not in request.headers["Authorization"]:
            return httpx.Response(401)
        if path == "Items":
            found = [song for song in self.songs if asked["searchTerm"].lower() in song["Name"].lower()]
            return httpx.Response(200, json={"Items": found})
        if path == "Playlists":
            self.made += 1
            self.lists[f"list{self.made}"] = json.loads(request.content)["Ids"]
            return httpx.Response(200, json={"Id": f"list{self.made}"})
        key = path.split("/")[1]
        if key not in self.lists:
            return httpx.Response(404)
        if request.method == "DELETE":
            del self.lists[key]
            return httpx.Response(204)
        if request.method == "POST":
            if not self.edits:
                return httpx.Response(405)
            self.lists[key] = json.loads(request.content)["Ids"]
            return httpx.Response(204)
        return httpx.Response(200, json={"Items": [{"Id": each} for each in self.lists[key]]})


class Spotify:
    """https://developer.spotify.com/documentation/web-api, as of February 2026, and its accounts service."""

    def __init__(self, songs: list[dict[str, Any]]) -> None:
        self.songs, self.lists, self.made = songs, dict[str, list[str]](), 0
        self.said: dict[str, dict[str, Any]] = {}
        self.token, self.refresh = "a1", "r1"

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path, asked = request.url.path.strip("/"), request.url.params
        if path == "api/token":
            return self._tokens(dict(httpx.QueryParams(request.content.decode())))
        if request.headers["Authorization"] != f"Bearer {self.token}":
            error = {"status": 401, "message": "The access token expired"}
            return httpx.Response(401, json={"error": error})
        body = json.loads(request.content) if request.content else {}
        match request.method, path.removeprefix("v1/").split("/"):
            case "GET", ["me"]:
                return httpx.Response(200, json={"id": "ana", "display_name": "Ana"})
            case "GET", ["me", "playlists"]:
                some = list(self.lists)[int(asked["offset"]) :][: int(asked["limit"])]
                more = int(asked["offset"]) + len(some) < len(self.lists)
                told = {"items": [{"id": each} for each in some], "next": "x" if more else None}
                return httpx.Response(200, json=told)
            case "POST", ["me", "playlists"]:
                self.made += 1
                self.lists[f"list{self.made}"], self.said[f"list{self.made}"] = [], body
                return httpx.Response(201, json={"id": f"list{self.made}"})
            case "DELETE", ["me", "library"]:
                self.lists.pop(asked["uris"].removeprefix("spotify:playlist:"), None)
                return httpx.Response(200)
            case "GET", ["search"]:
                assert int(asked["limit"]) <= 10 and asked["type"] == "track"
                found = [song for song in self.songs if song["name"].lower() in asked["q"].lower()]
                return httpx.Response(200, json={"tracks": {"items": found[:10]}})
            case "PUT", ["playlists", key]:
                self.said[key] = body
                return httpx.Response(200)
            case method, ["playlists", key, "items"]:
                assert len(body["uris"]) <= 100
                self.lists[key] = body["uris"] if method == "PUT" else self.lists[key] + body["uris"]
                return httpx.Response(200 if method == "PUT" else 201, json={"snapshot_id": "x"})
        return httpx.Response(404, json={"error": {"status": 404, "message": "Not found"}})

    def _tokens(self, asked: dict[str, str]) -> httpx.Response:
        if asked["grant_type"] == "refresh_token":
            if (asked["refresh_token"], asked["client_id"]) != (self.refresh, "client"):
                return httpx.Response(400, json={"error": "invalid_grant"})
            self.token, self.refresh = self.token + "+", self.refresh + "+"  # each is of use once
        told = {"access_token": self.token, "token_type": "Bearer", "expires_in": 3600}
        return httpx.Response(200, json=told | {"refresh_token": self.refresh})
