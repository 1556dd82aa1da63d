"""Finding a track by what a person types."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from segue.errors import NotFoundError

if TYPE_CHECKING:
    from segue.library.store import Library


class Found(NamedTuple):
    """A track that was found."""

    track_id: str
    title: str | None
    artists: tuple[str, ...]

    @property
    def name(self) -> str:
        """The track in one line."""
        credit = ", ".join(self.artists)
        return credit if self.title is None else f"{credit} - {self.title}"


def find_tracks(library: Library, text: str, most: int = 10) -> list[Found]:
    """Tracks of that id, or whose artists and title hold all the words of `text`; those met most come first.

    Raises:
        NotFoundError: there is none.
    """
    import ibis

    tracks = library.table("tracks")
    uses = ibis.union(
        library.table("listens").select("track_id"), library.table("playlist_entries").select("track_id")
    )
    counted = uses.group_by("track_id").aggregate(uses=uses.count())
    known = tracks.left_join(counted, "track_id").select(
        tracks.track_id, tracks.title, tracks.artists, uses=ibis.coalesce(counted.uses, 0)
    )
    hits = known.filter(known.track_id == text)
    rows = library.arrow(hits).to_pylist()
    if not rows:
        whole = known.artists.join(" ").concat(" ", ibis.coalesce(known.title, "")).lower()
        matching = known.mutate(whole=whole)
        for word in text.lower().replace(" - ", " ").split():
            matching = matching.filter(matching.whole.contains(word))
        ordered = matching.order_by(matching.uses.desc(), matching.track_id).limit(most)
        rows = library.arrow(ordered).to_pylist()
    if not rows:
        raise NotFoundError(
            f"No track matches {text!r}", expected="a track id, or words of its artists and title"
        )
    return [Found(row["track_id"], row["title"], tuple(row["artists"] or ())) for row in rows]
