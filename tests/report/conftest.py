"""Two packages beside a null alternative, drawn from known distributions in place of a model."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from playwright.sync_api import Browser, sync_playwright

from sd_covid.analysis.sensitivity import Factor, Indices, Outcome, OutcomeSensitivity, Sensitivity
from sd_covid.analysis.sensitivity.convergence import Convergence
from sd_covid.analysis.sensitivity.shapley import Within
from sd_covid.calibration.results import FitReport, OriginRow, ParameterRow, RollingForecast, SeriesRow
from sd_covid.data.text import Text
from sd_covid.policy.catalogue.assumptions import Assumption
from sd_covid.policy.catalogue.costs import Cost, CostLine, Prices
from sd_covid.policy.catalogue.levers import Lever, LeverSetting
from sd_covid.policy.catalogue.outputs import Output
from sd_covid.policy.catalogue.ranges import Range
from sd_covid.policy.comparison.scenarios import Comparison, Failure, Provenance
from sd_covid.policy.comparison.spread import Spread
from sd_covid.policy.scenario import Scenario
from sd_covid.report import Background, Glossary, ObservedSeries

MEMBERS = 200
TIME = np.arange(0.0, 253.0)
YEAR = 2015.0 + TIME / 12.0
LABOUR = Text("% van de beroepsbevolking", "% of the labour force")
HOUSEHOLDS = Text("duizend huishoudens", "thousand households")
PERSONS = Text("duizend personen", "thousand persons")
INVENTED, NONE = Text("verzonnen voor deze test", "invented for this test"), Text("geen", "none")

OUTPUTS = (
    Output(
        "unemployment rate", Text("Werkloosheid", "Unemployment"), "percent", LABOUR, "mean", relevance=0.05
    ),
    Output(
        "households in problem debt",
        Text("Huishoudens met problematische schulden", "Households in problem debt"),
        "thousand households",
        HOUSEHOLDS,
        relevance=0.5,
    ),
    Output(
        "jobs",
        Text("Werkenden", "Persons employed"),
        "thousand persons",
        PERSONS,
        "mean",
        "higher",
        1.0,
        False,
    ),
    Output(
        "problem debt share by group[vulnerable]",
        Text("Problematische schulden, kwetsbare groep", "Problem debt, vulnerable group"),
        "percent",
        Text("% van de huishoudens", "% of households"),
        relevance=0.01,
        headline=False,
    ),
)

#: First month of effect of each package, and its peak effect on unemployment in points.
PACKAGES = {"no-support": (62.0, 1.2), "early-withdrawal": (69.0, 0.12)}


def _lever(name: str, title: Text, grade: str, end: date, rule: str) -> Lever:
    cost = Cost(rule, INVENTED, "C", NONE, total=18700.0 if rule == "budget" else 0.0)  # type: ignore[arg-type]
    return Lever(
        id=name,
        title=title,
        meaning=Text("1 is zoals het was", "1 is as it was"),
        constants={"level": f"{name} level", "start": f"{name} start", "end": f"{name} end"},
        actual=LeverSetting(1.0, date(2020, 3, 1), end),
        low=0.0,
        high=1.0,
        purpose="business",
        target=Text("Werkgevers", "Employers"),
        payer=Text("Rijk", "Central government"),
        delivery="national",
        cost=cost,
        source=Text("Kamerbrief", "letter to Parliament"),
        grade=grade,
    )


LEVERS = {
    "now": _lever("now", Text("NOW (loonsubsidie)", "NOW (wage subsidy)"), "B", date(2022, 4, 1), "budget"),
    "pause": _lever(
        "pause", Text("Pauze in incasso", "Pause in debt collection"), "D", date(2021, 10, 1), "unpriced"
    ),
}


def _paths(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Levels of each output, shape (scenario, member, time)."""
    size = rng.normal(1.0, 0.2, (MEMBERS, 1))
    wave = np.exp(-0.5 * ((TIME - 68.0) / 5.0) ** 2)
    base = (
        3.8 + 4.0 * np.exp(-TIME / 40.0) + 1.4 * size * wave + rng.normal(0, 0.25, (MEMBERS, 1)) * TIME / 252
    )
    debt = 700 - 0.6 * TIME + rng.normal(0, 8, (MEMBERS, 1)) + 90 / (1 + np.exp(-(TIME - 95) / 8))
    rate, hidden = [base], [debt]
    for start, peak in PACKAGES.values():
        since = np.maximum(0.0, TIME - start)
        shape = (since / 8.0) * np.exp(1 - since / 8.0)
        rate.append(base + peak * size * shape)
        slow = 30 * peak * size * (1 - np.exp(-since / 18.0)) * np.exp(-since / 60.0)
        hidden.append(debt + slow + rng.normal(0, 1.2 * peak, (MEMBERS, 1)) * (since > 0))
    unemployment, households = np.stack(rate), np.stack(hidden)
    return {
        "unemployment rate": unemployment,
        "households in problem debt": households,
        "jobs": 9000.0 * (1 - unemployment / 100),
        "problem debt share by group[vulnerable]": 100 * 0.65 * households / 2700,
    }


