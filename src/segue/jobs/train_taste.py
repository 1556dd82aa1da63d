"""Training of the taste network with all that the radio asks."""

from __future__ import annotations

from typing import NamedTuple

from segue.errors import NotFoundError
from segue.files import refuse_read_only, remove
from segue.jobs.train import NETWORK, VECTORS, load_vectors, sequences, shelf_of
from segue.library import Library
from segue.taste.blend import SequenceBlend
from segue.taste.blend_config import SequenceBlendConfig


class TrainedNetwork(NamedTuple):
    """What a training of the network made."""

    version: str
    blend: SequenceBlend


def train_network(
    library: Library, config: SequenceBlendConfig | None = None, *, seed: int = 0, keep: int = 3
) -> TrainedNetwork:
    """Train the taste network on the current song vectors, weigh it with its neighbours, publish the whole.

    Weights and epochs are chosen by a trial that has learned nothing from the documents it is judged on, song
    vectors included. A training that was killed goes on from its last epoch.

    Raises:
        NotFoundError: no song vectors were trained yet.
        SegueError: there is too little to learn from.
    """
    shelf = shelf_of(library)
    refuse_read_only(shelf.folder, "shelf")
    vectors, made_from = load_vectors(library)
    folder = library.path / "training" / "network"
    blend = SequenceBlend(config).fit(sequences(library), vectors, seed=seed, folder=folder)
    with library.departed.held() as gone:
        for listener in gone.among(blend.listeners_):
            blend.forget(listener)
        version = shelf.publish(
            NETWORK,
            blend.save,
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


def load_network(library: Library) -> tuple[SequenceBlend, str]:
    """What the radio asks, and its version.

    Raises:
        NotFoundError: it was not trained yet.
    """
    shelf = shelf_of(library)
    if NETWORK not in shelf.names():
        raise NotFoundError("This library has no trained network yet", do="segue train --network")
    return shelf.load(NETWORK, SequenceBlend.load)
