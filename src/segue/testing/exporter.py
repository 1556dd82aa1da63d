"""What every writer of playlists must do. Inherit `ExporterContract`, say the format, bring a parser.

    class TestXspf(ExporterContract):
        format = "xspf"
        def parse(self, data: bytes) -> Seen: ...   # with a parser that is not the writer's own code

Needs pytest and hypothesis.
"""

from __future__ import annotations

import abc
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segue.playlists import formats
from segue.playlists.playlist import Playlist, PlaylistEntry, TrackCard

BREAKS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class SeenTrack:
    """A track as a parser of the format sees it; None where the format has no place for a fact."""

    title: str
    artists: str
    address: str | None = None  # what a player would open
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """A playlist as a parser of the format sees it."""

    title: str | None
    tracks: list[SeenTrack]


def flat(text: str) -> str:
    """A text as formats of one line per fact keep it."""
    text = re.sub("[\ud800-\udfff\ufffe\uffff]", "\ufffd", text)
    return BREAKS.sub(" ", text).strip()


NASTY = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        [
            "",
            "\n#EXTINF:1,forged\nforged.mp3",
            "a\r\nb",
            "]]>&lt;<script>&\"'",
            '=HYPERLINK("http://x","y")',
            "'=1",
            "-",
            "@SUM(A1)",
            "a,b;\tc",
            '"quoted", twice ""',
            "null\x00byte",
            "\ufeffBOM",
            "line\u2028separator",
            "next\x85line",
            "lone \ud83d surrogate",
            "nonchar \uffff",
            "עברית \u202e reversed",
            "Beyoncé",
            "Beyonce\u0301",
            "🎵" * 5,
            "#EXTM3U",
            "  spaces  ",
            "{}",
            "\\",
            "x" * 5000,
        ]
    ),
)


@st.composite
def entries(draw: st.DrawFn, position: int) -> PlaylistEntry:
    """An entry with nasty texts and any facts missing."""
    card = TrackCard(
        track_id=draw(NASTY),
        title=draw(st.none() | NASTY),
        artists=tuple(draw(st.lists(NASTY, max_size=3))),
        album=draw(st.none() | NASTY),
        duration_ms=draw(st.none() | st.integers(0, 10**9)),
        spotify=draw(st.none() | st.just("4uLU6hMCjMI75M1A2tKUQC") | NASTY),
        mbid=draw(st.none() | st.uuids().map(str) | NASTY),
        isrc=draw(st.none() | st.just("GBAYE6900123")),
        location=draw(st.none() | NASTY | st.just("/music/Björk/01 Jóga #1 100%.flac")),
        medium=draw(st.sampled_from(["song", "podcast", "audiobook"])),
    )
    score = draw(st.none() | st.floats(allow_nan=False, allow_infinity=False))
    return PlaylistEntry(position, card, score, draw(st.none() | NASTY), draw(st.none() | NASTY))


@st.composite
def playlists(draw: st.DrawFn) -> Playlist:
    """A playlist of up to four entries with nasty texts."""
    count = draw(st.integers(0, 4))
    return Playlist(
        title=draw(NASTY),
        listener=draw(NASTY),
        week=draw(st.none() | st.just("2026-W48")),
        created_at=draw(st.datetimes(timezones=st.just(UTC))),
        entries=tuple(draw(entries(position)) for position in range(1, count + 1)),
        notes=tuple(draw(st.lists(NASTY, max_size=2))),
        seed=draw(st.none() | st.integers(0, 2**63 - 1)),
        models=tuple(draw(st.lists(NASTY, max_size=2))),
    )


