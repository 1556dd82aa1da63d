"""Recordings gathered into works: which tracks are versions of one song."""

from __future__ import annotations

import contextlib
import gc
import hashlib
from collections import defaultdict
from collections.abc import Generator, Iterable, Sequence
from itertools import combinations
from typing import NamedTuple

from segue.library.versions import words
from segue.library.versions.classical import Piece, pieces
from segue.library.versions.covers import known_covers, of_album, tells_apart
from segue.library.versions.text import main_artist, spelling, title_key
from segue.library.versions.titles import ParsedTitle, parse_title


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


def _persons(keys: Sequence[str]) -> set[str]:
    """Keys without the joint names made of others: "simon and garfunkel" of "simon" and "garfunkel"."""
    return {k for k in keys if not any(j != k and f" {j} " in f" {k} " for j in keys)}


def _parsed(recording: Recording) -> ParsedTitle:
    """The title taken apart; what is on an album of covers is a cover."""
    parsed = parse_title(recording.title or "", recording.artists)
    kind, original = of_album(recording.album) if recording.album else (None, None)
    if kind is None or {"cover", "karaoke"} & set(parsed.kinds):
        return parsed
    kinds = tuple(sorted({kind, *parsed.kinds}, key=words.RANK.__getitem__))
    return parsed._replace(kinds=kinds, original=parsed.original or original)


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
            # The lower number leads whatever the order of the joins.
            self.parent[max(a, b)] = min(a, b)


_Key = tuple[str, str, str]  # work title, main artist, album or track where the title alone says nothing


def _of_show(recording: Recording) -> _Key | None:
    """An episode of a show or chapter of a book whose title says which: services give one several ids."""
    if recording.medium in (None, "song") or not recording.title or not recording.artists:
        return None
    title, show = title_key(recording.title), main_artist(recording.artists)
    telling = [
        w for w in title.split() if not (any(c.isdigit() for c in w) or w in words.GENERIC | words.EPISODE)
    ]
    return (title, show, f"\0{recording.medium}") if telling and show else None


