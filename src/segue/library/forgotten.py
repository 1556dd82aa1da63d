"""Who asked to be forgotten, so that nothing brings them back: no job that read of them earlier, no import.

The file `departed.json` names nobody: it holds a salted hash of each id. (Who has the file and guesses an id
can check the guess; who has neither learns nothing.)
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import secrets
from collections.abc import Collection, Generator, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from segue import files
from segue.errors import FormatError

FILE, LOCK = "departed.json", ".departed.lock"
HASH = re.compile("[0-9a-f]{32}")
LONGEST = 100  # characters of an id that is looked for within a text
_PART = re.compile(r"[^\w]")
WAIT = 120.0  # seconds for which a commit, or a forgetting, waits for another's end
RESTORE = (
    "restore it from a copy, or begin a new list: `segue forget` for each who asked for it; "
    "without it, imports could bring them back"
)


@dataclass(frozen=True)
class ForgottenIds:
    """Ids that must not be written; `who in gone`."""

    salt: str = ""
    hashes: frozenset[str] = field(default_factory=frozenset)

    def __bool__(self) -> bool:
        return bool(self.hashes)

    def __contains__(self, who: object) -> bool:
        return bool(self.hashes) and isinstance(who, str) and self._hash(who) in self.hashes

    def among(self, ids: Iterable[str]) -> list[str]:
        """Those of `ids` that must not be written, each once."""
        return [who for who in dict.fromkeys(ids) if who in self] if self.hashes else []

    def named_in(self, text: str) -> set[str]:
        """Those who are gone and whose id stands in `text` as a word, or words, of its own."""
        if not self.hashes or not text:
            return set()
        # Of an id nothing is kept but its hash, so that every stretch of the text between two signs has to be
        # hashed.
        starts = [0, *(at + 1 for at, sign in enumerate(text) if _PART.match(sign))]
        ends = [*(at for at, sign in enumerate(text) if _PART.match(sign)), len(text)]
        spans = (text[start:end] for start in starts for end in ends if start < end <= start + LONGEST)
        return set(self.among(spans))

    def with_also(self, ids: Iterable[str]) -> ForgottenIds:
        """These and `ids`."""
        salted = self if self.salt else ForgottenIds(secrets.token_hex(16))
        return ForgottenIds(salted.salt, self.hashes | {salted._hash(who) for who in ids})

    def without(self, ids: Iterable[str]) -> ForgottenIds:
        """These but not `ids`."""
        return ForgottenIds(self.salt, self.hashes - {self._hash(who) for who in ids})

    def _hash(self, who: str) -> str:
        data = who.encode("utf-8", "surrogatepass")
        # Hashed, so that the list does not itself name those who asked to be forgotten; with a key of this
        # library's own, so that tables of hashes made elsewhere do not tell.
        return hashlib.blake2b(data, digest_size=16, key=bytes.fromhex(self.salt)).hexdigest()


class Kept(Protocol):
    """What a training publishes beside a model."""

    def without(self, gone: ForgottenIds) -> Kept:
        """The same without who asked to be forgotten."""

    def save(self, folder: Path) -> None:
        """Write it into the model's folder."""


class ForgottenList:
    """The file of those who asked to be forgotten, in a library's folder; `expected` if it must be there."""

    def __init__(self, folder: Path, *, expected: bool = False) -> None:
        self.folder, self.path, self.expected = folder, folder / FILE, expected

    @property
    def lost(self) -> bool:
        """Whether the file must be there and is not."""
        return self.expected and not self.path.exists()

    def read(self, *, anew: bool = False) -> ForgottenIds:
        """Who is gone by now; with `anew` a lost list is an empty one.

        Raises:
            FormatError: the file is damaged, or lost.
        """
        if not self.path.exists():
            if self.expected and not anew:
                raise FormatError(f"{self.path} is lost", expected="the list of the forgotten", hint=RESTORE)
            return ForgottenIds()
        value = files.from_json(self.path, "the list of the forgotten", RESTORE)
        with files.reading(self.path, "the list of the forgotten", RESTORE):
            bytes.fromhex(value["salt"])
            if not all(HASH.fullmatch(each) for each in value["listeners"]):
                raise ValueError("what is in it is no hash")
            return ForgottenIds(value["salt"], frozenset(value["listeners"]))

    @contextlib.contextmanager
    def held(self, wait: float = WAIT) -> Generator[ForgottenIds]:
        """Nobody is forgotten within the block; what is written in it leaves out who is in the `Gone`.

        Every job that writes something of listeners does so in such a block: what it read of them may be old.

        Raises:
            BusyError: another process has held it for too long.
            FormatError: the file is damaged.
        """
        with files.locked(self.folder, "library", wait=wait, name=LOCK):
            yield self.read()

    def add(self, ids: Collection[str], wait: float = WAIT) -> ForgottenIds:
        """From now on these are gone; returns all who are. A lost list is begun anew.

        Raises:
            BusyError: another process is writing what it knows of listeners.
        """
        with files.locked(self.folder, "library", wait=wait, name=LOCK):
            gone = self.read(anew=True)
            more = gone.with_also(ids)
            self._write(gone, more)
            return more

    def welcome(self, ids: Collection[str], wait: float = WAIT) -> None:
        """These may come back: they asked for it."""
        with self.held(wait) as gone:
            self._write(gone, gone.without(ids))

    def _write(self, before: ForgottenIds, after: ForgottenIds) -> None:
        if after.hashes != before.hashes:
            value = {"salt": after.salt, "listeners": sorted(after.hashes)}
            files.write_text(self.path, files.to_json(value))


def as_word(who: str) -> str:
    """A regular expression for the id as a word of its own (RE2 and Python)."""
    return rf"(?:^|[^\w]){_escaped(who)}(?:$|[^\w])"


def as_file_name(who: str) -> str:
    """A regular expression for a path whose last part has the id as a word of its own."""
    return rf"(?:^|[^\w]){_escaped(who)}(?:$|[^\w/][^/]*$)"


def _escaped(text: str) -> str:
    return re.sub(r"([!-/:-@[-`{-~])", r"\\\1", text)  # RE2 takes no letter behind a backslash