def _scenario(name: str, title: Text, settings: dict[str, LeverSetting]) -> Scenario:
    text = Text("Waarom dit pakket er is.", "Why this package is here.")
    return Scenario(name, title, text, f"scenarios/{name}.yaml", levers=settings)


def make_comparison(no_support: Text | None = None) -> Comparison:
    """A null alternative and two packages, with one failed member."""
    rng = np.random.default_rng(7)
    actual = {name: lever.actual for name, lever in LEVERS.items()}
    off = {name: LeverSetting(0.0, s.start, s.end) for name, s in actual.items()}
    early = actual | {"now": LeverSetting(1.0, date(2020, 3, 1), date(2020, 10, 1))}
    scenarios = (
        _scenario("actual", Text("Feitelijk pakket", "Actual package"), actual),
        _scenario("no-support", no_support or Text("Geen steun", "No support"), off),
        _scenario("early-withdrawal", Text("Vroeg afbouwen", "Early withdrawal"), early),
    )
    levels = _paths(rng)
    levels["jobs"][1, 3, 100:] = np.nan
    years = tuple(range(2015, 2036))
    spent = np.zeros((1, len(years)))
    spent[0, 5:8] = (12000.0, 6000.0, 700.0)
    shares = {"actual": 1.0, "no-support": 0.0, "early-withdrawal": 0.6}
    costs = tuple(
        CostLine(
            scenario,
            lever.id,
            lever.title,
            lever.payer,
            "national",
            years,
            spent * share if lever.cost.rule == "budget" else np.full((1, len(years)), np.nan),
            lever.cost.rule == "budget",
            "C",
            INVENTED,
            NONE,
        )
        for scenario, share in shares.items()
        for lever in LEVERS.values()
    )
    slope = Assumption(
        "matching", Text("Snelheid van baanvinden", "Speed of finding a job"), "matching", "1/month",
        Range(0.1, 0.3, 0.2, "uniform"), Text("prior van de studie", "prior of the study"), "C",
    )  # fmt: skip
    return Comparison(
        scenarios=scenarios,
        reference="actual",
        outputs=OUTPUTS,
        time=TIME,
        date=np.datetime64("2015-01") + np.arange(253).astype("timedelta64[M]"),
        member=np.arange(MEMBERS),
        levels=levels,
        failures=(Failure("no-support", 3, "jobs", 100.0),),
        costs=costs,
        prices=Prices(source=Text("Werkgroep discontovoet 2020", "Werkgroep discontovoet 2020")),
        levers=LEVERS,
        assumptions={"matching": slope},
        varied=("matching", "scarring"),
        provenance=Provenance(
            "models/netherlands.yaml", "0f1e2d", "posterior", "a1b2c3", 1, {"sd-covid": "0.1.0"}
        ),
    )


def make_fit(*, converged: bool = True) -> FitReport:
    """A fit of two series, one of which loses against its last value."""
    nan = float("nan")
    good = SeriesRow(
        "u", "unemp_rate_eurostat_m", "unemployment", "%", 114, 23,
        0.171, 0.12, 0.5, 0.9, 0.1, 0.1, 0.8, 0.4, 0.09, 0.10, nan,
    )  # fmt: skip
    bad = SeriesRow(
        "w", "unknown_series", "WW benefits", "x1000", 53, 11, 15.7, 0.25, 0.5, 0.88, 0.1, 0.1, 0.8, 0.4, 15.5, 5.9, nan
    )  # fmt: skip
    row = ParameterRow(
        "al", "tightness on finding", "-", "finding",
        0.4, 0.1, 0.41, 0.4, 0.04, 0.33, 0.47, 0.4, True, 1.003, 812.0, 900.0,
    )  # fmt: skip
    loose = ParameterRow(
        "eta", "jobs saved by NOW", "-", "eta", 0.5, 0.2, 0.5, 0.5, 0.19, 0.2, 0.8, 0.96, False, 1.02, 210.0, 300.0
    )  # fmt: skip
    origins = tuple(
        OriginRow("u", origin, error, naive, ())
        for origin, error, naive in (("2019-12", 0.3, 0.9), ("2022-06", 0.18, 0.14))
    )
    return FitReport(
        converged=converged,
        parameters=(row, loose),
        series=(good, bad),
        rolling=(RollingForecast("u", origins, 0.24, 0.6, ("vacancies", "GDP")),),
        starts=(),
        not_identified=("eta",),
        not_converged=() if converged else ("eta",),
        divergences=0,
        draws=4000,
        chains=4,
    )


