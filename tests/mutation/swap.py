"""A change of a function that is loaded already: every live function of the old code takes the new code.

What the import executes, such as a table, is beyond it: that needs another import.
"""

from __future__ import annotations

import gc
import inspect
from collections.abc import Container
from types import CodeType, FunctionType

Pair = tuple[CodeType, CodeType]


def functions_of(files: Container[str]) -> dict[CodeType, list[FunctionType]]:
    """The live functions that some files define, by their code."""
    found: dict[CodeType, list[FunctionType]] = {}
    gc.unfreeze()  # what was put out of the collector's sight is alive too
    for thing in gc.get_objects():
        if isinstance(thing, FunctionType) and thing.__code__.co_filename in files:
            found.setdefault(thing.__code__, []).append(thing)
    return found


def pairs(old: CodeType, new: CodeType) -> list[list[Pair]] | None:
    """The functions that differ, each with those within it; None where what the import executes differs.

    Parameters
    ----------
    old, new : CodeType
        Of a module, or of a class.
    """
    if _but_functions(old) != _but_functions(new):
        return None
    result: list[list[Pair]] = []
    for one, other in zip(_within(old), _within(new), strict=True):
        if one == other:
            continue
        if one.co_flags & inspect.CO_OPTIMIZED:
            together = _all(one, other)
            if together is None:
                return None
            result.append(together)
        else:  # a class
            inner = pairs(one, other)
            if inner is None:
                return None
            result += inner
    return result


def _all(old: CodeType, new: CodeType) -> list[Pair] | None:
    """A function that differs and those within it that do; None where they cannot be told which is which."""
    inside, changed = _within(old), _within(new)
    if old.co_freevars != new.co_freevars or [c.co_name for c in inside] != [c.co_name for c in changed]:
        return None
    result = [(old, new)]
    for one, other in zip(inside, changed, strict=True):
        if one != other:
            more = _all(one, other)
            if more is None:
                return None
            result += more
    return result


def _within(code: CodeType) -> list[CodeType]:
    return [constant for constant in code.co_consts if isinstance(constant, CodeType)]


def _but_functions(code: CodeType) -> tuple[object, ...]:
    """What a module or a class does by itself; 1 is not 1.0, nor 0.0 the same as -0.0."""
    constants = [c.co_name if isinstance(c, CodeType) else repr(c) for c in code.co_consts]
    return code.co_code, code.co_names, constants
