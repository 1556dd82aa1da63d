"""Documents kept beside a model, and forgetting one listener's."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np

from segue.files import reading
from segue.sequences.documents import Documents
from segue.shelf.arrays import AGAIN, load_arrays, pack_strings, save_arrays, unpack_strings

FILE, KIND = "documents.npz", "documents"


def save_documents(folder: Path, documents: Documents) -> None:
    """Write the order of documents into a model's folder; tracks are those of the model, by code."""
    save_arrays(
        folder / FILE,
        KIND,
        {},
        {
            "offsets": documents.offsets,
            "codes": documents.codes,
            "counts": documents.counts,
            "names": pack_strings(documents.names.tolist()),
        },
    )


def load_documents(folder: Path, tracks: Sequence[str]) -> Documents:
    """What `save_documents` wrote; `tracks` are the model's.

    Raises:
        NotFoundError: there is none.
        FormatError: it is damaged.
    """
    _, arrays = load_arrays(folder / FILE, KIND)
    with reading(folder / FILE, KIND, AGAIN):
        offsets, codes, counts = (arrays[name] for name in ("offsets", "codes", "counts"))
        names, unknown = unpack_strings(arrays["names"]), np.full(len(tracks), None, object)
        whole = len(offsets) == len(names) + 1 and offsets[0] == 0 and offsets[-1] == len(codes)
        inside = not len(codes) or (codes.min() >= 0 and codes.max() < len(tracks))
        if not (whole and inside and (np.diff(offsets) >= 0).all() and len(counts) == len(tracks)):
            raise ValueError("its parts do not belong together")
        return Documents(offsets, codes, np.array(tracks, object), counts, unknown, unknown, names)


def names_in(folder: Path) -> list[str]:
    """Whose documents are kept in a model's folder, each once."""
    _, arrays = load_arrays(folder / FILE, KIND)
    return list(dict.fromkeys(name for name in unpack_strings(arrays["names"]) if name is not None))


def without(documents: Documents, gone: Collection[str]) -> Documents:
    """The documents without those of listeners who are gone."""
    stays = np.array([name not in gone for name in documents.names.tolist()], bool)
    return documents if stays.all() else documents.select(stays)
