"""What audio files sound like: measured truly, kept with the file, given to its track."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from tests import audio
from tests.library.conftest import Store

from segue.cli.files import _print_sounds
from segue.library import Library
from segue.library.collection import sounding
from segue.library.collection.scanning import scan
from segue.library.collection.sound import UnheardError, measure
from segue.library.collection.sounding import SoundReport, sounds
from segue.library.rows import Listen, TrackFacts, TrackRef

RATE = 22_050
C = 261.6256  # Hz


def sound(path: Path, samples: np.ndarray, **tags: str) -> Path:
    """A WAV file of these samples, between -1 and 1."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as out:
        out.setparams((1, 2, RATE, 0, "NONE", ""))
        out.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    if tags:
        from mutagen.wave import WAVE

        file = WAVE(path)
        file.add_tags()
        audio._frames(file.tags, tags)
        file.save()
    return path


def clicks(tempo: float, seconds: int = 20) -> np.ndarray:
    """Short tones, so many a minute."""
    out, one = np.zeros(RATE * seconds), np.arange(400)
    for at in np.arange(0.1, seconds - 0.1, 60 / tempo):
        out[int(at * RATE) :][:400] += np.exp(-one / 60) * np.sin(one * 0.6) * 0.5
    return out


def chord(notes: Sequence[int], seconds: int = 8) -> np.ndarray:
    """Tones above C with two overtones each."""
    t = np.arange(RATE * seconds) / RATE
    tones = (C * 2 ** (note / 12) * h for note in notes for h in (1, 2, 3))
    return np.sum([np.sin(2 * np.pi * f * t) * 0.05 for f in tones], axis=0)


def noise(loud: float = 0.1, smooth: int = 1, seconds: int = 5) -> np.ndarray:
    """Noise; the smoother, the darker."""
    white = np.random.default_rng(0).normal(0, loud, RATE * seconds)
    return np.convolve(white, np.ones(smooth) / smooth, "same")


@pytest.mark.slow
def test_tempo(tmp_path: Path) -> None:
    for tempo in (72, 90, 100, 120, 128, 140, 174):
        found = measure(sound(tmp_path / "a.wav", clicks(tempo)))
        assert found["tempo"] == pytest.approx(tempo, rel=0.005)
        assert found["audio_pulse"] > 0.3
    assert "tempo" not in measure(sound(tmp_path / "b.wav", noise()))


@pytest.mark.slow
def test_key(tmp_path: Path) -> None:
    for notes, key, mode in (((0, 4, 7), 0, 1), ((9, 12, 16), 9, 0), ((6, 10, 13), 6, 1), ((4, 7, 11), 4, 0)):
        found = measure(sound(tmp_path / "a.wav", chord(notes)))
        assert (found["key"], found["mode"]) == (key, mode)


@pytest.mark.slow
def test_loud_bright_and_rough(tmp_path: Path) -> None:
    made = {
        "dark": noise(smooth=40),
        "bright": noise(),
        "loud": noise(0.3),
        "tone": chord([0]),
        "steps": np.concatenate([noise(0.2), noise(0.002)]),
    }
    found = {name: measure(sound(tmp_path / f"{name}.wav", samples)) for name, samples in made.items()}
    assert found["loud"]["audio_loudness"] - found["bright"]["audio_loudness"] == pytest.approx(9.5, abs=0.3)
    assert found["tone"]["audio_brightness"] < found["dark"]["audio_brightness"] < 12
    assert (
        found["dark"]["audio_brightness"]
        < found["bright"]["audio_brightness"]
        == pytest.approx(12.4, abs=0.2)
    )
    assert found["tone"]["audio_noisiness"] < found["dark"]["audio_noisiness"]
    assert found["dark"]["audio_noisiness"] < found["bright"]["audio_noisiness"] < 0
    assert found["steps"]["audio_dynamics"] > 20 > found["bright"]["audio_dynamics"]
    # The same at another loudness has the same colour.
    colour = [name for name in found["loud"] if "timbre" in name]
    assert len(colour) == 12
    for name in colour:
        assert found["loud"][name] == pytest.approx(found["bright"][name], abs=1.0)
    apart = max(abs(found["dark"][name] - found["bright"][name]) for name in colour)
    assert apart > 20


