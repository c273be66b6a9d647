"""The same graph as hand-style vector C++, compiled by g++: the speed that the engine is measured against.

One ``V`` holds a quantity for W members, through GCC's vector extension; the step is straight-line code, compiled with
``-O3 -march=native -ffast-math``. Like the engine it delivers ``[output][member][time]``: saved values gather
in tiles of W instants x W members, and each tile is transposed. Euler, stocks only (no fixed delays).
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sd_covid.engine.graph.graph import Graph
from sd_covid.engine.graph.operations import TABLE_OPERATIONS
from sd_covid.engine.graph.program import Program
from sd_covid.engine.graph.trim import trim
from sd_covid.engine.run.compile import target
from sd_covid.engine.run.kernel import Members, share_blocks
from sd_covid.engine.time.timegrid import TimeGrid

HEADER = """
#include <immintrin.h>
#include <cmath>
#define W {width}
typedef double V __attribute__((vector_size(8 * W)));
typedef long M __attribute__((vector_size(8 * W)));
typedef int I __attribute__((vector_size(4 * W)));
static inline V B(double x) {{ return x - V{{}}; }}
#define EACH(name) static inline V v_##name(V a) \\
  {{ V r; for (int i = 0; i < W; i++) r[i] = std::name(a[i]); return r; }}
EACH(exp) EACH(log) EACH(sqrt) EACH(fabs) EACH(sin) EACH(cos) EACH(trunc) EACH(tanh)
static inline V v_pow(V a, V b) {{ V r; for (int i = 0; i < W; i++) r[i] = std::pow(a[i], b[i]); return r; }}
static inline V gather(const double *t, I k) {{ {gather} }}
static inline I whole(V x) {{ {whole} }}
static inline V load(const double *p) {{ V r; __builtin_memcpy(&r, p, sizeof r); return r; }}
static inline void put(double *p, V v) {{ __builtin_memcpy(p, &v, sizeof v); }}
"""
_GATHER = {
    8: "return (V)_mm512_i32gather_pd((__m256i)k, t, 8);",
    4: "return (V)_mm256_i32gather_pd(t, (__m128i)k, 8);",
    2: "V r; for (int i = 0; i < W; i++) r[i] = t[k[i]]; return r;",
}
_WHOLE = {
    8: "return (I)_mm512_cvttpd_epi32(x);",
    4: "return (I)_mm256_cvttpd_epi32(x);",
    2: "return __builtin_convertvector(x, I);",
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


def frame(parameters: int, outputs: int, begin: str, step: str, save: str, advance: str) -> str:
    """The function ``run``: all blocks of a range, from start to end.

    Parameters
    ----------
    parameters, outputs : int
        Sizes of ``PAR``, the block's constants, and of ``TILE``, the saved values not yet written.
    begin, step, save, advance : str
        What is done for each block, at each instant, at a saved instant (into ``TILE[output][tile]``), and then to
        reach the next instant.
    """
    return f"""
