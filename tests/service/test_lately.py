"""What was worked out lately is kept as long as the same engine answers."""

from segue.service.lately import Lately


class Engine:
    """Stands for an engine: what matters is which one it is."""


def test_the_same_is_not_worked_out_again_until_another_engine_answers() -> None:
    lately, made = Lately(most=2), []

    def ask(engine: object, key: str) -> str:
        return lately.of(engine, key, lambda: made.append(key) or key)  # ty: ignore[invalid-argument-type]

    first, second = Engine(), Engine()
    assert [ask(first, key) for key in "aab"] == ["a", "a", "b"]
    assert made == ["a", "b"]
    ask(first, "a")
    ask(first, "c")  # b, asked for longest ago, goes
    ask(first, "a")
    ask(first, "b")
    assert made == ["a", "b", "c", "b"]
    ask(second, "a")
    assert made[-1] == "a", "another engine may answer otherwise"


def test_what_an_engine_gave_that_answers_no_more_is_not_kept() -> None:
    lately, first, second = Lately(), Engine(), Engine()

    def slow() -> str:
        lately.of(second, "x", lambda: "new")  # meanwhile another engine answers
        return "old"

    assert lately.of(first, "x", slow) == "old"  # ty: ignore[invalid-argument-type]
    assert lately.of(second, "x", lambda: "again") == "new"  # ty: ignore[invalid-argument-type]
