"""AcousticBrainz's tables of sound features."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from segue.library.importing import import_path
from segue.library.readers.acousticbrainz import AcousticBrainz, pitch
from segue.library.rows import Reject, TrackFacts, TrackRef
from segue.library.store import Library
from segue.testing.reader import ReaderContract, read

MBID = "3bd73256-3905-4f3a-97e2-8b341527f805"
RHYTHM = (
    "mbid,submission_offset,bpm,bpm_histogram_first_peak_bpm_mean,danceability,onset_rate\n"
    f"{MBID},0,120.5,119,1.1,3.4\n"
)
TONAL = (
    "mbid,submission_offset,key_key,key_scale,tuning_frequency,tuning_equal_tempered_deviation\n"
    f"{MBID},0,C#,minor,440.5,0.03\n"
)
LOWLEVEL = (
    f"mbid,submission_offset,average_loudness,dynamic_complexity,mfcc_zero_mean\n{MBID},0,0.9,2.5,-700.1\n"
)


class TestAcousticBrainz(ReaderContract):
    reader = AcousticBrainz()
    samples: ClassVar = {
        "rhythm.csv": RHYTHM.encode(),
        "tonal.csv": TONAL.encode(),
        "lowlevel.csv": LOWLEVEL.encode(),
    }


def test_features() -> None:
    track = TrackRef(mbid=MBID)
    rows, error = read(AcousticBrainz(), "tonal.csv", TONAL.encode())
    assert error is None
    tonal = {
        "key": 1.0,
        "mode": 0.0,
        "ab_tuning_frequency": 440.5,
        "ab_tuning_equal_tempered_deviation": 0.03,
    }
    assert rows == [TrackFacts(track, features=tonal)]
    rhythm = read(AcousticBrainz(), "rhythm.csv", RHYTHM.encode())[0][0]
    assert isinstance(rhythm, TrackFacts)
    assert rhythm.features is not None
    assert rhythm.features["tempo"] == 120.5
    assert rhythm.features["ab_danceability"] == 1.1


def test_the_first_submission_counts() -> None:
    rows, _ = read(AcousticBrainz(), "rhythm.csv", (RHYTHM + f"{MBID},1,60,,,\nnone,0,60,,,\n").encode())
    assert [row.place for row in rows if isinstance(row, Reject)] == ["line 4", "submissions"]


def test_only_tracks_that_the_library_knows_are_taken(tmp_path: Path) -> None:
    library = Library.open(tmp_path / "library", create=True)
    other = MBID[:-1] + "6"
    plays = tmp_path / "plays.csv"
    plays.write_text(f"user,artist,track,mbid,timestamp\nme,Björk,Jóga,{MBID},1700000000\n", encoding="utf-8")
    dump = tmp_path / "rhythm.csv"
    dump.write_text(RHYTHM + RHYTHM.splitlines()[1].replace(MBID, other) + "\n", encoding="utf-8")
    import_path(library, plays)
    report = import_path(library, dump)
    assert report.counts["track_facts"].stored == 1
    assert report.counts["rejects"].rejected == 1
    (track,) = library.arrow(library.table("tracks")).to_pylist()
    assert dict(track["features"])["tempo"] == 120.5
    (line,) = library.arrow(library.table("rejects")).to_pylist()
    assert line["reason"] == "1 are not in the library, and their facts were left out"


def test_keys_by_number() -> None:
    assert [pitch(name) for name in ("C", "B#", "Cb", "Bb", "H", "")] == [0, 0, 11, 10, None, None]
