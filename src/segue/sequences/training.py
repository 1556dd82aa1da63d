"""Training: song vectors, and the taste network with all that the radio asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from segue.files import refuse_read_only, remove
from segue.library import Library
from segue.progress import step
from segue.sequences.loading import load_vectors
from segue.sequences.reading import library_documents
from segue.shelf.names import NETWORK, VECTORS, shelf_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from segue.library.forgotten import Kept
    from segue.sequences.blend import SequenceBlend
    from segue.sequences.blend_config import SequenceBlendConfig
    from segue.sequences.vectors import SongVectorsConfig


def train_vectors(
    library: Library, config: SongVectorsConfig | None = None, *, seed: int = 0, keep: int = 3
) -> str:
    """Learn song vectors from playlists and sessions, and publish them.

    Tastes are found in factors and song vectors together from then on. Needs gensim, in the extra "taste".

    Returns:
        The version.

    Raises:
        SegueError: there are neither playlists nor plays with times, or no song is met often enough.
        BusyError: another process is writing.
    """
    from segue.sequences.vectors import SongVectors

    shelf = shelf_of(library)
    refuse_read_only(shelf.folder, "shelf")
    step("song vectors")
    vectors = SongVectors(config).fit(library_documents(library), seed=seed)
    version = shelf.publish(
        VECTORS,
        lambda folder: vectors.save(folder / f"{VECTORS}.npz"),
        {
            "kind": "SongVectors",
            "config": vectors.config.model_dump(mode="json"),
            "data": library.fingerprint(),
            "seed": seed,
            "shapes": {"tracks": list(vectors.in_.shape)},
        },
    )
    shelf.prune(VECTORS, keep)
    return version


class TrainedNetwork(NamedTuple):
    """What a training of the network made."""

    version: str
    blend: SequenceBlend


def train_network(
    library: Library,
    config: SequenceBlendConfig | None = None,
    *,
    seed: int = 0,
    keep: int = 3,
    beside: Callable[[list[str]], Kept] | None = None,
) -> TrainedNetwork:
    """Train the taste network on the current song vectors, weigh it with its neighbours, publish the whole.

    Weights and epochs are chosen by a trial that has learned nothing from the documents it is judged on, song
    vectors included. A training that was killed goes on from its last epoch.

    Args:
        library: with song vectors.
        config: the settings.
        seed: of the parts, the vectors of the trial, the networks.
        keep: how many versions stay on the shelf.
        beside: works out what is published with the network, given the ids of its songs.

    Raises:
        NotFoundError: no song vectors were trained yet.
        SegueError: there is too little to learn from.
    """
    from segue.sequences.blend import SequenceBlend

    shelf = shelf_of(library)
    refuse_read_only(shelf.folder, "shelf")
    vectors, made_from = load_vectors(library)
    folder = library.path / "training" / "network"
    step("the network of what comes next, in a trial and then on everything")
    blend = SequenceBlend(config).fit(library_documents(library), vectors, seed=seed, folder=folder)
    kept = None if beside is None else beside([str(track) for track in blend.track_ids_])

    def write(folder: Path) -> None:
        blend.save(folder)
        if kept is not None:
            kept.save(folder)

    with library.forgotten.held() as gone:
        kept = kept and kept.without(gone)
        for listener in gone.among(blend.listeners_):
            blend.forget(listener)
        version = shelf.publish(
            NETWORK,
            write,
            {
                "kind": "SequenceBlend",
                "config": blend.config.model_dump(mode="json"),
                "data": library.fingerprint(),
                "made_from": [f"{VECTORS}/{made_from}"],
                "seed": seed,
                "metrics": {
                    "ndcg@100": blend.validation_,
                    "weights": blend.weights_,
                    "second stage": blend.ranking_,
                },
                "shapes": {"songs": list(blend.network_.table().vectors.shape)},
            },
        )
    remove(folder)
    shelf.prune(NETWORK, keep)
    return TrainedNetwork(version, blend)
