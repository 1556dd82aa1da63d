"""Peers of benchmarks/next_track.py, their settings chosen by equally many tries on the validation part.

A system's first tries are the settings it had before; the others are drawn from its space. A setting is
chosen for each metric by itself: a peer need not be good at both tasks at once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from segue.evaluation.next_track import METRICS, Parts, evaluate_sequences
from segue.factors.config import MEASURED
from segue.factors.ease import EASE, EASEConfig
from segue.factors.folded import FactorScores
from segue.files import write_text
from segue.sequences.neighbourhood import (
    S_KNN,
    STAN,
    Cooccurrence,
    SequenceNeighbours,
    SequenceNeighboursConfig,
    SequenceScorer,
    SequentialRules,
)
from segue.sequences.recent import RecentRows

Settings = dict[str, Any]


@dataclass(frozen=True)
class Peer:
    """A system with settings."""

    make: Callable[[Settings], Any]
    first: tuple[Settings, ...]  # tried first
    space: Mapping[str, tuple[Any, ...]]


def _neighbours(base: SequenceNeighboursConfig) -> Callable[[Settings], SequenceNeighbours]:
    return lambda settings: SequenceNeighbours(base.model_copy(update=settings))


def _ease(settings: Settings) -> RecentRows:
    rest = {name: value for name, value in settings.items() if name != "decay"}
    return RecentRows(EASE(EASEConfig(**rest)), settings["decay"])


PEERS = {
    "STAN": Peer(
        _neighbours(STAN),
        ({}, {"recency": 20.0, "distance": 60.0}),
        {
            "recency": (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, None),
            "distance": (2.0, 4.0, 8.0, 16.0, 60.0, None),
            "neighbours": (100, 300, 600, 1500),
            "length_exponent": (0.0, 0.25, 0.5, 0.75),
            "rarity": (0.0, 0.3, 0.6),
        },
    ),
    "V-SKNN": Peer(
        _neighbours(S_KNN),
        ({}, {"recency": 8.0, "rarity": 0.5}),
        {
            "recency": (1.0, 2.0, 4.0, 8.0, 16.0, 32.0),
            "neighbours": (50, 100, 300, 600, 1500),
            "length_exponent": (0.0, 0.25, 0.5, 0.75),
            "rarity": (0.0, 0.3, 0.6, 1.0),
        },
    ),
    "neighbours of sequences, Segue's": Peer(
        _neighbours(SequenceNeighboursConfig()),
        ({},),
        {
            "recency": (2.0, 4.0, 8.0, 16.0),
            "distance": (4.0, 6.0, 10.0, 20.0),
            "distance_floor": (0.0, 0.02, 0.05, 0.1),
            "neighbours": (100, 300, 600, 1500),
            "rarity": (0.2, 0.4, 0.6),
            "backwards": (0.4, 0.6, 0.8),
        },
    ),
    "sequential rules": Peer(
        lambda settings: SequentialRules(**settings),
        ({}, {"steps": 1, "backwards": 0.0}),
        {"steps": (2, 5, 10, 15, 20, 30), "backwards": (0.0, 0.25, 0.5, 0.75, 1.0)},
    ),
    "item neighbours": Peer(
        lambda settings: Cooccurrence(**settings),
        ({},),
        {"decay": (0.5, 0.6, 0.65, 0.7, 0.75, 0.85, 0.875, 0.9, 0.92, 0.94, 0.96, 0.98, 0.99, 1.0)},
    ),
    "EASE": Peer(
        _ease,
        ({"decay": 0.9}, {"decay": 0.9, "regularization": 14.0}),
        {
            "decay": (0.7, 0.8, 0.9, 0.95, 1.0),
            "regularization": (3.0, 6.0, 10.0, 14.0, 20.0, 30.0),
            "dropout": (0.0, 1.0, 2.0),
            "row_power": (0.0, 0.3, 0.5),
        },
    ),
    "ALS folded in": Peer(
        lambda settings: RecentRows(FactorScores(MEASURED["playlists"]), settings["decay"]),
        ({"decay": 0.9},),
        {"decay": (0.7, 0.75, 0.8, 0.85, 0.875, 0.92, 0.94, 0.95, 0.96, 0.97, 0.98, 0.99, 1.0)},
    ),
}


def draws(peer: Peer, tries: int) -> list[Settings]:
    """The settings to try, all different."""
    found, random = list(peer.first), np.random.default_rng(0)
    most = int(np.prod([len(values) for values in peer.space.values()])) + len(found)
    for _ in range(100 * tries):
        if len(found) >= min(tries, most):
            break
        drawn = {name: values[random.integers(len(values))] for name, values in peer.space.items()}
        if drawn not in found:
            found.append(drawn)
    return found[:tries]


def tune(name: str, parts: Parts, tries: int, most: int, kept: Path) -> None:
    """Try settings of one system on `most` documents of the validation part, those that are not there yet."""
    tried = json.loads(kept.read_text()) if kept.exists() else []
    peer = PEERS[name]
    for settings in draws(peer, tries):
        if any(each["settings"] == settings and each["documents"] == most for each in tried):
            continue
        result = evaluate_sequences(peer.make(settings).fit(parts.train), parts.validation, most=most)
        reached = {metric: round(float(result.values(metric)[0].mean()), 5) for metric in METRICS}
        print(name, settings, reached, flush=True)
        tried.append({"settings": settings, "documents": most, "reached": reached})
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_text(kept, json.dumps(tried, indent=1))


def chosen(name: str, metric: str, kept: Path) -> tuple[Settings, int]:
    """The best settings for a metric and how many were tried; the first try if nothing was."""
    tried = json.loads(kept.read_text()) if kept.exists() else []
    if not tried:
        return PEERS[name].first[0], 1
    return max(tried, key=lambda each: each["reached"][metric])["settings"], len(tried)


def tuned(name: str, metric: str, parts: Parts, kept: Path) -> SequenceScorer:
    """The system with its best settings for a metric, fitted to the training part."""
    return PEERS[name].make(chosen(name, metric, kept)[0]).fit(parts.train)
