"""Segue: a music recommender, end to end, from your own listening data."""

__version__ = "0.1.0"
