"""The space tastes lie in: vectors of several models joined, and how alike songs of one taste are there."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from segue.arrays import load_npz, save_npz
from segue.errors import NumericalError, UsageError
from segue.files import reading
from segue.tastes.config import ProfileConfig

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
SAMPLE = 500  # listeners from whose tracks the resolution is found
# Between-taste likeness is narrow and within-taste likeness wide, so the line lies below Otsu's, which takes
# both for equally wide. Found on one generated town and on mixtures of Gaussians
# (docs/measurements/taste-profiles.md).
BELOW_OTSU = 0.8


@dataclass(frozen=True)
class Plays:
    """What listeners played, by numbers of listeners and of a model's tracks.

    Attributes:
        listeners: (n_listeners,) ids.
        tracks: (n_tracks,) ids, as the vectors have them.
        matrix: (n_listeners, n_tracks) how much each track counts; what is not above 0 is left out.
        faded: (matrix.nnz,) plays, the older the less each counts; what shares are of. None: as in `matrix`.
        months: (matrix.nnz, n_months) days of each month, the newest first: a track's part of each day;
            None where times are unknown.
    """

    listeners: NDArray[np.object_]
    tracks: NDArray[np.object_]
    matrix: csr_matrix
    faded: Floats | None = None
    months: csr_matrix | None = None

    def top(self, row: int, known: NDArray[np.bool_], most: int) -> NDArray[np.int64]:
        """Places in the matrix's data of a listener's most played `known` tracks, most played first."""
        start, stop = self.matrix.indptr[row], self.matrix.indptr[row + 1]
        amount = self.matrix.data[start:stop]
        good = np.flatnonzero((amount > 0) & known[self.matrix.indices[start:stop]])
        return start + good[np.argsort(-amount[good], kind="stable")[:most]]


@dataclass(frozen=True)
class TasteSpace:
    """Song vectors as tastes see them.

    Attributes:
        vectors: (n_tracks, d) unit vectors; all zero where nothing is known of a track.
        resolution: mean likeness (cosine) above which two groups of songs are one taste.
    """

    vectors: Floats
    resolution: float

    @classmethod
    def of(
        cls,
        vectors: Floats | Sequence[Floats],
        plays: Plays | None,
        config: ProfileConfig | None = None,
        features: Floats | None = None,
    ) -> Self:
        """Join `vectors`, keep their principal directions, and find the resolution of the space.

        Vectors of each model are centred and scaled to unit length, put side by side, turned to their
        principal axes if only `dimensions` are to stay, and scaled to unit length again. The resolution is
        0.8 times Otsu's threshold (1979) on the likeness of pairs of songs that one listener plays often: it
        parts pairs of one taste from pairs of two.

        Args:
            vectors: (n_tracks, f) of one model, or of several: factors, song vectors. A row of zeros is a
                track that the model does not know.
            plays: the listeners, for the pairs; None only where the resolution is given.
            config: `dimensions`, `resolution` and `sound`.
            features: (n_tracks, g) sound features, NaN where a track has none.

        Raises:
            NumericalError: NaN or infinity in `vectors`.
            UsageError: neither plays nor a resolution.
        """
        config = config or ProfileConfig()
        parts = [vectors] if isinstance(vectors, np.ndarray) else list(vectors)
        if not all(np.isfinite(part).all() for part in parts):
            raise NumericalError("Song vectors hold NaN or infinity", hint="train the model again")
        whole = np.hstack([_unit(_centred(np.asarray(part, np.float32))) for part in parts])
        unit = _unit(whole if config.dimensions is None else _principal(whole, config.dimensions))
        if features is not None and config.sound:
            sound = _unit(_standard(np.asarray(features, np.float32)))
            unit = _unit(np.hstack([np.sqrt(1 - config.sound) * unit, np.sqrt(config.sound) * sound]))
        unit = np.ascontiguousarray(unit, np.float32)
        if config.resolution is not None:
            return cls(unit, config.resolution)
        if plays is None:
            raise UsageError("Without plays the resolution must be given")
        return cls(unit, _resolution(unit, plays, config))

    def save(self, file: Path) -> None:
        """Write it as .npz, all or nothing."""
        save_npz(file, {"vectors": self.vectors, "resolution": self.resolution})

    @classmethod
    def load(cls, file: Path) -> Self:
        """Read what `save` wrote.

        Raises:
            FormatError: it is damaged, something else, or not there.
        """
        with reading(file, "a space of tastes", "roll back, or train again"):
            data = load_npz(file)
            return cls(data["vectors"], float(data["resolution"]))

    @cached_property
    def known(self) -> NDArray[np.bool_]:
        """(n_tracks,) which tracks have a vector."""
        return np.abs(self.vectors).sum(1) > 0


def drawn(listeners: Sequence[str], seed: int = 0) -> list[str]:
    """The listeners from whom the resolution is found: nearly the same however many come and go."""

    def lot(listener: str) -> bytes:
        return hashlib.blake2b(f"{seed}\0{listener}".encode("utf-8", "surrogatepass"), digest_size=8).digest()

    return sorted(listeners, key=lot)[:SAMPLE]


def _resolution(unit: Floats, plays: Plays, config: ProfileConfig) -> float:
    known = np.abs(unit).sum(1) > 0
    chosen = set(drawn(plays.listeners.tolist(), config.seed))
    # A histogram is all that Otsu's threshold asks for: the pairs themselves need not be kept.
    counts = np.zeros(512)
    edges = np.linspace(-1, 1, len(counts) + 1)
    for row in (at for at, who in enumerate(plays.listeners.tolist()) if who in chosen):
        vectors = unit[plays.matrix.indices[plays.top(row, known, config.tracks)]]
        counts += np.histogram((vectors @ vectors.T)[np.triu_indices(len(vectors), 1)], edges)[0]
    return BELOW_OTSU * otsu(counts, (edges[1:] + edges[:-1]) / 2)


def otsu(counts: NDArray[np.float64], values: NDArray[np.float64]) -> float:
    """The value that parts a histogram with the largest variance between the parts; 0 for an empty one."""
    weight, mean = np.cumsum(counts), np.cumsum(counts * values)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = (mean[-1] * weight / weight[-1] - mean) ** 2 / (weight * (weight[-1] - weight))
    return float(values[np.nanargmax(between)]) if np.isfinite(between).any() else 0.0


def _principal(vectors: Floats, dimensions: int) -> Floats:
    """(n, min(d, dimensions)) the same vectors along their largest principal axes."""
    if vectors.shape[1] <= dimensions:
        return vectors
    _, axes = np.linalg.eigh((vectors.T @ vectors).astype(np.float64))
    axes = axes[:, ::-1][:, :dimensions]
    return vectors @ axes.astype(np.float32)


def _centred(vectors: Floats) -> Floats:
    known = np.abs(vectors).sum(1) > 0
    mean = vectors[known].mean(0) if known.any() else 0
    return np.where(known[:, None], vectors - mean, 0).astype(np.float32)


def _standard(features: Floats) -> Floats:
    """Features with mean 0 and deviation 1; 0 where they are not known."""
    known = np.isfinite(features)
    some = known.any(0)
    features = features[:, some]
    known = known[:, some]
    mean = np.nanmean(np.where(known, features, np.nan), 0)
    spread = np.nanstd(np.where(known, features, np.nan), 0)
    return np.where(known, (features - mean) / np.where(spread > 0, spread, 1), 0).astype(np.float32)


def _unit(vectors: Floats) -> Floats:
    norm = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, norm, out=np.zeros_like(vectors), where=norm > 1e-12)


def read_features(rows: Sequence[Mapping[str, float] | None]) -> Floats:
    """(n_tracks, g) sound features in a fixed order of names, NaN where a track has none."""
    names = sorted({name for row in rows for name in row or ()})
    return np.array([[(row or {}).get(name, np.nan) for name in names] for row in rows], np.float32).reshape(
        len(rows), len(names)
    )
