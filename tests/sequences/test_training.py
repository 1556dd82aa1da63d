"""Nothing that a choice is made on has been learned from, on the whole way of `segue train network`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from segue.errors import SegueError
from segue.factors.mixing import Bench
from segue.library import Library
from segue.library.tables import PLAYLIST_ENTRIES, PLAYLISTS, TRACKS
from segue.sequences import choosing
from segue.sequences import fitting as training
from segue.sequences.blend import SequenceBlend
from segue.sequences.blend_config import SequenceBlendConfig
from segue.sequences.documents import Documents
from segue.sequences.neighbourhood import Cooccurrence, SequenceNeighbours
from segue.sequences.network import TasteNetwork
from segue.sequences.network_config import TasteNetworkConfig
from segue.sequences.reading import library_documents
from segue.sequences.recent import RecentRows
from segue.sequences.training import train_network, train_vectors
from segue.sequences.vectors import SongVectors, SongVectorsConfig

PLAYLISTS_N, SONGS, LENGTH = 120, 30, 10
VECTORS = SongVectorsConfig(dim=8, window=3, epochs=2)
SMALL = SequenceBlendConfig(
    network=TasteNetworkConfig(hidden=8, negatives=16, length=8, batch=16, epochs=3, validation_share=0.1)
)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """A library of playlists in which songs follow each other in a circle; each is its own owner's."""
    random = np.random.default_rng(0)
    library = Library.open(tmp_path_factory.mktemp("archive") / "library", create=True)
    tracks = [{"track_id": f"s{n:02d}", "title": f"Song {n}", "medium": "song"} for n in range(SONGS)]
    entries = []
    for number in range(PLAYLISTS_N):
        start, step = random.integers(SONGS), random.choice([-1, 1])
        for place in range(LENGTH):
            song = (start + step * place + (random.random() < 0.2)) % SONGS
            entries.append({"playlist_id": f"p{number:03d}", "position": place, "track_id": f"s{song:02d}"})
    playlists = [{"playlist_id": f"p{n:03d}", "title": "Mine"} for n in range(PLAYLISTS_N)]
    with library.writing() as writer:
        for name, rows, schema in (
            ("tracks", tracks, TRACKS),
            ("playlists", playlists, PLAYLISTS),
            ("playlist_entries", entries, PLAYLIST_ENTRIES),
        ):
            writer.append(name, pa.Table.from_pylist(rows, schema=schema))
    train_vectors(library, VECTORS)
    return library


