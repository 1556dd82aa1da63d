"""Pieces of classical music: one piece under the many titles that records give it.

"Gymnopédie No. 1", "3 Gymnopédies: 1. Lent et douloureux" and "Satie: Première Gymnopédie" are one piece.
Only what is sure counts: the composer is credited or stands in the title, and the piece has a number in a
catalogue, a number of its own, or a name of its own. What is not understood is told apart as songs are.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from segue.library.versions.text import artist_key, fold, plain

Piece = tuple[str, ...]

_TOML = tomllib.loads(Path(__file__).with_name("classical.toml").read_text(encoding="utf-8"))


def _words(name: str) -> list[str]:
    return [word.strip() for word in _TOML["words"][name].split(",")]


_COMPOSERS: dict[str, str] = {}
for _key, _facts in _TOML["composers"].items():
    _COMPOSERS |= dict.fromkeys([_key, *_facts["short"]], _key)
_CATALOGUES = {
    composer: re.compile(rf"\b({'|'.join(facts['catalogue'])})\.?\s?(\d+[a-z]?)\b")
    for composer, facts in _TOML["composers"].items()
    if facts["catalogue"]
}
_ORDINALS = {
    **dict.fromkeys(["first", "premiere", "1st", "1ere"], "1"),
    **dict.fromkeys(["second", "deuxieme", "2nd", "2eme"], "2"),
    **dict.fromkeys(["third", "troisieme", "3rd", "3eme"], "3"),
}
_ROMANS = (
    "i",
    "ii",
    "iii",
    "iv",
    "v",
    "vi",
    "vii",
    "viii",
    "ix",
    "x",
    "xi",
    "xii",
    "xiii",
    "xiv",
    "xv",
    "xvi",
)
_ROMAN = {roman: str(n) for n, roman in enumerate(_ROMANS, 1)}
_SINGULAR = dict(zip(_words("plural"), _words("single"), strict=True))
_SINGLE, _NUMBERED, _SEVERAL = (frozenset(_words(name)) for name in ("single", "numbered", "several"))
_TEMPO, _SUNG = frozenset(_words("tempo")), frozenset(_words("sung"))
_GENERIC = frozenset(_words("generic")) | _TEMPO | _SUNG | _SINGLE | _SEVERAL | set(_SINGULAR)
_ALIASES = {
    composer: [(re.compile(pattern), name) for pattern, name in pairs]
    for composer, pairs in _TOML["aliases"].items()
}
_SACRED = _TOML["sacred"]
_MASSES = {name: re.compile(rf"\b(?:{'|'.join(_SACRED[name].split(', '))})\b") for name in ("one", "several")}
_TEXTS = [
    [(re.compile(rf"\b{pattern}"), name) for pattern, name in _SACRED[kind]] for kind in ("parts", "places")
]
_NUMBERED_ASIAN = re.compile(r"第\s*(\d+)\s*[番號号]")
_OWN_FORMS = {"gymnopedie": "erik satie", "gnossienne": "erik satie"}

_NAMES = "|".join(sorted((re.escape(name).replace(r"\ ", r"[\s.-]+") for name in _COMPOSERS), key=len)[::-1])
_BEFORE = re.compile(rf"^({_NAMES})\s*(?::|-\s|'s\s)\s*")
_AFTER = re.compile(rf"(?:[(\[](?:by )?({_NAMES})[)\]]|\s-\s({_NAMES}))$")
_OPUS = re.compile(r"\bop(?:us|\.)?\s*(\d+[a-z]?)(?:[\s,]*(?:no|nr|n)[.\s]*(\d+)|\s?[/,]\s?(\d+)\b)?")
_IN_KEY = re.compile(
    r"\bin ([a-h])(?:[\s-]?(flat|sharp|b\b|#))?[\s-]*(major|minor|maj\b|min\b|dur\b|moll\b|m\b)?"
)
_PART = re.compile(r"^(?:(?:no|nr)\b[.\s]*)?(\d+|[ivx]+)\b\s*([.,):]?)\s*(.*)$")
_BARE_PART = re.compile(r"^(.+?)[\s,]+([ivx]+\.\s.+)$")
_DOT = re.compile(r"\b(no|nr)\.\s*(?=\d)")
_NUMBER = re.compile(r"\b(?:no|nr|number)\b[.\s]*(\d+)\b")
_SCENES = re.compile(r"\b(?:act|atto|scene|book|part|pt|vol|volume|teil|heft)\b")
_ASIDE = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|(?<![:\s])\s*-?\"[^\"]*\"|(?<=\s)'[^']*'")
_CUTS = re.compile(r"\.\s|\s-\s|,")
_WORD = re.compile(r"[^\W_]+")


def may_be_piece(title: str, artists: Sequence[str]) -> bool:
    """Whether to look closer: quick, for most tracks are songs."""
    for name in artists:
        if _credited(name):
            return True
    marked = ":" in title or "(" in title or " - " in title or "'s " in title or "[" in title
    if not marked and "ymnop" not in title and "nossien" not in title:
        return False
    text = fold(title)
    return any(form in text for form in _OWN_FORMS) or bool(_BEFORE.match(text) or _AFTER.search(text))


def names_composer(text: str) -> bool:
    """Whether a text is, or begins with, a composer's name, as titles shorten it: "Chopin", "Bach, J.S."."""
    return bool(re.match(rf"({_NAMES})\b", fold(plain(text))))


