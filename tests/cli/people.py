"""Made-up people and their exports, small, in the shape in which services give them.

What real listening has is here: milliseconds, podcasts among songs, songs without an id, titles in several
spellings and scripts, skips, shuffle, a response that depends on the one before, few plays, plain counts.
"""

from __future__ import annotations

import csv
import json
import random
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

END = datetime(2026, 11, 20, 22)
DAYS = 500
STYLES = {
    "folk": ("Ada Wren", "Bríd Ó Sé", "The Ferns"),
    "metal": ("Grauzone", "Mörk", "Iron Vow", "黒い森"),
    "pop": ("Lia & Lio", "Neon Girls", "DJ Tempo"),
}
SONGS = 12  # of an artist
SHOWS = ("Song by Song", "The Daily Bread")


@dataclass(frozen=True)
class Play:
    """What somebody played; `artist` is the show where `medium` is podcast."""

    end: datetime
    ms: int
    artist: str
    title: str
    medium: str = "song"
    skipped: bool = False
    shuffle: bool = False

    @property
    def start(self) -> datetime:
        return self.end - timedelta(milliseconds=self.ms)


def plays(name: str, styles: tuple[str, ...], sittings: int, podcasts: float = 0.0) -> list[Play]:
    """Some five plays for each time that somebody sits down to listen, in order of time."""
    rng, found = random.Random(name), []
    liked = {style: rng.sample(STYLES[style], 2) for style in styles}
    begins = sorted(END - timedelta(seconds=rng.random() * DAYS * 86_400) for _ in range(sittings))
    now = begins[0] - timedelta(hours=1) if begins else END
    for begin in begins:
        now, skipped, shuffle = max(begin, now + timedelta(minutes=20)), False, rng.random() < 0.6
        style = rng.choice(styles) if styles else None
        for _ in range(rng.randint(2, 8)):
            if style is None or rng.random() < podcasts:
                ms = rng.randint(600_000, 2_400_000)
                now += timedelta(milliseconds=ms)
                found.append(Play(now, ms, rng.choice(SHOWS), f"Episode {rng.randint(1, 60)}", "podcast"))
                continue
            artist, song = rng.choice(liked[style]), int(SONGS * rng.random() ** 1.5)
            title = f"{artist.split()[0]} No. {song}" + (" - Live" if song % 7 == 6 else "")
            skipped = rng.random() < (0.7 if skipped else 0.2)
            ms = rng.randint(900, 40_000) if skipped else rng.randint(150_017, 331_009)
            now += timedelta(milliseconds=ms + rng.randint(300, 1_900))
            found.append(Play(now, ms, artist, title, "song", skipped, shuffle))
    return found


def spotify_extended(found: list[Play], folder: Path) -> Path:
    """All that was ever streamed: milliseconds, podcasts, no id for a tenth of the songs."""
    items = []
    for number, play in enumerate(found):
        song, key = play.medium == "song", random.Random(play.artist + play.title)
        id = "".join(key.choices("abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ0123456789", k=22))
        known = key.random() > 0.1
        items.append(
            {
                "ts": play.end.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "platform": "android",
                "ms_played": play.ms,
                "conn_country": "ZZ",
                "ip_addr": "203.0.113.7",
                "master_metadata_track_name": play.title if song else None,
                "master_metadata_album_artist_name": play.artist if song else None,
                "master_metadata_album_album_name": f"Album of {play.artist}" if song else None,
                "spotify_track_uri": f"spotify:track:{id}" if song and known else None,
                "episode_name": None if song else play.title,
                "episode_show_name": None if song else play.artist,
                "spotify_episode_uri": None if song else f"spotify:episode:{id}",
                "reason_start": "clickrow" if number % 7 == 0 else "trackdone",
                "reason_end": "fwdbtn" if play.skipped else "trackdone",
                "shuffle": play.shuffle,
                "skipped": None if number % 11 == 0 else play.skipped,
                "offline": False,
                "offline_timestamp": None,
                "incognito_mode": False,
            }
        )
    path = folder / "my_spotify_data.zip"
    with zipfile.ZipFile(path, "w") as archive:
        name = "Spotify Extended Streaming History/Streaming_History_Audio_2025-2026_0.json"
        archive.writestr(name, json.dumps(items))
        archive.writestr("Spotify Extended Streaming History/ReadMeFirst.pdf", b"%PDF-1.4")
    return path


def spotify_account(found: list[Play], folder: Path) -> Path:
    """The last year, to the minute, no ids; what was saved and banned; a playlist."""
    history = [
        {
            "endTime": play.end.strftime("%Y-%m-%d %H:%M"),
            "artistName": play.artist,
            "trackName": play.title,
            "msPlayed": play.ms,
        }
        for play in found
        if play.medium == "song"
    ]
    songs = list(dict.fromkeys((play.artist, play.title) for play in found))
    library = {
        "tracks": [{"artist": a, "album": None, "track": t, "uri": None} for a, t in songs[:5]],
        "bannedTracks": [{"artist": a, "track": t} for a, t in songs[-1:]],
        "albums": [],
    }
    entries = [
        {"track": {"trackName": t, "artistName": a, "albumName": None, "trackUri": None}, "addedDate": None}
        for a, t in songs[:10]
    ]
    playlists = {"playlists": [{"name": "Mine", "lastModifiedDate": "2026-01-02", "items": entries}]}
    folder = folder / "Spotify Account Data"
    folder.mkdir()
    for name, what in (
        ("StreamingHistory_music_0", history),
        ("YourLibrary", library),
        ("Playlist1", playlists),
    ):
        (folder / f"{name}.json").write_text(json.dumps(what))
    return folder


