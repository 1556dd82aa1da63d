"""Reading our own files: whatever is wrong with one is told in words that say what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict

from segue.errors import FormatError
from segue.files import reading


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    size: int = 1


class Settings(BaseModel):
    inner: Inner = Inner()


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        ({"inner": {"length": 3}}, "the setting inner.length, which this release does not have"),
        ({"inner": {"size": "large"}}, "inner.size: Input should be a valid integer"),
    ],
)
def test_settings_of_another_release_are_named(kept: dict, said: str) -> None:
    with (
        pytest.raises(FormatError, match=said) as error,
        reading(Path("model"), "a model", "train again"),
    ):
        Settings.model_validate(kept)
    assert error.value.hint == "train again"
    assert "pydantic" not in str(error.value)


def test_anything_else_is_told_by_its_first_line() -> None:
    with pytest.raises(FormatError, match="KeyError: 'x'"), reading(Path("model"), "a model", "train again"):
        raise KeyError("x")
