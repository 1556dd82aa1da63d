"""Artists credited together in one cell: which commas join two names, and which belong to one name.

"KAROL G, Nicki Minaj" is two artists where a source joins names with commas; "Tyler, The Creator" and
"Earth, Wind & Fire" are one each. No rule can tell them apart, so names with a comma are known by heart
(`comma_names.txt`), and a library adds those that it has met standing alone.
"""

from __future__ import annotations

import ast
import contextlib
import re
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from segue.library.names import letters
from segue.library.tables import ROWS_A_GROUP

if TYPE_CHECKING:
    from segue.library.store import Library

_JOINT = re.compile(r"\s*;\s*|\s*,\s+")
_SURE = re.compile(r"\s*;\s*")
# What never begins a name of its own: "Sammy Davis, Jr.", "Medeski, Martin, & Wood".
_SUFFIX = re.compile(r"(?:jr|sr|inc|ltd|esq|ph\.?d|m\.?d|ii|iii|iv)\b\.?$", re.IGNORECASE)
_ANOTHER = re.compile(r"(?:&|\+|and|und|et|y|e)\s", re.IGNORECASE)
_FEATURED = re.compile(r"(?<=\S)\s+[(\[]?(?:feat\.?|featuring|ft\.)\s+", re.IGNORECASE)


def artists_with_commas(library: Library) -> frozenset[str]:
    """Artists of `library` who stand alone and have a comma in their names, as `letters` makes them."""
    library.check("tracks")
    names: set[str] = set()
    with library.reading():
        for part in library.parts("tracks"):
            names.update(_alone_with_commas(part))
    return frozenset(map(letters, names))


def _alone_with_commas(part: Path) -> Iterator[str]:
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    with pq.ParquetFile(part) as file:
        for batch in file.iter_batches(ROWS_A_GROUP, columns=["artists"]):
            credits = batch.column(0)
            alone = credits.filter(pc.equal(pc.list_value_length(credits), 1)).flatten()
            yield from alone.filter(pc.match_substring(alone, ", ")).to_pylist()


@cache
def comma_names() -> frozenset[str]:
    """Names with a comma in them, as `letters` makes them, that many know."""
    file = Path(__file__).with_name("comma_names.txt")
    return frozenset(letters(name) for name in file.read_text(encoding="utf-8").splitlines() if name)


def split_credit(credit: str, known: Collection[str] = ()) -> tuple[str, ...]:
    """The artists of a credit that joins names with ", " or ";", in order.

    >>> split_credit("KAROL G, Nicki Minaj")
    ('KAROL G', 'Nicki Minaj')
    >>> split_credit("Tyler, The Creator, Kali Uchis")
    ('Tyler, The Creator', 'Kali Uchis')

    Args:
        credit: as the source writes it. A comma without a blank after it ("10,000 Maniacs") joins nothing.
        known: names with a comma, as `letters` makes them, that are known beside those of `comma_names.txt`.
    """
    if credit.startswith("[") and credit.endswith("]"):  # a list as Python writes it
        with contextlib.suppress(ValueError, SyntaxError, MemoryError, RecursionError):
            listed = ast.literal_eval(credit)
            return tuple(name.strip() for name in map(str, listed) if name.strip())
    if ";" in credit:
        return tuple(name for name in _SURE.split(credit.strip()) if name)
    pieces = [piece for piece in _JOINT.split(credit.strip()) if piece]
    if len(pieces) < 2:
        return tuple(pieces)
    found: list[str] = []
    at = 0
    while at < len(pieces):
        # The longest run of pieces that is one known name.
        stop = len(pieces)
        while stop > at + 1 and not _is_name(", ".join(pieces[at:stop]), known):
            stop -= 1
        found.append(", ".join(pieces[at:stop]))
        at = stop
    return _whole(found)


def split_guests(credit: str, known: Collection[str] = ()) -> tuple[str, ...]:
    """The artists of a credit as tags of files and players write it, guests last.

    >>> split_guests("Maroon 5 feat. Cardi B")
    ('Maroon 5', 'Cardi B')

    Args:
        credit: as the source writes it.
        known: as for `split_credit`.
    """
    main, *guests = _FEATURED.split(credit, maxsplit=1)
    return tuple(name for part in (main, *guests) for name in split_credit(part, known))


def _is_name(text: str, known: Collection[str]) -> bool:
    name = letters(text)
    return name in comma_names() or name in known


def _whole(pieces: list[str]) -> tuple[str, ...]:
    """Pieces that cannot stand alone, put back on what goes before them."""
    found: list[str] = []
    for piece in pieces:
        if found and _SUFFIX.match(piece):
            found[-1] += f", {piece}"
        elif found and _ANOTHER.match(piece):
            found = [f"{', '.join(found)}, {piece}"]
        else:
            found.append(piece)
    return tuple(found)
