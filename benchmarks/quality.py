"""Protocols A and B on real data: Segue's recommenders beside the `implicit` package, seeds and spread.

    SEGUE_DATA=folder python benchmarks/quality.py

`folder` holds hetrec2011-lastfm-2k.zip and mpd-subset.zip. `implicit` runs with the settings that were best
for it on validation listeners (binary values; factors 256, regularization 18.6, 8 iterations; alpha 5.7 for
listeners, 22.8 for playlists). Results are by listener, paired; an interval that holds 0 is a tie.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import implicit.als
from scipy.sparse import csr_matrix

from segue.evaluation.libraries import own_systems, read_listens, read_playlists
from segue.evaluation.protocols import LISTENERS, PLAYLISTS, evaluate
from segue.library import Library
from segue.library.importing import import_path

SEEDS = range(5)


class Implicit:
    """`implicit`'s ALS on binary values."""

    def __init__(self, alpha: float, seed: int) -> None:
        self.model = implicit.als.AlternatingLeastSquares(
            factors=256, regularization=18.6, alpha=alpha, iterations=8, random_state=seed
        )

    def fit(self, user_items: csr_matrix) -> Implicit:
        self.model.fit(_binary(user_items), show_progress=False)
        return self

    def recommend(self, userid: Any, user_items: csr_matrix, **options: Any) -> Any:
        return self.model.recommend(userid, _binary(user_items), **options)


def _binary(user_items: csr_matrix) -> csr_matrix:
    ones = user_items.copy()
    ones.data[:] = 1
    return ones


def main() -> None:
    data = os.environ.get("SEGUE_DATA")
    if not data:
        sys.exit("SEGUE_DATA is not set: it names the folder with the two archives")
    with tempfile.TemporaryDirectory() as folder:
        for archive, read, protocol, alpha in (
            ("hetrec2011-lastfm-2k.zip", read_listens, LISTENERS, 5.7),
            ("mpd-subset.zip", read_playlists, PLAYLISTS, 22.8),
        ):
            library = Library.open(Path(folder) / protocol.order, create=True)
            import_path(library, Path(data) / archive)
            systems = {
                **own_systems(protocol),
                "implicit ALS": lambda seed, alpha=alpha: Implicit(alpha, seed),
            }
            print(evaluate(read(library), protocol, systems, SEEDS).markdown(), flush=True)


if __name__ == "__main__":
    main()
