"""Expressions as nested tuples of texts and numbers, and back: models are kept in a third of the time so.

Each tuple begins with the kind of node and its place: line and column, and the file where that is not the equation's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sd_covid.model.expression import (
    Binary,
    Call,
    Expression,
    NotAvailable,
    Number,
    Place,
    Reference,
    Subscript,
    Table,
    Text,
    Unary,
    chain,
)

Packed = tuple[Any, ...]


def pack(node: Expression, file: Path | None) -> Packed:
    """An expression of an equation in that file, as tuples."""
    at = node.place
    place = (at.line, at.column) if at.file is file else (at.line, at.column, at.file)
    match node:
        case Reference():
            return "reference", place, node.name, _pack_subscripts(node.subscripts)
        case Number():
            return "number", place, node.value
        case Binary():  # a row of them as one, for it may be thousands long
            first, links = chain(node)
            row = [
                (link.operator, link.place.line, link.place.column, link.place.file, pack(link.right, file))
                for link in links
            ]
            return "row", place, pack(first, file), row
        case Call():
            arguments = [pack(item, file) for item in node.arguments]
            outputs = [pack(item, file) for item in node.outputs]
            return "call", place, node.function, arguments, _pack_subscripts(node.subscripts), outputs
        case Unary():
            return "unary", place, node.operator, pack(node.operand, file)
        case Table():
            return "table", place, node.points, node.limits
        case Text():
            return "text", place, node.value
        case NotAvailable():
            return "not available", place


def unpack(packed: Packed, file: Path | None) -> Expression:
    """The expression of which `pack` made these tuples."""
    match packed:
        case "reference", at, name, subscripts:
            return _unpack_reference(at, name, subscripts, file)
        case "number", at, value:
            return Number(value, _place(at, file))
        case "row", _, first, row:
            node = unpack(first, file)
            for operator, line, column, other, right in row:
                node = Binary(operator, node, unpack(right, file), Place(other, line, column))
            return node
        case "call", at, function, arguments, subscripts, outputs:
            given = tuple([unpack(item, file) for item in arguments])
            made = tuple([_unpack_reference(where, name, axes, file) for _, where, name, axes in outputs])
            return Call(function, given, _unpack_subscripts(subscripts), _place(at, file), made)
        case "unary", at, operator, operand:
            return Unary(operator, unpack(operand, file), _place(at, file))
        case "table", at, points, limits:
            return Table(points, limits, _place(at, file))
        case "text", at, value:
            return Text(value, _place(at, file))
        case "not available", at:
            return NotAvailable(_place(at, file))
        case _:
            raise ValueError("no packed expression")


def _unpack_reference(at: Packed, name: str, subscripts: Packed, file: Path | None) -> Reference:
    return Reference(name, _unpack_subscripts(subscripts), _place(at, file))


def _place(at: Packed, file: Path | None) -> Place:
    return Place(file, *at) if len(at) == 2 else Place(at[2], at[0], at[1])


def _pack_subscripts(subscripts: tuple[Subscript, ...]) -> Packed:
    return tuple([(item.name, item.reduced) for item in subscripts]) if subscripts else ()


def _unpack_subscripts(packed: Packed) -> tuple[Subscript, ...]:
    return tuple([Subscript(name, reduced) for name, reduced in packed]) if packed else ()
