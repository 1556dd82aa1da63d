"""What pages worked out lately: kept as long as the same engine answers."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from segue.engine import Engine

T = TypeVar("T")
MOST = 128  # answers that are kept


class Lately:
    """The answers asked for last. An engine never changes: what was made from it holds until another answers.

    Threads may share one.
    """

    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self._lock = threading.Lock()
        self._engine: Engine | None = None
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()

    def of(self, engine: Engine, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` gives, or gave lately for the same engine and key."""
        with self._lock:
            if engine is not self._engine:
                self._engine, self._kept = engine, OrderedDict()
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        # Made without the lock, so that what takes long does not hold up what is there already.
        made = make()
        with self._lock:
            if engine is self._engine:
                self._kept[key] = made
                while len(self._kept) > self.most:
                    self._kept.popitem(last=False)
        return made
