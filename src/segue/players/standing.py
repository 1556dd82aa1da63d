"""What changed in how songs stand on a player, as pages that `library/readers/player_songs.py` reads.

A player that keeps a count and the time of the last play tells one play with its time at each pull; the
count holds that play, too. So of the count only what was never told with a time is told as a count. It can
only grow, as the library expects of counts: each play that is told with a time made the player's count
larger by one, or by more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from segue.players.base import Standing

TAKEN_BACK = "unlove"
Kept = dict[str, dict[str, Any]]  # by the player's id of the song


class Comparison:
    """Compares how songs stand with how they stood.

    Attributes:
        kept: how songs stand now, for the next time.

    Args:
        before: what was kept the last time; None at the first.
        now: Unix time, of words whose time the player does not tell.
        all_words: whether a word that is not told any more was taken back.
        plays: whether plays are wanted, not only words.
    """

    def __init__(self, before: Kept | None, now: int, *, all_words: bool = False, plays: bool = True) -> None:
        self._first, self._before = before is None, before or {}
        self._now, self._all_words, self._plays = now, all_words, plays
        self.kept: Kept = {}

    def changes(self, songs: Iterable[Standing]) -> Iterator[dict[str, Any]]:
        """What is to be said of songs that stand otherwise than before."""
        for each in songs:
            key, old = each.song.item, self._before.get(each.song.item, {})
            if key in self.kept:  # told twice, as where pages shifted
                continue
            at, timed = each.played_at, old.get("timed", 0)
            if not self._plays or (at is not None and at == old.get("played_at")):
                at = None
            # A play whose time was told is stored with it; only plays beyond these are a plain count.
            timed += at is not None
            counted = max(each.plays - timed, 0) if self._plays else 0
            row: dict[str, Any] = {}
            if counted and counted != old.get("counted"):
                row["plays"] = counted
            if at is not None:
                row["played_at"] = at
            if each.word != old.get("word"):
                row |= self._said(each)
            if row:
                yield _named(each) | row
            stands = {
                "played_at": each.played_at if self._plays else old.get("played_at"),
                "timed": timed,
                "counted": max(counted, old.get("counted", 0)),
                "word": each.word,
            }
            if any(stands.values()):
                self.kept[key] = stands | ({"named": _named(each)} if each.word and self._all_words else {})

    def gone(self) -> Iterator[dict[str, Any]]:
        """What is to be said of songs that were not told this time, once all were: call it last."""
        for key, old in self._before.items():
            if key in self.kept:
                continue
            if self._all_words and old.get("word") and "named" in old:
                yield old["named"] | {"word": TAKEN_BACK, "said_at": self._now}
            elif not self._all_words:
                self.kept[key] = old  # a file may come back

    def _said(self, each: Standing) -> dict[str, Any]:
        at = each.said_at if each.word is not None else None
        # What a player told at the first pull was said at some time before; later, about when it is noticed.
        at = at or (None if self._first else self._now)
        return {"word": each.word or TAKEN_BACK} | ({} if at is None else {"said_at": at})


def _named(each: Standing) -> dict[str, Any]:
    song = each.song
    told = {
        "title": song.title,
        "artists": list(song.artists),
        "album": each.album,
        "duration_ms": song.duration_ms,
        "mbid": song.mbids[0] if song.mbids else None,
        "isrc": song.isrcs[0] if song.isrcs else None,
    }
    return {name: value for name, value in told.items() if value}
