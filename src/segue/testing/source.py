"""What every player that tells of listening must do, whatever kind it is.

    class TestMine(SourceContract):
        def server(self, heard): ...  # a function that answers requests as a server with this history
        def source(self, server): return Mine(server, "ana", "secret")

Needs pytest and httpx2.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from time import time
from typing import Any, NamedTuple

import httpx2
import pytest

from segue.errors import SegueError
from segue.library import Library
from segue.players import accounts
from segue.players.base import Source
from segue.players.http import Server
from segue.players.pulling import Pulled, pull

BASE = 1_700_000_000
SECRET = "hunter2"
Answer = Callable[[httpx2.Request], httpx2.Response]
Change = Callable[[int, httpx2.Request], httpx2.Response | None]


class Play(NamedTuple):
    """A play of "Song `song`" by Adele."""

    song: int
    at: int  # Unix time


class Heard:
    """What a server knows: the contract changes it, and the server tells it as it is."""

    def __init__(self) -> None:
        # 38 plays of seven songs; three of them begin in one second, where a page may end.
        self.plays = [Play(n % 7, BASE + 300 * n) for n in range(35)]
        self.plays += [Play(n, BASE + 3000) for n in (1, 2, 4)]
        self.loved: dict[int, int] = {1: BASE + 50, 3: BASE + 60}  # song: Unix time

    def counts(self) -> Counter[str]:
        """Plays by title."""
        return Counter(f"Song {play.song}" for play in self.plays)


class SourceContract(ABC):
    """Inherit it, and say how a server with a history answers, and how it is asked."""

    words = True  # whether the kind tells what is loved

    @abstractmethod
    def server(self, heard: Heard) -> Answer:
        """A server that tells what `heard` holds at the time of a request."""

    @abstractmethod
    def source(self, server: Server) -> Source:
        """The source; its secret, if it has one, is `SECRET`."""

    @pytest.fixture(autouse=True)
    def _made(self, tmp_path: Path) -> None:
        self.library = Library.open(tmp_path / "library", create=True)
        self.heard = Heard()
        self.waits: list[float] = []
        self.requests = 0
        self.account = accounts.add(self.library.path, name="home", kind="lastfm", listener="ana", pull=True)

    def pulled(self, change: Change | None = None) -> Pulled:
        """Pull once; `change` answers in the server's place where it wants to, by the request's number."""
        try:
            return pull(self.library, self.account, source=self.opened(change))
        finally:
            self.library.refresh()

    def opened(self, change: Change | None = None) -> Source:
        """The source, of a server with the history so far."""
        answer = self.server(self.heard)

        def counted(request: httpx2.Request) -> httpx2.Response:
            self.requests += 1
            other = None if change is None else change(self.requests, request)
            return answer(request) if other is None else other

        self.requests = 0
        transport = httpx2.MockTransport(counted)
        return self.source(
            Server("https://x.example.org", "It", transport=transport, sleep=self.waits.append)
        )

    def stored(self) -> Counter[str]:
        """Plays in the library by title."""
        listens, tracks = self.library.table("listens"), self.library.table("tracks")
        joined = listens.inner_join(tracks.select("track_id", "title"), "track_id")
        rows = self.library.arrow(joined.select("title", "plays")).to_pylist()
        found: Counter[str] = Counter()
        for row in rows:
            found[row["title"]] += row["plays"]
        return found

    def loved(self) -> set[str]:
        """Titles whose last word in the library is love."""
        feedback, tracks = self.library.table("feedback"), self.library.table("tracks")
        songs = tracks.filter(tracks.title.notnull()).select("track_id", "title")
        joined = feedback.inner_join(songs, "track_id")
        rows = self.library.arrow(joined.select("title", "kind", "given_at")).to_pylist()
        rows.sort(key=lambda row: 0 if row["given_at"] is None else row["given_at"].timestamp())
        last = {row["title"]: row["kind"] for row in rows}
        return {title for title, kind in last.items() if kind == "love"}

    def rejected(self) -> int:
        return self.library.count("rejects")

    def test_says_that_it_is_there(self) -> None:
        said = self.opened().test()
        assert said and SECRET not in said

    def test_everything_is_told_once(self) -> None:
        done = self.pulled()
        assert done.stored > 0
        assert self.stored() == self.heard.counts()
        assert self.rejected() == 0
        assert self.pulled().stored == 0
        assert self.stored() == self.heard.counts()

    def test_what_is_new_comes_with_the_next_pull(self) -> None:
        self.pulled()
        asked, now = self.requests, int(time())
        for before in (900, 600):
            self.heard.plays.append(Play(5, now - before))
            self.pulled()
            assert self.stored() == self.heard.counts()
        # Two between pulls, of a song that is new.
        self.heard.plays += [Play(9, now - 200), Play(9, now - 100)]
        self.pulled()
        assert self.stored() == self.heard.counts()
        assert self.requests <= asked

    def test_a_pull_that_breaks_off_anywhere_loses_nothing(self, tmp_path: Path) -> None:
        self.pulled()
        requests = self.requests
        assert requests > 1, "let a page hold fewer plays, so that there are several"
        for at in sorted({2, (requests + 2) // 2, requests}):
            self.library = Library.open(tmp_path / f"broken-{at}", create=True)
            self.account = accounts.add(
                self.library.path, name="home", kind="lastfm", listener="ana", pull=True
            )
            with pytest.raises(SegueError, match="status 500"):
                self.pulled(lambda number, _, at=at: httpx2.Response(500) if number == at else None)
            self.pulled()
            assert self.stored() == self.heard.counts(), at
            assert self.rejected() == 0

    def test_a_busy_server_is_waited_for(self) -> None:
        busy = httpx2.Response(429, headers={"Retry-After": "7"})
        self.pulled(lambda number, _: busy if number == 2 else None)
        assert 7.0 in self.waits
        assert self.stored() == self.heard.counts()

    def test_strange_answers_are_told_as_such(self) -> None:
        strange: list[Any] = [None, [], {}, {"x": 1}, {"error": 99}, "text", 5, [[]]]
        answers = [httpx2.Response(200, json=each) for each in strange]
        answers += [httpx2.Response(200, text="<html>"), httpx2.Response(404), httpx2.Response(401)]
        for answer in answers:
            for at in (1, 2, 3):
                for told in ("pull", "standing"):
                    source = self.opened(lambda number, _, at=at, a=answer: a if number >= at else None)
                    try:
                        list(getattr(source, told)())
                    except SegueError as error:
                        assert SECRET not in str(error)

    def test_what_is_loved_and_no_longer(self) -> None:
        if not self.words:
            pytest.skip("this kind tells plays alone")
        self.pulled()
        assert self.loved() == {"Song 1", "Song 3"}
        self.pulled()
        del self.heard.loved[3]
        self.heard.loved[6] = int(time()) - 60
        self.pulled()
        assert self.loved() == {"Song 1", "Song 6"}
        words = self.library.count("feedback")
        assert self.pulled().stored == 0
        assert self.library.count("feedback") == words
