"""Listening from players: page by page onto the disk, then one import. A pull that was broken off goes on."""

from __future__ import annotations

import shutil
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import orjson

from segue import files
from segue.errors import UsageError
from segue.library import Library
from segue.library.importing import import_path
from segue.library.readers.base import ReadOptions
from segue.players import state
from segue.players.accounts import Account
from segue.players.base import Source
from segue.players.kinds import opened
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
        told = kept.pulled
        since = told.get("since")
        started, before, number = (
            told.get("started", int(time.time())),
            told.get("before"),
            told.get("pages", 0),
        )
        moment = None if since is None else datetime.fromtimestamp(max(0, since - OVERLAP), UTC)
        with progress("Fetching listens", unit="listens") as advance:
            for page in source.pull(moment, before=before):
                number += 1
                kept.keep_page(number, orjson.dumps(page.document))
                before = page.oldest if page.oldest is None else page.oldest + 1
                kept.pulled = {"since": since, "started": started, "before": before, "pages": number}
                kept.save()
                advance(page.listens)
        result = Pulled(account, 0, 0, 0)
        if kept.pages.exists():
            options = ReadOptions(listener=account.listener)
            with tempfile.TemporaryDirectory() as aside:  # nothing is imported out of a library's own folder
                pages = shutil.copytree(kept.pages, Path(aside) / account.name)
                report = import_path(library, pages, format=source.format, options=options)
            result = Pulled(account, report.total.read, report.total.stored, report.total.already_there)
        kept.pulled = {"since": started}
        kept.save()
        files.remove(kept.pages)
    return result


def _source(library: Library, account: Account) -> Source:
    source = opened(library.path, account)
    if not isinstance(source, Source):
        raise UsageError(f"Nothing can be pulled from {account.kind}", expected="listenbrainz, lastfm")
    return source
