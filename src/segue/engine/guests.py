"""Lists for people who are not in the library, from tracks that they name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix

from segue.errors import NotFoundError, UsageError
from segue.factors.observations import Observations
from segue.factors.titles import TitlesConfig, playlist_titles
from segue.library.search import Found, find_track
from segue.playlists.belonging import ListenerTastes
from segue.playlists.history import History
from segue.playlists.playlist import Playlist
from segue.playlists.rules import Listening
from segue.playlists.rules.seasons import named
from segue.playlists.weekly import make_weekly
from segue.wording import count

if TYPE_CHECKING:
    from segue.engine.weekly import Ready

GUEST = "guest"  # who is not in the library


def weekly_for_guest(
    ready: Ready, likes: Sequence[str], *, title: str | None = None, seed: int = 0
) -> tuple[Playlist, list[Found]]:
    """A list for somebody who is not in the library, from tracks they name, folded in; none is remembered.

    Each track named has the same part of the list. A title asks for what playlists called like it hold.
    Without either, it is a list for a stranger.

    Args:
        ready: all that the lists of a week are made from.
        likes: track ids, or words of artists and titles.
        title: of the list.

    Returns:
        The list, and the tracks that were understood.

    Raises:
        UsageError: the title is empty.
        NotFoundError: a track is not in the library, or the model does not know it; or nothing was learned
            of titles.
    """
    if title is not None:
        _refuse_titles(ready, title)
    number = ready.tracks
    understood = [find_track(ready.library, text, number) for text in likes]
    liked = np.array(sorted({number[found.track_id] for found in understood}), np.int32)
    settings = ready.model.config.observations
    worth = settings.base + settings.love
    row = csr_matrix(
        (np.full(len(liked), worth, np.float32), liked, [0, len(liked)]),
        shape=(1, len(number)),
        dtype=np.float32,
    )
    space = ready.material.space
    centres = liked[space.known[liked]]
    shares = np.full(len(centres), 1 / max(len(centres), 1), np.float32)
    tastes = ListenerTastes(space.vectors[centres], shares, seeds=centres)
    seen = Observations(row, np.array([GUEST], object), ready.model.tracks_, settings)
    if title is not None:
        seen = ready.model.titled(seen, [title])
    history = History(Listening(heard=liked))
    edition = ready.edition(seed)
    if title is not None and named(title):  # who asks for Christmas in July is to have it
        edition = replace(edition, config=edition.config.model_copy(update={"out_of_season": True}))
    (made,) = make_weekly(
        ready.material.for_guests,
        seen,
        [history],
        edition,
        tastes=[tastes],
        askers={GUEST: "guest"},
    )
    if ready.material.few and made.entries:
        people = count(ready.material.few, "person", "people")
        note = f"From what {people} here played: it can't tell what else there is. {ready.material.more}"
        made = replace(made, title=f"Near what was named, {ready.week}", notes=(note, *made.notes))
    return made if title is None else replace(made, title=title), understood


def _refuse_titles(ready: Ready, title: str) -> None:
    """Say that no list can be made from a title.

    Raises:
        UsageError: there is nothing in it.
        NotFoundError: the model has not learned any titles.
    """
    if not title.strip():
        raise UsageError(
            "The title is empty", hint="words that playlists are called by, such as rainy sunday"
        )
    if ready.model.titles_ is not None:
        return
    config = ready.model.config.titles or TitlesConfig()
    titled = len(playlist_titles(ready.library))
    if titled >= config.fewest:
        raise NotFoundError(
            "The model has learned nothing of playlists' titles", hint="train again: segue train"
        )
    raise NotFoundError(
        "There are too few playlists here to make a list from a title",
        expected=f"{count(config.fewest, 'playlist')} with titles",
        got=f"{titled:,}",
        hint="import playlists, and then: segue train",
    )
