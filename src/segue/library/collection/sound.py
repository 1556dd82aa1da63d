"""What a recording sounds like, measured from its audio: numbers by name.

    tempo             beats a minute, where there is a beat; now and then twice or half of it
    key, mode         the key from C (0) to B (11), and 1 for major, 0 for minor
    audio_loudness    LUFS (ITU-R BS.1770), of the part that is listened to
    audio_dynamics    dB between loud and soft moments (95th and 10th percentile of the level)
    audio_brightness  octaves above 1 Hz: the binary logarithm of the mean spectral centroid
    audio_noisiness   dB of spectral flatness: 0 for noise, far below for tones
    audio_onsets      notes and beats that begin, a second
    audio_pulse       how clear the beat is, 0 to 1: how alike the onsets and those a beat later are
    audio_timbre_NN   means of the mel-frequency cepstral coefficients 1 to 12: the colour of the sound

`tempo`, `key` and `mode` are called as Spotify and AcousticBrainz call them, in the same units; what is
measured otherwise than there has names of its own. A minute from the middle is listened to, in mono at
22,050 Hz. The measures are librosa's (McFee et al. 2015) and pyloudnorm's (Steinmetz and Reiss 2021); the key
is the best correlation with the profiles of Krumhansl and Kessler (1982).
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

RATE, HOP = 22_050, 512  # samples a second; samples between moments that are looked at
SECONDS = 60.0  # that are listened to, from the middle
SHORTEST = 1.0  # seconds of which something can be said
SILENT = 1e-5  # of full scale
COEFFICIENTS = 12
HARDLY, CLEAR = 0.05, 0.1  # likeness at which a pulse is followed no further, from which it is a beat
SAME_AS_ELSEWHERE = ("tempo", "key", "mode")
OWN = "audio_"
# Krumhansl and Kessler (1982), from the tonic up: how well each note of the scale fits a major, a minor key.
_MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
_MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)
FITS = 0.5  # correlation from which a key is told
Samples = NDArray[np.float32]


class UnheardError(Exception):
    """A file of which nothing can be measured, and why."""


def measure(path: str | Path) -> dict[str, float]:
    """What a file sounds like.

    Raises:
        UnheardError: it cannot be decoded, is shorter than a second, or silent.
        ModuleNotFoundError: the extra `sound` is not installed.
    """
    try:
        samples, rate = _decoded(str(path))
    except (ImportError, UnheardError):
        raise
    except Exception as error:  # each decoder fails on damaged bytes in ways of its own
        raise UnheardError(f"it cannot be decoded: {type(error).__name__}") from error
    if len(samples) < SHORTEST * rate:
        raise UnheardError("it is shorter than a second")
    if not np.isfinite(samples).all() or float(np.abs(samples).max()) < SILENT:
        raise UnheardError("it is silent")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of libraries among themselves, and of short files
        found = _loudness(samples, rate) | _measured(samples, rate)
    return {name: float(value) for name, value in found.items() if np.isfinite(value)}


def _loudness(samples: Samples, rate: int) -> dict[str, Any]:
    import pyloudnorm

    return {f"{OWN}loudness": pyloudnorm.Meter(rate).integrated_loudness(samples)}


def _measured(samples: Samples, rate: int) -> dict[str, Any]:
    import librosa

    mono = librosa.resample(samples.mean(axis=1), orig_sr=rate, target_sr=RATE)
    spectrum = np.abs(librosa.stft(mono, hop_length=HOP))
    heard = spectrum.max(axis=0) > spectrum.max() * 1e-3  # moments that are not silent
    level = librosa.amplitude_to_db(librosa.feature.rms(S=spectrum)[0], ref=1.0, amin=SILENT)
    soft, loud = np.percentile(level[heard], (10, 95))
    centroid = librosa.feature.spectral_centroid(S=spectrum, sr=RATE)[0][heard]
    flatness = librosa.feature.spectral_flatness(S=spectrum)[0][heard]
    mel = librosa.power_to_db(librosa.feature.melspectrogram(S=spectrum**2, sr=RATE))
    onsets = librosa.onset.onset_strength(S=mel, sr=RATE, hop_length=HOP)
    begun = librosa.onset.onset_detect(onset_envelope=onsets, sr=RATE, hop_length=HOP)
    timbre = librosa.feature.mfcc(S=mel, n_mfcc=COEFFICIENTS + 1)[1:, heard].mean(axis=1)
    found = {
        f"{OWN}dynamics": loud - soft,
        f"{OWN}brightness": np.log2(max(float(centroid.mean()), 1.0)),
        f"{OWN}noisiness": 10 * np.log10(max(float(flatness.mean()), 1e-10)),
        f"{OWN}onsets": len(begun) / (len(mono) / RATE),
        **{f"{OWN}timbre_{n:02d}": value for n, value in enumerate(timbre, 1)},
    }
    return found | _tempo(onsets) | _key(librosa.feature.chroma_cqt(y=mono, sr=RATE))


def _tempo(onsets: NDArray[Any]) -> dict[str, float]:
    """Librosa's estimate, made finer: many beats later the same pulse is known to a fraction of a moment."""
    import librosa

    moments = 60.0 * RATE / HOP  # in a minute
    lag = moments / float(librosa.feature.tempo(onset_envelope=onsets, sr=RATE, hop_length=HOP)[0])
    likeness = librosa.autocorrelate(onsets - onsets.mean())
    likeness = likeness / max(float(likeness[0]), 1e-12)
    pulse = 0.0
    for beats in (1, 2, 4, 8, 16):
        about = round(beats * lag)
        window = slice(max(about - 2, 1), about + 3)
        if window.stop >= len(likeness) * 3 // 4:
            break
        peak = window.start + int(likeness[window].argmax())
        below, at, above = likeness[peak - 1 : peak + 2]
        bend = below - 2 * at + above
        if at < HARDLY or bend >= 0:
            break
        pulse = max(pulse, float(at))
        lag = (peak + 0.5 * float(below - above) / float(bend)) / beats
    found = {f"{OWN}pulse": pulse}
    clear = max(CLEAR, 4 / len(likeness) ** 0.5)  # what chance does in a short piece
    return found | ({"tempo": moments / lag} if pulse > clear else {})


