"""What is left out of a taste, as lists and radios see it."""

from datetime import UTC, datetime

from segue.engine import Engine
from segue.library import Library
from segue.library.excluding import Span, exclude, take_back

EVERYTHING = Span(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))


def test_lists_tastes_and_radio_follow_at_once(library: Library) -> None:
    engine = Engine(library)
    heard = set(engine.week().read(["p01"])[1][0].listening.heard.tolist())
    assert len(heard) > 20 and engine.tastes("p01")
    exclude(library, "p01", EVERYTHING)
    after = Engine(Library.open(library.path))
    seen, histories = after.week(keep=False).read(["p01", "p02"])
    assert seen.matrix[0].nnz <= 1 < seen.matrix[1].nnz  # what was saved, and what another played
    assert len(histories[0].listening.heard) <= 1
    assert len(after.weekly("p01").entries) == 30
    assert after.radio("p01").radio.choices(3)
    assert not after.tastes("p01")
    take_back(library, "p01", EVERYTHING)
    back = Engine(Library.open(library.path)).week().read(["p01"])[1][0].listening.heard
    assert set(back.tolist()) == heard
