"""One small study in which every name, title, unit, source and note holds markup, template code and a formula.

The town of the sweeps with a second sector of people, and what each page needs beside it: a problem with series and
draws, regions, problems counted together, plans of a sensitivity analysis and a search, a diagram with filled-in forms.
"""

from __future__ import annotations

import csv
import io
import re
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

import sd_covid
from sd_covid.calibration.density.objective import Objective
from sd_covid.calibration.problem.petab import read_problem
from sd_covid.calibration.stored.seen import record
from sd_covid.calibration.stored.store import Posterior, tables_hash, versions, write_posterior
from sd_covid.calibration.workflow import model_hash
from tests.analysis.robustness.conftest import made
from tests.marvel.session.mock import one_table

#: Closes what it may stand in, and opens what would run; to a spreadsheet it is a formula. No page has such an element.
TAG = "x-hit"
HOSTILE = f"=1+1'></title></script></style></svg><{TAG} onclick=alert(1)>{{{{7*7}}}}${{7*7}}<!--"
IN_YAML = '"\\"' + HOSTILE + '"'
BOTH = f'{{nl: "{HOSTILE}", en: "{HOSTILE}"}}'
IN_A_MODEL = HOSTILE.replace("{", "(").replace("}", ")")  # braces are comments there
VARIABLE = f'"{IN_A_MODEL}" = INTEG(0.1 * "{IN_A_MODEL}", 1) ~ {IN_A_MODEL} ~ {IN_A_MODEL} |\n'
_TITLE = re.compile(r"\{nl: [^{}]*?, en: [^{}]*?\}")
_SOURCE = re.compile(r"(source|note): (invented[^\n,}]*|none[^\n,}]*|one million[^\n]*)")
_CELL = re.compile(r"own example|More [^,\n]*|Prob[^,\n]*")
_MARVEL = Path(__file__).parents[1] / "marvel" / "town"

SIMULATOR = f"""model: ../models/town.yaml
title: {BOTH}
groups:
  - title: {BOTH}
    sliders:
      ease: {{title: {BOTH}, low: 0, high: 2, step: 0.1}}
outputs:
  rate: {{title: {BOTH}, unit: {BOTH}}}
"""
SENSITIVITY = f"""model: ../models/town.yaml
scenarios: [actual, none]
outputs: outputs.yaml
factors:
  assumptions: [slope]
  ranges: {{ease: {{low: 0.5, high: 1.5, central: 1, distribution: uniform}}}}
outcomes:
  {IN_YAML}: {{title: {BOTH}, scenario: none, output: rate, measure: year, years: [2020]}}
samples: 16
resamples: 10
seed: 0
"""
OPTIMISE = f"""title: {BOTH}
model: ../models/town.yaml
base: actual
outputs: outputs.yaml
levers:
  subsidy: {{level: [0, 0.5, 1], start: [2020-03-01, 2020-06-01], months: [6, 12]}}
objectives:
  cost: cost
  rate: {{title: {BOTH}, output: rate, years: [2020, 2021]}}
draws: {{search: 4, fresh: 8}}
scenarios: [half]
search: {{population: 8, generations: 3, own_budget: 2, shown: 4, seed: 3}}
"""
PEOPLE = """{UTF-8}
crowd: regular, vulnerable ~~|
vulnerable share = 0.25 ~ Dmnl ~ |
persons[crowd] = 11400, 3800 ~ thousand persons ~ |
households[crowd] = 5771, 1924 ~ thousand households ~ |
debt share[crowd] = debt at start[crowd] * (1 + 0.1 * SIN(Time / 6)) ~ percent ~ |
debt at start[crowd] = 4, 22.4 ~ percent ~ |
in debt[crowd] = households[crowd] * debt share[crowd] / 100 ~ thousand households ~ |
distress[crowd] = 9.2, 15.4 ~ percent ~ |
INITIAL TIME = 60 ~ Month ~ |
FINAL TIME = 97 ~ Month ~ |
TIME STEP = 0.5 ~ Month ~ |
SAVEPER = 1 ~ Month ~ |
"""
STACKING = f"""dimension: crowd
assumed: {BOTH}
groups: {{regular: {BOTH}, vulnerable: {BOTH}, everyone: {BOTH}}}
units: {{persons: {{title: {BOTH}, weight: persons, thousands: 1}}}}
conversions:
  fewer: {{title: {BOTH}, value: 0.9, low: 0.8, high: 1, grade: D, source: {BOTH}}}
problems:
  {IN_YAML}: {{title: {BOTH}, share: debt share, of: 100, persons: {{times: fewer}}}}
  distress: {{title: {BOTH}, share: distress, of: 100, persons: {{}}}}
"""
PROBLEM = """format_version: 2.0.0
model_files: {town: {location: ../models/town.yaml, language: vensim}}
parameter_files: [parameters.tsv]
observable_files: [observables.tsv]
measurement_files: [measurements.tsv]
mapping_files: [mapping.tsv]
extensions:
  sd_covid:
    version: "1.0"
    required: true
    observations: {obs_rate: {aggregation: mean, period: 1}}
"""
REGISTRY = f"""licences: {{own: {{terms: {IN_YAML}, url: {IN_YAML}}}}}
publishers: {{own: {{name: {IN_YAML}}}}}
units: {{percent: {BOTH}}}
definitions: {{plain: {IN_YAML}}}
headings: {{{IN_YAML}: {BOTH}}}
themes: {{things: {IN_YAML}}}
series:
  rate_m:
    title: {BOTH}
    theme: things
    unit: percent
    frequency: month
    kind: mean
    definition: plain
    seasonally_adjusted: false
    tier: A
    release_lag: 30
    licence: own
    publisher: own
    source: {IN_YAML}
    note: {IN_YAML}
"""
INDICATORS = f"""debt share:
  title: {BOTH}
  unit: {BOTH}
  number: in debt
  of: households
  by: households
  region: province
  slopes: {{composition: [1, 0.5]}}
  spread: {{region: 0.15, municipality: 0.15}}
  persistence: 0.95
  note: {BOTH}
"""
#: Of three municipalities in two provinces, by series.
FIGURES = {
    "population": (300, 500, 200),
    "pop_0_14": (45, 75, 30),
    "pop_15_24": (35, 60, 25),
    "pop_25_44": (80, 125, 50),
    "pop_45_64": (80, 140, 55),
    "pop_65plus": (60, 100, 40),
    "households": (140, 220, 90),
    "income_low40_persons_pct": (38, 42, 39),
    "income_high20_persons_pct": (22, 18, 21),
    "owner_occupied_pct": (60, 50, 65),
    "net_participation_kwb_pct": (70, 66, 71),
}


