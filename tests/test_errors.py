"""Messages of errors: one line, of bounded length, whatever came."""

from __future__ import annotations

import pickle

from segue.errors import LONGEST, FormatError, SegueError, UsageError


def test_a_message_is_one_line_whatever_came() -> None:
    error = FormatError("a\nb", got="2026\n\n\x1b[31m", expected="é, राम, 音", hint="x")
    assert str(error) == "a\\nb. Expected: é, राम, 音. Got: 2026\\n\\n\\x1b[31m. Try: x."
    assert str(FormatError("Whose?", hint="x")) == "Whose? Try: x."
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
    assert len(str(FormatError("what", got="\n" * 10**6))) < 2 * LONGEST


def test_what_others_wrote_brings_no_second_stop() -> None:
    error = UsageError("It refused", got="Wrong username or password.", hint="ask whom? ", expected="one!")
    assert str(error) == "It refused. Expected: one! Got: Wrong username or password. Try: ask whom?"
    assert str(SegueError("Give an address", hint="--address ...")).endswith("Try: --address ...")
