"""A small study for searches: a town with unemployment that swings, debts of two groups, and four levers."""

from __future__ import annotations

from pathlib import Path

#: Guidance lowers unemployment and reaches by its budget; relief takes households out of debt, one group or both; a
#: pause has no price and slows the inflow into debt. Unemployment brings debt.
MODEL = """{UTF-8}
group: regular, vulnerable ~~|
swing = 2 ~ Percent ~|
take up = 0.5 ~ Dmnl ~|
unemployment = INTEG((5 + swing * SIN(Time / 6) - unemployment) / 3 - guidance effect, 5) ~ Percent ~|
guide level = 0 ~ Dmnl ~|
guide start = 72 ~ Month ~|
guide end = 96 ~ Month ~|
guide budget = 48 ~ Million euro ~|
guide municipal = 0 ~ Dmnl ~|
guide in force = guide level * IF THEN ELSE(Time >= guide start :AND: Time < guide end, 1, 0) ~ Dmnl ~|
guide money = guide in force * guide budget / (guide end - guide start) ~ Million euro/Month ~|
guidance effect = 0.05 * SQRT(guide money * (1 + 0.2 * guide municipal)) ~ Percent/Month ~|
guide spending = INTEG(guide money, 0) ~ Million euro ~|
relief level = 0 ~ Dmnl ~|
relief start = 72 ~ Month ~|
relief end = 96 ~ Month ~|
relief budget = 48 ~ Million euro ~|
relief reach[group] = 1 ~~|
relief in force = relief level * IF THEN ELSE(Time >= relief start :AND: Time < relief end, 1, 0) ~ Dmnl ~|
relief money[group] = relief in force * relief reach[group] * relief budget / 2 / (relief end - relief start) ~~|
relief spending = INTEG(SUM(relief money[group!]), 0) ~ Million euro ~|
pause level = 0 ~ Dmnl ~|
pause start = 60 ~ Month ~|
pause end = 72 ~ Month ~|
pausing = pause level * IF THEN ELSE(Time >= pause start :AND: Time < pause end, 1, 0) ~ Dmnl ~|
weight[group] = 1, 2 ~~|
debt[group] = INTEG(weight[group] * 0.02 * unemployment * (1 - 0.2 * pausing)
    - debt[group] * 0.01 - take up * relief money[group] * debt[group] / 20, 5 * weight[group]) ~ Thousand ~|
total debt = SUM(debt[group!]) ~ Thousand ~|
INITIAL TIME = 0 ~~|
FINAL TIME = 132 ~~|
TIME STEP = 0.25 ~~|
SAVEPER = 1 ~~|
"""

_LEVER = """  {name}:
    title: {{nl: {nl}, en: {en}}}
    meaning: {{nl: 1 is alles, en: 1 is all of it}}
    constants: {{level: {name} level, start: {name} start, end: {name} end{more}}}
    actual: {{level: 0, start: {start}, end: {end}{budget}}}
    range: [0, 1]
    purpose: social
    target: {{nl: Huishoudens, en: Households}}
    payer: {{nl: Gemeenten, en: Municipalities}}
    delivery: national
    source: invented
    grade: D
    cost: {cost}
"""
_SPENT = "{{rule: spent, spending: {} spending, source: invented, grade: D, note: invented}}"
LEVERS = (
    "calendar: {origin: 2015-01, unit: month}\n"
    "prices: {level_year: 2020, base_year: 2020, discount_rate: 0.0225, index: {}, source: invented}\nlevers:\n"
    + _LEVER.format(
        name="guide", nl="Begeleiding", en="Guidance", more=", budget: guide budget, municipal: guide municipal",
        start="2021-01-01", end="2023-01-01", budget=", budget: 48", cost=_SPENT.format("guide"),
    )
    + _LEVER.format(
        name="relief", nl="Schuldhulp", en="Relief", more=", budget: relief budget", start="2021-01-01",
        end="2023-01-01", budget=", budget: 48", cost=_SPENT.format("relief"),
    )
    + '    targets: {vulnerable: {"relief reach[regular]": 0, "relief reach[vulnerable]": 2}}\n'
    + _LEVER.format(
        name="pause", nl="Pauze", en="Pause", more="", start="2020-01-01", end="2021-01-01", budget="",
        cost="{rule: unpriced, source: none found, grade: D, note: not published}",
    )
)  # fmt: skip

_OUTPUT = """{name}:
  title: {{nl: {nl}, en: {en}}}
  unit: {{nl: {unit_nl}, en: {unit_en}}}
  reading: mean
  better: lower
  relevance: 0.01
  headline: true
"""
OUTPUTS = (
    _OUTPUT.format(name="unemployment", nl="Werkloosheid", en="Unemployment", unit_nl="procent", unit_en="percent")
    + _OUTPUT.format(
        name="total debt", nl="Schulden", en="Debts", unit_nl="duizend huishoudens", unit_en="thousand households"
    )
    + "".join(
        _OUTPUT.format(
            name=f'"debt[{group}]"', nl=f"Schulden {group}", en=f"Debts {group}",
            unit_nl="duizend huishoudens", unit_en="thousand households",
        )
        for group in ("regular", "vulnerable")
    )
)  # fmt: skip

HEAD = "title: {nl: A, en: A}\nrationale: {nl: A, en: A}\n"
SCENARIOS = {
    "actual": HEAD,
    # Dear and badly timed: the same money does more later and for longer.
    "clumsy": HEAD.replace("A", "Clumsy")
    + "levers:\n  guide: {level: 1, start: 2020-01-01, end: 2021-01-01, budget: 60, delivery: national}\n",
    "frozen": HEAD.replace("A", "Frozen") + "constants: {swing: 1.5}\n",
}

PLAN = """title: {nl: Zoektocht, en: Search}
model: ../models/town.mdl
base: actual
outputs: outputs.yaml
levers:
  guide:
    {level: [0, 1], start: [2020-01-01, 2021-01-01], months: [12, 36], budget: [20, 60],
     delivery: [national, municipal]}
  relief: {level: [0, 1], start: [2021-01-01], months: 36, budget: [20, 40], target: [all, vulnerable]}
objectives:
  cost: cost
  unemployment: {output: unemployment, years: [2020, 2024]}
  gap: {output: "debt[vulnerable]", minus: "debt[regular]", years: [2024], measure: year}
draws: {search: 5, fresh: 9}
scenarios: [clumsy]
search: {population: 12, generations: 12, own_budget: 4, shown: 6, seed: 3}
"""


def laid_out(folder: Path, plan: str = PLAN) -> Path:
    """The study in a folder; returns the file of the search."""
    files = {
        "models/town.mdl": MODEL,
        "scenarios/levers.yaml": LEVERS,
        "scenarios/outputs.yaml": OUTPUTS,
        "scenarios/assumptions.yaml": ASSUMPTIONS,
        "scenarios/optimise.yaml": plan,
        **{f"scenarios/{name}.yaml": text for name, text in SCENARIOS.items()},
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder / "scenarios" / "optimise.yaml"


ASSUMPTIONS = """swing:
  title: {nl: Schommeling, en: Swing}
  constant: swing
  unit: percent
  default: 2
  low: 1
  high: 3
  distribution: uniform
  source: invented
  grade: D
take-up:
  title: {nl: Gebruik, en: Take-up}
  constant: take up
  unit: share
  default: 0.5
  low: 0.2
  high: 0.8
  distribution: uniform
  source: invented
  grade: D
"""
