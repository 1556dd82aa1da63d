"""The engines behind an index. They know rows 0 to n - 1 only; ids, removal and filters are the index's."""

from __future__ import annotations

from segue.errors import UsageError
from segue.neighbours.engines.annoy import Annoy
from segue.neighbours.engines.engine import Engine
from segue.neighbours.engines.exact import Exact
from segue.neighbours.engines.faiss import FaissHnsw, FaissIvf
from segue.neighbours.engines.voyager import Voyager

ENGINES: dict[str, type[Engine]] = {each.name: each for each in (Exact, FaissHnsw, FaissIvf, Voyager, Annoy)}


def engine_named(name: str) -> type[Engine]:
    """The engine of that name.

    Raises:
        UsageError: there is none, or its library is not installed; says what to install.
    """
    if name not in ENGINES:
        raise UsageError("No such neighbour engine", expected=", ".join(ENGINES), got=name)
    ENGINES[name].require()
    return ENGINES[name]
