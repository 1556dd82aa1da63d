"""Several artists in one cell, and artists with a comma in their names."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.library import Library
from segue.library.credits import artists_with_commas, split_credit, split_guests
from segue.library.importing import import_path
from segue.library.names import letters


@pytest.mark.parametrize(
    "names",
    [
        ["KAROL G", "Nicki Minaj"],
        ["Tyler, The Creator"],
        ["Earth, Wind & Fire"],
        ["Tyler, The Creator", "Kali Uchis"],
        ["Kali Uchis", "tyler, the creator", "Frank Ocean"],
        ["Sammy Davis, Jr."],
        ["Crosby, Stills, Nash & Young", "Neil Young"],
        ["Medeski, Martin, & Wood"],
        ["10,000 Maniacs"],
        ["Simon & Garfunkel"],
        ["AC/DC"],
    ],
)
def test_a_credit_is_split_at_the_commas_that_join(names: list[str]) -> None:
    assert split_credit(", ".join(names)) == tuple(names)


def test_other_ways_to_join() -> None:
    assert split_credit("Tyler; Earth, Wind & Fire") == ("Tyler", "Earth, Wind & Fire")
    assert split_credit("['KAROL G', 'Tyler, The Creator']") == ("KAROL G", "Tyler, The Creator")
    assert split_credit("[nothing") == ("[nothing",)
    assert split_credit(" ; ") == ()


def test_a_name_that_is_known_stays_whole() -> None:
    assert split_credit("Foo, Bar & Baz") == ("Foo", "Bar & Baz")
    assert split_credit("Foo, Bar & Baz", {letters("Foo, Bar & Baz")}) == ("Foo, Bar & Baz",)


@given(st.text())
def test_any_text_is_taken_and_nothing_of_it_is_lost(text: str) -> None:
    found = split_credit(text)
    if not text.startswith("["):
        assert (
            letters(" ".join(found)).replace(" ", "") == letters(text.replace(";", " ")).replace(" ", "")
            or not found
        )


HISTORY = '[{{"endTime": "2024-01-01 01:00", "artistName": "{}", "trackName": "{}", "msPlayed": 200000}}]'
LIKED = """"Track URI","Track Name","Artist Name(s)","Added At"
"spotify:track:7k4t7uLgtOxPwTpFmtJNTY","{}","{}","2020-01-01T10:00:00Z"
"""


@pytest.mark.parametrize("first", ["history", "liked"])
@pytest.mark.parametrize(
    ("alone", "together"),
    [
        ("KAROL G", "KAROL G, Nicki Minaj"),
        ("Tyler, The Creator", "Tyler, The Creator"),
        ("Foo, Bar & Baz", "Foo, Bar & Baz"),
    ],
)
def test_a_joint_credit_is_the_song_of_its_first_artist_or_of_the_whole(
    tmp_path: Path, first: str, alone: str, together: str
) -> None:
    (tmp_path / "history.json").write_text(HISTORY.format(alone, "Song"), encoding="utf-8")
    (tmp_path / "liked.csv").write_text(LIKED.format("Song", together), encoding="utf-8")
    library = Library.open(tmp_path / "library", create=True)
    for name in ("history.json", "liked.csv") if first == "history" else ("liked.csv", "history.json"):
        import_path(library, tmp_path / name)
    assert library.count("tracks") == 1


def test_a_library_knows_its_artists_with_commas(tmp_path: Path) -> None:
    (tmp_path / "history.json").write_text(HISTORY.format("Foo, Bar", "Song"), encoding="utf-8")
    library = Library.open(tmp_path / "library", create=True)
    assert artists_with_commas(library) == frozenset()
    import_path(library, tmp_path / "history.json")
    assert artists_with_commas(library) == {"foo bar"}


@given(st.one_of(st.text(), st.text(",;&[]' \tab"), st.lists(st.text()).map(str)))
def test_names_are_clean(credit: str) -> None:
    assert all(name == name.strip() != "" for split in (split_credit, split_guests) for name in split(credit))
    assert split_credit("WZR  , Cudi") == ("WZR", "Cudi")
