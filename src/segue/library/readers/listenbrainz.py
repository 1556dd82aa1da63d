"""ListenBrainz: a user's export, the public dumps of listens and feedback, and answers of the API.

    listen     JSON lines of listens/<year>/<month>.jsonl or .listens; {"payload": {"listens": [...]}} of
               the API; {"listen_type": ..., "payload": [...]} as players submit it
    feedback   feedback.jsonl; {"feedback": [...]} of the API; feedback/listens/.../data.json of a dump

`listened_at` is when a play began. In a dump of many users a row's listener is "listenbrainz:<user name>";
what Segue's service was sent has the library's own `listener_id`.
`additional_info` is whatever a player put there, so a strange value in it is left out and the listen stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from segue.errors import FormatError
from segue.library.exactness import Times
from segue.library.readers.base import Reader, ReadOptions, converted
from segue.library.readers.fields import (
    Malformed,
    identified,
    integer,
    isrc,
    mapping,
    mbid,
    milliseconds,
    names,
    or_none,
    required,
    seconds,
    sequence,
    shown,
    spotify_id,
    text,
)
from segue.library.readers.json_stream import Path, items, json_lines, shape
from segue.library.readers.times import Clock
from segue.library.rows import Feedback, Listen, Row, TrackRef
from segue.library.sources import Entry

_SCORES = {1: "love", 0: "unlove", -1: "hate"}
_OTHERS = {
    frozenset({"user_id", "username"}): "who the export is of",
    frozenset({"recording_msid", "recording_mbid", "blurb_content", "pinned_until", "created"}): (
        "pins are notes to other people"
    ),
}
# Where the rows are in JSON of the API, and how deep.
_LISTENS = {"payload.listens[]": 3, "payload[]": 2, "[]": 1}
_FEEDBACK = {"feedback[]": 2, "[]": 1}


class ListenBrainz(Reader):
    name = "listenbrainz"
    title = "ListenBrainz (user export, dumps of listens and feedback, answers of the API)"
    times: ClassVar = {"listenbrainz": Times(scrobbled=True)}

    def recognises(self, name: str, head: bytes) -> bool:
        return _kind(head) is not None or self.passes_over(name, head) is not None

    def passes_over(self, name: str, head: bytes) -> str | None:
        return _OTHERS.get(shape(head))

    def read(self, entry: Entry, options: ReadOptions) -> Iterator[Row]:
        head, clock = entry.head(), options.clock()
        if self.passes_over(entry.name, head):
            return
        kind = _kind(head)
        if kind is None:
            raise FormatError(
                f"{entry.name} is not from ListenBrainz",
                expected="listens with track_metadata, or feedback with a score",
            )
        depth, convert = kind
        if depth:
            rows, place = _nested(entry, depth), "item"
            who: Callable[[dict[str, Any]], str] = lambda row: options.listener  # noqa: E731
        else:
            rows, place = json_lines(entry), "line"
            who = lambda row: _listener(row, options)  # noqa: E731
        yield from converted(rows, place, lambda row: convert(mapping(row, "the row"), who(row), clock))


def listen(row: dict[str, Any], listener: str, clock: Clock) -> Listen:
    """A listen, in any of the shapes."""
    when = row.get("listened_at", row.get("timestamp"))
    if when is None:
        raise Malformed("listened_at is missing: playing now, not a listen yet")
    data = mapping(row.get("track_metadata"), "track_metadata")
    info = or_none(mapping, data.get("additional_info")) or {}
    played_ms = or_none(seconds, info.get("duration_played"))
    return Listen(
        listener,
        _track(data, info),
        clock.time(when, "listened_at"),
        played_ms if played_ms is not None else or_none(milliseconds, info.get("ms_played")),
    )


def _track(data: dict[str, Any], info: dict[str, Any]) -> TrackRef:
    mapped = or_none(mapping, data.get("mbid_mapping")) or {}
    credits = or_none(sequence, mapped.get("artists")) or []
    artists = tuple(
        name
        for each in credits
        if isinstance(each, dict) and (name := text(each.get("artist_credit_name"), ""))
    )
    duration = or_none(milliseconds, info.get("duration_ms"))
    return identified(
        TrackRef(
            required(data.get("track_name"), "track_name"),
            artists or names(data.get("artist_name"), "artist_name"),
            or_none(text, data.get("release_name")),
            duration or or_none(seconds, info.get("duration")) or None,
            spotify_id(info.get("spotify_id")),
            mbid(info.get("recording_mbid")) or mbid(mapped.get("recording_mbid")),
            isrc(info.get("isrc")),
        )
    )


def feedback(row: dict[str, Any], listener: str, clock: Clock) -> Feedback:
    """A love or hate. A MessyBrainz id (recording_msid) alone is not enough: it names no track elsewhere."""
    score = integer(row.get("score", row.get("feedback")), "score", -1, 1)
    if score is None:
        raise Malformed(f"the score is missing: {shown(row)}")
    data = or_none(mapping, row.get("track_metadata")) or {}
    mapped = or_none(mapping, data.get("mbid_mapping")) or {}
    track = TrackRef(
        text(data.get("track_name"), "track_name"),
        names(data.get("artist_name"), "artist_name"),
        or_none(text, data.get("release_name")),
        mbid=mbid(row.get("recording_mbid")) or mbid(mapped.get("recording_mbid")),
    )
    return Feedback(listener, identified(track), _SCORES[score], or_none(clock.time, row.get("created")))


def _kind(head: bytes) -> tuple[int, Callable[[dict[str, Any], str, Clock], Row]] | None:
    """How deep the rows are (0 for JSON lines), and what turns one into a row of ours."""
    found = shape(head)
    if "track_metadata.track_name" in found and not found.isdisjoint({"listened_at", "timestamp"}):
        return 0, listen
    for place, depth in _LISTENS.items():
        if f"{place}.track_metadata.track_name" in found and f"{place}.score" not in found:
            return depth, listen
    marks = ({"score"}, {"feedback", "user_name"})
    ids = {"recording_mbid", "recording_msid"}
    if any(mark <= found for mark in marks) and found & ids:
        return 0, feedback
    for place, depth in _FEEDBACK.items():
        if f"{place}.score" in found and found & {f"{place}.{id}" for id in ids}:
            return depth, feedback
    return None


def _listener(row: dict[str, Any], options: ReadOptions) -> str:
    if "listener_id" in row:  # of this library itself: what the service was sent
        return required(row["listener_id"], "listener_id")
    user = row.get("user_name", row.get("user_id"))
    return options.listener if user is None else f"listenbrainz:{required(user, 'user_name')}"


def _nested(entry: Entry, depth: int) -> Iterator[tuple[int, Any]]:
    """Rows out of one JSON document; the first list at that depth is theirs."""

    def enter(path: Path) -> bool:
        return len(path) < depth and all(
            key in ("payload", "listens", "feedback") or key == 0 for key in path
        )

    number = 0
    for path, value in items(entry, enter):
        if isinstance(value, Malformed) or (len(path) == depth and isinstance(path[-1], int)):
            number += 1
            yield number, value
