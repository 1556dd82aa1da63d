"""Finding a track by what a person types: one search for every verb.

Case, accents and punctuation do not matter. The exact name goes before the popular one: "u2 - one" is "One",
not the "One Tree Hill" that is played more. Where nothing fits, the nearest names are offered.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from segue.errors import NotFoundError
from segue.files import locked, remove, replacing, sweep
from segue.library.names import Table, letters, without_accents
from segue.library.versions.titles import parse_title

if TYPE_CHECKING:
    import pyarrow as pa

    from segue.library.store import Library

CLOSELY = 200  # tracks whose names are compared closely: the shortest, and those met most
ALIKE = 70.0  # of 100: from here on a name is near enough to be offered
OFFERED = 3
OFTEN = 20  # ids looked up from which a table of them is worth its making
# Kinds of version that are the song itself, as it is met most.
SAME = frozenset(["radio edit", "single version", "clean", "mono", "stereo", "remaster", "feat."])
WAIT = 60.0  # seconds for which one who writes names waits for another
KEPT = Path("search", "names.arrow")  # in a library's folder
_OF = b"library, initials joined"  # the fingerprint, in the file's metadata; and how names are compared


class Found(NamedTuple):
    """A track that was found."""

    track_id: str
    title: str | None
    artists: tuple[str, ...]

    @property
    def name(self) -> str:
        """The track in one line."""
        credit = ", ".join(self.artists)
        return credit if self.title is None else f"{credit} - {self.title}"


def find_tracks(
    library: Library, text: str, most: int = 10, *, known: Collection[str] | None = None
) -> list[Found]:
    """Tracks of that id, or whose artists and title hold all the words of `text`, the likeliest first.

    That is: the artist and title as typed, or a title that is all of the text, remastered or not; then other
    versions of such a song; then names that hold the words whole; among equals, those met most.

    Args:
        library: whose tracks.
        text: what was typed.
        most: how many.
        known: only tracks of these ids, which a model knows; a copy is found as the track whose plays its
            plays are (`versions/copies.py`).

    Raises:
        NotFoundError: there is none; the error offers the nearest names.
    """
    return _find(library, text, known)[:most]


def find_track(library: Library, text: str, known: Collection[str]) -> Found:
    """The likeliest track for `text` of those in `known`, which a model knows.

    Raises:
        NotFoundError: there is none, or the model knows none of them.
    """
    if found := _find(library, text, known):
        return found[0]
    raise NotFoundError(
        f"{text!r} is in the library, but the model does not know it",
        expected="a track that somebody had heard when it was trained",
        hint="train again if it has been heard since: segue train",
    )


def find_named(library: Library, wanted: Sequence[tuple[str, str]]) -> list[str | None]:
    """The track of each (artists, title), or None where none is called so, but for case and accents."""
    import pyarrow as pa
    import pyarrow.compute as pc

    names = _names(library)
    asked = pa.array([plain(f"{credit} {title}") for credit, title in wanted], pa.string())
    return names.ids.take(pc.index_in(asked, value_set=names.plain)).to_pylist()


def keep_names(library: Library) -> None:
    """Write the names of a library's tracks as they are searched, so that a search need not make them."""
    names, folder = _names(library), (library.path / KEPT).parent
    with locked(folder, "names", wait=WAIT):
        sweep(folder)
        names.save(library.path / KEPT, library.fingerprint())


def drop_names(library: Library) -> None:
    """Remove what `keep_names` wrote, and what one who was killed at it has left."""
    folder = (library.path / KEPT).parent
    if folder.is_dir():
        with locked(folder, "names", wait=WAIT):
            sweep(folder)
            remove(library.path / KEPT)


