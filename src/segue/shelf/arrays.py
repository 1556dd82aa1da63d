"""Models on disk: one .npz of arrays and a JSON text, without pickle, all or nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue import files
from segue.arrays import load_npz, save_npz
from segue.errors import FormatError, NotFoundError

FACTS = "json"
AGAIN = "roll back, or train again"


def save_arrays(path: Path, kind: str, facts: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write `arrays`, and `facts` as JSON, to `path`; `kind` says what they are."""
    text = json.dumps({"kind": kind, **facts}, allow_nan=False).encode()
    save_npz(Path(path), {FACTS: np.frombuffer(text, np.uint8), **arrays})


def load_arrays(
    path: Path, kind: str, *, hint: str = AGAIN
) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """What `save_arrays` wrote: facts and arrays.

    Args:
        path: the file.
        kind: what it must be.
        hint: what to do if it is damaged.

    Raises:
        NotFoundError: there is no such file.
        FormatError: it is not a file of this kind, or damaged.
    """
    path = Path(path)
    if not files.there(path):
        raise NotFoundError(f"There is no {kind} at {path}", hint="train it first")
    with files.reading(path, kind, hint):
        arrays = load_npz(path)
        facts = json.loads(arrays.pop(FACTS).tobytes())
        came = facts.pop("kind")
    if came != kind:
        raise FormatError(f"{path} is not a file of {kind}", expected=kind, got=str(came)[:80], hint=hint)
    return facts, arrays


def pack_strings(texts: Iterable[str | None]) -> NDArray[np.uint8]:
    """Texts as the bytes of a JSON list: numpy's own text arrays take four bytes a character."""
    return np.frombuffer(json.dumps(list(texts), ensure_ascii=False).encode(), np.uint8)


def unpack_strings(packed: NDArray[np.uint8]) -> NDArray[np.object_]:
    """The texts of `pack_strings`."""
    return np.array(json.loads(packed.tobytes()), dtype=object)
