"""The radio of a library on which no network was trained: neighbours, tastes, reasons, wrong names."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from segue.engine import Engine
from segue.engine.guide import asked_guide
from segue.engine.radio import FEW_KNOWN, Station, _listening, open_radio
from segue.engine.tastes import tastes_now
from segue.errors import NotFoundError, UsageError
from segue.library import Library
from segue.library.forgotten import ForgottenIds
from segue.library.listening import units
from segue.playlists.catalogue import Catalogue
from segue.playlists.listeners import Listeners
from segue.playlists.radio import Pick
from segue.playlists.rules import Listening
from segue.playlists.rules.reading import catalogue_context
from segue.playlists.shared import Songs
from segue.sequences.documents import Documents
from segue.sequences.guide import NeighbourGuide
from segue.shelf import Shelf
from segue.shelf.names import NETWORK


def played(station: Station, number: int, skips: str = "") -> list[Pick]:
    """Picks that come; those of the kind `skips` are skipped."""
    came = []
    for _ in range(number):
        pick = station.radio.next()
        assert pick is not None
        came.append(pick)
        station.radio.answer(pick.track, skipped=kind(station, pick.track) == skips)
    return came


def kind(station: Station, track: int) -> str:
    return station.catalogue.ids[track].as_py()[1]


def test_both_tastes_come_with_reasons_that_differ(trained: Path) -> None:
    station = open_radio(Engine(Library.open(trained)), listener="p01")  # of two kinds
    assert station.model.startswith("factors/") and station.asker == "listener"
    came = played(station, 40)
    kinds = Counter(kind(station, pick.track) for pick in came)
    own = {kind(station, track) for track in station.listening.heard.tolist()}
    assert set(kinds) == own and min(kinds.values()) >= 12
    reasons = [station.reason(pick) for pick in came]
    assert all(len(set(reasons[at : at + 3])) > 1 for at in range(38))
    assert all(
        station.catalogue.name(pick.near) in reason for pick, reason in zip(came, reasons, strict=True)
    )
    for pick, reason in zip(came, reasons, strict=True):
        if reason.startswith("Because you played"):
            assert pick.near in station.listening.heard
        heard = pick.track in station.listening.heard
        assert ("You played this one" in reason) == heard
        assert reason.count(". ") <= 1, "two causes at most"
    names = {entry.taste for entry in station.playlist(came).entries}
    assert names == set(station.tastes) and len(names) == 2


def test_what_is_skipped_is_named_once_and_does_not_return(trained: Path) -> None:
    station = open_radio(Engine(Library.open(trained)), listener="p01")
    first = kind(station, played(station, 1)[0].track)
    came = played(station, 30, skips=first)
    assert len({pick.track for pick in came}) == 30
    told = [pick.away >= 0 for pick in came]
    assert told[1:] == [kind(station, pick.track) == first for pick in came[:-1]]
    assert sum(kind(station, pick.track) == first for pick in came[10:]) <= 4
    for pick in came:
        reason = station.reason(pick)
        assert ("which you skipped." in reason) == (pick.away >= 0)
        assert reason.count(". ") <= 1, "two causes at most"
        assert ("You played this" in reason) == (pick.track in station.listening.heard)
    assert any("You played this" in (line := station.reason(pick)) and "skipped" in line for pick in came)


def test_a_playlist_and_named_tracks_can_be_asked_for(trained: Path) -> None:
    library = Library.open(trained)
    station = open_radio(Engine(library), listener="mine1")
    assert station.asker == "playlist" and "you played" not in station.reason(played(station, 5)[-1])
    station = open_radio(Engine(library), seeds=["t2-3"])
    came = played(station, 10)
    assert {kind(station, pick.track) for pick in came} == {"2"}
    assert station.reason(came[0]) == "Because you named Song t2-3 by Band 2-3."


def test_wrong_names_are_told(trained: Path) -> None:
    library = Library.open(trained)
    with pytest.raises(NotFoundError, match="no listener 'nobody'"):
        open_radio(Engine(library), listener="nobody")
    with pytest.raises(NotFoundError, match="No track matches"):
        open_radio(Engine(library), seeds=["zzzz"])
    with pytest.raises(UsageError, match="begins with something"):
        open_radio(Engine(library))


def test_what_is_kept_is_what_would_be_read(trained: Path) -> None:
    """The context kept with the factors, turned to the guide's order, says the same of each track."""
    asked = asked_guide(Engine(Library.open(trained)))
    assert asked.shared is not None and asked.factors is not None
    kept = asked.context
    some = np.array([7, 3, 100, 3])
    taken = kept.take(some)
    assert taken.n_tracks == 4 and taken.n_artists == kept.n_artists
    for at, track in enumerate(some.tolist()):
        np.testing.assert_array_equal(taken.credited(at), kept.credited(track))
        assert taken.work[at] == kept.work[track] and taken.popularity[at] == kept.popularity[track]


