"""Weekly lists to players: each once, and what could not be matched tried again after the next scan."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import NamedTuple

from segue.engine.named_playlist import weekly_list
from segue.errors import NotFoundError, UsageError
from segue.library import Library
from segue.players import state
from segue.players.accounts import WEEK, Account
from segue.players.base import Destination, NoneThereError, Receipt
from segue.players.kinds import opened
from segue.playlists.memory import Weeks

STABLE = "weekly"  # the slot of a playlist that every week's list goes into


class Pushed(NamedTuple):
    """What became of the list of an account."""

    account: Account
    week: str
    receipt: Receipt
    removed: int = 0  # playlists of older weeks
    gone: bool = False  # nothing was new here, but there the playlist is no longer


def push(
    library: Library,
    account: Account,
    *,
    week: str | None = None,
    again: bool = False,
    look: bool = False,
    to: Destination | None = None,
) -> Pushed | None:
    """Push a listener's weekly list, unless it is there already; None where there is nothing to do.

    Args:
        library: with the list.
        account: whose list, and where to.
        week: "2026-W48"; by default the listener's newest.
        again: write it anew even if nothing has changed here: what is there may have been changed by others.
        look: try now what was not there, which else waits for the next scan; and where all was, whether the
            playlist still is: it may have been removed on purpose, and comes back with the next list, or with
            `again`.
        to: the player, if it is open already.

    Raises:
        NotFoundError: the listener has no such list.
        NoneThereError: the player has none of its tracks.
        SegueError: the player refused, or could not be reached; nothing was changed there, but for players
            that cannot replace at once, which `docs/guides/players.md` names.
        BusyError: somebody else is pushing there.
    """
    if not account.push:
        raise UsageError(
            f"{account.name} takes no lists", hint="segue players add, with the same name and --push"
        )
    week = week or newest(library, account.listener)
    playlist = weekly_list(library, week, account.listener)
    playlist = replace(playlist, title=account.title.replace(WEEK, week))
    slot = week if WEEK in account.title else STABLE
    with state.held(library.path, account.name) as kept:
        old = kept.lists.get(slot, {})
        tracks = [entry.track.track_id for entry in playlist.entries]
        same = old.get("tracks") == tracks and old.get("title") == playlist.title
        same = same and not (again or old.get("unfinished"))
        idle = same and not (old["unmatched"] and (look or _scanned_since(library, old["pushed_at"])))
        if not look and (idle or (not again and _none_before(library, kept, slot, tracks))):
            return None
        destination = to or opened(library.path, account)
        assert isinstance(destination, Destination)
        if idle:
            if destination.has(old["id"]):
                return None
            there = Receipt(old["id"], tuple(old["items"]), tuple(old["unmatched"]), False)
            return Pushed(account, week, there, gone=True)
        items = tuple(old.get("items", ())) if same else ()
        if old:  # what a push that ends in its middle leaves there is not known
            kept.lists[slot] = old | {"unfinished": True}
            kept.save()
        try:
            receipt = destination.push(playlist, replacing=old.get("id"), items=items)
        except NoneThereError:
            kept.none[slot] = {"week": week, "tracks": tracks, "at": time.time()}
            if old:
                kept.lists[slot] = old
            kept.save()
            raise
        kept.none.pop(slot, None)
        kept.lists[slot] = {
            "id": receipt.playlist_id,
            "title": playlist.title,
            "week": week,
            "tracks": tracks,
            "items": list(receipt.items),
            "unmatched": list(receipt.unmatched),
            "pushed_at": time.time(),
        }
        kept.save()
        removed = _remove_old(kept, account, destination, slot)
    return Pushed(account, week, receipt, removed)


def newest(library: Library, listener: str) -> str:
    """The newest week of which a listener has a list.

    Raises:
        NotFoundError: there is none.
    """
    weeks = Weeks(library.path / "weeks")
    for week in reversed(weeks.names()):
        if listener in weeks.listeners_with_list(week):
            return week
    raise NotFoundError(f"{listener!r} has no weekly list yet", hint=f"segue weekly {listener}")


def _none_before(library: Library, kept: state.State, slot: str, tracks: list[str]) -> bool:
    """Whether the player had none of these tracks, and no folder was scanned since."""
    tried = kept.none.get(slot)
    return tried is not None and tried["tracks"] == tracks and not _scanned_since(library, tried["at"])


def _scanned_since(library: Library, moment: float) -> bool:
    scanned = library.arrow("folders")["scanned_at"].to_pylist()
    return any(at.timestamp() > moment for at in scanned)


def _remove_old(kept: state.State, account: Account, destination: Destination, slot: str) -> int:
    """Remove the playlists of older weeks, beyond those that are kept."""
    if not account.keep or slot == STABLE:
        return 0
    weeks = sorted(name for name in kept.lists if name != STABLE)
    old = weeks[: -account.keep]
    for name in old:
        # Saved after each: a push that breaks off knows which playlists are still there.
        destination.remove(kept.lists[name]["id"])
        del kept.lists[name]
        kept.save()
    return len(old)