class _Works:
    """The nodes (one song by one main artist) and what joins them."""

    def __init__(self, recordings: Sequence[Recording]) -> None:
        self.recordings = recordings
        self.parsed: list[ParsedTitle | None] = [
            _parsed(r) if r.title and r.medium in (None, "song") else None for r in recordings
        ]
        self.union = _Union()
        self.nodes: dict[_Key, int] = {}
        self.node_of = [self._node(i) for i in range(len(recordings))]
        self.keys = list(self.nodes)
        self.members: dict[int, list[int]] = defaultdict(list)
        for track, node in enumerate(self.node_of):
            self.members[node].append(track)
        self.covers: set[int] = set()  # nodes found to be covers without a word of it in their titles
        self.others: set[int] = set()  # nodes with an end after a dash that says some version, but not which

    def _node(self, track: int) -> int:
        parsed, recording = self.parsed[track], self.recordings[track]
        own = f"\0{recording.track_id or track}"
        if parsed is None:
            key = _of_show(recording) or ("", "", own)
        else:
            main = next((a for a in parsed.artists_key if a not in words.NO_ARTIST), "")
            if parsed.generic or not main:
                album = parse_title(recording.album, ()).work_title if recording.album else ""
                key = (parsed.work_title, main, album or own)
            else:
                key = (parsed.work_title, main, "")
        node = self.nodes.get(key)
        if node is None:
            node = self.nodes[key] = self.union.add()
        return node

    def join_spellings(self) -> None:
        """ "Lovin' You" is the artist's "Loving You", "Every Day" "Everyday"."""
        alike: dict[tuple[str, str], int] = {}
        for node, (title, main, place) in enumerate(self.keys):
            if main and not place:
                self.union.join(node, alike.setdefault((spelling(title), main), node))

    def join_credits(self) -> None:
        """One song in another order of credits: "Lean On" by Major Lazer, and by DJ Snake & Major Lazer."""
        guests: dict[int, set[int]] = defaultdict(set)
        for parsed, node in zip(self.parsed, self.node_of, strict=True):
            if parsed is None or parsed.generic:
                continue
            for name in parsed.artists_key[1:]:
                other = self.nodes.get((parsed.work_title, name, ""))
                if other is not None and other != node and self._nested(node, other):
                    guests[other].add(node)
        for other, nodes in guests.items():
            # A guest on two artists' songs of one name, who has a third of that name, tells nothing.
            if all(self._nested(a, b) for a, b in combinations(sorted(nodes), 2)):
                for node in nodes:
                    self.union.join(node, other)

    def _nested(self, a: int, b: int) -> bool:
        """Whether all who are credited on a recording of one are on a recording of the other, or the reverse.

        Rita Ora's "R.I.P." with Tinie Tempah is not Sofia Reyes's "R.I.P." with Rita Ora and Anitta.
        """
        return any(here <= there or there <= here for here in self._persons(a) for there in self._persons(b))

    def _persons(self, node: int) -> list[set[str]]:
        """Who is credited on each recording of a node, joint names aside."""
        credited = (self.parsed[track] for track in self.members[node][:20])
        return [_persons(parsed.artists_key) for parsed in credited if parsed is not None]

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
        """ "Satisfaction" is "(I Can't Get No) Satisfaction", if the artist has one subtitle to that name."""
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
        named = parsed.original  # "adeles" where it says "Adele's Cover"
        for name in (named, named.removeprefix("the "), named.removesuffix("s"), *named.split(" and ")):
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

    def join_known_covers(self) -> None:
        """What titles cannot tell: `known_covers`."""
        known = known_covers()
        sung: dict[tuple[str, str], list[int]] = defaultdict(list)
        for node, (title, main, _) in enumerate(self.keys):
            original = known.get((title, main))
            if original is not None:
                sung[title, original].append(node)
        for (title, original), nodes in sung.items():
            if (title, original, "") in self.nodes:
                self.covers |= {n for n in nodes if self.keys[n][1] != original}
            for node in nodes[1:]:
                self.union.join(nodes[0], node)

    def join_pieces(self) -> None:
        """Recordings of one piece of classical music, whoever plays it: `classical.pieces`."""
        known: dict[Piece, int] = {}
        for parsed, recording, node in zip(self.parsed, self.recordings, self.node_of, strict=True):
            if parsed is not None:
                for piece in pieces(parsed.title, recording.artists):
                    self.union.join(node, known.setdefault(piece, node))


def group(tracks: Iterable[Recording]) -> list[Grouped]:
    """Gather `tracks` into works.

    Tracks are one work when their titles without version, guests and packaging are alike and they share an
    artist (the main artist of one is credited on the other, a remixer not counting); when a cover, karaoke or
    tribute track names the song; when the cover is known (`known_covers`); or when both are one piece of a
    composer (`classical.pieces`). A title alone never joins two artists. "Intro", "Interlude" and their like
    are one work only on one album. Podcasts, audiobooks and tracks without a title are works by themselves.

    Returns:
        One `Grouped` for each track, in order. `work_id` comes from the titles and artists in the work, not
        from the order of the tracks.
    """
    with _no_collection():
        return _group(tracks if isinstance(tracks, Sequence) else list(tracks))


@contextlib.contextmanager
def _no_collection() -> Generator[None]:
    """Hold the garbage collector back: it would walk millions of tuples, none of them garbage, many times."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _group(tracks: Sequence[Recording]) -> list[Grouped]:
    works = _Works(tracks)
    works.join_spellings()
    works.join_credits()
    works.join_generic()
    works.join_subtitles()
    works.join_covers()
    works.join_known_covers()
    works.join_pieces()
    roots = [works.union.find(node) for node in works.node_of]
    names: dict[int, _Key] = {}
    for node, key in enumerate(works.keys):
        root = works.union.find(node)
        # By its smallest key, and not by the track that came first: ids are the same in whatever order songs
        # were imported.
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
        return (*parsed.kinds, "cover")  # another's song, but first of all this artist's live version of it
    if not parsed.kinds and works.node_of[track] in works.others:
        return ("alternate",)
    return parsed.kinds


def _work_id(key: _Key) -> str:
    digest = hashlib.blake2b("\x1f".join(key).encode(), digest_size=8)
    return f"w:{digest.hexdigest()}"