def test_without_the_extra_a_trained_network_is_not_needed(
    trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(library: Library) -> None:
        raise ModuleNotFoundError("No module named 'jax'", name="jax")

    monkeypatch.setattr("segue.sequences.loading.load_network", missing)
    monkeypatch.setattr(Shelf, "names", lambda self: ["factors", NETWORK])
    library = Library.open(trained)
    station = open_radio(Engine(library), listener="p02")
    assert station.model.startswith("factors/")
    assert "jax" in station.notes[0] and "taste" in station.notes[0]
    assert len(played(station, 3)) == 3
    assert units(library) == "both"


def test_neighbours_answer_whose_tastes_the_network_hardly_knows(
    trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Engine(Library.open(trained))
    network = replace(engine.neighbours(), version="network/1")
    monkeypatch.setattr(engine, "guide", lambda: network)
    station = open_radio(engine, listener="p01")
    assert station.model == "network/1" and not station.notes
    monkeypatch.setattr("segue.engine.radio.KNOWN", 1.1)
    station = open_radio(engine, listener="p01")
    assert station.model.startswith("factors/") and station.notes == (FEW_KNOWN,)


def test_how_much_of_the_tastes_a_guide_knows_is_told(trained: Path) -> None:
    engine = Engine(Library.open(trained))
    whole = engine.neighbours()
    listening = open_radio(engine, listener="p01").listening
    profiles = tastes_now(engine, "p01")
    tastes = whole.tastes(engine, profiles, "p01", listening)
    assert whole.knows(profiles, "p01") == pytest.approx(1)
    kind = str(whole.guide.track_ids_[tastes.tracks[0][0]])[:2]
    ids = [str(track) for track in whole.guide.track_ids_ if str(track).startswith(kind)]
    guide = NeighbourGuide(Documents.from_lists([ids]), np.eye(len(ids), 4, dtype=np.float32))
    half = replace(whole, guide=guide)
    assert len(half.tastes(engine, profiles, "p01", Listening()).tracks) == 1
    assert half.knows(profiles, "p01") == pytest.approx(tastes.shares[0] / sum(tastes.shares))


def test_what_is_known_of_a_networks_songs_is_kept_beside_it(trained: Path, tmp_path: Path) -> None:
    engine = Engine(Library.open(trained))
    known, library = engine.neighbours(), engine.library
    tracks = known.tracks.ids
    context, catalogue = catalogue_context(library, tracks, units(library)), Catalogue.read(library, tracks)
    heard = Listeners.read(library, catalogue, context, ["p01", "p02"], unit="listeners")
    Songs(context, catalogue, heard).save(tmp_path)
    kept = Songs.kept(tmp_path)
    assert kept is not None and kept.listeners is not None
    fresh = replace(known, factors=None, shared=None, known=None)
    asked = replace(fresh, songs=kept, known=kept.listeners)
    assert asked.context is kept.context and asked.catalogue is kept.catalogue
    np.testing.assert_array_equal(asked.context.popularity, fresh.context.popularity)
    np.testing.assert_array_equal(asked.context.work, fresh.context.work)
    assert asked.catalogue.card(3) == fresh.catalogue.card(3)
    assert Songs.kept(tmp_path / "earlier") is None
    told, read = (_listening(engine, one, "p02", "listeners") for one in (asked, fresh))
    for name in ("heard", "plays", "banned_tracks", "banned_artists"):
        np.testing.assert_array_equal(getattr(told, name), getattr(read, name))
    left = kept.without(ForgottenIds().with_also(["p02"])).listeners
    assert left is not None and left.names.tolist() == ["p01"]
