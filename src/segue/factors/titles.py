"""Titles: what playlists called alike hold, as tracks that a model of who likes what can be asked by.

A playlist's title tells what it is to hold before it holds anything: "rainy sunday", "kesha". `Titles` finds
the playlists called most alike and turns what they hold into a row of imagined tracks, so that every part of
the blend is asked by title and tracks together, as it is asked by tracks alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveFloat, PositiveInt
from scipy.sparse import csr_matrix, diags_array, vstack

from segue.factors.decades import decades
from segue.factors.ngrams import NGrams
from segue.factors.scored import batches, binary, pack, positive, unpack
from segue.files import reading
from segue.library.names import letters
from segue.shelf.arrays import AGAIN, load_arrays, pack_strings, save_arrays, unpack_strings

if TYPE_CHECKING:
    from segue.factors.observations import Observations
    from segue.library.listening import Tables

KIND = "titles of playlists"
FAINT = 0.25  # cosine below which a title has a few letters in common with another, and no more
ALIKE = 0.5  # cosine of two titles from which one is told to be called like the other


class TitlesConfig(BaseModel):
    """Settings of `Titles`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    power: PositiveFloat = Field(3.0, description="Likeness of titles is raised to this: near ones say more.")
    prior: NonNegativeFloat = Field(
        2.0, description="What is held by all playlists counts like so many of the same title."
    )
    artists: NonNegativeFloat = Field(
        30.0, description="An artist's name counts like the title of so many playlists of their songs."
    )
    artists_power: PositiveFloat = Field(10.0, description="Likeness of title and artist, raised to this.")
    decade: PositiveFloat = Field(
        100.0, description="Playlists of a track below which little is known of its decade."
    )
    tracks: PositiveInt = Field(200, description="Tracks that a title is taken for.")
    weight: NonNegativeFloat = Field(
        0.25, description="Weight of the title in a question; one track, the last, has 1."
    )
    most: PositiveInt = Field(
        100_000, description="Playlists whose titles are kept at most, drawn at random."
    )
    fewest: PositiveInt = Field(5, description="Titled playlists below which nothing is learned of titles.")


@dataclass(frozen=True, eq=False)
class Titled:
    """Playlists that are asked for by their titles, too.

    Attributes:
        texts: (n,) titles; None for a row without.
        own: (n,) place of each playlist among the rows that were learned from, -1 for none.
        asked: (n, n_tracks) what is known of each, and what its title stands for.
    """

    texts: tuple[str | None, ...]
    own: tuple[int, ...]
    asked: csr_matrix


