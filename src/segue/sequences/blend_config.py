"""Settings of the blend that the radio asks. Nothing heavy is imported here: commands read them at once."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat

from segue.factors.config import MEASURED, ALSConfig
from segue.factors.ease import EASEConfig
from segue.ranking.config import RankerConfig
from segue.sequences.neighbourhood import AROUND, SequenceNeighboursConfig
from segue.sequences.network_config import TasteNetworkConfig

Purpose = Literal["next", "soon"]
KIND = "sequence blend"  # what the file of one says that it is


class SequenceBlendConfig(BaseModel):
    """What is blended, each part with its settings, or None to leave it out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    network: TasteNetworkConfig = Field(TasteNetworkConfig(), description="each of its horizons is a part")
    near: SequenceNeighboursConfig | None = Field(
        SequenceNeighboursConfig(), description="neighbours that look at the last songs"
    )
    far: SequenceNeighboursConfig | None = Field(AROUND, description="neighbours that look at all songs")
    items_decay: float | None = Field(
        0.8, gt=0, le=1, description="item neighbours, a song's weight one place further back"
    )
    ease: EASEConfig | None = Field(EASEConfig(), description="every song regressed on all others")
    ease_decay: float = Field(0.95, gt=0, le=1, description="EASE, a song's weight one place further back")
    factors: ALSConfig | None = Field(
        MEASURED["playlists"], description="a factorisation, into which the sequence is folded"
    )
    factors_decay: float = Field(
        0.93, gt=0, le=1, description="the factorisation, a song's weight one place further back"
    )
    smoothing: float = Field(
        0.1, gt=0, lt=1, description="share of popularity in what parts without probabilities say"
    )
    weights: dict[Purpose, dict[str, NonNegativeFloat]] | None = Field(
        None, description="weight of each part, for each purpose; None chooses them on documents held out"
    )
    held_out: float = Field(
        0.15,
        gt=0,
        lt=1,
        description="share of the documents that weights are chosen on. Nothing learns from them before; "
        "afterwards everything is learned anew from all",
    )
    most_held_out: int = Field(600, ge=1, description="documents that weights are chosen on at most")
    positions: int = Field(4, ge=1, description="places of each such document at which the next is asked for")
    ranker: RankerConfig | None = Field(
        RankerConfig(), description="the second stage, which puts the best candidates in order; None: none"
    )
    candidates: int = Field(200, ge=1, description="of the blend's best songs, so many are put in order")
    ranked_positions: int = Field(
        8,
        ge=1,
        description="places of each held-out document at which the second stage learns what came next",
    )
