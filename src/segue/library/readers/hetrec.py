"""Last.fm of HetRec 2011: how often 1,892 listeners played 17,632 artists.

Cantador, Brusilovsky, Kuflik, "2nd Workshop on Information Heterogeneity and Fusion in Recommender Systems".
Listening is at the level of artists and without times. `artists.dat` names the artists of `user_artists.dat`;
tags and friends are no listening and are passed over.
"""

from __future__ import annotations

from collections.abc import Iterator

from segue.errors import FormatError
from segue.library.readers.base import Reader, ReadOptions, converted
from segue.library.readers.delimited import Record, full, layout, records
from segue.library.readers.fields import Malformed, integer, required
from segue.library.rows import Listen, Row, TrackRef
from segue.library.sources import Entry

PLAYS = ("userid", "artistid", "weight")
ARTISTS = ("id", "name", "url", "pictureurl")
README = b"hetrec2011-lastfm-2k"
OTHERS = {
    ("userid", "friendid"): "friendships are not listening",
    ("userid", "artistid", "tagid", "day", "month", "year"): "tags are not listening",
    ("userid", "artistid", "tagid", "timestamp"): "tags are not listening",
    ("tagid", "tagvalue"): "tags are not listening",
    ARTISTS: "read together with user_artists.dat",
}


class HetRec(Reader):
    name = "hetrec"
    title = "Last.fm, HetRec 2011 (user_artists.dat with artists.dat)"

    def recognises(self, name: str, head: bytes) -> bool:
        found = layout(head)
        table = found.delimiter == "\t" and (found.columns == PLAYS or found.columns in OTHERS)
        return table or README in head[:1000]

    def passes_over(self, name: str, head: bytes) -> str | None:
        return "a description" if README in head[:1000] else OTHERS.get(layout(head).columns)

    def read(self, entry: Entry, options: ReadOptions) -> Iterator[Row]:
        if self.passes_over(entry.name, entry.head()):
            return
        plays = _records(entry, PLAYS)
        names = entry.sibling("artists.dat")
        if names is None:
            raise FormatError(
                f"{entry.name} numbers its artists, and artists.dat, which names them, is not beside it",
                hint="import the whole archive, or the folder with both files",
            )
        artists = _artists(names)

        def listen(fields: list[str]) -> Listen:
            user, artist, weight = (integer(field, name) for field, name in zip(fields, PLAYS, strict=True))
            if user is None or artist is None or not weight:
                raise Malformed("a listener, an artist or a count of plays is missing")
            track = artists.get(artist)
            if track is None:
                raise Malformed(f"artist {artist} is not in artists.dat")
            return Listen(f"hetrec:{user}", track, plays=weight)

        yield from converted(plays, "line", listen)


def _records(entry: Entry, columns: tuple[str, ...]) -> Iterator[Record]:
    found = records(entry, "\t", quoted=False)
    first = next(found, (0, []))[1]
    if isinstance(first, Malformed) or tuple(name.strip().lower() for name in first) != columns:
        raise FormatError(f"{entry.name} is not of HetRec 2011", expected=f"the columns {', '.join(columns)}")
    return full(found, len(columns))


def _artists(entry: Entry) -> dict[int, TrackRef]:
    """Artists by number; those whose line is malformed are missed, and rejected where they are played."""
    artists: dict[int, TrackRef] = {}
    for _, fields in _records(entry, ARTISTS):
        try:
            if not isinstance(fields, Malformed) and (number := integer(fields[0], "id")) is not None:
                name = required(fields[1], "the artist's name")
                artists[number] = TrackRef(artists=(name,), other=f"hetrec:{number}", medium="artist")
        except Malformed:
            continue
    return artists
