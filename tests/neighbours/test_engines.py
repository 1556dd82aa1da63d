"""Each engine keeps the contract."""

from __future__ import annotations

from segue.testing.index import IndexContract


class TestExact(IndexContract):
    engine = "exact"


class TestFaissHnsw(IndexContract):
    engine = "faiss-hnsw"


class TestFaissIvf(IndexContract):
    engine = "faiss-ivf"


class TestVoyager(IndexContract):
    engine = "voyager"


class TestAnnoy(IndexContract):
    engine = "annoy"
