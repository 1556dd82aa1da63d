"""What every reader is: it knows its format by a file's name and first bytes, and turns it into rows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import ClassVar, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator

from segue.errors import UsageError
from segue.library.blocks import Block, one_by_one
from segue.library.exactness import Times
from segue.library.readers.fields import Malformed
from segue.library.readers.times import Clock
from segue.library.rows import Reject, Row
from segue.library.sources import Entry

Item = TypeVar("Item")


class ReadOptions(BaseModel):
    """What a file does not say of itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    listener: str = Field(
        "me", min_length=1, max_length=200, description="Whose listening a personal export is."
    )
    columns: dict[str, str] = Field(
        default_factory=dict,
        description="For a plain table: our name for a column -> the file's own, e.g. {'track': 'song'}.",
    )
    catalogue: str = Field(
        "table",
        pattern=r"^[A-Za-z0-9._-]{1,50}$",
        description="For a plain table: what goes before ids that are its own, as in 'table:123'.",
    )
    bring_back: frozenset[str] = Field(
        frozenset(), description="Who asked to be forgotten and wants to come back."
    )
    timezone: str = Field("UTC", description="Zone of times that come without one, e.g. 'Europe/Paris'.")
    now: datetime = Field(
        default_factory=lambda: datetime.now(UTC),
        description="The time of reading; a play more than a day later is a fault of the file.",
    )

    artists: frozenset[str] = Field(
        frozenset(), description="Artists with a comma in their names, beside those of `credits.comma_names`."
    )

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ValueError, OSError, KeyError):
            raise UsageError(
                f"There is no time zone {value!r}", expected="an IANA name such as 'UTC' or 'Europe/Paris'"
            ) from None
        return value

    def clock(self) -> Clock:
        """What reads times for these options."""
        return Clock(self.now + timedelta(days=1), ZoneInfo(self.timezone))


class Reader(ABC):
    """One format. Readers have no state; `read` may run on any number of files."""

    name: str  # as given to `segue import --format`
    title: str  # for people
    # What the times of its plays mean, by source; seconds of the start for a source that is not here.
    times: ClassVar[Mapping[str, Times]] = {}
    # Whether its facts count only for tracks that the library knows (`known_only.py`).
    known_only: ClassVar[bool] = False

    def source(self, name: str, head: bytes) -> str:
        """What the plays of a recognised file are told by: the format, or a shape of it with other times."""
        return self.name

    @abstractmethod
    def recognises(self, name: str, head: bytes) -> bool:
        """Whether a file is of this format, by its path inside its archive and its first 64 KiB.

        Strict enough that no file is taken by two readers; never raises.
        """

    @abstractmethod
    def read(self, entry: Entry, options: ReadOptions) -> Iterator[Row]:
        """Yield the file's rows in its order, and a `Reject` for each row that cannot be taken.

        Raises:
            FormatError: before the first row if the file is not of this format; later where it is cut short
                or no longer readable, so that nothing of it may be stored.
        """

    def parts(self, entry: Entry, options: ReadOptions) -> Iterator[Row | Block]:
        """Yield what `read` does, in blocks of rows where the reader makes such (`BlockReader`).

        Raises:
            FormatError: as `read`.
        """
        return self.read(entry, options)

    def passes_over(self, name: str, head: bytes) -> str | None:
        """Why a recognised file holds nothing for the library (`read` yields nothing then), else None."""
        return None


class BlockReader(Reader):
    """A reader of a format that has millions of rows: it makes `parts`, and `read` follows from them."""

    @abstractmethod
    def parts(self, entry: Entry, options: ReadOptions) -> Iterator[Row | Block]:
        """Yield the file's rows, in blocks where they are ordinary."""

    def read(self, entry: Entry, options: ReadOptions) -> Iterator[Row]:
        """Yield the rows of `parts`, one by one."""
        return one_by_one(self.parts(entry, options))


def converted(
    items: Iterable[tuple[object, Item | Malformed]], place: str, convert: Callable[[Item], Row]
) -> Iterator[Row]:
    """Turn numbered items into rows; one that is malformed becomes a Reject at "`place` number"."""
    for number, item in items:
        if isinstance(item, Malformed):
            yield Reject(f"{place} {number}", str(item))
            continue
        try:
            yield convert(item)
        except Malformed as error:
            yield Reject(f"{place} {number}", str(error))
