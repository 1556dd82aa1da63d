"""Playlists and listening as ordered documents of songs: what the song vectors and the taste network read.

A document is a list of track codes in order. A code is a track's place in `Documents.track_ids`, and
tracks are coded from the most to the least popular, so the N most popular songs are the codes below N.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from segue.errors import SegueError

UNKNOWN = -1
"""A song that has no code, a skip or hour or source that was not said."""


@dataclass(frozen=True, eq=False)
class Context:
    """What surrounds each place of the documents, each `(n_places,)`."""

    gap_s: NDArray[np.float32]  # seconds since the play before; NaN where there is none or no time is known
    hour: NDArray[np.int8]  # 0 to 23, UTC; UNKNOWN
    skipped: NDArray[np.int8]  # 1 skipped, 0 not, UNKNOWN
    source: NDArray[np.int32]  # where it was played from, a place in `sources`; UNKNOWN
    session: NDArray[np.int32]  # running number within the document
    started_s: NDArray[np.float64]  # seconds since 1970, UTC; NaN
    sources: tuple[str, ...]

    def take(self, keep: NDArray[np.bool_] | NDArray[np.intp]) -> Context:
        """The context of some places."""
        return replace(
            self,
            **{
                name: getattr(self, name)[keep]
                for name in ("gap_s", "hour", "skipped", "source", "session", "started_s")
            },
        )


class Tracks(NamedTuple):
    """What is known of the tracks in documents, each `(n_tracks,)`."""

    ids: NDArray[np.object_]  # str
    artists: NDArray[np.object_]  # main artist; None if not known
    works: NDArray[np.object_]  # the work of which it is a version; None


@dataclass(frozen=True, eq=False)
class Documents:
    """Ordered documents in compressed rows: document d is `codes[offsets[d]:offsets[d + 1]]`."""

    offsets: NDArray[np.int64]  # (n_documents + 1,)
    codes: NDArray[np.int32]  # (n_places,)
    track_ids: NDArray[np.object_]  # (n_tracks,) str
    counts: NDArray[np.int64]  # (n_tracks,) documents that hold the track
    artists: NDArray[np.object_]  # (n_tracks,) main artist; None if not known
    works: NDArray[np.object_]  # (n_tracks,) the work of which it is a version; None
    names: NDArray[np.object_]  # (n_documents,) str: the playlist or the listener
    context: Context | None = None

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, document: int) -> NDArray[np.int32]:
        return self.codes[self.offsets[document] : self.offsets[document + 1]]

    def __iter__(self) -> Iterator[NDArray[np.int32]]:
        return (self[document] for document in range(len(self)))

    @property
    def n_tracks(self) -> int:
        """How many tracks there are codes for."""
        return len(self.track_ids)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Places in each document, `(n_documents,)`."""
        return np.diff(self.offsets)

    def select(self, documents: NDArray[np.bool_] | NDArray[np.intp]) -> Documents:
        """Some documents, in the order asked for, with the same codes; `counts` are of these documents."""
        rows = np.flatnonzero(documents) if np.asarray(documents).dtype == bool else np.asarray(documents)
        lengths = self.lengths[rows]
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        # Where each document began less where it begins now, added to the running number, is each old place.
        places = np.repeat(self.offsets[rows] - offsets[:-1], lengths) + np.arange(offsets[-1])
        codes = self.codes[places]
        return replace(
            self,
            offsets=offsets,
            codes=codes,
            counts=_document_counts(offsets, codes, self.n_tracks),
            names=self.names[rows],
            context=None if self.context is None else self.context.take(places),
        )

    def vocabulary(self, *, min_count: int = 1, max_songs: int | None = None) -> NDArray[np.int32]:
        """Codes of the tracks in at least `min_count` documents, the `max_songs` most popular first."""
        order = np.argsort(-self.counts, kind="stable").astype(np.int32)
        return order[self.counts[order] >= min_count][:max_songs]

    def restrict(self, vocabulary: NDArray[np.int32]) -> Documents:
        """Only the tracks of `vocabulary`, coded by their place in it; the rest are left out of the order."""
        place = np.full(self.n_tracks, UNKNOWN, np.int32)
        place[vocabulary] = np.arange(len(vocabulary), dtype=np.int32)
        facts = (self.track_ids[vocabulary], self.artists[vocabulary], self.works[vocabulary])
        return self.recoded(place, Tracks(*facts))

    def recoded(self, codes: NDArray[np.int32], tracks: Tracks) -> Documents:
        """The documents in other codes: `codes` `(n_tracks,)` are places in `tracks`, UNKNOWN for none."""
        new = codes[self.codes]
        keep = new >= 0
        offsets = np.concatenate([[0], np.cumsum(keep)])[self.offsets]
        return Documents(
            offsets=offsets,
            codes=new[keep],
            track_ids=tracks.ids,
            counts=_document_counts(offsets, new[keep], len(tracks.ids)),
            artists=tracks.artists,
            works=tracks.works,
            names=self.names,
            context=None if self.context is None else self.context.take(keep),
        )

    @classmethod
    def from_lists(
        cls,
        documents: Sequence[Sequence[str]],
        *,
        names: Sequence[str] | None = None,
        artists: dict[str, str] | None = None,
        works: dict[str, str] | None = None,
    ) -> Documents:
        """Documents from lists of track ids; `artists` and `works` say what is known of a track."""
        ids, codes = np.unique(
            np.array([track for document in documents for track in document], dtype=object).astype(str),
            return_inverse=True,
        )
        return coded(
            np.concatenate([[0], np.cumsum([len(document) for document in documents])]).astype(np.int64),
            codes.astype(np.int32),
            Tracks(
                ids.astype(object),
                np.array([(artists or {}).get(track) for track in ids], dtype=object),
                np.array([(works or {}).get(track) for track in ids], dtype=object),
            ),
            np.array(names or [str(number) for number in range(len(documents))], dtype=object),
        )


