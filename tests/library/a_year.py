"""A made-up year of one listener's plays, and how four sources of different exactness tell of it."""

from __future__ import annotations

import csv
import io
import json
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

START = datetime(2025, 1, 1, 8, tzinfo=UTC).timestamp()


class Play(NamedTuple):
    """What happened: seconds since 1970 and what was heard."""

    song: int
    began: float
    ended: float
    heard_ms: int
    skipped: bool
    shuffle: bool


def a_year(plays: int, seed: int = 1) -> list[Play]:
    """Evenings of listening, with songs on repeat, skips, pauses, and songs begun anew."""
    chance, told, now = random.Random(seed), [], START
    lengths = [chance.randrange(95_000, 400_000) for _ in range(300)]
    while len(told) < plays:
        now += chance.expovariate(1 / 20_000)  # until the next session
        loop = chance.random() < 0.15
        song, shuffle = chance.randrange(300), chance.random() < 0.5
        for _ in range(min(chance.randrange(5, 80 if loop else 30), plays - len(told))):
            if not loop:
                song = int(300 * chance.random() ** 3)
            kind = chance.random()
            if kind < 0.15:
                heard, skipped = chance.randrange(1_000, 25_000), True
            elif kind < 0.25:
                heard, skipped = chance.randrange(25_000, lengths[song]), True
            else:
                heard, skipped = lengths[song], False
            paused = chance.uniform(5, 900) if chance.random() < 0.02 else 0.0
            ended = now + heard / 1_000 + paused
            told.append(Play(song, now, ended, heard, skipped, shuffle))
            now = ended + chance.choice((0.0, 0.3, 1.5))
    return told


def _scrobbled(play: Play) -> bool:
    return play.heard_ms >= 30_000


def extended(plays: list[Play]) -> str:
    """Spotify's extended history: ends to the second, times heard, skips, ids. Two ids for some songs."""
    return json.dumps(
        [
            {
                "ts": datetime.fromtimestamp(int(play.ended), UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "ms_played": play.heard_ms,
                "master_metadata_track_name": f"Song {play.song}",
                "master_metadata_album_artist_name": f"Artist {play.song % 40}",
                "master_metadata_album_album_name": "Album",
                "spotify_track_uri": f"spotify:track:{play.song:020}{number % 2 * (play.song % 5 == 0):02}",
                "reason_start": "trackdone",
                "reason_end": "fwdbtn" if play.skipped else "trackdone",
                "shuffle": play.shuffle,
                "skipped": play.skipped,
            }
            for number, play in enumerate(plays)
        ]
    )


def account(plays: list[Play]) -> str:
    """Spotify's account data: ends to the minute, times heard, names."""
    return json.dumps(
        [
            {
                "endTime": datetime.fromtimestamp(int(play.ended), UTC).strftime("%Y-%m-%d %H:%M"),
                "artistName": f"Artist {play.song % 40}",
                "trackName": f"Song {play.song}",
                "msPlayed": play.heard_ms,
            }
            for play in plays
        ]
    )


def lastfm(plays: list[Play]) -> str:
    """Last.fm: starts to the second by a clock that is a bit off, of what was heard for long enough."""
    chance, out = random.Random(2), io.StringIO()
    rows = csv.writer(out)
    rows.writerow(("uts", "utc_time", "artist", "artist_mbid", "album", "album_mbid", "track", "track_mbid"))
    for play in filter(_scrobbled, plays):
        names = (f"Artist {play.song % 40}", "", "Album", "", f"Song {play.song}", "")
        rows.writerow((int(play.began + chance.uniform(-3, 3)), "", *names))
    return out.getvalue()


def listenbrainz(plays: list[Play]) -> str:
    """ListenBrainz: starts to the second by another client, with durations."""
    chance, lines = random.Random(3), []
    for play in filter(_scrobbled, plays):
        info = {"duration_ms": 200_000, "submission_client": "client"} if play.song % 3 else {}
        track = {"artist_name": f"Artist {play.song % 40}", "track_name": f"Song {play.song}"}
        when = int(play.began + chance.uniform(0, 8))
        lines.append(json.dumps({"listened_at": when, "track_metadata": {**track, "additional_info": info}}))
    return "\n".join(lines)


TELLERS = {
    "Streaming_History_Audio_2025.json": extended,
    "StreamingHistory_music_0.json": account,
    "recenttracks.csv": lastfm,
    "1.jsonl": listenbrainz,
}


def write(folder: Path, plays: list[Play], missing: float = 0.0) -> tuple[list[Path], list[Play]]:
    """Write what each source tells, some plays left out at random; return also what is told at all."""
    chance, paths, told = random.Random(4), [], set()
    folder.mkdir(parents=True, exist_ok=True)
    for name, teller in TELLERS.items():
        kept = [play for play in plays if chance.random() >= missing]
        told.update(kept if teller in (extended, account) else filter(_scrobbled, kept))
        paths.append(folder / name)
        paths[-1].write_text(teller(kept))
    return paths, sorted(told, key=lambda play: play.began)
