"""Worlds to practise in: sessions of a simulated town, answered by its law or by a model learned from it."""
