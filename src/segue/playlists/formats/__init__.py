"""Writers of playlists: one module per file format, `write` and `write_all` to choose among them.

What each format keeps and leaves out is in docs/playlists-formats.md.
"""

from segue.playlists.formats.json import read_json
from segue.playlists.formats.writing import FORMATS, Format, file_names, write, write_all

__all__ = ["FORMATS", "Format", "file_names", "read_json", "write", "write_all"]
