"""What the rules look at: the catalogue as arrays, one listener's listening, and the candidates."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import Field, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import orjson
from numpy.typing import NDArray

from segue.arrays import load_npz, save_npz
from segue.files import reading
from segue.library.versions.words import KINDS, ORIGINAL
from segue.playlists.rules import kernels

if TYPE_CHECKING:
    import pyarrow as pa

MEDIA = ("song", "podcast", "audiobook", "artist")
VERSIONS = (ORIGINAL, *KINDS)
_SING_ALONG = VERSIONS.index("karaoke")
Ints = NDArray[np.int32]
Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

_NONE = np.empty(0, np.int32)


class Marks(threading.local):
    """Membership in a small set of numbers, without building a set: one array, stamped anew each time.

    Each thread has an array of its own.
    """

    def __init__(self, size: int) -> None:
        self._stamps = np.zeros(size, np.int64)
        self._now = 0

    def among(self, values: Ints, members: Ints) -> Bools:
        """Whether each of `values` is one of `members`."""
        if not len(members):
            return np.zeros(len(values), bool)
        stamps, now = self.fresh()
        stamps[members] = now
        return stamps[values] == now

    def fresh(self) -> tuple[NDArray[np.int64], int]:
        """The stamps, and a value that none of them has."""
        self._now += 1
        return self._stamps, self._now


class Numbers(threading.local):
    """Scratch numbers, the same before and after each use. Each thread has an array of its own."""

    def __init__(self, size: int, value: int) -> None:
        self.array = np.full(size, value, np.int32)


@dataclass(frozen=True)
class Context:
    """The catalogue, in the order of the model's tracks. Threads may share one.

    Attributes:
        first: (n_tracks + 1,) where each track's credits begin in `artists`.
        artists: (n_credits,) artist numbers; every credited artist, guests named in titles too.
        album: (n_tracks,) album numbers, -1 where unknown.
        work: (n_tracks,) work numbers; versions of one song share theirs.
        version: (n_tracks,) place in `VERSIONS`.
        medium: (n_tracks,) place in `MEDIA`.
        explicit: (n_tracks,) whether a track is known to be explicit.
        children: (n_tracks,) whether it is children's music.
        season: (n_tracks,) place in `seasons.SEASONS` of the season it is music of, -1 for none.
        popularity: (n_tracks,) 0 to 1.
        hub_floor: (n_artists,) standing (`hubs.standing`) below which an artist's tracks do not come;
            -inf for all but hub artists.
        artist_names: (n_artists,) a key for each artist.
        owned: (n_tracks,) whether there is a file of it; None where that was not looked for. Not saved.
    """

    first: NDArray[np.int64]
    artists: Ints
    album: Ints
    work: Ints
    version: NDArray[np.int8]
    medium: NDArray[np.int8]
    explicit: Bools
    children: Bools
    season: NDArray[np.int8]
    popularity: Floats
    hub_floor: Floats
    artist_names: tuple[str, ...] = ()
    owned: Bools | None = None
    work_first: NDArray[np.int64] = field(init=False)
    work_tracks: Ints = field(init=False)
    track_marks: Marks = field(init=False, repr=False, compare=False)
    work_marks: Marks = field(init=False, repr=False, compare=False)
    work_best: Numbers = field(init=False, repr=False, compare=False)
    on_artist: Numbers = field(init=False, repr=False, compare=False)
    on_album: Numbers = field(init=False, repr=False, compare=False)
    has_hubs: bool = field(init=False)
    by: Ints = field(
        init=False, repr=False, compare=False
    )  # (n_tracks,) whose recording: see `rules.versions`

    def __post_init__(self) -> None:
        n_works = int(self.work.max(initial=-1)) + 1
        counts = np.bincount(self.work, minlength=n_works)
        values = {
            "work_first": np.concatenate([[0], np.cumsum(counts)]),
            "work_tracks": np.argsort(self.work, kind="stable").astype(np.int32),
            "track_marks": Marks(len(self.work)),
            "work_marks": Marks(n_works),
            "work_best": Numbers(n_works, -1),
            "on_artist": Numbers(max(1, self.n_artists), 0),
            # One place more than there are albums: -1, for no album, counts in the last.
            "on_album": Numbers(int(self.album.max(initial=-1)) + 2, 0),
            "by": np.where(self.version == _SING_ALONG, kernels.ANYBODY, self.main_artists()).astype(
                np.int32
            ),
            "has_hubs": bool(np.isfinite(self.hub_floor).any()),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def take(self, tracks: NDArray[np.integer]) -> Context:
        """The catalogue of these tracks (n,) alone, in their order; artists and works keep their numbers."""
        counts = np.diff(self.first)[tracks]
        first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        credits = np.repeat(self.first[tracks] - first[:-1], counts) + np.arange(first[-1])
        own = {"first", "artists", "hub_floor", "artist_names"}
        own |= {"owned"} if self.owned is None else set()
        rows = {f.name: getattr(self, f.name)[tracks] for f in fields(self) if f.init and f.name not in own}
        return replace(self, first=first, artists=self.artists[credits], **rows)

    def save(self, file: Path) -> None:
        """Write it as .npz, all or nothing."""
        arrays = {f.name: getattr(self, f.name) for f in fields(self) if _saved(f)}
        names = np.frombuffer(orjson.dumps(self.artist_names), np.uint8)
        save_npz(file, {"artist_names": names, **arrays})

    @classmethod
    def load(cls, file: Path) -> Context:
        """Read what `save` wrote.

        Raises:
            FormatError: it is damaged, something else, or not there.
        """
        with reading(file, "a catalogue's context", "roll back, or train again"):
            data = load_npz(file)
            arrays = {f.name: data[f.name] for f in fields(cls) if _saved(f)}
            return cls(**arrays, artist_names=tuple(orjson.loads(data["artist_names"].tobytes())))

    @property
    def n_tracks(self) -> int:
        """How many tracks there are."""
        return len(self.work)

    @property
    def n_artists(self) -> int:
        """How many artists there are."""
        return len(self.hub_floor)

    def any_artist(self, tracks: Ints, told: Bools | Floats) -> NDArray:
        """The largest of `told` (n_artists,) over each track's artists; false or -inf where there is none."""
        result = np.full(len(tracks), False if told.dtype == bool else -np.inf, told.dtype)
        kernels.largest(tracks, self.first, self.artists, told, result)
        return result

    def main_artists(self) -> Ints:
        """(n_tracks,) the first artist credited on each track, -1 where none is."""
        credited = np.diff(self.first) > 0
        main = np.full(len(self.work), -1, np.int32)
        main[credited] = self.artists[self.first[:-1][credited]]
        return main

    def credited(self, track: int) -> Ints:
        """Numbers of all artists credited on `track`."""
        return self.artists[self.first[track] : self.first[track + 1]]

    @classmethod
    def build(
        cls,
        tracks: pa.Table,
        track_ids: Sequence[str],
        children: Bools | None = None,
        season: NDArray[np.int8] | None = None,
    ) -> Context:
        """From rows of the library's tracks table, put in the order of `track_ids`.

        Args:
            tracks: columns track_id, title, artists, album, medium, explicit, popularity, work_id, version.
            track_ids: the model's tracks; one that the table lacks is a song of its own without facts.
            children: (n_tracks,) from `children.flag`; None: by titles, artists and albums alone.
            season: (n_tracks,) from `seasons.flag`; None: by words in the same alone.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        from segue.library.versions.titles import artist_names, parse_title

        ids = pa.array(list(track_ids), pa.string())
        rows = tracks.take(pc.index_in(ids, value_set=tracks["track_id"].combine_chunks()))
        titles = rows["title"].to_pylist()
        credits = [tuple(a for a in names or () if a) for names in rows["artists"].to_pylist()]
        numbers: dict[str, int] = {}
        artists: list[int] = []
        first = [0]
        for title, names in zip(titles, credits, strict=True):
            keys = dict.fromkeys(key for name in names for key in artist_names(name))
            if title:
                keys.update(dict.fromkeys(parse_title(title, names).artists_key))
            artists += [numbers.setdefault(key, len(numbers)) for key in keys if key not in _NOBODY]
            first.append(len(artists))
        # By name and main artist: "Greatest Hits" of two artists are two albums.
        albums: dict[tuple[str, int], int] = {}
        album = [
            albums.setdefault((name.casefold(), artists[at] if at < stop else -1), len(albums))
            if name
            else -1
            for name, at, stop in zip(rows["album"].to_pylist(), first, first[1:], strict=False)
        ]
        works: dict[str, int] = {}
        work = [
            # A track of no known work is a work by itself; with the zero byte before it, it cannot be the id
            # of one.
            works.setdefault(known or f"\0{track}", len(works))
            for known, track in zip(rows["work_id"].to_pylist(), track_ids, strict=True)
        ]
        version_number = {name: number for number, name in enumerate(VERSIONS)}
        medium_number = {name: number for number, name in enumerate(MEDIA)}
        if children is None:
            from segue.playlists.rules.children import flag

            children = flag(titles, credits, rows["album"].to_pylist())
        if season is None:
            from segue.playlists.rules import seasons

            season = seasons.flag(seasons.words(titles, credits, rows["album"].to_pylist()))
        return cls(
            first=np.array(first, np.int64),
            artists=np.array(artists, np.int32),
            album=np.array(album, np.int32),
            work=np.array(work, np.int32),
            version=np.array(
                [version_number.get(v or ORIGINAL, 0) for v in rows["version"].to_pylist()], np.int8
            ),
            medium=np.array([medium_number.get(m or "song", 0) for m in rows["medium"].to_pylist()], np.int8),
            explicit=np.array([bool(e) for e in rows["explicit"].to_pylist()], bool),
            children=np.asarray(children, bool),
            season=np.asarray(season, np.int8),
            popularity=np.array([p or 0.0 for p in rows["popularity"].to_pylist()], np.float32),
            hub_floor=np.full(len(numbers), -np.inf, np.float32),
            artist_names=tuple(numbers),
        )


def _saved(column: Field) -> bool:
    """Whether it is saved as an array of its own."""
    return column.init and column.name not in ("artist_names", "owned")


_NOBODY = frozenset(["", "various artists", "various", "unknown artist", "unknown", "va"])


@dataclass(frozen=True)
class Listening:
    """One listener, as the rules see them. Tracks and artists by number.

    Attributes:
        heard: (h,) tracks heard, each once.
        days_ago: (h,) days since the last play, below 0 for one after the moment that a list is made at;
            NaN where the time is not known, as for all if it is left out.
        plays: (h,) how often, as the model weighs it; once each if it is left out.
        tastes: (h,) the taste of each, from 0; -1, as for all if it is left out, for none.
        earlier: (e,) tracks of earlier weeks' lists.
        banned_tracks, banned_artists: what must never come.
        unwanted: (w,) tracks of tastes that the listener leaves out of their lists.
        explicit: whether explicit tracks may come; None leaves it to the configuration.
    """

    heard: Ints = field(default_factory=lambda: _NONE)
    days_ago: Floats = field(default_factory=lambda: np.empty(0, np.float32))
    plays: Floats = field(default_factory=lambda: np.empty(0, np.float32))
    tastes: Ints = field(default_factory=lambda: _NONE)
    earlier: Ints = field(default_factory=lambda: _NONE)
    banned_tracks: Ints = field(default_factory=lambda: _NONE)
    banned_artists: Ints = field(default_factory=lambda: _NONE)
    unwanted: Ints = field(default_factory=lambda: _NONE)
    explicit: bool | None = None

    def __post_init__(self) -> None:
        if not len(self.plays):
            object.__setattr__(self, "plays", np.ones(len(self.heard), np.float32))
        if not len(self.days_ago):
            object.__setattr__(self, "days_ago", np.full(len(self.heard), np.nan, np.float32))
        if len(self.tastes) != len(self.heard):
            object.__setattr__(self, "tastes", np.full(len(self.heard), -1, np.int32))


@dataclass(frozen=True)
class Candidates:
    """What might come, best first or in any order.

    Attributes:
        tracks: (c,) track numbers, each once.
        scores: (c,) higher is better; comparable within one listener only.
        sources: (c,) who proposed it: a taste's number from 0, or -1 for the model as a whole.
        shares: (n_sources,) part of the list that each taste should have; None leaves the order to the
            scores.
        parts: sources that are parts of one taste, one after another: 2 where each is parted in two.
    """

    tracks: Ints
    scores: Floats
    sources: Ints
    shares: Floats | None = None
    parts: int = 1

    @property
    def shares_of_tastes(self) -> Floats:
        """(n_tastes,) part of the list that each taste should have in all; empty where it is left open."""
        if self.shares is None:
            return np.empty(0, np.float32)
        return self.shares.reshape(-1, self.parts).sum(axis=1).astype(np.float32)

    @classmethod
    def of(cls, tracks: Sequence[int], scores: Sequence[float]) -> Candidates:
        """Candidates of the model as a whole."""
        return cls(
            np.array(tracks, np.int32), np.array(scores, np.float32), np.full(len(tracks), -1, np.int32)
        )