def sample() -> Playlist:
    """An ordinary playlist: a local file, a Spotify track, and one with a MusicBrainz id only."""
    cards = (
        TrackCard(
            "t1",
            "Jóga",
            ("Björk",),
            "Homogenic",
            305_000,
            mbid="b1a9c0e9-d987-4042-ae91-78d6a3267d69",
            location="/music/Björk/01 Jóga.flac",
        ),
        TrackCard("t2", "Under Pressure", ("Queen", "David Bowie"), None, 248_440, "2fuCquhmrzHpu5xcA1ci9x"),
        TrackCard("t3", "Unknown length", (), mbid="0cf8a1cf-4b8c-4b5e-8b5c-0b2e0f1d9c11"),
    )
    return Playlist(
        title="Discover Weekly",
        listener="ada",
        week="2026-W48",
        created_at=datetime(2026, 11, 23, 0, 5, tzinfo=UTC),
        entries=tuple(
            PlaylistEntry(n, card, 1.5 - n / 4, f"because you play {card.title}", "factors")
            for n, card in enumerate(cards, 1)
        ),
        notes=("Only 3 tracks were new to you.",),
        seed=7,
        models=("factors/20261123T000000Z-0a1b2c3d",),
    )


class ExporterContract(abc.ABC):
    """Inherit it, set `format`, define `parse`."""

    format: str
    one_line = True  # the format has no place for line breaks inside a fact
    keeps_placeless = True  # a track that nobody can play has an entry all the same

    @abc.abstractmethod
    def parse(self, data: bytes) -> Seen:
        """What an independent parser of the format sees in a file's bytes."""

    def expected(self, text: str) -> str:
        """How the format keeps a text."""
        return flat(text) if self.one_line else text

    def test_an_ordinary_playlist_is_seen_whole(self, tmp_path: Path) -> None:
        playlist = sample()
        path = formats.write(playlist, tmp_path / "list.any", self.format)
        seen = self.parse(path.read_bytes())
        assert seen.title in (None, playlist.title)
        shown = [entry for entry in playlist.entries if self.keeps_placeless or self.plays(entry.track)]
        assert [track.title for track in seen.tracks] == [entry.track.title for entry in shown]
        for track, entry in zip(seen.tracks, shown, strict=True):
            assert track.reason in (None, entry.reason)
            for artist in entry.track.artists:
                assert artist in track.artists

    def test_the_suffix_chooses_the_format(self, tmp_path: Path) -> None:
        for suffix in formats.FORMATS[self.format].suffixes:
            chosen = formats.write(sample(), tmp_path / f"list{suffix.upper()}")
            named = formats.write(sample(), tmp_path / "named", self.format)
            assert chosen.read_bytes() == named.read_bytes()

    def test_an_empty_playlist_is_a_file_of_the_format(self, tmp_path: Path) -> None:
        path = formats.write(replace(sample(), entries=()), tmp_path / "empty", self.format)
        assert self.parse(path.read_bytes()).tracks == []

    def test_a_failed_write_leaves_the_old_file_alone(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "list"
        path.write_bytes(b"old")
        with monkeypatch.context() as patch:

            def full(self: Path, data: bytes) -> int:
                raise OSError(28, "No space left on device")

            patch.setattr(Path, "write_bytes", full)
            with pytest.raises(OSError, match="No space"):
                formats.write(sample(), path, self.format)
        assert path.read_bytes() == b"old"
        assert list(tmp_path.iterdir()) == [path]

    @settings(
        max_examples=60,
        deadline=None,
        suppress_health_check=[HealthCheck.differing_executors, HealthCheck.too_slow],
    )
    @given(playlist=playlists())
    def test_no_text_breaks_the_file(self, playlist: Playlist) -> None:
        data = formats.FORMATS[self.format].render(playlist)
        data.decode("utf-8")
        assert data == formats.FORMATS[self.format].render(playlist)
        seen = self.parse(data)
        shown = [entry for entry in playlist.entries if self.keeps_placeless or self.plays(entry.track)]
        assert len(seen.tracks) == len(shown)
        for track, entry in zip(seen.tracks, shown, strict=True):
            wanted = self.expected(entry.track.title or "")
            if wanted:
                assert track.title == wanted
            for artist in entry.track.artists:
                assert self.expected(artist) in track.artists

    @staticmethod
    def plays(track: TrackCard) -> bool:
        """Whether a player could be told where the track is."""
        from segue.playlists.formats.text import location_uri

        return location_uri(track) is not None
