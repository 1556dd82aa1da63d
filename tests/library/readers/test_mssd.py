"""The Music Streaming Sessions Dataset: logs and features."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest

from segue.library.readers.mssd import Mssd
from segue.library.rows import Listen, TrackRef
from segue.testing.reader import ReaderContract, read

COLUMNS = (
    "session_id,session_position,session_length,track_id_clean,skip_1,skip_2,skip_3,not_skipped,context_switch,"
    "no_pause_before_play,short_pause_before_play,long_pause_before_play,hist_user_behavior_n_seekfwd,"
    "hist_user_behavior_n_seekback,hist_user_behavior_is_shuffle,hour_of_day,date,premium,context_type,"
    "hist_user_behavior_reason_start,hist_user_behavior_reason_end\n"
)
SESSION = "0_00006f66-33e5-4de7-a324-2d18e439fc1e"


def line(position: int, skips: str) -> str:
    return (
        f"{SESSION},{position},20,t_0479f24c-27d2-46d6-a00c-7ec928f2b539,{skips},0,0,0,0,0,0,true,16,"
        "2018-07-15,true,editorial_playlist,trackdone,fwdbtn\n"
    )


LOG = COLUMNS + line(1, "false,false,false,true") + line(2, "true,true,true,false")
INPUT = f"session_id,session_position,session_length,track_id_clean\n{SESSION},9,20,t_0\n"
FEATURES = (
    "track_id,duration,release_year,us_popularity_estimate,acousticness,beat_strength,key,mode,tempo,"
    "acoustic_vector_0,acoustic_vector_7\n"
    "t_a540e552-16d4-42f8-a185-232bd650ea7d,109.706673,1950,99.975414,0.458040,0.519497,0,major,166.1,-0.8,0.1\n"
)


def taken(text: str) -> list[Any]:
    rows, error = read(Mssd(), "log_0_20180715_000000000000.csv", text.encode())
    assert error is None
    return rows


class TestMssd(ReaderContract):
    reader = Mssd()
    samples: ClassVar = {
        "log_0_20180715_000000000000.csv": LOG.encode(),
        "log_input_20180715.csv": INPUT.encode(),
        "tf_000000000000.csv": FEATURES.encode(),
    }


def test_a_play_in_a_session() -> None:
    first, second = taken(LOG)
    assert first == Listen(
        f"mssd:{SESSION}",
        TrackRef(other="mssd:t_0479f24c-27d2-46d6-a00c-7ec928f2b539"),
        datetime(2018, 7, 15, 16, tzinfo=UTC),
        skipped=False,
        stage=3,
        shuffle=True,
        start_reason="trackdone",
        end_reason="fwdbtn",
        context="editorial_playlist",
        session_id=f"mssd:{SESSION}",
        session_position=1,
    )
    assert (second.stage, second.skipped, second.session_position) == (0, True, 2)


@pytest.mark.parametrize(
    ("skips", "stage", "skipped"),
    [
        ("true,true,true,false", 0, True),
        ("false,true,true,false", 1, True),
        ("false,false,true,false", 2, False),
        ("false,false,false,true", 3, False),
        ("false,false,false,false", None, False),
        (",,,", None, None),
    ],
)
def test_the_skip_columns_are_nested(skips: str, stage: int | None, skipped: bool | None) -> None:
    (listen,) = taken(COLUMNS + line(1, skips))
    assert (listen.stage, listen.skipped) == (stage, skipped)


def test_features() -> None:
    (facts,) = taken(FEATURES)
    assert facts.track.other == "mssd:t_a540e552-16d4-42f8-a185-232bd650ea7d"
    assert facts.track.duration_ms == 109_707
    assert facts.release_date == "1950"
    assert facts.popularity == pytest.approx(0.99975414)
    assert facts.features["mode"] == 1.0
    assert facts.features["acoustic_vector_0"] == -0.8
    assert "duration" not in facts.features
