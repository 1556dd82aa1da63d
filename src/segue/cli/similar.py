"""`segue similar`: the neighbourhood of a track."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from segue.cli.options import LIBRARY, JsonOption, LibraryOption
from segue.cli.printing import print_json, print_table

if TYPE_CHECKING:
    from segue.engine.similar import Neighbourhood
    from segue.report import Page


class Kind(StrEnum):
    """Whose nearness is asked for."""

    FACTORS = "factors"
    SONGS = "songs"


def register(app: typer.Typer) -> None:
    """Add the verbs of this family."""
    app.command()(similar)


def similar(
    track: Annotated[str, typer.Argument(help="A track id, or words of its artists and title.")],
    library: LibraryOption = LIBRARY,
    count: Annotated[int, typer.Option("--count", "-n", min=1, max=1000, help="How many.")] = 15,
    vectors: Annotated[
        Kind,
        typer.Option(
            help="factors: heard by the same people. songs: met in the same company, in playlists or "
            "sessions (song vectors; `segue train vectors` learns them)."
        ),
    ] = Kind.FACTORS,
    html: Annotated[
        Path | None, typer.Option(help="Also write a page with a picture of the neighbourhood here.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Show the songs nearest to a track, one version of each; its own other versions are left out.

    If the words fit several tracks, the one met most is taken, and the others are named.
    """
    from segue.engine import Engine

    found = Engine.open(library).similar(track, count, kind=vectors.value)
    cards = found.catalogue.cards([near.number for near in found.near])
    rows = [
        (place, card.credit, card.title, near.score, card.track_id)
        for place, (near, card) in enumerate(zip(found.near, cards, strict=True), 1)
    ]
    columns = ("rank", "artists", "title", "score", "track")
    if json:
        near = [dict(zip(columns, row, strict=True)) for row in rows]
        print_json({"of": found.of._asdict(), "vectors": found.model, "similar": near})
    else:
        print_table(f"Nearest to {found.of.name}", ["", "artists", "title", "score", "track"], rows)
        if not found.learned:
            print("It is too rare to have learned a vector: its artist, versions or sound stand for it.")
        if found.also:
            others = dict.fromkeys(each.name for each in found.also if each.name != found.of.name)
            if others:
                print("The words fit also: " + "; ".join(list(others)[:5]))
    if html is not None:
        _page(found).write(html)
        if not json:
            print(f"Wrote {html}")


def _page(found: Neighbourhood) -> Page:
    from segue.neighbours.picture import draw_neighbourhood
    from segue.report import Page

    cards = found.catalogue.cards(range(len(found.catalogue)))
    titles = [card.title or card.credit for card in cards]
    artists = [card.artists[0] if card.artists else "" for card in cards]
    page = Page(found.of.name, f"The songs nearest to it: {found.together}")
    picture, stress = draw_neighbourhood(found.vectors, titles, artists, [near.score for near in found.near])
    page.pictures({"Neighbourhood": picture})
    page.text(
        "The larger a circle, the nearer the song is to the one that was asked for, which has a black ring. "
        f"A line joins each song to the two that are nearest to it here. {stress:.0%} of how near they are "
        "is lost in a picture of two dimensions."
    )
    page.table(
        ["", "artists", "title", "album", "score"],
        [
            [
                near.number,
                cards[near.number].credit,
                titles[near.number],
                cards[near.number].album,
                near.score,
            ]
            for near in found.near
        ],
    )
    page.text(f"One version of each song. Vectors: {found.model}.")
    return page
