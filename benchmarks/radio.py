"""The radio in a closed loop: on real playlists, and in a town whose listeners' tastes are known.

    SEGUE_DATA=folder python benchmarks/radio.py drift [--part validation] [--taste-weight 0 .3 .6 .8]
    python benchmarks/radio.py taste [--seeds 1]       # a listener turns to a new taste
    python benchmarks/radio.py skips [--seeds 1]       # a listener skips a style
    python benchmarks/radio.py write                       # the tables of docs/measurements/radio.md

drift: the radio begins with the first five songs of a playlist it has not seen and plays fifty; counted is
how many of them are in the rest of the playlist. Models are those of benchmarks/next_track.py. Towns and what
is trained on them are made once for each seed and kept in benchmarks/results.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

import next_track
from pages import put
from segue.evaluation.intervals import mean_interval
from segue.factors.loading import load_factors
from segue.library import Library
from segue.playlists.radio import Radio, RadioConfig
from segue.playlists.rules import Context
from segue.playlists.rules.reading import catalogue_context
from segue.playlists.training import train, train_network
from segue.progress import progress
from segue.sequences.documents import Documents
from segue.sequences.loading import load_network
from segue.sequences.reading import listening_documents
from segue.sequences.training import train_vectors
from segue.terminal import show
from segue.town import TownConfig, build
from segue.town.truth import load_truth

RESULTS = Path(__file__).parent / "results" / "radio"
PAGE = Path(__file__).parent.parent / "docs" / "measurements" / "radio.md"
FLOATS = NDArray[np.float32]
GIVEN, COMES, BLOCKS = 5, 50, ((0, 10), (10, 30), (30, 50))
LISTENERS, TRACKS, MONTHS = 400, 3000, 2
PLAYS, TOP = (0, 1, 3, 5), 20


def songs_only(documents: Documents) -> Context:
    """A catalogue of which only ids and artists are known."""
    n = documents.n_tracks
    none = pa.nulls(n, pa.string())
    rows = {
        "track_id": documents.track_ids.tolist(),
        "title": documents.track_ids.tolist(),
        "artists": [[artist] for artist in documents.artists.tolist()],
        "album": none,
        "medium": ["song"] * n,
        "explicit": pa.nulls(n, pa.bool_()),
        "popularity": pa.nulls(n, pa.float32()),
        "work_id": none,
        "version": none,
    }
    return Context.build(pa.table(rows), documents.track_ids.tolist())


def drift(args: argparse.Namespace) -> None:
    """Songs of the radio that are in the playlist it began with, for weights of what began it."""
    bench = next_track.Bench(0)
    documents: Documents = getattr(bench.parts, args.part)
    context = songs_only(bench.parts.train)
    long_enough = np.flatnonzero(documents.lengths >= GIVEN + COMES)
    some = np.random.default_rng(0).permutation(long_enough)[: args.playlists]
    kept = RESULTS / f"drift-{args.part}.json"
    rows: dict[str, Any] = json.loads(kept.read_text())["rows"] if kept.exists() else {}
    for weight in args.taste_weight:
        hits, near = np.zeros((len(some), COMES), bool), np.zeros((len(some), COMES), np.float32)
        with progress(f"Playing, taste weight {weight:g}", len(some)) as advance:
            for row, number in enumerate(some):
                codes = documents[number]
                radio = Radio(bench.blend, context, RadioConfig(taste_weight=weight))
                radio.seed(codes[:GIVEN])
                came = played(radio, COMES)
                hits[row] = np.isin(came, codes[GIVEN:])
                seeds = radio.vectors[codes[:GIVEN]].mean(axis=0)
                near[row] = radio.vectors[came] @ seeds / np.linalg.norm(seeds)
                advance(1)
        rows[f"{weight:g}"] = {
            "hits": [mean_interval(hits[:, a:b].mean(axis=1))[:3] for a, b in BLOCKS],
            "near": [float(near[:, a:b].mean()) for a, b in BLOCKS],
        }
        print(weight, json.dumps(rows[f"{weight:g}"]), flush=True)
    ordered = {name: rows[name] for name in sorted(rows, key=float)}
    keep(f"drift-{args.part}", {"playlists": len(some), "rows": ordered})


def played(radio: Radio, count: int) -> list[int]:
    """What comes when everything is played."""
    came = []
    while len(came) < count and (pick := radio.next()) is not None:
        came.append(pick.track)
        radio.answer(pick.track, skipped=False)
    return came


class Place:
    """A town, what was trained on it, and what is true of it. Made once for each seed."""

    def __init__(self, seed: int) -> None:
        folder = RESULTS / f"town-{seed}"
        if not (folder / "done").exists():
            town = build(
                TownConfig.named("ordinary", listeners=LISTENERS, tracks=TRACKS, months=MONTHS), seed
            )
            library = Library.open(folder / "library", create=True)
            if not library.count("listens"):
                town.write(library)
                town.save_truth(folder / "truth")
            train(library)
            train_vectors(library, seed=seed)
            train_network(library, seed=seed)
            (folder / "done").touch()
        self.library = Library.open(folder / "library")
        self.truth = load_truth(folder / "truth")
        self.blend, _ = load_network(self.library)
        self.factors, _ = load_factors(self.library)
        self.tracks = [str(track) for track in self.blend.track_ids_]
        self.context = catalogue_context(self.library, self.tracks, "listeners")
        self.listening = listening_documents(self.library)
        public = {track: at for at, track in enumerate(self.truth.track_ids.tolist())}
        self.true = np.array([public.get(track, -1) for track in self.tracks])  # places in the truth
        columns = {track: at for at, track in enumerate(self.factors.tracks_.tolist())}
        self.column = np.array([columns.get(track, -1) for track in self.tracks])
        number = {track: at for at, track in enumerate(self.tracks)}
        code = np.array([number.get(track, -1) for track in self.listening.track_ids.tolist()], np.int32)
        self.plays = code[self.listening.codes]

    def history(self, listener: str) -> tuple[NDArray[np.int32], Any]:
        """A listener's plays in the network's numbers, and their context."""
        (row,) = np.flatnonzero(self.listening.names == listener)
        start, end = self.listening.offsets[row : row + 2]
        assert self.listening.context is not None
        return self.plays[start:end], self.listening.context.take(np.arange(start, end))


def taste(args: argparse.Namespace) -> None:
    """Listeners turn to a taste that is not theirs: how well what is recommended suits it.

    The taste is the strongest one of another listener, with a cosine below .2 to all of their own. They play
    one, three, five songs of it, drawn as the town lets its own listeners meet songs of a taste. Then the
    best 20 that they have not heard, one version of each, are judged by their true affinity to that taste
    alone, in logits.
    """
    found: dict[str, list[list[float]]] = {}
    for seed in args.seeds:
        place = Place(seed)
        random = np.random.default_rng(seed)
        with progress(f"Turning, town {seed}", args.listeners) as advance:
            for who in random.permutation(LISTENERS)[: args.listeners].tolist():
                for name, figures in turned(place, who, random).items():
                    found.setdefault(name, []).append(figures)
                advance(1)
        means = {name: np.mean(figures, axis=0).round(3).tolist() for name, figures in found.items()}
        print(seed, json.dumps(means), flush=True)
    keep("taste", {"seeds": args.seeds, "listeners": args.listeners, "rows": found})


def turned(place: Place, who: int, random: np.random.Generator) -> dict[str, list[float]]:
    """Mean true affinity to the new taste of what each system recommends, after each number of plays."""
    truth, day = place.truth, place.truth.config.days
    own = np.array([each["vector"] for each in truth.tastes(who, day)])
    others = (truth.tastes(int(other), day)[0]["vector"] for other in random.permutation(LISTENERS))
    new = next(vector for vector in others if (own @ vector).max() < 0.2)
    close = truth.tracks.vector[place.true] @ new
    settings = truth.config.response
    affinity = settings.affinity * (close - settings.affinity_centre)

    history, context = place.history(f"town:l{who:05d}")
    fresh = (place.column >= 0) & ~np.isin(np.arange(len(place.tracks)), history)
    meeting = truth.popularity[place.true] ** truth.config.reach * np.exp(truth.config.narrowness * close)
    meeting = np.where(fresh, meeting, 0)
    songs = random.choice(len(meeting), max(PLAYS), replace=False, p=meeting / meeting.sum()).astype(np.int32)

    radio = Radio(place.blend, place.context)
    radio.hear(history, context)
    seen = place.factors.observe(place.library, [f"town:l{who:05d}"])
    worth = seen.config.base + seen.config.gain * np.log1p(1 / (seen.config.per or 1))
    recent = history[(history >= 0) & (context.skipped != 1)][-radio.config.recent :]
    scores: dict[str, Callable[[int], FLOATS]] = {
        "radio": lambda k: radio.scores(),
        "taste network alone": lambda k: place.blend.network_.scores_of(
            place.blend.network_.taste(radio.state, "next")
        )[0],
        "factors, all plays": lambda k: by_factors(place, songs[:k], np.full(k, worth), seen.matrix),
        "factors, last 50 plays, .9 a play": lambda k: by_factors(
            place, np.append(recent, songs[:k]), worth * 0.9 ** np.arange(len(recent) + k)[::-1]
        ),
        "factors, the new plays alone": lambda k: by_factors(place, songs[:k], np.full(k, worth)),
        "the best there is": lambda k: affinity.astype(np.float32),
        "any song": lambda k: random.random(len(affinity)).astype(np.float32),
    }
    found: dict[str, list[float]] = {name: [] for name in scores}
    for count in range(max(PLAYS) + 1):
        if count:
            radio.hear(songs[count - 1 : count])
        if count in PLAYS:
            may = fresh & ~np.isin(place.context.work, place.context.work[songs[:count]])
            for name, ask in scores.items():
                best = one_of_each(np.where(may, ask(count), -np.inf), place.context.work)
                found[name].append(float(affinity[best].mean()))
    return found


def by_factors(
    place: Place, songs: NDArray[np.int32], weights: FLOATS, row: csr_matrix | None = None
) -> FLOATS:
    """Scores of the factors for a row of observations with some plays added, in the network's numbers."""
    n = len(place.factors.tracks_)
    known = place.column[songs] >= 0
    columns = place.column[songs][known]
    added = csr_matrix((weights[known].astype(np.float32), (np.zeros(len(columns), int), columns)), (1, n))
    user = place.factors.als_.recalculate_user(0, added if row is None else csr_matrix(row + added))
    scores = np.asarray(place.factors.als_.item_factors) @ np.asarray(user).ravel()
    return np.where(place.column >= 0, scores[place.column], -np.inf).astype(np.float32)


