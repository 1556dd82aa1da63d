"""A client for the service's API, typed by the shapes that the API itself is made of.

    import segue

    with segue.Client("http://127.0.0.1:8420", token) as client:
        for entry in client.weekly().entries:
            print(entry.track.title, entry.reason)
        radio = client.radio(seeds=["adele - hello"])
        while radio.now:
            radio.played()  # or radio.skipped()

What the service refuses is raised as the errors of `segue.errors`, with what to do.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, Literal, Self, TypeVar

import httpx2 as httpx
from pydantic import BaseModel, TypeAdapter

from segue.errors import BusyError, NotFoundError, SegueError, UsageError
from segue.service.shapes import List
from segue.service.v1 import administration, listener, lists, music, own, past, work
from segue.service.v1.feedback import Feedback, Heard, Kind, Word
from segue.service.v1.order import Ordered
from segue.service.v1.playing import Now
from segue.service.v1.radio import Radio
from segue.service.v1.session import Session

T = TypeVar("T")
S = TypeVar("S", Radio, Session)
TRIES = 4  # of a request that may be sent again
LONGEST_WAIT = 30.0  # seconds
REMEMBERED = 200  # answers that are kept, to be named by their ETag
AGAIN = (429, 502, 503, 504)
_ERRORS: Mapping[int, type[SegueError]] = {404: NotFoundError, 409: BusyError, 429: BusyError}


class Client:
    """A service, seen with one token. Close it, or use it in a `with`.

    Args:
        address: of the service, such as "http://127.0.0.1:8420".
        token: from `segue token create`.
        listener: whose data is meant, for a token of everybody.
        timeout: seconds.
        transport: what carries the requests, for tests.
    """

    def __init__(
        self,
        address: str,
        token: str,
        *,
        listener: str | None = None,
        timeout: float = 60.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._whose = {} if listener is None else {"listener": listener}
        headers = {"Authorization": f"Bearer {token}"}
        self._http = httpx.Client(base_url=address, headers=headers, timeout=timeout, transport=transport)
        self._known: dict[tuple[Any, ...], tuple[str, bytes]] = {}  # ETag and body of what was read

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    # Lists.

    def weeks(self) -> Iterator[str]:
        """The weeks that have a list, newest first."""
        return (each.week for each in self._pages("/v1/lists", lists.Lists, "lists"))

    def weekly(self, week: str = "current") -> List:
        """A weekly list. One that has not changed is not sent again."""
        return self._get(f"/v1/lists/{week}", List, format="json")

    def weekly_file(self, week: str = "current", format: lists.Format = "m3u8") -> bytes:
        """A weekly list as a file that players take."""
        return self._body(f"/v1/lists/{week}", format=format)

    def make_weekly(self) -> List:
        """This week's list made anew, from what is known by now."""
        return self._post("/v1/lists/current", List)

    # What is known of the listener.

    def tastes(self, week: str | None = None) -> list[listener.Taste]:
        """What the listener likes, in groups, heaviest first."""
        return self._get("/v1/tastes", listener.Tastes, week=week).tastes

    def explain(self, track: str) -> listener.Explanation:
        """The plays that speak for a track: its id, or words of its artists and title."""
        return self._get("/v1/explain", listener.Explanation, track=track)

    def why_not(self, track: str, week: str | None = None) -> listener.Absence:
        """What every rule says of a track for a list."""
        return self._get("/v1/why-not", listener.Absence, track=track, week=week)

    def feedback(self, track: str, kind: Kind, *, played_ms: int | None = None) -> Heard:
        """Love, save, hate or ban a track, or take that back; what is hated or banned never comes again.

        A skip is one outside of radios and sessions, which know their own; `played_ms` is of skips.
        """
        said: dict[str, Any] = {"track": track, "kind": kind}
        return self._post("/v1/feedback", Heard, said | _given(played_ms=played_ms))

    def said(self) -> Iterator[Word]:
        """The last word on each track, the latest first."""
        return self._pages("/v1/feedback", Feedback, "feedback")

    def history(self) -> Iterator[past.Session]:
        """What was played, session by session, newest first."""
        return self._pages("/v1/history", past.History, "sessions")

    def left_out(self) -> list[past.Left]:
        """Spans of time whose plays are left out of the listener's taste."""
        return self._get("/v1/exclusions", past.LeftOut).spans

    def leave_out(self, begins: datetime, ends: datetime) -> list[past.Left]:
        """Leave what was played from `begins` to `ends` out of the listener's taste; all that is left out."""
        span = {"begins": begins.isoformat(), "ends": ends.isoformat()}
        return self._post("/v1/exclusions", past.LeftOut, span).spans

    def take_back(self, begins: datetime, ends: datetime) -> list[past.Left]:
        """Let what was left out from `begins` to `ends` count again; what is left out still."""
        first, last = begins.isoformat(), ends.isoformat()
        answer = self._send("DELETE", "/v1/exclusions", begins=first, ends=last)
        return _read(past.LeftOut, answer.content).spans

    def export(self) -> Iterator[dict[str, Any]]:
        """All that is known of the listener, row by row."""
        import orjson

        with self._http.stream("GET", "/v1/export", params=self._whose) as answer:
            if answer.status_code >= 400:
                answer.read()
                raise _error(answer)
            for line in answer.iter_lines():
                if line:
                    yield orjson.loads(line)

    def forget(self, confirm: str) -> dict[str, int]:
        """Erase all that is known of the listener, whose id confirms it. It cannot be undone."""
        answer = self._send("DELETE", "/v1/listener", confirm=confirm)
        return own.Deleted.model_validate_json(answer.content).removed

    # Music.

    def search(self, words: str, limit: int = 10) -> music.Search:
        """Tracks by words of artists and title."""
        return self._get("/v1/search", music.Search, q=words, limit=limit)

    def similar(
        self, track: str, count: int = 15, kind: Literal["factors", "songs"] = "factors"
    ) -> music.Similar:
        """What is near a track."""
        return self._get("/v1/similar", music.Similar, track=track, count=count, kind=kind)

    def recommend(self, likes: Sequence[str]) -> List:
        """A list for somebody who names what they like; nothing of it is kept."""
        return self._post("/v1/recommendations", List, {"likes": list(likes)})

    def order(self, tracks: Sequence[str], by: Literal["auto", "agent", "greedy"] = "auto") -> Ordered:
        """Tracks in the order in which they are likely to be heard out."""
        return self._post("/v1/order", Ordered, {"tracks": list(tracks), "by": by})

    # Streams.

    def radio(self, seeds: Sequence[str] = (), *, new: bool = False) -> Stream[Radio]:
        """Begin a radio."""
        return Stream(self, "/v1/radio", Radio, {"seeds": list(seeds), "new": new})

    def session(
        self,
        seeds: Sequence[str] = (),
        tracks: Sequence[str] = (),
        by: Literal["auto", "agent", "greedy"] = "auto",
    ) -> Stream[Session]:
        """Begin a session that the agent leads; `state.candidates` tells what it sees."""
        begun = {"seeds": list(seeds), "tracks": list(tracks), "by": by}
        return Stream(self, "/v1/session", Session, begun)

    # Running the service: for an administrator's token.

    def models(self) -> list[administration.Model]:
        """Models and their versions."""
        return self._get("/v1/models", TypeAdapter(list[administration.Model]))

    def publish(self, name: str, version: str) -> administration.Model:
        """Let a version of a model answer."""
        return self._post(f"/v1/models/{name}/publish", administration.Model, {"version": version})

    def roll_back(self, name: str, version: str | None = None) -> administration.Model:
        """Go back to the version before, or to the one that is named."""
        return self._post(f"/v1/models/{name}/rollback", administration.Model, {"version": version})

    def jobs(self) -> Iterator[work.Job]:
        """The jobs, the newest first."""
        return self._pages("/v1/jobs", work.Jobs, "jobs")

    def job(self, number: int) -> work.Job:
        """A job."""
        return self._get(f"/v1/jobs/{number}", work.Job)

    def begin_job(self, kind: Literal["train", "lists"]) -> work.Job:
        """Begin a job."""
        return self._post("/v1/jobs", work.Job, {"kind": kind})

    def create_token(self, listener: str, scopes: Sequence[str] | None = None, note: str = "") -> str:
        """Make a token of a listener; it is told this once."""
        asked: dict[str, Any] = {"listener": listener, "note": note}
        asked |= {} if scopes is None else {"scopes": list(scopes)}
        return self._post("/v1/tokens", administration.Made, asked).token

    # How it is asked.

    def _get(self, path: str, shape: type[T] | TypeAdapter[T], **query: Any) -> T:
        return _read(shape, self._body(path, **query))

    def _pages(self, path: str, shape: type[Any], name: str) -> Iterator[Any]:
        """What stands under `name` on one page after another."""
        cursor: str | None = None
        while True:
            page = self._get(path, shape, cursor=cursor)
            yield from getattr(page, name)
            if (cursor := page.next) is None:
                return

    def _body(self, path: str, **query: Any) -> bytes:
        """What is read, sent again only if it has changed."""
        key = (path, *sorted(_given(**query).items()))
        etag, body = self._known.get(key, ("", b""))
        answer = self._send("GET", path, headers={"If-None-Match": etag} if etag else {}, **query)
        if answer.status_code == 304:
            return body
        if "etag" in answer.headers:
            while len(self._known) >= REMEMBERED:
                del self._known[next(iter(self._known))]
            self._known[key] = (answer.headers["etag"], answer.content)
        return answer.content

    def _post(self, path: str, shape: type[T], body: Mapping[str, Any] | None = None) -> T:
        return _read(shape, self._send("POST", path, body=body).content)

    def _send(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        **query: Any,
    ) -> httpx.Response:
        """The answer. What may be sent again is, where the service is busy or the network fails."""
        params = self._whose | _given(**query)
        safe = method == "GET" or path.endswith("/answers")
        for attempt in range(TRIES):
            wait = 0.25 * 4**attempt
            try:
                answer = self._http.request(
                    method, path, params=params, json=body, headers=dict(headers or {})
                )
            except httpx.TransportError as error:
                if not safe or attempt == TRIES - 1:
                    raise SegueError(
                        f"{self._http.base_url} does not answer", got=str(error), hint="see that it runs"
                    ) from None
            else:
                if answer.status_code < 400:
                    return answer
                # Refused before anything was done: the same may be sent again.
                again = answer.status_code in AGAIN and (safe or answer.status_code == 429)
                if not again or attempt == TRIES - 1:
                    raise _error(answer)
                told = answer.headers.get("retry-after", "")
                wait = min(float(told) if told.isdigit() else wait, LONGEST_WAIT)
            time.sleep(wait)
        raise AssertionError("unreachable")


