"""Letting Segue into a Spotify account: OAuth with PKCE (RFC 7636), which needs no secret of an application.

The user makes an application of their own at developer.spotify.com, whose client id is public, and allows it
on Spotify's page. Access tokens last for an hour; a refresh token brings the next one, and often another
refresh token that takes its place.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from segue.errors import FormatError, UsageError
from segue.players.http import ADD_AGAIN, Server

ADDRESS = "https://accounts.spotify.com"
REDIRECT = "http://127.0.0.1:8898/callback"  # nothing needs to answer there
SCOPES = "playlist-read-private playlist-modify-private playlist-modify-public user-library-modify"
EARLIER = 60.0  # seconds before its end that a token is renewed


class Tokens:
    """Access tokens of one account, as they are needed.

    Args:
        server: Spotify's accounts service.
        client: the id of the user's application.
        refresh: the refresh token.
        keep: puts another refresh token in its place.
    """

    def __init__(self, server: Server, client: str, refresh: str, keep: Callable[[str], object]) -> None:
        self._server, self._client, self._refresh, self._keep = server, client, refresh, keep
        self._token, self._until = "", 0.0

    def __call__(self, anew: bool = False) -> str:
        """A token that holds.

        Raises:
            UsageError: the account no longer lets Segue in.
        """
        if anew or time.monotonic() > self._until:
            asked = {"grant_type": "refresh_token", "refresh_token": self._refresh, "client_id": self._client}
            told = _asked(self._server, asked)
            self._token = str(told["access_token"])
            self._until = time.monotonic() + float(told.get("expires_in") or 3600) - EARLIER
            if (other := told.get("refresh_token")) and other != self._refresh:
                self._refresh = str(other)
                self._keep(self._refresh)  # the old one may hold no longer
        return self._token


def login(client: str, ask: Callable[[str], str], server: Server | None = None) -> str:
    """Have the user allow it; the refresh token.

    Args:
        client: the id of the user's application.
        ask: shows a text, and gives back what the user answers.
        server: Spotify's accounts service, in tests.

    Raises:
        UsageError: it was not allowed, or what was answered is not the address.
    """
    if not client:
        raise UsageError(
            "Spotify needs the client id of an application of your own",
            hint=f"make one at developer.spotify.com with the redirect URI {REDIRECT}; give its id as --user",
        )
    # PKCE (RFC 7636): whoever sees the address that comes back lacks the verifier. An application on the
    # user's own machine could keep no secret of its own. The state shows that the answer is to this question.
    verifier, state = secrets.token_urlsafe(64), secrets.token_urlsafe(16)
    digest = hashlib.sha256(verifier.encode()).digest()
    page = {
        "client_id": client,
        "response_type": "code",
        "redirect_uri": REDIRECT,
        "scope": SCOPES,
        "state": state,
        "code_challenge_method": "S256",
        "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
    }
    answer = ask(
        f"Open this page and allow it:\n\n{ADDRESS}/authorize?{urlencode(page)}\n\n"
        f"Your browser then goes to an address that begins with {REDIRECT}. That nothing is found there "
        "is as it should be.\nThat address"
    )
    told = {name: values[0] for name, values in parse_qs(urlsplit(answer.strip()).query).items()}
    if told.get("error"):
        raise UsageError("Spotify does not let Segue in", got=told["error"][:100], hint=ADD_AGAIN)
    if not told.get("code") or told.get("state") != state:
        raise UsageError(
            "That is not the address", expected=f"{REDIRECT}?code=...&state=... of this page", hint=ADD_AGAIN
        )
    asked = {"grant_type": "authorization_code", "code": told["code"], "redirect_uri": REDIRECT}
    server = server or Server(ADDRESS, "Spotify")
    found = _asked(server, asked | {"client_id": client, "code_verifier": verifier}).get("refresh_token")
    if not found:
        raise FormatError("Spotify gave no refresh token", hint=ADD_AGAIN)
    return str(found)


def _asked(server: Server, told: dict[str, str]) -> dict[str, Any]:
    answer = server.json("POST", "api/token", data=told, errors_are_answers=True, safe=False)
    if not isinstance(answer, dict) or not answer.get("access_token"):
        error = answer.get("error") if isinstance(answer, dict) else None
        raise UsageError("Spotify does not let Segue in", got=str(error or "no token")[:100], hint=ADD_AGAIN)
    return answer
