"""The engine that answers now, and the next one: what is published or taken in is taken up without a stop."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from segue.engine import Engine
from segue.errors import ChangedError, NotFoundError, SegueError
from segue.library import Library
from segue.shelf.names import shelf_of
from segue.tastes.config import ProfileConfig

T = TypeVar("T")
State = tuple[str, tuple[tuple[str, str], ...]]


class Engines:
    """Opens a library's engine, and another whenever library or models have changed.

    Who is being answered keeps the engine they began with; the next request gets the new one.
    """

    def __init__(self, path: Path, tastes: ProfileConfig | None = None, *, warmed: bool = False) -> None:
        self.path, self._tastes, self._warmed = path, tastes, warmed
        self._lock = threading.Lock()
        self._current, self._state = self._opened()

    @property
    def current(self) -> Engine:
        """The engine that answers."""
        return self._current

    @property
    def models(self) -> dict[str, str]:
        """The versions that answer, by model."""
        return dict(self._state[1])

    def look(self) -> bool:
        """Open another engine if library or models have changed; whether it did.

        Raises:
            SegueError: what is there now cannot be opened; the engine that answers goes on.
        """
        with self._lock:
            if _state(Library.open(self.path)) == self._state:
                return False
            engine, state = self._opened()
            if self._warmed:
                warm(engine)  # the one before still answers
            self._current, self._state = engine, state
            return True

    def asked(self, question: Callable[[Engine], T]) -> T:
        """What the engine says; asked again where a writer took away meanwhile what it was reading.

        Raises:
            SegueError: as the question does.
        """
        try:
            return question(self._current)
        except ChangedError:
            self.look()
            return question(self._current)

    def _opened(self) -> tuple[Engine, State]:
        library = Library.open(self.path)
        engine, state = Engine(library, tastes=self._tastes), _state(library)
        with contextlib.suppress(NotFoundError):  # nothing is trained yet: what needs no model is answered
            engine.factors()  # before anybody asks for it
        return engine, state


def warm(engine: Engine) -> None:
    """Load what the first of many requests would wait for, and compile what is compiled."""
    from segue.library.search import find_tracks

    asked: tuple[Callable[[], object], ...] = (
        lambda: list(engine.week().lists(engine.week().everybody[:1])),
        lambda: find_tracks(engine.library, "a", 1),
        lambda: engine.radio(engine.week().everybody[0]).radio.next(),
        lambda: engine.session(engine.week().everybody[0]).session.candidates(),
    )
    for question in asked:
        # Nothing is trained for it yet, nobody is there, or an extra is missing.
        with contextlib.suppress(SegueError, LookupError, ModuleNotFoundError):
            question()


def _state(library: Library) -> State:
    """What an engine depends on."""
    shelf = shelf_of(library)
    models = []
    for name in shelf.names():
        try:
            models.append((name, shelf.current(name)))
        except SegueError:
            models.append((name, "damaged"))
    return library.fingerprint(), tuple(models)
