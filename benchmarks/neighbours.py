"""Engines of nearest neighbours against each other: build, size, load, queries a second at equal recall.

    SEGUE_DATA=folder python benchmarks/neighbours.py run playlists   # factors of tracks, asked by playlists
    python benchmarks/neighbours.py run clustered [--count 250000]    # made-up unit vectors in clusters
    SEGUE_DATA=folder python benchmarks/neighbours.py handover        # from how many vectors an index pays
    python benchmarks/neighbours.py write                             # tables and picture of the docs

All on one thread: pin the process to one core. Top 10 by inner product, queries in one batch unless said
otherwise. An engine's effort is the least that reaches a recall on all queries; then the engine called
directly and through `Index.query` take turns, and the middle of the rounds counts. Annoy is given the number
of trees that is fastest at each recall.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import data
from pages import put
from segue.evaluation.histories import Histories
from segue.factors.als import ImplicitALS
from segue.factors.config import MEASURED
from segue.neighbours import Index, IndexConfig, build_index
from segue.neighbours.building import share_found
from segue.neighbours.config import EngineName
from segue.neighbours.engines import ENGINES
from segue.neighbours.engines.faiss import omp_threads

RESULTS = Path(__file__).parent / "results" / "neighbours"
PAGE = Path(__file__).parent.parent / "docs" / "measurements" / "neighbours.md"
K, TARGETS = 10, (0.90, 0.95, 0.99)
DIM, PLAYLISTS_OF_A_TRACK = 64, 5
TREES = (20, 50, 100)  # of Annoy
NAMES = {
    "exact": "exact",
    "faiss-hnsw": "FAISS HNSW",
    "faiss-ivf": "FAISS IVF",
    "voyager": "Voyager",
    "annoy": "Annoy",
}
Floats = NDArray[np.float32]


def playlist_vectors(seed: int, queries: int) -> tuple[Floats, Floats]:
    """Factors of tracks in 5 or more playlists, and of as many playlists as there are queries."""
    kept = RESULTS / f"factors-{seed}.npz"
    if not kept.exists():
        histories, _ = data.playlists()
        matrix = _frequent(histories)
        config = MEASURED["playlists"].model_copy(update={"factors": DIM, "random_state": seed})
        model = ImplicitALS(**config.model_dump()).fit(matrix, show_progress=False)
        np.savez(kept, tracks=model.item_factors, playlists=model.user_factors)
    with np.load(kept) as stored:
        some = np.random.default_rng(seed).permutation(len(stored["playlists"]))[:queries]
        return stored["tracks"], stored["playlists"][some]


def _frequent(histories: Histories) -> Any:
    matrix = histories.matrix()
    matrix.data[:] = 1
    return matrix[:, np.flatnonzero(np.asarray(matrix.sum(axis=0)).ravel() >= PLAYLISTS_OF_A_TRACK)].tocsr()


def clustered(count: int, seed: int, queries: int) -> tuple[Floats, Floats]:
    """Unit vectors, each the sum of a centre of three sets and of noise as long: clusters that overlap."""
    chance = np.random.default_rng(seed)
    points = chance.normal(size=(count + queries, DIM))
    for centres in (50, 500, max(2, count // 50)):
        points += chance.normal(size=(centres, DIM))[chance.integers(centres, size=len(points))]
    points = (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)
    return points[:count], points[count:]


def direct(index: Index, queries: Floats, effort: int) -> Callable[[], object]:
    """The same search as a user of the engine's own library would write it."""
    engine: Any = index._engine
    if index.engine_name == "exact":
        return lambda: engine.search(queries, K, num_threads=1)
    if index.engine_name == "voyager":
        return lambda: engine.inner.query(queries, K, 1, max(effort, K))
    if index.engine_name == "annoy":
        return lambda: [
            engine.inner.get_nns_by_vector(query, K, max(effort, K), include_distances=True)
            for query in queries
        ]
    parameters = engine.parameters(effort, K, None)

    def search() -> object:
        with omp_threads(engine.library(), 1):
            return engine.inner.search(queries, K, params=parameters)

    return search


def seconds(work: Callable[[], object]) -> float:
    """Of one call."""
    clock = time.perf_counter()
    work()
    return time.perf_counter() - clock


