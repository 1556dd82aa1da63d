"""How exact the times of a source are, and whether they are the start or the end of a play.

A reader declares it for each source it reads (`Reader.times`). The name of the source is kept with every
play, and so the exactness is known whenever the same play is told by somebody else.
"""

from __future__ import annotations

from typing import NamedTuple

# A source that tells seconds, and writes whole minutes or days in a file, is another source: "table-minutes".
COARSER = {"-minutes": 60_000, "-days": 86_400_000}


class Times(NamedTuple):
    """What the times of a source mean."""

    unit_ms: int = 1_000  # a play began (or ended) between the time told and this much later
    ended: bool = False  # the time told is the end; `started_at` is that less `played_ms`
    one_each: bool = False  # two rows of a track at one time are one play (a player that writes it twice)
    scrobbled: bool = False  # a play is told only if it was heard for long enough: 30 s, or half of the song


def times_of(source: str) -> Times:
    """What is known of a source; seconds of the start where no reader says anything else."""
    from segue.library.readers import READERS

    for ending, unit in COARSER.items():
        if source.endswith(ending):
            return times_of(source.removesuffix(ending))._replace(unit_ms=unit)
    declared = (reader.times[source] for reader in READERS if source in reader.times)
    return next(declared, Times())