class Titles:
    """What playlists of like titles hold.

    With s the cosine of two titles' n-grams (`NGrams`), n the number of playlists and a artists, the share of
    track i in playlists called t is

        share(t, i) = (Σ_v s_tv^`power` x_vi + `artists` Σ_a s_ta^`artists_power` y_ai + `prior` p_i)
                      / (Σ_v s_tv^`power` + `artists` Σ_a s_ta^`artists_power` + `prior`)

    where x_vi is 1 if playlist v holds i, p_i the mean of x_vi over all playlists, and y_ai, for an artist's
    own tracks, √(p_i / the largest p of theirs). Where t names a decade d, of which titles without one say
    nothing, a share is multiplied by how much rarer than usual the track is in playlists that name it,

        min(1, (n_di + `decade` q_d) / (n_i q_d + `decade` q_d))

    with n_di playlists of d that hold i, n_i all titled ones that do, and q_d the part of d among them. The
    largest `tracks` shares, brought to the sum 1, are what
    the title is taken for.

    Learned:
        n_tracks_: of the model.
        places_: (n,) places of the titled playlists among the rows learned from, rising.
        holds_: (n, n_tracks) 1 where a playlist holds a track.
        called_: (n, g) vectors of the titles. names_: (n_artists, h) of the artists.
        decades_: (n,) the decades that the titles name, as bits (`decades.py`).
        shown_: (n,) the titles that anybody may be shown, None for others.
        artists_: (n_artists,) their names as they are compared.
        by_: (n_artists, n_tracks) y.
        popularity_: (n_tracks,) p.
    """

    _learned = ("places_", "holds_", "called_", "decades_", "names_", "by_", "popularity_")
    n_tracks_: int
    places_: NDArray[np.int64]
    holds_: csr_matrix
    called_: csr_matrix
    decades_: NDArray[np.int64]
    shown_: NDArray[np.object_]
    names_: csr_matrix
    artists_: NDArray[np.object_]
    by_: csr_matrix
    popularity_: NDArray[np.float32]

    def __init__(self, config: TitlesConfig | None = None) -> None:
        self.config = config or TitlesConfig()
        self._title_grams: NGrams
        self._artist_grams: NGrams

    def fit(
        self,
        titles: Sequence[str | None],
        user_items: csr_matrix,
        artists: Sequence[str | None],
        private: NDArray[np.bool_] | None = None,
    ) -> Titles:
        """Learn from playlists; returns self.

        Args:
            titles: of each row; None for one that has none, which teaches popularity alone.
            user_items: (n_rows, n_tracks) what each holds; entries that are not positive do not count.
            artists: (n_tracks,) each track's first artist.
            private: (n_rows,) whose titles nobody else is to be shown; None for no row.
        """
        held = binary(positive(user_items))
        self.n_tracks_ = held.shape[1]
        titled = np.flatnonzero([bool(title and title.strip()) for title in titles])
        # A playlist of which the model knows no track can say nothing of what playlists called like it hold.
        titled = titled[np.diff(held.indptr)[titled] > 0]
        if len(titled) > self.config.most:
            titled = np.sort(np.random.default_rng(0).choice(titled, self.config.most, replace=False))
        self.places_, self.holds_ = titled, csr_matrix(held[titled])
        texts = [str(titles[place]) for place in titled.tolist()]
        self._title_grams = NGrams().fit(texts)
        self.called_ = self._title_grams.vectors(texts)
        self.decades_ = np.array([decades(text) for text in texts], np.int64)
        hidden = np.zeros(len(titles), bool) if private is None else private
        shown = [None if hidden[at] else text for at, text in zip(titled.tolist(), texts, strict=True)]
        self.shown_ = np.array(shown, object)
        self.popularity_ = (np.asarray(held.sum(axis=0)).ravel() / max(held.shape[0], 1)).astype(np.float32)
        names = sorted({artist for artist in artists if artist})
        self._artist_grams = NGrams().fit(names)
        self.names_ = self._artist_grams.vectors(names)
        self.artists_ = np.array([letters(name) for name in names], object)
        self.by_ = _by(artists, names, self.popularity_)
        return self

    def __len__(self) -> int:
        return len(self.places_)

    @property
    def enough(self) -> bool:
        """Whether there are titles enough to tell anything."""
        return len(self) >= self.config.fewest

    def imagined(self, titles: Sequence[str], own: Sequence[int] | None = None) -> csr_matrix:
        """The tracks that titles are taken for: (n, n_tracks), each row of sum 1.

        Args:
            titles: as people wrote them. One of which nothing is known is a row without entries.
            own: (n,) the place among the rows learned from of the very playlist that is asked for, which
                says nothing of what it lacks; -1 for one that is not there.
        """
        parts = [csr_matrix((0, self.n_tracks_), dtype=np.float32)]
        for some in batches(len(titles), self.n_tracks_):
            shares = self._shares(titles[some], None if own is None else own[some])
            parts.append(_largest(shares, min(self.config.tracks, self.n_tracks_)))
        return csr_matrix(vstack(parts))

    def asked(self, rows: csr_matrix, imagined: csr_matrix) -> csr_matrix:
        """Rows (n, n_tracks) to ask the blend by: what is known, and what titles are taken for.

        A title has `weight` times the largest weight of its row, or `weight` where it is alone.
        """
        largest = np.asarray(rows.max(axis=1).todense()).ravel() if rows.shape[1] else np.zeros(rows.shape[0])
        scale = self.config.weight * np.where(largest > 0, largest, 1.0)
        both = csr_matrix(rows + diags_array(scale.astype(np.float32)) @ imagined)
        both.sort_indices()
        return both.astype(np.float32)

    def known(self, title: str) -> bool:
        """Whether anything is known of a title: letters of it stand in others, or in an artist's name."""
        return bool(self._alike([title], None).nnz or self._named([title]).nnz)

    def holding(self, title: str, own: int = -1) -> tuple[csr_matrix, list[str | None]]:
        """Which tracks the playlists that are called like this hold, (n, n_tracks), the most alike first.

        With each its title; None for one that nobody is to be shown.
        """
        likeness = np.asarray(self._alike([title], [own]).todense()).ravel()
        alike = np.flatnonzero(likeness >= ALIKE)
        alike = alike[np.argsort(-likeness[alike], kind="stable")]
        return csr_matrix(self.holds_[alike]), self.shown_[alike].tolist()

    def named(self, title: str) -> NDArray[np.bool_]:
        """(n_tracks,) whether the name of each track's first artist stands in a title, word for word."""
        words = f" {letters(title)} "
        whose = [at for at, name in enumerate(self.artists_.tolist()) if f" {name} " in words]
        found = np.zeros(self.n_tracks_, bool)
        found[self.by_[whose].indices] = True
        return found

    def forget(self, place: int) -> None:
        """Drop the playlist that was learned from at `place`; those after take one place less."""
        stay = self.places_ != place
        self.places_ = self.places_[stay] - (self.places_[stay] > place)
        self.holds_, self.called_ = csr_matrix(self.holds_[stay]), csr_matrix(self.called_[stay])
        self.decades_, self.shown_ = self.decades_[stay], self.shown_[stay]

    def save(self, path: Path) -> None:
        """Write config and arrays to one .npz."""
        arrays = pack({name: getattr(self, name) for name in self._learned})
        for name, grams in (("title", self._title_grams), ("artist", self._artist_grams)):
            arrays |= {f"{name} {key}": array for key, array in grams.state().items()}
        arrays["artists"], arrays["shown"] = pack_strings(self.artists_), pack_strings(self.shown_)
        facts = {"config": self.config.model_dump(mode="json"), "tracks": self.n_tracks_}
        save_arrays(path, KIND, facts, arrays)

    @classmethod
    def load(cls, path: Path) -> Titles:
        """Read what `save` wrote.

        Raises:
            NotFoundError, FormatError: the file is not there, or is something else.
        """
        facts, arrays = load_arrays(path, KIND)
        with reading(path, KIND, AGAIN):
            titles = cls(TitlesConfig.model_validate(facts["config"]))
            titles.n_tracks_ = int(facts["tracks"])
            arrays = _of_earlier_versions(arrays) | arrays
            for name, value in unpack(arrays, cls._learned).items():
                setattr(titles, name, value)
            titles.artists_ = unpack_strings(arrays["artists"])
            titles.shown_ = unpack_strings(arrays["shown"])
            titles._title_grams, titles._artist_grams = (
                NGrams.of({key: arrays[f"{name} {key}"] for key in NGrams._learned})
                for name in ("title", "artist")
            )
            return titles

    def _shares(self, titles: Sequence[str], own: Sequence[int] | None) -> NDArray[np.float32]:
        """(n, n_tracks), 0 for a title of which nothing is known."""
        c = self.config
        near = self._alike(titles, own).power(c.power)
        artists = self._named(titles).power(c.artists_power) * c.artists
        shares = np.asarray((near @ self.holds_ + artists @ self.by_).todense(), np.float32)
        total = np.asarray(near.sum(axis=1) + artists.sum(axis=1)).ravel()
        shares += c.prior * self.popularity_
        shares /= (total + c.prior)[:, None]
        for row, title in enumerate(titles):
            if total[row] > 0 and (named := decades(title)):
                shares[row] *= self._of_decades(named, -1 if own is None else own[row])
        shares[total <= 0] = 0
        return shares

    def _of_decades(self, named: int, own: int) -> NDArray[np.float32]:
        """(n_tracks,) 1, or how much rarer than usual each is in playlists that name one of these decades."""
        others = self.places_ != own
        of_it = (self.decades_ & named > 0) & others
        share = float(of_it.sum()) / max(float(others.sum()), 1.0)
        if not share:
            return np.ones(self.n_tracks_, np.float32)
        n, held = (
            np.asarray(self.holds_[which].sum(axis=0), np.float32).ravel() for which in (of_it, others)
        )
        prior = self.config.decade * share
        return np.minimum((n + prior) / (held * share + prior), 1)

    def _named(self, titles: Sequence[str]) -> csr_matrix:
        """(n, n_artists) cosines of titles and artists' names."""
        alike = csr_matrix(self._artist_grams.vectors(titles) @ self.names_.T)
        _nothing_faint(alike)
        return alike

    def _alike(self, titles: Sequence[str], own: Sequence[int] | None) -> csr_matrix:
        """(n, n_playlists) cosines of titles, without the playlists' own."""
        alike = csr_matrix(self._title_grams.vectors(titles) @ self.called_.T)
        _nothing_faint(alike)
        if own is not None:
            of_row = np.repeat(np.asarray(own, np.int64), np.diff(alike.indptr))
            alike.data[self.places_[alike.indices] == of_row] = 0
            alike.eliminate_zeros()
        return alike


