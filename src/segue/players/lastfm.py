"""Last.fm: scrobbles and loved tracks (https://www.last.fm/api: user.getRecentTracks, getLovedTracks)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, ClassVar

from segue.errors import BusyError, FormatError, NotFoundError, SegueError, UsageError
from segue.library.readers import fields
from segue.players.answers import part, text, whole
from segue.players.base import Page, Source, Standing, unix_time
from segue.players.http import ADD_AGAIN, Server
from segue.players.matching import Song

ADDRESS = "https://ws.audioscrobbler.com"
A_PAGE = 200
PAUSE = 0.25  # seconds between requests; five a second are allowed on average
_CHECK = "check the address, and the kind of the player"
_NO_USER, _KEY, _BUSY = (6, 17), (10, 26), (11, 16, 29)


class LastFm(Source):
    """A user's scrobbles; the secret is an API key, with which all that is public can be read."""

    format: ClassVar = "lastfm"
    all_words: ClassVar = True

    def __init__(self, server: Server, user: str, key: str) -> None:
        self._server, self._user, self._key = server, user, key

    @property
    def where(self) -> str:
        return self._server.where

    def test(self) -> str:
        told = self._ask("user.getRecentTracks", limit=1)
        total = part(self.where, told, "recenttracks", "@attr").get("total")
        if total is None:
            raise FormatError(f"{self.where} tells scrobbles otherwise than is documented", hint=_CHECK)
        return f"{self.where} answers: {self._user} has {total} scrobbles"

    def pull(self, since: datetime | None = None, *, before: int | None = None) -> Iterator[Page]:
        """By time, not by number: pages shift while somebody listens."""
        oldest = int(since.timestamp()) if since is not None else 0
        while True:
            asked: dict[str, Any] = {"limit": A_PAGE} | ({"from": oldest + 1} if oldest else {})
            told = self._ask("user.getRecentTracks", **asked, **({} if before is None else {"to": before}))
            page = told.get("recenttracks")
            tracks = page.get("track") if isinstance(page, dict) else None
            if tracks is None:
                raise FormatError(f"{self.where} tells scrobbles otherwise than is documented", hint=_CHECK)
            tracks = tracks if isinstance(tracks, list) else [tracks]  # one alone comes bare
            timed = [each for each in tracks if isinstance(each, dict) and _played(each)]
            if not timed:  # what is playing now has no date
                return
            times = [at for each in timed if (at := _played(each))]
            yield Page(
                {"recenttracks": {"track": timed, "@attr": {"user": self._user}}}, min(times), len(timed)
            )
            if len(timed) < A_PAGE:
                return
            # "to" is exclusive; scrobbles of the page's last second may go on beyond it.
            before = min(times) + 1 if min(times) + 1 < (before or max(times) + 2) else min(times)
            self._server.pause(PAUSE)

    def standing(self) -> Iterator[list[Standing]]:
        """Loved tracks, by user.getLovedTracks: page after page, the newest first."""
        number = pages = 1
        while number <= pages:
            told = self._ask("user.getLovedTracks", limit=A_PAGE, page=number).get("lovedtracks")
            if not isinstance(told, dict):
                raise FormatError(
                    f"{self.where} tells loved tracks otherwise than is documented", hint=_CHECK
                )
            tracks = told.get("track") or []
            tracks = tracks if isinstance(tracks, list) else [tracks]
            yield [_loved(each) for each in tracks if isinstance(each, dict) and each.get("name")]
            pages = whole(part(self.where, told, "@attr").get("totalPages"))
            number += 1
            if number <= pages:
                self._server.pause(PAUSE)

    def _ask(self, method: str, **told: Any) -> dict[str, Any]:
        asked = {"method": method, "user": self._user, "api_key": self._key, "format": "json", **told}
        answer = self._server.json("GET", "2.0/", params=asked, errors_are_answers=True)
        if not isinstance(answer, dict):
            raise FormatError(f"{self.where} tells scrobbles otherwise than is documented", hint=_CHECK)
        code, said = answer.get("error"), str(answer.get("message") or "")[:200]
        if code in _NO_USER:
            raise NotFoundError(f"{self.where} does not show the scrobbles of {self._user}", got=said)
        if code in _KEY:
            raise UsageError(f"{self.where} does not take the API key", got=said, hint=ADD_AGAIN)
        if code in _BUSY:
            raise BusyError(f"{self.where} is busy", got=said, hint="try again later")
        if code:
            raise SegueError(f"{self.where} refused", got=f"error {code}, {said}")
        return answer


def _played(track: dict[str, Any]) -> int | None:
    return unix_time(part("Last.fm", track, "date").get("uts"))


def _loved(track: dict[str, Any]) -> Standing:
    told = track.get("artist") or {}
    artist = text(told.get("name") or told.get("#text") if isinstance(told, dict) else told)
    mbid, title = fields.mbid(track.get("mbid")), text(track["name"])
    song = Song(f"{artist}\n{title}", title or None, (artist,), mbids=(mbid,) if mbid else ())
    return Standing(song, word="love", said_at=_played(track))
