"""The same graph as hand-style vector C++, compiled by g++: the speed that the engine is measured against.

One ``V`` holds a quantity for W members, through GCC's vector extension; the step is straight-line code, compiled with
``-O3 -march=native -ffast-math``. Like the engine it delivers ``[output][member][time]``: saved values gather
in tiles of W instants x W members, and each tile is transposed. Euler, stocks only (no fixed delays).
"""

from __future__ import annotations

import ctypes
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sd_covid.engine.compile import target
from sd_covid.engine.graph import Graph
from sd_covid.engine.kernel import Members, share_blocks
from sd_covid.engine.operations import TABLE_OPERATIONS
from sd_covid.engine.program import Program
from sd_covid.engine.timegrid import TimeGrid
from sd_covid.engine.trim import trim

HEADER = """
#include <immintrin.h>
#include <cmath>
#define W {width}
typedef double V __attribute__((vector_size(8 * W)));
typedef long M __attribute__((vector_size(8 * W)));
static inline V B(double x) {{ return x - V{{}}; }}
#define EACH(name) static inline V v_##name(V a) \\
  {{ V r; for (int i = 0; i < W; i++) r[i] = std::name(a[i]); return r; }}
EACH(exp) EACH(log) EACH(sqrt) EACH(fabs) EACH(sin) EACH(cos) EACH(trunc) EACH(tanh)
static inline V v_pow(V a, V b) {{ V r; for (int i = 0; i < W; i++) r[i] = std::pow(a[i], b[i]); return r; }}
static inline V gather(const double *t, M k) {{ {gather} }}
static inline V load(const double *p) {{ V r; __builtin_memcpy(&r, p, sizeof r); return r; }}
static inline void put(double *p, V v) {{ __builtin_memcpy(p, &v, sizeof v); }}
"""
_GATHER = {
    8: "return (V)_mm512_i64gather_pd((__m512i)k, t, 8);",
    4: "return (V)_mm256_i64gather_pd(t, (__m256i)k, 8);",
    2: "V r; for (int i = 0; i < W; i++) r[i] = t[k[i]]; return r;",
}
_INFIX = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "div": "/",
    "lt": "<",
    "le": "<=",
    "gt": ">",
    "ge": ">=",
    "eq": "==",
    "ne": "!=",
}
_CALL = {
    "exp": "exp",
    "ln": "log",
    "sqrt": "sqrt",
    "abs": "fabs",
    "sin": "sin",
    "cos": "cos",
    "trunc": "trunc",
    "tanh": "tanh",
}


