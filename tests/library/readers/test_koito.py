"""Koito's export."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, ClassVar

from segue.library.readers.koito import Koito
from segue.library.rows import Listen, Reject, TrackRef
from segue.testing.reader import ReaderContract, read

MBID = "3bd73256-3905-4f3a-97e2-8b341527f805"


def names(*aliases: str) -> list[dict[str, Any]]:
    return [{"id": 1, "alias": name, "source": "Canonical", "is_primary": name[0] != "x"} for name in aliases]


LISTEN = {
    "listened_at": "2024-03-04T17:00:00Z",
    "client": "navidrome",
    "track": {"mbid": MBID, "duration": 305, "aliases": names("xJoga", "Jóga")},
    "album": {"image_url": "", "mbid": None, "aliases": names("Homogenic"), "various_artists": False},
    "artists": [
        {"image_url": "", "mbid": None, "is_primary": False, "aliases": names("Guest")},
        {"image_url": "", "mbid": None, "is_primary": True, "aliases": names("Björk")},
    ],
}
EXPORT = {"version": "1", "exported_at": "2026-01-01T00:00:00Z", "user": "somebody", "listens": [LISTEN]}


class TestKoito(ReaderContract):
    reader = Koito()
    document = True
    samples: ClassVar = {"koito_export.json": json.dumps(EXPORT).encode()}


def test_listens() -> None:
    bare = {**LISTEN, "track": {"mbid": "0" * 8 + "-0000-0000-0000-" + "0" * 12, "aliases": names("Jóga")}}
    export = {"listens": [LISTEN, bare, {**LISTEN, "listened_at": None}]}
    rows, error = read(Koito(), "x.json", json.dumps(export).encode())
    assert error is None
    track = TrackRef("Jóga", ("Björk", "Guest"), "Homogenic", 305_000, mbid=MBID)
    assert rows[0] == Listen("me", track, datetime(2024, 3, 4, 17, tzinfo=UTC))
    assert isinstance(rows[1], Listen)
    assert rows[1].track.mbid is None
    assert isinstance(rows[2], Reject)