def make_sensitivity(comparison: Comparison) -> Sensitivity:
    """Four factors and one outcome."""
    factors = tuple(
        Factor(name, title, "posterior" if name == "posterior" else "assumption", (name,), grade=grade)
        for name, title, grade in (
            ("posterior", Text("Geschatte parameters samen", "Calibrated parameters together"), ""),
            ("eta", Text("Banen behouden door de NOW", "Jobs saved by the NOW"), "D"),
            ("scar", Text("Littekens", "Scarring"), "C"),
            ("vacancies", Text("Vacatures op lange termijn", "Long-run vacancies"), "D"),
        )
    )
    total = np.array([0.31, 0.72, 0.02, 0.001])
    values, halves = {"total": total, "first": total / 2}, {"total": total / 10, "first": total / 20}
    found = Indices(values, halves, np.array(1.0), 512)
    steps = Convergence((256, 512), np.stack([total - [0.01, 0.03, 0.0, 0.0], total]))
    title = Text(
        "Werkloosheid, piek: geen steun min feitelijk", "Unemployment, peak: no support minus actual"
    )
    outcome = Outcome("peak", title, "no-support", "unemployment rate", "peak", (2020, 2024))
    within = Within((("tightness effect", 0.4, 0.05), ("other", 0.02, 0.01)), 0.42, 1000)
    item = OutcomeSensitivity(outcome, OUTPUTS[0], Spread.of(np.ones(4)), found, steps, within)
    return Sensitivity(
        method="sobol",
        reference="actual",
        scenarios=comparison.scenarios,
        factors=factors,
        outcomes=(item,),
        paths=(),
        screened=None,
        samples=512,
        kept=510,
        runs=2560,
        failures=(),
        provenance=comparison.provenance,
    )


def make_background() -> Background:
    """Monthly figures of unemployment, the last of them held out."""
    time = np.arange(0.5, 114.5)
    rate = 3.8 + 4.0 * np.exp(-time / 40.0) + 1.4 * np.exp(-0.5 * ((time - 68.0) / 5.0) ** 2)
    monthly = ObservedSeries(
        "unemployment rate", "unemp_rate_eurostat_m", time, rate, time > 91, shifted=False
    )
    debt = ObservedSeries(
        "households in problem debt", "problem_debt_hh_A", np.array([0.0, 36.0, 69.0]),
        np.array([700.0, 680.0, 660.0]), np.array([False, False, True]), shifted=True,
    )  # fmt: skip
    command = "sd-covid compare actual no-support early-withdrawal -o report.html"
    titles = {"al": Text("Gevoeligheid voor krapte", "Sensitivity to tightness")}
    glossary = Glossary(titles, {"tightness effect": "al"}, {"tightness effect": "C"})
    return Background(observed=(monthly, debt), command=command, glossary=glossary)


@pytest.fixture(scope="session")
def build() -> SimpleNamespace:
    """What tests of a page make themselves."""
    return SimpleNamespace(
        comparison=make_comparison,
        fit=make_fit,
        sensitivity=make_sensitivity,
        background=make_background,
        outputs=OUTPUTS,
    )


@pytest.fixture(scope="session")
def comparison() -> Comparison:
    return make_comparison()


@pytest.fixture(scope="session")
def reports(comparison: Comparison, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The report in both languages."""
    from sd_covid.report import write_report

    folder = tmp_path_factory.mktemp("report")
    return {
        language: write_report(
            comparison,
            make_fit(),
            make_sensitivity(comparison),
            folder / f"report-{language}.html",
            language,
            background=make_background(),
        )
        for language in ("nl", "en")
    }


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium without a window, its own or the system's."""
    with sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
        found = (
            shutil.which("chromium") or shutil.which("google-chrome") or (str(own) if own.is_file() else None)
        )
        if found is None:
            pytest.skip("no Chromium: install Debian's chromium, or run playwright install chromium")
        opened = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()
