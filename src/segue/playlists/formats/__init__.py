"""Playlist files: one module per file format; `write` and `write_all` choose among them, `read` reads.

What each format keeps and leaves out is in docs/reference/playlist-formats.md.
"""

from typing import TYPE_CHECKING, Any

from segue.playlists.formats.json import read_json
from segue.playlists.formats.writing import FORMATS, Format, file_names, write, write_all

__all__ = ["FORMATS", "Format", "file_names", "read", "read_json", "write", "write_all"]

if TYPE_CHECKING:
    from segue.playlists.formats.reading import read


def __getattr__(name: str) -> Any:
    """`read` is loaded when it is asked for: it brings the readers of other people's files."""
    if name == "read":
        from segue.playlists.formats.reading import read

        return read
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
