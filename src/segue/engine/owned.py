"""What of a catalogue there are files of, for lists that hold only that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from segue.errors import UsageError
from segue.library.collection.owned import Owned
from segue.playlists.rules import Context


def with_owned(context: Context, owned: Owned, tracks: Sequence[str]) -> Context:
    """The catalogue with what there is a file of.

    Args:
        context: of the model.
        owned: the files.
        tracks: (n_tracks,) ids, in the order of the context.

    Raises:
        UsageError: no folder was scanned, or none of its files is a track that the model knows.
    """
    if not owned:
        raise UsageError(
            "Only owned tracks are asked for, and no files are known", hint="segue files scan FOLDER, once"
        )
    mask = owned.mask([str(track) for track in tracks])
    if not mask.any():
        raise UsageError(
            "None of the files is a track that the model knows",
            hint="see why: segue files list --unmatched; or train again, if much was imported since",
        )
    return replace(context, owned=mask)