def _key(chroma: NDArray[Any]) -> dict[str, float]:
    """The key whose profile fits best how much of each note there is."""
    notes = chroma.mean(axis=1)
    if notes.std() < 1e-6:
        return {}
    fits = [
        (float(np.corrcoef(np.roll(profile, key), notes)[0, 1]), key, mode)
        for mode, profile in ((1, _MAJOR), (0, _MINOR))
        for key in range(12)
    ]
    fit, key, mode = max(fits)
    if fit < FITS:
        return {}
    return {"key": float(key), "mode": float(mode)}


def _decoded(path: str) -> tuple[Samples, int]:
    """A minute from the middle, (n, channels), and its rate."""
    import soundfile

    try:
        with soundfile.SoundFile(path) as file:
            wanted = int(SECONDS * file.samplerate)
            file.seek(max(0, (file.frames - wanted) // 2))
            samples = np.asarray(file.read(wanted, dtype="float32", always_2d=True), np.float32)
            return samples, file.samplerate
    except soundfile.LibsndfileError:
        return _by_audioread(path)


def _by_audioread(path: str) -> tuple[Samples, int]:
    """M4A, WMA and what else ffmpeg, or the system, reads."""
    import audioread

    try:
        with audioread.audio_open(path) as file:
            rate, channels = file.samplerate, file.channels
            first = max(0, int((file.duration - SECONDS) / 2 * rate)) * channels
            last, at, parts = first + int(SECONDS * rate) * channels, 0, []
            for block in file:
                values = np.frombuffer(block, "<i2")
                part = values[max(0, first - at) : max(0, last - at)]
                parts.append(part)
                at += len(values)
                if at >= last:
                    break
    except audioread.NoBackendError:
        raise UnheardError(
            "nothing here decodes it: install ffmpeg, then segue files sounds --again"
        ) from None
    joined = np.concatenate(parts) if parts else np.zeros(0, "<i2")
    joined = joined[: len(joined) // channels * channels]
    return (joined.astype(np.float32) / 32768).reshape(-1, channels), rate
