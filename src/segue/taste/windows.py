"""Documents as the arrays that training reads: places, their context, and what each horizon may ask for."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from segue.errors import SegueError
from segue.taste.documents import UNKNOWN, Context, Documents
from segue.taste.network_config import Horizon

N_PLAIN_FEATURES = 7
"""gap known, log gap, hour known, sine and cosine of the hour, skipped, not skipped; then the sources."""

SKIPPED = 5
"""The column of "skipped"."""

_GAP_SCALE = float(np.log1p(30 * 86400))


class Places(NamedTuple):
    """Training data. Spans are half-open ranges of places; an empty one has nothing to predict."""

    codes: Array  # (n_places,) int32
    features: Array  # (n_places, n_features) float32
    wanted: Array  # (n_places,) float32: 0 for skipped songs, which are not to be predicted
    span_start: Array  # (n_horizons, n_places) int32
    span_end: Array  # (n_horizons, n_places)
    window_start: Array  # (n_windows,) int32: the document of each window
    window_end: Array  # (n_windows,)


def context_features(context: Context, sources: tuple[str, ...]) -> NDArray[np.float32]:
    """Features `(n_places, n_features)` of each place; zeros where nothing is known.

    Args:
        context: of the places.
        sources: the sources that are told apart; others are as if not known.
    """
    gap_known = np.isfinite(context.gap_s)
    hour_known = context.hour != UNKNOWN
    angle = 2 * np.pi * context.hour / 24
    plain = np.stack(
        [
            gap_known,
            np.where(gap_known, np.log1p(np.maximum(np.nan_to_num(context.gap_s), 0)) / _GAP_SCALE, 0),
            hour_known,
            np.where(hour_known, np.sin(angle), 0),
            np.where(hour_known, np.cos(angle), 0),
            context.skipped == 1,
            context.skipped == 0,
        ],
        axis=1,
    ).astype(np.float32)
    place = np.array([sources.index(s) if s in sources else UNKNOWN for s in context.sources], np.int64)
    source = np.zeros((len(plain), len(sources)), np.float32)
    known = np.flatnonzero(context.source >= 0)
    known = known[place[context.source[known]] >= 0] if len(place) else known[:0]
    source[known, place[context.source[known]] if len(known) else known] = 1
    return np.concatenate([plain, source], axis=1)


def frequent_sources(documents: Documents, most: int) -> tuple[str, ...]:
    """The `most` most frequent sources."""
    if documents.context is None:
        return ()
    names = documents.context.sources
    counts = np.bincount(documents.context.source[documents.context.source >= 0], minlength=len(names))
    return tuple(names[place] for place in np.argsort(-counts, kind="stable")[:most] if counts[place])


def training_places(
    documents: Documents, horizons: tuple[Horizon, ...], sources: tuple[str, ...], length: int
) -> Places:
    """The arrays. Each document has one window for every `length` places.

    Raises:
        SegueError: no document has two songs, or a horizon asks for sessions or days of documents without.
    """
    long_enough = np.flatnonzero(documents.lengths > 1)
    if not len(long_enough):
        raise SegueError("There is no document of two songs to learn from", do="import more listening")
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
    )


class Batch(NamedTuple):
    """Windows of a step, steps first."""

    codes: Array  # (length, batch)
    features: Array  # (length, batch, n_features)
    targets: Array  # (n_horizons, length, batch)
    weights: Array  # (n_horizons, length, batch)


def draw_batch(places: Places, windows: Array, length: int, key: Array) -> Batch:
    """A random stretch of `length` places of each window's document, and a random target in each span."""
    first, second = jax.random.split(key)
    start, end = places.window_start[windows], places.window_end[windows]
    room = jnp.maximum(end - start - length - 1, 0)
    start = start + (jax.random.uniform(first, start.shape) * (room + 1)).astype(jnp.int32)
    at = start[None, :] + jnp.arange(length, dtype=jnp.int32)[:, None]
    inside = at < end[None, :]
    at = jnp.minimum(at, end[None, :] - 1)
    span_start, span_end = places.span_start[:, at], places.span_end[:, at]
    width = span_end - span_start
    drawn = jnp.floor(jax.random.uniform(second, width.shape) * width).astype(jnp.int32)
    target = jnp.minimum(span_start + drawn, len(places.codes) - 1)
    weights = (width > 0) * inside[None] * places.wanted[target]
    return Batch(places.codes[at], places.features[at], places.codes[target], weights)


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
            do="use horizons in songs",
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