def test_what_cannot_be_heard_is_said(tmp_path: Path) -> None:
    pytest.importorskip("soundfile", reason="the extra sound is not installed")
    (tmp_path / "text.flac").write_text("no audio at all")
    for path, why in (
        (sound(tmp_path / "short.wav", noise()[:1000]), "shorter"),
        (audio.flac(tmp_path / "silent.flac", 5), "silent"),
        (tmp_path / "text.flac", "decode"),
    ):
        with pytest.raises(UnheardError, match=why):
            measure(path)


@pytest.fixture
def heard(library: Library, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A library with three files of which two are tracks; what was listened to, in order."""
    rows = [
        Listen("ana", TrackRef(title, ("Adele",)), plays=1) for title in ("Hello", "Skyfall", "Daydreamer")
    ]
    store(library, rows, "table")
    for title in ("Hello", "Skyfall", "Unknown"):
        audio.flac(tmp_path / "music" / f"{title}.flac", 2, title=title, artist="Adele")
    scan(library, [tmp_path / "music"])
    told: list[str] = []

    def pretend(path: str) -> dict[str, float]:
        told.append(Path(path).stem)
        if Path(path).stem == "Unknown":
            raise UnheardError("it is silent")
        return {"tempo": 120.0, "key": 3.0, "audio_loudness": -len(Path(path).stem)}

    monkeypatch.setattr(sounding, "measure", pretend)
    monkeypatch.setattr(sounding, "NEEDED", ())
    return told


def features(library: Library) -> dict[str, dict[str, float]]:
    library.refresh()
    rows = library.arrow("tracks").select(["title", "features"]).to_pylist()
    return {row["title"]: dict(row["features"] or ()) for row in rows}


def test_each_file_is_listened_to_once_and_its_track_knows(library: Library, heard: list[str]) -> None:
    done = sounds(library, most=1)
    assert (done.heard, done.left, done.tracks, heard) == (1, 2, 1, ["Hello"])
    done = sounds(library)
    assert (done.heard, done.before, done.left, done.tracks) == (1, 1, 0, 2)
    assert list(done.unheard.values()) == ["it is silent"]
    assert features(library) == {
        "Hello": {"tempo": 120.0, "key": 3.0, "audio_loudness": -5.0},
        "Skyfall": {"tempo": 120.0, "key": 3.0, "audio_loudness": -7.0},
        "Daydreamer": {},
    }
    assert sounds(library).heard == 0 and heard == ["Hello", "Skyfall", "Unknown"]
    assert list(sounds(library, again=True).unheard) == [next(iter(done.unheard))]


def test_sound_moves_with_a_file_and_is_measured_anew_when_it_changes(
    library: Library, heard: list[str], tmp_path: Path
) -> None:
    sounds(library)
    (tmp_path / "music" / "Hello.flac").rename(tmp_path / "music" / "Hallo.flac")
    audio.flac(tmp_path / "music" / "Skyfall.flac", 3, title="Skyfall", artist="Adele")
    heard.clear()
    scan(library)
    sounds(library)
    assert heard == ["Skyfall"]


def test_what_others_told_of_a_track_stays(library: Library, heard: list[str], store: Store) -> None:
    told = TrackFacts(TrackRef("Hello", ("Adele",)), features={"tempo": 79.0, "energy": 0.5})
    store(library, [told], "table")
    sounds(library)
    assert features(library)["Hello"] == {"tempo": 79.0, "energy": 0.5, "key": 3.0, "audio_loudness": -5.0}
    # A later import says all it knows; the next scan gives the sound of the file again.
    store(library, [told._replace(features={"tempo": 80.0})], "table")
    scan(library)
    assert features(library)["Hello"] == {"tempo": 80.0, "key": 3.0, "audio_loudness": -5.0}


def test_what_was_measured_before_a_break_is_kept(
    library: Library, heard: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    listen = sounding.measure

    def breaks(path: str) -> dict[str, float]:
        if "Skyfall" in path:
            raise KeyboardInterrupt
        return listen(path)

    monkeypatch.setattr(sounding, "measure", breaks)
    with pytest.raises(KeyboardInterrupt):
        sounds(library)
    monkeypatch.setattr(sounding, "measure", listen)
    heard.clear()
    assert sounds(library).before == 1
    assert heard == ["Skyfall", "Unknown"]


def test_what_was_measured_is_stored_soon(
    library: Library, heard: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    listen, stored = sounding.measure, list[int]()

    def measure(path: str) -> dict[str, float]:
        sound = Library.open(library.path).arrow("files")["sound"].to_pylist()
        stored.append(sum(map(bool, sound)))
        return listen(path)

    monkeypatch.setattr(sounding, "measure", measure)
    monkeypatch.setattr(sounding, "SAVED", 0.0)
    monkeypatch.setattr(sounding, "SAVING", 1e9)
    sounds(library)
    assert stored == [0, 1, 2]
    assert sounding.SAVED < 60


def test_what_cannot_be_decoded_is_one_line_for_each_reason(capsys: pytest.CaptureFixture[str]) -> None:
    why = {f"/music/{n}.m4a": "nothing here decodes it: install ffmpeg" for n in range(30)}
    _print_sounds(SoundReport(heard=2, unheard=why | {"/music/a.flac": "it is silent"}))
    said = [line for line in capsys.readouterr().out.splitlines() if "Not measured" in line]
    assert said == [
        "Not measured: 30 files (such as /music/0.m4a): nothing here decodes it: install ffmpeg.",
        "Not measured: 1 file (/music/a.flac): it is silent.",
    ]


def test_a_file_that_is_not_there_now_is_listened_to_later(
    library: Library, heard: list[str], tmp_path: Path
) -> None:
    (tmp_path / "music").rename(tmp_path / "elsewhere")
    assert len(sounds(library).unheard) == 3 and not heard
    (tmp_path / "elsewhere").rename(tmp_path / "music")
    assert sounds(library).heard == 2


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="needs signals")
def test_killed_again_and_again_it_goes_on_where_it_was(
    library: Library, store: Store, tmp_path: Path
) -> None:
    files = 70
    store(library, [Listen("ana", TrackRef(f"Song {n}", ("Adele",)), plays=1) for n in range(files)], "table")
    samples = clicks(100, 60)
    for n in range(files):
        sound(tmp_path / "music" / f"{n:03d}.wav", samples, title=f"Song {n}", artist="Adele")
    scan(library, [tmp_path / "music"])
    command = [sys.executable, "-m", "segue", "files", "sounds", "--library", str(library.path), "--json"]

    def heard() -> dict[str, tuple]:
        rows = Library.open(library.path).arrow("files").select(["path", "sound"]).to_pylist()
        return {row["path"]: tuple(row["sound"]) for row in rows if row["sound"]}

    before: dict[str, tuple] = {}
    for workers in ("1", "2"):
        process = subprocess.Popen(
            [*command, "--workers", workers], start_new_session=True, stdout=subprocess.DEVNULL
        )
        until = time.monotonic() + 120
        while len(heard()) <= len(before) and time.monotonic() < until:
            time.sleep(0.1)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        now = heard()
        assert len(before) < len(now) < files
        assert before.items() <= now.items()
        before = now
    told = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert (told["before"], told["heard"], told["left"], told["tracks"]) == (
        *(len(before), files - len(before)),
        *(0, files),
    )


@pytest.mark.slow
def test_in_processes(library: Library, store: Store, tmp_path: Path) -> None:
    store(library, [Listen("ana", TrackRef(f"Song {n}", ("Adele",)), plays=1) for n in range(6)], "table")
    for n in range(6):
        sound(tmp_path / "music" / f"{n}.wav", clicks(100 + n, 10), title=f"Song {n}", artist="Adele")
    scan(library, [tmp_path / "music"])
    assert sounds(library, workers=2).heard == 6
    for n in range(6):
        assert features(library)[f"Song {n}"]["tempo"] == pytest.approx(100 + n, rel=0.01)
