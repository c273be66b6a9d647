"""Changes that no test can notice, because what is computed stays the same, each with the reason."""

from __future__ import annotations

_MARK = "any number but 0 marks a node"
_EDGE = "an exponential is infinite, or nothing, far nearer to 0 than this"
_NOT_TAKEN = "the quotient by it is not taken"
_KNOWN = "LLVM 20 knows its own functions undeclared"
_LENGTHS = "both are made as long as each other"

EQUIVALENT: dict[str, str] = {
    "lower/context.py Context.row: self.add(operation, self.as_truth(node), self.truth(link.right)) -> "
    "self.add(operation, self.truth(link.right), self.as_truth(node))": "AND and OR are the same from either side",
    "lower/model.py Lowering.add: False -> True": "operations on literals come to the same literal in the init graph",
    "graph/graph.py LookupTable.segments: True -> False": _LENGTHS,
    "graph/graph.py LookupTable.segments: -1 -> -2 #3": "behind a jump at the end the last two points have the same x",
    "graph/graph.py Graph.add: self._index[node] = found -> pass": "it comes to the same node again, only later",
    "graph/graph.py Graph.order: 1 -> 2": _MARK,
    "graph/graph.py Graph.order: 1 -> 2 #2": _MARK,
    "graph/graph.py Graph.order: -1 -> -2": "the last node is looked at once more",
    "graph/graph.py Graph.closure: 1 -> 2": _MARK,
    "graph/graph.py Graph._simplify: a[1] -> a[2] #5": "it is reached where they are equal",
    "graph/derivative.py shares_of: True -> False": "every rule has a share for each argument",
    "functions/elementary.py divide_or: here.number(1.0) -> here.number(2.0)": _NOT_TAKEN,
    "functions/elementary.py _quantum_of: here.number(1.0) -> here.number(2.0)": _NOT_TAKEN,
    "llvm/elementary.py write_pow: module.declare(f'declare {vector} {size}({vector})') -> pass": _KNOWN,
    "llvm/elementary.py write_pow: module.declare(f'declare i1 {name}({module.truth})') -> pass": _KNOWN,
    "llvm/elementary.py write_pow: module.declare(f'declare {vector} @llvm.pow.{module.suffix}({vector}, {vector})') "
    "-> pass": _KNOWN,
    "llvm/elementary.py -: 800.0 -> 801.0": _EDGE,
    "llvm/elementary.py -: 2.2250738585072014e-308 -> 2.2473245970922734e-308": "a few normal numbers are scaled too",
    "llvm/elementary.py Writer.exponential: self.when('olt', high, x) -> self.when('ole', high, x)": _EDGE,
    "llvm/elementary.py Writer.exponential: self.when('ogt', low, held) -> self.when('oge', low, held)": _EDGE,
    "llvm/elementary.py Writer.exponential: self.when('olt', high, x) -> self.when('ole', high, x) #2": _EDGE,
    "llvm/elementary.py Writer.exponential: self.when('ogt', low, x) -> self.when('oge', low, x)": _EDGE,
    "llvm/elementary.py Writer.exponential: range(14) -> range(15)": "the fifteenth term is below 5e-18",
    "llvm/elementary.py Writer.exponential: self.number(0.5) -> self.number(0.505)": (
        "2^n is made of two powers that are both normal numbers, wherever it is divided"
    ),
    "llvm/elementary.py Writer.reduced: self.when('olt', x, self.number(_SUBNORMAL)) -> "
    "self.when('ole', x, self.number(_SUBNORMAL))": "the least normal number is scaled too",
    "llvm/elementary.py Writer.reduced: math.sqrt(0.5) -> math.sqrt(0.505)": (
        "the exponent changes a little elsewhere, and the series has places to spare"
    ),
    "llvm/elementary.py Writer.logarithm: self.op('fadd', self.remainder(self.op('fneg', s), below, f), "
    "self._tail(s, lost)) -> self.op('fadd', self.remainder(self.op('fneg', s), below, f), self._tail(lost, s))": (
        "a product"
    ),
}
