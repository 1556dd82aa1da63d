"""The Monday job: this week's list for some listeners or all, remembered."""

from __future__ import annotations

from collections.abc import Sequence

from segue.errors import NotFoundError
from segue.jobs.train import FACTORS, load_factors
from segue.library import Library
from segue.playlists.catalogue import Catalogue
from segue.playlists.memory import Weeks
from segue.playlists.playlist import Playlist
from segue.playlists.weekly import WeeklyConfig, make_weekly
from segue.progress import progress


def listeners_of(library: Library, unit: str = "listeners") -> list[str]:
    """Everybody in the library who could get a list, sorted."""
    table, column = ("listens", "listener_id") if unit == "listeners" else ("playlist_entries", "playlist_id")
    ids = library.table(table)[column]
    return sorted(library.arrow(ids.as_table().distinct()).column(column).to_pylist())


def weekly(
    library: Library,
    week: str,
    *,
    listeners: Sequence[str] | None = None,
    config: WeeklyConfig | None = None,
    seed: int = 0,
) -> list[Playlist]:
    """Make and remember the lists of `week`, by listener; all listeners if none are named.

    Raises:
        NotFoundError: a listener is not in the library, or nothing was trained yet.
    """
    config = config or WeeklyConfig()
    model, version = load_factors(library)
    everybody = listeners_of(library, model.config.observations.unit)
    chosen = everybody if listeners is None else list(listeners)
    unknown = sorted(set(chosen) - set(everybody))
    if unknown:
        raise NotFoundError(
            f"The library has no listener {unknown[0]!r}",
            expected=f"one of {len(everybody):,}, such as {', '.join(everybody[:3])}",
            do="see `segue library`, or import their listening",
        )
    weeks = Weeks(library.path / "weeks")
    earlier = weeks.earlier(week, config.earlier_weeks, listeners)
    seen = model.observe(library, chosen)
    lists = []
    with progress("Making lists", len(chosen)) as advance:
        for playlist in make_weekly(
            model,
            seen,
            Catalogue(library, [str(track) for track in model.tracks_]),
            week,
            config=config,
            seed=seed,
            earlier=earlier,
            version=f"{FACTORS}/{version}",
        ):
            lists.append(playlist)
            advance(1)
    weeks.remember(week, lists)
    return lists