class Spy:
    """What was fitted to which documents, and what was chosen on which, in the order in which it happened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.fits: list[tuple[str, frozenset[str]]] = []  # kind, names of the documents
        self.stopped: list[frozenset[str]] = []
        self.chosen: list[tuple[int, frozenset[str]]] = []  # fits before it, documents
        self.learned: dict[int, frozenset[str]] = {}  # of song vectors
        for kind in (SongVectors, TasteNetwork, SequenceNeighbours, Cooccurrence, RecentRows):
            self._watch(kind, monkeypatch)
        self.ranked: list[tuple[frozenset[str], frozenset[str]]] = []  # what was known, what was ranked
        weighed, best, learn = choosing._weighed, Bench.best, choosing.learn_second_stage

        def weighing(parts: Any, held: Documents, *rest: Any) -> Any:
            self._held = frozenset(held.names)
            return weighed(parts, held, *rest)

        def choosing_best(bench: Bench) -> Any:
            self.chosen.append((len(self.fits), self._held))
            return best(bench)

        def learning(parts: Any, weights: Any, held: Documents, *rest: Any) -> Any:
            self.ranked.append((frozenset(parts.documents.names), frozenset(held.names)))
            return learn(parts, weights, held, *rest)

        monkeypatch.setattr(choosing, "learn_second_stage", learning)
        monkeypatch.setattr(choosing, "_weighed", weighing)
        monkeypatch.setattr(Bench, "best", choosing_best)

    def _watch(self, kind: type[Any], monkeypatch: pytest.MonkeyPatch) -> None:
        fit = kind.fit

        def watched(model: Any, documents: Documents, *rest: Any, **named: Any) -> Any:
            names = frozenset(documents.names)
            if kind is TasteNetwork:  # what its song vectors learned from, it has learned from too
                names |= self.learned.get(id(rest[0]), frozenset())
                if (validation := named.get("validation")) is not None:
                    self.stopped.append(frozenset(validation.names))
                    assert not names & self.stopped[-1]
            self.fits.append((kind.__name__, names))
            fitted = fit(model, documents, *rest, **named)
            if kind is TasteNetwork and "epochs" not in named:
                self.epochs = model.curves_.best + 1
            if kind is SongVectors:
                self.learned[id(fitted)] = names
            return fitted

        monkeypatch.setattr(kind, "fit", watched)


@pytest.fixture(scope="module")
def spied(archive: Library) -> Iterator[tuple[Spy, SequenceBlend]]:
    """A whole training, watched."""
    with pytest.MonkeyPatch.context() as patch:
        spy = Spy(patch)
        blend = train_network(archive, SMALL).blend
    yield spy, blend


def test_no_held_out_document_reaches_anything_that_is_fitted_before_the_choice(
    archive: Library, spied: tuple[Spy, SequenceBlend]
) -> None:
    everything = frozenset(library_documents(archive).names)
    spy, _ = spied
    assert len(everything) == PLAYLISTS_N
    assert {kind for kind, _ in spy.fits} == {
        "SongVectors", "TasteNetwork", "SequenceNeighbours", "Cooccurrence", "RecentRows"
    }  # fmt: skip
    (stopped,) = spy.stopped
    assert len(stopped) == pytest.approx(0.1 * PLAYLISTS_N, abs=1)
    assert len(spy.chosen) == len(choosing.PURPOSES)
    for before, held in spy.chosen:
        assert len(held) == pytest.approx(0.15 * PLAYLISTS_N, abs=1)
        assert not held & stopped
        fitted = {kind for kind, _ in spy.fits[:before]}
        assert {"SongVectors", "TasteNetwork", "SequenceNeighbours"} <= fitted
        for kind, names in spy.fits[:before]:
            assert not names & held, f"{kind} was fitted to what was then chosen on"
    ((known, ranked),) = spy.ranked
    assert ranked == spy.chosen[0][1]
    assert not known & (ranked | stopped)


def test_after_the_choice_everything_is_fitted_to_everything_for_the_chosen_epochs(
    archive: Library, spied: tuple[Spy, SequenceBlend]
) -> None:
    spy, blend = spied
    last = max(before for before, _ in spy.chosen)
    assert next(kind for kind, _ in spy.fits[last:]) == "TasteNetwork"
    assert {names for _, names in spy.fits[last:]} == {frozenset(library_documents(archive).names)}
    assert blend.network_.curves_.validation == []
    assert len(blend.network_.curves_.training) == spy.epochs


@pytest.mark.slow
def test_a_killed_training_goes_on_and_leaves_nothing_behind(
    archive: Library, spied: tuple[Spy, SequenceBlend], monkeypatch: pytest.MonkeyPatch
) -> None:
    fits: list[str] = []
    learn, keep = SongVectors.fit, training._keep

    def counted(*given: Any, **named: Any) -> SongVectors:
        fits.append("vectors")
        return learn(*given, **named)

    def killed(*given: Any) -> None:
        keep(*given)
        raise KeyboardInterrupt

    monkeypatch.setattr(SongVectors, "fit", counted)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(training, "_keep", killed)
        train_network(archive, SMALL)
    again, whole = train_network(archive, SMALL).blend, spied[1]
    assert fits == ["vectors"]
    assert (again.weights_, again.validation_) == (whole.weights_, whole.validation_)
    assert again.network_.curves_ == whole.network_.curves_
    assert not (archive.path / "training" / "network").exists()


def test_without_song_vectors_it_says_what_to_do(tmp_path: Path) -> None:
    library = Library.open(tmp_path / "empty", create=True)
    with pytest.raises(SegueError, match="train vectors"):
        train_network(library, SMALL)