def table(rows: Iterable[Sequence[object]], delimiter: str = ",") -> str:
    """Rows as the text of a table."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return text.getvalue()


def hostile_study(root: Path) -> Path:
    """Write the study into a folder whose name is markup too."""
    town = shutil.copytree(made(root / "town"), root / f"<{TAG} onclick=alert(1)>")
    for file in sorted((town / "scenarios").rglob("*.yaml")):
        text = _TITLE.sub(lambda _: BOTH, file.read_text(encoding="utf-8"))
        file.write_text(_SOURCE.sub(lambda found: f"{found[1]}: {IN_YAML}", text), encoding="utf-8")
    outputs = town / "scenarios" / "outputs.yaml"
    rest = "reading: mean, better: lower, relevance: 0.1, headline: true"
    more = f"debt share: {{title: {BOTH}, unit: {BOTH}, {rest}}}\n"
    model = (town / "models" / "town.mdl").read_text(encoding="utf-8").replace("rate =", f"{VARIABLE}rate =")
    for old, new in (
        ("~ |", f"~ {IN_A_MODEL} |"),
        ("FINAL TIME = 84", "FINAL TIME = 97"),
        ("SQRT(80 -", "SQRT(800 -"),
    ):
        model = model.replace(old, new)
    diagram = shutil.copytree(_MARVEL, town / "diagram")
    for file in diagram.glob("*.csv"):
        text = _CELL.sub(f'"{HOSTILE}"', file.read_text(encoding="utf-8"))
        file.write_text(text, encoding="utf-8")
    files = {
        "models/town.mdl": model,
        "models/people.mdl": PEOPLE,
        "models/town.yaml": "name: town\ncalendar: {origin: 2015-01, unit: month}\n"
        "sectors: {town: town.mdl, people: people.mdl}\n",
        "models/titles.yaml": f"variables: {{total: {BOTH}}}\nelements: {{young: {BOTH}}}\n",
        "models/associations.csv": table(
            [
                [
                    "id",
                    "first",
                    "second",
                    "odds_ratio",
                    "low",
                    "high",
                    "source_nl",
                    "source_en",
                    "references",
                    "grade",
                    "note",
                ],
                ["A01", f'"{HOSTILE}', "distress", 3, 1.5, 5, HOSTILE, HOSTILE, "", "D", HOSTILE],
            ]
        ),
        "scenarios/outputs.yaml": outputs.read_text(encoding="utf-8") + more,
        "scenarios/simulator.yaml": SIMULATOR,
        "scenarios/sensitivity.yaml": SENSITIVITY,
        "scenarios/optimise.yaml": OPTIMISE,
        "scenarios/stacking.yaml": STACKING,
        **_problem(),
        **_local(),
        "diagram/outputs.csv": table(
            [
                ["variable", "output", "direction", "series", "relevance", "reason"],
                ["distress", "rate", "+", "rate_m", "", HOSTILE],
            ]
        ),
        "signals.csv": table(
            [
                ["date", "place", "variable", "direction", "text", "source"],
                ["2020-05-01", HOSTILE, "distress", "", HOSTILE, HOSTILE],
            ]
        ),
    }
    for name, text in files.items():
        (town / name).parent.mkdir(parents=True, exist_ok=True)
        (town / name).write_text(text, encoding="utf-8")
    _write_forms(town / "forms")
    _write_draws(town)
    return town


def _write_forms(folder: Path) -> None:
    """Filled-in forms of three participants with hostile names."""
    answers = [("more", "strong"), ("less", "weak"), ("more", "average")]
    folder.mkdir()
    one_table(
        folder / "all.csv",
        [
            {"participant": f"{HOSTILE} {number}", "src": src, "dst": dst, "sign": sign,
             "strength": strength, "speed": "average", "confidence": "high", "comment": HOSTILE}
            for number, (sign, strength) in enumerate(answers)
            for src, dst in (("jobs", "unemployment"), ("stress", "distress"))
        ],
    )  # fmt: skip


def _write_draws(town: Path) -> None:
    """Sixty draws around what the figures say, in the place of a posterior."""
    problem = read_problem(town / "calibration" / "problem.yaml")
    simulation = sd_covid.load(problem.model_path)
    objective = Objective(problem, simulation)
    draws = np.random.default_rng(1).normal(1.0, 0.05, (60, 1))
    frame = pd.DataFrame({"chain": np.repeat([0, 1], 30), "draw": [*range(30)] * 2})
    frame["log_posterior"] = objective.log_posteriors(draws)[0]
    frame["ease"] = draws
    about = {
        "constants": {"ease": "ease"},
        "best": {"ease": 1.0},
        "model_hash": model_hash(simulation),
        "data_hash": tables_hash(problem),
        **record(problem),
        "method": "nuts",
        "seed": 0,
        "versions": versions(),
    }
    write_posterior(Posterior(frame, about), town / "calibration" / "posterior.parquet")


def _problem() -> dict[str, str]:
    """A problem of one parameter, `ease`, whose figures are near 4; the last three are new to its draws."""
    months = [f"{2020 + k // 12}-{k % 12 + 1:02}" for k in range(15)]
    head = [
        "parameterId",
        "estimate",
        "lowerBound",
        "upperBound",
        "nominalValue",
        "priorDistribution",
        "priorParameters",
        "unit",
        "parameterName",
    ]
    columns = [
        "series",
        "period",
        "value",
        "unit",
        "quality",
        "definition",
        "vintage",
        "source_title",
        "source",
        "note",
    ]
    figures = [["rate_m", month, 4 + k % 3 / 10, "percent", "measured", "plain", "", *[HOSTILE] * 3]
               for k, month in enumerate(months)]  # fmt: skip
    return {
        "calibration/problem.yaml": PROBLEM,
        "calibration/titles.yaml": f"ease: {BOTH}\n",
        "calibration/parameters.tsv": table(
            [head, ["ease", "true", 0.1, 5, 1, "log-normal", "0;0.5", HOSTILE, HOSTILE]], "\t"
        ),
        "calibration/observables.tsv": table(
            [
                ["observableId", "observableFormula", "noiseFormula", "unit", "series", "observableName"],
                ["obs_rate", "rate", "0.2", "percent", "rate_m", HOSTILE],
            ],
            "\t",
        ),
        "calibration/measurements.tsv": table(
            [
                ["observableId", "experimentId", "measurement", "time", "split", "period"],
                *(
                    ["obs_rate", "", 4 + k % 3 / 10, 61 + k, "fit", month]
                    for k, month in enumerate(months[:-3])
                ),
            ],
            "\t",
        ),
        "calibration/mapping.tsv": "petabEntityId\tmodelEntityId\nease\tease\n",
        "calibration/series/registry.yaml": REGISTRY,
        "calibration/series/things.csv": table([columns, *figures]),
    }


def _local() -> dict[str, str]:
    """Regions with hostile names, and figures of them with hostile definitions."""
    places = [("GM1", "PV1"), ("GM2", "PV1"), ("GM3", "PV2")]
    regions = [
        ["NL", "country", HOSTILE, "", "", "", "", ""],
        *([code, "province", f"{HOSTILE} {code}", "", "", "", "", ""] for code in ("PV1", "PV2")),
        ["GG1", "ggd", HOSTILE + "GG1", "", "", "", "", ""],
        *([code, "municipality", f"{HOSTILE} {code}", of, "GG1", "", 2020, ""] for code, of in places),
    ]
    definitions = [[name, name, HOSTILE, HOSTILE, "own", HOSTILE, HOSTILE, HOSTILE] for name in FIGURES]
    figures = [
        [name, code, 2021, value, "measured"]
        for name, values in FIGURES.items()
        for (code, _), value in zip(places, values, strict=True)
    ]
    return {
        "calibration/local/regions.csv": table(
            [["region", "level", "name", "province", "ggd", "successor", "first", "last"], *regions]
        ),
        "calibration/local/definitions.csv": table(
            [["definition", "series", "unit", "method", "licence", "source", "address", "note"], *definitions]
        ),
        "calibration/local/figures.csv": table(
            [["definition", "region", "period", "value", "quality"], *figures]
        ),
        "calibration/local/breaks.csv": "series,from,note\n",
        "calibration/local/indicators.yaml": INDICATORS,
        "calibration/local/sums.yaml": f"- {{series: population, parts: municipality, tolerance: 0, note: {BOTH}}}\n",
    }
