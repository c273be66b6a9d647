"""LLVM text for one operation on registers, in the form that the table of operations names."""

from __future__ import annotations

import functools
from collections.abc import Callable

from sd_covid.engine.graph.operations import OPERATIONS
from sd_covid.engine.llvm import elementary, elementary_short
from sd_covid.engine.llvm.text import Body


def write_operation(body: Body, operation: str, arguments: list[str]) -> str:
    """An operation on registers."""
    form, name = _form(operation)
    return form(body, name, arguments)


@functools.cache
def _form(operation: str) -> tuple[Callable[[Body, str, list[str]], str], str]:
    """What writes an operation, and LLVM's name in it."""
    form, name = OPERATIONS[operation].llvm.split()
    return _FORMS[form], name


def _instruction(body: Body, name: str, arguments: list[str]) -> str:
    return body.arithmetic(name, *arguments)


def _comparison(body: Body, name: str, arguments: list[str]) -> str:
    return body.do(f"fcmp {name} {body.module.vector} {', '.join(arguments)}")


def _logic(body: Body, name: str, arguments: list[str]) -> str:
    return body.do(f"{name} {body.module.truth} {', '.join(arguments)}")


def _intrinsic(body: Body, name: str, arguments: list[str]) -> str:
    module = body.module
    actual = ", ".join(f"{module.vector} {a}" for a in arguments)
    if name in ("exp", "log", "pow"):
        writers = elementary_short.WRITERS if module.short else elementary.WRITERS
        module.once(name, writers[name])
        return body.do(f"call {module.vector} @e_{name}({actual})")
    kinds = ", ".join([module.vector] * len(arguments))
    module.declare(f"declare {module.vector} @llvm.{name}.{module.suffix}({kinds})")
    return body.do(f"call {module.vector} @llvm.{name}.{module.suffix}({actual})")


def _recipe(body: Body, name: str, a: list[str]) -> str:
    module = body.module
    vector, truth = module.vector, module.truth
    if name == "not":
        return body.do(f"xor {truth} {a[0]}, {module.many('i1', 'true')}")
    if name == "fma":
        return body.multiply_add(*a)
    if name == "select":
        return body.do(f"select {truth} {a[0]}, {vector} {a[1]}, {vector} {a[2]}")
    # the smaller or larger; NaN when either is: the comparison fails and gives b, unless it is a that is NaN
    first = body.do(f"fcmp {name} {vector} {a[0]}, {a[1]}")
    chosen = body.do(f"select {truth} {first}, {vector} {a[0]}, {vector} {a[1]}")
    unordered = body.do(f"fcmp uno {vector} {a[0]}, {a[0]}")
    return body.do(f"select {truth} {unordered}, {vector} {a[0]}, {vector} {chosen}")


_FORMS: dict[str, Callable[[Body, str, list[str]], str]] = {
    "instruction": _instruction,
    "compare": _comparison,
    "logic": _logic,
    "intrinsic": _intrinsic,
    "recipe": _recipe,
}
