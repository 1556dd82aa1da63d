"""One readable line for each track of a list: the plays that led to it, and the taste it belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from segue.playlists.kernels import two_of_each
from segue.playlists.rules.context import Bools
from segue.wording import MONTHS, ended, times

LEAST = 0.02  # share of a score below which a play is no reason
BESIDE = 0.2  # of the strongest play of a track, part below which another is no reason beside it
NEAR = 0.5  # likeness from which a play of the track's own taste is a reason, whatever it adds to the score
UNLIKE = 0.1  # likeness below which a play is none, unless most of the score is its
MOST = 0.5  # share of a score that is most of it
TIES = 1e-3  # likeness that the strongest contribution is worth: it decides between equals


def together(names: Sequence[tuple[str, str]]) -> list[str]:
    """Plays (title, artist) as a sentence lists them; those of one artist as one: "A and B by X".

    Two of one name, such as movements of one work, are told once.
    """
    names = list({(title.casefold(), artist): (title, artist) for title, artist in names}.values())
    if len(names) == 2 and names[0][1] and names[0][1] == names[1][1]:
        (one, artist), (other, _) = names
        return [f"{one} and {other} by {artist}"]
    return [f"{title} by {artist}" if artist else title for title, artist in names]


def telling(
    parts: NDArray[np.float64], same: Bools, likeness: NDArray[np.floating] | None = None
) -> list[list[int]]:
    """For each track of a list the one or two plays that led to it and are most like it.

    All are true contributions to its score, none of them faint beside the strongest; where none of these is
    of its taste, what is near it in its taste, from which it came then. One that is unlike the track is named
    only where most of the score is its and nothing is near: factors of a song that few know add to what it
    has nothing to do with. Among these the nearest says most of the track, a favourite that speaks for every
    track little of any: a play's likeness counts over the square root of 1 + n where n tracks before it have
    named it. Plays of the track's own taste go before others, and a second play is named only if it is of the
    same taste as the first, or neither is.

    Args:
        parts: (n, h) what each of the listener's plays adds to each track's score, from
            `ImplicitALS.contributions`.
        same: (n, h) whether the play is of the track's taste.
        likeness: (n, h) of the plays to the tracks, by which tracks are chosen for a taste. Where none is
            known, contributions decide.

    Returns:
        Places among the h plays, for each of the n tracks.
    """
    if not parts.size:
        return [[] for _ in parts]
    shares = np.maximum(parts, 0)
    shares /= np.maximum(shares.sum(axis=1, keepdims=True), 1e-30)
    strongest = np.maximum(shares.max(axis=1, keepdims=True), 1e-30)
    # Where every play is faint, as in long histories, the strongest ones still are the reason.
    faint = shares < np.maximum(np.minimum(LEAST, strongest / 2), strongest * BESIDE)
    alike = np.zeros(parts.shape) if likeness is None else np.maximum(likeness, 0)
    none_of_taste = ~(~faint & same & (alike >= UNLIKE)).any(axis=1, keepdims=True)
    out = faint & ~(none_of_taste & same & (alike >= NEAR))
    if likeness is not None:
        nearest = np.where(out, 0.0, alike).max(axis=1, keepdims=True)
        unlike = (likeness < UNLIKE) & (likeness != 0)  # of what has no vector nothing is known
        out |= unlike & ((shares < strongest) | (strongest < MOST) | (nearest >= NEAR))
    rank = np.where(out, 0.0, alike + TIES * np.maximum(shares / strongest, BESIDE))
    told = two_of_each(np.ascontiguousarray(rank, np.float64), np.ascontiguousarray(same))
    return [[play for play in plays if play >= 0] for plays in told.tolist()]


Asker = Literal["listener", "guest", "playlist", "title"]  # who is spoken to; a guest has named tracks
_DID: dict[Asker, str] = {
    "listener": "you played",
    "guest": "you named",
    "playlist": "this playlist has",
    "title": "playlists called like this have",
}


def because(names: Sequence[str], side: str = "", asker: Asker = "listener") -> str:
    """ "Because you played A and B: your Joy Division and Bauhaus side."

    Args:
        names: the plays, as a person reads them; none where no single play stands out.
        side: the name of the taste, or nothing.
        asker: who is spoken to.
    """
    line = (
        f"Because {_DID[asker]} {' and '.join(names)}" if names else f"From all that {_DID[asker]} together"
    )
    return sided(line, side, asker)


def sided(line: str, side: str, asker: Asker = "listener") -> str:
    """A sentence that ends with the taste: "Follows A: your Bauhaus side."."""
    return f"{line}: {'its' if asker == 'playlist' else 'your'} {side} side." if side else ended(line)


def without_side(line: str, side: str) -> str:
    """The sentence that `sided` ended with the taste, for where it stands above."""
    for whose in ("your", "its"):
        if line.endswith(end := f": {whose} {side} side."):
            return ended(line.removesuffix(end))
    return line


def favourite(plays: float, days_ago: float, moment: datetime) -> str:
    """Why a familiar track is there: "A favourite: you played it 12 times, last in March 2026."."""
    return f"A favourite: you {_played(plays, days_ago, moment)}."


def again(plays: float, days_ago: float, moment: datetime, side: str = "", what: str = "it") -> str:
    """Why a track of the listener's own is there: "You played it 12 times, last in March 2026."."""
    return sided(f"You {_played(plays, days_ago, moment, what)}", side)


def _played(plays: float, days_ago: float, moment: datetime, what: str = "it") -> str:
    told = f"played {what} {times(plays)}"
    if np.isnan(days_ago):
        return told
    last = moment - timedelta(days=float(days_ago))
    when = f"{MONTHS[last.month - 1]} {last.year}"
    return f"{told}, last in {when}" if round(plays) > 1 else f"{told}, in {when}"
