"""What is known of every listener, worked out at training: good while the library is as it was.

Reading one listener's plays from the tables takes seconds, most of them for making the query; a list that
finds them here takes none.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from segue.factors.observations import Observations
from segue.files import reading
from segue.playlists.history import Heard, read_heard
from segue.shelf.arrays import AGAIN, load_arrays, pack_strings, save_arrays, unpack_strings

if TYPE_CHECKING:
    from segue.factors.model import FactorModel
    from segue.library import Library
    from segue.library.listening import LibrarySubset, Unit
    from segue.playlists.catalogue import Catalogue
    from segue.playlists.rules import Context

FILE, KIND = "listeners.npz", "what is known of listeners"
_SEEN = ("data", "indices", "indptr")


@dataclass(frozen=True, eq=False)
class Listeners:
    """What is known of n listeners in the numbers of a model.

    Attributes:
        names: (n,) their ids.
        data: the fingerprint of the library that tells it.
        n_tracks: that there are.
        heard: what rules look at.
        seen: (n, n_tracks) observations, as `FactorModel.observe` gives them; None of a network's tracks.
    """

    names: NDArray[np.object_]
    data: str
    n_tracks: int
    heard: Heard
    seen: csr_matrix | None = None

    @classmethod
    def read(
        cls,
        library: Library | LibrarySubset,
        catalogue: Catalogue,
        context: Context,
        names: Sequence[str],
        *,
        unit: Unit,
    ) -> Listeners:
        """What a library knows of some listeners by now, without observations."""
        heard = read_heard(library, catalogue, context, names, unit=unit)
        return cls(np.array(list(names), object), library.fingerprint(), len(catalogue.ids), heard)

    @classmethod
    def observed(
        cls,
        library: Library | LibrarySubset,
        model: FactorModel,
        catalogue: Catalogue,
        context: Context,
        names: Sequence[str],
    ) -> Listeners:
        """The same with what a model takes as observations of them."""
        known = cls.read(library, catalogue, context, names, unit=model.config.observations.unit)
        return replace(known, seen=model.observe(library, names).matrix)

    @cached_property
    def place(self) -> dict[str, int]:
        """The row of each listener."""
        return {name: row for row, name in enumerate(self.names.tolist())}

    def take(self, names: Sequence[str]) -> Listeners | None:
        """Of some of them alone, in their order; None if one is not here."""
        rows = [self.place.get(name, -1) for name in names]
        return None if -1 in rows else self._rows(np.array(rows, np.int64))

    def without(self, gone: Collection[str]) -> Listeners:
        """Of all but those who are gone."""
        stays = np.array([name not in gone for name in self.names.tolist()], bool)
        return self if stays.all() else self._rows(np.flatnonzero(stays))

    def observations(self, model: FactorModel) -> Observations:
        """As the model takes them."""
        assert self.seen is not None
        return Observations(self.seen, self.names, model.tracks_, model.config.observations)

    def save(self, folder: Path) -> None:
        """Write it into a model's folder."""
        arrays = {"names": pack_strings(self.names.tolist())}
        arrays |= {field.name: getattr(self.heard, field.name) for field in fields(Heard)}
        if self.seen is not None:
            arrays |= {name: getattr(self.seen, name) for name in _SEEN}
        facts = {"fingerprint": self.data, "tracks": self.n_tracks}
        save_arrays(folder / FILE, KIND, facts, arrays)

    @classmethod
    def load(cls, folder: Path) -> Listeners:
        """Read what `save` wrote.

        Raises:
            NotFoundError: there is none.
            FormatError: it is damaged.
        """
        facts, arrays = load_arrays(folder / FILE, KIND)
        with reading(folder / FILE, KIND, AGAIN):
            names, n_tracks, seen = unpack_strings(arrays["names"]), int(facts["tracks"]), None
            if set(_SEEN) & set(arrays):
                data, indices, indptr = (arrays[name] for name in _SEEN)
                _refuse_outside(indptr, indices, len(names), n_tracks)
                seen = csr_matrix((data, indices, indptr), shape=(len(names), n_tracks), copy=False)
            heard = Heard(*(arrays[field.name] for field in fields(Heard)))
            for first, values, most in (
                (heard.first, heard.tracks, n_tracks),
                (heard.bans_first, heard.banned_tracks, n_tracks),
                (heard.artists_first, heard.banned_artists, np.iinfo(np.int32).max),
            ):
                _refuse_outside(first, values, len(names), most)
            return cls(names, str(facts["fingerprint"]), n_tracks, heard, seen)

    def _rows(self, rows: NDArray[np.integer]) -> Listeners:
        seen = None if self.seen is None else self.seen[rows]
        return replace(self, names=self.names[rows], heard=self.heard.take(rows), seen=seen)


def _refuse_outside(first: NDArray[np.integer], values: NDArray[np.integer], n: int, most: int) -> None:
    """A ValueError where values of n rows do not belong together, or one is not in 0 to `most` - 1."""
    whole = len(first) == n + 1 and first[0] == 0 and first[-1] == len(values) and (np.diff(first) >= 0).all()
    if not whole or (len(values) and not (values.min() >= 0 and values.max() < most)):
        raise ValueError("its parts do not belong together")
