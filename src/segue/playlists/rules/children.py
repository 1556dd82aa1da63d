"""Which tracks are children's music: by words in titles, artists and albums, and by their playlists."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from segue.playlists.rules.on_playlists import share

# Words that children's records carry in many languages; each is enough in an artist's or album's name.
_NAMES = re.compile(
    r"\b(?:kids|kidz|nursery|toddlers?|kinderlieder|kinder|lullab(?:y|ies)|cocomelon"
    r"|super simple songs|pinkfong|wiggles"
    r"|raffi|laurie berkner|sesame street|barney|kiboomers|little baby bum|baby einstein"
    r"|baby shark|rockabye baby"
    r"|blippi|bluey|peppa pig|paw patrol|disney junior|playschool|play school"
    r"|children'?s (?:songs?|music|choir)"
    r"|songs for children|for children|preschool|kindergarten|bambini|enfants|comptines"
    r"|infantil(?:es)?|ni[ñn]os"
    r"|crian[çc]as|galinha pintadinha|xuxa|patati patat[aá]|cantajuego|детск\w*|для детей"
    r"|малыш\w*|колыбельн\w*|çocuk\w*"
    r"|rolf zuckowski|detlev jöcker|benjamin blümchen|die biene maja|heidi|singalong|sing-along|twinkle)\b"
    r"|童谣|童謡|儿歌|兒歌|こどものうた|キッズ|동요|핑크퐁|أطفال",
    re.IGNORECASE,
)
# In a title these alone would also hit grown-ups' songs ("Kids" by MGMT, "Heidi"), so only whole phrases
# count.
_TITLES = re.compile(
    r"\b(?:nursery rhymes?|wheels on the bus|baby shark|itsy bitsy spider|old macdonald"
    r"|twinkle,? twinkle,? little star"
    r"|five little (?:monkeys|ducks)|if you'?re happy and you know it|abc song|alphabet song"
    r"|mary had a little lamb"
    r"|row,? row,? row your boat|humpty dumpty|hokey pokey|head,? shoulders,? knees|peppa pig"
    r"|children'?s song"
    r"|los pollitos dicen|la vaca lola|frère jacques|alle meine entchen|bruder jakob|в лесу родилась)\b",
    re.IGNORECASE,
)
# In playlists' titles.
_PLAYLISTS = re.compile(
    r"\b(?:kids?|kidz|toddler|baby songs?|babies|nursery|children'?s?|lullab(?:y|ies)|preschool"
    r"|kinder\w*|infantil\w*|ni[ñn]os"
    r"|crian[çc]as|bambini|enfants|детск\w*|для детей)\b|童謡|童谣|동요",
    re.IGNORECASE,
)
_NOT_PLAYLISTS = re.compile(
    r"\b(?:baby ?making|kid cudi|cool kids|kids these days|80'?s kids?|90'?s kids?|no kids)\b", re.IGNORECASE
)


def flag(
    titles: Sequence[str | None],
    artists: Sequence[Sequence[str]],
    albums: Sequence[str | None],
    in_playlists: NDArray[np.float32] | None = None,
) -> NDArray[np.bool_]:
    """Whether each track is children's music, by words, or because most playlists that hold it are
    children's.

    Args:
        titles, artists, albums: (n_tracks,) as in the tracks table.
        in_playlists: (n_tracks,) from `playlist_share`, where playlists are known.
    """
    said = np.fromiter(
        (
            any(_NAMES.search(name) for name in (*(names or ()), album or ""))
            or bool(title and _TITLES.search(title))
            for title, names, album in zip(titles, artists, albums, strict=True)
        ),
        bool,
        len(titles),
    )
    return said if in_playlists is None else said | (in_playlists >= 0.5)


def playlist_share(
    playlist_titles: Sequence[str | None],
    entry_playlists: NDArray[np.int32],
    entry_tracks: NDArray[np.int32],
    n_tracks: int,
    least: int = 3,
) -> NDArray[np.float32]:
    """(n_tracks,) share of a track's playlists whose titles say children; 0 if fewer than `least` hold it."""
    said = np.array(
        [bool(t and _PLAYLISTS.search(t) and not _NOT_PLAYLISTS.search(t)) for t in playlist_titles], bool
    )
    return share(said, entry_playlists, entry_tracks, n_tracks, least)