class CKernel:
    """A program compiled by g++.

    Parameters
    ----------
    program : Program
    outputs : list of int
        Nodes of its step graph.
    """

    def __init__(self, program: Program, outputs: list[int]) -> None:
        self.program, self.outputs = trim(program, outputs)
        self.width = target().width
        folder = Path(tempfile.mkdtemp(prefix="sd-covid-c"))
        source, library = folder / "kernel.cpp", folder / "kernel.so"
        source.write_text(self._source())
        flags = ["-O3", "-march=native", "-ffast-math", "-w", "-shared", "-fPIC"]
        subprocess.run(["g++", *flags, str(source), "-o", str(library)], check=True)
        self._run = ctypes.CDLL(str(library)).run
        self._run.restype = None
        self._run.argtypes = [ctypes.c_void_p] * 5 + [ctypes.c_long] * 7 + [ctypes.c_double] * 2

    def run(self, members: Members, grid: TimeGrid, threads: int) -> NDArray[np.float64]:
        """Run all members into fresh memory, shape (output, member, time)."""
        saves = grid.steps // grid.every + 1
        padded = -(-saves // self.width) * self.width
        out = np.empty((len(self.outputs), members.lanes, padded))

        def work(_: int, first: int, last: int) -> None:
            arrays = (members.uniform, members.row, members.rows, out, np.zeros(64))
            counts = (members.lanes, first, last, grid.steps, grid.every, padded, members.lanes)
            self._run(*(a.ctypes.data for a in arrays), *counts, grid.start, grid.step)

        share_blocks(members.blocks, threads, work)
        return out[:, : members.count, :saves]

    def _source(self) -> str:
        p, width = self.program, self.width
        tables = [t.segments() for t in p.step.tables]
        text = [HEADER.format(width=width, gather=_GATHER[width])]
        for k, (_, intercept, slope) in enumerate(tables):
            for name, values in (("A", intercept), ("S", slope)):
                text.append(
                    f"static const double {name}{k}[] = {{{', '.join(float(v).hex() for v in values)}}};"
                )
        text.append(
            'extern "C" void run(const double *U, const long *R, const double *P, double *OUT, double *unused,'
            " long stride, long first, long last, long steps, long every, long saves, long lanes,"
            " double start, double dt) {"
        )
        text.append(f"static thread_local V PAR[{len(p.parameters)}], TILE[{len(self.outputs)}][W];")
        text.append(f"V MC[{max(1, len(p.constants))}], ST[{max(1, len(p.states))}];")
        text.append("for (long b = first; b < last; b++) {")
        text.append(
            f"for (int k = 0; k < {len(p.parameters)}; k++) "
            "PAR[k] = R[k] < 0 ? B(U[k]) : load(P + R[k] * stride + b * W);"
        )
        initial = [*p.constants, *(s.initial for s in p.states)]
        text.append("{")
        text += self._block(p.init, initial, {"parameter": "PAR[{}]"})
        text += [f"MC[{k}] = n{node};" for k, node in enumerate(p.constants)]
        text += [f"ST[{k}] = n{s.initial};" for k, s in enumerate(p.states)]
        text.append("} long left = 0, tile = 0, saved = 0;")
        text.append("for (long n = 0; n <= steps; n++) { V t = B(start + n * dt);")
        leaves = {"state": "ST[{}]", "constant": "MC[{}]", "time": "t"}
        text += self._block(p.step, [*(s.next for s in p.states), *self.outputs], leaves)
        text.append("if (left == 0) { left = every;")
        text += [f"TILE[{k}][tile] = n{node};" for k, node in enumerate(self.outputs)]
        text.append(self._flush("if (++tile == W)"))
        text.append("} left--;")
        text += [f"V f{k} = ST[{k}] + B(dt) * n{s.next};" for k, s in enumerate(p.states)]
        text += [f"ST[{k}] = f{k};" for k in range(len(p.states))]
        text.append("}" + self._flush("if (tile > 0)") + "}}")
        return "\n".join(text)

    def _flush(self, condition: str) -> str:
        """Transpose and write each output's tile; g++ turns the fixed loops into shuffles."""
        plane = f"for (int k = 0; k < {len(self.outputs)}; k++) {{ "
        start = "double *o = OUT + (k * lanes + b * W) * saves + saved; "
        turn = "V r[W]; for (int l = 0; l < W; l++) for (int i = 0; i < W; i++) r[l][i] = TILE[k][i][l]; "
        write = "for (int l = 0; l < W; l++) put(o + l * saves, r[l]); }"
        return f"{condition} {{ {plane}{start}{turn}{write} saved += W; tile = 0; }}"

    def _block(self, graph: Graph, sinks: list[int], leaves: dict[str, str]) -> list[str]:
        return [self._statement(graph, node, leaves) for node in graph.order(sinks)]

    def _statement(self, graph: Graph, node: int, leaves: dict[str, str]) -> str:
        kind, *rest = graph.nodes[node]
        names = [f"n{a}" for a in graph.arguments(node)]
        if kind == "number":
            return f"V n{node} = B({float(rest[0]).hex()});"
        if kind in leaves:
            return f"V n{node} = {leaves[kind].format(rest[0])};"
        if kind in TABLE_OPERATIONS:
            return self._lookup(graph, node, int(rest[0]), names[0])
        if kind in ("lt", "le", "gt", "ge", "eq", "ne"):
            return f"M n{node} = {names[0]} {_INFIX[kind]} {names[1]};"
        if kind in _INFIX:
            return f"V n{node} = {names[0]} {_INFIX[kind]} {names[1]};"
        if kind in ("and", "or"):
            return f"M n{node} = {names[0]} {'&' if kind == 'and' else '|'} {names[1]};"
        if kind in _CALL:
            return f"V n{node} = v_{_CALL[kind]}({names[0]});"
        special = {
            "neg": "V n{0} = -{1};",
            "not": "M n{0} = ~{1};",
            "pow": "V n{0} = v_pow({1}, {2});",
            "min": "V n{0} = {1} < {2} ? {1} : {2};",
            "max": "V n{0} = {1} > {2} ? {1} : {2};",
            "select": "V n{0} = {1} ? {2} : {3};",
        }
        return special[kind].format(node, *names)

    def _lookup(self, graph: Graph, node: int, table: int, x: str) -> str:
        points = graph.tables[table]
        border, _, slope = points.segments()
        low, high, many = float(points.x[0]).hex(), float(points.x[-1]).hex(), len(slope)
        held = f"V h{node} = {x} < B({low}) ? B({low}) : {x}; h{node} = h{node} > B({high}) ? B({high}) : h{node};"
        width = np.diff(np.array([points.x[0], *border, points.x[-1]]))
        if many > 2 and np.allclose(width, width[0], rtol=1e-12):
            share = f"(h{node} - B({low})) * B({(1 / width[0]).hex()})"
            most = f"{many - 1} - M{{}}"
            index = f"M k{node} = __builtin_convertvector({share}, M); k{node} = k{node} > {most} ? {most} : k{node};"
        else:
            count = " ".join(f"- (h{node} >= B({float(q).hex()}))" for q in border)
            index = f"M k{node} = M{{}} {count};"
        return f"{held} {index} V n{node} = gather(A{table}, k{node}) + gather(S{table}, k{node}) * h{node};"
