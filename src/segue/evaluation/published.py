"""Published protocols on the files of their data sets, so that their tables are had by one command.

- `ml-20m`, `msd`: Liang et al. 2018, strong generalisation: listeners are held out whole, twice as many as
  are tested (the other half is for choosing settings and left alone here), and of a tested listener's items a
  fifth, drawn at random, is to be found. What no training listener has is left out.
- `yambda`: the data set's global split in time: the last day is to be found from what came more than half an
  hour before it. A listen counts that is at least half heard; a track heard before may come again.

The files are read by DuckDB, straight into arrays: a library is not needed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segue.errors import FormatError, NotFoundError, UsageError
from segue.evaluation.histories import Histories
from segue.evaluation.libraries import own_systems
from segue.evaluation.protocols import Protocol, System, measure
from segue.evaluation.report import Report
from segue.evaluation.splits import Fold, hold_out_some
from segue.progress import progress

DAY, GAP = 86_400, 1_800  # seconds
YAMBDA_TEST = 26_000_000 - DAY  # the last day of the data begins
YAMBDA_HEARD = 50  # per cent of a track


@dataclass(frozen=True)
class Data:
    """What was read: of the first so many entries a model may learn, the rest is to be found."""

    histories: Histories
    later: Histories | None = None  # of the same listeners and items, what came later; else drawn


@dataclass(frozen=True)
class Published:
    """A protocol of the literature.

    Attributes:
        protocol: its metrics, and what it is called.
        file: what the data is called in its data set.
        read: from that file.
        held_out: listeners tested; no more than a quarter of all.
        figures: (system, source) to published figures, in the order of the metrics.
    """

    protocol: Protocol
    file: str
    read: Callable[[Path], Data]
    held_out: int = 0
    figures: Mapping[tuple[str, str], Sequence[float]] = field(default_factory=dict)

    def fold(self, data: Data, seed: int) -> Fold:
        """What is learned from and what is to be found.

        Raises:
            UsageError: too little to test anything.
        """
        fold = self._fold(data, seed)
        if len(fold.tested) < 2:
            raise UsageError(
                f"There is too little in this file for '{self.protocol.name}'",
                expected="listeners with enough items to give some and find some",
                got=f"{len(fold.tested)} of {data.histories.n_listeners:,}",
            )
        return fold

    def _fold(self, data: Data, seed: int) -> Fold:
        if data.later is not None:
            tested = np.flatnonzero((data.histories.sizes > 0) & (data.later.sizes > 0))
            train = data.histories
            return Fold(train, train.take(tested), data.later.take(tested).matrix(), tested)
        return hold_out_some(data.histories, seed, min(self.held_out, data.histories.n_listeners // 4))


def evaluate_published(
    name: str, path: Path, *, seeds: Sequence[int] = (0,), systems: Mapping[str, System] | None = None
) -> tuple[Report, Published]:
    """Run systems through a published protocol.

    Args:
        name: of `PUBLISHED`.
        path: the data's file, or the folder that has it.
        seeds: one split and one model each; where the split is in time, one model.
        systems: name -> function of a seed; None is Segue's own and the baselines.

    Raises:
        UsageError: an unknown protocol, or too little in the file.
        NotFoundError: there is no such file.
        FormatError: it is not what the protocol is about.
    """
    if name not in PUBLISHED:
        raise UsageError(f"There is no published protocol {name}", expected=", ".join(PUBLISHED))
    published = PUBLISHED[name]
    file = path / published.file if path.is_dir() else path
    if not file.is_file():
        raise NotFoundError(
            f"There is no {file}",
            expected=f"{published.file}, as the data set has it",
            hint="name it with --data",
        )
    with progress(f"Reading {file.name}"):
        data = published.read(file)
    chosen = systems if systems is not None else own_systems(published.protocol)
    with progress(f"Evaluating: {published.protocol.name}", len(chosen) * len(seeds)) as advance:
        folds = ((seed, published.fold(data, seed)) for seed in seeds)
        report = measure(published.protocol, folds, chosen, beyond_accuracy=False, advance=advance)
    return report, published


def _movielens(file: Path) -> Data:
    """MovieLens 20M: films rated above 3.5; people with five of them."""
    entries = _rows(file, "userId", "movieId", "rating > 3.5", ("userId", "movieId", "rating"))
    return Data(_histories(*entries).trimmed(listeners_per_item=1, items_per_listener=5))


def _taste_profile(file: Path) -> Data:
    """Million Song taste profile: songs of 200 listeners, then listeners of 20 such songs."""
    entries = _rows(file, "column0", "column1", "column2 > 0", ("column0", "column1", "column2"))
    return Data(_histories(*entries).trimmed(listeners_per_item=200, items_per_listener=20))


def _yambda(file: Path) -> Data:
    """Yambda's listens, split by time."""
    heard = f"played_ratio_pct >= {YAMBDA_HEARD}"
    columns = ("uid", "item_id", "timestamp", "played_ratio_pct")
    u, i, late = _rows(
        file,
        "uid",
        "item_id",
        f"{heard} AND (timestamp < {YAMBDA_TEST - GAP} OR timestamp >= {YAMBDA_TEST})",
        columns,
        f"timestamp >= {YAMBDA_TEST}",
    )
    before = _histories(u, i, late, wanted=False)
    return Data(before, _histories(u, i, late, wanted=True))


