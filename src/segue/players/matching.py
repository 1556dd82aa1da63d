"""Which of a player's songs a track is: by its file, MusicBrainz id, ISRC, or name and length.

Where there is nothing nearer, another edition of the recording ("Remastered 2011") is it, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from segue.library.credits import split_guests
from segue.library.editions import edition
from segue.library.identity import SAME_DURATION_MS, credit_key, name_key, normalise
from segue.library.rows import TrackRef
from segue.playlists.playlist import TrackCard

WORDS = 3  # of a title that are searched for alone
_BRACKETS = re.compile(r"\s*[(\[].*|\s+-\s.*|\s+(?:feat|ft)\b.*", re.I)
_PLAIN = re.compile(r"[A-Za-z0-9]{2,}")


class Song(NamedTuple):
    """A song as a player tells it."""

    item: str  # what the player calls it
    title: str | None
    artists: tuple[str, ...]
    duration_ms: int | None = None
    mbids: tuple[str, ...] = ()
    isrcs: tuple[str, ...] = ()
    path: str = ""


def queries(card: TrackCard) -> list[str]:
    """What to search a player for until the track is found, the surest first.

    Some look for all words everywhere, others for the whole text in the title alone, letter by letter. So the
    title comes as the file's tags spell it, as the library does, without brackets, without accents, with
    either apostrophe, and at last word by word. `artist_queries` is for what all that does not find.
    """
    title = card.title or card.file_title or ""
    short = _BRACKETS.sub("", title).strip()
    artist = card.artists[0] if card.artists else ""
    first, *others = _spellings(short)
    asked = (card.file_title or "", title, first, f"{artist} {short}".strip(), *others)
    return [query for query in dict.fromkeys(asked) if query]


def artist_queries(card: TrackCard) -> list[str]:
    """What to search for the artist by, where all their songs are to be looked through.

    A title may have accents there that it has not here ("Halo", "Hálo"), and a player look letter by letter.
    """
    return [query for query in dict.fromkeys(_spellings(card.artists[0] if card.artists else "")) if query]


def credits(card: TrackCard, name: str) -> bool:
    """Whether an artist that a player names is one of the track's."""
    mine, theirs = ({normalise(each) for each in (*of, *_split(of))} for of in (card.artists, (name,)))
    return not mine.isdisjoint(theirs)


def _spellings(text: str) -> tuple[str, ...]:
    """As it is, without accents, with either apostrophe, and its longest words in plain letters."""
    words = sorted(_PLAIN.findall(text), key=len, reverse=True)[:WORDS]
    return text, normalise(text), text.replace("'", "’"), text.replace("’", "'"), *words


def best(card: TrackCard, songs: Iterable[Song]) -> Song | None:
    """The one of `songs` that is the track; None where none is surely it."""
    ranked = [
        (rank, number, song) for number, song in enumerate(songs) if (rank := _rank(card, song)) is not None
    ]
    return min(ranked)[2] if ranked else None


def _rank(card: TrackCard, song: Song) -> tuple[int, int] | None:
    """How sure it is, the surest first: the kind of likeness, and by how much the lengths differ.

    An id whose song has another name is the last to be believed, and not where the lengths differ, too: files
    have wrong ids.
    """
    apart = 0
    if card.duration_ms and song.duration_ms:
        apart = abs(card.duration_ms - song.duration_ms)
    if _same_file(card.location, song.path):
        return 0, apart
    near = apart <= SAME_DURATION_MS + 1000  # players tell whole seconds
    likeness = _likeness(card, song)
    by_id = _FIRST if card.mbid in song.mbids else _FIRST + 1 if card.isrc in song.isrcs else None
    if by_id is not None:
        named = bool(card.title and card.artists and song.title and any(song.artists))
        if likeness is not None or not named:
            return by_id, apart
        return (_LAST, apart) if near else None
    return (likeness, apart) if likeness is not None and near else None


_FIRST, _NAME, _LAST = 1, 3, 6


def _likeness(card: TrackCard, song: Song) -> int | None:
    """By their names: the same, an edition of it with notes as it has them, another edition; or none."""
    if _keys(card.title, card.artists) & _keys(song.title, song.artists):
        return _NAME
    here, there = edition(card.title, card.artists), edition(song.title, _split(song.artists))
    return _NAME + 1 + (here.noted != there.noted) if here.is_of(there) else None


def _same_file(location: str | None, path: str) -> bool:
    """Whether a path below the player's own folder, as far as it tells it, is the end of ours."""
    inside = path.strip("/")
    return bool(location) and "/" in inside and f"/{location}".endswith(f"/{inside}")


def _keys(title: str | None, artists: tuple[str, ...]) -> set[str]:
    refs = (TrackRef(title, artists), TrackRef(title, _split(artists)))
    return {key for ref in refs for key in (name_key(ref), credit_key(ref)) if key is not None}


def _split(artists: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for credit in artists for name in split_guests(credit)))
