"""What a listener changes about their tastes, checked against those they have."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from segue.engine.tastes import taste_changes, tastes_for
from segue.errors import NotFoundError, UsageError
from segue.library.listening import owners
from segue.playlists.playlist import week_of
from segue.tastes.changes import Changes, sides

if TYPE_CHECKING:
    from segue.engine.engine import Engine
    from segue.engine.tastes import Taste


def change_taste(
    engine: Engine, listener: str, how: Callable[[Changes], Changes], week: str | None = None
) -> list[Taste]:
    """Merge, rename or leave out a taste of a listener, or take that back; their tastes by then.

    Lists, radio and sessions follow with the next one that is made.

    Args:
        engine: the library, its factors, and how tastes are found.
        listener: whose.
        how: from what was changed so far to what is by now: `Changes.merged` and its like.
        week: in which they are told; by default this one.

    Raises:
        NotFoundError: no such listener or taste, or nothing was trained yet.
        UsageError: no taste would be left for lists, or the change makes no sense.
        BusyError: another process is keeping tastes.
    """
    engine.refuse_unknown(listener)
    people, playlists = owners(engine.library, "both")
    if people and listener in playlists:
        raise UsageError(
            "Tastes of a playlist are not changed",
            got=listener,
            hint="change the playlist itself, or tastes of a listener",
        )
    profiles = tastes_for(engine, week or week_of(datetime.now(UTC)), listener).profiles

    def checked(before: Changes) -> Changes:
        after = how(before)
        known = {int(profiles.ids[place]) for place in profiles.tastes(listener)}
        named = {*after.names, *after.into, *after.into.values(), *after.out}
        named -= {*before.names, *before.into, *before.into.values(), *before.out}
        if named - known:
            numbers = ", ".join(map(str, sorted(known))) or "none"
            raise NotFoundError(
                f"There is no taste {min(named - known)}",
                expected=f"one of {numbers}",
                hint="look at them again",
            )
        left = sides(profiles, listener, after)
        if left and all(side.left_out for side in left):
            raise UsageError("No taste would be left for lists and radio", hint="bring another back first")
        return after

    with engine.library.forgotten.held() as gone:
        if listener in gone:
            raise NotFoundError(f"{listener} was forgotten meanwhile")
        taste_changes(engine.library).change(listener, checked)
    return engine.tastes(listener, week)
