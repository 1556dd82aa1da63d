"""What people and players read of the tracks of a model, by the model's own numbers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from segue.files import reading, replacing
from segue.library.versions.spoken import spoken_title
from segue.library.versions.titles import parse_title
from segue.playlists.playlist import TrackCard

if TYPE_CHECKING:
    from segue.library.store import Library

# Kinds of version that are the same song to a listener; a remix or a live take is not.
PACKAGING = frozenset(("remaster", "feat.", "mono", "stereo", "clean", "radio edit", "single version"))
KEPT = 1 << 16  # tracks whose cards are kept: those on one list are on many
_FACTS = ("title", "artists", "album", "duration_ms", "spotify", "mbid", "isrc", "medium")


class Catalogue:
    """Facts of tracks, in their order. Left in Arrow: of a large catalogue a list names few tracks.

    Attributes:
        ids: (n_tracks,) track ids.
        works: (n_tracks,) the song that each is a version of, null where none is known.
        artists: (n_tracks,) lists of those credited, the main artist first, null where nobody is.
        support: (n_tracks,) listeners and playlists who taught the model each; 0 where that was not counted.
    """

    def __init__(self, facts: pa.Table) -> None:
        self._facts, self._rows = facts, facts.select(["track_id", *_FACTS])
        self.ids, self.works, self.artists = (
            _whole(facts[name]) for name in ("track_id", "work_id", "artists")
        )
        self._cards: dict[int, TrackCard] = {}
        self._spoken: dict[int, tuple[str, str]] = {}
        counted = "support" in facts.column_names
        self.support = _whole(facts["support"]).to_numpy() if counted else np.zeros(len(facts), np.int32)

    @classmethod
    def read(
        cls, library: Library, tracks: Sequence[str], support: NDArray[np.integer] | None = None
    ) -> Catalogue:
        """What a library knows of `tracks`; and the support (n_tracks,) of each, where it is known."""
        import ibis

        ids = pa.array(list(tracks), pa.string())
        known = library.table("tracks").select("track_id", "work_id", *_FACTS)
        table = library.arrow(known.semi_join(ibis.memtable(pa.table({"track_id": ids})), "track_id"))
        facts = table.take(pc.index_in(ids, value_set=table["track_id"])).combine_chunks()
        facts = facts.set_column(0, "track_id", ids)
        return cls(
            facts if support is None else facts.append_column("support", pa.array(support, pa.int32()))
        )

    def save(self, file: Path) -> None:
        """Write it as an Arrow file, all or nothing."""
        with replacing(file) as aside, pa.ipc.new_file(aside, self._facts.schema) as writer:
            writer.write_table(self._facts)

    @classmethod
    def load(cls, file: Path) -> Catalogue:
        """What `save` wrote, mapped into memory.

        Raises:
            FormatError: it is damaged, something else, or not there.
        """
        with reading(file, "a catalogue", "roll back, or train again"):
            return cls(pa.ipc.open_file(pa.memory_map(str(file))).read_all())

    def take(self, tracks: Sequence[int]) -> Catalogue:
        """Of these tracks alone, in their order."""
        return Catalogue(self._facts.take(pa.array(tracks, pa.int64())).combine_chunks())

    def __len__(self) -> int:
        return len(self.ids)

    def card(self, track: int) -> TrackCard:
        """What a person or a player needs to know of a track."""
        return self.cards([track])[0]

    def cards(self, tracks: Sequence[int]) -> list[TrackCard]:
        """What a person or a player needs to know of some tracks, which takes less time than one by one."""
        kept = self._cards
        if any(track not in kept for track in tracks):
            lacking = [track for track in tracks if track not in kept]
            if len(kept) + len(lacking) > KEPT:
                # A new one, for another thread may be reading the old.
                self._cards = kept = {}
                lacking = list(tracks)
            rows = self._rows.take(pa.array(lacking, pa.int64())).to_pylist()
            for track, facts in zip(lacking, rows, strict=True):
                facts["artists"] = tuple(facts["artists"] or ())
                facts["medium"] = facts["medium"] or "song"
                kept[track] = TrackCard(**facts)
        return [kept[track] for track in tracks]

    def name(self, track: int) -> str:
        """A track in a sentence, by its main artist: "Hello by Adele", or an artist's name alone."""
        card = self.card(track)
        credit = card.artists[0] if card.artists else ""
        if card.title is None:
            return credit or card.track_id
        return f"{card.title} by {credit}" if credit else card.title

    def spoken(self, track: int) -> tuple[str, str]:
        """Title and main artist as a reason names a song: without "Remastered", guests, movements.

        ("Juicy", "The Notorious B.I.G.") for "Juicy - 2007 Remaster"; no artist, where the title says all.
        """
        if (kept := self._spoken.get(track)) is not None:
            return kept
        if len(self._spoken) >= KEPT:
            self._spoken = {}
        said = self._spoken[track] = self._said(self.card(track), track)
        return said

    def _said(self, card: TrackCard, track: int) -> tuple[str, str]:
        if card.title is None or not card.artists:
            return self.name(track), ""
        parsed = parse_title(card.title, card.artists)
        title = parsed.title if PACKAGING.issuperset(parsed.kinds) else card.title
        return spoken_title(title, card.artists), card.artists[0]

    def differ(self, tracks: Sequence[int]) -> bool:
        """Whether tracks of one song are versions that a listener tells apart, such as a remix."""
        return len({self.spoken(track)[0].casefold() for track in tracks}) > 1


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
