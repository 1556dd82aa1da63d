"""Why a track suits a listener, and what every rule says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from segue.errors import NotFoundError
from segue.library.search import Found, find_track
from segue.playlists.listeners import Listeners
from segue.playlists.why_not import WhyNot, why_not

if TYPE_CHECKING:
    from segue.engine.engine import Engine
    from segue.engine.weekly import Ready


class Led(NamedTuple):
    """A play that led to a track."""

    track_id: str
    name: str
    share: float  # of the sum of all that speaks for the track, 0 to 1


class Explained(NamedTuple):
    """Why a track suits a listener."""

    of: Found
    score: float
    heard: bool  # whether the listener knows it
    led: list[Led]  # the largest share first
    together: str  # what the score is learned from, in words: tracks that are "on the same playlists"


def explain(engine: Engine, listener: str, track: str, most: int = 10) -> Explained:
    """The plays that add up to the score of a track, its id or words of its artists and title.

    Raises:
        NotFoundError: no such listener or track, or the model does not know it.
    """
    library = engine.library
    engine.refuse_unknown(listener)
    factors = engine.factors()
    model, catalogue = factors.model, factors.shared.catalogue
    found = find_track(library, track, factors.tracks)
    known = factors.known.take([listener]) if factors.known is not None else None
    if known is None:
        known = Listeners.observed(library, model, catalogue, factors.shared.context, [listener])
    seen = known.observations(model)
    if not seen.matrix.nnz:
        raise NotFoundError(f"Nothing is known of the listener {listener!r}", hint="see `segue library`")
    row = next(model.recommend(seen, 1, new_only=False, only=[found.track_id], reasons=most))
    names = [catalogue.name(factors.tracks[each.track]) for each in row.reason]
    led = [Led(each.track, name, each.share) for each, name in zip(row.reason, names, strict=True)]
    heard = factors.tracks[found.track_id] in seen.matrix.indices
    return Explained(found, row.score, heard, led, model.config.observations.together)


def explain_absence(ready: Ready, listener: str, track: str, *, seed: int = 0) -> tuple[Found, WhyNot]:
    """What every rule says of a track for a listener's list of a week.

    Raises:
        NotFoundError: no such track, or the model does not know it.
    """
    found = find_track(ready.library, track, ready.tracks)
    number = ready.tracks[found.track_id]
    seen, (history,) = ready.read([listener])
    (tastes,) = ready.tastes([listener])
    said = why_not(ready.material, seen, history, ready.edition(seed), number, tastes)
    return found, said
