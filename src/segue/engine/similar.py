"""The neighbourhood of a track: what is nearest to it among the factors or the song vectors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from segue.errors import NotFoundError
from segue.library import Library
from segue.library.search import Found, find_tracks
from segue.library.versions.covers import tells_apart
from segue.library.versions.titles import ParsedTitle, parse_title
from segue.library.vocabulary import Vocabulary
from segue.playlists.catalogue import Catalogue
from segue.playlists.playlist import TrackCard
from segue.progress import progress
from segue.sequences.loading import load_vectors
from segue.shelf.names import VECTORS
from segue.tastes.likeness import OTHERS

if TYPE_CHECKING:
    from segue.engine.engine import Engine

TitleOf = Callable[[int], ParsedTitle]
BY_OTHERS = frozenset(("karaoke", "cover", "remix"))
Kind = Literal["factors", "songs"]
KINDS: tuple[Kind, ...] = ("factors", "songs")
MATCHES = 20  # tracks that a text may mean
DOUBT = 5.0  # a song that n have is given n / (n + DOUBT) of its cosine (benchmarks/similar.py)
EQUALS = 2  # songs of one score that may stand together: nothing tells which of more is nearer
COMPANY = "found in the same company, in playlists or sessions"  # what song vectors are learned from


class Near(NamedTuple):
    """A neighbour: its number in the neighbourhood's catalogue, and the cosine, doubted where few have it."""

    number: int
    score: float


@dataclass(frozen=True)
class Neighbourhood:
    """A track and what is nearest to it.

    Attributes:
        of: the track. also: others that the text could have meant.
        kind: whose vectors. model: the shelf's version of them.
        together: what near means for them, in words: "on the same playlists".
        learned: false where the track's own vector was made from its artist, another version or its sound.
        near: the nearest first, without the track and its versions, one version of each song.
        catalogue: names; number 0 is the track itself, then the neighbours.
        vectors: (1 + n, d) unit vectors of these, for a picture.
    """

    of: Found
    also: list[Found]
    kind: Kind
    model: str
    together: str
    learned: bool
    near: list[Near]
    catalogue: Catalogue
    vectors: NDArray[np.float32]


class _Space(NamedTuple):
    """Tracks that can be asked for; the first `learned` of them can be found."""

    tracks: Vocabulary
    asked: NDArray[np.float32]  # (n, d)
    found: NDArray[np.float32]  # (n, d)
    learned: int
    model: str
    support: NDArray[np.float32]  # (n,) listeners and playlists that have each; inf where that is not asked
    artists: NDArray[np.int32]  # (n,) the main artist of each, -1 where nobody is asked
    weights: NDArray[np.float32]  # (n,) see `weights`
    works: NDArray[np.int64]  # (n,) a number for the song of each
    catalogue: Catalogue | None = None  # where it was kept
    together: str = COMPANY  # what near means


def neighbourhood(engine: Engine, text: str, count: int = 15, *, kind: Kind = "factors") -> Neighbourhood:
    """The `count` songs nearest to the track that `text` names: its id, or words of its artists and title.

    Raises:
        NotFoundError: no such track, or it has no vector; or nothing of that kind was trained yet.
    """
    library = engine.library
    matches = find_tracks(library, text, MATCHES)
    with progress("Reading the vectors"):
        if kind == "factors":
            space = engine.once("similar factors", lambda: _factors(engine))
        else:
            space = _songs(library, matches)
    known = find_tracks(library, text, MATCHES, known=space.tracks)
    if not known:
        raise NotFoundError(
            f"{matches[0].name} is in the library, but has no vector among the {kind}",
            expected="a track that was heard, or was in playlists, when the model was trained",
            hint="train again if that has changed: segue train" + (" --vectors" if kind == "songs" else ""),
        )
    own = space.tracks[known[0].track_id]
    near = _nearest(space, own, count, _titles(library, space))
    shown = [own, *(near_to.number for near_to in near)]
    vectors = np.concatenate([space.asked[shown], space.found[shown]], axis=1)
    return Neighbourhood(
        of=known[0],
        also=known[1:],
        kind=kind,
        together=space.together,
        model=space.model,
        learned=own < space.learned,
        near=[Near(at, each.score) for at, each in enumerate(near, 1)],
        catalogue=space.catalogue.take(shown)
        if space.catalogue is not None
        else Catalogue.read(library, [space.tracks.ids[number] for number in shown]),
        vectors=vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9),
    )


def _nearest(space: _Space, own: int, count: int, title_of: TitleOf) -> list[Near]:
    learned = slice(space.learned)
    asked = beside_its_artist(space.asked, own, space.artists, space.support)
    scores = closeness(space.found[learned], asked, space.weights[learned])
    works = space.works
    taken, near, aside = {works[own]}, [], []
    titles = [title_of(own)]
    for number in ranked(scores, space.support[learned]).tolist():
        if works[number] in taken:
            continue
        taken.add(works[number])
        title = title_of(number)
        if any(is_version(title, of) for of in titles):
            continue
        titles.append(title)
        equals = len(near) >= EQUALS and near[-EQUALS].score == scores[number]
        (aside if equals else near).append(Near(number, float(scores[number])))
        if len(near) == count:
            break
    return [*near, *aside][:count]