def effort_for(index: Index, queries: Floats, right: NDArray[np.int64], target: float) -> int | None:
    """The least effort that reaches a recall, to a tenth; None if the most does not."""

    def recall(effort: int) -> float:
        found = index.query(queries, K, effort=effort, num_threads=1)[0]
        return share_found(index, queries, found, right)

    low, high = 1, ENGINES[index.engine_name].least_effort
    while recall(high) < target:
        if high >= index.most_effort():
            return None
        low, high = high, min(2 * high, index.most_effort())
    while high - low > max(1, high // 20):
        middle = (low + high) // 2
        low, high = (low, middle) if recall(middle) >= target else (middle, high)
    return high


def timed(
    index: Index, queries: Floats, right: NDArray[np.int64], effort: int, rounds: int
) -> dict[str, Any]:
    """Recall and queries a second at an effort: directly, through Segue, and one at a time through Segue."""
    found = index.query(queries, K, effort=effort, num_threads=1)[0]
    once = seconds(direct(index, queries[:100], effort)) / 100
    some = queries[: int(np.clip(1.0 / once, 200, len(queries)))]
    rounds = int(np.clip(1.0 / (once * len(some)), rounds, 10 * rounds))
    theirs, ours = [], []
    for _ in range(rounds):
        theirs.append(seconds(direct(index, some, effort)))
        ours.append(seconds(partial(index.query, some, K, effort=effort, num_threads=1)))
    singly = [seconds(partial(index.query, each, K, effort=effort, num_threads=1)) for each in queries[:300]]
    return {
        "effort": effort,
        "recall": share_found(index, queries, found, right),
        "direct": len(some) / statistics.median(theirs),
        "segue": len(some) / statistics.median(ours),
        "cost": statistics.median(b / a for a, b in zip(theirs, ours, strict=True)) - 1,
        "one_ms": 1000 * statistics.median(singly),
    }


def built(engine: EngineName, vectors: Floats, **settings: Any) -> tuple[Index, dict[str, Any]]:
    """An index, and what building, keeping and opening it cost."""
    index = Index(vectors.shape[1], engine, IndexConfig(engine=engine, build_threads=1, **settings))
    facts: dict[str, Any] = {"build_s": seconds(lambda: index.add(vectors))}
    with tempfile.TemporaryDirectory() as folder:
        index.save(Path(folder) / "index")
        sizes = {path.name: path.stat().st_size for path in (Path(folder) / "index").iterdir()}
        facts["vectors_mb"] = sizes["vectors.npy"] / 1e6
        facts["engine_mb"] = sum(sizes.get(name, 0) for name in ENGINES[engine].files) / 1e6
        facts["load_ms"] = 1000 * statistics.median(
            seconds(lambda: Index.load(Path(folder) / "index").query(vectors[0], K)) for _ in range(5)
        )
    return index, facts


def run(args: argparse.Namespace) -> None:
    """All engines on one set of vectors."""
    if args.data == "playlists":
        vectors, queries = playlist_vectors(args.seed, args.queries)
    else:
        vectors, queries = clustered(args.count, args.seed, args.queries)
    right = build_index(vectors, engine="exact", sample=2).query(queries, K)[0]
    rows: dict[str, Any] = {}
    for engine in args.engines:
        for settings in [{"trees": trees} for trees in TREES] if engine == "annoy" else [{}]:
            index, facts = built(engine, vectors, **settings)
            efforts = [1] if engine == "exact" else [effort_for(index, queries, right, t) for t in TARGETS]
            facts["at"] = [
                None if effort is None else timed(index, queries, right, effort, args.rounds)
                for effort in efforts
            ]
            rows[" ".join([engine, *map(str, settings.values())])] = facts
            print(engine, settings, json.dumps(facts), flush=True)
    shown = {"count": len(vectors), "queries": len(queries), "seed": args.seed, "rows": rows}
    (RESULTS / f"{args.data}.json").write_text(json.dumps(shown, indent=1))


def handover(args: argparse.Namespace) -> None:
    """Exact search against FAISS, its building and measuring counted, as the set grows."""
    rows = []
    playlists, askers = playlist_vectors(args.seed, args.queries)
    sets = [("playlists", playlists[:n], askers) for n in (5_000, 10_000, len(playlists))]
    for n in args.sizes:
        sets.append(("clustered", *clustered(n, args.seed, args.queries)))
    for name, vectors, queries in sets:
        exact = build_index(vectors, engine="exact", sample=2)
        right = exact.query(queries, K, num_threads=1)[0]
        row = {"data": name, "count": len(vectors), "exact": timed(exact, queries, right, 1, args.rounds)}
        for engine in ("faiss-hnsw", "faiss-ivf"):
            clock = time.perf_counter()
            index = build_index(vectors, engine=engine, queries=queries)
            build_s = time.perf_counter() - clock
            found = timed(index, queries, right, index.effort, args.rounds)
            saved = 1 / row["exact"]["segue"] - 1 / found["segue"]
            row[engine] = found | {"build_s": build_s, "pays_after": build_s / saved if saved > 0 else None}
        rows.append(row)
        print(json.dumps(row), flush=True)
        (RESULTS / "handover.json").write_text(json.dumps(rows, indent=1))


def write(args: argparse.Namespace) -> None:
    """The tables that can be made of what was run, and the picture, into the docs."""
    tables, found = {}, {}
    for name in ("playlists", "clustered"):
        if (kept := RESULTS / f"{name}.json").exists():
            found[name] = json.loads(kept.read_text())
            tables[f"neighbours-{name}"] = engines_table(found[name])
    if (kept := RESULTS / "handover.json").exists():
        tables["neighbours-handover"] = handover_table(json.loads(kept.read_text()))
    put(PAGE, tables)
    if found:
        draw(found, PAGE.parent / "neighbours-speed.svg")


def best_rows(found: dict[str, Any]) -> list[tuple[str, dict[str, Any], list[Any]]]:
    """(engine, facts, figures at each recall); of Annoy's forests the fastest at each recall."""
    out = []
    for engine, name in NAMES.items():
        of_engine = {key: row for key, row in found["rows"].items() if key.split()[0] == engine}
        if not of_engine:
            continue
        at = []
        for place in range(len(TARGETS)):
            reached = [(row["at"][place if len(row["at"]) > 1 else 0], key) for key, row in of_engine.items()]
            reached = [(figures, key) for figures, key in reached if figures]
            at.append(max(reached, key=lambda pair: pair[0]["segue"])[0] if reached else None)
        facts = of_engine.get("annoy 50") or next(iter(of_engine.values()))
        out.append((name, facts, at))
    return out


def engines_table(found: dict[str, Any]) -> str:
    """Markdown: what each engine costs, and queries a second at each recall, beside Annoy called directly."""
    rows = best_rows(found)
    annoy = next((at for name, _, at in rows if name == "Annoy"), [None] * len(TARGETS))
    head = ["engine", "build, s", "file, MB", "open and ask, ms"]
    head += [f"queries a second at {t:.2f}" for t in TARGETS] + ["Segue's cost at .95", "one query, ms"]
    lines = ["| " + " | ".join(head) + " |", "| --- |" + " ---: |" * (len(head) - 1)]
    for name, facts, at in rows:
        cells = [name, f"{facts['build_s']:.2f}", f"{facts['engine_mb']:.1f}", f"{facts['load_ms']:.1f}"]
        for figures, theirs in zip(at, annoy, strict=True):
            if figures is None:
                cells.append("–")
                continue
            times = f" ({figures['segue'] / theirs['direct']:.1f}x)" if theirs else ""
            cells.append(f"{figures['segue']:,.0f}{times}")
        middle = at[1]
        cells += [f"{middle['cost']:+.1%}", f"{middle['one_ms']:.3f}"] if middle else ["–", "–"]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def handover_table(rows: list[dict[str, Any]]) -> str:
    """Markdown: after how many queries an index has paid for its building."""
    head = ["vectors", "number", "exact, queries a second", "one query, ms"]
    for name in ("HNSW", "IVF"):
        head += [f"{name}, build and measure, s", "queries a second", "one query, ms", "pays after"]
    lines = ["| " + " | ".join(head) + " |", "| --- |" + " ---: |" * (len(head) - 1)]
    for row in rows:
        exact = row["exact"]
        cells = [row["data"], f"{row['count']:,}", f"{exact['segue']:,.0f}", f"{exact['one_ms']:.2f}"]
        for engine in ("faiss-hnsw", "faiss-ivf"):
            figures = row[engine]
            cells += [f"{figures['build_s']:.1f}", f"{figures['segue']:,.0f}", f"{figures['one_ms']:.2f}"]
            cells.append(f"{figures['pays_after']:,.0f}" if figures["pays_after"] else "never")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def draw(found: dict[str, Any], path: Path) -> None:
    """Queries a second against recall, a line for each engine."""
    import altair as alt
    import vl_convert

    panels = []
    for title, part in found.items():
        points = [
            {"engine": name, "recall": target, "queries a second": figures["segue"]}
            for name, _, at in best_rows(part)
            for target, figures in zip(TARGETS, at, strict=True)
            if figures
        ]
        line = alt.Chart(alt.Data(values=points), mark=alt.MarkDef(type="line", point=True)).encode(
            x=alt.X("recall:Q", scale=alt.Scale(zero=False), axis=alt.Axis(format=".2f", values=TARGETS)),
            y=alt.Y("queries a second:Q", scale=alt.Scale(type="log")),
            color=alt.Color("engine:N", sort=list(NAMES.values()), title=None),
        )
        panels.append(line.properties(width=280, height=240, title=f"{title}, {part['count']:,} vectors"))
    path.write_text(vl_convert.vegalite_to_svg(alt.hconcat(*panels).to_json()))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(required=True)
    verb = verbs.add_parser("run", help=run.__doc__)
    verb.add_argument("data", choices=["playlists", "clustered"])
    verb.add_argument("--count", type=int, default=250_000, help="clustered vectors")
    verb.add_argument("--engines", nargs="+", choices=list(NAMES), default=list(NAMES))
    verb.set_defaults(run=run)
    verb = verbs.add_parser("handover", help=handover.__doc__)
    verb.add_argument(
        "--sizes", nargs="+", type=int, default=[5_000, 10_000, 20_000, 50_000, 100_000, 200_000]
    )
    verb.set_defaults(run=handover)
    verbs.add_parser("write", help=write.__doc__).set_defaults(run=write)
    for verb in (verbs.choices["run"], verbs.choices["handover"]):
        verb.add_argument("--seed", type=int, default=0)
        verb.add_argument("--queries", type=int, default=2_000)
        verb.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()
    RESULTS.mkdir(parents=True, exist_ok=True)
    args.run(args)


if __name__ == "__main__":
    main()