@lru_cache(maxsize=100_000)
def _credited(artist: str) -> str:
    """The composer an artist is, "" for none; by a whole name alone."""
    key = artist_key(artist)
    return _COMPOSERS.get(key, "") if len(key) > 5 else ""


def pieces(title: str, artists: Sequence[str]) -> list[Piece]:
    """What a track is a recording of, under each of the names that are sure; empty for what is none.

    Two tracks that share a name are one piece.

    Args:
        title: without what says the version.
        artists: credited.
    """
    if not may_be_piece(title, artists):
        return []
    text = fold(plain(title)).replace("♭", " flat").replace("♯", " sharp").replace("°", "").replace("º", "")
    composer, text = _composer(text, artists)
    if not composer:
        return []
    text = _NUMBERED_ASIAN.sub(r" no. \1 ", text)
    for pattern, name in _ALIASES.get(composer, ()):
        text = pattern.sub(name, text)
    parts = [part.strip(' -,."') for part in _DOT.sub(r"\1 ", _ASIDE.sub(" ", text)).split(":")]
    parts = [part for at, part in enumerate(parts) if part and part not in parts[:at]]
    if len(parts) == 1 and (bare := _BARE_PART.match(parts[0])):
        parts = [bare[1], bare[2]]
    if not parts:
        return []
    return [(composer, *name) for name in dict.fromkeys(_names(composer, parts))]


def _composer(text: str, artists: Sequence[str]) -> tuple[str, str]:
    """The one composer of a title and its artists, and the title without the name; "" if it is not sure."""
    found = {whose for name in artists if (whose := _credited(name))}
    for shape in (_BEFORE, _AFTER):
        if match := shape.search(text):
            name = next(group for group in match.groups() if group)
            found.add(_COMPOSERS[" ".join(re.split(r"[\s.-]+", name))])
            text = text[: match.start()] + text[match.end() :]
    found |= {whose for form, whose in _OWN_FORMS.items() if form in text}
    # Two composers, as of an arrangement, leave it open whose piece it is.
    return (found.pop(), text) if len(found) == 1 else ("", text)


def _names(composer: str, parts: list[str]) -> Iterator[Piece]:
    head, tails = parts[0], parts[1:]
    scenes = any(_SCENES.search(part) for part in parts)
    works: list[Piece] = [("op", n, sub or over) for n, sub, over in _OPUS.findall(" ".join(parts))]
    if composer in _CATALOGUES:
        works += [(kind, n) for kind, n in _CATALOGUES[composer].findall(_OPUS.sub(" ", " ".join(parts)))]
    if sung := _sung(parts, works):
        yield sung
        return
    tail = tails[-1] if tails else ""
    number, name = _part(tail)
    words = [_SINGULAR.get(word, word) for word in _WORD.findall(head)]
    form = next((word for word in words if word in _SINGLE), "")
    if form and not set(words) & _SEVERAL and not scenes:
        yield from _single(form, parts, works, number)
        return
    if len(tails) > 1 and set(_WORD.findall(tail)) <= _TEMPO | set(_ROMAN):
        number, name = _part(tails[-2])  # "III. Rondo: Allegro"
        tails = tails[:-1]
    deep = scenes or len(tails) > 1
    key = _key(head)
    for work in works:
        known = (*work, key if work[-1] == "" else "")
        if not tails:
            yield ("work", *known)
        elif not deep and number and set(words) & _SEVERAL:
            yield ("movement", *known, number)
        if not deep and name and not set(_WORD.findall(name)) <= _TEMPO | _SUNG:
            yield ("movement", *known, " ".join(_WORD.findall(name)))
    called = name if tails else re.split(r",|\s-\s|\bop\b", head)[0]
    if own := _own_name(called):
        yield ("name", own)