def _rows(
    file: Path, listener: str, item: str, where: str, columns: Sequence[str], later: str = "false"
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Numbers of listener and item, from 0 in the order of their ids, and whether it is later, of every row.

    Raises:
        FormatError: the file can't be read, or has other columns.
    """
    import duckdb

    name = str(file).replace("'", "''")
    if file.suffix == ".parquet":
        table = f"read_parquet('{name}')"
    else:
        header = "false, delim = '\\t'" if columns[0] == "column0" else "true"
        table = f"read_csv('{name}', header = {header})"
    query = f"""
        WITH kept AS (SELECT {listener} AS u, {item} AS i, {later} AS later FROM {table} WHERE {where}),
        us AS (SELECT u, row_number() OVER (ORDER BY u) - 1 AS n FROM (SELECT DISTINCT u FROM kept)),
        items AS (SELECT i, row_number() OVER (ORDER BY i) - 1 AS n FROM (SELECT DISTINCT i FROM kept))
        SELECT us.n AS u, items.n AS i, later FROM kept JOIN us USING (u) JOIN items USING (i)
    """
    try:
        with duckdb.connect() as connection:
            found = connection.sql(query).fetchnumpy()
    except duckdb.Error as error:
        raise FormatError(
            f"{file} can't be read as this data set",
            expected=f"columns {', '.join(columns)}",
            got=str(error).splitlines()[0][:200],
        ) from None
    return found["u"], found["i"], found["later"].astype(bool)


def _histories(
    u: NDArray[np.int64], i: NDArray[np.int64], later: NDArray[np.bool_], *, wanted: bool = False
) -> Histories:
    """The rows of one side of the split, each pair once, with weight 1."""
    n, m = int(u.max(initial=-1)) + 1, int(i.max(initial=-1)) + 1
    pairs = np.unique(u[later == wanted].astype(np.int64) * max(m, 1) + i[later == wanted])
    owners, items = np.divmod(pairs, max(m, 1))
    offsets = np.concatenate([[0], np.cumsum(np.bincount(owners, minlength=n))])
    return Histories(offsets.astype(np.int64), items.astype(np.int32), np.ones(len(pairs), np.float32), m)


_LIANG = {
    "listeners_per_item": 1,
    "items_per_listener": 5,
    "order": "random",
    "accuracy": ("recall@20", "recall@50", "ndcg@100"),
}
PUBLISHED = {
    "ml-20m": Published(
        Protocol.model_validate(
            _LIANG
            | {
                "name": "MovieLens 20M (Liang et al. 2018)",
                "description": "Films rated 4 and up; 10,000 people held out, 80% of their "
                "films given, the rest to be found.",
            }
        ),
        "ratings.csv",
        _movielens,
        10_000,
    ),
    "msd": Published(
        Protocol.model_validate(
            _LIANG
            | {
                "name": "Million Song taste profile (Liang et al. 2018)",
                "description": "Songs of 200+ listeners, listeners of 20+ songs; 50,000 listeners held out, "
                "80% of their songs given, the rest to be found.",
            }
        ),
        "train_triplets.txt",
        _taste_profile,
        50_000,
        {
            (
                "iALS, 8,192 factors, four epochs",
                "Rendle et al. 2022",
            ): (0.305, 0.412, 0.363)
        },
    ),
    "yambda": Published(
        Protocol(
            name="Yambda, global split in time",
            description="Listens of half a track and more; the last day is to be found from all "
            "that came half an hour and more before it, tracks heard before among it.",
            listeners_per_item=1,
            items_per_listener=2,
            order="random",
            accuracy=("ndcg@10", "ndcg@100", "recall@10", "recall@100"),
            new_only=False,
        ),
        "listens.parquet",
        _yambda,
    ),
}
