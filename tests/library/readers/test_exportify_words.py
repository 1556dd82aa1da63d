"""Exportify's tables in the languages of its page."""

from __future__ import annotations

import pytest

from segue.library.readers import READERS
from segue.library.readers.table import Table
from segue.library.rows import PlaylistEntry
from segue.testing.reader import read

URI = "spotify:track:4uLU6hMCjMI75M1A2tKUQC"
HEADERS = (
    "Track URI,Track Name,Artist Name(s),Album Name,Track Duration (ms),Added At",
    "Track-URI,Track-Name,Künstlername(n),Album-Name,Track-Dauer (ms),Hinzugefügt am",
    "URI du titre,Nom du titre,Nom(s) de l'artiste,Nom de l'album,Durée du titre (ms),Ajouté le",
    "トラックURI,トラック名,アーティスト名,アルバム名,トラックの長さ（ミリ秒）,追加日時",
    "URI κομματιού,Όνομα κομματιού,Όνομα/τα καλλιτέχνη,Όνομα άλμπουμ,Διάρκεια κομματιού (ms),Προστέθηκε στις",
    "曲目 URI,曲目名称,艺人名称,专辑名称,曲目时长（毫秒）,添加时间",
)


@pytest.mark.parametrize("header", HEADERS)
def test_a_playlist_in_any_language(header: str) -> None:
    data = f"{header}\n{URI},Together Forever,Rick Astley,Whenever,205000,2024-05-01T20:15:00Z\n".encode()
    assert [reader.name for reader in READERS if reader.recognises("liked.csv", data)] == ["table"]
    rows, error = read(Table(), "liked.csv", data)
    assert error is None
    (entry,) = [row for row in rows if isinstance(row, PlaylistEntry)]
    assert entry.added_at is not None
    assert (entry.track.title, entry.track.artists, entry.track.album, entry.track.duration_ms) == (
        "Together Forever",
        ("Rick Astley",),
        "Whenever",
        205_000,
    )
