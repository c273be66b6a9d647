"""Sound files from which mutations start, where no other test has one that can be taken as it is."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sd_covid.calibration.fitting.starts import _exact
from sd_covid.calibration.newest.nowcast import COLUMNS
from sd_covid.marvel.diagram import Diagram
from sd_covid.marvel.session.answers import SeedQuestion
from tests.marvel.session.mock import one_table, write_forms
from tests.model.conftest import CONTROL
from tests.model.test_any_text import WHOLE
from tests.policy.conftest import SCENARIO, TOWN

MDL = (
    (WHOLE + CONTROL).encode(),
    TOWN.encode(),
    (
        "{UTF-8}\nD: a, b ~~|\nk := GET DIRECT CONSTANTS('external_constants.csv', ',', 'B2') ~~|\n"
        "s[D] = DELAY FIXED(k, 2, 0) ~ m [0,9] ~ text |\nt = GET XLS DATA('a.xlsx', 'A', '1', 'B2') ~~|\n"
        "u = GAME(k) + PULSE TRAIN(1, 2, 3, 4) ~~|\n" + CONTROL
    ).encode(),
)
COUPLED = (
    b"name: both\ncalendar: {origin: 2015-01, unit: month}\nsectors: {a: sir.mdl}\ncouplings: []\n",
    b"extends: sir.mdl\nname: c\nconstants: {infectivity: 1}\n",
)
DAT = (b"level\n0\t1\n1\t2.5\n2\t1e3\npart[a]\n0\t1\n4\t-2\n",)
SERIES_CSV = (b"Time,level,part[a]\n0,1,2\n1,2.5,3\n2,,4\n", b'name,0,1,2\nlevel,1,2,3\n"a, b",4,5,6\n')

HALVING = """{UTF-8}
Region: North, South ~~|
rate = 0.5 ~ 1/Month ~ |
share[Region] = 0.75, 0.25 ~ 1 ~ |
level = INTEG(-rate * level, 100) ~ person ~ |
INITIAL TIME = 0 ~ Month ~ |
FINAL TIME = 2 ~ Month ~ |
TIME STEP = 1 ~ Month ~ |
SAVEPER = TIME STEP ~ Month ~ |
"""
CIN = (
    b"{a comment\nover two lines}\nRATE= 0.25\nshare[Region]= 1,2\nshare[south] = 3\n0<= rate = 0.8 <=9\n",
)
VOC = (
    b":OPTI=POWELL\n:optimizer = OFF\n:MCLIMIT=5000\n0 <= rate = 0.4 <= 1|FRAC=0.01\n1<=level<=limit\nnoise\n",
)
VPD = (
    b'*Calibration\nlevel|"level / data"/0.5\npart[North]/2\n*CRL\nlevel|d/scale\n*PLI\nlimit/-1\n*PF\nlevel/1\n',
)
VSC = (
    b"400,L,7,,0\nrate=RANDOM NORMAL(0,1,0.5,0.1)\nshare=RANDOM UNIFORM(2,3)\n",
    b"3,U,7\nnoise=VECTOR(1,2,0.5)\n",
)
LST = (b"Level\n\npart[North]\n",)

_NONE = SCENARIO.format("None")
SCENARIOS = tuple(
    (_NONE + more).encode()
    for more in (
        "levers: {subsidy: {level: 0}}\n",
        "extends: none\npath: falling\nassumptions: {slope: 2.5}\nconstants: {ease: 1.5, 'weight[old]': 3}\n",
        "levers:\n  subsidy: {level: [{from: 2020-03-01, level: 1}, {from: 2020-06-01, level: 0.5}], "
        "end: 2020-12-01}\n",
        "constants:\n  ease: [{from: 2020-05-01, value: 2}, {from: 2021-01-01, factor: 0.5}]\n",
        "levers:\n  subsidy: [{level: 1, start: 2020-03-01, end: 2020-06-01}, {level: 1, start: 2020-09-01, "
        "end: 2021-01-01}]\n",
    )
)
_SWEEP = "model: ../models/town.yaml\nscenarios: [actual, none]\noutputs: [rate, total, noise]\nblock: 8\nseed: 5\n"
SWEEPS = (
    (
        _SWEEP + "keep: [course, max]\nassumptions: {design: sobol, size: 64, seed: 1, "
        "ranges: {slope: {low: 1, high: 8, distribution: uniform}}}\n"
    ).encode(),
    (
        _SWEEP.replace("[actual, none]", '[actual, "*"]')
        + "draws: {posterior: ../calibration/posterior.parquet, size: 9, "
        "seed: 1}\nevery: 2\ndtype: float32\nstatistics: {of: [0.1, 0.5, mean, sd], over: runs}\n"
        "keep: [final, {mean: [2020, 2021]}]\n"
    ).encode(),
)
SIMULATORS = (
    b"""
model: ../models/town.yaml
title: {nl: Dorp, en: Town}
groups:
  - title: {nl: Een, en: One}
    sliders:
      ease: {title: {nl: Gemak, en: Ease}, low: 0, high: 2, step: 0.1, marks: {1: {nl: gewoon, en: usual}}}
      slope: {title: {nl: Helling, en: Slope}, low: 1, high: 3, unit: {nl: punt, en: point}}
presets: [actual, none]
outputs:
  rate: {title: {nl: Graad, en: Rate}}
  total: {title: {nl: Som, en: Sum}, unit: {nl: a, en: b}}
