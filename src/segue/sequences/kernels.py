"""The inner loop of neighbours of sequences, compiled by Numba."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segue.compiling import compiled

MATHS = {"reassoc", "contract", "arcp", "nsz"}  # sums may be reordered; NaN and infinity stay what they are


@compiled(nogil=True)
def score_by_neighbours(
    codes: NDArray[np.int32],
    lengths: NDArray[np.int64],
    offsets: NDArray[np.int64],
    songs: NDArray[np.int32],
    posting_offsets: NDArray[np.int64],
    posting_document: NDArray[np.int32],
    posting_place: NDArray[np.int32],
    rarity: NDArray[np.float64],
    length_weight: NDArray[np.float64],
    recency: NDArray[np.float64],
    distance: NDArray[np.float64],
    backwards: float,
    neighbours: int,
    exponent: float,
    anchors: int,
    out: NDArray[np.float32],
) -> None:
    """Scores of all songs after each prefix `codes[:length]`; the formulas are in `SequenceNeighbours`.

    Args:
        codes: (n_places,) the sequence.
        lengths: (n_prefixes,).
        offsets, songs: the training documents in compressed rows.
        posting_offsets, posting_document, posting_place: for each song, where it stands in them.
        rarity: (n_songs,) weight of a shared song.
        length_weight: (n_documents,).
        recency: (n_read,) weight of the prefix's last song, the one before, ...
        distance: (n_distances,) weight of a place so far from a shared song, the last for all beyond.
        backwards: factor on places before a shared song.
        neighbours: documents that count.
        exponent: power of the similarity.
        anchors: shared songs from which places are measured, the most recent.
        out: (n_prefixes, n_songs), zeros; is added to.
    """
    n_documents = len(offsets) - 1
    similarity = np.zeros(n_documents)
    touched = np.zeros(n_documents, np.int32)
    n_anchors = np.zeros(n_documents, np.int32)
    anchor_place = np.zeros((n_documents, anchors), np.int32)
    anchor_weight = np.zeros((n_documents, anchors))
    furthest = len(distance) - 1
    for row in range(len(lengths)):
        length = lengths[row]
        n_touched = 0
        for age in range(min(length, len(recency))):
            song = codes[length - 1 - age]
            weight = recency[age] * rarity[song]
            if weight <= 0.0:
                continue
            for at in range(posting_offsets[song], posting_offsets[song + 1]):
                document = posting_document[at]
                if n_anchors[document] == 0:
                    touched[n_touched] = document
                    n_touched += 1
                similarity[document] += weight
                if n_anchors[document] < anchors:
                    anchor_place[document, n_anchors[document]] = posting_place[at]
                    anchor_weight[document, n_anchors[document]] = weight
                    n_anchors[document] += 1
        for number in range(n_touched):
            similarity[touched[number]] *= length_weight[touched[number]]
        least = 0.0
        if n_touched > neighbours:
            least = np.partition(similarity[touched[:n_touched]], n_touched - neighbours)[
                n_touched - neighbours
            ]
        for number in range(n_touched):
            document = touched[number]
            if similarity[document] >= least:
                start, end = offsets[document], offsets[document + 1]
                total = 0.0
                for anchor in range(n_anchors[document]):
                    total += anchor_weight[document, anchor]
                # A document has one voice however many of its songs are shared: its anchors divide it among
                # them.
                voice = similarity[document] ** exponent / total
                for anchor in range(n_anchors[document]):
                    share = voice * anchor_weight[document, anchor]
                    place = start + anchor_place[document, anchor]
                    for at in range(start, place):
                        out[row, songs[at]] += share * backwards * distance[min(place - at, furthest)]
                    for at in range(place + 1, end):
                        out[row, songs[at]] += share * distance[min(at - place, furthest)]
            # Only what was touched is set back: there may be far more documents than any prefix has
            # neighbours.
            similarity[document] = 0.0
            n_anchors[document] = 0


@compiled(nogil=True, fastmath=MATHS)
def add_log_shares(
    votes: NDArray[np.float32],
    smooth: NDArray[np.float64],
    without: NDArray[np.float32],
    smoothing: float,
    weight: float,
    to: NDArray[np.float32],
) -> None:
    """Add to `to` (n,) what `votes` (n,) change of log-probabilities, times `weight`.

    p = (1 - smoothing) votes / Σ votes + `smooth`; `without` are the logarithms where there are no votes,
    which is nearly everywhere. Negative votes do not count.
    """
    total = 0.0
    for i in range(len(votes)):
        total += max(votes[i], np.float32(0))
    for i in range(len(votes)):
        if votes[i] > 0:
            share = (1 - smoothing) * (votes[i] / total) + smooth[i]
            to[i] += np.float32(weight) * (np.float32(np.log(share)) - without[i])


@compiled(nogil=True, fastmath=MATHS)
def add_standard(scores: NDArray[np.float32], near: NDArray[np.float32], weight: float) -> None:
    """Add `weight` σ(scores) z to `scores` (n,), with z `near` (n,) brought to mean 0 and deviation 1."""
    n = len(scores)
    mean, middle = 0.0, 0.0
    for i in range(n):
        mean += near[i]
        middle += scores[i]
    mean, middle = mean / max(n, 1), middle / max(n, 1)
    spread, wide = 0.0, 0.0
    for i in range(n):
        spread += (near[i] - mean) ** 2
        wide += (scores[i] - middle) ** 2
    if spread > 0:
        factor, middle_near = np.float32(weight * np.sqrt(wide / spread)), np.float32(mean)
        for i in range(n):
            scores[i] += factor * (near[i] - middle_near)
