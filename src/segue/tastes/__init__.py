"""Taste profiles: what a listener plays, grouped by likeness, named, and the same from week to week."""
