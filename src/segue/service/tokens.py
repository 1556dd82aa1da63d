"""Who may do what: tokens, which are UUIDs as ListenBrainz' are, kept as hashes alone.

A token opens one listener's data (or everybody's, for a service that asks for many), and only what its scopes
allow. A random UUID has 122 bits, which nobody guesses: a plain SHA-256 of it is enough.
"""

from __future__ import annotations

import hashlib
import hmac
import time
import uuid
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from segue.errors import NotFoundError, UsageError
from segue.service.tables import TOKENS

SCOPES: Mapping[str, str] = {
    "submit": "send plays and feedback, as players and scrobblers do",
    "read": "lists, tastes, listens, search, what is similar",
    "write": "radio, feedback, making a list anew, export, deletion",
    "admin": "tokens, models and jobs; no listener's data",
}
OF_A_LISTENER = ("submit", "read", "write")
REMEMBERED = 2.0  # seconds after which a token is looked up again: one revoked elsewhere holds so long
MOST = 10_000  # tokens remembered


class Token(NamedTuple):
    """What a token opens."""

    id: int
    listener: str | None
    scopes: frozenset[str]
    everybody: bool = False

    def may(self, scope: str) -> bool:
        """Whether it allows that."""
        return scope in self.scopes

    def opens(self, listener: str) -> bool:
        """Whether it opens the data of `listener`."""
        return self.everybody or self.listener == listener


class Tokens:
    """The tokens of a database."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._known: dict[str, tuple[Token, float]] = {}

    def create(
        self,
        listener: str | None,
        scopes: Collection[str] = OF_A_LISTENER,
        *,
        everybody: bool = False,
        note: str = "",
    ) -> str:
        """Make a token and return it, for the one time that it can be seen.

        Raises:
            UsageError: a scope that there is not, or data of listeners asked for without naming whose.
        """
        chosen = [scope for scope in SCOPES if scope in scopes]
        if not chosen or set(scopes) - set(SCOPES):
            came = ", ".join(sorted(scopes)) or "none"
            raise UsageError("A token needs scopes", expected=", ".join(SCOPES), got=came)
        if set(chosen) & set(OF_A_LISTENER) and (listener is None) != everybody:
            raise UsageError(
                "A token opens the data of one listener, or of everybody", hint="name one of them"
            )
        token = str(uuid.uuid4())
        with self._engine.begin() as connection:
            connection.execute(
                TOKENS.insert().values(
                    hash=_hash(token),
                    listener=listener,
                    everybody=everybody,
                    scopes=" ".join(chosen),
                    note=note[:200],
                    created_at=time.time(),
                )
            )
        return token

    def known(self, text: str) -> Token | None:
        """The token, if it was looked up a moment ago; without asking the database."""
        found = self._known.get(_hash(text))
        return found[0] if found is not None and found[1] > time.monotonic() else None

    def find(self, text: str) -> Token | None:
        """The token; None where there is none, or it was revoked."""
        wanted = _hash(text)
        with self._engine.connect() as connection:
            row = connection.execute(TOKENS.select().where(TOKENS.c.hash == wanted)).one_or_none()
        if row is None or row.revoked_at is not None or not hmac.compare_digest(row.hash, wanted):
            self._known.pop(wanted, None)
            return None
        token = Token(row.id, row.listener, frozenset(row.scopes.split()), row.everybody)
        if len(self._known) >= MOST:
            self._known.clear()
        self._known[wanted] = (token, time.monotonic() + REMEMBERED)
        return token

    def forget(self) -> None:
        """Look every token up anew."""
        self._known.clear()

    def all(self) -> list[dict[str, Any]]:
        """What is known of all tokens that hold, oldest first; never the tokens."""
        query = TOKENS.select().where(TOKENS.c.revoked_at.is_(None)).order_by(TOKENS.c.id)
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
        return [
            {
                "id": row.id,
                "listener": row.listener,
                "everybody": row.everybody,
                "scopes": row.scopes.split(),
                "note": row.note,
                "created_at": datetime.fromtimestamp(row.created_at, UTC),
            }
            for row in rows
        ]

    def revoke(self, number: int) -> None:
        """Let a token hold no longer.

        Raises:
            NotFoundError: there is none of that number.
        """
        held = (TOKENS.c.id == number) & TOKENS.c.revoked_at.is_(None)
        with self._engine.begin() as connection:
            changed = connection.execute(TOKENS.update().where(held).values(revoked_at=time.time())).rowcount
        self.forget()
        if not changed:
            raise NotFoundError(f"There is no token {number} that holds", hint="segue token list")

    def first(self) -> str | None:
        """An administrator's token where there are no tokens at all yet, else None."""
        with self._engine.connect() as connection:
            some = connection.execute(sa.select(TOKENS.c.id).limit(1)).first()
        return None if some else self.create(None, ["admin"], note="made at the first start")


def _hash(token: str) -> str:
    # A plain hash is enough: a token is 122 random bits, which nobody guesses, unlike a password.
    return hashlib.sha256(token.strip().lower().encode("utf-8", "surrogatepass")).hexdigest()
