"""Options that belong together as one object: a verb names the object, the command line has each option."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, get_type_hints


def ungrouped(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with a parameter for each field of its parameters that are dataclasses."""
    hints = get_type_hints(function, include_extras=True)
    objects = {name: kind for name, kind in hints.items() if isinstance(kind, type) and is_dataclass(kind)}
    if not objects:
        return function
    parameters = []
    for name, parameter in inspect.signature(function).parameters.items():
        if name not in objects:
            parameters.append(parameter.replace(annotation=hints[name], kind=parameter.KEYWORD_ONLY))
            continue
        inner = get_type_hints(objects[name], include_extras=True)
        parameters += [
            inspect.Parameter(
                each.name,
                parameter.KEYWORD_ONLY,
                default=parameter.empty if each.default is MISSING else each.default,
                annotation=inner[each.name],
            )
            for each in fields(objects[name])
        ]

    @functools.wraps(function)
    def run(**given: Any) -> Any:
        for name, kind in objects.items():
            given[name] = kind(**{each.name: given.pop(each.name) for each in fields(kind)})
        return function(**given)

    del run.__wrapped__  # whose parameters would be taken for these
    run.__signature__ = inspect.Signature(parameters)  # ty: ignore[missing-attribute]
    run.__annotations__ = {each.name: each.annotation for each in parameters} | {"return": None}
    return run
