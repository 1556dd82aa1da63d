"""What is known of a listener: tastes, why a track suits them, why it is not on their list."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from segue.errors import UsageError
from segue.service.asking import Changer, HouseGiven, Reader
from segue.service.etags import Conditional
from segue.service.house import refuse_unknown
from segue.service.shapes import HELLO, Shape, Track, TrackAsked, checked_week, example
from segue.service.v1.lists import current
from segue.tastes.changes import LONGEST, Changes

router = APIRouter(tags=["listener"], route_class=Conditional)
WeekAsked = Annotated[
    str | None,
    Query(pattern=r"^\d{4}-W(0[1-9]|[1-4]\d|5[0-3])$", description="ISO week; by default this one."),
]


class Taste(Shape):
    """One taste of a listener."""

    number: int = Field(description="The same from week to week.")
    name: str
    share: float = Field(description="Of the listening, 0 to 1.")
    trend: str = Field(description="rising, fading, steady, or empty where nothing can be said.")
    since: str = Field(
        description="The day on which the third of its songs was first played; empty where times are unknown."
    )
    tracks: list[str] = Field(description="Names, the most typical first.")
    parts: list[str] = Field(description="Names of the tastes that were merged into it; empty for one alone.")
    left_out: bool = Field(description="By the listener: no list and no radio draws on it.")
    renamed: bool = Field(description="By the listener.")


class Tastes(Shape):
    """The tastes of a listener, heaviest first."""

    model_config = example(
        listener="ada",
        tastes=[
            {
                "number": 1,
                "name": "Adele, Amy Winehouse",
                "share": 0.41,
                "trend": "rising",
                "since": "2026-03-14",
                "tracks": ["Adele - Hello"],
                "parts": [],
                "left_out": False,
                "renamed": False,
            }
        ],
    )

    listener: str
    tastes: list[Taste]


class TasteChange(Shape):
    """A change to a taste; each can be undone by another."""

    model_config = example(kind="rename", number=1, name="Sunday mornings")

    kind: Literal["rename", "merge", "split", "leave_out", "bring_back"] = Field(
        description="`rename`: to `name`, or to its own with none; `merge`: into the taste `into`; `split`: "
        "what was merged is apart again; `leave_out`: nothing draws on it; `bring_back`: lists and radio do."
    )
    number: int = Field(ge=0, le=2**31 - 1, description="Of the taste, as it is told.")
    name: str = Field("", max_length=LONGEST)
    into: int | None = Field(None, ge=0, le=2**31 - 1)

    def made(self, changes: Changes) -> Changes:
        """What was changed so far, with this.

        Raises:
            UsageError: it makes no sense.
        """
        if self.kind == "rename":
            return changes.renamed(self.number, self.name)
        if self.kind == "merge":
            if self.into is None:
                raise UsageError("Into which taste?", expected="`into`, the number of another taste")
            return changes.merged(self.number, self.into)
        if self.kind == "split":
            return changes.split(self.number)
        return (changes.left_out if self.kind == "leave_out" else changes.brought_back)(self.number)


class Led(Shape):
    """A play that led to a track."""

    track_id: str
    name: str
    share: float = Field(description="Of all that speaks for the track, 0 to 1.")


class Explanation(Shape):
    """Why a track suits a listener."""

    model_config = example(
        track=HELLO,
        score=0.81,
        heard=False,
        led=[{"track_id": "isrc:GBBKS1000351", "name": "Adele - Someone Like You", "share": 0.3}],
    )

    track: Track
    score: float
    heard: bool = Field(description="Whether the listener knows it.")
    led: list[Led]


class Verdict(Shape):
    """What a rule says of a track."""

    rule: str
    out: bool
    because: str


class Absence(Shape):
    """Why a track is not on a list, or that it is."""

    model_config = example(
        track=HELLO,
        score=0.81,
        rank=12,
        of=48210,
        verdicts=[{"rule": "banned", "out": True, "because": "you said that it is not for you"}],
    )

    track: Track
    score: float
    rank: int = Field(description="Among the tracks the listener has not heard, from 1.")
    of: int
    heard: bool = Field(False, description="Whether the listener has heard it; the rank is of what is new.")
    verdicts: list[Verdict]


@router.get("/tastes", summary="What do I like?")
def tastes(here: HouseGiven, listener: Reader, week: WeekAsked = None) -> Tastes:
    """In groups of songs that are alike, heaviest first."""
    wanted = checked_week(week) if week else current(here, listener)
    refuse_unknown(here.engines.current, listener)
    found = here.asked(lambda engine: engine.tastes(listener, wanted))
    return Tastes(listener=listener, tastes=[Taste(**each._asdict()) for each in found])


@router.post("/tastes", summary="Merge, rename or leave out a taste")
def change_taste(here: HouseGiven, listener: Changer, asked: TasteChange) -> Tastes:
    """What I like, by then. It holds for this week and those to come, until it is undone.

    Lists, radios and sessions follow with the next one that is made.
    """
    refuse_unknown(here.engines.current, listener)
    week = current(here, listener)
    found = here.asked(lambda engine: engine.change_taste(listener, asked.made, week))
    return Tastes(listener=listener, tastes=[Taste(**each._asdict()) for each in found])


@router.get("/explain", summary="Why does a track suit me?")
def explain(here: HouseGiven, listener: Reader, track: TrackAsked) -> Explanation:
    """The plays that add up to its score."""
    refuse_unknown(here.engines.current, listener)
    said = here.asked(lambda engine: engine.explain(listener, track))
    led = [Led(track_id=each.track_id, name=each.name, share=each.share) for each in said.led]
    return Explanation(track=Track.found(said.of), score=said.score, heard=said.heard, led=led)


@router.get("/why-not", summary="Why is a track not on my list?")
def why_not(here: HouseGiven, listener: Reader, track: TrackAsked, week: WeekAsked = None) -> Absence:
    """What every rule says of it."""
    wanted = checked_week(week) if week else current(here, listener)
    refuse_unknown(here.engines.current, listener)
    config = here.settings.weekly
    found, said = here.asked(lambda engine: engine.why_not(listener, track, wanted, config=config))
    verdicts = [Verdict(rule=each.rule, out=each.out, because=each.because) for each in said.verdicts]
    return Absence(
        track=Track.found(found),
        score=said.score,
        rank=said.rank,
        of=said.of,
        heard=not said.new,
        verdicts=verdicts,
    )