def beside_its_artist(
    vectors: NDArray[np.float32],
    own: int,
    artists: NDArray[np.int32],
    support: NDArray[np.float32],
) -> NDArray[np.float32]:
    """(d,) where a song's neighbours are looked for: the fewer have it, the nearer to its artist.

    One or two playlists say little of a song. Its artist's other songs count as `OTHERS` who have it do.

    Args:
        vectors: (n, d) of the songs.
        own: the song.
        artists: (n,) the main artist of each, -1 for none.
        support: (n,) how many have each; inf where the song is met often enough.
    """
    if not np.isfinite(support[own]) or artists[own] < 0:
        return vectors[own]
    others = np.flatnonzero((artists == artists[own]) & (support > 0))
    others = others[others != own]
    rest = float(support[others].sum())
    if not rest:
        return vectors[own]
    lengths = np.linalg.norm(vectors[others], axis=1)
    said = np.divide(support[others], lengths, out=np.zeros_like(lengths), where=lengths > 0)
    length = float(np.linalg.norm(vectors[own])) or 1.0
    of_artist = said @ vectors[others] * min(OTHERS, rest) / rest
    return np.asarray(vectors[own] * support[own] / length + of_artist, np.float32)


def is_version(title: ParsedTitle, of: ParsedTitle) -> bool:
    """Whether a near song is a recording of another one by somebody else, as far as titles tell.

    The same distinctive title, or a remix or cover whose title begins with that of the song: "Gasolina Budda
    Remix". Not for "Home" and "Home".
    """
    if of.generic or not of.work_title:
        return False
    marked = bool({*title.kinds, *of.kinds} & BY_OTHERS)
    if title.work_title == of.work_title:
        return marked or tells_apart(of.work_title)
    one, other = sorted((title.work_title, of.work_title), key=len)
    return marked and tells_apart(one) and other.startswith(f"{one} ")


def weights(vectors: NDArray[np.float32], support: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n,) support / (support + `DOUBT`) of songs, over the length of each of their `vectors` (n, d).

    Songs that stand in the same one playlist have equal vectors, however unlike they are; a song that many
    have is where it is for more than one reason.
    """
    lengths = np.linalg.norm(vectors, axis=1)
    sure = np.divide(1, 1 + DOUBT / np.maximum(support, 1e-9), dtype=np.float32)
    return np.divide(sure, lengths, out=np.zeros_like(sure), where=lengths > 0)


def closeness(
    vectors: NDArray[np.float32], asked: NDArray[np.float32], weighed: NDArray[np.float32]
) -> NDArray[np.float32]:
    """(n,) cosine of each of `vectors` (n, d) to `asked` (d,), doubted where few have the song.

    `weighed` are the `weights` of the vectors. Rounded to what float32 sums agree in.
    """
    length = float(np.linalg.norm(asked)) or 1.0
    return np.round(vectors @ asked * weighed / length, 6).astype(np.float32)


def ranked(scores: NDArray[np.float32], support: NDArray[np.float32]) -> NDArray[np.int64]:
    """Places by score, the largest first; of equal ones those that more have."""
    return np.lexsort((-support, -scores))


def _factors(engine: Engine) -> _Space:
    known = engine.factors()
    model, shared = known.model, known.shared
    factors = np.asarray(model.als_.item_factors, np.float32)
    support = shared.catalogue.support.astype(np.float32)
    works = shared.context.work.astype(np.int64)
    return _Space(
        known.tracks,
        factors,
        factors,
        len(factors),
        known.made_from,
        support,
        shared.credits.artists,
        weights(factors, support),
        works,
        shared.catalogue,
        known.model.config.observations.together,
    )


def _songs(library: Library, matches: list[Found]) -> _Space:
    """Asked from IN to OUT vectors; a song too rare to have learned one is asked with what stands for it."""
    from segue.sequences.unseen import extend, track_facts
    from segue.sequences.vectors import unit

    vectors, version = load_vectors(library)
    learned = len(vectors)
    if (vectors.codes([match.track_id for match in matches]) < 0).all():
        vectors = extend(vectors, track_facts(library))
    tracks, found = Vocabulary(vectors.track_ids_), vectors.targets()
    often = np.full(len(tracks), np.inf, np.float32)  # only songs that are met often have learned a vector
    name, works = f"{VECTORS}/{version}", _works(library, tracks.ids)
    nobody = np.full(len(tracks), -1, np.int32)
    return _Space(
        tracks, unit(vectors.in_), found, learned, name, often, nobody, weights(found, often), works
    )


def _titles(library: Library, space: _Space) -> TitleOf:
    """Titles by number, taken apart."""
    catalogue = space.catalogue
    cards = catalogue.card if catalogue is not None else _named(library, space.tracks)

    def title_of(number: int) -> ParsedTitle:
        card = cards(number)
        return parse_title(card.title or "", card.artists)

    return title_of


def _named(library: Library, tracks: Vocabulary) -> Callable[[int], TrackCard]:
    """Cards of `tracks` by number, which are read when the first is asked for."""
    read: list[Catalogue] = []

    def card(number: int) -> TrackCard:
        if not read:
            read.append(Catalogue.read(library, tracks.ids))
        return read[0].card(number)

    return card


def _works(library: Library, tracks: list[str]) -> NDArray[np.int64]:
    """A number for the work of each of `tracks`; a track without one is a work of its own."""
    table = library.arrow(library.table("tracks").select("track_id", "work_id"))
    work = table["work_id"].take(pc.index_in(pa.array(tracks, pa.string()), value_set=table["track_id"]))
    codes = work.combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False)
    alone = np.isnan(codes.astype(np.float64))
    return np.where(alone, -1 - np.arange(len(tracks)), np.where(alone, 0, codes)).astype(np.int64)
