"""Reading what clients of ListenBrainz send, as strictly as ListenBrainz does and no more."""

from __future__ import annotations

import time
import uuid
from typing import Any

import orjson

from segue.service.inbox import Listen

SINGLE, IMPORT, PLAYING_NOW = "single", "import", "playing_now"
MOST = 1_000  # listens of an import
LARGEST = 10_240  # bytes of a listen
EARLIEST = 1_033_410_600  # Audioscrobbler's first, as ListenBrainz has it
AHEAD = 3_600  # seconds that a client's clock may be ahead
LONGEST = 24 * 86_400  # seconds of a track
DEEPEST = 12  # levels of lists and objects
_MSIDS = uuid.UUID("5a1f3c6e-6a43-5c1c-9e0e-5e9a3f1f7a10")
_MBIDS = ("recording_mbid", "release_mbid", "release_group_mbid", "track_mbid")
_LISTS_OF_MBIDS = ("artist_mbids", "work_mbids")


class Invalid(Exception):
    """What ListenBrainz would refuse, in its words: told as {"code": ..., "error": ...}."""

    def __init__(self, error: str, code: int = 400) -> None:
        super().__init__(error)
        self.error, self.code = error, code


def msid(artist: str, title: str) -> str:
    """The id of a recording that is known by names alone: the same for the same names."""
    return str(uuid.uuid5(_MSIDS, f"{artist.strip().lower()}\x1f{title.strip().lower()}"))


def parsed(body: bytes) -> dict[str, Any]:
    """The JSON object of a request, whatever its Content-Type says.

    Raises:
        Invalid: it is none.
    """
    try:
        value = orjson.loads(body)
    except ValueError as error:
        raise Invalid(f"Cannot parse JSON document: {error}") from None
    if not isinstance(value, dict):
        raise Invalid("Invalid JSON document submitted: an object is needed")
    return value


def submission(body: bytes) -> tuple[str, list[Listen]]:
    """The type and the listens of POST /1/submit-listens; of `playing_now`, listened_at is now.

    Raises:
        Invalid: ListenBrainz would refuse it.
    """
    value = parsed(body)
    kind, payload = value.get("listen_type"), value.get("payload")
    if kind not in (SINGLE, IMPORT, PLAYING_NOW):
        raise Invalid("JSON document requires a valid listen_type key.")
    if not isinstance(payload, list) or not payload:
        raise Invalid("JSON document does not contain any listens")
    if kind != IMPORT and len(payload) > 1:
        raise Invalid(f"JSON document contains more than listen for a {kind}. It should contain only one.")
    if len(payload) > MOST:
        raise Invalid(f"Too many listens. You may not submit more than {MOST} listens at once.")
    if len(body) > LARGEST * len(payload):
        raise Invalid(
            f"JSON document is too large. In total, listens may not be larger than {LARGEST} bytes."
        )
    return kind, [_listen(each, kind) for each in payload]


def _listen(value: Any, kind: str) -> Listen:
    if not isinstance(value, dict):
        raise Invalid("A listen must be an object")
    if extra := set(value) - {"listened_at", "track_metadata"}:
        shown = ", ".join(sorted(extra))[:200]
        raise Invalid(f"JSON document may only contain listened_at and track_metadata, not {shown}")
    if kind == PLAYING_NOW:
        if "listened_at" in value:
            raise Invalid("JSON document should not contain listened_at when submitting playing_now.")
        at = int(time.time())
    else:
        at = _moment(value.get("listened_at"))
    data = value.get("track_metadata")
    if not isinstance(data, dict):
        raise Invalid("JSON document requires track_metadata.")
    _refuse_strange(data)
    artist, title = (_name(data, key) for key in ("artist_name", "track_name"))
    release = data.get("release_name")
    if release is not None and not isinstance(release, str):
        raise Invalid("track_metadata.release_name must be a string.")
    kept = {"artist_name": artist, "track_name": title}
    if release and release.strip():
        kept["release_name"] = release
    info = data.get("additional_info")
    if info is not None:
        if not isinstance(info, dict):
            raise Invalid("track_metadata.additional_info must be an object.")
        if cleaned := _info(info):
            kept["additional_info"] = cleaned
    return Listen(at, msid(artist, title), kept)


def _moment(value: Any) -> int:
    if isinstance(value, str) and value.strip().isdecimal() and len(value) < 20:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise Invalid("JSON document requires listened_at, a whole number of seconds.")
    if not EARLIEST <= value < time.time() + AHEAD:
        raise Invalid(f"Value for key listened_at is too low or in the future: {value}")
    return value


def _name(data: dict[str, Any], key: str) -> str:
    value = data.get(key)
    if not isinstance(value, str) or not value.strip():
        raise Invalid(f"JSON document requires track_metadata.{key}.")
    return value


def _info(info: dict[str, Any]) -> dict[str, Any]:
    """What stays of additional_info: empty MBIDs go, bad ones are refused, lengths are made numbers."""
    if info.get("duration") is not None and info.get("duration_ms") is not None:
        raise Invalid("JSON document should not contain both duration and duration_ms.")
    kept = {}
    for key, value in info.items():
        if key in ("duration", "duration_ms"):
            if value is None:
                continue
            value = _length(key, value)
        elif key in _MBIDS:
            if value is None or value == "":
                continue
            value = mbid(value, key)
        elif key in _LISTS_OF_MBIDS:
            if not isinstance(value, list):
                if value is None or value == "":
                    continue
                raise Invalid(f"{key} must be a list of MBIDs.")
            value = [mbid(each, key) for each in value if each not in (None, "")]
            if not value:
                continue
        kept[key] = value
    return kept


def _length(key: str, value: Any) -> int:
    unit = 1000 if key == "duration_ms" else 1
    try:
        number = float(value) if not isinstance(value, bool) else -1.0
    except (TypeError, ValueError):
        number = -1.0
    if not 0 < number <= LONGEST * unit:
        raise Invalid(f"Value for {key} is invalid, should be a positive number of at most 24 days.")
    return max(1, int(number))


def mbid(value: Any, key: str) -> str:
    """An MBID, in lower case.

    Raises:
        Invalid: it is none.
    """
    try:
        if isinstance(value, str) and len(value) == 36:
            return str(uuid.UUID(value))
    except ValueError:
        pass
    raise Invalid(f"Submitted listen contains an invalid {key}: {str(value)[:60]!r}")


def _refuse_strange(value: Any, depth: int = 0) -> None:
    """NUL cannot be stored, and nobody nests so deep."""
    if depth > DEEPEST:
        raise Invalid("JSON document is nested too deep.")
    if isinstance(value, str) and "\0" in value:
        raise Invalid("JSON document contains a NUL character.")
    if isinstance(value, dict):
        for key, each in value.items():
            _refuse_strange(key, depth + 1)
            _refuse_strange(each, depth + 1)
    elif isinstance(value, list):
        for each in value:
            _refuse_strange(each, depth + 1)