def lastfm(found: list[Play], folder: Path) -> Path:
    """Scrobbles, newest first: no milliseconds, no durations, no skips."""
    path = folder / "recenttracks.csv"
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(
            ["uts", "utc_time", "artist", "artist_mbid", "album", "album_mbid", "track", "track_mbid"]
        )
        for play in reversed([each for each in found if each.ms >= 30_000 and each.medium == "song"]):
            at = int(play.start.replace(tzinfo=UTC).timestamp())
            when = play.start.strftime("%d %b %Y, %H:%M")
            rows.writerow([at, when, play.artist, "", "", "", play.title, ""])
        rows.writerow([0, "01 Jan 1970, 00:00", "Ada Wren", "", "", "", "A player without a clock", ""])
    return path


def listenbrainz(found: list[Play], folder: Path) -> Path:
    """Listens, some with a duration."""
    path = folder / "listens.jsonl"
    with path.open("w") as file:
        for number, play in enumerate(found):
            if play.ms < 30_000 or play.medium != "song":
                continue
            at = int(play.start.replace(tzinfo=UTC).timestamp())
            more = {"submission_client": "a player"} | ({"duration_ms": play.ms} if number % 3 else {})
            track = {"artist_name": play.artist, "track_name": play.title, "additional_info": more}
            line = {"listened_at": at, "inserted_at": at + 300, "track_metadata": track}
            file.write(json.dumps(line) + "\n")
    return path


def counts(found: list[Play], folder: Path) -> Path:
    """How often, and nothing else."""
    path, many = folder / "counts.csv", {}
    for play in found:
        many[play.artist, play.title] = many.get((play.artist, play.title), 0) + 1
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["artist", "track", "plays"])
        rows.writerows([artist, title, count] for (artist, title), count in many.items())
    return path


def artists(found: list[Play], folder: Path) -> Path:
    """How often, by artist alone."""
    path, many = folder / "artists.csv", {}
    for play in found:
        many[play.artist] = many.get(play.artist, 0) + 1
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["artist", "plays"])
        rows.writerows(many.items())
    return path


def archive(count: int, folder: Path) -> Path:
    """Playlists of one style each, as the Million Playlist Dataset has them."""
    rng, playlists = random.Random(count), []
    for pid in range(count):
        style = list(STYLES)[pid % len(STYLES)]
        tracks = []
        for pos in range(rng.randint(5, 25)):
            artist, song = rng.choice(STYLES[style]), rng.randrange(SONGS)
            title = f"{artist.split()[0]} No. {song}"
            facts = {"artist_name": artist, "track_name": title, "album_name": f"Album of {artist}"}
            tracks.append({"pos": pos, "duration_ms": 180_000 + 997 * song, **facts})
        playlists.append(
            {"name": style, "pid": pid, "modified_at": 1_500_000_000, "num_followers": 1, "tracks": tracks}
        )
    path = folder / "mpd.slice.0-999.json"
    path.write_text(json.dumps({"info": {}, "playlists": playlists}))
    return path


@dataclass(frozen=True)
class Person:
    """Somebody, what they played, and how their service says it."""

    name: str
    found: list[Play]
    write: Callable[[list[Play], Path], Path]

    @property
    def song(self) -> str:
        """Words of the song they played most; of anything, where there is no song."""
        names = [f"{play.artist} - {play.title}" for play in self.found if play.medium == "song"]
        names = names or [f"{play.artist} - {play.title}" for play in self.found] or ["Ada Wren"]
        return max(dict.fromkeys(names), key=names.count)


THREE = [
    Play(END - timedelta(days=n, milliseconds=n), 200_017 + n, "Ada Wren", f"Ada No. {n}") for n in range(3)
]
PEOPLE = {
    person.name: person
    for person in (
        Person("streamer", plays("streamer", ("folk", "metal", "pop"), 90, 0.1), spotify_extended),
        Person("account", plays("account", ("pop", "folk"), 60), spotify_account),
        Person("scrobbler", plays("scrobbler", ("metal",), 60), lastfm),
        Person("brainz", plays("brainz", ("folk", "metal"), 60), listenbrainz),
        Person("three", THREE, spotify_extended),
        Person("podcaster", plays("podcaster", (), 40, 1.0), spotify_extended),
        Person("counter", plays("counter", ("pop", "metal"), 60), counts),
        Person("artists", plays("artists", ("pop", "metal"), 30), artists),
        Person("newcomer", [], spotify_extended),
    )
}
