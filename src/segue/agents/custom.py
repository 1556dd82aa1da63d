"""A policy that somebody else wrote, from their file: `my_policy.py:choose`."""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

from segue.errors import NotFoundError, UsageError


def load_policy(text: str) -> tuple[str, Callable[..., Any]]:
    """The name and the function that `FILE.py:FUNCTION` points at. The file is run: take care whose it is.

    Raises:
        UsageError: not of that form, or the function cannot take (params, observation, key).
        NotFoundError: no such file or function.
    """
    file, colon, name = text.rpartition(":")
    if not colon or not file.endswith(".py") or not name.isidentifier():
        raise UsageError("That names no policy", expected="FILE.py:FUNCTION", got=text)
    path = Path(file)
    if not path.is_file():
        raise NotFoundError(f"There is no file {file}", hint="name the file of the policy")
    spec = importlib.util.spec_from_file_location(f"segue_policy_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    choose = getattr(module, name, None)
    if not callable(choose):
        there = [key for key, value in vars(module).items() if inspect.isfunction(value)]
        raise NotFoundError(f"{file} has no function {name}", expected=", ".join(there) or "a function")
    try:
        inspect.signature(choose).bind(None, None, None)
    except TypeError:
        raise UsageError(
            f"{text} cannot be called as a policy",
            expected="a function of (params, observation, key) that returns a place in the pool",
        ) from None
    return name, choose
