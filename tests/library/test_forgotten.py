"""Who asked to be forgotten: nobody is named, nobody comes back unasked."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from segue.errors import BusyError, FormatError, UsageError
from segue.library import Library
from segue.library.forgotten import ForgottenIds, ForgottenList
from segue.library.importing import import_path
from segue.library.readers.base import ReadOptions
from segue.library.readers.fields import shown
from segue.library.rows import Feedback, Listen, Playlist, PlaylistEntry, Reject, TrackRef

SONG = TrackRef("Hello", ("Adele",))
AT = datetime(2026, 5, 1, tzinfo=UTC)


def test_ids_are_known_again_and_not_named(tmp_path: Path) -> None:
    departed = ForgottenList(tmp_path)
    assert not departed.read() and "ana" not in departed.read()
    departed.add(["ana", "Zoë\ud800"])
    gone = ForgottenList(tmp_path).read()
    assert gone.among(["bo", "ana", "ana", "Zoë\ud800"]) == ["ana", "Zoë\ud800"]
    assert b"ana" not in departed.path.read_bytes()
    assert "ana" not in ForgottenIds("00" * 16, gone.hashes), "another library's list says nothing"
    departed.welcome(["ana"])
    assert departed.read().among(["ana", "Zoë\ud800"]) == ["Zoë\ud800"]


def test_nobody_is_forgotten_while_something_is_committed(tmp_path: Path) -> None:
    departed = ForgottenList(tmp_path)
    with departed.held(), pytest.raises(BusyError):
        departed.add(["ana"], wait=0)
    assert not departed.read()


@pytest.mark.parametrize(
    "damage",
    [
        *(b"", b"{}", b'{"salt": 3}', b"\xff"),
        *(b'{"salt": "zz", "listeners": []}', b'{"salt": "00", "listeners": ["[["]}'),
    ],
)
def test_a_damaged_list_is_told(tmp_path: Path, damage: bytes) -> None:
    departed = ForgottenList(tmp_path)
    departed.add(["ana"])
    departed.path.write_bytes(damage)
    with pytest.raises(FormatError, match=r"departed\.json"):
        departed.read()


def test_every_changed_character_is_noticed(tmp_path: Path) -> None:
    departed = ForgottenList(tmp_path)
    departed.add(["ana"])
    whole = departed.path.read_bytes()
    for place in range(len(whole)):
        departed.path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        try:
            assert "ana" in departed.read(), place  # white space, or the like
        except FormatError:
            continue


def test_a_lost_list_is_told_and_begun_anew(library: Library, store) -> None:
    library.forgotten.add(["ana"])
    store(library, [Listen("bo", SONG, AT)])  # from this commit on the list is missed
    library.forgotten.path.unlink()
    library = Library.open(library.path)
    with pytest.raises(FormatError, match=r"departed\.json is lost.*segue forget"):
        store(library, [Listen("ana", SONG, AT)])
    assert library.forgotten.lost and library.count("listens") == 1
    library.forgotten.add(["ana"])
    assert store(library, [Listen("ana", SONG, AT), Listen("cy", SONG, AT)]).forgotten == 1


def test_a_lost_checksum_is_told(library: Library) -> None:
    library.forgotten.add(["ana"])
    for path in (library.forgotten.path, library.path / "library.json"):
        value = json.loads(path.read_text())
        del value["checksum"]
        path.write_text(json.dumps(value))
    with pytest.raises(FormatError, match=r"departed\.json is damaged"):
        library.forgotten.read()
    with pytest.raises(FormatError, match=r"library\.json is damaged"):
        library.refresh()


def test_an_import_leaves_them_out_and_counts_them(library: Library, store) -> None:
    library.forgotten.add(["ana", "anas list"])
    rows = [
        Listen("ana", SONG, AT),
        Listen("bo", SONG, AT),
        Feedback("ana", SONG, "save"),
        Playlist("anas list", "Mine", None),
        PlaylistEntry("anas list", 0, SONG),
        Playlist("another", "Mine", "ana"),
        PlaylistEntry("another", 0, SONG),
        Reject("line 3", "ana has no time"),
        Reject("line 4", "banana has no time"),
    ]
    report = store(library, rows)
    assert report.forgotten == 7 and report.total.read == len(rows)
    assert report.total.stored == 1 and report.total.rejected == 8
    assert library.arrow("listens")["listener_id"].to_pylist() == ["bo"]
    assert library.count("playlists") == library.count("feedback") == library.count("playlist_entries") == 0
    assert library.arrow("rejects")["place"].to_pylist() == ["line 4"]


def test_who_is_named_only_in_a_text_is_left_out_too(library: Library, store, tmp_path: Path) -> None:
    """Rows of which nothing but a name could be read, and files that are called like somebody."""
    library.forgotten.add(["ana", "Zoë de la Cruz", "(o)"])
    said = ("no time: ana", "no time: 'Zoë de la Cruz', 3", "no time: (o)", "no time: Zoë de la Cruzada")
    report = store(library, [Listen("bo", SONG, AT), *(Reject(f"line {n}", s) for n, s in enumerate(said))])
    assert report.forgotten == 3 and report.total.read == 5
    assert library.arrow("rejects")["reason"].to_pylist() == [said[-1]]
    export = tmp_path / "plays of Zoë de la Cruz.csv"
    export.write_text("listener,artist,track,time\nbo,Adele,Hello,2026-05-02T10:00:00Z\n")
    import_path(library, export, options=ReadOptions(listener="ana"))
    last = library.arrow("imports").to_pylist()[-1]
    assert (last["path"], last["listener_id"]) == ("(of somebody forgotten)", None)


def test_a_rejected_value_keeps_the_letters_of_a_name() -> None:
    assert shown(["Zoë", "\n\ud800"]) == r"['Zoë', '\n\ud800']"
    assert shown("Zoë " * 20).endswith(" Zoë"), "no half of a name"


def test_who_asks_for_it_comes_back(library: Library, tmp_path: Path) -> None:
    export = tmp_path / "ana-plays.csv"
    export.write_text("listener,artist,track,time\nana,Adele,Hello,2026-05-01T10:00:00Z\n")
    library.forgotten.add(["ana"])
    with pytest.raises(UsageError, match="bring-back"):
        import_path(library, export, options=ReadOptions(listener="ana"))
    assert library.count("imports") == library.count("listens") == 0
    import_path(library, export, options=ReadOptions(bring_back=frozenset(["ana"])))
    assert library.arrow("listens")["listener_id"].to_pylist() == ["ana"]
    assert "ana" not in library.forgotten.read()


def test_the_library_is_no_export(library: Library) -> None:
    for path in (library.path, library.path.parent, library.path / "tracks"):
        with pytest.raises(UsageError, match="itself"):
            import_path(library, path)