def one_of_each(scores: FLOATS, work: NDArray[np.int32]) -> NDArray[np.intp]:
    """The best `TOP` tracks, one version of each song."""
    order = np.argsort(-scores, kind="stable")
    _, first = np.unique(work[order], return_index=True)
    return order[np.sort(first)][:TOP]


def skips(args: argparse.Namespace) -> None:
    """The radio begins with three songs of each of two styles; the listener skips one of the styles.

    A style is a genre of the town. Counted is the share of the skipped style among ten tracks, before, and
    after its third skip, when everything is played again; and beside it the same radio with nothing skipped.
    """
    found: dict[str, list[list[float]]] = {"skipped three times": [], "never skipped": []}
    for seed in args.seeds:
        place = Place(seed)
        random = np.random.default_rng(seed)
        with progress(f"Skipping, town {seed}", args.trials) as advance:
            for _ in range(args.trials):
                for name, shares in left(place, random).items():
                    found[name].append(shares)
                advance(1)
        print(
            seed,
            {name: np.nanmean(rows, axis=0).round(3).tolist() for name, rows in found.items()},
            flush=True,
        )
    keep("skips", {"seeds": args.seeds, "trials": args.trials, "rows": found})


def left(place: Place, random: np.random.Generator) -> dict[str, list[float]]:
    """Shares of the style in tracks 1 to 10 and 11 to 20 after the third skip, and of the other style."""
    genre = place.truth.tracks.genre[place.true]
    popularity = place.truth.popularity[place.true]
    large = np.argsort(-np.bincount(genre), kind="stable")[:8]
    one, other = random.choice(large, 2, replace=False)
    seeds = []
    for style in (one, other):
        chance = np.where(genre == style, popularity, 0)
        seeds.append(random.choice(len(genre), 3, replace=False, p=chance / chance.sum()))
    begin = np.stack(seeds, axis=1).ravel().astype(np.int32)
    radio = Radio(place.blend, place.context, RadioConfig())
    radio.seed(begin)
    before, skipped = 0, 0
    while skipped < 3 and before < 60:
        pick = radio.next()
        assert pick is not None
        gone = bool(genre[pick.track] == one)
        radio.answer(pick.track, skipped=gone)
        skipped, before = skipped + gone, before + 1
    control = Radio(place.blend, place.context, RadioConfig())
    control.seed(begin)
    played(control, before)
    return {
        name: [
            float(np.mean(genre[came[a:b]] == style))
            for style in (one, other)
            for a, b in ((0, 10), (10, 20))
        ]
        for name, came in (("skipped three times", played(radio, 20)), ("never skipped", played(control, 20)))
    }


