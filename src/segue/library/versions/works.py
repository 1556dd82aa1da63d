"""Recordings gathered into works: which tracks are versions of one song."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from segue.library.versions import words
from segue.library.versions.titles import ParsedTitle, is_generic, parse_title

if TYPE_CHECKING:
    import pyarrow as pa

    from segue.library.store import Library


class Recording(NamedTuple):
    """What grouping reads of a track. Only title and artists are needed; the rest settles doubtful cases."""

    title: str | None
    artists: tuple[str, ...]
    album: str | None = None
    release_date: str | None = None
    popularity: float | None = None
    track_id: str | None = None
    medium: str | None = "song"


class Grouped(NamedTuple):
    """What a track is a version of."""

    work_id: str
    version: str  # the strongest kind of version, or "original"
    kinds: tuple[str, ...]  # all kinds, strongest first; empty for the original


class _Union:
    """Disjoint sets over nodes numbered as they come."""

    def __init__(self) -> None:
        self.parent: list[int] = []

    def add(self) -> int:
        self.parent.append(len(self.parent))
        return self.parent[-1]

    def find(self, node: int) -> int:
        parent = self.parent
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    def join(self, a: int, b: int) -> None:
        a, b = self.find(a), self.find(b)
        if a != b:
            self.parent[max(a, b)] = min(a, b)


_Key = tuple[str, str, str]  # work title, main artist, album or track where the title alone says nothing


class _Works:
    """The nodes (one song by one main artist) and what joins them."""

    def __init__(self, recordings: Sequence[Recording]) -> None:
        self.recordings = recordings
        self.parsed: list[ParsedTitle | None] = [
            parse_title(r.title, r.artists) if r.title and r.medium in (None, "song") else None
            for r in recordings
        ]
        self.union = _Union()
        self.nodes: dict[_Key, int] = {}
        self.node_of = [self._node(i) for i in range(len(recordings))]
        self.keys = list(self.nodes)
        self.members: dict[int, list[int]] = defaultdict(list)
        for track, node in enumerate(self.node_of):
            self.members[node].append(track)
        self.covers: set[int] = set()  # nodes found to be covers without a word of it in their titles
        self.others: set[int] = (
            set()
        )  # nodes with an end after a dash that says some version, though not which

    def _node(self, track: int) -> int:
        parsed, recording = self.parsed[track], self.recordings[track]
        own = f"\0{recording.track_id or track}"
        if parsed is None:
            key = ("", "", own)
        else:
            named = [a for a in parsed.artists_key if a not in words.NO_ARTIST]
            main = named[0] if named else ""
            if parsed.generic or not main:
                album = parse_title(recording.album, ()).work_title if recording.album else ""
                key = (parsed.work_title, main, album or own)
            else:
                key = (parsed.work_title, main, "")
        if key not in self.nodes:
            self.nodes[key] = self.union.add()
        return self.nodes[key]

    def join_credits(self) -> None:
        """One song in another order of credits: "Lean On" by Major Lazer, and by DJ Snake & Major Lazer."""
        for parsed, node in zip(self.parsed, self.node_of, strict=True):
            if parsed is None or parsed.generic:
                continue
            for name in parsed.artists_key[1:]:
                other = self.nodes.get((parsed.work_title, name, ""))
                if other is not None:
                    self.union.join(node, other)

    def join_generic(self) -> None:
        """ "Intro (Live)" belongs to the artist's "Intro" where there is only one."""
        plain: dict[tuple[str, str], set[int]] = defaultdict(set)
        for parsed, node in zip(self.parsed, self.node_of, strict=True):
            if parsed is not None and parsed.generic and not parsed.kinds:
                plain[self.keys[node][:2]].add(node)
        for parsed, node in zip(self.parsed, self.node_of, strict=True):
            if parsed is not None and parsed.generic and parsed.kinds:
                known = plain.get(self.keys[node][:2], set())
                if len(known) == 1:
                    self.union.join(node, next(iter(known)))

    def join_subtitles(self) -> None:
        """ "Satisfaction" is "(I Can't Get No) Satisfaction", where the artist has one subtitle to that name."""
        subtitles: dict[int, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
        dashed: dict[int, bool] = {}
        for parsed, node in zip(self.parsed, self.node_of, strict=True):
            if parsed is not None and parsed.subtitle is not None:
                without = self.nodes.get((parsed.subtitle.without, self.keys[node][1], ""))
                if without is not None and without != node:
                    subtitles[without][parsed.subtitle.key].add(node)
                    dashed[node] = parsed.subtitle.dash
        for without, by_key in subtitles.items():
            if len(by_key) == 1:
                for node in next(iter(by_key.values())):
                    self.union.join(without, node)
                    if dashed[node]:
                        self.others.add(node)

    def join_covers(self) -> None:
        """Karaoke, tributes and covers: with the song they name, or with the only song of that name."""
        by_title: dict[str, set[int]] = defaultdict(set)
        marked: list[tuple[ParsedTitle, int]] = []
        for parsed, node in zip(self.parsed, self.node_of, strict=True):
            if parsed is None or parsed.generic or not self.keys[node][1]:
                continue
            if {"cover", "karaoke"} & set(parsed.kinds):
                marked.append((parsed, node))
            else:
                by_title[parsed.work_title].add(node)
        for parsed, node in marked:
            named = self._named(parsed)
            if named is not None:
                self.union.join(node, named)
                continue
            if parsed.original is not None:
                self.union.join(node, self._absent(parsed))
                continue
            songs = {self.union.find(n) for n in by_title.get(parsed.work_title, ())}
            if len(songs) == 1 and tells_apart(parsed.work_title):
                self.union.join(node, songs.pop())

    def _named(self, parsed: ParsedTitle) -> int | None:
        if parsed.original is None:
            return None
        for name in (parsed.original, parsed.original.removeprefix("the "), *parsed.original.split(" and ")):
            node = self.nodes.get((parsed.work_title, name, ""))
            if node is not None:
                return node
        return None

    def _absent(self, parsed: ParsedTitle) -> int:
        """The node of a named original that the library does not hold, so that its covers still meet."""
        key = (parsed.work_title, parsed.original or "", "")
        if key not in self.nodes:
            self.nodes[key] = self.union.add()
            self.keys.append(key)
        return self.nodes[key]

    def join_same_names(self) -> None:
        """Unmarked covers: a title so particular that two songs would not share it."""
        by_title: dict[str, set[int]] = defaultdict(set)
        for parsed, node in zip(self.parsed, self.node_of, strict=True):
            if parsed is not None and not parsed.generic and self.keys[node][1]:
                by_title[parsed.work_title].add(node)
        for title, nodes in by_title.items():
            roots = {self.union.find(n) for n in nodes}
            if len(roots) < 2 or not is_distinctive(title):
                continue
            first = min(sorted(nodes), key=self._age)
            original = self.union.find(first)
            self.covers |= {n for n in nodes if self.union.find(n) != original}
            for node in nodes:
                self.union.join(node, first)

    def _age(self, node: int) -> tuple[str, float, int, int]:
        """Sorts the likeliest original first: released first, then popular, most recordings, first in the table."""
        tracks = [self.recordings[t] for t in self.members[node]]
        marked = any(
            {"cover", "karaoke"} & set(p.kinds)
            for t in self.members[node]
            if (p := self.parsed[t]) is not None
        )
        dates = [t.release_date[:4] for t in tracks if t.release_date]
        return (
            "~" if marked else min(dates, default="9999"),
            -max((t.popularity or 0.0 for t in tracks), default=0.0),
            -len(tracks),
            node,
        )


@lru_cache(maxsize=100_000)
def tells_apart(work_title: str) -> bool:
    """Whether a title is particular enough for a track that calls itself a cover: two words, or a long rare one."""
    tokens = work_title.split()
    rare = [t for t in tokens if t not in words.COMMON]
    return (len(tokens) >= 2 and bool(rare)) or len(tokens) >= 3 or any(len(t) >= 8 for t in rare)


@lru_cache(maxsize=100_000)
def is_distinctive(work_title: str) -> bool:
    """Whether two different songs would hardly share this title: four words or more, three of them uncommon.

    "Smells Like Teen Spirit" is; "Hello", "The Power of Love", "All I Want for Christmas Is You" and figures of
    speech such as "Survival of the Fittest" are not. English only: the list of common words is.
    """
    tokens = work_title.split()
    if len(tokens) < 4 or len(work_title) < 18 or not work_title.isascii() or set(tokens) & words.NOT_TOLD:
        return False
    rare = {t for t in tokens if t not in words.COMMON and len(t) >= 3 and not t.isdigit()}
    return len(rare) >= 3 and bool(set(tokens) & words.ENGLISH)


def group(tracks: Iterable[Recording]) -> list[Grouped]:
    """Gather `tracks` into works.

    Tracks are one work when their titles without version, guests and packaging are alike and they share an artist
    (the main artist of one is credited on the other, a remixer not counting); when a cover, karaoke or tribute
    track names the song; or, across artists, when the title is too particular for two songs (`is_distinctive`).
    "Intro", "Interlude" and their like are one work only on one album. Podcasts, audiobooks and tracks without a
    title are works by themselves.

    Returns:
        One `Grouped` for each track, in order. `work_id` depends only on the titles and artists in the work, not
        on the order of the tracks.
    """
    works = _Works(tracks if isinstance(tracks, Sequence) else list(tracks))
    works.join_credits()
    works.join_generic()
    works.join_subtitles()
    works.join_covers()
    works.join_same_names()
    roots = [works.union.find(node) for node in works.node_of]
    names: dict[int, _Key] = {}
    for node, key in enumerate(works.keys):
        root = works.union.find(node)
        names[root] = min(names.get(root, key), key)
    ids = {root: _work_id(key) for root, key in names.items()}
    kinds = [_kinds(works, track) for track in range(len(works.recordings))]
    with_plain = {root for root, k in zip(roots, kinds, strict=True) if not k}
    grouped = []
    for root, found in zip(roots, kinds, strict=True):
        # A credit to guests sets a version apart only where the work also comes without them.
        if found == ("feat.",) and root not in with_plain:
            found = ()
        grouped.append(Grouped(ids[root], found[0] if found else words.ORIGINAL, found))
    return grouped


def _kinds(works: _Works, track: int) -> tuple[str, ...]:
    parsed = works.parsed[track]
    if parsed is None:
        return ()
    if works.node_of[track] in works.covers and not {"cover", "karaoke"} & set(parsed.kinds):
        return tuple(sorted({"cover", *parsed.kinds}, key=words.RANK.__getitem__))
    if not parsed.kinds and works.node_of[track] in works.others:
        return ("alternate",)
    return parsed.kinds


def _work_id(key: _Key) -> str:
    digest = hashlib.blake2b("\x1f".join(key).encode(), digest_size=8)
    return f"w:{digest.hexdigest()}"


def assign_versions(tracks: pa.Table) -> pa.Table:
    """The `tracks` table with its columns `work_id` and `version` filled anew; nothing else is touched.

    Args:
        tracks: a table of `segue.library.tables.TRACKS`.
    """
    import pyarrow as pa

    def column(name: str) -> list:
        return tracks.column(name).to_pylist()

    recordings = [
        Recording(title, tuple(a for a in artists or () if a), album, released, popularity, track, medium)
        for title, artists, album, released, popularity, track, medium in zip(
            *map(column, ("title", "artists", "album", "release_date", "popularity", "track_id", "medium")),
            strict=True,
        )
    ]
    grouped = group(recordings)
    for name, values in (
        ("work_id", [g.work_id for g in grouped]),
        ("version", [g.version for g in grouped]),
    ):
        tracks = tracks.set_column(tracks.schema.get_field_index(name), name, pa.array(values, pa.string()))
    return tracks


def group_library(library: Library) -> int:
    """Group the tracks of `library` into works, anew and as a whole, and return the number of works.

    Raises:
        BusyError: another process is writing to the library.
    """
    with library.writing() as writer:
        tracks = assign_versions(library.arrow("tracks"))
        writer.rewrite("tracks", tracks)
    return len(tracks.column("work_id").unique())


__all__ = [
    "Grouped",
    "Recording",
    "assign_versions",
    "group",
    "group_library",
    "is_distinctive",
    "is_generic",
    "tells_apart",
]