def _find(library: Library, text: str, known: Collection[str] | None) -> list[Found]:
    names = _names(library)
    rows = _of_id(library, names, text.strip()) or names.holding(text)
    if not rows:
        near = names.nearest(text)
        raise NotFoundError(
            f"No track matches {text!r}",
            expected="a track's id or its link, or words of its artists and title",
            hint=f"did you mean {' or '.join(near)}?" if near else "look with `segue library`",
        )
    if known is not None:
        canonical = dict.fromkeys(names.canonical(row) for row in rows)
        rows = [row for row in canonical if names.ids[row].as_py() in known]
    if len(rows) > CLOSELY:
        popular = sorted(rows, key=names.times_met, reverse=True)
        rows = list(dict.fromkeys(rows[: CLOSELY // 2] + popular[: CLOSELY // 2]))
    if len(rows) == 1:
        return [names.found(rows[0])]
    said = _Said.of(text)
    found = [(names.found(row), names.times_met(row)) for row in rows]
    found.sort(key=lambda each: (*said.rank(each[0]), -each[1], each[0].track_id))
    return [each for each, _ in found]


def _of_id(library: Library, names: _Names, text: str) -> list[int]:
    """The row of the track of that id: our own, or Spotify's, MusicBrainz' or an ISRC, also as a link."""
    from segue.library.readers.fields import isrc, mbid, spotify_id

    if rows := names.of_id(text):
        return rows
    read = (("spotify", spotify_id(text)), ("mbid", mbid(text)), ("isrc", isrc(text)))
    keys = [f"{kind}:{value}" for kind, value in read if value]
    if not keys:
        return []
    table = library.table("track_keys")
    meant = library.arrow(table.filter(table.key.isin(keys)).track_id)
    return [row for track in sorted(set(meant.to_pylist())) for row in names.of_id(track)]


def plain(text: str) -> str:
    """`text` as it is searched: lower case without accents, words of letters and digits alone.

    >>> plain("Beyoncé - Déjà Vu!"), plain("Don't Stop"), plain("N.Y. State of Mind")
    ('beyonce deja vu', 'dont stop', 'ny state of mind')
    """
    folded = text.lower()
    if not text.isascii():
        folded = without_accents(unicodedata.normalize("NFKC", text.casefold()), tones=True)
    if "." in folded:
        folded = _INITIALS.sub(lambda match: match[0].replace(".", ""), folded)
    return " ".join(folded.translate(_searched).split())


_SPELLED = {"ø": "o", "đ": "d", "ð": "d", "ł": "l", "æ": "ae", "œ": "oe", "þ": "th"}


def _become(char: str) -> str | None:
    if char in "'’‘ʼ`´":
        return None
    return _SPELLED.get(char, char) if unicodedata.category(char)[0] in "LMN" else " "


_INITIALS = re.compile(r"\b[^\W\d_](?:\.[^\W\d_])+\b\.?")  # "n.y.", "r.e.m", and not "3.15" or "mr. blue"
_searched = Table(_become)


class _Said(NamedTuple):
    """What was typed, in every way that it can be meant."""

    whole: str
    exact: str  # with the signs that `plain` leaves out
    pairs: list[tuple[str, str]]  # artist and title, or the other way round

    @classmethod
    def of(cls, text: str) -> _Said:
        pieces = [piece for piece in text.replace(" – ", " - ").split(" - ") if piece.strip()]
        cuts = [(" - ".join(pieces[:at]), " - ".join(pieces[at:])) for at in range(1, len(pieces))]
        pairs = [(plain(a), plain(b)) for a, b in cuts]
        return cls(plain(text), letters(text), pairs + [(b, a) for a, b in pairs])

    def rank(self, found: Found) -> tuple[int, bool]:
        """How well a track fits: the less, the better."""
        title, credit = plain(found.title or ""), plain(" ".join(found.artists))
        artists = {credit, *map(plain, found.artists)}
        if not self.whole:  # signs alone: "÷"
            return (
                0 if self.exact in (letters(found.title or ""), *map(letters, found.artists)) else 3
            ), False
        exact = letters(found.title or "")
        inexact = not (exact and f" {exact} " in f" {self.exact} ") and self.whole not in artists
        if self._is(title, artists) or self.whole in artists:
            return 0, inexact
        parsed = parse_title(found.title, found.artists) if found.title else None
        if parsed is not None and self._is(plain(parsed.title), artists):
            if set(parsed.kinds) <= SAME:
                exact = letters(parsed.title)
                return 0, not (exact and f" {exact} " in f" {self.exact} ")
            return 1, inexact
        words = {*title.split(), *credit.split()}
        return (2 if words >= set(self.whole.split()) else 3), True

    def _is(self, title: str, artists: set[str]) -> bool:
        if self.whole == title or any((each, title) in self.pairs for each in artists):
            return True
        return any(self.whole in (f"{each} {title}", f"{title} {each}") for each in artists if title)


class _Rows:
    """The rows of ids: a table of hashes, of which a large catalogue has room for."""

    def __init__(self, ids: pa.Array) -> None:
        # Python's hashes of texts differ from process to process; these are made anew in each, and are never
        # saved.
        hashes = np.fromiter(map(hash, ids.to_pylist()), np.int64, len(ids))
        self._ids, self._order = ids, np.argsort(hashes, kind="stable").astype(np.int32)
        self._hashes = hashes[self._order]

    def of(self, text: str) -> int:
        """The row of an id, -1 for none."""
        first, last = (int(np.searchsorted(self._hashes, hash(text), side)) for side in ("left", "right"))
        return next((row for row in self._order[first:last].tolist() if self._ids[row].as_py() == text), -1)


class _Names:
    """All tracks' names, ready to be searched: track_id, title, artists, the row of the track
    whose copy each is, uses, and as they are compared."""

    def __init__(self, table: pa.Table) -> None:
        self.tracks = table
        self.ids, self.canonical_ids, self.uses, self.raw, self.plain = (
            table[name].combine_chunks() for name in ("track_id", "canonical_id", "uses", "raw", "plain")
        )
        self._rows: _Rows | None = None
        self._lookups = 0

    @classmethod
    def read(cls, library: Library) -> _Names:
        """The names of all tracks of a library, and how often each is in listens and playlists."""
        import ibis
        import pyarrow as pa
        import pyarrow.compute as pc

        tables = (library.table(name).select("track_id") for name in ("listens", "playlist_entries"))
        met = ibis.union(*tables)
        counts = library.arrow(met.group_by("track_id").aggregate(uses=met.count()))
        tracks = library.arrow(
            library.table("tracks").select("track_id", "title", "artists", "canonical_id")
        ).combine_chunks()
        place = pc.index_in(tracks["track_id"], value_set=counts["track_id"])
        credit = pc.fill_null(pc.binary_join(tracks["artists"], " "), "")
        names = pc.binary_join_element_wise(credit, pc.fill_null(tracks["title"], ""), " ")
        initials = pc.match_substring_regex(names, r"\b[A-Za-z]\.[A-Za-z]\b")
        # Names of plain ASCII are folded by Arrow, all at once; only the others go through Python, one by
        # one.
        rare = pc.or_(pc.invert(pc.string_is_ascii(names)), initials).combine_chunks()
        shorn = pc.replace_substring(pc.ascii_lower(names), "'", "")
        words = pc.utf8_trim_whitespace(pc.replace_substring_regex(shorn, "[^a-z0-9]+", " "))
        others = pa.array(map(plain, names.filter(rare).to_pylist()), pa.string())
        compared = pc.replace_with_mask(words.combine_chunks(), rare, others)
        columns = {
            "uses": pc.fill_null(counts["uses"].take(place), 0),
            "raw": pc.utf8_lower(names),
            "plain": compared,
        }
        for name, column in columns.items():
            tracks = tracks.append_column(name, column)
        return cls(tracks)

    def save(self, file: Path, data: str) -> None:
        """Write them to an Arrow file; `data` is the fingerprint of the library they are of."""
        import pyarrow as pa

        table = self.tracks.replace_schema_metadata({_OF: data})
        with replacing(file) as aside, pa.ipc.new_file(aside, table.schema) as writer:
            writer.write_table(table)

    @classmethod
    def load(cls, file: Path, data: str) -> _Names | None:
        """What `save` wrote; None where there is nothing of that library, or nothing that can be read."""
        import pyarrow as pa

        try:
            with pa.memory_map(str(file)) as source:
                table = pa.ipc.open_file(source).read_all()
                return cls(table) if (table.schema.metadata or {}).get(_OF) == data.encode() else None
        except (OSError, pa.ArrowException, KeyError):
            return None

    def found(self, row: int) -> Found:
        title, artists = self.tracks["title"][row].as_py(), self.tracks["artists"][row].as_py()
        return Found(self.ids[row].as_py(), title, tuple(artists or ()))

    def canonical(self, row: int) -> int:
        """The row of the track whose copy a row's is: its own where it is none."""
        of = self.canonical_ids[row].as_py()
        found = [] if of is None else self.of_id(of)
        return found[0] if found else row

    def times_met(self, row: int) -> int:
        return self.uses[row].as_py()

    def of_id(self, text: str) -> list[int]:
        import pyarrow.compute as pc

        self._lookups += 1
        if self._rows is None and self._lookups > OFTEN:
            self._rows = _Rows(self.ids)
        row = self._rows.of(text) if self._rows is not None else pc.index(self.ids, text).as_py()
        return [row] if row >= 0 else []

    def holding(self, text: str) -> list[int]:
        """Rows that hold all words of `text`, those of fewest letters first."""
        import pyarrow.compute as pc

        words, names = plain(text).split(), self.plain
        if not words:  # signs alone: "÷"
            words, names = text.lower().split(), self.raw
        mask = None
        for word in words:
            holds = pc.match_substring(names, word)
            mask = holds if mask is None else pc.and_(mask, holds)
        if mask is None:
            return []
        rows = pc.indices_nonzero(mask)
        return rows.take(pc.sort_indices(pc.utf8_length(names.take(rows)))).to_pylist()

    def nearest(self, text: str) -> list[str]:
        """The names that are spelled most like `text`."""
        from rapidfuzz import fuzz, process

        asked = plain(text)
        if not asked:
            return []
        names = self.plain.to_pylist()
        sorts = (fuzz.ratio, fuzz.token_sort_ratio, fuzz.partial_ratio)
        found: dict[str, None] = {}
        for alike in sorts:  # partial: an artist or a title alone was typed
            if len(found) < OFFERED:
                near = process.extract(asked, names, scorer=alike, score_cutoff=ALIKE, limit=OFFERED)
                found.update(dict.fromkeys(self.found(row).name for _, _, row in near))
        return [f"{name!r}" for name in list(found)[:OFFERED]]


_last: list[tuple[tuple[object, str], _Names]] = []


def _names(library: Library) -> _Names:
    """The names of `library`, kept until it or its library changes."""
    key = (library.path, library.fingerprint())
    if not _last or _last[0][0] != key:
        kept = _Names.load(library.path / KEPT, library.fingerprint())
        _last[:] = [(key, kept or _Names.read(library))]
    return _last[0][1]
