"""`FactorModel`: implicit matrix factorisation that speaks the library's own ids and gives reasons."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import orjson
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, field_validator
from scipy.sparse import csr_matrix

from segue.errors import FormatError, NotFoundError, UsageError
from segue.factors.als import ImplicitALS
from segue.factors.blend import PLAYLISTS, Blend, BlendConfig, MixConfig
from segue.factors.config import MEASURED, ALSConfig
from segue.factors.observations import ObservationConfig, Observations, observe
from segue.factors.titles import Titled, Titles, TitlesConfig, learn_titles
from segue.files import reading, write_bytes
from segue.library.few_listeners import FEWEST_PEOPLE, playlists_teach
from segue.library.listening import Tables, Unit

CONFIG, IDS, FACTORS, BLEND = "config.json", "ids.json", "factors.npz", "blend.npz"
TITLES = "titles.npz"
AT_ONCE = 1024  # listeners ranked at a time


class FactorConfig(BaseModel):
    """What counts as an observation, and how it is factorised."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    observations: ObservationConfig = Field(default_factory=ObservationConfig, description="What counts.")
    als: ALSConfig = Field(
        MEASURED["listeners"],
        description="The factorisation; by default the settings that measured best.",
    )
    blend: MixConfig = Field(
        default_factory=MixConfig, description="What candidates are chosen by, beside the factors."
    )
    titles: TitlesConfig | None = Field(
        default_factory=TitlesConfig,
        description="What playlists' titles say of what they hold; none leaves titles aside.",
    )

    @field_validator("als", mode="before")
    @classmethod
    def _others_as_measured(cls, given: object) -> object:
        """Plain settings: what is not named stays as measured, not as `ALSConfig` alone has it."""
        if not isinstance(given, Mapping):
            return given
        measured = MEASURED["listeners"].model_dump()
        if "regularization" in given:
            measured["noise"] = None  # or it would decide
        return measured | dict(given)

    def for_playlists(self) -> FactorConfig:
        """The same with playlists taken for listeners; settings left at their defaults become theirs."""
        return self._of("playlists", mostly="playlists")

    def suited(
        self, n_listeners: int, n_playlists: int, *, by_artists: int = 0, timed: bool = False
    ) -> FactorConfig:
        """The same for a library of so many listeners and playlists, which then learn together.

        `by_artists` more listeners are told by artists, not by songs.

        Settings left at their defaults become those that measured best for whichever are more. Few
        listeners among many playlists are asked for, but not learned from: each would be told what another
        of them plays. Of fewer than five without many playlists the sessions teach, if it is known when they
        played (`timed`).
        """
        unit: Unit = "both" if n_playlists else "listeners"
        if n_playlists and not n_listeners + by_artists:
            unit = "playlists"
        everybody = n_listeners + by_artists
        suited = self._of(unit, mostly="playlists" if n_playlists > everybody else "listeners")
        many_playlists = playlists_teach(n_listeners, n_playlists)
        alone = 0 < n_listeners < FEWEST_PEOPLE and not many_playlists and not by_artists and timed
        if alone:
            suited = self._of(unit, mostly="playlists")  # sessions are documents, as playlists are
        if alone or (unit == "both" and many_playlists):
            update = {"teachers": "sessions" if alone else "playlists"}
            return suited.model_copy(update={"observations": suited.observations.model_copy(update=update)})
        return suited

    def _of(self, unit: Unit, mostly: str) -> FactorConfig:
        observations = self.observations.model_copy(update={"unit": unit})
        if mostly == "listeners":
            return self.model_copy(update={"observations": observations})
        usual = dict(MEASURED["listeners"])
        own = {name: value for name, value in self.als if value != usual[name]}
        als = MEASURED["playlists"].model_copy(update=own)
        blend = PLAYLISTS if self.blend == MixConfig() else self.blend
        return FactorConfig(observations=observations, als=als, blend=blend, titles=self.titles)


class Because(NamedTuple):
    """A track of the listener's own that led to a recommendation."""

    track: str
    share: float  # of the sum of all positive contributions to the score, 0 to 1


