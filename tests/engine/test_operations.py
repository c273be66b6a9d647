"""Every row of the table of operations means the same to every back end, special values included."""

import ctypes
import itertools
from fractions import Fraction

import numpy as np
import pytest

from sd_covid.engine.graph.graph import Graph, LookupTable
from sd_covid.engine.graph.operations import OPERATIONS
from sd_covid.engine.interpret import evaluate
from sd_covid.engine.llvm.text import Body, Module
from sd_covid.engine.llvm.write_graph import Evaluation, Leaves
from sd_covid.engine.run.compile import Code, target
from sd_covid.engine.run.kernel import ATTRIBUTES

SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -2.5, 3.7, 1e-310, 1e300, -1e300, np.inf, -np.inf, np.nan]
WIDTHS = (1, 2, 4, 8)
# exp, log and pow are our own to 1 unit in the last place; numpy's and the C library's others differ by as much
ULP = 2.3e-16 * 4


def compiled(
    graph: Graph,
    node: int,
    arguments: int,
    width: int,
    columns: list[np.ndarray],
    fused: bool = target().fused,
) -> np.ndarray:
    """One node by machine code, for columns of arguments read as states."""
    module = Module(width, target().permute, fused)
    row = Body(module)
    values = Evaluation(row, graph, Leaves({"state": 0}))
    values.compute(put=[(node, arguments)])
    return by_rows(module, row, columns)


def by_rows(module: Module, row: Body, columns: list[np.ndarray]) -> np.ndarray:
    """What a body of code puts behind its arguments, which it finds in the vectors from 0 on."""
    arguments, width = len(columns), module.width
    row.act("ret void")
    module.functions.append(row.function("internal void @row(ptr %scratch)", "#0"))
    body = Body(module)
    with body.loop("%count") as index:
        first = body.slot(body.do(f"mul i64 {index}, {arguments + 1}"), "%data")
        body.act(f"call void @row(ptr {first})")
    body.act("ret void")
    module.functions.append(body.function("void @f(ptr %data, i64 %count)", "#0"))
    code = Code(module.text(ATTRIBUTES))
    count = len(columns[0])
    raw = np.zeros(count * (arguments + 1) + 8)
    data = raw[(-raw.ctypes.data // 8) % 8 :][: count * (arguments + 1)].reshape(
        count // width, arguments + 1, width
    )
    for k, column in enumerate(columns):
        data[:, k] = column.reshape(-1, width)
    ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)(code.address("f"))(
        data.ctypes.data, count // width
    )
    return data[:, arguments].ravel()


def columns_of(arguments: int) -> list[np.ndarray]:
    """Special values in every combination, and random ones, padded to whole vectors."""
    combinations = np.array(list(itertools.product(SPECIAL, repeat=min(arguments, 2))))
    random = np.random.default_rng(5).normal(size=(400, combinations.shape[1])) * 3
    table = np.vstack([combinations, random])
    table = np.vstack([table, table[: -len(table) % 8]]) if len(table) % 8 else table
    return [np.ascontiguousarray(table[:, k % table.shape[1]]) for k in range(arguments)]


def operands(operation: str) -> int:
    """How many an operation takes."""
    two = OPERATIONS[operation].llvm.startswith(("compare", "recipe"))
    return 3 if operation == "fma" else 2 if two or operation in ("add", "sub", "mul", "div", "pow") else 1


def same(found: np.ndarray, expected: np.ndarray) -> None:
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
    normal = np.abs(expected) > 1e-300
    np.testing.assert_allclose(found[normal], expected[normal], rtol=ULP)
    np.testing.assert_allclose(found[~normal], expected[~normal], atol=1e-307)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("operation", sorted(set(OPERATIONS) - {"and", "or", "not", "select", "fma"}))
def test_operation_means_the_same_as_numpy(operation, width):
    arguments = operands(operation)
    graph = Graph()
    node = graph.add(operation, *(graph.leaf("state", k) for k in range(arguments)))
    columns = columns_of(arguments)
    with np.errstate(all="ignore"):
        expected = evaluate(graph, graph.order([node]), lambda _, k: columns[k])[node]
    same(compiled(graph, node, arguments, width, columns), np.asarray(expected, dtype=float))


@pytest.mark.parametrize("width", WIDTHS)
def test_a_product_and_a_sum_are_rounded_once(width):
    """The truth is exact arithmetic, rounded once; without fused multiply-add, twice."""
    rng = np.random.default_rng(4)
    a, b = rng.normal(size=(2, 400))
    c = -a * b * (1 + rng.choice([0.0, 1e-15, 1e-8], 400))  # most of it cancels
    graph = Graph()
    node = graph.add("fma", *(graph.leaf("state", k) for k in range(3)))
    found = compiled(graph, node, 3, width, [a, b, c])
    once = [float(Fraction(x) * Fraction(y) + Fraction(z)) for x, y, z in zip(a, b, c, strict=True)]
    np.testing.assert_array_equal(found, once if target().fused else a * b + c)


