"""Listening from players: page by page onto the disk, then one import. A pull that was broken off goes on."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from segue import files
from segue.errors import NotFoundError, UsageError
from segue.library import Library
from segue.library.importing import import_path
from segue.library.readers.base import ReadOptions
from segue.library.readers.player_songs import PlayerSongs
from segue.players import state
from segue.players.accounts import Account
from segue.players.base import Source
from segue.players.kinds import PULLED, opened
from segue.players.standing import Comparison, Kept
from segue.progress import progress

OVERLAP = 3 * 24 * 3600  # seconds asked for again: a player that was offline hands plays in later


class Pulled(NamedTuple):
    """What came of a pull."""

    account: Account
    read: int
    stored: int
    already_there: int


def pull(library: Library, account: Account, *, source: Source | None = None) -> Pulled:
    """Fetch what was listened to since the last pull, and import it for the account's listener.

    Raises:
        UsageError: nothing can be pulled from that kind of player.
        SegueError: the player refused, or could not be reached; the next pull goes on where this one was.
        BusyError: somebody else is pulling from there, or writing to the library.
    """
    source = source or _source(library, account)
    with state.held(library.path, account.name) as kept:
        started = kept.pulled.get("started", int(time.time()))
        if account.plays and source.format:
            _history(source, kept, started)
        songs = _songs(source, kept, account)
        read = stored = there = 0
        for of, format in ((state.HISTORY, source.format), (state.SONGS, PlayerSongs.name)):
            if (kept.pages / of).exists():
                total = _imported(library, kept.pages / of, account, format)
                read, stored, there = read + total.read, stored + total.stored, there + total.already_there
        if songs is not None:
            kept.keep_songs(songs)
        kept.pulled = {"since": started}
        kept.save()
        # Last: a kill before imports the pages once more, and the library knows again what they tell.
        files.remove(kept.pages)
    return Pulled(account, read, stored, there)


def _history(source: Source, kept: state.State, started: int) -> None:
    """Fetch pages of plays, newest first; each is kept before the next is asked for."""
    told = kept.pulled
    since, before, number = told.get("since"), told.get("before"), told.get("pages", 0)
    moment = None if since is None else datetime.fromtimestamp(max(0, since - OVERLAP), UTC)
    with progress("Fetching listens", unit="listens") as advance:
        for page in source.pull(moment, before=before):
            number += 1
            kept.keep_page(number, orjson.dumps(page.document))
            before = before if page.oldest is None else page.oldest + 1
            kept.pulled = {"since": since, "started": started, "before": before, "pages": number}
            kept.save()
            advance(page.listens)


def _songs(source: Source, kept: state.State, account: Account) -> Kept | None:
    """Fetch how songs stand, and keep what changed as pages; how they stand, None where nobody can tell."""
    files.remove(kept.pages / state.SONGS)  # of a pull that was broken off
    seen = Comparison(kept.songs, int(time.time()), all_words=source.all_words, plays=account.plays)
    number = 0

    def keep(rows: Iterable[dict[str, Any]]) -> None:
        nonlocal number
        if page := list(rows):
            number += 1
            told = {"player": account.kind, "songs": page}
            kept.keep_page(number, orjson.dumps(told), of=state.SONGS)

    try:
        with progress("Fetching songs", unit="songs") as advance:
            for some in source.standing():
                keep(seen.changes(some))
                advance(len(some))
    except NotFoundError:  # a server without words, as Maloja and Koito
        files.remove(kept.pages / state.SONGS)
        return None
    keep(seen.gone())
    return seen.kept


def _imported(library: Library, pages: Path, account: Account, format: str) -> Any:
    with tempfile.TemporaryDirectory() as aside:  # nothing is imported out of a library's own folder
        copied = shutil.copytree(pages, Path(aside) / account.name)
        options = ReadOptions(listener=account.listener)
        return import_path(library, copied, format=format, options=options).total


def _source(library: Library, account: Account) -> Source:
    source = opened(library.path, account)
    if not isinstance(source, Source):
        raise UsageError(f"Nothing can be pulled from {account.kind}", expected=", ".join(PULLED))
    return source
