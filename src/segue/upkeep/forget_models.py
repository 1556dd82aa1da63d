"""Forgetting listeners in trained models: every version of every model on the shelf."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from segue.errors import FormatError, NotFoundError
from segue.library.forgotten import ForgottenIds
from segue.library.played import kept_played
from segue.sequences import storing
from segue.shelf import Shelf
from segue.upkeep import traces


class Removed(NamedTuple):
    """What was, or would be, removed in one place."""

    place: str  # "listens", "factors/2026...", "weeks/2026-W48"
    what: str  # "rows", "vectors", ...
    count: int


class Kind(NamedTuple):
    """A kind of model that knows how to forget."""

    what: str  # is removed
    ids: Callable[[Path], Iterable[str]]  # the listeners that a version names
    forget: Callable[[Path, list[str]], dict[str, list[int]]]  # changes a version's files; its new shapes
    outlives: Callable[[Path, list[str]], bool] = lambda folder, who: True  # whether anything is left then


def from_shelf(shelf: Shelf, gone: ForgottenIds, listener: str, dry_run: bool) -> Iterator[Removed]:
    """Take who is gone out of every version; one that names them and cannot forget, or cannot be read, goes.

    Raises:
        BusyError: another process is publishing.
    """
    # All folders: a kill may have left versions of which none is the current one.
    names = sorted(path.name for path in shelf.folder.glob("[!.]*/")) if shelf.folder.is_dir() else []
    for name in names:
        for version in shelf.versions(name):
            found = _found(shelf, name, version, gone, listener)
            if found is None:
                continue
            kind, who = found
            if not dry_run:
                if kind is not None:
                    shelf.rewrite(name, version, lambda folder, k=kind, w=who: k.forget(folder, w))
                else:
                    shelf.remove(name, version)
            yield Removed(f"{name}/{version}", kind.what if kind else "whole versions", 1)


def _found(
    shelf: Shelf, name: str, version: str, gone: ForgottenIds, listener: str
) -> tuple[Kind | None, list[str]] | None:
    """Who is to be forgotten in a version, and by what kind; None if it names nobody who is gone."""
    try:
        folder = shelf.path(name, version)
        kind = KINDS.get(shelf.manifest(name, version).kind)
        if kind is not None:
            who = gone.among(kind.ids(folder))
            if not who:
                return None
            return (kind if kind.outlives(folder, who) else None), who
        return (None, []) if traces.search(folder, listener)[1] else None
    except NotFoundError:  # pruned meanwhile
        return None
    except FormatError:
        return None, []


def _known_listeners(folder: Path) -> Iterable[str]:
    """Of whom it is kept beside a model what they heard."""
    from segue.playlists.listeners import FILE, Listeners

    return Listeners.load(folder).names if (folder / FILE).exists() else ()


def _leave_out_known(folder: Path, who: list[str]) -> None:
    """Keep nothing of them beside a model."""
    from segue.playlists.listeners import FILE, Listeners

    if (folder / FILE).exists():
        Listeners.load(folder).without(who).save(folder)


def _factor_ids(folder: Path) -> Iterable[str]:
    from segue.factors.model import FactorModel

    kept = storing.names_in(folder) if (folder / storing.FILE).exists() else ()
    played = kept_played(folder)
    told = () if played is None else played.names
    return map(str, chain(FactorModel.load(folder).listeners_, _known_listeners(folder), kept, told))


def _in_factors(folder: Path, who: list[str]) -> dict[str, list[int]]:
    from segue.factors.model import FactorModel

    model = FactorModel.load(folder)
    for each in who:
        model.forget(each)
    model.save(folder)
    _leave_out_known(folder, who)
    if (folder / storing.FILE).exists():
        documents = storing.load_documents(folder, [str(track) for track in model.tracks_])
        storing.save_documents(folder, storing.without(documents, who))
    if (played := kept_played(folder)) is not None:
        played.without(who).save(folder)
    return {"listeners": [len(model.listeners_), model.config.als.factors]}


def _sequence_ids(folder: Path) -> Iterable[str]:
    from segue.sequences.blend_names import named_in

    return map(str, chain(named_in(folder), _known_listeners(folder)))


def _in_sequences(folder: Path, who: list[str]) -> dict[str, list[int]]:
    from segue.sequences.blend import SequenceBlend

    blend = SequenceBlend.load(folder)
    for each in who:
        blend.forget(each)
    blend.save(folder)
    _leave_out_known(folder, who)
    return {"songs": list(blend.network_.table().vectors.shape)}


def _sequences_outlive(folder: Path, who: list[str]) -> bool:
    from segue.sequences.blend_names import outlives

    return outlives(folder, set(who))


def _offset_ids(folder: Path) -> Iterable[str]:
    from segue.world.offsets import load_offsets

    return load_offsets(folder)


def _in_offsets(folder: Path, who: list[str]) -> dict[str, list[int]]:
    from segue.world.offsets import load_offsets, save_offsets

    offsets = load_offsets(folder)
    save_offsets(folder, {name: offset for name, offset in offsets.items() if name not in set(who)})
    return {}


KINDS = {
    "FactorModel": Kind("vectors of theirs", _factor_ids, _in_factors),
    "SequenceBlend": Kind("sequences of theirs", _sequence_ids, _in_sequences, _sequences_outlive),
    "UserModel": Kind("offsets of theirs", _offset_ids, _in_offsets),
}
