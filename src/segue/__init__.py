"""Segue: a music recommender, end to end, from your own listening data.

    library = segue.Library.open("library", create=True)
    segue.import_path(library, "my_spotify_data.zip")
    segue.train(library)
    engine = segue.open("library")
    segue.write(engine.weekly("me"), "monday.jspf")

What stands here is the door. The rooms behind it (`segue.library`, `segue.factors`, `segue.sequences`,
`segue.tastes`, `segue.neighbours`, `segue.world`, `segue.town`, `segue.agents`, `segue.playlists`,
`segue.engine`, `segue.evaluation`, `segue.upkeep`) are for those who build on the parts; names that begin
with an underscore are internal. Each is loaded when it is asked for.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["Client", "Engine", "Library", "Playlist", "__version__", "import_path", "open", "train", "write"]

if TYPE_CHECKING:
    from segue.engine.engine import Engine
    from segue.library.importing import import_path
    from segue.library.store import Library
    from segue.playlists.formats.writing import write
    from segue.playlists.playlist import Playlist
    from segue.playlists.training import train
    from segue.service.client import Client

_WHERE = {
    "Client": "segue.service.client",
    "Engine": "segue.engine.engine",
    "Library": "segue.library.store",
    "Playlist": "segue.playlists.playlist",
    "import_path": "segue.library.importing",
    "train": "segue.playlists.training",
    "write": "segue.playlists.formats.writing",
}


def open(path: str | Path) -> Engine:
    """The engine of the library in the folder `path`: weekly lists, radio, similar songs, tastes, order.

    Raises:
        NotFoundError: there is no library.
        FormatError: it is damaged, or of another version.
    """
    from segue.engine.engine import Engine

    return Engine.open(path)


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(import_module(_WHERE[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
