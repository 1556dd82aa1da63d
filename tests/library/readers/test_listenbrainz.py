"""ListenBrainz: exports, dumps, answers of the API."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest

from segue.library.readers.listenbrainz import ListenBrainz
from segue.library.rows import Feedback, Listen, Reject, TrackRef
from segue.testing.reader import ReaderContract, read

MBID = "e97f805a-ab48-4c52-855e-07049142113d"
MSID = "6fb8b2a5-0e4b-4c5e-8a0f-0d0f0a0b0c0d"


def listen(**changes: Any) -> dict[str, Any]:
    """A line of a user's export."""
    return {
        "inserted_at": 1625000000.5,
        "listened_at": 1624987200.0,
        "track_metadata": {
            "track_name": "Under Pressure",
            "artist_name": "Queen & David Bowie",
            "mbid_mapping": {
                "artists": [
                    {"artist_mbid": MBID, "join_phrase": " & ", "artist_credit_name": "Queen"},
                    {"artist_mbid": MBID, "join_phrase": "", "artist_credit_name": "David Bowie"},
                ],
                "artist_mbids": [MBID, MBID],
                "release_mbid": MBID,
                "recording_mbid": MBID,
                "recording_name": "Under Pressure",
            },
            "release_name": "Hot Space",
            "recording_msid": MSID,
            "additional_info": {
                "isrc": "gb-um7-1029604",
                "duration_ms": 248440,
                "duration_played": 120,
                "spotify_id": "https://open.spotify.com/track/2fuCquhmrzHpu5xcA1ci9x",
                "submission_client": "some player",
                "tags": ["rock"],
            },
        },
    } | changes


BARE = {
    "listened_at": 1624987200,
    "track_metadata": {"track_name": "T", "artist_name": "A", "mbid_mapping": None},
}
LOVE = {"score": 1, "created": 1624987200, "recording_mbid": MBID, "recording_msid": MSID}


def lines(*values: object) -> bytes:
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


def taken(data: bytes, name: str = "listens/2021/6.jsonl") -> list[Any]:
    rows, error = read(ListenBrainz(), name, data)
    assert error is None
    return rows


class TestListenBrainzLines(ReaderContract):
    reader = ListenBrainz()
    samples: ClassVar = {
        "6.jsonl": lines(listen(), BARE),
        "7.listens": lines({"user_id": 1, "user_name": "rob", "timestamp": 1624987200, **listen()}),
        "feedback.jsonl": lines(LOVE, LOVE | {"score": -1}),
        "data.json": lines(
            {"user_name": "rob", "recording_mbid": MBID, "feedback": 1, "created": "2021-06-29T12:00:00"}
        ),
    }


class TestListenBrainzApi(ReaderContract):
    reader = ListenBrainz()
    document = True
    samples: ClassVar = {
        "listens.json": json.dumps(
            {"payload": {"count": 1, "listens": [listen()], "user_id": "rob"}}
        ).encode(),
        "submitted.json": json.dumps({"listen_type": "import", "payload": [BARE]}).encode(),
        "array.json": json.dumps([listen(), BARE]).encode(),
        "get-feedback.json": json.dumps({"count": 1, "feedback": [LOVE], "offset": 0}).encode(),
    }


def test_a_listen_with_all_it_can_have() -> None:
    (found,) = taken(lines(listen()))
    track = TrackRef(
        "Under Pressure",
        ("Queen", "David Bowie"),
        "Hot Space",
        248440,
        "2fuCquhmrzHpu5xcA1ci9x",
        MBID,
        "GBUM71029604",
    )
    assert found == Listen("me", track, datetime.fromtimestamp(1624987200, UTC), 120_000)


def test_what_players_put_into_additional_info_does_not_spoil_a_listen() -> None:
    strange = listen()
    strange["track_metadata"]["additional_info"] = {
        "duration_ms": "long",
        "duration": [],
        "isrc": ["x"],
        "spotify_id": 5,
        "recording_mbid": "no",
        "duration_played": -1,
    }
    (found,) = taken(lines(strange))
    assert found.track == TrackRef("Under Pressure", ("Queen", "David Bowie"), "Hot Space", mbid=MBID)
    strange["track_metadata"]["additional_info"] = "none"
    assert isinstance(taken(lines(strange))[0], Listen)


def test_a_dump_names_its_listeners() -> None:
    rows = taken(lines({"user_id": 1, "user_name": "rob", **listen()}, {"user_id": 2, **BARE}))
    assert [row.listener for row in rows] == ["listenbrainz:rob", "listenbrainz:2"]


def test_feedback() -> None:
    rows = taken(lines(LOVE, LOVE | {"score": 0}, LOVE | {"score": -1}, LOVE | {"recording_mbid": None}))
    assert [row.kind for row in rows if isinstance(row, Feedback)] == ["love", "unlove", "hate"]
    assert rows[0].given_at == datetime.fromtimestamp(1624987200, UTC)
    assert isinstance(rows[3], Reject)


def test_what_plays_now_is_no_listen() -> None:
    playing = {"listen_type": "playing_now", "payload": [{"track_metadata": BARE["track_metadata"]}]}
    assert [type(row) for row in taken(json.dumps(playing).encode())] == [Reject]


@pytest.mark.parametrize(
    "line",
    [
        {"user_id": 1, "username": "rob"},
        {
            "recording_msid": MSID,
            "recording_mbid": MBID,
            "blurb_content": "x",
            "pinned_until": 1,
            "created": 1,
        },
    ],
)
def test_other_files_of_an_export_are_passed_over(line: dict[str, Any]) -> None:
    assert ListenBrainz().passes_over("user.json", lines(line))
    assert taken(lines(line)) == []


def test_broken_lines_are_rejected_and_the_rest_is_taken() -> None:
    rows = taken(lines(BARE) + b"{broken\n[]\n\n" + lines(listen(listened_at="NaN"), BARE))
    assert [type(row) for row in rows] == [Listen, Reject, Reject, Reject, Listen]
    assert [row.place for row in rows if isinstance(row, Reject)] == ["line 2", "line 3", "line 5"]