def _nothing_faint(alike: csr_matrix) -> None:
    """Empty the rows of (n, m) likenesses of which none is more than a few letters in common."""
    rows = np.repeat(np.arange(alike.shape[0]), np.diff(alike.indptr))
    most = np.zeros(alike.shape[0], alike.dtype)
    np.maximum.at(most, rows, alike.data)
    alike.data[most[rows] < FAINT] = 0
    alike.eliminate_zeros()


def _by(artists: Sequence[str | None], names: Sequence[str], popularity: NDArray[np.float32]) -> csr_matrix:
    """(n_artists, n_tracks) the square root of each track's popularity beside its artist's largest."""
    number = {name: at for at, name in enumerate(names)}
    tracks = np.flatnonzero([bool(artist) for artist in artists])
    whose = np.array([number[str(artists[track])] for track in tracks.tolist()], np.int64)
    most = np.zeros(len(names), np.float32)
    np.maximum.at(most, whose, popularity[tracks])
    values = np.sqrt(popularity[tracks] / np.maximum(most[whose], 1e-12)).astype(np.float32)
    found = csr_matrix((values, (whose, tracks)), shape=(len(names), len(artists)))
    found.eliminate_zeros()
    return found


def _largest(shares: NDArray[np.float32], k: int) -> csr_matrix:
    """The k largest of each row, brought to the sum 1."""
    n, m = shares.shape
    best = (
        np.sort(np.argpartition(-shares, k - 1, axis=1)[:, :k], axis=1) if k else np.empty((n, 0), np.int64)
    )
    values = np.take_along_axis(shares, best, axis=1)
    values /= np.maximum(values.sum(axis=1, keepdims=True), 1e-30)
    found = csr_matrix((values.ravel(), best.ravel(), np.arange(n + 1) * k), shape=(n, m))
    found.eliminate_zeros()
    return found