class Recommendation(NamedTuple):
    """One row of what is recommended."""

    listener: str
    track: str
    rank: int  # from 1
    score: float
    reason: tuple[Because, ...]  # largest share first


class FactorModel:
    """Observations, factorised: who likes what, by the library's ids.

    The model keeps no listening, only factors. What a listener has heard is read from the library when it is
    asked (`observe`), and a listener is always folded in from that, so one who has just come, or has listened
    since the training, is served like any other, and every score is the sum of its reasons.

    Attributes:
        config: the settings, frozen; after `fit` with `now` and `per` as they turned out.
        listeners_: (n_listeners,) ids of the training listeners; where sessions teach, whose each one is.
        tracks_: (n_tracks,) ids.
        als_: the `ImplicitALS` over them.
        blend_: the `Blend` around `als_` that `candidates` come from; loaded when it is first needed.
        titles_: the `Titles` of the playlists among the rows, loaded likewise; None where there are too few,
            or the model is of a version that did not learn them.
    """

    def __init__(self, config: FactorConfig | None = None) -> None:
        self.config = config or FactorConfig()
        self._blend: Blend | Path | None = None
        self._titles: Titles | Path | None = None

    def fit(
        self,
        library: Tables,
        *,
        show_progress: bool = True,
        callback: Callable[[int, float, float], None] | None = None,
    ) -> Self:
        """Observe the library and factorise; returns self.

        Raises:
            UsageError: there is nothing to learn from.
            NumericalError: the factors overflowed.
        """
        observations = observe(library, self.config.observations)
        self.fit_observations(observations, show_progress=show_progress, callback=callback)
        return self.fit_titles(library, observations)

    def fit_observations(
        self,
        observations: Observations,
        *,
        show_progress: bool = True,
        callback: Callable[[int, float, float], None] | None = None,
    ) -> Self:
        """Factorise observations that are already there; returns self."""
        self.config = self.config.model_copy(update={"observations": observations.config})
        self.listeners_, self.tracks_ = observations.listeners, observations.tracks
        self.als_ = ImplicitALS.of(self.config.als).fit(observations.matrix, show_progress, callback)
        self.config = self.config.model_copy(update={"als": self.als_.config})
        blend = BlendConfig.around(self.config.als, self.config.blend)
        self._blend = Blend(blend).fit(observations.matrix, show_progress, trained=self.als_)
        return self

    def fit_titles(self, library: Tables, observations: Observations) -> Self:
        """Learn what the titles of the playlists among the rows of `observations` say; returns self."""
        config = self.config.titles
        self._titles = None if config is None else learn_titles(library, observations, config)
        return self

    @property
    def titles_(self) -> Titles | None:
        """What titles of playlists say."""
        self._fitted()
        if isinstance(self._titles, Path):
            self._titles = Titles.load(self._titles)
        return self._titles

    @property
    def blend_(self) -> Blend:
        """What candidates come from."""
        self._fitted()
        if isinstance(self._blend, Path):
            self._blend = Blend.load(self._blend)
        assert self._blend is not None
        return self._blend

    def observe(self, library: Tables, listeners: Sequence[str] | None = None) -> Observations:
        """What listeners have heard of the model's tracks by now; all of the library's if none are named.

        Recency is still counted from the `now` of the training; of playlists the last places weigh most.
        """
        self._fitted()
        return observe(
            library, self.config.observations, listeners=listeners, tracks=list(self.tracks_), asked=True
        )

    def titled(self, seen: Observations, titles: Sequence[str | None]) -> Observations:
        """The same, asked by titles too: (n,) of the rows of `seen`, which are playlists; None for none.

        What a playlist that was learned from holds itself is not counted for its own title.
        """
        learned = self.titles_
        if learned is None or not any(titles):
            return seen
        place = {str(row): at for at, row in enumerate(self.listeners_.tolist())}
        own = [place.get(str(row), -1) for row in seen.listeners.tolist()]
        imagined = learned.imagined([title or "" for title in titles], own)
        asked = learned.asked(seen.matrix, imagined)
        return replace(seen, titled=Titled(tuple(titles), tuple(own), asked))

    def rank(
        self,
        seen: Observations,
        n: int = 30,
        *,
        new_only: bool = True,
        left_out: Sequence[str] = (),
        only: Sequence[str] | None = None,
    ) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """The best n tracks of every listener of `seen`, places in `tracks_`, and scores: (n_listeners, n).

        Args:
            seen: from `observe`.
            n: how many; fewer where the catalogue is smaller.
            new_only: leave out what the listener has any observation of.
            left_out: track ids left out for all; unknown ones are ignored.
            only: the only track ids to rank; unknown ones are ignored.
        """
        self._fitted()
        return self._together(self._ranked(self.als_, seen, n, new_only, left_out, only), n)

    def candidates(
        self,
        seen: Observations,
        n: int = 30,
        *,
        new_only: bool = True,
        left_out: Sequence[str] = (),
        only: Sequence[str] | None = None,
    ) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """As `rank`, by the blend: better lists, but scores are no sums of reasons (docs/models/blend.md).

        A score is a weighted mean of standard scores: 0 is the listener's average track.
        """
        self._fitted()
        return self._together(self._ranked(self.blend_, seen, n, new_only, left_out, only), n)

    def recommend(
        self,
        seen: Observations,
        n: int = 30,
        *,
        new_only: bool = True,
        left_out: Sequence[str] = (),
        only: Sequence[str] | None = None,
        reasons: int = 3,
    ) -> Iterator[Recommendation]:
        """Rows for every listener of `seen`, best first, with at most `reasons` tracks that led to each.

        Listeners are taken some at a time, so that memory stays bounded however many there are. A listener of
        whom nothing is known gets no rows: their score would be 0 for every track.
        """
        self._fitted()
        for start, ids, scores in self._ranked(self.als_, seen, n, new_only, left_out, only):
            for at in range(len(ids)):
                row = seen.matrix[start + at]
                good = scores[at] > np.finfo(np.float32).min
                if not row.nnz or not good.any():
                    continue
                why = self.why(row, ids[at][good], reasons)
                listener = str(seen.listeners[start + at])
                for rank, (track, score) in enumerate(zip(ids[at][good], scores[at][good], strict=True)):
                    yield Recommendation(
                        listener, str(self.tracks_[track]), rank + 1, float(score), why[rank]
                    )

    def similar(self, track: str, n: int = 10) -> list[tuple[str, float]]:
        """The n tracks nearest a track by cosine of factors, itself left out.

        Raises:
            NotFoundError: the model does not have the track.
        """
        self._fitted()
        places = np.flatnonzero(self.tracks_ == track)
        if not len(places):
            raise NotFoundError(
                f"The model has no track {track}", hint="name one that somebody had heard when it was trained"
            )
        ids, scores = self.als_.similar_items(int(places[0]), n + 1)
        pairs = zip(ids, scores, strict=True)
        return [(str(self.tracks_[i]), float(s)) for i, s in pairs if i != places[0]][:n]

    def forget(self, listener: str) -> bool:
        """Drop a training listener's id, factors and row among the neighbours; whether there was one.

        What tracks' factors learned from their plays among everybody's stays until the next training.
        """
        self._fitted()
        places = np.flatnonzero(self.listeners_ == listener)
        if not len(places):
            return False
        for place in places[::-1].tolist():  # several where sessions are rows
            self.blend_.forget(place)
            if self.titles_ is not None:
                self.titles_.forget(place)
        self.listeners_ = np.delete(self.listeners_, places)
        assert self.als_.user_factors is not None
        self.als_.user_factors = np.delete(self.als_.user_factors, places, axis=0)
        return True

    def save(self, folder: Path) -> None:
        """Write config.json, ids.json, factors.npz, blend.npz and, with titles, titles.npz into `folder`."""
        self._fitted()
        folder.mkdir(parents=True, exist_ok=True)
        write_bytes(folder / CONFIG, self.config.model_dump_json(indent=2).encode())
        ids = {"listeners": list(self.listeners_), "tracks": list(self.tracks_)}
        write_bytes(folder / IDS, orjson.dumps(ids))
        self.als_.save(folder / FACTORS)
        self.blend_.save(folder / BLEND)
        if self.titles_ is not None:
            self.titles_.save(folder / TITLES)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote.

        Raises:
            NotFoundError: no model there.
            FormatError: files that don't belong together, or are damaged.
        """
        if not (folder / CONFIG).is_file():
            raise NotFoundError(f"There is no factor model in {folder}", hint="run `segue train`")
        with reading(folder, "a factor model", "roll back, or train again"):
            model = cls(FactorConfig.model_validate_json((folder / CONFIG).read_bytes()))
            ids = orjson.loads((folder / IDS).read_bytes())
            model.listeners_ = np.array(ids["listeners"], dtype=object)
            model.tracks_ = np.array(ids["tracks"], dtype=object)
        model.als_, model._blend = ImplicitALS.load(folder / FACTORS), folder / BLEND
        model._titles = folder / TITLES if (folder / TITLES).is_file() else None
        found = model.als_.shape
        if found != (len(model.listeners_), len(model.tracks_)):
            raise FormatError(
                f"{folder} holds files of different models",
                expected=f"{len(model.listeners_)} listeners and {len(model.tracks_)} tracks",
                got=f"factors of {found[0]} and {found[1]}",
                hint="train again",
            )
        return model

    def _together(
        self, parts: Iterator[tuple[int, NDArray[np.int32], NDArray[np.float32]]], n: int
    ) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        every = list(parts)
        if not every:
            width = min(n, len(self.tracks_))
            return np.empty((0, width), np.int32), np.empty((0, width), np.float32)
        return np.concatenate([ids for _, ids, _ in every]), np.concatenate(
            [scores for _, _, scores in every]
        )

    def _ranked(
        self,
        by: ImplicitALS | Blend,
        seen: Observations,
        n: int,
        new_only: bool,
        left_out: Sequence[str],
        only: Sequence[str] | None,
    ) -> Iterator[tuple[int, NDArray[np.int32], NDArray[np.float32]]]:
        if seen.matrix.shape[1] != len(self.tracks_):
            raise UsageError(
                "These observations are not of the model's tracks", hint="take them from FactorModel.observe"
            )
        banned = self._places(left_out) if len(left_out) else None
        chosen = self._places(only) if only is not None else None
        if chosen is not None and banned is not None:
            chosen, banned = np.setdiff1d(chosen, banned), None
        for start in range(0, seen.matrix.shape[0], AT_ONCE):
            rows = seen.matrix[start : start + AT_ONCE]
            by_titles = {}
            if isinstance(by, Blend) and seen.titled is not None:
                by_titles = {"asked": seen.asked[start : start + AT_ONCE]}
            ids, scores = by.recommend(
                np.arange(rows.shape[0]),
                rows,
                N=n,
                filter_already_liked_items=new_only,
                filter_items=banned,
                recalculate_user=True,
                items=chosen,
                **by_titles,
            )
            yield start, ids, scores

    def why(self, row: csr_matrix, tracks: NDArray[np.int32], reasons: int) -> list[tuple[Because, ...]]:
        """For each of `tracks` (places in `tracks_`), the most telling plays of one listener's `row`."""
        heard, parts = self.als_.contributions(row, tracks)
        shares = np.maximum(parts, 0)
        shares /= np.maximum(shares.sum(axis=1, keepdims=True), 1e-30)
        best = np.argsort(-shares, axis=1, kind="stable")[:, :reasons]
        return [
            tuple(Because(str(self.tracks_[heard[j]]), float(share[j])) for j in order if share[j] > 0)
            for share, order in zip(shares, best, strict=True)
        ]

    def _places(self, tracks: Sequence[str]) -> NDArray[np.int64]:
        return np.flatnonzero(np.isin(self.tracks_.astype(str), np.array(list(tracks), dtype=str)))

    def _fitted(self) -> None:
        if not hasattr(self, "als_"):
            raise UsageError(
                "The factor model has not been trained", hint="call fit(library), or `segue train`"
            )
