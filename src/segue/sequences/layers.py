"""The layer that reads a sequence, recurrent or self-attentive, by one interface."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from segue.namespace import Array, namespace
from segue.sequences import attention, cells
from segue.sequences.attention import AttentionWeights
from segue.sequences.cells import RecurrentWeights
from segue.sequences.network_config import TasteNetworkConfig

Weights = RecurrentWeights | AttentionWeights
WEIGHTS = {"gru": RecurrentWeights, "lstm": RecurrentWeights, "attention": AttentionWeights}


class Layer(NamedTuple):
    """What the layer is like; it does not change while a function is compiled."""

    cell: str
    hidden: int
    shape: attention.Shape

    @classmethod
    def of(cls, config: TasteNetworkConfig) -> Layer:
        """As settings have it."""
        shape = attention.Shape(config.hidden, config.blocks, config.heads, config.length)
        return cls(config.cell, config.hidden, shape)

    @property
    def state(self) -> int:
        """Length of a sequence's state, which begins with the layer's output."""
        return self.shape.state if self.cell == "attention" else cells.state_size(self.cell, self.hidden)

    def init(self, key: Array, d: int) -> Weights:
        """Weights for inputs of length d."""
        if self.cell == "attention":
            return attention.init_weights(key, self.shape, d)
        from segue.sequences import scans

        return scans.init_weights(key, self.cell, d, self.hidden)

    def along(self, weights: Weights, inputs: Array) -> Array:
        """Outputs `(steps, batch, hidden)` of sequences from their start; inputs `(steps, batch, d)`."""
        if isinstance(weights, AttentionWeights):
            return attention.along(weights, self.shape, inputs)
        if namespace(inputs) is np:
            return cells.along(self.cell, weights, inputs)
        import jax.numpy as jnp

        from segue.sequences import scans

        return scans.run(self.cell, weights, inputs, jnp.zeros((inputs.shape[1], self.state)))[0]

    def step(self, weights: Weights, inputs: Array, state: Array) -> Array:
        """States `(batch, state)` after one more step; inputs `(batch, d)`."""
        if isinstance(weights, AttentionWeights):
            return attention.step(weights, self.shape, inputs, state)
        return cells.step(self.cell, weights, inputs, state)[1]
