"""The town beside real data: which recommenders do well, the long tail, what is heard again.

Called by benchmarks/town.py. The real sets are HetRec (Last.fm, a listener's 50 most played artists, plays)
and the Million Playlist subset; the town's counterparts are cut alike: its listeners' 50 most played artists,
and the playlists they made. Protocols are those of docs/evaluation.md; systems have their default settings.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

import data
from next_track import playlists as real_documents
from segue.evaluation.histories import Histories, from_entries
from segue.evaluation.libraries import own_systems, read_listens
from segue.evaluation.next_track import evaluate_sequences, split_documents
from segue.evaluation.protocols import LISTENERS, PLAYLISTS, run_system
from segue.factors.config import MEASURED
from segue.factors.folded import FactorScores
from segue.library import Library
from segue.taste.documents import Documents, session_documents
from segue.taste.reading import listening_documents, playlist_documents
from segue.taste.recent import RecentRows
from segue.taste.sequences import S_KNN, STAN, Cooccurrence, Popularity, SequenceNeighbours, SequentialRules
from segue.town import TownConfig, build

MOST_PLAYED = 50  # artists of a listener that HetRec tells
SYSTEMS = ("popularity", "item neighbours", "factors")
REAL, TOWN = "real", "town"
TESTED = 250  # documents of the test part that protocol C looks at

SEQUENTIAL: dict[str, Callable] = {
    "popularity": lambda: Popularity(),
    "neighbours, order unknown (S-KNN)": lambda: SequenceNeighbours(S_KNN),
    "neighbours, by order (STAN)": lambda: SequenceNeighbours(STAN),
    "item neighbours, order unknown": lambda: Cooccurrence(decay=1.0),
    "item neighbours, late songs weigh more": lambda: Cooccurrence(decay=0.8),
    "factors, order unknown": lambda: RecentRows(FactorScores(MEASURED["playlists"]), 1.0),
    "factors, late songs weigh more": lambda: RecentRows(FactorScores(MEASURED["playlists"]), 0.9),
    "sequential rules": lambda: SequentialRules(),
}


class Heard(NamedTuple):
    """What is compared, of a town or of real listeners."""

    artists: Histories  # by plays, at most MOST_PLAYED of a listener
    songs: Histories | None  # by plays
    playlists: Histories
    documents: Documents  # the playlists with artists
    sessions: Documents | None
    repeats: float | None  # share of plays that are of a song the listener had played before


@cache
def real() -> Heard:
    """HetRec and the Million Playlist subset."""
    return Heard(data.hetrec(), None, data.playlists()[0], real_documents(), None, None)


@cache
def town(name: str, seed: int, listeners: int, tracks: int, months: float) -> Heard:
    """The same of a town, read from its library as any library is."""
    made = build(TownConfig.named(name, listeners=listeners, tracks=tracks, months=months), seed)
    with tempfile.TemporaryDirectory() as folder:
        library = Library.open(Path(folder) / "library", create=True)
        made.write(library)
        songs, documents = read_listens(library), playlist_documents(library)
        sessions = session_documents(listening_documents(library), keep_skipped=True)
    assert songs.item_ids is not None
    artist = dict(zip(made.catalogue.ids.tolist(), made.catalogue.songs.artist.tolist(), strict=True))
    who = np.array([artist[track] for track in songs.item_ids])[songs.items]
    artists = most_played(from_entries(songs.owners.astype(str), who.astype(str), songs.weights))
    owners = np.repeat(np.arange(len(documents)), documents.lengths)
    return Heard(
        artists,
        songs,
        from_entries(owners.astype(str), documents.codes.astype(str)),
        documents,
        sessions,
        float(1 - len(songs.items) / songs.weights.sum()),
    )


def most_played(histories: Histories) -> Histories:
    """Each listener's most played items, as HetRec has them."""
    order = np.lexsort((-histories.weights, histories.owners))
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order)) - histories.offsets[histories.owners[order]]
    return histories.keep(rank < MOST_PLAYED)


def accuracy(heard: Heard, seed: int) -> Iterator[tuple[str, str, float]]:
    """Part, system and figure: NDCG@100 for A and B, HR@20 for C."""
    for letter, protocol, histories in (("A", LISTENERS, heard.artists), ("B", PLAYLISTS, heard.playlists)):
        trimmed, systems = protocol.trim(histories), own_systems(protocol)
        fold = protocol.split(trimmed, seed)
        for name in SYSTEMS:
            yield letter, name, run_system(name, systems[name], fold, protocol, seed).value("ndcg@100")
    parts = split_documents(heard.documents)
    for name, make in SEQUENTIAL.items():
        scorer = make().fit(parts.train)
        result = evaluate_sequences(scorer, parts.test, most=TESTED, seed=seed, what=name)
        yield "C", name, float(result.values("HR@20")[0].mean())


def gini(counts: NDArray) -> float:
    """Gini coefficient of counts (n,)."""
    ranked = np.sort(counts).astype(float)
    places = 2 * np.arange(1, len(ranked) + 1) - len(ranked) - 1
    return float(places @ ranked / (len(ranked) * ranked.sum()))


def slope(counts: NDArray) -> float:
    """Slope of log count on log rank, between the first 1% and the first quarter of items."""
    ranked = np.sort(counts)[::-1].astype(float)
    places = np.unique(np.geomspace(max(1, len(ranked) // 100), len(ranked) // 4, 40).astype(int))
    return float(np.polyfit(np.log(places), np.log(ranked[places - 1]), 1)[0])


def tail(name: str, counts: NDArray) -> Iterator[tuple[str, float]]:
    """The shape of a long tail."""
    counts = np.sort(counts[counts > 0])[::-1]
    yield f"{name}: Gini", gini(counts)
    yield f"{name}: share of the first 1%", float(counts[: max(1, len(counts) // 100)].sum() / counts.sum())
    yield f"{name}: slope", slope(counts)


def shape(heard: Heard) -> Iterator[tuple[str, float]]:
    """Long tails, how much listeners return, and what is gathered in a playlist."""
    yield from tail("listeners of an artist", heard.artists.listeners_per_item())
    yield from tail("plays of an artist", np.bincount(heard.artists.items, heard.artists.weights))
    yield from tail("playlists of a song", heard.playlists.listeners_per_item())
    ends = heard.artists.offsets
    mine = [np.sort(heard.artists.weights[a:b])[::-1] for a, b in pairwise(ends)]
    mine = [plays for plays in mine if len(plays) >= 20]
    yield "a listener's first artist, share of plays", float(np.median([p[0] / p.sum() for p in mine]))
    yield "a listener's first ten, share of plays", float(np.median([p[:10].sum() / p.sum() for p in mine]))
    documents, rng = heard.documents, np.random.default_rng(0)
    artist = np.unique(documents.artists.astype(str), return_inverse=True)[1][documents.codes]
    owner = np.repeat(np.arange(len(documents)), documents.lengths)
    same = owner[1:] == owner[:-1]
    mixed = artist[np.lexsort((rng.random(len(artist)), owner))]
    yield "next song of a playlist is by the same artist", float((artist[1:] == artist[:-1])[same].mean())
    yield "the same, order shuffled", float((mixed[1:] == mixed[:-1])[same].mean())
    if heard.repeats is not None:
        yield "plays of a song played before", heard.repeats
