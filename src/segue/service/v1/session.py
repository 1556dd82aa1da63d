"""A session that the agent leads: it chooses from what is played and skipped, and tells what it sees."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import Field

from segue.service.asking import Changer, HouseGiven
from segue.service.shapes import HELLO, Shape, Words, example
from segue.service.streams import Moved
from segue.service.v1.playing import NOW, Kind, Now, known_to, router_of

SHOWN = 10  # candidates


class Asked(Shape):
    """What a session begins with."""

    model_config = example(seeds=[], by="auto")

    seeds: list[Words] = Field(
        default_factory=list,
        max_length=50,
        description="What somebody likes of whom nothing is known: ids of tracks, or words of them.",
    )
    tracks: list[Words] = Field(
        default_factory=list,
        max_length=300,
        description="All that may come; by default what suits the listener, a third of it known to them.",
    )
    by: Literal["auto", "agent", "greedy"] = Field(
        "auto", description="auto: the agent if its gain was sure when it was trained, else greed."
    )


class Candidate(Shape):
    """A track that may come now."""

    track_id: str
    q: float = Field(description="Worth of choosing it, for the rest of the session too.")
    expected: float | None = Field(description="Reward that the user model expects at once: greed's measure.")
    whole: float | None = Field(description="Chance that it is heard whole, 0 to 1.")


class Session(Shape):
    """A session."""

    model_config = example(
        id="8f3471b5-7e6a-48da-86a9-c1c07a0f47ae",
        notes=["Led by the agent."],
        now=NOW,
        stay=0.93,
        chance=1.0,
        candidates=[{"track_id": HELLO["id"], "q": 7.4, "expected": 0.61, "whole": 0.72}],
    )

    id: UUID
    notes: list[str] = Field(default_factory=list)
    now: Now | None = Field(description="Null where no track is left.")
    stay: float | None = Field(description="Chance that the listener is still there after the last track.")
    chance: float | None = Field(description="With which this track was chosen: 1 unless chance may choose.")
    candidates: list[Candidate] = Field(description="What it was chosen from, the largest Q first.")

    @classmethod
    def of(cls, moved: Moved) -> Session:
        """From where the stream is."""
        pool = moved.now.pool[:SHOWN] if moved.now else ()
        shown = [
            Candidate(track_id=each.track, q=each.score, expected=each.expected, whole=each.whole)
            for each in pool
        ]
        chance = moved.now.chance if moved.now else None
        return cls(
            id=UUID(moved.id),
            notes=list(moved.notes),
            now=Now.of(moved.now),
            stay=moved.stay,
            chance=chance,
            candidates=shown,
        )


KIND = Kind(
    "session",
    Session,
    "The track that comes now, and what it was chosen from; asking twice gives the same.",
    "The agent's next track. Telling the same answer again changes nothing.",
)
router = router_of(KIND)


@router.post("", status_code=201, summary="Begin a session")
def begin(here: HouseGiven, listener: Changer, asked: Asked) -> Session:
    """From the listener's tastes, from what is named, or from tracks of your own."""
    known = known_to(here.engines.current, listener, asked.seeds or asked.tracks)
    arm = here.trial.arm(listener)
    by = here.trial.session(asked.by, arm)
    begun = {"seeds": asked.seeds, "known": known, "by": by}
    if asked.tracks:
        begun["tracks"] = asked.tracks
    return KIND.begun(here, listener, begun, arm)