def session_documents(listening: Documents, *, keep_skipped: bool = False) -> Documents:
    """Each session of listening as a document of its own, as word2vec wants it; without skipped songs."""
    if listening.context is None:
        raise SegueError("These documents have no sessions", expected="documents of listening")
    context = listening.context
    owner = np.repeat(np.arange(len(listening)), listening.lengths)
    new = np.ones(len(owner), bool)
    new[1:] = (owner[1:] != owner[:-1]) | (context.session[1:] != context.session[:-1])
    keep = np.ones(len(owner), bool) if keep_skipped else context.skipped != 1
    starts = np.flatnonzero(new)
    before = np.concatenate([[0], np.cumsum(keep)]).astype(np.int64)
    offsets = before[np.append(starts, len(owner))]
    codes = listening.codes[keep]
    return replace(
        listening,
        offsets=offsets,
        codes=codes,
        counts=_document_counts(offsets, codes, listening.n_tracks),
        names=listening.names[owner[starts]],
        context=context.take(keep),
    )


def first_places(documents: Documents) -> Documents:
    """The documents without repeats: only the first place of a track in a document is kept."""
    owner = np.repeat(np.arange(len(documents), dtype=np.int64), documents.lengths)
    _, first = np.unique(owner * documents.n_tracks + documents.codes, return_index=True)
    keep = np.zeros(len(owner), bool)
    keep[first] = True
    before = np.concatenate([[0], np.cumsum(keep)]).astype(np.int64)
    return replace(
        documents,
        offsets=before[documents.offsets],
        codes=documents.codes[keep],
        context=None if documents.context is None else documents.context.take(keep),
    )


def coded(
    offsets: NDArray[np.int64],
    codes: NDArray[np.int32],
    tracks: Tracks,
    names: NDArray[np.object_],
    context: Context | None = None,
) -> Documents:
    """Documents with tracks coded from the most to the least popular, equals by id.

    Args:
        offsets: (n_documents + 1,) where each begins.
        codes: places in `tracks`.
        tracks: that are in them.
        names: (n_documents,).
        context: of every place.
    """
    counts = _document_counts(offsets, codes, len(tracks.ids))
    order = np.lexsort((tracks.ids.astype(str), -counts))
    place = np.empty(len(order), np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    return Documents(
        offsets=offsets,
        codes=place[codes],
        track_ids=tracks.ids[order],
        counts=counts[order],
        artists=tracks.artists[order],
        works=tracks.works[order],
        names=names,
        context=context,
    )


def _document_counts(
    offsets: NDArray[np.int64], codes: NDArray[np.int32], n_tracks: int
) -> NDArray[np.int64]:
    """In how many documents each track is, `(n_tracks,)`."""
    owner = np.repeat(np.arange(len(offsets) - 1, dtype=np.int64), np.diff(offsets))
    # Document and track as one number: a track that stands twice in a document counts once.
    once = np.unique(owner * n_tracks + codes)
    return np.bincount(once % n_tracks, minlength=n_tracks) if n_tracks else np.zeros(0, np.int64)


def join(*corpora: Documents) -> Documents:
    """All documents of several corpora, one after the other, with one code for each track id.

    Places without a context get an unknown one if any corpus has a context.
    """
    ids = np.concatenate([corpus.track_ids for corpus in corpora])
    unique, first, inverse = np.unique(ids.astype(str), return_index=True, return_inverse=True)
    starts = np.cumsum([0] + [corpus.n_tracks for corpus in corpora])
    codes = [inverse[start:][corpus.codes] for start, corpus in zip(starts[:-1], corpora, strict=True)]
    places = np.cumsum([0] + [len(corpus.codes) for corpus in corpora])
    offsets = [corpus.offsets[1:] + start for start, corpus in zip(places[:-1], corpora, strict=True)]
    return coded(
        np.concatenate([[0], *offsets]).astype(np.int64),
        np.concatenate(codes).astype(np.int32),
        Tracks(
            unique.astype(object),
            np.concatenate([corpus.artists for corpus in corpora])[first],
            np.concatenate([corpus.works for corpus in corpora])[first],
        ),
        np.concatenate([corpus.names for corpus in corpora]),
        _joined_context(corpora) if any(corpus.context is not None for corpus in corpora) else None,
    )


def _joined_context(corpora: Sequence[Documents]) -> Context:
    sources: dict[str, int] = {}
    contexts = []
    for corpus in corpora:
        context = corpus.context or _no_context(len(corpus.codes))
        place = np.array([sources.setdefault(name, len(sources)) for name in context.sources], np.int32)
        known = context.source >= 0
        source = np.full(len(known), UNKNOWN, np.int32)
        source[known] = place[context.source[known]]
        contexts.append(replace(context, source=source))
    return Context(
        *(
            np.concatenate([getattr(context, name) for context in contexts])
            for name in ("gap_s", "hour", "skipped", "source", "session", "started_s")
        ),
        sources=tuple(sources),
    )


def _no_context(n: int) -> Context:
    return Context(
        gap_s=np.full(n, np.nan, np.float32),
        hour=np.full(n, UNKNOWN, np.int8),
        skipped=np.full(n, UNKNOWN, np.int8),
        source=np.full(n, UNKNOWN, np.int32),
        session=np.zeros(n, np.int32),
        started_s=np.full(n, np.nan),
        sources=(),
    )
