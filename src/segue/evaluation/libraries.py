"""Evaluation on a library: which protocols its content allows, and Segue's own systems through them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from segue.errors import UsageError
from segue.evaluation.histories import Histories, from_entries
from segue.evaluation.protocols import LISTENERS, PLAYLISTS, Protocol, Recommender, System, evaluate
from segue.evaluation.report import Report
from segue.library.listening import listens
from segue.library.moments import seconds
from segue.progress import progress

if TYPE_CHECKING:
    from segue.library.store import Library

PROTOCOLS = {"listeners": LISTENERS, "playlists": PLAYLISTS}


def read_listens(library: Library) -> Histories:
    """What each listener played, by plays, in the order of the first listen; no podcasts or audiobooks."""
    tracks = library.table("tracks")
    spoken = tracks.filter(tracks.medium.isin(["podcast", "audiobook"]))
    music = listens(library).anti_join(spoken, "track_id")
    counted = music.group_by(["listener_id", "track_id"]).agg(
        plays=music.plays.sum(), first=seconds(music.started_at.min())
    )
    rows = library.arrow(counted.order_by("listener_id", "track_id"))  # a seed gives one split, always
    first = rows["first"].to_numpy(zero_copy_only=False).astype(np.float64)
    times = np.full(len(first), np.datetime64("NaT"), dtype="datetime64[s]")
    known = ~np.isnan(first)
    times[known] = first[known].astype(np.int64).astype("datetime64[s]")
    return from_entries(
        rows["listener_id"].to_numpy(zero_copy_only=False),
        rows["track_id"].to_numpy(zero_copy_only=False),
        rows["plays"].to_numpy(zero_copy_only=False),
        order=np.where(known, first, np.inf),
        times=times,
    )


def read_playlists(library: Library) -> Histories:
    """Every playlist whose order is known, as a listener; a repeated track counts at its first place."""
    entries = library.table("playlist_entries")
    placed = entries.filter(entries.position.notnull()).select("playlist_id", "position", "track_id")
    rows = library.arrow(placed.order_by("playlist_id", "position", "track_id"))
    return from_entries(
        rows["playlist_id"].to_numpy(zero_copy_only=False),
        rows["track_id"].to_numpy(zero_copy_only=False),
        order=rows["position"].to_numpy(zero_copy_only=False),
    )


def protocols_for(library: Library, names: Sequence[str] | None = None) -> list[tuple[Protocol, Histories]]:
    """The protocols that a library has enough listening for, each with what it is run on.

    Args:
        library: what was imported. Listens allow "listeners", playlists "playlists".
        names: only these, each of which must then be possible; None is all that are.

    Raises:
        UsageError: an unknown name, or too little listening.
    """
    unknown = set(names or ()) - set(PROTOCOLS)
    if unknown:
        raise UsageError(
            "There is no such protocol", expected=", ".join(PROTOCOLS), got=", ".join(sorted(unknown))
        )
    read = {"listeners": read_listens, "playlists": read_playlists}
    possible: list[tuple[Protocol, Histories]] = []
    reasons: list[UsageError] = []
    for name in names or PROTOCOLS:
        try:
            histories = read[name](library)
            PROTOCOLS[name].trim(histories)
        except UsageError as error:
            if names:
                raise
            reasons.append(error)
        else:
            possible.append((PROTOCOLS[name], histories))
    if not possible:
        raise UsageError(
            "There is too little in this library to evaluate anything on",
            expected=", or ".join(error.expected for error in reasons),
            got=" and ".join(error.got for error in reasons),
            hint="import more people's listening, or playlists: segue import PATH",
        )
    return possible


def evaluate_library(
    library: Library,
    *,
    protocols: Sequence[str] | None = None,
    systems: Mapping[str, System] | None = None,
    seeds: Sequence[int] = range(3),
    beyond_accuracy: bool = True,
) -> list[Report]:
    """One report for each protocol that the library allows; what `segue evaluate` prints.

    Args:
        library: what was imported.
        protocols: names from `PROTOCOLS`; None is all that the content allows.
        systems: name -> function of a seed; None is Segue's own and the baselines.
        seeds: one split each.
        beyond_accuracy: also measure novelty, coverage, diversity, calibration and the like.
    """
    reports = []
    for protocol, histories in protocols_for(library, protocols):
        chosen = systems if systems is not None else own_systems(protocol)
        with progress(f"Evaluating: {protocol.name}", len(chosen) * len(seeds)) as advance:
            reports.append(
                evaluate(histories, protocol, chosen, seeds, beyond_accuracy=beyond_accuracy, advance=advance)
            )
    return reports


def own_systems(protocol: Protocol) -> dict[str, System]:
    """Segue's recommenders with their default settings, and the baselines any of them must beat."""
    from segue.evaluation.weighted import LogConfidence, Recent
    from segue.factors.als import ImplicitALS
    from segue.factors.blend import Blend, BlendConfig
    from segue.factors.items import ItemNeighbours, Popularity, RP3beta
    from segue.factors.model import FactorConfig

    unit = FactorConfig() if protocol.order == "random" else FactorConfig().for_playlists()

    def given(model: ImplicitALS | Blend) -> Recommender:
        """As the product gives it what it learns from and is asked by."""
        if protocol.order == "position":
            return Recent(model, unit.observations.place_decay)
        return LogConfidence(model, unit.observations.gain)

    def factors(seed: int) -> Recommender:
        return given(ImplicitALS.of(unit.als.model_copy(update={"random_state": seed})))

    def blend(seed: int) -> Recommender:
        als = unit.als.model_copy(update={"random_state": seed})
        return given(Blend(BlendConfig.around(als, unit.blend)))

    systems: dict[str, System] = {
        "blend": blend,
        "factors": factors,
        "popularity": lambda _: Popularity(),
        "item neighbours": lambda _: ItemNeighbours(),
        "RP3beta": lambda _: RP3beta(),
    }
    return systems
