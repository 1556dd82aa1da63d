"""Lists from candidates by the rules, and what the rules say of any one track."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import NamedTuple

import numpy as np

from segue.playlists.rules.config import RulesConfig
from segue.playlists.rules.context import Candidates, Context, Listening
from segue.playlists.rules.filters import FILTERS, Asked
from segue.playlists.rules.hubs import standing
from segue.playlists.rules.making import Choice, Making
from segue.wording import times


class Verdict(NamedTuple):
    """What one rule says of one track."""

    rule: str
    out: bool
    because: str  # empty where the rule lets it pass


class Rules:
    """Makes lists for one listener after another. Threads may share one.

    Args:
        context: the catalogue.
        config: what a list is like.
        day: of the lists, which says what is in season; today if it is left out.
    """

    def __init__(self, context: Context, config: RulesConfig | None = None, day: date | None = None) -> None:
        self.context = context
        self.config = config or RulesConfig()
        self.day = day or datetime.now(UTC).date()

    def choose(self, listening: Listening, candidates: Candidates) -> Choice:
        """The list of one listener."""
        made = Making(self.context, self.config, self.day, listening, candidates)
        try:
            return made.choice()
        finally:
            made.clear()

    def why_not(self, listening: Listening, candidates: Candidates, track: int) -> list[Verdict]:
        """What each rule says of `track`, in order; the last verdict is whether it is on the list.

        A track that nothing speaks against but that is on no list was no candidate, or others stood higher.
        """
        choice = self.choose(listening, candidates)
        on_list = bool((choice.tracks == track).any())
        context, number = self.context, np.array([track], np.int32)
        place = np.flatnonzero(candidates.tracks == track)
        stands = standing(candidates.scores)[place] if len(place) else np.array([np.inf], np.float32)
        asked = Asked(context, listening, self.config, number, self.day, stands)
        verdicts = [_verdict(rule.name, bool(rule.mask(asked)[0]), rule.because) for rule in FILTERS]
        same_song = choice.tracks[context.work[choice.tracks] == context.work[track]]
        verdicts.append(
            _verdict("versions", len(same_song) > 0 and not on_list, "another version of it is on the list")
        )
        verdicts += self._caps(choice, track, on_list)
        if not on_list:
            related = candidates.tracks[context.work[candidates.tracks] == context.work[track]]
            if not len(related):
                verdicts.append(
                    Verdict(
                        "candidate",
                        True,
                        "others suit what was played better: it is none of the "
                        f"{len(candidates.tracks):,} tracks from which the list is chosen",
                    )
                )
            elif not any(v.out for v in verdicts):
                verdicts.append(Verdict("list full", True, "others suit better"))
        verdicts.append(_verdict("on the list", not on_list, "it is not on the list"))
        return verdicts

    def _caps(self, choice: Choice, track: int, on_list: bool) -> list[Verdict]:
        context, config = self.context, self.config
        artists = context.credited(track)
        most = 0
        if len(artists) and len(choice.tracks):
            listed = np.concatenate([context.credited(t) for t in choice.tracks.tolist()])
            most = max(int((listed == artist).sum()) for artist in artists)
        album = context.album[track]
        in_album = int((context.album[choice.tracks] == album).sum()) if album >= 0 else 0
        return [
            _verdict(
                "artist cap",
                most >= config.per_artist and not on_list,
                f"an artist on it is on the list {times(most)} already",
            ),
            _verdict(
                "album cap",
                in_album >= config.per_album and not on_list,
                f"its album is on the list {times(in_album)} already",
            ),
        ]


def _verdict(rule: str, out: bool, because: str) -> Verdict:
    return Verdict(rule, out, because if out else "")
