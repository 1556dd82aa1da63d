"""Tastes of a week, for everybody in a library, kept so that a taste is the same one next week."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from segue.errors import NotFoundError
from segue.files import refuse_read_only
from segue.library.listening import Unit, listeners_of, units
from segue.playlists.playlist import week_of
from segue.sequences.loading import load_vectors
from segue.shelf.names import VECTORS
from segue.tastes.changes import NONE, Side, TasteChanges, sides
from segue.tastes.config import ProfileConfig
from segue.tastes.finding import profiles_of, space_of, tastes_of
from segue.tastes.likeness import Likeness
from segue.tastes.listened import ListenedConfig, first_of, first_played, last_play
from segue.tastes.profiles import Profiles
from segue.tastes.space import Floats, TasteSpace
from segue.tastes.storing import TasteWeeks, without

if TYPE_CHECKING:
    from segue.engine.engine import Engine, Factors
    from segue.library import Library


# Up to so many listeners everybody's tastes are found and kept, whoever is asked for: it takes some seconds.
TOGETHER = 2_000


class WeekOfTastes(NamedTuple):
    """Tastes in one week, and the space they are in."""

    week: str
    space: TasteSpace
    profiles: Profiles
    models: tuple[str, ...] = ()  # the shelf's versions they were found with
    facts: Mapping[str, Any] = MappingProxyType({})  # all that they depend on


class Taste(NamedTuple):
    """One taste of a listener, for people to read."""

    number: int  # kept from week to week
    name: str
    share: float  # of the listening
    trend: str  # "rising", "fading", "steady", or "" where nothing can be said
    since: str  # the day, "2024-11-30", from which it is in the plays; "" where times are unknown
    tracks: list[str]  # names, the most typical first
    parts: list[str]  # names of those that the listener merged into it; empty for one alone
    left_out: bool = False  # by the listener: no list and no radio draws on it
    renamed: bool = False  # by the listener


def stored_tastes(library: Library) -> TasteWeeks:
    """Where a library's tastes are kept."""
    return TasteWeeks(library.path / "tastes")


def taste_changes(library: Library) -> TasteChanges:
    """Where it is kept what listeners have changed about their tastes."""
    return TasteChanges(library.path / "tastes")


def tastes_of_week(
    engine: Engine,
    week: str,
    *,
    keep: bool = True,
) -> WeekOfTastes:
    """The tastes of all listeners in `week`, from its file if nothing has changed since, else found anew.

    Where there are no listeners, they are those of playlists.

    Numbers and names are carried over from the newest earlier week that is kept.

    Args:
        engine: the library, its factors, and how tastes are found.
        week: ISO week, "2026-W48".
        keep: whether they are kept for `week`.

    Raises:
        NotFoundError: nothing was trained yet.
        BusyError: another process is keeping tastes.
        UsageError: they cannot be kept there.
    """
    kept = kept_tastes(engine, week)
    if kept is not None:
        return kept
    if keep:
        refuse_read_only(stored_tastes(engine.library).folder, "folder of tastes")
    everybody = listeners_of(engine.library, engine.factors().model.config.observations.unit)
    return keep_tastes(engine, find_tastes(engine, week, everybody), keep=keep)


def tastes_for(engine: Engine, week: str, listener: str) -> WeekOfTastes:
    """Tastes in `week`, with those of a listener, or of a playlist, among them.

    Raises:
        NotFoundError: nothing was trained yet.
        BusyError: another process is keeping tastes.
        UsageError: they cannot be kept there.
    """
    found = tastes_known(engine, week)
    if found is None:
        # Of a playlist `with_one` finds them.
        found = find_tastes(engine, week, [listener] if listener in _everybody(engine) else [])
    return with_one(engine, found, listener)


def tastes_known(engine: Engine, week: str) -> WeekOfTastes | None:
    """The tastes of all listeners in `week`, as `tastes_of_week` finds and keeps them.

    None in a library of many where none are kept: nobody waits until everybody's are found, which the Monday
    job does. They are found for who is asked for.

    Raises:
        NotFoundError: nothing was trained yet.
        BusyError: another process is keeping tastes.
        UsageError: they cannot be kept there.
    """
    if not has_many(engine):
        return engine.tastes_of_week(week)
    return engine.once_there(("tastes", week), lambda: kept_tastes(engine, week))


def has_many(engine: Engine) -> bool:
    """Whether a library has so many listeners that tastes are found for one at a time."""
    return len(_everybody(engine)) > TOGETHER


def _everybody(engine: Engine) -> frozenset[str]:
    unit = engine.factors().model.config.observations.unit
    return engine.once("everybody", lambda: frozenset(listeners_of(engine.library, unit)))