def _sung(parts: Sequence[str], works: Sequence[Piece]) -> Piece | None:
    """A movement of a mass, by the words that it begins with, wherever they stand: "Sequentia: Lacrimosa".

    None where the title names no mass, no movement, or several of them that are sung as one.
    """
    head, rest = parts[0], ": ".join(parts[1:])
    for kind, mass in _MASSES.items():
        named = mass.search(head)
        if named and (kind == "one" or works):
            of = (named[0],) if kind == "one" else works[0]
            for texts in _TEXTS:
                found = list(dict.fromkeys(name for pattern, name in texts if pattern.search(rest)))
                if found:
                    return ("sung", *of, *found)
    return None


def _single(form: str, parts: list[str], works: Sequence[Piece], of_tail: str) -> Iterator[Piece]:
    """Names of a piece of one movement: its number in an opus or catalogue, or of its own."""
    whole = " ".join(parts)
    said = next((n for part in parts if (n := _number(part, form))), "")
    key = _key(whole)
    in_set = said or of_tail
    for work in works:
        if work[0] != "op":
            yield ("piece", *work, in_set if len(parts) > 1 else "")
        elif work[2] or in_set:
            yield ("piece", "op", work[1], work[2] or in_set)
        else:
            yield ("piece", "op", work[1], "", key)
    if form in _NUMBERED and in_set:
        yield ("piece", form, in_set)
    elif said and key and (not works or all(work[0] == "op" and work[2] for work in works)):
        yield ("piece", form, said, key)


def _number(part: str, form: str) -> str:
    """ "2" of "nocturne no. 2", "nocturne 2", "second nocturne"; the number of an opus is another."""
    words = _OPUS.sub(" ", part)
    plural = next((many for many, one in _SINGULAR.items() if one == form), form)
    shape = rf"\b{form}\s*(?:(?:no|nr|number)\b[.\s]*)?(\d+|[ivx]+\b)"
    if match := re.search(shape, words):
        return _ROMAN.get(match[1], match[1])
    before = re.search(rf"\b(\w+) {form}\b", words)
    if before and before[1] in _ORDINALS:
        return _ORDINALS[before[1]]
    match = None if re.search(rf"\b{plural}\b", words) and plural != form else _NUMBER.search(words)
    return match[1] if match else ""


def _part(tail: str) -> tuple[str, str]:
    """The number of a part and what it is called: "iii. clair de lune. andante" gives 3."""
    match = _PART.match(tail)
    number, name = "", tail
    if match and (match[2] or match[1].isdigit() or not match[3] or match[3].split()[0] in _TEMPO):
        roman = _ROMAN.get(match[1])
        if match[1].isdigit() or roman:
            number, name = roman or match[1], match[3]
    while cut := next(_CUTS.finditer(name), None):  # "andante" after the name
        if not set(_WORD.findall(name[cut.end() :])) <= _TEMPO | _SUNG:
            break
        name = name[: cut.start()]
    return number, name.strip()


def _own_name(name: str) -> str:
    """The words of a name that no other piece of a composer has: two at least, one of them rare."""
    words = [word for word in _WORD.findall(name) if word not in ("the", "a", "of", "de", "la", "le", "des")]
    rare = [word for word in words if word not in _GENERIC and len(word) >= 4]
    if any(word.isdigit() for word in words) or len(words) < 2 or not rare:
        return ""
    return " ".join(words)


def _key(text: str) -> str:
    """ "e flat major" of "in E-Flat"; "" where none is told."""
    for match in _IN_KEY.finditer(text):
        note, sign, mode = match.groups()
        if note == "a" and not sign and not mode:
            continue
        mode = "minor" if mode in ("minor", "min", "moll", "m") else "major"
        sign = {"b": "flat", "#": "sharp"}.get(sign or "", sign or "")
        return " ".join(filter(None, [note, sign, mode]))
    return ""