extern "C" void run(const double *U, const long *R, const double *P, double *OUT,
    long stride, long first, long last, long steps, long every, long saves, double start, double dt) {{
  static thread_local V PAR[{parameters}], TILE[{outputs}][W];
  auto flush = [](long block, long saved, long saves, long lanes, double *OUT) {{
    for (int k = 0; k < {outputs}; k++) {{
      double *o = OUT + (k * lanes + block * W) * saves + saved;
      V r[W];
      for (int l = 0; l < W; l++) for (int i = 0; i < W; i++) r[l][i] = TILE[k][i][l];
      for (int l = 0; l < W; l++) put(o + l * saves, r[l]);
    }}
  }};
  for (long b = first; b < last; b++) {{
    for (int k = 0; k < {parameters}; k++) PAR[k] = R[k] < 0 ? B(U[k]) : load(P + R[k] * stride + b * W);
    {begin}
    long left = 0, tile = 0, saved = 0;
    for (long n = 0; n <= steps; n++) {{
      const double time = start + n * dt;
      {step}
      if (left == 0) {{
        left = every;
        {save}
        if (++tile == W) {{ flush(b, saved, saves, stride, OUT); saved += W; tile = 0; }}
      }}
      left--;
      {advance}
    }}
    if (tile > 0) flush(b, saved, saves, stride, OUT);
  }}
}}
"""


class CCode:
    """A model in C++, compiled by g++.

    Parameters
    ----------
    source : str
        What `frame` gives, and what it needs.
    outputs : int
    """

    def __init__(self, source: str, outputs: int) -> None:
        self.outputs, self.width = outputs, target().width
        folder = Path(tempfile.mkdtemp(prefix="sd-covid-c"))
        text, library = folder / "kernel.cpp", folder / "kernel.so"
        text.write_text(
            HEADER.format(width=self.width, gather=_GATHER[self.width], whole=_WHOLE[self.width]) + source,
            encoding="utf-8",
        )
        flags = ["-O3", "-march=native", "-ffast-math", "-w", "-shared", "-fPIC"]
        subprocess.run(["g++", *flags, str(text), "-o", str(library)], check=True)
        self._run = ctypes.CDLL(str(library)).run
        self._run.restype = None
        self._run.argtypes = [ctypes.c_void_p] * 4 + [ctypes.c_long] * 6 + [ctypes.c_double] * 2
        shutil.rmtree(folder)

    def run(self, members: Members, grid: TimeGrid, threads: int) -> NDArray[np.float64]:
        """Run all members into fresh memory, shape (output, member, time)."""
        saves = grid.steps // grid.every + 1
        padded = -(-saves // self.width) * self.width
        out = np.empty((self.outputs, members.lanes, padded))

        def work(_: int, first: int, last: int) -> None:
            arrays = (members.uniform, members.row, members.rows, out)
            counts = (members.lanes, first, last, grid.steps, grid.every, padded)
            self._run(*(a.ctypes.data for a in arrays), *counts, grid.start, grid.step)

        share_blocks(members.blocks, threads, work)
        return out[:, : members.count, :saves]


class CKernel(CCode):
    """A program as straight-line C++.

    Parameters
    ----------
    program : Program
    outputs : list of int
        Nodes of its step graph.
    """

    def __init__(self, program: Program, outputs: list[int]) -> None:
        self.program, self.nodes = trim(program, outputs)
        super().__init__(self._source(), len(outputs))

    def _source(self) -> str:
        p = self.program
        tables = [t.segments() for t in p.step.tables]
        text = []
        for k, (_, intercept, slope) in enumerate(tables):
            for name, values in (("A", intercept), ("S", slope)):
                numbers = ", ".join(float(v).hex() for v in values)
                text.append(f"static const double {name}{k}[] = {{{numbers}}};")
        initial = [*p.constants, *(s.initial for s in p.states)]
        begin = [f"V MC[{max(1, len(p.constants))}], ST[{max(1, len(p.states))}]; {{"]
        begin += self._block(p.init, initial, {"parameter": "PAR[{}]"})
        begin += [f"MC[{k}] = n{node};" for k, node in enumerate(p.constants)]
        begin += [f"ST[{k}] = n{s.initial};" for k, s in enumerate(p.states)]
        leaves = {"state": "ST[{}]", "constant": "MC[{}]", "time": "B(time)"}
        step = self._block(p.step, [*(s.next for s in p.states), *self.nodes], leaves)
        save = [f"TILE[{k}][tile] = n{node};" for k, node in enumerate(self.nodes)]
        advance = [f"V f{k} = ST[{k}] + B(dt) * n{s.next};" for k, s in enumerate(p.states)]
        advance += [f"ST[{k}] = f{k};" for k in range(len(p.states))]
        parts = ("\n".join(lines) for lines in ([*begin, "}"], step, save, advance))
        return "\n".join(text) + frame(len(p.parameters), len(self.nodes), *parts)

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
            "fma": "V n{0} = {1} * {2} + {3};",
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
            most = f"{many - 1} - I{{}}"
            index = f"I k{node} = whole({share}); k{node} = k{node} > {most} ? {most} : k{node};"
        else:
            count = " ".join(f"- (h{node} >= B({float(q).hex()}))" for q in border)
            index = f"I k{node} = __builtin_convertvector(M{{}} {count}, I);"
        return f"{held} {index} V n{node} = gather(A{table}, k{node}) + gather(S{table}, k{node}) * h{node};"