def keep(name: str, found: dict[str, Any]) -> None:
    """One result."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(found, indent=1))


def write(args: argparse.Namespace) -> None:
    """The tables of what was run, into the docs."""
    tables = {"drift-validation": drift_table, "drift-test": drift_table}
    tables |= {"taste": taste_table, "skips": skips_table}
    kept = {name: RESULTS / f"{name}.json" for name in tables}
    put(PAGE, {name: tables[name](json.loads(at.read_text())) for name, at in kept.items() if at.exists()})


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "".join("| " + " | ".join(cells) + " |\n" for cells in lines)


def _with_interval(values: Any, form: str = "+.2f") -> str:
    mean, low, high = values if isinstance(values, list) else mean_interval(values)[:3]
    return f"{mean:{form}} [{low:{form}}, {high:{form}}]"


def drift_table(found: dict[str, Any]) -> str:
    """Markdown."""
    head = [
        "`taste_weight`",
        *(f"tracks {a + 1} to {b}" for a, b in BLOCKS),
        "cosine to the seeds, last tracks",
    ]
    rows = []
    for weight, row in found["rows"].items():
        rows.append(
            [weight, *(_with_interval(hits, ".1%") for hits in row["hits"]), f"{row['near'][-1]:.2f}"]
        )
    return _table(head, rows)


def taste_table(found: dict[str, Any]) -> str:
    """Markdown."""
    rows, radio = [], np.array(found["rows"]["radio"])
    for name, figures in found["rows"].items():
        own = np.array(figures)
        ahead = [_with_interval((radio - own)[:, at]) for at in (1, 2, 3)] if "factors" in name else [""] * 3
        rows.append([name, *(f"{mean:+.2f}" for mean in own.mean(axis=0)), *ahead])
    head = ["recommended by", "before", "after 1 play", "after 3", "after 5"]
    return _table([*head, "radio ahead after 1", "after 3", "after 5"], rows)


def skips_table(found: dict[str, Any]) -> str:
    """Markdown."""
    head = ["", "tracks 1 to 10", "tracks 11 to 20", "the other style, 1 to 10", "11 to 20"]
    rows = []
    for name, figures in found["rows"].items():
        own = np.array(figures)
        rows.append([name, *(_with_interval(own[:, at], ".1%") for at in range(4))])
    return _table(head, rows)


def main() -> None:
    show()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(required=True)
    verb = verbs.add_parser("drift", help=drift.__doc__)
    verb.add_argument("--part", choices=["validation", "test"], default="validation")
    verb.add_argument("--playlists", type=int, default=40)
    verb.add_argument("--taste-weight", nargs="+", type=float, default=[0, 0.3, 0.6, 0.8])
    verb.set_defaults(run=drift)
    verb = verbs.add_parser("taste", help=taste.__doc__)
    verb.add_argument("--listeners", type=int, default=50)
    verb.set_defaults(run=taste)
    verb = verbs.add_parser("skips", help=skips.__doc__)
    verb.add_argument("--trials", type=int, default=40)
    verb.set_defaults(run=skips)
    for verb in (verbs.choices["taste"], verbs.choices["skips"]):
        verb.add_argument("--seeds", nargs="+", type=int, default=[1])
    verbs.add_parser("write", help=write.__doc__).set_defaults(run=write)
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
