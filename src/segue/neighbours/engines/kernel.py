"""The compiled part of exact search. Numba compiles it at first use and keeps the result on disk."""

from __future__ import annotations

import numpy as np

from segue.compiling import compiled

# Scores looked at together: most hold nothing better than what is there, and are passed by at once.
CHUNK = 32


# A score may be minus infinity but never NaN, so that maxima are taken in vectors.
@compiled(nogil=True, fastmath={"nnan", "nsz"}, error_model="numpy")
def keep_best(scores: np.ndarray, offset: np.ndarray, first: int, rows: np.ndarray, best: np.ndarray) -> None:
    """Merge scores (q, w) of rows `first` .. first + w - 1, plus offset (w,), into each query's best so far.

    `best` (q, k) is sorted, largest first, -inf where nothing is yet; `rows` (q, k) goes with it. Of equal
    scores the lower row comes first. A score of -inf is never kept.
    """
    width = scores.shape[1]
    depth = best.shape[1]
    for u in range(scores.shape[0]):
        mine, far = best[u], rows[u]
        row = scores[u]
        for start in range(0, width, CHUNK):
            end = min(start + CHUNK, width)
            top = np.float32(-np.inf)
            for i in range(start, end):
                top = max(top, row[i] + offset[i])
            if top <= mine[depth - 1]:
                continue
            for i in range(start, end):
                score = row[i] + offset[i]
                if score > mine[depth - 1]:
                    at = depth - 1
                    while at > 0 and mine[at - 1] < score:
                        mine[at], far[at] = mine[at - 1], far[at - 1]
                        at -= 1
                    mine[at], far[at] = score, first + i