def kept_tastes(engine: Engine, week: str) -> WeekOfTastes | None:
    """The tastes that are kept of a week; None where there are none, or something has changed since.

    Raises:
        NotFoundError: nothing was trained yet.
        FormatError: their file is damaged.
    """
    library, factors, config = engine.library, engine.factors(), engine.taste_config
    spaces = _spaces(engine)
    facts = _facts(library, factors, spaces, config)
    return _kept(stored_tastes(library), week, facts, spaces, config)


def find_tastes(engine: Engine, week: str, listeners: Sequence[str]) -> WeekOfTastes:
    """The tastes of some listeners in `week`, found anew: the same as among everybody's. They are not kept.

    Raises:
        NotFoundError: nothing was trained yet.
    """
    config, library, factors = engine.taste_config, engine.library, engine.factors()
    unit, spaces = factors.model.config.observations.unit, _spaces(engine)
    listened, tracks = ListenedConfig(unit=unit), factors.tracks.ids
    space = spaces.space
    if spaces.songs is not None or config.sound:
        vectors = [space.vectors] if spaces.songs is None else [space.vectors, spaces.songs]
        make = partial(space_of, library, tracks, vectors, config=config, listened=listened)
        space = engine.once("space of tastes", make)
    before = engine.once(("tastes before", week), lambda: stored_tastes(library).before(week))
    space, profiles = tastes_of(
        library,
        tracks,
        space,
        before=None if before is None else before.of(listeners),
        listeners=listeners,
        now=_last_play(engine, unit),
        config=config,
        listened=listened,
        credits=factors.shared.credits,
    )
    facts = _facts(library, factors, spaces, config) | {"resolution": space.resolution}
    return WeekOfTastes(week, space, profiles, tuple(spaces.made_from), facts)


def keep_tastes(engine: Engine, found: WeekOfTastes, *, keep: bool = True) -> WeekOfTastes:
    """Keep tastes that `find_tastes` found of everybody, without who is gone; not kept, they leave these out.

    Raises:
        BusyError: another process is keeping tastes.
    """
    with engine.library.forgotten.held() as gone:
        profiles = without(found.profiles, gone.among(map(str, found.profiles.listeners)))
        if keep and len(profiles.ids):
            stored_tastes(engine.library).keep(found.week, profiles, found.facts)
    return found._replace(profiles=profiles)


def tastes_now(engine: Engine, listener: str) -> Profiles:
    """The tastes of a listener by now: as kept of this week while nothing has changed, else found anew.

    Nothing is written. Where the listener has changed something about them, numbers carry on from the week
    that is kept last.
    """
    library, factors = engine.library, engine.factors()
    kept = kept_tastes(engine, week_of(datetime.now(UTC)))
    if kept is not None:
        return with_one(engine, kept, listener).profiles
    unit = factors.model.config.observations.unit
    near = factors.shared.belonging.near
    before = stored_tastes(library).newest() if taste_changes(library).of(listener) != NONE else None
    now = _last_play(engine, unit)
    return profiles_of(library, factors.tracks.ids, near, [listener], unit, now=now, before=before)


def _last_play(engine: Engine, unit: Unit) -> datetime | None:
    return engine.once(("last play", unit), lambda: last_play(engine.library, unit))


def with_one(engine: Engine, found: WeekOfTastes, listener: str) -> WeekOfTastes:
    """The tastes of a week with those of `listener` among them: a playlist's are found when asked for."""
    if listener in found.profiles.place:
        return found
    tracks = [str(track) for track in found.profiles.tracks]
    near = Likeness(found.space, engine.factors().shared.credits)
    now = _last_play(engine, "both")
    return found._replace(profiles=profiles_of(engine.library, tracks, near, [listener], "both", now=now))


def tastes_by(
    library: Library, week: str, factors: Factors, listeners: Sequence[str] | None = None
) -> WeekOfTastes:
    """The tastes of listeners, by default all, by the factors of another medium than songs; not kept."""
    model = factors.model
    unit = model.config.observations.unit
    space, profiles = tastes_of(
        library,
        factors.tracks.ids,
        factors.shared.space,
        listeners=listeners_of(library, unit) if listeners is None else listeners,
        listened=ListenedConfig(unit=unit),
        credits=factors.shared.credits,
    )
    return WeekOfTastes(week, space, profiles, (factors.made_from,))


def shares_by_week(library: Library, listener: str, until: str) -> list[tuple[str, int, str, float]]:
    """(week, number, name, share) of a listener's tastes in every kept week to `until`, oldest first.

    As the listener has changed them by now.
    """
    weeks, changes = stored_tastes(library), taste_changes(library).of(listener)
    rows = []
    for week in (name for name in weeks.names() if name <= until):
        if (kept := weeks.read(week)) is not None:
            _, profiles = kept
            for side in sides(profiles, listener, changes):
                rows.append((week, side.number, side.name, share_of(profiles, side)))
    return rows


