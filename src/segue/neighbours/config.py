"""Settings of an index."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt

Metric = Literal["inner_product", "cosine", "l2"]
EngineName = Literal["exact", "faiss-hnsw", "faiss-ivf", "voyager", "annoy"]


class IndexConfig(BaseModel):
    """How an index is built. The defaults are measured in docs/measurements/neighbours.md."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    engine: EngineName | Literal["auto"] = Field(
        "auto", description="auto is exact for small sets, and FAISS HNSW, if it is installed, for others."
    )
    metric: Metric = Field(
        "inner_product", description="Distances are 1 - x·y, 1 - cos(x, y) or the squared ‖x - y‖²."
    )
    links: PositiveInt = Field(16, ge=2, description="M of HNSW (FAISS, Voyager): links of a node.")
    construction: PositiveInt = Field(
        100, description="efConstruction of HNSW: candidates looked at to link a new node."
    )
    lists: NonNegativeInt = Field(0, description="Cells of IVF; 0 is twice the square root of the vectors.")
    trees: PositiveInt = Field(50, description="Trees of Annoy.")
    recall: float = Field(
        0.95, gt=0, le=1, description="Recall that the effort of a query is chosen for, against exact search."
    )
    recall_at: PositiveInt = Field(10, description="Neighbours that this recall is counted over.")
    sample: PositiveInt = Field(
        1000, ge=2, description="Queries it is measured with; one half chooses the effort, the other reports."
    )
    seed: NonNegativeInt = Field(0, description="Seed of trees, cells, levels and the sample.")
    build_threads: NonNegativeInt = Field(
        1,
        description="Threads for building; 0 is one a core. More than one makes HNSW differ from run to run.",
    )
