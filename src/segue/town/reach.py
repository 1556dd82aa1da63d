"""What a taste comes across: nearby artists and their songs, the popular ones sooner."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segue.draws import Draws
from segue.town import response
from segue.town.catalogue import Artists, Ints, Songs
from segue.town.config import TownConfig
from segue.town.listeners import NONE, Listeners

# So that listeners find as much that is near them in a large catalogue as in a small one, a taste comes
# across a fixed share of the artists it has heard of, and has heard of so many at most, popular ones sooner.
HEARD_OF = 704
WIDTH = HEARD_OF // 11  # artists that a taste comes across, at most
SKEW = 2.5  # place in the list = width x uniform^SKEW: the likeliest are met most
NEAR = HEARD_OF // 22  # artists that radio takes for neighbours, at most


@dataclass(frozen=True)
class Catalogue:
    """Artists and songs with what is looked up again and again."""

    artists: Artists
    songs: Songs
    neighbours: Ints  # (n_artists, NEAR) nearest first, popular ones sooner
    day: Ints  # (n_tracks,) released, in days since the town's start; negative for most
    album_first: Ints  # (n_albums + 1,) where an album begins in album_tracks
    album_tracks: Ints  # songs in album order
    ids: NDArray[np.object_]  # (n_tracks,) public ids
    hits: float  # place among an artist's songs = songs x uniform^hits: hits are met most
    tracks: response.Track  # songs as the law sees them, leading shape (n_tracks,)

    def song_of(self, artist: Ints, chance: NDArray[np.float64], now: NDArray[np.float64]) -> Ints:
        """A song by each artist, by popularity; its most popular one if the song is not out yet."""
        first = self.artists.first[artist]
        place = ((self.artists.first[artist + 1] - first) * chance**self.hits).astype(np.int32)
        song = first + place
        return np.where(self.day[song] > now, first, song).astype(np.int32)

    def near(self, song: Ints, chance: NDArray[np.float64], other: NDArray[np.float64], now: NDArray) -> Ints:
        """A song like `song`, as a radio would play: of a neighbouring artist or, seldom, of its own."""
        artist = self.neighbours[self.songs.artist[song], (NEAR * chance**1.3).astype(np.int64)]
        return self.song_of(artist, other, now)


def make_catalogue(config: TownConfig, artists: Artists, songs: Songs, ids: NDArray[np.object_]) -> Catalogue:
    """The catalogue with its neighbourhoods and albums looked up."""
    count = len(artists.genre)
    wide = max(NEAR * count // HEARD_OF, share_of(count, NEAR))
    neighbours = np.empty((count, NEAR), dtype=np.int32)
    weight = 0.15 * np.log(artists.popularity)
    for start in range(0, count, 1024):
        score = 3.0 * artists.vector[start : start + 1024] @ artists.vector.T + weight
        best = np.argpartition(-score, wide - 1, axis=1)[:, :wide]
        ordered = np.take_along_axis(best, np.argsort(-np.take_along_axis(score, best, 1), 1), 1)
        neighbours[start : start + 1024] = ordered[:, np.arange(NEAR) * wide // NEAR]
    on_album = np.flatnonzero(songs.album >= 0)
    order = on_album[np.lexsort((songs.place[on_album], songs.album[on_album]))]
    albums = int(songs.album.max()) + 1
    first = np.searchsorted(songs.album[order], np.arange(albums + 1))
    start_day = int(np.datetime64(config.start, "D").astype(int))
    return Catalogue(
        artists=artists,
        songs=songs,
        neighbours=neighbours,
        day=(songs.released - start_day).astype(np.int32),
        album_first=first.astype(np.int32),
        album_tracks=order.astype(np.int32),
        ids=ids,
        hits=1 / (1 - config.track_exponent),
        tracks=response.Track(
            vector=songs.vector,
            energy=songs.energy,
            loud=songs.loud,
            quality=songs.quality,
            artist=songs.artist,
            genre=songs.genre,
            minutes=songs.minutes,
            index=np.arange(len(songs.artist), dtype=np.uint32),
        ),
    )


def share_of(artists: int, most: int) -> int:
    """`most` of HEARD_OF artists or more; of fewer a smaller share: those near a taste are fewer still."""
    return max(8, round(most * min(1.0, artists / HEARD_OF) ** 1.3))


def shortlists(config: TownConfig, seed: int, catalogue: Catalogue, listeners: Listeners) -> Ints:
    """Artists that each taste comes across (n, knots, K, width), likeliest first."""
    n, times, most, _ = listeners.tastes.shape
    artists = catalogue.artists
    width = share_of(len(artists.genre), WIDTH)
    result = np.zeros((n, times, most, width), dtype=np.int32)
    who, which = np.nonzero(listeners.log_weights[:, 0] > NONE)
    draws = Draws(seed, "reach")
    prior = config.reach * np.log(artists.popularity)
    step = max(1, 8_000_000 // len(artists.genre))
    for start in range(0, len(who), step):
        rows, places = who[start : start + step], which[start : start + step]
        # The Gumbel noise of an artist stays for the whole of a taste: as tastes drift, who was met before is
        # mostly met again.
        noise = prior + draws.gumbel(
            listeners.number[rows][:, None], places[:, None], np.arange(len(prior))[None]
        )
        if len(prior) > HEARD_OF:
            unknown = np.argpartition(-noise, HEARD_OF, axis=1)[:, HEARD_OF:]
            np.put_along_axis(noise, unknown, -np.inf, 1)
        for time in range(times):
            score = config.narrowness * (listeners.tastes[rows, time, places] @ artists.vector.T) + noise
            best = np.argpartition(-score, width - 1, axis=1)[:, :width]
            best = np.take_along_axis(best, np.argsort(-np.take_along_axis(score, best, 1), axis=1), 1)
            result[rows, time, places] = best
    return result
