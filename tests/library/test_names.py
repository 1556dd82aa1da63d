"""Names as they are compared: no letter of any script is lost, and signs that mean something stay."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.library.identity import normalise
from segue.library.names import letters

# Vowel points that are left out in writing, and what only says how to draw a neighbour.
POINTS = {chr(c) for c in (*range(0x591, 0x5C8), 0x640, *range(0x64B, 0x653), 0x670)}
DRAWN = {chr(c) for c in (0x34F, *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))}
ACCENTS = {chr(c) for c in range(0x300, 0x370)}

letter = st.characters(categories=["L", "N"])
mark = st.characters(categories=["M"], exclude_characters="".join(POINTS | DRAWN | ACCENTS))
title = st.text(st.one_of(letter, st.characters(categories=["M"]), st.characters()), max_size=30)


def _compared(text: str) -> str:
    """What two texts share that differ by case, forms of compatibility and accents alone, by another way."""
    folded = unicodedata.normalize("NFKD", text).casefold()
    folded = unicodedata.normalize("NFKD", folded).casefold().replace("ı", "i")
    kept = "".join(c for c in folded if c not in POINTS | ACCENTS)
    return unicodedata.normalize("NFC", kept)


@given(letter, letter)
def test_two_letters_of_any_scripts_stay_two(one: str, other: str) -> None:
    if _compared(one) != _compared(other):
        assert letters(f"x{one}") != letters(f"x{other}")


@given(st.characters(categories=["Lo"], min_codepoint=0x900), mark)
def test_the_mark_of_a_letter_is_part_of_it(base: str, sign: str) -> None:
    assert letters(base + sign) != letters(base)


@given(title)
def test_every_letter_is_kept(text: str) -> None:
    def count(of: str) -> int:
        folded = unicodedata.normalize("NFKC", of).casefold()
        return sum(unicodedata.category(c)[0] in "LN" for c in folded if c not in POINTS)

    if any(unicodedata.category(c)[0] in "LN" for c in text):
        assert count(letters(text)) >= count(unicodedata.normalize("NFC", text)) - text.count("&") * 3


@given(title)
def test_case_composition_and_punctuation_do_not_matter(text: str) -> None:
    found = letters(text)
    assert letters(found) == found
    assert letters(unicodedata.normalize("NFD", text)) == letters(unicodedata.normalize("NFC", text))
    assert normalise(normalise(text)) == normalise(text)


def test_nothing_changes_a_second_time_for_any_character() -> None:
    for code in range(0, sys.maxunicode + 1, 7):  # all of them take half a minute
        if not 0xD800 <= code < 0xE000:
            once = letters(f"a{chr(code)}क{chr(code)}")
            assert letters(once) == once


@pytest.mark.parametrize(
    "titles",
    [
        *("राम रोम रीम", "รัก รุก", "Й И", "が か", "ї і", "ў у", "mơ mở mờ", "कि की", "బా బి", "ទា ទី"),
        *("C C# C♭", "98 98°", "A$AP AAP", "÷ × +", "❤ ★", "1% 1", "@home home"),
    ],
)
def test_what_means_something_stays(titles: str) -> None:
    words = titles.split()
    assert len({letters(word) for word in words}) == len(words)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("نَسّم", "نسم"),
        ("שָׁלוֹם", "שלום"),
        ("Ёлка", "ЕЛКА"),
        ("за\u0301мок", "замок"),
        ("ΑΓΆΠΗ", "αγάπη"),
        ("Kırmızı", "KIRMIZI"),
        ("ﾊﾞﾝﾄﾞ", "バンド"),
        ("Ｈｅｌｌｏ", "hello"),
        ("C♯ minor", "C# Minor"),
        ("Can’t Stop", "CAN'T STOP"),
        ("Florence + The Machine", "Florence and the Machine"),
        ("2+2=5", "2 + 2 = 5"),
        ("❤️", "❤"),
        ("می‌خوام", "میخوام"),  # with a joiner and without
    ],
)
def test_what_is_written_both_ways_is_alike(one: str, other: str) -> None:
    assert letters(one) == letters(other)
