"""Settings of the second stage. Nothing heavy is imported here: commands read them at once."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class RankerConfig(BaseModel):
    """Settings of `Ranker`: gradient-boosted trees, small ones, for few lists are held out to learn from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    begin: float = Field(
        1.0,
        ge=0,
        description="trees begin from the scores of the stage before times this and learn what those lack; "
        "0: from nothing",
    )
    trees: int = Field(60, ge=1, description="trees, one after the other")
    leaves: int = Field(7, ge=2, description="of each tree")
    learning_rate: float = Field(0.05, gt=0, description="weight of each tree")
    min_leaf: int = Field(200, ge=1, description="candidates in a leaf at least")
    share_features: float = Field(0.5, gt=0, le=1, description="features drawn for each tree")
    top: int = Field(
        30, ge=1, description="two candidates are compared if one of them is among so many at the top"
    )
    depth: int = Field(100, ge=1, description="lists are judged by NDCG at this depth")
    threads: int = Field(
        1, ge=1, description="to learn with; more cost more than they bring on a busy machine"
    )
    folds: int = Field(
        5, ge=2, description="parts of the lists; each is ranked by what learned from the others"
    )
