"""How much the cosine of songs that few have is doubted in `segue similar`, on the Million Playlist subset.

    SEGUE_DATA=folder python benchmarks/similar.py [--doubts 0 1 2 3 5 8] [--others 10] [--songs 250]

Factors learn from one half of the playlists. For songs that many, some or one or two of these have, the ten
nearest are judged by the other half: how often their artists share playlists with the song's artist there
(cosine), how many do so more than twice as often as chance would have it, and how often a score comes three
times among the ten. Songs of the same artist are left out of both. `--others` is how much the artist's other
songs count where a song's neighbours are looked for: 0 is the song alone.
The figures are in docs/measurements/factors.md.
"""

from __future__ import annotations

import argparse
import itertools

import numpy as np
from scipy.sparse import csc_matrix, csr_matrix

import data
from segue.engine import similar
from segue.factors.als import ImplicitALS
from segue.factors.config import MEASURED
from segue.progress import progress
from segue.terminal import show

NEAREST = 10


def run(args: argparse.Namespace) -> None:
    """Print a line for each doubt and each group of songs."""
    histories, artist_of = data.playlists()
    rng = np.random.default_rng(args.seed)
    order, middle = rng.permutation(histories.n_listeners), histories.n_listeners // 2
    matrix = histories.matrix()
    taught = matrix[np.sort(order[:middle])]
    support = np.bincount(taught.indices, minlength=taught.shape[1]).astype(np.float32)
    known = np.flatnonzero(support)
    names = sorted(set(artist_of.values()))
    number = {name: at for at, name in enumerate(names)}
    artists = np.array([number[artist_of[track]] for track in histories.item_ids or ()])
    credits = csr_matrix((np.ones(len(artists)), (np.arange(len(artists)), artists)))
    judges = csc_matrix(matrix[np.sort(order[middle:])] @ credits > 0, dtype=np.float32)
    factors = ImplicitALS.of(MEASURED["playlists"]).fit(taught[:, known]).item_factors
    assert factors is not None
    support, artists = support[known], artists[known]
    groups = {
        "1,500 best known": np.argsort(-support, kind="stable")[:1500],
        "5 to 14 playlists": np.flatnonzero((support >= 5) & (support < 15)),
        "1 or 2 playlists": np.flatnonzero(support <= 2),
    }
    groups = {name: rng.permutation(songs)[: args.songs] for name, songs in groups.items()}
    print("| doubt | others | songs in | cosine of artists | more than by chance | a score three times |")
    for doubt, others in itertools.product(args.doubts, args.others):
        similar.DOUBT, similar.OTHERS = doubt, others
        for name, songs in groups.items():
            with progress(f"Doubt {doubt:g}", len(songs)) as advance:
                found = [_judged(factors, support, artists, judges, song, advance) for song in songs.tolist()]
            cosine, lift, tied = np.nanmean(np.array(found), axis=0)
            print(f"| {doubt:g} | {others:g} | {name} | {cosine:.3f} | {lift:.1%} | {tied:.1%} |", flush=True)


def _judged(factors, support, artists, judges, song, advance) -> tuple[float, float, float]:
    asked = similar.beside_its_artist(factors, song, artists, support)
    scores = similar.closeness(factors, asked, similar.weights(factors, support))
    near = similar.ranked(scores, support)
    near = near[near != song][:NEAREST]
    advance(1)
    tied = float(np.unique(scores[near], return_counts=True)[1].max() >= 3)
    others = artists[near][artists[near] != artists[song]]
    own = np.asarray(judges[:, [artists[song]]].todense()).ravel()
    if own.sum() < 3 or not len(others):
        return np.nan, np.nan, tied
    have = np.asarray(judges[:, others].sum(axis=0)).ravel()
    both = judges[:, others].T @ own
    cosine = both / np.sqrt(np.maximum(have, 1) * own.sum())
    chance = have * own.sum() / judges.shape[0]
    return float(cosine.mean()), float((both > np.maximum(2 * chance, 1.5)).mean()), tied


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--doubts", nargs="+", type=float, default=[0, 1, 2, 3, 5, 8])
    parser.add_argument("--others", nargs="+", type=float, default=[similar.OTHERS])
    parser.add_argument("--songs", type=int, default=250)
    parser.add_argument("--seed", type=int, default=0)
    show()
    run(parser.parse_args())