def share_of(profiles: Profiles, side: Side) -> float:
    """The part of the listening that a taste is, as it is shown."""
    return float(sum(profiles.weights[place] for place in side.parts))


def tracks_of(profiles: Profiles, side: Side) -> NDArray[np.int32]:
    """Track numbers of a taste as it is shown, those that weigh most first where it was merged."""
    if len(side.parts) == 1:
        return profiles.tracks_of(side.parts[0])
    first = profiles.member_first
    members = np.concatenate([profiles.tracks_of(place) for place in side.parts])
    weights = np.concatenate([profiles.member_weights[first[at] : first[at + 1]] for at in side.parts])
    return members[np.argsort(-weights, kind="stable")]


def described(engine: Engine, found: WeekOfTastes, listener: str) -> list[Taste]:
    """The tastes of a listener as they have changed them, heaviest first; empty if nothing is known."""
    profiles = found.profiles
    shown = sides(profiles, listener, taste_changes(engine.library).of(listener))
    if not shown:
        return []
    catalogue = engine.factors().shared.catalogue
    result = []
    for side, since in zip(shown, _since(engine, found, listener, shown), strict=True):
        names = [catalogue.name(track) for track in tracks_of(profiles, side).tolist()]
        trends = {profiles.trend(place) for place in side.parts}
        parts = [profiles.names[place] for place in side.parts] if len(side.parts) > 1 else []
        result.append(
            Taste(
                side.number,
                side.name,
                share_of(profiles, side),
                trends.pop() if len(trends) == 1 else "",
                since,
                names,
                parts,
                side.left_out,
                side.renamed,
            )
        )
    return result


def _since(engine: Engine, found: WeekOfTastes, listener: str, shown: Sequence[Side]) -> list[str]:
    """The day from which each taste that is shown is in the listener's plays, "" where times are unknown.

    On it as many of its songs had been played as make a taste.
    """
    factors, profiles = engine.factors(), found.profiles
    tastes = profiles.tastes(listener)
    ids = [str(track) for track in profiles.tracks]
    played = engine.played()
    plays = None if played is None else played.of(listener)
    if plays is None:
        tracks, first = first_played(engine.library, ids, listener, units(engine.library))
    else:
        tracks, first = first_of(plays, ids)
    near = Likeness(found.space, factors.shared.credits)
    own = near.taste_of(profiles.centres[tastes.start : tastes.stop], tracks)
    days = []
    for side in shown:
        mine = np.isin(own, [part - tastes.start for part in side.parts])
        when = np.sort(first[mine])[: engine.taste_config.least_tracks]
        days.append(str(when[-1].astype("datetime64[D]")) if len(when) else "")
    return days


class _Spaces(NamedTuple):
    """The space kept with the factors, song vectors where there are some, and what both were taken from."""

    space: TasteSpace
    songs: Floats | None
    made_from: list[str]


def _spaces(engine: Engine) -> _Spaces:
    return engine.once("spaces of tastes", lambda: _read_spaces(engine.library, engine.factors()))


def _read_spaces(library: Library, factors: Factors) -> _Spaces:
    space, made_from = factors.shared.space, [factors.made_from]
    try:
        songs, current = load_vectors(library)
    except NotFoundError:
        return _Spaces(space, None, made_from)
    made_from = [*made_from, f"{VECTORS}/{current}"]
    if factors.model.config.observations.teachers == "sessions":
        return _Spaces(space, None, made_from)  # learned from the same sessions, they tell nothing more
    codes = songs.codes(factors.tracks.ids)
    own = np.where(codes[:, None] >= 0, songs.in_[codes], 0).astype(np.float32)
    return _Spaces(space, own, made_from)


def _facts(library: Library, factors: Factors, spaces: _Spaces, config: ProfileConfig) -> dict[str, Any]:
    """All that tastes depend on."""
    return {
        "data": library.fingerprint(),
        "models": spaces.made_from,
        "config": config.model_dump(mode="json"),
        "unit": factors.model.config.observations.unit,
    }


def _kept(
    weeks: TasteWeeks, week: str, facts: dict[str, Any], spaces: _Spaces, config: ProfileConfig
) -> WeekOfTastes | None:
    """The tastes that are kept of a week; None where there are none, or something has changed since."""
    kept = weeks.read(week)
    if kept is None or config.sound or {name: kept[0].get(name) for name in facts} != facts:
        return None
    space = spaces.space
    if spaces.songs is not None:
        known = config.model_copy(update={"resolution": kept[0]["resolution"]})
        space = TasteSpace.of([space.vectors, spaces.songs], None, known)
    return WeekOfTastes(week, space, kept[1], tuple(spaces.made_from))
