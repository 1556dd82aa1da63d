"""Asking servers over HTTP: patience where they are busy, and errors that hold no secret."""

from __future__ import annotations

import email.utils
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from segue.errors import BusyError, FormatError, NotFoundError, SegueError, UsageError, install

if TYPE_CHECKING:
    import httpx2

TRIES = 5
TRIES_UNREACHED = 3  # where nothing listens, or no answer comes in time
ADD_AGAIN = "segue players add, with the same name and the right account"
LONGEST_WAIT = 120.0  # seconds before one more try
BUSY = (429, 502, 503, 504)
FIRST_WAIT = 1.0


class Server:
    """A server. Nothing that it is asked is ever put into a message: queries and bodies hold secrets.

    Args:
        address: "https://music.example.org", with a path if need be.
        what: it is, for messages.
        headers: of every request.
        transport: of httpx2, for tests.
        sleep: likewise.
    """

    def __init__(
        self,
        address: str,
        what: str,
        *,
        headers: dict[str, str] | None = None,
        transport: Any = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        try:
            import httpx2
        except ModuleNotFoundError:
            raise NotFoundError("Players are spoken to with an extra", hint=install("players")) from None
        self._errors = httpx2
        self.what, self._sleep = what, sleep
        self.address = clean(address)
        self._client = httpx2.Client(
            headers={"User-Agent": "segue", **(headers or {})},
            transport=transport,
            timeout=httpx2.Timeout(60.0, connect=10.0),
        )

    @property
    def where(self) -> str:
        """The server in a sentence."""
        return f"{self.what} at {self.address}"

    def ask(self, method: str, path: str, *, safe: bool | None = None, **told: Any) -> httpx2.Response:
        """One request, asked again where the server is busy or was not reached.

        Args:
            method: "GET", ...
            path: after the address.
            safe: whether it may be sent twice; by default for GET, PUT and DELETE.
            told: params, json, data, headers; errors_are_answers where a server tells of errors in its own
                words.

        Raises:
            UsageError: the server does not take the account (401, 403).
            BusyError: it is busy for too long.
            SegueError: it cannot be reached, or refuses.
        """
        safe = method in ("GET", "PUT", "DELETE") if safe is None else safe
        raw = told.pop("errors_are_answers", False)
        wait, why = FIRST_WAIT, ""
        for tried in range(1, TRIES + 1):
            pause, most = None, TRIES
            try:
                answer = self._client.request(method, f"{self.address}/{path.lstrip('/')}", **told)
            except self._errors.TransportError as error:
                why, most = self._why(error), TRIES_UNREACHED
                # Where there was no connection nothing was sent; else the request may have arrived, and must
                # not arrive twice.
                sent = not isinstance(error, (self._errors.ConnectError, self._errors.ConnectTimeout))
                if sent and not safe:
                    break
            else:
                # A gateway that answers 502 or 504 may have passed the request on.
                if answer.status_code not in BUSY or (answer.status_code in (502, 504) and not safe):
                    answered = raw and not answer.is_redirect and answer.status_code < 500
                    return answer if answered else self._taken(answer)
                why, pause = f"status {answer.status_code}", _asked_to_wait(answer)
            if pause is not None and pause > LONGEST_WAIT:
                raise BusyError(f"{self.where} asks to wait {pause:,.0f} s", hint="try again later")
            if tried >= most:
                break
            self._sleep(pause if pause is not None else wait)
            wait = min(2 * wait, LONGEST_WAIT)
        if why.startswith("status"):
            raise BusyError(f"{self.where} is busy", got=why, hint="try again later")
        raise SegueError(
            f"{self.where} cannot be reached", got=why, hint="check the address, and that it runs"
        )

    def _why(self, error: Exception) -> str:
        """What went wrong on the way, in words; an error's own may hold the address with its secrets."""
        errors = self._errors
        if isinstance(error, errors.ConnectError):
            return "no connection"
        if isinstance(error, errors.TimeoutException):
            return "no answer in time"
        if isinstance(error, errors.RemoteProtocolError | errors.ReadError):
            return "an answer that broke off"
        return type(error).__name__

    def pause(self, seconds: float) -> None:
        """Wait, as a server asks of those who ask often."""
        self._sleep(seconds)

    def json(self, method: str, path: str, **told: Any) -> Any:
        """The same, of an answer that is JSON, or nothing (None).

        Raises:
            FormatError: it is something else.
        """
        answer = self.ask(method, path, **told)
        try:
            return answer.json() if answer.content else None
        except ValueError:
            self._taken(answer)
            raise FormatError(
                f"{self.where} answered something else than JSON",
                got=f"status {answer.status_code}, {answer.headers.get('content-type', 'no type')}",
                hint="check the address: it is that of the server itself, with no page behind it",
            ) from None

    def _taken(self, answer: httpx2.Response) -> httpx2.Response:
        status = answer.status_code
        if status in (401, 403):
            raise UsageError(
                f"{self.where} does not take the account",
                got=f"status {status}",
                hint=ADD_AGAIN,
            )
        if status == 404:
            raise NotFoundError(
                f"{self.where} does not have what was asked for",
                got="status 404",
                hint="check the address, with the path of the server if it has one",
            )
        if answer.is_redirect:
            raise SegueError(
                f"{self.where} sends elsewhere",
                got=_elsewhere(answer, self.address),
                hint="add the player with the address that it sends to; if that is a page to log in, let "
                "Segue past it",
            )
        if status >= 300:
            hint = "look into its log, or try again later" if status >= 500 else ""
            raise SegueError(f"{self.where} refused", got=f"status {status}", hint=hint)
        left, reset = answer.headers.get("x-ratelimit-remaining"), answer.headers.get("x-ratelimit-reset-in")
        if left == "0" and reset and reset.isdecimal():  # ListenBrainz tells before it refuses
            self._sleep(min(float(reset), LONGEST_WAIT))
        return answer


def clean(address: str) -> str:
    """An address without a slash at its end.

    Raises:
        UsageError: it is no http address, or holds a password.
    """
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(address.strip())
        host = parts.hostname
    except ValueError:
        parts, host = urlsplit(""), None
    if parts.scheme not in ("http", "https") or not host:
        raise UsageError(
            "That is no address of a server",
            expected="https://music.example.org",
            # What stands before an @ may be a password.
            got=address[:60].split("@")[-1],
        )
    if parts.username or parts.password:
        raise UsageError("An address holds no user and password", hint="give them by --user, and when asked")
    return f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/")


def _elsewhere(answer: httpx2.Response, address: str) -> str:
    """The address that an answer sends to, without what was asked of it."""
    from urllib.parse import urljoin, urlsplit

    asked = str(answer.request.url)
    parts = urlsplit(urljoin(asked, answer.headers.get("location") or ""))
    there = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    return there.removesuffix(urlsplit(asked.removeprefix(address)).path)


def _asked_to_wait(answer: httpx2.Response) -> float | None:
    """Seconds, from Retry-After (RFC 9110: seconds or a date) or ListenBrainz' own header."""
    said = answer.headers.get("retry-after") or answer.headers.get("x-ratelimit-reset-in") or ""
    if said.strip().isdecimal():
        return float(said)
    try:
        moment = email.utils.parsedate_to_datetime(said)
    except (TypeError, ValueError):
        return None
    return max(0.0, (moment - datetime.now(UTC)).total_seconds()) if moment.tzinfo else None
