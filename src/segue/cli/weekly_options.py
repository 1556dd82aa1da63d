"""What the verbs of `segue weekly` take: what a list is like, and where it is written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from segue.cli.options import ConfigOption, SeedOption, WeekOption
from segue.errors import UsageError
from segue.wording import count

if TYPE_CHECKING:
    from segue.engine.trial import Trial
    from segue.playlists.placed import Places
    from segue.playlists.playlist import Playlist
    from segue.playlists.weekly_config import WeeklyConfig
    from segue.tastes.config import ProfileConfig


@dataclass(frozen=True)
class Wishes:
    """What a list is to be like."""

    week: WeekOption = None
    tracks: Annotated[int | None, typer.Option("--tracks", "-n", min=1, help="Tracks on a list.")] = None
    familiar: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="Share of the list for favourites that were not played for long; 0 for new tracks alone.",
        ),
    ] = None
    per_artist: Annotated[
        int | None, typer.Option(min=1, help="Most tracks of one artist; guests count too.")
    ] = None
    per_album: Annotated[int | None, typer.Option(min=1, help="Most tracks of one album.")] = None
    explicit: Annotated[
        bool | None,
        typer.Option("--explicit/--no-explicit", help="Whether tracks marked explicit may come."),
    ] = None
    owned: Annotated[
        bool | None,
        typer.Option("--owned/--no-owned", help="Whether only tracks come that there is a file of."),
    ] = None
    order: Annotated[
        str | None,
        typer.Option(
            help="Who orders: agent, greedy, near (likeness), or auto: agent or greed if one was trained "
            "on the library, else near. [default: auto]",
            show_default=False,
        ),
    ] = None
    medium: Annotated[
        str | None, typer.Option(help="What the list holds: song, podcast or audiobook. [default: song]")
    ] = None
    seed: SeedOption = 0
    config: ConfigOption = None

    def tastes(self) -> ProfileConfig:
        """How tastes are found, as the file says."""
        from segue.settings import load_settings

        return load_settings(self.config).tastes

    def _asked(self) -> dict[str, object]:
        names = ("tracks", "familiar", "per_artist", "per_album", "explicit", "owned", "order", "medium")
        return {name: value for name in names if (value := getattr(self, name)) is not None}

    def trial(self) -> Trial:
        """Who gets other settings, as the file says; nobody where somebody asks for what they want."""
        from segue.engine.trial import Trial
        from segue.settings import load_settings

        return Trial() if self._asked() else Trial(load_settings(self.config).trial)

    @property
    def special(self) -> bool:
        """Whether anything is asked for that the file does not say."""
        return bool(self._asked())

    @property
    def keeps(self) -> bool:
        """Whether it becomes the week's list: one of another medium than the file's is shown beside it."""
        from segue.settings import load_settings

        return self.medium in (None, load_settings(self.config).weekly.medium)

    def settings(self) -> WeeklyConfig:
        """The settings of the file, with what was asked for on the command line.

        Raises:
            UsageError: a setting cannot be taken.
        """
        from pydantic import ValidationError

        from segue.playlists.weekly_config import WeeklyConfig
        from segue.settings import load_settings

        asked = self._asked()
        if "familiar" in asked:
            asked["learn_familiar"] = False
        try:
            return WeeklyConfig.model_validate(load_settings(self.config).weekly.model_dump() | asked)
        except ValidationError as error:
            first = error.errors()[0]
            name = "--" + str(first["loc"][0]).replace("_", "-")
            raise UsageError(
                f"{name} cannot be {first['input']!r}", expected=first["msg"].removeprefix("Input should be ")
            ) from None


@dataclass(frozen=True)
class Files:
    """Where lists are written."""

    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write a file for each list here.")] = None
    format: Annotated[
        str | None,
        typer.Option(
            "--format",
            "-f",
            help="jspf, xspf, m3u8, csv or json; without --out one list is printed so. [default: jspf]",
            show_default=False,
        ),
    ] = None
    paths: Annotated[
        str, typer.Option(help="How audio files are named: absolute, or relative to the playlist.")
    ] = "absolute"
    map: Annotated[
        list[str] | None,
        typer.Option(
            help="A folder here and the same one where the player runs, OURS=THEIRS. May be repeated.",
            show_default=False,
        ),
    ] = None

    def refuse_unknown(self) -> None:
        """Say before any work that there is no such format.

        Raises:
            UsageError: there is none.
        """
        from segue.playlists.formats import FORMATS

        if self.suits not in FORMATS:
            raise UsageError(f"There is no playlist format {self.format!r}", expected=", ".join(FORMATS))
        _ = self.places

    def refuse_to_print(self, lists: int) -> None:
        """Say that a file holds one list, where `lists` are asked for in a format and no folder is named.

        Raises:
            UsageError: they cannot be printed.
        """
        if self.printed and lists != 1:
            raise UsageError(
                f"One file in the format {self.suits} holds one list",
                got=count(lists, "list"),
                hint="--out FOLDER, for a file each, or the name of one listener",
            )

    @property
    def suits(self) -> str:
        """The format asked for, or the usual one."""
        return self.format or "jspf"

    @property
    def printed(self) -> bool:
        """Whether a list goes to standard output in the format asked for, as a file would hold it."""
        return self.format is not None and self.out is None

    @property
    def places(self) -> Places:
        """How audio files are named."""
        from segue.playlists.placed import Places

        return Places.of(self.paths, self.map or ())

    def write(self, lists: list[Playlist], *, tell: bool) -> None:
        """Write a file for each list, if that was asked for, and say so."""
        from segue.playlists.formats import write_all

        if self.out is not None:
            written = write_all(lists, self.out, self.suits, self.places)
            if tell and written:
                print(f"Wrote {count(len(written), 'file')} to {self.out}")

    def print(self, playlist: Playlist) -> None:
        """Print a list as its file would be."""
        from segue.playlists.formats import FORMATS

        placed = self.places.place(playlist, Path.cwd())
        print(FORMATS[self.suits].render(placed).decode().rstrip("\n"))
