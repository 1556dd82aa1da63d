"""Titles in Takeout's history: out of the sentence "Watched Jóga", and out of what videos are called.

The sentence is in the language of the account. It is learned from the file: what all titles begin and end
with, where they are of several channels. For small files there are the sentences of some languages.
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set

Sentence = tuple[str, str]  # what stands before a title, and after it

_KNOWN: tuple[Sentence, ...] = (
    ("Watched ", ""),
    ("Viewed ", ""),
    ("Listened to ", ""),
    ("Vous avez regardé ", ""),
    ("Has visto ", ""),
    ("Hai guardato ", ""),
    ("Hai visto ", ""),
    ("Você assistiu a ", ""),
    ("Assistiu a ", ""),
    ("Viu ", ""),
    ("Je hebt ", " bekeken"),
    ("", " bekeken"),
    ("", " angesehen"),
    ("Har sett på ", ""),
    ("Tittade på ", ""),
    ("Har set ", ""),
    ("Så på ", ""),
    ("Obejrzano: ", ""),
    ("Zhlédli jste ", ""),
    ("Menonton ", ""),
    ("Вы посмотрели ", ""),
    ("Просмотрено: ", ""),
    ("「", "」を視聴しました"),
    ("", " を視聴しました"),
    ("", "을(를) 시청했습니다."),
    ("", " izlendi"),
    ("观看了", ""),
    ("觀看了", ""),
)
_LEAST_TITLES, _LEAST_CHANNELS = 8, 3
_SHORTEST = 2
_OF_VIDEOS = re.compile(
    r"\s*[(\[【][^()\[\]【】]*\b(?:official|music video|lyrics?( video)?|visuali[sz]er|audio|video ?clip|"
    r"videoclip|clip officiel|video oficial|m/?v|hd|hq|4k)\b[^()\[\]【】]*[)\]】]",
    re.I,
)


def sentence(titles: Sequence[str], channels: Sequence[str]) -> tuple[Sentence, ...]:
    """What stands around the titles; `channels` are those they are of. Several if nothing is learned."""
    told = [(title, channel) for title, channel in zip(titles, channels, strict=True) if title and channel]
    if told:
        for known in _KNOWN:
            if all(title.startswith(known[0]) and title.endswith(known[1]) for title, _ in told):
                return (known, *_KNOWN)
    distinct = {title for title, _ in told}
    if len(distinct) < _LEAST_TITLES or len({channel for _, channel in told}) < _LEAST_CHANNELS:
        return _KNOWN
    before = _beginning(distinct)
    after = _beginning({title[len(before) :][::-1] for title in distinct})[::-1]
    before = before[: before.rfind(" ") + 1] or (before if not before.isascii() else "")
    after = after[after.find(" ") :] if " " in after else (after if not after.isascii() else "")
    return ((before, after), *_KNOWN) if len(before) + len(after) >= _SHORTEST else _KNOWN


def _beginning(texts: Set[str]) -> str:
    """What all begin with."""
    first, last = min(texts), max(texts)
    return first[: next((at for at, c in enumerate(first) if not last.startswith(c, at)), len(first))]


def video_names(channel: str, title: str) -> tuple[str, str]:
    """The artist and the title of a video that is called `title`, on somebody's channel.

    >>> video_names("AdeleVEVO", "Adele - Hello (Official Music Video)")
    ('Adele', 'Hello')
    """
    shorn = _OF_VIDEOS.sub("", title).strip() or title
    artist, dash, song = (part.strip() for part in shorn.replace(" – ", " - ").partition(" - "))
    if dash and artist and song:
        return artist, song
    plain = re.sub(r"\s*(VEVO|Official|Oficial)$", "", channel, flags=re.I).strip()
    return plain or channel, shorn