class Stream(Generic[S]):
    """A radio or a session that plays.

    Attributes:
        state: what the service said last.
    """

    def __init__(self, client: Client, path: str, shape: type[S], begun: Mapping[str, Any]) -> None:
        self._client, self._shape = client, shape
        self.state: S = client._post(path, shape, begun)
        self._path = f"{path}/{self.state.id}"

    @property
    def now(self) -> Now | None:
        """The track that comes now; None where none is left."""
        return self.state.now

    def played(self, played_ms: int | None = None) -> S:
        """It was heard; the next one."""
        return self._answer(False, played_ms)

    def skipped(self, played_ms: int | None = None) -> S:
        """It was skipped; the next one."""
        return self._answer(True, played_ms)

    def end(self) -> None:
        """Nothing comes any more."""
        self._client._send("DELETE", self._path)

    def _answer(self, skipped: bool, played_ms: int | None) -> S:
        if self.state.now is None:
            raise UsageError("Nothing plays", hint="begin another")
        told = {"number": self.state.now.number, "skipped": skipped, "played_ms": played_ms}
        self.state = self._client._post(f"{self._path}/answers", self._shape, told)
        return self.state


def _given(**values: Any) -> dict[str, Any]:
    """Those that are not None."""
    return {name: value for name, value in values.items() if value is not None}


def _read(shape: type[T] | TypeAdapter[T], content: bytes) -> T:
    if isinstance(shape, TypeAdapter):
        return shape.validate_json(content)
    assert issubclass(shape, BaseModel)
    return shape.model_validate_json(content)


def _error(answer: httpx.Response) -> SegueError:
    """What the service said, as an error of `segue.errors`."""
    try:
        told = answer.json()
    except ValueError:
        told = {}
    kind = _ERRORS.get(answer.status_code, UsageError if answer.status_code < 500 else SegueError)
    words = {name: str(told.get(name) or "") for name in ("expected", "got", "hint")}
    return kind(str(told.get("title") or f"The service answered {answer.status_code}"), **words)
