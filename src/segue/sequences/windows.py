"""Documents as the arrays that training reads: places, their context, and what each horizon may ask for."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from segue.errors import SegueError
from segue.sequences.documents import Documents
from segue.sequences.features import N_PLAIN_FEATURES, context_features
from segue.sequences.network_config import Horizon


class Places(NamedTuple):
    """Training data. Spans are half-open ranges of places; an empty one has nothing to predict."""

    codes: Array  # (n_places,) int32
    features: Array  # (n_places, n_features) float32
    wanted: Array  # (n_places,) float32: 0 for skipped songs, which are not to be predicted
    span_start: Array  # (n_horizons, n_places) int32
    span_end: Array  # (n_horizons, n_places)
    window_start: Array  # (n_windows,) int32: the document of each window
    window_end: Array  # (n_windows,)
    window_plain: Array  # (n_windows,) bool: an order without times and without repeats, as a playlist has
    reach: Array  # (n_horizons,) int32: songs ahead; 0 for horizons of sessions and days


def training_places(
    documents: Documents, horizons: tuple[Horizon, ...], sources: tuple[str, ...], length: int
) -> Places:
    """The arrays. Each document has one window for every `length` places.

    Raises:
        SegueError: no document has two songs, or a horizon asks for sessions or days of documents without.
    """
    long_enough = np.flatnonzero(documents.lengths > 1)
    if not len(long_enough):
        raise SegueError("There is no document of two songs to learn from", hint="import more listening")
    number = np.maximum(1, np.rint(documents.lengths[long_enough] / length)).astype(np.int64)
    window = np.repeat(long_enough, number)
    context = documents.context
    spans = [_spans(documents, horizon) for horizon in horizons]
    n_features = N_PLAIN_FEATURES + len(sources)
    return Places(
        codes=jnp.asarray(documents.codes),
        features=jnp.asarray(
            np.zeros((len(documents.codes), n_features), np.float32)
            if context is None
            else context_features(context, sources)
        ),
        wanted=jnp.asarray(
            np.ones(len(documents.codes), np.float32)
            if context is None
            else (context.skipped != 1).astype(np.float32)
        ),
        span_start=jnp.asarray(np.stack([start for start, _ in spans]).astype(np.int32)),
        span_end=jnp.asarray(np.stack([end for _, end in spans]).astype(np.int32)),
        window_start=jnp.asarray(documents.offsets[window].astype(np.int32)),
        window_end=jnp.asarray(documents.offsets[window + 1].astype(np.int32)),
        window_plain=jnp.asarray(_plain(documents)[window]),
        reach=jnp.asarray([horizon.songs or 0 for horizon in horizons], jnp.int32),
    )


class Batch(NamedTuple):
    """Windows of a step, steps first."""

    codes: Array  # (length, batch)
    features: Array  # (length, batch, n_features)
    targets: Array  # (n_horizons, length, batch)
    weights: Array  # (n_horizons, length, batch)
    plain: Array  # (batch,) bool


def draw_batch(places: Places, windows: Array, length: int, key: Array, backwards: float = 0.0) -> Batch:
    """A random stretch of `length` places of each window's document, and a random target in each span.

    Plain windows are read from the end to the start with the probability `backwards`; what follows is then
    what was before.
    """
    first, second, third = jax.random.split(key, 3)
    start, end = places.window_start[windows], places.window_end[windows]
    room = jnp.maximum(end - start - length - 1, 0)
    drawn_start = start + (jax.random.uniform(first, start.shape) * (room + 1)).astype(jnp.int32)
    place = drawn_start[None, :] + jnp.arange(length, dtype=jnp.int32)[:, None]
    # Beyond a document's end its last place is read again, with weight 0, so that all windows have one shape.
    inside = place < end[None, :]
    place = jnp.minimum(place, end[None, :] - 1)
    plain = places.window_plain[windows]
    turned = plain & (jax.random.uniform(third, start.shape) < backwards)

    def at(place: Array) -> Array:
        return jnp.where(turned, start + end - 1 - place, place)

    read = at(place)
    reach = places.reach[:, None, None]
    span_start = jnp.where(turned, place + 1, places.span_start[:, read])
    span_end = jnp.where(turned, jnp.minimum(place + 1 + reach, end), places.span_end[:, read])
    width = span_end - span_start
    drawn = jnp.floor(jax.random.uniform(second, width.shape) * width).astype(jnp.int32)
    target = jnp.clip(at(span_start + drawn), 0, len(places.codes) - 1)
    weights = (width > 0) * inside[None] * places.wanted[target]
    return Batch(places.codes[read], places.features[read], places.codes[target], weights, plain)


def _plain(documents: Documents) -> NDArray[np.bool_]:
    """Whether each document is an order without times and without repeats, `(n_documents,)`."""
    owner = np.repeat(np.arange(len(documents), dtype=np.int64), documents.lengths)
    different = np.unique(owner * documents.n_tracks + documents.codes) // max(documents.n_tracks, 1)
    plain = np.bincount(different, minlength=len(documents)) == documents.lengths
    if documents.context is not None:
        plain[owner[np.isfinite(documents.context.started_s)]] = False
    return plain


def _spans(documents: Documents, horizon: Horizon) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    lengths = documents.lengths
    at = np.arange(len(documents.codes))
    end_of_document = np.repeat(documents.offsets[1:], lengths)
    if horizon.songs is not None:
        return at + 1, np.minimum(at + 1 + horizon.songs, end_of_document)
    context = documents.context
    if context is None:
        raise SegueError(
            f"The horizon {horizon.name!r} needs sessions, and these documents have none",
            expected="listening with times",
            hint="use horizons in songs",
        )
    owner = np.repeat(np.arange(len(documents)), lengths)
    new = np.ones(len(at), bool)
    new[1:] = (owner[1:] != owner[:-1]) | (context.session[1:] != context.session[:-1])
    session = np.cumsum(new) - 1
    bounds = np.append(np.flatnonzero(new), len(at))
    following = np.minimum(bounds[session + 1], end_of_document)
    if horizon.sessions is not None:
        last = np.minimum(session + 1 + horizon.sessions, len(bounds) - 1)
        return following, np.minimum(bounds[last], end_of_document)
    assert horizon.days is not None
    until = context.started_s + horizon.days * 86400
    end = following.copy()
    for start, stop in zip(documents.offsets[:-1], documents.offsets[1:], strict=True):
        times = context.started_s[start:stop]
        if len(times) and np.isfinite(times).all():
            end[start:stop] = start + np.searchsorted(times, until[start:stop], side="right")
    return following, np.maximum(end, following)
