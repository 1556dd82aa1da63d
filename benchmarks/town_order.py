"""The town beside real data: which recommenders do well, the long tail, what is heard again.

`python benchmarks/town.py order` runs it. The real sets are HetRec (Last.fm, a listener's 50 most played
artists) and the Million Playlist subset; the town's counterparts are cut alike: its listeners' 50 most played
artists, and the playlists they made. Protocols are those of docs/models/evaluation.md; systems have their
default settings. Their order counts, not how high each comes: catalogues and listening differ in size.
Figures are kept in benchmarks/results/town, so that runs can be short ones.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

import data
from next_track import playlists as real_documents
from segue.evaluation.histories import Histories, from_entries
from segue.evaluation.libraries import own_systems, read_listens
from segue.evaluation.next_track import evaluate_sequences, split_documents
from segue.evaluation.protocols import LISTENERS, PLAYLISTS, run_system
from segue.factors.config import MEASURED
from segue.factors.folded import FactorScores
from segue.files import write_bytes
from segue.library import Library
from segue.sequences.documents import Documents
from segue.sequences.neighbourhood import (
    S_KNN,
    STAN,
    Cooccurrence,
    Popularity,
    SequenceNeighbours,
    SequentialRules,
)
from segue.sequences.reading import playlist_documents
from segue.sequences.recent import RecentRows
from segue.town import TownConfig, build

RESULTS = Path(__file__).parent / "results" / "town"
REAL, TOWN = "real", "town"
MOST_PLAYED = 50  # artists of a listener that HetRec tells
TESTED = 250  # documents of the test part that protocol C looks at
SYSTEMS = ("popularity", "item neighbours", "factors")
SEQUENTIAL: dict[str, Callable[[], Any]] = {
    "popularity": Popularity,
    "neighbours, order unknown (S-KNN)": lambda: SequenceNeighbours(S_KNN),
    "neighbours, by order (STAN)": lambda: SequenceNeighbours(STAN),
    "item neighbours, order unknown": lambda: Cooccurrence(decay=1.0),
    "item neighbours, late songs weigh more": lambda: Cooccurrence(decay=0.8),
    "factors, order unknown": lambda: RecentRows(FactorScores(MEASURED["playlists"]), 1.0),
    "factors, late songs weigh more": lambda: RecentRows(FactorScores(MEASURED["playlists"]), 0.9),
    "sequential rules": SequentialRules,
}
TASKS = {
    "A": "artists of listeners, NDCG@100",
    "B": "songs of playlists, NDCG@100",
    "C": "next song of playlists, HR@20",
}


class Heard(NamedTuple):
    """What is compared, of a town or of real listeners."""

    artists: Histories  # by plays, at most MOST_PLAYED of a listener
    playlists: Histories
    documents: Documents  # the playlists in order, with artists
    repeats: float  # share of plays that are of a song the listener had played before; NaN if not known


def real() -> Heard:
    """HetRec and the Million Playlist subset."""
    return Heard(data.hetrec(), data.playlists()[0], real_documents(), np.nan)


def town(seed: int, size: dict[str, float]) -> Heard:
    """The same of an ordinary town, read from its library as any library is."""
    made = build(TownConfig.named("ordinary", **size), seed)
    with tempfile.TemporaryDirectory() as folder:
        library = Library.open(Path(folder) / "library", create=True)
        made.write(library)
        songs, documents = read_listens(library), playlist_documents(library)
    assert songs.item_ids is not None
    artist = dict(zip(made.catalogue.ids.tolist(), made.catalogue.songs.artist.tolist(), strict=True))
    who = np.array([artist[track] for track in songs.item_ids])[songs.items]
    artists = from_entries(songs.owners.astype(str), who.astype(str), songs.weights)
    owners = np.repeat(np.arange(len(documents)), documents.lengths)
    lists = from_entries(owners.astype(str), documents.codes.astype(str))
    return Heard(most_played(artists), lists, documents, float(1 - len(songs.items) / songs.weights.sum()))


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
    yield "plays of a song played before", heard.repeats


def curve(histories: Histories) -> list[tuple[int, float]]:
    """Rank and share of the listeners (or playlists) that have the item of that rank."""
    counts = np.sort(histories.listeners_per_item())[::-1]
    counts = counts[counts > 0]
    ranks = np.unique(np.geomspace(1, len(counts), 60).astype(int))
    return [(int(rank), float(counts[rank - 1] / histories.n_listeners)) for rank in ranks]


def compare(which: str, seed: int, size: dict[str, float]) -> dict[str, Any]:
    """All figures of the real sets or of a town; kept, and read again if they are there."""
    name = "-".join([which, str(seed), *(f"{value:g}" for value in size.values() if which == TOWN)])
    kept = RESULTS / f"{name}.json"
    if not kept.exists():
        heard = real() if which == REAL else town(seed, size)
        found: dict[str, Any] = {
            "order": {f"{part}: {system}": value for part, system, value in accuracy(heard, seed)}
        }
        found["shape"] = dict(shape(heard))
        found["artists"], found["playlists"] = curve(heard.artists), curve(heard.playlists)
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(kept, orjson.dumps(found))
        print(which, seed, orjson.dumps(found["order"] | found["shape"]).decode(), flush=True)
    return orjson.loads(kept.read_bytes())


def tables(sets: dict[str, list[dict[str, Any]]]) -> str:
    """Markdown: the order of systems by task, then the shapes."""
    lines = ["| | real | town |", "| --- | ---: | ---: |"]
    for key in sets[REAL][0]["order"]:
        part, system = key.split(": ", 1)
        if system == "popularity":
            lines.append(f"| **{part}: {TASKS[part]}** | | |")
        lines.append(
            f"| {system} | "
            + " | ".join(_cell([s["order"][key] for s in sets[w]]) for w in (REAL, TOWN))
            + " |"
        )
    lines += ["", "| shape | real | town |", "| --- | ---: | ---: |"]
    for key in sets[REAL][0]["shape"]:
        lines.append(
            f"| {key} | " + " | ".join(_cell([s["shape"][key] for s in sets[w]]) for w in (REAL, TOWN)) + " |"
        )
    return "\n".join(lines)


def _cell(values: list[float | None]) -> str:
    """Mean and, where there are several that differ, their standard deviation."""
    numbers = [value for value in values if value is not None and np.isfinite(value)]
    if not numbers:
        return "not known"
    spread = np.std(numbers, ddof=1) if len(numbers) > 1 else 0.0
    return f"{np.mean(numbers):.3f}" + (f" ± {spread:.3f}" if spread > 5e-4 else "")


def picture(sets: dict[str, list[dict[str, Any]]]) -> Any:
    """The long tails on logarithmic axes, real and of each town."""
    import altair as alt

    panels = []
    for key, item in (
        ("artists", "artist, by share of listeners"),
        ("playlists", "song, by share of playlists"),
    ):
        values = [
            {"rank": rank, "share": share, "whose": which, "line": f"{which} {number}"}
            for which, several in sets.items()
            for number, one in enumerate(several[: 1 if which == REAL else None])
            for rank, share in one[key]
        ]
        panels.append(
            alt.Chart(alt.Data(values=values), mark=alt.MarkDef(type="line", strokeWidth=2)).encode(
                x=alt.X("rank:Q", scale=alt.Scale(type="log"), title=f"rank of the {item}"),
                y=alt.Y("share:Q", scale=alt.Scale(type="log"), title=None),
                color=alt.Color(
                    "whose:N", title=None, scale=alt.Scale(domain=[REAL, TOWN], range=["#999999", "#d6604d"])
                ),
                detail="line:N",
            )
        )
    return alt.hconcat(*panels)
