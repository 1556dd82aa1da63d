"""Settings of the taste network."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Horizon(BaseModel):
    """How far ahead one of the network's taste vectors looks; exactly one of the three is set."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(description="by which it is asked for")
    songs: int | None = Field(None, ge=1, description="any of the next so many songs")
    sessions: int | None = Field(None, ge=1, description="any song of the next so many sessions")
    days: float | None = Field(None, gt=0, description="any song of the days to come, after this session")
    weight: float = Field(1.0, gt=0, description="weight of its loss")

    @model_validator(mode="after")
    def _one(self) -> Horizon:
        if sum(value is not None for value in (self.songs, self.sessions, self.days)) != 1:
            raise ValueError(f"horizon {self.name!r}: set exactly one of songs, sessions, days")
        return self


NEXT = Horizon(name="next", songs=1)
SOON = Horizon(name="soon", songs=5, weight=0.5)
SESSION = Horizon(name="session", sessions=1, weight=0.5)
DAYS = Horizon(name="days", days=7, weight=0.5)


class TasteNetworkConfig(BaseModel):
    """Settings of the taste network and its training."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cell: Literal["gru", "lstm", "attention"] = Field(
        "gru", description="the layer: recurrent, or self-attention over the last songs"
    )
    hidden: int = Field(256, ge=1, description="its size")
    blocks: int = Field(2, ge=1, description="attention: blocks, one after the other")
    heads: int = Field(4, ge=1, description="attention: heads of a block; they share the layer's size")
    loss: Literal["softmax", "l2", "cosine"] = Field(
        "softmax",
        description="softmax: cross-entropy over sampled songs; l2: squared distance to the next song's "
        "centred OUT vector; cosine: 1 - cosine to it",
    )
    horizons: tuple[Horizon, ...] = Field(
        (NEXT, SOON), min_length=1, description="one taste vector for each; the first is the default"
    )
    learn_vectors: bool = Field(
        True, description="go on learning the song vectors; off, the network reads them as they are"
    )
    tied: bool = Field(
        True, description="softmax only: one vector of a song, both read and predicted (else an OUT one too)"
    )
    artist_vectors: bool = Field(
        True, description="add a learned vector of the main artist to what is read and to what is predicted"
    )
    negatives: int = Field(1024, ge=1, description="softmax: songs drawn against the true one, at each step")
    negative_exponent: float = Field(0.75, description="drawn with probability ~ count ** this")
    log_q: bool = Field(True, description="correct the logits for how likely a song is to be drawn")
    mask_played: bool = Field(
        True, description="softmax: songs that a playlist has had are not drawn against what follows them"
    )
    popularity: float = Field(
        0.025, ge=0, description="l2 and cosine: log count adds so much to the cosine when songs are ranked"
    )
    length: int = Field(50, ge=2, description="songs of a training window: so far back it learns to read")
    backwards: float = Field(
        0.25,
        ge=0,
        le=1,
        description="share of the playlists' windows that are read from the end to the start",
    )
    batch: int = Field(64, ge=1, description="windows in a step")
    epochs: int = Field(8, ge=1, description="passes over the documents at most")
    learning_rate: float = Field(3e-3, gt=0, description="of Adam, after a short warm-up; it falls linearly")
    vector_rate: float = Field(0.3, gt=0, description="factor on it for song vectors, which start learned")
    warm_up: int = Field(50, ge=0, description="steps over which the learning rate rises")
    dropout_in: float = Field(0.3, ge=0, lt=1, description="share of the read vectors' entries dropped")
    dropout_out: float = Field(0.3, ge=0, lt=1, description="share of the layer's outputs dropped")
    ema_decay: float = Field(
        0.995,
        ge=0,
        lt=1,
        description="what is kept is an exponential moving average of the parameters over the steps; 0: none",
    )
    patience: int = Field(3, ge=1, description="epochs without a better validation loss after which it stops")
    validation_share: float = Field(
        0.05,
        ge=0,
        lt=1,
        description="share of the documents that a blend keeps aside to find out after which epoch to stop; "
        "0: never stop",
    )
    max_sources: int = Field(16, ge=0, description="most frequent places to play from, which are told apart")
    skip_push: float = Field(
        3.0, ge=0, description="by how much a skip lowers the score of songs like the skipped one"
    )
    skip_memory: float = Field(0.8, ge=0, lt=1, description="how much of a skip's push is left a play later")

    @model_validator(mode="after")
    def _fits(self) -> TasteNetworkConfig:
        if self.cell == "attention" and self.hidden % self.heads:
            raise ValueError(f"{self.heads} heads cannot share a layer of {self.hidden}")
        names = [horizon.name for horizon in self.horizons]
        if len(set(names)) != len(names):
            raise ValueError(f"two horizons have one name: {', '.join(names)}")
        return self


L2 = TasteNetworkConfig(
    loss="l2",
    learn_vectors=False,
    artist_vectors=False,
    horizons=(NEXT,),
    backwards=0,
    ema_decay=0,
    epochs=12,
)
"""The network as it was first described: L2 distance to the next song's vector, the vectors not touched."""
