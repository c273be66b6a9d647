"""What is given to a figure function, checked against its signature before anything is made of it.

A figure takes what an analysis returned, and that is easily mixed up with a file, a name or another result. What is
expected stands in the annotations, as names: what they name is not imported for it, since who has such a result has
imported it.
"""

from __future__ import annotations

import ast
import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from numbers import Integral, Real
from typing import ParamSpec, TypeVar

Given = ParamSpec("Given")
Made = TypeVar("Made")

_PLAIN: dict[str, type] = {"str": str, "int": Integral, "float": Real, "bool": bool}
_SHOWN = 40  # signs of a value in a message


def checked(make: Callable[Given, Made]) -> Callable[Given, Made]:
    """A figure function that says which argument is of another type than its annotation, and of which.

    Raises
    ------
    TypeError
        With the function, the argument, what was expected and what came.

    Examples
    --------
    >>> from sd_covid.figures import regret
    >>> regret("robust.json", "debt")
    Traceback (most recent call last):
    TypeError: figures.regret: 'found' must be Robust, not str 'robust.json'; see help(sd_covid.figures.regret)
    """
    signature = inspect.signature(make)
    expected = {
        name: ast.parse(str(parameter.annotation), mode="eval").body
        for name, parameter in signature.parameters.items()
    }

    @functools.wraps(make)
    def figure(*args: Given.args, **kwargs: Given.kwargs) -> Made:
        try:
            given = signature.bind(*args, **kwargs).arguments
        except TypeError as error:
            raise TypeError(f"figures.{make.__name__}: {error}") from None
        for name, value in given.items():
            if not _fits(value, expected[name]):
                raise TypeError(
                    f"figures.{make.__name__}: '{name}' must be {_named(expected[name])}, not {_told(value)}; "
                    f"see help(sd_covid.figures.{make.__name__})"
                )
        return make(*args, **kwargs)

    return figure


def _fits(value: object, expected: ast.expr) -> bool:
    """Whether a value is of the type that an annotation spells."""
    match expected:
        case ast.Constant(value=None):
            return value is None
        case ast.BinOp(left=one, op=ast.BitOr(), right=other):
            return _fits(value, one) or _fits(value, other)
        case ast.Name(id="Size"):
            return _is_sequence(value) and all(_fits(item, ast.Name("float")) for item in value)  # type: ignore[attr-defined]
        case ast.Name(id=name) if name in _PLAIN:
            return isinstance(value, _PLAIN[name]) and (name == "bool" or not isinstance(value, bool))
        case ast.Name(id=name):  # of this project: pandas has a Series too
            return any(
                base.__name__ == name and base.__module__.startswith("sd_covid.")
                for base in type(value).__mro__
            )
        case ast.Attribute(attr=name) | ast.Subscript(value=ast.Attribute(attr=name)):
            return any(base.__name__ == name for base in type(value).__mro__)
        case ast.Subscript(value=ast.Name(id="Sequence"), slice=part):
            return _is_sequence(value) and all(_fits(item, part) for item in value)  # type: ignore[attr-defined]
        case ast.Subscript(value=ast.Name(id="Mapping"), slice=ast.Tuple(elts=[one, other])):
            return isinstance(value, Mapping) and all(
                _fits(key, one) and _fits(item, other) for key, item in value.items()
            )
    raise AssertionError(f"no check of '{ast.unparse(expected)}'")


def _is_sequence(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _named(expected: ast.expr) -> str:
    """An annotation in words."""
    return ast.unparse(expected).replace(" | ", " or ").replace("Size", "(width, height) in inches")


def _told(value: object) -> str:
    """The type of a value: of a plain one with the value itself, of several with the types of its parts."""
    kind = type(value).__name__
    if value is None or isinstance(value, (str, int, float)):
        shown = repr(value)
        return kind if value is None else f"{kind} {shown if len(shown) <= _SHOWN else shown[:_SHOWN] + '…'}"
    if isinstance(value, Mapping | Sequence):
        parts = dict.fromkeys(
            type(item).__name__ for item in (value.values() if isinstance(value, Mapping) else value)
        )
        return f"{kind} of {' and '.join(parts)}" if parts else f"empty {kind}"
    return kind
