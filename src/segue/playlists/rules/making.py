"""One listener's list in the making: the filters, one version of a song, the caps, the familiar share.

If the rules leave too few tracks, they give way in the order of `RELAXED`, one after another, and only as
far as needed; the list says so in its notes. Bans, tastes left out, medium, explicit tracks, children's
music, music of another season, one version of a song and "already heard" never give way.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

import numpy as np

from segue.playlists.rules import kernels
from segue.playlists.rules.config import RulesConfig
from segue.playlists.rules.context import Candidates, Context, Floats, Ints, Listening
from segue.playlists.rules.filters import ALWAYS, EARLIER, FILTERS, HUBS, Asked, Rule
from segue.playlists.rules.hubs import standing
from segue.playlists.rules.versions import one_version, tendency, with_versions
from segue.wording import count

NO_CAP = np.iinfo(np.int32).max
FAMILIAR = -2  # as a source: a favourite that was not played for long
_CAP = {kernels.ARTIST: "artist cap", kernels.ALBUM: "album cap", kernels.NOT_REACHED: "list full"}


class Relaxation(NamedTuple):
    """A rule that gives way where there is too little else, and what is said of a track that it let come."""

    rule: str  # its name, or that of a cap
    note: str  # {per_artist} and {per_album} are the caps, {artist} what the first is of


# In the order in which they give way. A filter with a line here needs nothing else to be one that does.
RELAXED = (
    Relaxation(HUBS.name, "by artists who would be on everybody's list"),
    Relaxation("album cap", "over the usual {per_album} of an album"),
    Relaxation("artist cap", "over the usual {per_artist} of {artist}"),
    Relaxation(EARLIER.name, "from the lists of earlier weeks"),
    Relaxation("familiar share", "favourites beyond the familiar share"),
)


class Entry(NamedTuple):
    """One place of the list."""

    track: int
    score: float
    source: int
    candidate: int
    place: int | None  # among the tracks that the rules were asked about


@dataclass(frozen=True)
class Choice:
    """A list in order, and how it came about.

    Attributes:
        tracks: (n,) track numbers.
        scores: (n,) scores of the candidates they stand for; familiar tracks have none of their own (NaN).
        sources: (n,) who proposed them, `FAMILIAR` for long-unplayed favourites.
        stands_for: (n,) the candidate proposed; another number than the track where another version is taken.
        notes: what the listener should know.
        removed: how many tracks each rule took out, by its name; each track counts once, for the first rule.
    """

    tracks: Ints
    scores: Floats
    sources: Ints
    stands_for: Ints
    notes: tuple[str, ...]
    removed: dict[str, int]


class Making:
    """One listener's list in the making."""

    def __init__(
        self,
        context: Context,
        config: RulesConfig,
        day: date,
        listening: Listening,
        candidates: Candidates,
    ) -> None:
        self.context, self.config, self.day, self.listening = context, config, day, listening
        # Counts, zero before and after.
        self.on_artist, self.on_album = context.on_artist.array, context.on_album.array
        order = np.argsort(-candidates.scores, kind="stable")
        self.candidates = replace(
            candidates,
            tracks=candidates.tracks[order],
            scores=candidates.scores[order],
            sources=candidates.sources[order],
        )
        self.wanted = tendency(self.context, listening, self.config)
        self.tracks, self.stands_for = with_versions(self.context, self.candidates.tracks)
        stands = standing(self.candidates.scores)[self.stands_for]
        asked = Asked(self.context, listening, self.config, self.tracks, day, stands)
        self.out = {rule.name: rule.mask(asked) for rule in FILTERS}
        self.removed: dict[str, int] = {}
        self.new: list[Entry] = []
        self.old: list[Entry] = []  # favourites that were not played for long
        self.tastes: dict[int, int] = {}  # the tastes of these that may come

    def choice(self) -> Choice:
        """The list, with what gave way."""
        config = self.config
        n = config.tracks
        familiar = self._familiar()
        share = min(round(config.familiar * n), len(familiar))
        # Only this first round is counted: what it takes out is what the rules took out. Later ones let some
        # of it in.
        self._fill(n - share, FILTERS, config.per_artist, config.per_album, count=True)
        self._take_familiar(familiar, share)
        notes: tuple[str, ...] = ()
        if len(self.new) + len(self.old) < n:
            # Other new tracks in the place of favourites that are lacking; then rules give way; at last come
            # more favourites than were asked for.
            self._fill(n - len(self.old), FILTERS, config.per_artist, config.per_album)
            self._relax(n - len(self.old))
            asked_for = len(self.old)
            self._take_familiar(familiar, n - len(self.new) - asked_for)
            notes = self._notes(len(self.old) - asked_for)
        listed = _spread(self.new, self.old)
        return Choice(
            tracks=np.array([e.track for e in listed], np.int32),
            scores=np.array([e.score for e in listed], np.float32),
            sources=np.array([e.source for e in listed], np.int32),
            stands_for=np.array([e.candidate for e in listed], np.int32),
            notes=notes,
            removed=self.removed,
        )

    def clear(self) -> None:
        """Set the scratch counts back."""
        tracks = np.array([entry.track for entry in (*self.new, *self.old)], np.int32)
        context = self.context
        # Taken back track by track: the counts are shared scratch of this thread, as long as the catalogue
        # has artists and albums.
        kernels.uncount(tracks, context.first, context.artists, context.album, self.on_artist, self.on_album)

    def _relax(self, wanted: int) -> None:
        """Let rules give way one after another, until the list has `wanted` new tracks or nothing helps."""
        rules, per_artist, per_album = FILTERS, self.config.per_artist, self.config.per_album
        for name, _ in RELAXED:
            rules = tuple(rule for rule in rules if rule.name != name)
            per_artist = NO_CAP if name == "artist cap" else per_artist
            per_album = NO_CAP if name == "album cap" else per_album
            self._fill(wanted, rules, per_artist, per_album)

    def _notes(self, more_familiar: int) -> tuple[str, ...]:
        """What gave way, counted on the list itself, in the order of `RELAXED`."""
        context, config = self.context, self.config
        on_artist: Counter[int] = Counter()
        on_album: Counter[int] = Counter()
        broken: Counter[str] = Counter()
        for entry in (*self.old[: len(self.old) - more_familiar], *self.new):
            artists = context.credited(entry.track).tolist()
            album = int(context.album[entry.track])
            broken["artist cap"] += any(on_artist[a] >= config.per_artist for a in artists)
            broken["album cap"] += album >= 0 and on_album[album] >= config.per_album
            on_artist.update(artists)
            on_album[album] += 1
            if entry.place is not None:
                for name, _ in RELAXED:
                    broken[name] += name in self.out and bool(self.out[name][entry.place])
        broken["familiar share"] = more_familiar
        notes, noun = [], "episode" if config.medium == "podcast" else "track"
        for name, note in RELAXED:
            if taken := broken[name]:
                tracks = count(taken, f"{noun} is", f"{noun}s are")
                caps = {"per_artist": config.per_artist, "per_album": config.per_album}
                saying = note.format(**caps, artist="a show" if config.medium == "podcast" else "an artist")
                notes.append(f"{tracks} {saying}: there was too little else.")
        listed = len(self.new) + len(self.old)
        if not listed and not len(self.listening.heard):
            notes.append("Nothing is known of this listener yet.")
        elif listed < config.tracks:
            why = "the rules leave no more" if listed < len(self.candidates.tracks) else "there are no more"
            notes.append(f"The list has {count(listed, noun)} instead of {config.tracks}: {why}.")
        return tuple(notes)

    def _fill(
        self,
        wanted: int,
        rules: tuple[Rule, ...],
        per_artist: int,
        per_album: int,
        *,
        count: bool = False,
    ) -> None:
        """Add new tracks to the list until it has `wanted` of them, under these rules."""
        if len(self.new) >= wanted:
            return
        context = self.context
        out = np.zeros(len(self.tracks), bool)
        for rule in rules:
            mask = self.out[rule.name]
            if count:
                new = int((mask & ~out).sum())
                if new:
                    self.removed[rule.name] = new
            out |= mask
        listed = np.array([e.track for e in self.new], np.int32)
        if len(listed):
            out |= context.work_marks.among(context.work[self.tracks], context.work[listed])
        proposed = np.arange(len(self.tracks)) < len(self.candidates.tracks)
        # Asked after the other rules, so that a version that may not come keeps no other one from coming.
        gives_way = one_version(context, self.tracks, self.stands_for, ~out, self.wanted, proposed)
        if count and (new := int((gives_way & ~out).sum())):
            self.removed["versions"] = new
        left = np.flatnonzero(~(out | gives_way))
        left = left[np.argsort(self.stands_for[left], kind="stable")]
        stands_for = self.stands_for[left]
        sources = self.candidates.sources[stands_for]
        shares = self.candidates.shares
        picked, outcome = kernels.pick(
            self.tracks[left],
            sources,
            np.empty(0, np.float32) if shares is None else shares.astype(np.float32),
            wanted - len(self.new),
            context.first,
            context.artists,
            context.album,
            min(per_artist, NO_CAP),
            min(per_album, NO_CAP),
            self.on_artist,
            self.on_album,
        )
        if count:
            for code, name in _CAP.items():
                if new := int((outcome == code).sum()):
                    self.removed[name] = new
        for place in picked.tolist():
            candidate = int(stands_for[place])
            self.new.append(
                Entry(
                    track=int(self.tracks[left[place]]),
                    score=float(self.candidates.scores[candidate]),
                    source=int(sources[place]),
                    candidate=int(self.candidates.tracks[candidate]),
                    place=int(left[place]),
                )
            )

    def _familiar(self) -> Ints:
        """Favourites not played for long that lasting rules and earlier weeks allow, the dearest first."""
        listening, config = self.listening, self.config
        if not config.familiar or not len(listening.days_ago):
            return np.empty(0, np.int32)
        old = np.flatnonzero(
            (listening.days_ago >= config.unplayed_days) & (listening.plays >= config.favourite_plays)
        )
        # Played often and not for long: each doubling of either counts alike.
        dear = np.log2(listening.plays[old]) + np.log2(
            listening.days_ago[old] / max(config.unplayed_days, 1.0) + 1
        )
        old = old[np.argsort(-dear, kind="stable")][: 4 * config.tracks]
        tracks = listening.heard[old]
        self.tastes = dict(zip(tracks.tolist(), listening.tastes[old].tolist(), strict=True))
        stands = np.full(len(tracks), np.inf, np.float32)
        asked = Asked(self.context, listening, config, tracks, self.day, stands)
        out = np.zeros(len(tracks), bool)
        for rule in (*ALWAYS, EARLIER):
            out |= rule.mask(asked)
        # Lately heard in another version is not long unplayed.
        # Turned round, so that NaN, a time that is not known, counts as late.
        late = listening.heard[~(listening.days_ago >= config.unplayed_days)]
        context = self.context
        out |= context.work_marks.among(context.work[tracks], context.work[late])
        tracks = tracks[~out]
        every, order = np.ones(len(tracks), bool), np.arange(len(tracks), dtype=np.int32)
        return tracks[~one_version(context, tracks, order, every, self.wanted, every)]

    def _take_familiar(self, tracks: Ints, wanted: int) -> None:
        """Take up to `wanted` more of `tracks` within the caps, of each taste by its share."""
        if self.old:
            tracks = tracks[~np.isin(tracks, [e.track for e in self.old])]
        if wanted <= 0 or not len(tracks):
            return
        context, config = self.context, self.config
        picked, _ = kernels.pick(
            tracks,
            np.array([self.tastes[track] for track in tracks.tolist()], np.int32),
            self.candidates.shares_of_tastes,
            wanted,
            context.first,
            context.artists,
            context.album,
            config.per_artist,
            config.per_album,
            self.on_artist,
            self.on_album,
        )
        self.old += [Entry(t, float("nan"), FAMILIAR, t, None) for t in tracks[picked].tolist()]


def _spread(new: list[Entry], old: list[Entry]) -> list[Entry]:
    """The old ones spread evenly among the new, a new one first."""
    n = len(new) + len(old)
    if not old:
        return new
    places = {min(n - 1, int((i + 0.7) * n / len(old))) for i in range(len(old))} if n else set()
    fresh, familiar = iter(new), iter(old)
    result = []
    for place in range(n):
        first, second = (familiar, fresh) if place in places else (fresh, familiar)
        item = next(first, None)
        result.append(item if item is not None else next(second))
    return result
