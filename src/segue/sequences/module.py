"""The taste network's parameters and its mathematics, as pure functions: what is read and put out."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from segue.namespace import Array, namespace
from segue.sequences.features import SKIPPED
from segue.sequences.layers import WEIGHTS, Weights
from segue.sequences.network_config import TasteNetworkConfig


class TasteModule(NamedTuple):
    """Parameters, in JAX or NumPy.

    Song tables are `(n_songs, d)`, artist tables `(n_artists + 1, d)`: the last is unknown.
    """

    songs: Array  # what is read
    outputs: Array | None  # what is predicted; None if `songs` is both
    artists: Array | None
    output_artists: Array | None
    bias: Array | None  # (n_songs,); softmax only
    context: Array  # (n_features, d)
    skip_gain: Array  # (d,)
    layer: Weights
    heads: Array  # (n_horizons, hidden, d)
    head_bias: Array  # (n_horizons, d)


class Fixed(NamedTuple):
    """What the network looks things up in and does not change."""

    artist_of: Array  # (n_songs,) int32, the last artist for unknown
    drawn: Array  # (n_songs,) cumulative probability of being drawn as a negative
    log_expected: Array  # (n_songs,) log of the expected number of draws in a step


def fixed_tables(
    config: TasteNetworkConfig, counts: NDArray[np.int64], artist_of: NDArray[np.int32]
) -> Fixed:
    """The look-up tables for songs with these counts and artists."""
    share = np.maximum(counts, 0.5) ** config.negative_exponent
    share /= share.sum()
    return Fixed(
        artist_of,
        np.cumsum(share).astype(np.float32),
        np.log(share * config.negatives).astype(np.float32),
    )


def read(module: TasteModule, fixed: Fixed, codes: Array, features: Array) -> Array:
    """What the layer reads at each place, `(..., d)`.

        x = (song + artist) (1 + skipped * gain) + features C

    The gain starts at -1: until it has learned better, a skipped song says nothing of what comes next.
    """
    song = module.songs[codes]
    if module.artists is not None:
        song = song + module.artists[fixed.artist_of[codes]]
    skipped = features[..., SKIPPED, None]
    return song * (1 + skipped * module.skip_gain) + features @ module.context


def tastes(module: TasteModule, outputs: Array) -> Array:
    """Taste vectors `(n_horizons, ..., d)` from the layer's outputs `(..., hidden)`."""
    xp = namespace(outputs)
    taste = xp.einsum("...h,khd->k...d", outputs, module.heads, optimize=True)
    return taste + module.head_bias.reshape(len(module.heads), *[1] * (outputs.ndim - 1), -1)


def predicted(module: TasteModule, fixed: Fixed, codes: Array) -> Array:
    """The vectors `(..., d)` of songs as what is predicted."""
    vector = (module.songs if module.outputs is None else module.outputs)[codes]
    return vector if module.output_artists is None else vector + module.output_artists[fixed.artist_of[codes]]


def numbered(module: TasteModule) -> dict[str, NDArray[np.float32]]:
    """The arrays of a module, by names to save them by."""
    parts = [part for each in module for part in (each if isinstance(each, tuple) else [each])]
    return {f"leaf{n}": np.asarray(part) for n, part in enumerate(p for p in parts if p is not None)}


def restored(config: TasteNetworkConfig, arrays: Mapping[str, NDArray[np.float32]]) -> TasteModule:
    """The inverse of `numbered`."""
    softmax, artists = config.loss == "softmax", config.artist_vectors
    there = {
        "outputs": not (softmax and config.tied),
        "artists": artists,
        "output_artists": artists and softmax,
        "bias": softmax,
    }
    leaves, layer = (arrays[f"leaf{n}"] for n in count()), WEIGHTS[config.cell]
    parts: dict[str, Any] = dict.fromkeys(TasteModule._fields)
    for name in parts:
        if name == "layer":
            parts[name] = layer(*(next(leaves) for _ in layer._fields))
        elif there.get(name, True):
            parts[name] = next(leaves)
    return TasteModule(**parts)