def test_contracting_a_graph_adds_no_other_rounding():
    graph = Graph(contract=True)
    x, y, z = (graph.leaf("state", k) for k in range(3))
    product = graph.add("mul", x, y)
    cases = {
        graph.add("add", product, z): lambda a, b, c: a * b + c,
        graph.add("add", z, product): lambda a, b, c: c + a * b,
        graph.add("sub", product, z): lambda a, b, c: a * b - c,
        graph.add("sub", z, product): lambda a, b, c: c - a * b,
    }
    columns = list(np.random.default_rng(6).normal(size=(3, 50)))
    for node, expected in cases.items():
        assert graph.nodes[node][0] == "fma"
        found = evaluate(graph, graph.order([node]), lambda _, k: columns[k])[node]
        np.testing.assert_array_equal(found, expected(*columns))


@pytest.mark.parametrize("width", WIDTHS)
def test_logic_and_choice_mean_the_same_as_numpy(width):
    graph = Graph()
    a, b, zero = graph.leaf("state", 0), graph.leaf("state", 1), graph.number(0.0)
    first, second = graph.add("gt", a, zero), graph.add("lt", b, zero)
    either = graph.add("or", graph.add("and", first, second), graph.add("not", first))
    node = graph.add("select", either, a, b)
    columns = columns_of(2)
    with np.errstate(all="ignore"):
        expected = evaluate(graph, graph.order([node]), lambda _, k: columns[k])[node]
    same(compiled(graph, node, 2, width, columns), np.asarray(expected))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("operation", ["lookup", "lookup slope"])
@pytest.mark.parametrize(
    "x",
    [
        (0, 1, 2, 4),
        (0, 0.25, 0.5, 0.75, 1),
        tuple(np.arange(11) / 10),
        (-3,),
        (0, 1, 1, 2),
        (0, 0.1, 0.2, 0.2, 0.3, 0.4),
        tuple(np.cumsum(np.linspace(0.1, 1, 40))),
        tuple(np.linspace(-3, 4, 61)),
    ],
    ids=[
        "uneven",
        "even",
        "even to rounding",
        "one point",
        "jump",
        "jump between even points",
        "forty points",
        "sixty even points",
    ],
)
def test_lookup_means_the_same_as_its_reference(operation, x, width):
    table = LookupTable(tuple(float(v) for v in x), tuple(float(np.sin(3 * k)) for k in range(len(x))))
    graph = Graph()
    node = graph.lookup(operation, graph.table(table), graph.leaf("state", 0))
    inside = np.array(x, dtype=float)
    columns = [np.concatenate([columns_of(1)[0], inside, inside[:: max(1, len(x) // 8)]])]
    columns[0] = columns[0][: len(columns[0]) // 8 * 8]
    expected = table.value(columns[0]) if operation == "lookup" else table.slope(columns[0])
    found = compiled(graph, node, 1, width, columns)
    np.testing.assert_allclose(
        found, expected, rtol=1e-13, atol=1e-13
    )  # an intercept may cancel against slope * x


def test_lookup_interpolates_between_its_points_and_holds_its_ends():
    table = LookupTable((0.0, 1.0, 3.0), (5.0, 7.0, 3.0))
    found = table.value(np.array([-1.0, 0.0, 0.5, 2.0, 3.0, 9.0]))
    np.testing.assert_array_equal(found, [5.0, 5.0, 6.0, 5.0, 3.0, 3.0])


def test_every_smooth_operation_has_a_derivative_that_central_differences_confirm():
    """Error of a central difference at h = 1e-6: about 1e-10."""
    from sd_covid.engine.graph.derivative import pull_back

    rng = np.random.default_rng(2)
    for name, operation in OPERATIONS.items():
        if operation.partial is None or name == "select":
            continue
        arguments = operands(name)
        graph = Graph()
        node = graph.add(name, *(graph.leaf("state", k) for k in range(arguments)))
        pulled = pull_back(graph, {node: (("output bar", 0),)}, frozenset({"state"}))
        point = rng.uniform(0.2, 0.9, size=arguments)

        def at(where, pulled=pulled):
            values = evaluate(
                pulled.graph,
                list(range(len(pulled.graph.nodes))),
                lambda kind, k: np.array(1.0) if kind == "output bar" else where[k],
            )
            return [float(values[pulled.bars["state", k]]) for k in range(len(where))]

        for k, exact in enumerate(at(point)):
            step = 1e-6 * np.eye(arguments)[k]
            change = operation.meaning(*(point + step)) - operation.meaning(*(point - step))
            assert exact == pytest.approx(change / 2e-6, rel=1e-7), name


def test_tables_become_permutations_where_registers_hold_eight_doubles():
    """Assembly for a processor with AVX-512: two permutations a lookup, and no gather; run only where there is one."""
    import llvmlite.binding as llvm

    from sd_covid.engine.run.compile import _initialise

    _initialise()
    for points in (6, 14):
        table = LookupTable(
            tuple(float(k) for k in range(points)), tuple(float(np.sin(k)) for k in range(points))
        )
        module = Module(8, permute=True, fused=True)
        body = Body(module)
        graph = Graph()
        node = graph.lookup("lookup", graph.table(table), graph.leaf("state", 0))
        Evaluation(body, graph, Leaves({"state": 0})).compute(put=[(node, 1)])
        body.act("ret void")
        module.functions.append(body.function("void @f(ptr %scratch)", "#0"))
        machine = llvm.Target.from_triple("x86_64-unknown-linux-gnu").create_target_machine(
            cpu="skylake-avx512", opt=2
        )
        assembly = machine.emit_assembly(llvm.parse_assembly(module.text(ATTRIBUTES)))
        assert "vperm" in assembly
        assert "gather" not in assembly
