"""The playlist somebody names: a file, one of the library, or a stored weekly list."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from segue.errors import NotFoundError, UsageError
from segue.library import Library
from segue.library.collection.owned import Owned
from segue.playlists.catalogue import Catalogue as Cards
from segue.playlists.formats import read
from segue.playlists.memory import Weeks
from segue.playlists.placed import with_files
from segue.playlists.playlist import Playlist, PlaylistEntry


def asked(library: Library, text: str | None, week: str | None, listener: str | None) -> Playlist:
    """The playlist that is meant: a file, the id or title of one in the library, or a stored weekly list.

    Raises:
        UsageError: nothing is named, or a week without a listener.
        NotFoundError: there is none.
    """
    if week is not None:
        if listener is None:
            raise UsageError("A weekly list is somebody's", hint="name them with --listener")
        return weekly_list(library, week, listener)
    if text is None:
        raise UsageError("No playlist is named", hint="name a file, a playlist of the library, or --week")
    path = Path(text)
    if path.suffix and (path.is_file() or path.suffix.lower() in (".jspf", ".xspf", ".m3u8", ".m3u")):
        return read(path)
    return library_playlist(library, text)


def weekly_list(library: Library, week: str, listener: str) -> Playlist:
    """A weekly list as it is remembered.

    Raises:
        NotFoundError: the listener has none of that week.
    """
    weeks = Weeks(library.path / "weeks")
    rows = weeks.read(week, [listener]).sort_by("position").to_pylist()
    if not rows:
        have = ", ".join(weeks.names()[-3:]) or "none"
        raise NotFoundError(
            f"{listener!r} has no list of {week}", expected=f"a week of {have}", hint="segue weekly"
        )
    cards = Cards.read(library, [row["track_id"] for row in rows]).cards(range(len(rows)))
    entries = tuple(
        PlaylistEntry(place + 1, cards[place], row["score"], row["reason"], taste=row["taste"])
        for place, row in enumerate(rows)
    )
    title = rows[0]["title"] or f"Discover Weekly, {week}"
    return with_files(Playlist(title, listener, week, rows[0]["created_at"], entries), Owned(library))


def library_playlist(library: Library, text: str) -> Playlist:
    """A playlist of the library, by its id or its title.

    Raises:
        NotFoundError: there is none, or it holds nothing.
    """
    table, entries = library.table("playlists"), library.table("playlist_entries")
    named = table.filter((table.playlist_id == text) | (table.title.lower() == text.lower()))
    rows = library.arrow(named.order_by("playlist_id").limit(1)).to_pylist()
    if not rows:
        raise NotFoundError(
            f"There is no playlist {text!r}",
            expected="a file (.jspf, .xspf, .m3u8, .csv, .json), or the id or title of a playlist here",
            hint="check the name, or take a weekly list: --listener NAME --week 2026-W48",
        )
    mine = entries.filter(entries.playlist_id == rows[0]["playlist_id"]).order_by(["position", "track_id"])
    cards = Cards.read(library, library.arrow(mine)["track_id"].to_pylist())
    found = tuple(PlaylistEntry(place, card) for place, card in enumerate(cards.cards(range(len(cards))), 1))
    return Playlist(rows[0]["title"] or text, rows[0]["owner"] or "", None, datetime.now(UTC), found)
