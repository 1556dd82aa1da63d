"""Answers of a library with its published models: weekly lists, radio, similar songs, tastes, order."""

from segue.engine.engine import Engine

__all__ = ["Engine"]
