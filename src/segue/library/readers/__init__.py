"""Readers of other people's formats: each turns a file into the rows of `segue.library.rows`.

One module per family of formats; `docs/reference/formats.md` says how each is recognised and
where each field lands.
To add one: a class beside the others, its name in `READERS`, tests that inherit
`segue.testing.reader.ReaderContract`.
"""

from __future__ import annotations

import re

from segue.errors import UsageError, one_of
from segue.library.readers.acousticbrainz import AcousticBrainz
from segue.library.readers.apple_music import AppleMusic
from segue.library.readers.base import Reader, ReadOptions
from segue.library.readers.deezer import Deezer
from segue.library.readers.delimited import layout
from segue.library.readers.hetrec import HetRec
from segue.library.readers.itunes import ITunes
from segue.library.readers.jellyfin import Jellyfin
from segue.library.readers.koito import Koito
from segue.library.readers.lastfm import LastFm
from segue.library.readers.lastfm_research import LastFm1K, LastFm360K
from segue.library.readers.lastfmstats import LastFmStats
from segue.library.readers.librefm import LibreFm
from segue.library.readers.listenbrainz import ListenBrainz
from segue.library.readers.maloja import Maloja
from segue.library.readers.mpd import MillionPlaylists
from segue.library.readers.mssd import Mssd
from segue.library.readers.navidrome import Navidrome
from segue.library.readers.panoscrobbler import PanoScrobbler
from segue.library.readers.player_songs import PlayerSongs
from segue.library.readers.playlist_files.reader import PlaylistFiles
from segue.library.readers.plex import Plex
from segue.library.readers.scrobbler_log import ScrobblerLog
from segue.library.readers.spotify import Spotify
from segue.library.readers.table import Table
from segue.library.readers.tidal import Tidal
from segue.library.readers.tidytuesday import TidyTuesday
from segue.library.readers.yambda import Yambda
from segue.library.readers.youtube_music import YouTubeMusic
from segue.library.sources import Entry

__all__ = ["READERS", "ReadOptions", "Reader", "any_format", "by_name", "recognise", "unrecognised"]

_SPECIFIC: tuple[Reader, ...] = (
    Spotify(),
    LastFm(),
    ListenBrainz(),
    MillionPlaylists(),
    Mssd(),
    HetRec(),
    LastFm360K(),
    LastFm1K(),
    TidyTuesday(),
    ScrobblerLog(),
    LibreFm(),
    Maloja(),
    PanoScrobbler(),
    PlaylistFiles(),
    LastFmStats(),
    AppleMusic(),
    ITunes(),
    YouTubeMusic(),
    Koito(),
    Tidal(),
    Deezer(),
    AcousticBrainz(),
    Plex(),
    Jellyfin(),
    Navidrome(),
    PlayerSongs(),
    Yambda(),
)
_TABLE = Table(_SPECIFIC)
# What they begin with.
_DOCUMENTS = (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"{\\rtf", b"<svg")
_SOUNDS = (b"ID3", b"\xff\xfb", b"OggS", b"fLaC", b"RIFF")
_NOTHING = re.compile(rb"[\s\[\]{},]*")  # "", "[]", "{}", "[{}]"
NOTHING_IN_IT = "there is nothing in it"
READERS: tuple[Reader, ...] = (*_SPECIFIC, _TABLE)


def by_name(name: str) -> Reader:
    """Return the reader of that name.

    Raises:
        UsageError: there is none.
    """
    for reader in READERS:
        if reader.name == name.lower():
            return reader
    raise UsageError(
        f"There is no format named {name!r}",
        expected=any_format(like=name),
        hint="segue formats, which lists them",
    )


def any_format(*, like: str = "") -> str:
    """What formats there are: how many, and those most like a name, or else those met most."""
    return one_of([reader.name for reader in READERS], "formats", like=like)


def recognise(entry: Entry, options: ReadOptions | None = None) -> Reader | None:
    """Return the reader whose format the entry is of, if any; a table if it has the columns `options` name.

    Raises:
        FormatError: the entry is damaged at its beginning.
    """
    head = entry.head()
    if options is not None and _TABLE.has_columns(head, options.columns):
        return _TABLE
    return next((reader for reader in READERS if reader.recognises(entry.name, head)), None)


def unrecognised(entry: Entry) -> str:
    """Say of an entry that no reader recognises what there is to be seen in it, and what to do."""
    head = entry.head()
    if _NOTHING.fullmatch(head.strip(b"\xef\xbb\xbf")):
        return NOTHING_IN_IT
    if head.startswith(_DOCUMENTS + _SOUNDS):
        return "a document, picture or sound, without listening data"
    found = layout(head)
    if len(found.columns) < 2 or not all(name.isprintable() for name in found.columns):
        return "of no known format"
    columns = ", ".join(found.columns)[:300]
    return f"of no known format; its columns are {columns}; if it is a table, name them with --column"
