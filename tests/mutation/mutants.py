"""The small changes that are made to a file, one at a time: those which tests of this engine must notice.

Arithmetic, comparisons, truth, numbers, statements left out, arguments swapped, and operations of the graph replaced by
their likes. Left alone is what has no meaning of its own: annotations, decorators, docstrings, the texts of errors.
"""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType

_LIKE = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Pow: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.LShift: ast.RShift,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.And: ast.Or,
    ast.Or: ast.And,
}
# Words by which the graph and LLVM know an operation, and the one it is taken for.
_PAIRS = (
    "add sub, mul div, min max, lt le, gt ge, eq ne, and or, sin cos, sinh cosh, asin acos, tan atan, exp ln, "
    "sqrt abs, fadd fsub, fmul fdiv, olt ole, ogt oge, oeq une, lshr shl, log exp, lookup lookup_slope, pow mul, "
    "neg abs, fneg fabs"
)
_WORDS: dict[str, str] = {}
for _one, _other in (pair.split() for pair in _PAIRS.split(", ")):
    _WORDS.setdefault(_one, _other.replace("_", " "))
    _WORDS.setdefault(_other.replace("_", " "), _one)
# Their arguments may be swapped with no difference.
_SYMMETRIC = frozenset(
    {"add", "mul", "eq", "ne", "and", "or", "fma", "fadd", "fmul", "oeq", "une", "max", "min"}
)


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of a file.

    Attributes
    ----------
    key : str
        Names it without its line, so that it stays the same when the file changes elsewhere.
    operator : str
        What kind of change.
    lines, statement : range
        Lines of what was changed, and from the start of the statement around it.
    """

    key: str
    operator: str
    lines: range
    statement: range
    _tree: ast.Module
    _place: tuple[ast.AST, str, int | None]
    _new: ast.AST

    def code(self, path: str) -> CodeType:
        """The changed file, compiled; the tree is left as it was."""
        old = _put(self._place, self._new)
        try:
            return compile(ast.fix_missing_locations(self._tree), path, "exec", dont_inherit=True)
        finally:
            _put(self._place, old)


def mutants(source: str, name: str) -> list[Mutant]:
    """Every change of a file, in the order of its text.

    Parameters
    ----------
    source : str
    name : str
        Of the file, for the keys.
    """
    tree, found, seen = ast.parse(source), [], Counter[str]()
    for place, node, around, function, statement in _walk(tree, (tree, "body", None), "", tree):
        for operator, new in _changes(node):
            before = _told(around)
            _put(place, ast.copy_location(new, node))
            after = _told(around)
            _put(place, node)
            if around is node:
                after = _told(new)
            if isinstance(node, (ast.If, ast.While)):  # told by its test
                before, after = _told(node.test), f"not ({_told(node.test)})"
            key = f"{name} {function}: {before} -> {after}"
            seen[key] += 1
            key += f" #{seen[key]}" if seen[key] > 1 else ""
            last = node.test if isinstance(node, (ast.If, ast.While)) else node
            end = last.end_lineno or node.lineno
            found.append(
                Mutant(
                    key,
                    operator,
                    range(node.lineno, end + 1),
                    range(statement.lineno, end + 1),
                    tree,
                    place,
                    new,
                )
            )
    return found


def _put(place: tuple[ast.AST, str, int | None], node: ast.AST) -> ast.AST:
    """Put a node in a place of the tree; what stood there."""
    parent, field, index = place
    if index is None:
        old = getattr(parent, field)
        setattr(parent, field, node)
        return old
    old, getattr(parent, field)[index] = getattr(parent, field)[index], node
    return old


def _told(node: ast.AST) -> str:
    return " ".join(ast.unparse(node).split())


def _walk(
    node: ast.AST, place: tuple[ast.AST, str, int | None], function: str, statement: ast.AST
) -> Iterator[tuple[tuple[ast.AST, str, int | None], ast.expr | ast.stmt, ast.AST, str, ast.AST]]:
    """Every node that may be changed: its place, itself, what tells of it, the function it is in, its statement."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        function = f"{function}.{node.name}".lstrip(".")
    if isinstance(node, ast.stmt):
        statement = node
        if _is_text(node):
            return
    if isinstance(node, (ast.expr, ast.stmt)):
        parent = place[0]
        by_itself = isinstance(node, ast.stmt) or not isinstance(
            parent, (ast.Call, ast.BinOp, ast.Compare, ast.UnaryOp, ast.BoolOp, ast.Subscript)
        )
        yield place, node, node if by_itself else parent, function or "-", statement
    for field, value in ast.iter_fields(node):
        if field in ("decorator_list", "annotation", "returns", "bases") or (
            isinstance(node, (ast.Raise, ast.JoinedStr)) and field in ("exc", "cause", "values")
        ):
            continue
        for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(child, ast.AST):
                yield from _walk(child, (node, field, index), function, statement)


def _is_text(node: ast.stmt) -> bool:
    """A docstring, an import, or what only a checker of types reads."""
    return (
        (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        or isinstance(node, (ast.Import, ast.ImportFrom))
        or (isinstance(node, ast.If) and _told(node.test) == "TYPE_CHECKING")
    )


def _changes(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """What may stand in a node's place."""
    match node:
        case ast.BinOp(right=ast.Constant(value=None)):  # a type
            return
        case ast.BinOp(op=op):
            yield "arithmetic", ast.BinOp(node.left, _LIKE[type(op)](), node.right)
        case ast.BoolOp(op=op):
            yield "truth", ast.BoolOp(_LIKE[type(op)](), node.values)
        case ast.Compare(ops=[op, *rest]):
            yield "comparison", ast.Compare(node.left, [_LIKE[type(op)](), *rest], node.comparators)
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            yield "sign", copy.copy(node.operand)  # it will stand elsewhere
        case ast.IfExp(test=test):
            yield "condition", ast.IfExp(ast.UnaryOp(ast.Not(), test), node.body, node.orelse)
        case ast.If(test=test) | ast.While(test=test):
            opposite = ast.copy_location(ast.UnaryOp(ast.Not(), test), test)
            rest = {"body": node.body, "orelse": node.orelse}
            yield "condition", type(node)(test=opposite, **rest)
        case ast.Constant(value=bool(value)):
            yield "constant", ast.Constant(not value)
        case ast.Constant(value=int(value)):
            yield "constant", ast.Constant(value + 1)
        case ast.Constant(value=float(value)):
            yield "constant", ast.Constant(value + 1 if value == round(value) else value * 1.01)
        case ast.Constant(value=str(value)):
            head, _, last = value.rpartition(" ")
            if value in _WORDS or last in _WORDS:
                other = _WORDS[value] if value in _WORDS else f"{head} {_WORDS[last]}"
                yield "operation", ast.Constant(other)
        case ast.Call(args=arguments) if len(arguments) > 1 and not any(
            isinstance(a, ast.Starred) for a in arguments
        ):
            texts = [a.value for a in arguments if isinstance(a, ast.Constant) and isinstance(a.value, str)]
            named = isinstance(arguments[0], ast.Constant) and arguments[0].value in texts
            operation = texts[0] if texts else _told(node.func)
            same = _told(arguments[-1]) == _told(arguments[-2])
            if operation not in _SYMMETRIC and not (len(arguments) == 2 and named) and not same:
                swapped = [*arguments[:-2], arguments[-1], arguments[-2]]
                yield "swap", ast.Call(node.func, swapped, node.keywords)
        case ast.Expr() | ast.AugAssign() | ast.Raise() | ast.Continue() | ast.Delete():
            yield "statement", ast.Pass()
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield "statement", ast.Pass()
