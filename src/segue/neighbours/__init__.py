"""Nearest neighbours of vectors: one interface, five engines (exact, FAISS HNSW and IVF, Voyager, Annoy).

`build_index` chooses an engine, builds it, and measures its recall against exact search; `Index` is what it
returns: add, remove, query with filters, save, load. Engines are imported when they are used.
"""

from segue.neighbours.building import build_index
from segue.neighbours.config import IndexConfig, Metric
from segue.neighbours.index import Index

__all__ = ["Index", "IndexConfig", "Metric", "build_index"]