""",
)
REFERENCE = (b'Time\tlevel\t"part[a]"\n0\t1\t2\n1\t\t3\n2\t4.5\t1e3\n',)
SEEDS = (
    b"id,question_nl,question_en,unit_nl,unit_en,truth,scale,source\n"
    b"share,Welk deel?,What share?,%,%,12,uniform,own\ncount,Hoeveel?,How many?,p,p,900,log,own\n",
)
SIGNALS = (
    b"date,place,variable,direction,text,source\n2021-03-15,Own town,jobs,meer,Less work,Shelter\n"
    b'2022-01-01,Elsewhere,stress,,"A, b",Paper\n',
)
XMILE = tuple(
    path.read_bytes() for path in sorted((Path(__file__).parents[1] / "models").glob("xmile_*.xmile"))
)

START = np.array([1.0, 2.0])
STARTS = (
    b"".join(
        json.dumps(
            {"start": _exact(item), "best": _exact(item), "log_posterior": (1.5).hex()}
            | {"evaluations": 3, "converged": True}
        ).encode()
        + b"\n"
        for item in (START, START * 2)
    ),
)  # fmt: skip
JOURNALS = (
    b'{"inputs": "' + __import__("hashlib").sha256(b"inputs").hexdigest().encode() + b'"}\n'
    b'{"package": "a", "found": [[1.0, 2.0], true]}\n{"package": "b", "found": [[1.0, null], false]}\n',
)
PATHS = (
    json.dumps(
        {
            "model": "a",
            "paths": [
                {"lever": "a", "output": "b", "preset": "c", "time": 3.0, "difference": 0.5}
                | {"paths": [[["a", "b"], 0.5]]}
            ],
        }
    ).encode(),
)  # fmt: skip
LOOKS = (
    b'{"made": "2026-06-01", "posterior": "abc", "series": [{"series": "rate", "side": "above", '
    b'"figures": [{"period": "2020-01", "figure": 3.5}]}]}',
)
LOGS = (
    ",".join(COLUMNS).encode() + b"\n2026-06-01,obs,rate,2026-06,2026-07-01,%" + b",1.5" * 6 + b",2026-05,1.4,abc,1;2"
    + b"," * 8 + b"\n",
)  # fmt: skip


def shortened(raw: bytes) -> bytes:
    """JSON with its long lists cut: the form is what is read, and less of it takes less time."""
    return json.dumps(_short(json.loads(raw))).encode()


def _short(item: Any) -> Any:
    if isinstance(item, dict):
        return {name: _short(value) for name, value in item.items()}
    return [_short(value) for value in item[:3]] if isinstance(item, list) else item


def workbook_of_series() -> bytes:
    """A workbook with two series."""
    from openpyxl import Workbook

    book, out = Workbook(), io.BytesIO()
    for row in (["Time", "level", "part[a]"], [0, 1, 2], [1, 2.5, None], [2, 3, 4]):
        book.active.append(row)
    book.save(out)
    return out.getvalue()


def workbook_of_scenario(study: Any) -> bytes:
    """The template of a study, blank but for its title."""
    from tempfile import TemporaryDirectory

    from openpyxl import load_workbook

    from sd_covid.policy.files.sheets import write_workbook
    from sd_covid.policy.template import template

    with TemporaryDirectory() as folder:
        path = Path(folder) / "template.xlsx"
        write_workbook(template(study.catalogue, study.assumptions, "en"), path)
        book = load_workbook(path)
        for row in (2, 3):
            for column in (2, 3):
                book["Scenario"].cell(row, column).value = "text"
        book.save(path)
        return path.read_bytes()


def diagrams(diagram: Diagram, folder: Path) -> Iterator[tuple[str, bytes]]:
    """A diagram in the forms of other programs, and as a workbook."""
    from sd_covid.marvel.exchange import tables_of, write_exchange
    from sd_covid.marvel.write import write_diagram

    assert diagram.path is not None
    for suffix in (".graphml", ".json"):
        path = folder / f"sound{suffix}"
        write_exchange(tables_of(diagram.path), path)
        yield suffix, path.read_bytes()
    write_diagram(diagram, folder / "sound.xlsx")
    yield ".xlsx", (folder / "sound.xlsx").read_bytes()


_LINK = {
    "participant": "a",
    "src": "jobs",
    "dst": "unemployment",
    "sign": "less",
    "strength": "strong",
    "speed": "fast",
}


def forms(folder: Path, diagram: Diagram, questions: Sequence[SeedQuestion]) -> tuple[bytes, ...]:
    """Forms of a session as tables, in both languages."""
    rows = [
        {**_LINK, "confidence": "high"},
        {"participant": "a", "seed": "share", "q05": "5", "q50": "10", "q95": "20"},
        {"participant": "b", "seed": "count", "q05": "5", "q50": "10", "q95": "20"},
    ]
    return tuple(one_table(folder / f"sound-{name}.csv", rows, name).read_bytes() for name in ("en", "nl"))


def form_workbook(folder: Path, diagram: Diagram, questions: Sequence[SeedQuestion]) -> bytes:
    """One filled-in workbook."""
    truth = {("jobs", "unemployment"): (-1, "strong", "high")}
    return write_forms(folder / "forms", diagram, questions, truth)[0].read_bytes()


def swept(root: Path) -> Path:
    """The store of a small sweep that is done, under the names that a target gives it."""
    import sd_covid
    from sd_covid.policy.reading import named_model
    from sd_covid.policy.sweep import read_sweep, run_sweep

    file = root / "town" / "scenarios" / "stored.yaml"
    file.write_bytes(SWEEPS[0])
    run_sweep(read_sweep(file, sd_covid.load(named_model(file))), root / "store.zarr")
    return root / "store.zarr"
