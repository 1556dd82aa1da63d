"""ListenBrainz and those that speak as it does: Segue's own service, Maloja, Koito."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import quote

from segue.errors import FormatError, NotFoundError, UsageError
from segue.library.readers import fields
from segue.players.answers import part, text, whole
from segue.players.base import Destination, Page, Source, Standing, unix_time
from segue.players.http import ADD_AGAIN, Server
from segue.players.matching import Song
from segue.playlists.formats import jspf
from segue.playlists.formats.text import recording_uri
from segue.playlists.playlist import Playlist

A_PAGE = 1000  # listens; a server that gives fewer at once says so by what it gives
_WORDS = {"1": "love", "-1": "hate"}
_NO_SUCH_VERB = (404, 405, 410, 501)
ITEMS = 100  # tracks that one request may add to a playlist


class ListenBrainz(Destination, Source):
    """A server at its root address, asked as one user with their token."""

    format: ClassVar = "listenbrainz"
    all_words: ClassVar = True

    def __init__(self, server: Server, user: str, *, public: bool = False) -> None:
        self._server, self._user, self._public = server, user, public

    @property
    def where(self) -> str:
        return self._server.where

    def test(self) -> str:
        told = self._server.json("GET", "1/validate-token")
        if not isinstance(told, dict) or "valid" not in told:
            raise FormatError(
                f"{self.where} does not speak as ListenBrainz does",
                hint="check the address: that of the server, without /1, and the kind of the player",
            )
        if not told["valid"]:
            raise UsageError(f"{self.where} does not take the token", hint=ADD_AGAIN)
        lists = "" if self.takes_lists() else "; it tells of listening, and takes no playlists"
        return f"{self.where} answers, as {told.get('user_name')}{lists}"

    def takes_lists(self) -> bool:
        """Whether it knows playlists: ListenBrainz does, those that only speak its tongue do not."""
        path = "1/playlist/create"  # of an empty document, which ListenBrainz refuses as such
        answer = self._server.ask("POST", path, json={}, errors_are_answers=True)
        return answer.status_code not in _NO_SUCH_VERB

    def pull(self, since: datetime | None = None, *, before: int | None = None) -> Iterator[Page]:
        oldest = int(since.timestamp()) if since is not None else 0
        path = f"1/user/{quote(self._user, safe='')}/listens"
        while True:
            asked = {"count": A_PAGE} | ({} if before is None else {"max_ts": before})
            told = self._server.json("GET", path, params=asked)
            try:
                listens = told["payload"]["listens"]
                times = [int(each["listened_at"]) for each in listens]
            except (TypeError, KeyError, ValueError):
                raise FormatError(f"{self.where} tells listens otherwise than ListenBrainz does") from None
            kept = [each for each, at in zip(listens, times, strict=True) if at > oldest]
            if kept:
                # Those of the page's last second may go on beyond it: they are asked for again.
                yield Page({"payload": {"listens": kept}}, min(times), len(kept))
            if not listens or min(times) <= oldest:
                return
            following = min(times) + 1 if min(times) + 1 < (before or max(times) + 2) else min(times)
            before = following

    def standing(self) -> Iterator[list[Standing]]:
        """Loved and hated recordings. One that is known by a MessyBrainz id alone needs its names."""
        path, start = f"1/feedback/user/{quote(self._user, safe='')}/get-feedback", 0
        while True:
            asked = {"count": A_PAGE, "offset": start, "metadata": "true"}
            try:
                told = self._server.json("GET", path, params=asked)
            except FormatError as error:  # a page for people, of a server without feedback
                raise NotFoundError(f"{self.where} has no feedback") from error
            page = told.get("feedback") if isinstance(told, dict) else None
            if not isinstance(page, list):
                raise NotFoundError(f"{self.where} has no feedback")
            yield [found for each in page if (found := _word(each)) is not None]
            start += len(page)
            if not page or start >= whole(told.get("total_count")):
                return

    def find(self, playlist: Playlist) -> list[str | None]:
        """Recordings by their MusicBrainz ids, which every track there must have."""
        return [entry.track.mbid if recording_uri(entry.track) else None for entry in playlist.entries]

    def has(self, playlist_id: str) -> bool:
        try:
            self._server.json("GET", f"1/playlist/{quote(playlist_id, safe='')}")
        except NotFoundError:
            return False
        return True

    def put(self, playlist: Playlist, items: tuple[str, ...], replacing: str | None) -> str:
        """Make or replace; long ones are made whole before the old one goes."""
        wanted = dict.fromkeys(items)
        entries = []
        for entry in playlist.entries:
            if entry.track.mbid in wanted:
                del wanted[entry.track.mbid]
                entries.append(
                    replace(entry, position=len(entries) + 1, track=replace(entry.track, location=None))
                )
        document = jspf.document(replace(playlist, entries=tuple(entries)), public=self._public)
        tracks = document["playlist"]["track"]
        document["playlist"]["track"] = tracks[:ITEMS]
        try:
            made = self._ask("1/playlist/create", document)
        except NotFoundError:
            raise no_lists(self.where) from None
        found = str(made.get("playlist_mbid") or "")
        if not found:
            raise FormatError(f"{self.where} did not say which playlist it made")
        for start in range(ITEMS, len(tracks), ITEMS):
            lot = {"playlist": {"track": tracks[start : start + ITEMS]}}
            self._ask(f"1/playlist/{found}/item/add/{start}", lot)
        if replacing is not None:
            self.remove(replacing)
        return found

    def remove(self, playlist_id: str) -> None:
        try:
            self._ask(f"1/playlist/{quote(playlist_id, safe='')}/delete", {})
        except NotFoundError:
            return

    def _ask(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        told = self._server.json("POST", path, json=body)
        return told if isinstance(told, dict) else {}


def no_lists(where: str) -> UsageError:
    """What to say of a server that takes no playlists."""
    return UsageError(
        f"{where} takes no playlists: of what speaks as ListenBrainz does, ListenBrainz alone does",
        hint="segue players add it with --no-push --pull, to fetch listening from it",
    )


def _word(told: Any) -> Standing | None:
    """A recording that is loved or hated, if enough is told of it to know it elsewhere."""
    if not isinstance(told, dict) or (word := _WORDS.get(str(told.get("score")))) is None:
        return None
    facts = part("The ListenBrainz server", told, "track_metadata")
    mbid = fields.mbid(told.get("recording_mbid"))
    mapped = part("The ListenBrainz server", facts, "mbid_mapping")
    mbid = mbid or fields.mbid(mapped.get("recording_mbid"))
    title, artist = text(facts.get("track_name")), text(facts.get("artist_name"))
    item = mbid or text(told.get("recording_msid"))
    if not item or not (mbid or (title and artist)):
        return None
    song = Song(item, title or None, (artist,) if artist else (), mbids=(mbid,) if mbid else ())
    album = text(facts.get("release_name")) or None
    return Standing(song, album, word=word, said_at=unix_time(told.get("created")))
