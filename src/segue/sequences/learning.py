"""How the taste network learns: where it starts, what is trained, and what is lost."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from segue.sequences.layers import Layer
from segue.sequences.module import Fixed, TasteModule, predicted, read, tastes
from segue.sequences.network_config import TasteNetworkConfig
from segue.sequences.vectors import SongVectors, unit
from segue.sequences.windows import Batch


def init_module(
    key: Array, config: TasteNetworkConfig, vectors: SongVectors, n_features: int, n_artists: int
) -> TasteModule:
    """Song tables start from the song vectors: read from IN, predicted from centred OUT if not tied."""
    first, second, third, fourth = jax.random.split(key, 4)
    d, softmax = vectors.in_.shape[1], config.loss == "softmax"
    artists = config.artist_vectors
    log_counts = np.log(np.maximum(vectors.counts_, 0.5))
    return TasteModule(
        songs=jnp.asarray(unit(vectors.in_)),
        outputs=None if softmax and config.tied else jnp.asarray(vectors.targets(centred=True)),
        artists=jax.random.normal(first, (n_artists + 1, d)) * 0.01 if artists else None,
        output_artists=jax.random.normal(second, (n_artists + 1, d)) * 0.01 if artists and softmax else None,
        bias=jnp.asarray(log_counts - log_counts.mean(), jnp.float32) if softmax else None,
        context=jnp.zeros((n_features, d)),
        skip_gain=-jnp.ones(d),
        layer=Layer.of(config).init(third, d),
        heads=jax.random.normal(fourth, (len(config.horizons), config.hidden, d)) * config.hidden**-0.5,
        head_bias=jnp.zeros((len(config.horizons), d)),
    )


def learned(module: TasteModule, config: TasteNetworkConfig) -> TasteModule:
    """Which leaves are trained: a module of booleans."""
    everything = jax.tree.map(lambda _: True, module)
    if config.loss != "softmax":
        everything = eqx.tree_at(lambda tree: tree.outputs, everything, False)
    if not config.learn_vectors:
        everything = eqx.tree_at(lambda tree: tree.songs, everything, False)
        if module.outputs is not None:
            everything = eqx.tree_at(lambda tree: tree.outputs, everything, False)
    return everything


def batch_loss(
    module: TasteModule, fixed: Fixed, config: TasteNetworkConfig, batch: Batch, key: Array, *, training: bool
) -> Array:
    """Sum over horizons of weight times the mean loss of the places that have a target."""
    at_input, at_output, at_draw = jax.random.split(key, 3)
    inputs = read(module, fixed, batch.codes, batch.features)
    if training:
        inputs = _dropout(inputs, config.dropout_in, at_input)
    outputs = Layer.of(config).along(module.layer, inputs)
    if training:
        outputs = _dropout(outputs, config.dropout_out, at_output)
    taste = tastes(module, outputs).reshape(len(config.horizons), -1, module.heads.shape[-1])
    targets = batch.targets.reshape(len(config.horizons), -1)
    weights = batch.weights.reshape(len(config.horizons), -1)
    if config.loss == "softmax":
        losses = _sampled_softmax(module, fixed, config, batch, taste, at_draw)
    else:
        true = predicted(module, fixed, targets)
        if config.loss == "l2":
            losses = ((taste - true) ** 2).sum(axis=-1)
        else:
            # The root alone has no finite slope at 0.
            length = jnp.sqrt((taste**2).sum(axis=-1) + 1e-6)
            losses = 1 - (taste * true).sum(axis=-1) / length
    means = (losses * weights).sum(axis=1) / jnp.maximum(weights.sum(axis=1), 1)
    return means @ jnp.asarray([horizon.weight for horizon in config.horizons])


def _sampled_softmax(
    module: TasteModule, fixed: Fixed, config: TasteNetworkConfig, batch: Batch, taste: Array, key: Array
) -> Array:
    """Cross-entropy against songs drawn once for all places of the step, `(n_horizons, n)`.

    With log_q, log(expected draws) is taken from the negatives' logits, so that the sum over the draws is an
    unbiased estimate of the sum over all songs (Bengio and Senecal 2008). The true song's own logit is left
    as it is, and it is no negative of itself; with mask_played, nor is any song that the playlist has had.
    """
    targets = batch.targets.reshape(len(config.horizons), -1)
    drawn = jnp.searchsorted(fixed.drawn, jax.random.uniform(key, (config.negatives,)))
    drawn = jnp.minimum(drawn, len(fixed.drawn) - 1)
    against = predicted(module, fixed, drawn)
    assert module.bias is not None
    offset = module.bias[drawn] - (fixed.log_expected[drawn] if config.log_q else 0.0)
    true = (taste * predicted(module, fixed, targets)).sum(axis=-1) + module.bias[targets]
    logits = taste @ against.T + offset
    out = drawn == targets[..., None]
    if config.mask_played:
        out |= _played(batch, drawn).reshape(1, -1, len(drawn))
    logits = jnp.where(out, -jnp.inf, logits)
    # The true song is no negative of itself, so it joins the sum here; in logarithms, where nothing
    # overflows.
    return jnp.logaddexp(jax.nn.logsumexp(logits, axis=-1), true) - true


def _played(batch: Batch, songs: Array) -> Array:
    """Which of `songs` `(n,)` each place has read already, in windows without repeats, `(length, batch, n)`.

    They cannot follow. The taste vector lies near what was read last, and would otherwise spend itself on
    keeping away from just these songs, and so from their neighbours.
    """
    at = jnp.arange(len(batch.codes), dtype=jnp.int32)[:, None, None]
    first = jnp.where(batch.codes[:, :, None] == songs, at, len(at)).min(axis=0)
    return (at >= first) & batch.plain[:, None]


def _dropout(values: Array, share: float, key: Array) -> Array:
    if share == 0:
        return values
    # A byte decides, not a float: drawing is what dropout costs. The share is rounded to a 256th.
    dropped = round(share * 256)
    return values * (jax.random.bits(key, values.shape, jnp.uint8) >= dropped) / (1 - dropped / 256)