def learn_titles(library: Tables, observations: Observations, config: TitlesConfig) -> Titles | None:
    """Titles of the playlists among the rows of `observations`; None where there are too few."""
    known = playlist_titles(library)
    titles = [known.get(str(row)) for row in observations.listeners.tolist()]
    if sum(title is not None for title in titles) < config.fewest:
        return None
    tracks = library.table("tracks")
    rows = library.arrow(tracks.select("track_id", artist=tracks.artists[0]))
    first = dict(zip(rows["track_id"].to_pylist(), rows["artist"].to_pylist(), strict=True))
    artists = [first.get(track) for track in observations.tracks.tolist()]
    # Who has brought a playlist of their own does not show its title to the others of a household.
    lists = library.table("playlists")
    owned = library.arrow(lists.filter(lists.owner.notnull()).select("playlist_id"))["playlist_id"]
    private = np.isin(observations.listeners.astype(str), np.array(owned.to_pylist(), str))
    learned = Titles(config).fit(titles, observations.matrix, artists, private)
    return learned if learned.enough else None


def playlist_titles(library: Tables, playlists: Sequence[str] | None = None) -> dict[str, str]:
    """The titles of a library's playlists by id, or of some; those without one are left out."""
    table = library.table("playlists")
    told = table.filter(table.title.notnull()).select("playlist_id", "title")
    if playlists is not None and len(playlists) <= 100:
        told = told.filter(told.playlist_id.isin(list(playlists)))
    rows = library.arrow(told)
    return dict(zip(rows["playlist_id"].to_pylist(), rows["title"].to_pylist(), strict=True))


def _of_earlier_versions(arrays: dict[str, NDArray]) -> dict[str, NDArray]:
    """What files of earlier versions lack: no title names a decade, and none is to be shown."""
    count = len(arrays["places_"])
    return {"decades_": np.zeros(count, np.int64), "shown": pack_strings([None] * count)}
