"""`segue import`: what ends with an error, and what is typed of columns."""

from __future__ import annotations

from pathlib import Path

import pytest

from segue.cli.importing import Reading, import_, split, withdraw
from segue.errors import FormatError, UsageError
from segue.library import Library

M3U = "#EXTM3U\n#EXTINF:217,Björk - Jóga\na.mp3\n"


def imported(
    folder: Path, name: str, text: str, column: list[str] | None = None, for_: str = "me"
) -> Library:
    (folder / name).write_text(text, encoding="utf-8")
    import_(Reading(column=column, listener=for_), folder / name, library=folder / "library")
    return Library.open(folder / "library")


def test_when_not_one_row_could_be_taken_the_import_fails(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="None of 2 rows"):
        imported(tmp_path, "plays.csv", "artist,track,played_at\nA,T,5/6/2023\nA,U,5/6/2023\n")


def test_columns_that_are_named_and_columns_that_are_not_there(tmp_path: Path) -> None:
    table = "quand;machin;truc\n2023-01-05 10:00;T;A\n"
    with pytest.raises(FormatError, match="its columns are quand, machin, truc"):
        imported(tmp_path, "x.csv", table)
    columns = ["track=machin", "artist=truc"]
    with pytest.raises(FormatError, match='--column "time=quand"'):
        imported(tmp_path, "x.csv", table, columns)
    library = imported(tmp_path, "x.csv", table, [*columns, "time=quand"])
    assert library.arrow(library.table("listens")).num_rows == 1


def test_an_empty_history_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    imported(tmp_path, "Streaming_History_Audio_2023_0.json", "[]")
    out = capsys.readouterr().out
    assert "nothing in it to import" in out and "already" not in out.splitlines()[-1]


def test_a_playlist_file_becomes_a_playlist(tmp_path: Path) -> None:
    library = imported(tmp_path, "mix.m3u8", M3U)
    (entry,) = library.arrow(library.table("playlist_entries")).to_pylist()
    assert (entry["playlist_id"], entry["track_id"]) == ("playlist:mix", "name:bjork|joga")


def test_one_persons_file_imported_for_another_is_told_and_can_be_taken_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plays = [f"A,Song {n},{1258122290 + 300 * n}" for n in range(12)]
    library = imported(tmp_path, "anas.csv", "\n".join(["artist,track,timestamp", *plays]), for_="ana")
    assert "Warning" not in capsys.readouterr().out
    # Her own again, another's own, and two songs that both heard at one party, say nothing.
    imported(tmp_path, "anas.csv", "\n".join(["artist,track,timestamp", *plays]), for_="ana")
    own = [f"B,Other {n},{1258122290 + 300 * n}" for n in range(3)]
    imported(tmp_path, "bens.csv", "\n".join(["artist,track,timestamp", *own, *plays[:2]]), for_="ben")
    assert "Warning" not in capsys.readouterr().out
    imported(tmp_path, "bens.csv", "\n".join(["artist,track,timestamp", *plays[2:], *own]), for_="ben c")
    told = " ".join(capsys.readouterr().out.split())
    assert (
        "Warning: 10 of the 13 plays were in the library already, as plays of ana at the same moments. "
        "They are plays of ben c now, too. If they are not, take back what was told of ben c from there: "
        "segue withdraw table --listener 'ben c'" in told
    )
    withdraw("table", library=library.path, listener="ben c")
    library.refresh()
    assert set(library.arrow("listens")["listener_id"].to_pylist()) == {"ana", "ben"}


def test_a_merge_by_names_is_taken_back_and_back_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    imported(tmp_path, "mix.m3u8", M3U)
    library = imported(tmp_path, "plays.csv", "artist,track,timestamp\nBjörk,Jóga,1258122290\n")
    with pytest.raises(UsageError, match="--back"):
        split("björk joga", library=library.path)
    split("björk joga", "table", library=library.path)
    assert "1 row is of the track name:bjork|joga~table now" in capsys.readouterr().out
    library.refresh()
    assert library.arrow("listens")["track_id"].to_pylist() == ["name:bjork|joga~table"]
    split("name:bjork|joga~table", back=True, library=library.path)
    library.refresh()
    assert library.arrow("listens")["track_id"].to_pylist() == ["name:bjork|joga"]
    assert library.count("tracks") == 1


def test_a_photo_is_told_what_is_read_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0" + bytes(range(256)))
    with pytest.raises(FormatError) as error:
        import_(Reading(), tmp_path / "photo.jpg", library=tmp_path / "library")
    assert "one of 28 formats, such as spotify, lastfm, listenbrainz." in str(error.value)
    assert "Try: segue formats, which lists them" in str(error.value)
    assert "--column" not in str(error.value)  # it is no table
    assert len(str(error.value).replace(str(tmp_path), "")) < 300
    with pytest.raises(UsageError, match="such as spotify"):
        import_(Reading(format="spotfy"), tmp_path / "photo.jpg", library=tmp_path / "library")


def test_playlists_alone_are_followed_by_ones_own_listening(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    imported(tmp_path, "mix.m3u8", M3U)
    assert "Next: segue import YOUR_EXPORT, so that" in capsys.readouterr().out
    imported(tmp_path, "anas.csv", "artist,track,timestamp\nA,T,1258122290\n")
    assert "Next: segue train\n" in capsys.readouterr().out
