"""What the API hands out and takes, for its OpenAPI document and its clients."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from segue.errors import NotFoundError
from segue.library.search import Found
from segue.playlists.playlist import Playlist, PlaylistEntry, TrackCard, monday

LONGEST = 500  # characters of a track's id or names
_TEXT = r"^[^\x00]*$"
Words = Annotated[str, Field(min_length=1, max_length=LONGEST, pattern=_TEXT)]


def _plausible(moment: datetime) -> datetime:
    """Moments beyond these no calendar converts from every time zone."""
    if not 1900 <= moment.year <= 2200:
        raise ValueError("a moment from 1900 to 2200")
    return moment


Moment = Annotated[AwareDatetime, AfterValidator(_plausible)]
TrackAsked = Annotated[
    str,
    Query(
        min_length=1,
        max_length=LONGEST,
        pattern=_TEXT,
        description="A track's id, or words of its artists and title.",
        examples=["adele - hello"],
    ),
]


class Shape(BaseModel):
    """What all shapes have in common."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def example(**values: Any) -> ConfigDict:
    """The `model_config` of a shape that the OpenAPI document shows with these values."""
    return ConfigDict(json_schema_extra={"examples": [values]})


HELLO: dict[str, Any] = {
    "id": "spotify:4sPmO7WMQUAf45kwMOtONw",
    "title": "Hello",
    "artists": ["Adele"],
    "album": "25",
    "duration_ms": 295493,
}


class Track(Shape):
    """A track."""

    model_config = example(**HELLO)

    id: str
    title: str | None = None
    artists: list[str] = Field(default_factory=list)
    album: str | None = None
    duration_ms: int | None = None
    isrc: str | None = None
    mbid: str | None = Field(None, description="MusicBrainz recording id.")
    spotify: str | None = Field(None, description="Spotify's id.")

    @classmethod
    def of(cls, card: TrackCard) -> Track:
        """From what playlists hold."""
        return cls(
            id=card.track_id,
            title=card.title,
            artists=list(card.artists),
            album=card.album,
            duration_ms=card.duration_ms,
            isrc=card.isrc,
            mbid=card.mbid,
            spotify=card.spotify,
        )

    @classmethod
    def found(cls, found: Found) -> Track:
        """From a search."""
        return cls(id=found.track_id, title=found.title, artists=list(found.artists))


class Entry(Shape):
    """A place of a list."""

    position: int = Field(description="From 1.")
    track: Track
    score: float | None = None
    reason: str | None = Field(None, description="One sentence for the listener.")
    chosen_by: str | None = None
    taste: str | None = None

    @classmethod
    def of(cls, entry: PlaylistEntry) -> Entry:
        """From a place of a playlist."""
        return cls(
            position=entry.position,
            track=Track.of(entry.track),
            score=entry.score,
            reason=entry.reason,
            chosen_by=entry.chosen_by,
            taste=entry.taste,
        )


class List(Shape):
    """A list in order."""

    model_config = example(
        title="Discover Weekly, 2026-W48",
        listener="ada",
        week="2026-W48",
        created_at="2026-11-23T06:00:00Z",
        models=["factors/20261129T105719.162Z-f7b806b0"],
        entries=[
            {
                "position": 1,
                "track": HELLO,
                "score": 0.81,
                "reason": "Because you played Someone Like You by Adele.",
                "taste": "Adele, Amy Winehouse",
            }
        ],
    )

    title: str
    listener: str
    week: str | None = None
    created_at: datetime
    notes: list[str] = Field(default_factory=list, description="What the listener should know.")
    models: list[str] = Field(default_factory=list, description="Versions it was made with.")
    entries: list[Entry]

    @classmethod
    def of(cls, playlist: Playlist) -> List:
        """From a playlist."""
        return cls(
            title=playlist.title,
            listener=playlist.listener,
            week=playlist.week,
            created_at=playlist.created_at,
            notes=list(playlist.notes),
            models=list(playlist.models),
            entries=[Entry.of(entry) for entry in playlist.entries],
        )


def checked_week(week: str) -> str:
    """An ISO week.

    Raises:
        NotFoundError: there is no such week.
    """
    try:
        monday(week)
    except ValueError:
        raise NotFoundError(f"There is no week {week}", expected="an ISO week like 2026-W48") from None
    return week
