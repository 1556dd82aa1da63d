"""Every kind of player that tells of listening keeps to the contract; servers are as their documents say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx2 as httpx
import pytest

from segue.players import jellyfin, lastfm, listenbrainz, subsonic
from segue.players.base import Source
from segue.players.http import Server
from segue.players.jellyfin import Jellyfin
from segue.players.lastfm import LastFm
from segue.players.listenbrainz import ListenBrainz
from segue.players.subsonic import Subsonic
from segue.testing.source import SECRET, Answer, Heard, SourceContract


def mbid(song: int) -> str:
    return f"{song:08d}-7e6a-48da-86a9-c1c07a0f47ae"


def iso(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", ".123456789Z")


class TestListenBrainz(SourceContract):
    """GET /1/user/ana/listens by max_ts (exclusive), and get-feedback by offset."""

    feedback = True

    @pytest.fixture(autouse=True)
    def _small(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(listenbrainz, "A_PAGE", 10)

    def source(self, server: Server) -> Source:
        return ListenBrainz(server, "ana")

    def server(self, heard: Heard) -> Answer:
        def answer(request: httpx.Request) -> httpx.Response:
            asked = request.url.params
            match request.url.path:
                case "/1/validate-token":
                    return httpx.Response(200, json={"code": 200, "valid": True, "user_name": "ana"})
                case "/1/user/ana/listens":
                    plays = sorted(heard.plays, key=lambda play: -play.at)
                    before, count = int(asked.get("max_ts", 2**40)), int(asked["count"])
                    told = [self._listen(*play) for play in plays if play.at < before][:count]
                    return httpx.Response(200, json={"payload": {"count": len(told), "listens": told}})
                case "/1/feedback/user/ana/get-feedback" if self.feedback:
                    start, count = int(asked["offset"]), int(asked["count"])
                    words = [
                        {"created": at, "recording_mbid": None, "recording_msid": mbid(song), "score": 1}
                        | {"track_metadata": self._named(song), "user_id": "ana"}
                        for song, at in heard.loved.items()
                    ]
                    told = {"feedback": words[start : start + count], "total_count": len(words)}
                    return httpx.Response(200, json=told | {"count": len(told["feedback"]), "offset": start})
            return httpx.Response(404, json={"code": 404, "error": "no"})

        return answer

    def test_a_server_without_feedback(self) -> None:
        """Maloja and Koito."""
        self.feedback = False
        self.pulled()
        assert self.stored() == self.heard.counts()
        assert not self.loved()

    def _listen(self, song: int, at: int) -> dict[str, Any]:
        return {"listened_at": at, "track_metadata": self._named(song), "user_name": "ana"}

    def _named(self, song: int) -> dict[str, Any]:
        return {"artist_name": "Adele", "track_name": f"Song {song}", "release_name": "25"}


class TestLastFm(SourceContract):
    """user.getRecentTracks by from and to (exclusive), user.getLovedTracks by pages."""

    @pytest.fixture(autouse=True)
    def _small(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(lastfm, "A_PAGE", 10)

    def source(self, server: Server) -> Source:
        return LastFm(server, "ana", SECRET)

    def server(self, heard: Heard) -> Answer:
        def answer(request: httpx.Request) -> httpx.Response:
            asked = request.url.params
            if asked["api_key"] != SECRET:
                return httpx.Response(403, json={"error": 10, "message": "Invalid API key"})
            limit, page = int(asked["limit"]), int(asked.get("page", 1))
            if asked["method"] == "user.getLovedTracks":
                rows = [
                    {"artist": {"name": "Adele", "mbid": ""}, "name": f"Song {song}", "mbid": ""}
                    | {"date": {"uts": str(at), "#text": ""}}
                    for song, at in heard.loved.items()
                ]
                return self._told("lovedtracks", rows, page, limit)
            plays = sorted(heard.plays, key=lambda play: -play.at)
            first, before = int(asked.get("from", 0)), int(asked.get("to", 2**40))
            rows = [
                {"artist": {"#text": "Adele", "mbid": ""}, "name": f"Song {song}", "mbid": ""}
                | {"album": {"#text": "25", "mbid": ""}, "date": {"uts": str(at), "#text": ""}}
                for song, at in plays
                if first <= at < before
            ]
            now = {**rows[0], "@attr": {"nowplaying": "true"}} if rows else None
            if now is not None:
                del now["date"]
            return self._told("recenttracks", rows, page, limit, now)

        return answer

    def _told(
        self, name: str, rows: list[Any], page: int, limit: int, now: dict[str, Any] | None = None
    ) -> httpx.Response:
        some: Any = rows[(page - 1) * limit : page * limit]
        some = [now, *some] if now is not None else some[0] if len(some) == 1 else some
        attr = {"page": str(page), "totalPages": str(-(-len(rows) // limit)), "total": str(len(rows))}
        return httpx.Response(200, json={name: {"track": some, "@attr": {**attr, "user": "ana"}}})


class TestNavidrome(SourceContract):
    """OpenSubsonic: every song by a search for nothing, with playCount, played, starred and userRating."""

    search = True

    @pytest.fixture(autouse=True)
    def _small(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(subsonic, "A_PAGE", 3)

    def source(self, server: Server) -> Source:
        return Subsonic(server, "ana", SECRET)

    def server(self, heard: Heard) -> Answer:
        def answer(request: httpx.Request) -> httpx.Response:
            asked, verb = request.url.params, request.url.path.removeprefix("/rest/")
            songs, told = list(self._songs(heard)), dict[str, Any]()
            match verb:
                case "search3.view" if self.search:
                    start = int(asked["songOffset"])
                    told = {"searchResult3": {"song": songs[start : start + int(asked["songCount"])]}}
                case "search3.view":
                    told = {"searchResult3": {}}
                case "getStarred2.view":
                    artist = {"id": "a1", "name": "Adele", "starred": iso(1_700_000_000)}
                    told = {"starred2": {"artist": [artist]}}
                case "getAlbumList2.view":
                    albums = [{"id": f"al{n}"} for n in range(len(songs))]
                    start = int(asked["offset"])
                    told = {"albumList2": {"album": albums[start : start + int(asked["size"])]}}
                case "getAlbum.view":
                    told = {"album": {"song": [songs[int(asked["id"][2:])]]}}
            return httpx.Response(
                200, json={"subsonic-response": {"status": "ok", "version": "1.16.1", "type": "x", **told}}
            )

        return answer

    def _songs(self, heard: Heard) -> Iterator[dict[str, Any]]:
        for song in range(10):
            row = {
                "id": f"s{song}",
                "title": f"Song {song}",
                "artist": "Adele",
                "album": "25",
                "duration": 200,
            }
            at = [play.at for play in heard.plays if play.song == song]
            if at:
                row |= {"playCount": len(at), "played": iso(max(at))}
            if song in heard.loved:
                # One by a star, the other by a rating, which has no time.
                row |= {"userRating": 5} if song == 3 else {"starred": iso(heard.loved[song])}
            yield row

    def test_words_of_artists_and_bad_ratings(self) -> None:
        self.pulled()
        feedback, tracks = self.library.table("feedback"), self.library.table("tracks")
        joined = feedback.inner_join(tracks.select("track_id", "medium", "artists"), "track_id")
        rows = self.library.arrow(joined.filter(joined.medium == "artist")).to_pylist()
        assert [(row["artists"], row["kind"]) for row in rows] == [(["Adele"], "love")]
        (stands,) = [subsonic._stands({"id": 1, "title": "x", "userRating": rating}).word for rating in (1,)]
        assert stands == "hate"
        assert [subsonic._stands({"id": 1, "userRating": rating}).word for rating in (0, 2, 3, 4)] == [
            *[None] * 3,
            "love",
        ]

    def test_an_older_server_is_asked_album_by_album(self) -> None:
        self.search = False
        self.pulled()
        assert self.stored() == self.heard.counts()

    def test_words_without_plays(self) -> None:
        self.account = self.account.model_copy(update={"plays": False})
        self.pulled()
        assert not self.stored()
        assert self.loved() >= {"Song 1", "Song 3"}


class TestJellyfin(SourceContract):
    """Items with UserData of the user, by startIndex."""

    @pytest.fixture(autouse=True)
    def _small(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(jellyfin, "A_PAGE", 3)

    def source(self, server: Server) -> Source:
        return Jellyfin(server, "ana", SECRET)

    def server(self, heard: Heard) -> Answer:
        def answer(request: httpx.Request) -> httpx.Response:
            asked = request.url.params
            match request.url.path:
                case "/System/Info/Public":
                    return httpx.Response(200, json={"Version": "10.10.0"})
                case "/Users/AuthenticateByName":
                    return httpx.Response(200, json={"User": {"Id": "u1"}, "AccessToken": "t1"})
            assert 'Token="t1"' in request.headers["Authorization"] and asked["userId"] == "u1"
            start = int(asked["startIndex"])
            items = [self._item(song, heard) for song in range(10)]
            told = {"Items": items[start : start + int(asked["limit"])], "TotalRecordCount": 10}
            return httpx.Response(200, json=told | {"StartIndex": start})

        return answer

    def _item(self, song: int, heard: Heard) -> dict[str, Any]:
        at = [play.at for play in heard.plays if play.song == song]
        kept = {"PlaybackPositionTicks": 0, "PlayCount": len(at), "IsFavorite": song in heard.loved}
        kept |= {"Played": bool(at), "Key": str(song), "ItemId": f"j{song}"}
        kept |= {"LastPlayedDate": iso(max(at))} if at else {}
        item = {
            "Id": f"j{song}",
            "Name": f"Song {song}",
            "Artists": ["Adele"],
            "Album": "25",
            "Type": "Audio",
        }
        ids = {"MusicBrainzTrack": mbid(song + 20), "MusicBrainzRecording": mbid(song)}
        return item | {"RunTimeTicks": 200 * 10**7, "ProviderIds": ids, "UserData": kept}

    def test_only_a_recording_s_id_tells_the_library_which_song_it_is(self) -> None:
        self.pulled()
        ids = self.library.distinct("tracks", "mbid")
        assert mbid(1) in ids and mbid(21) not in ids
