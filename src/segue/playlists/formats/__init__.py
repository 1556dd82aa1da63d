"""Playlist files: one module per file format; `write` and `write_all` choose among them, `read` reads.

What each format keeps and leaves out is in docs/playlists-formats.md.
"""

from segue.playlists.formats.json import read_json
from segue.playlists.formats.reading import read
from segue.playlists.formats.writing import FORMATS, Format, file_names, write, write_all

__all__ = ["FORMATS", "Format", "file_names", "read", "read_json", "write", "write_all"]
