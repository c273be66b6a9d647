"""The study's regions and figures, and how wrong ones are refused."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from sd_covid.analysis.local.profile import FIELDS, make_profiles
from sd_covid.data.local.figures import Figures, read_figures
from sd_covid.data.local.monitor import COLUMNS, prepare
from sd_covid.data.local.regions import Regions, read_regions
from sd_covid.errors import DataError, SdCovidError, UnknownNameError

LOCAL = Path(__file__).parents[3] / "calibration" / "local"


@pytest.fixture(scope="module")
def regions() -> Regions:
    return read_regions(LOCAL / "regions.csv")


@pytest.fixture(scope="module")
def figures(regions: Regions) -> Figures:
    return read_figures(LOCAL, regions)


def test_every_municipality_lies_in_one_province_and_one_ggd_region(regions: Regions):
    # Municipalities of the divisions of 2020, 2021, 2022 and 2024, as CBS counts them.
    for year, count in ((2020, 355), (2021, 352), (2022, 345), (2024, 342)):
        standing = [
            item for item in regions.by_code.values() if item.level == "municipality" and item.stands_in(year)
        ]
        assert len(standing) == count
    for level, count in (("province", 12), ("ggd", 25)):
        parts = [regions.within(item) for item in regions.at(level)]
        assert len(parts) == count
        assert sorted(place for part in parts for place in part) == list(range(342))


def test_what_was_merged_lies_in_its_successor(regions: Regions):
    weesp, amsterdam = regions.find("Weesp"), regions.find("GM0363")
    assert regions.now(weesp) == amsterdam
    assert regions.within(weesp) == regions.within(amsterdam)
    assert regions.now(regions.find("Haaren")) is None  # divided over four
    with pytest.raises(UnknownNameError, match="did you mean 'Zutphen'"):
        regions.find("Zutfen")
    with pytest.raises(UnknownNameError, match="PV26"):
        regions.find("Utrecht")


def test_a_profile_is_weighted_by_hand_where_municipalities_merged(regions: Regions, figures: Figures):
    profiles = make_profiles(figures, regions, 0.25)
    place = regions.places["GM1992"]  # Voorne aan Zee: Brielle, Hellevoetsluis and Westvoorne until 2022
    parts = {
        name: next(
            item.value
            for item in figures.of("owner_occupied_pct")
            if item.region.code == name and item.period == "2022"
        )
        for name in ("GM0501", "GM0530", "GM0614")
    }
    persons = {"GM0501": 17704, "GM0530": 40574, "GM0614": 14960}
    by_hand = sum(persons[name] * parts[name] for name in parts) / sum(persons.values()) / 100
    assert profiles.values["owner_occupied"][place] == pytest.approx(by_hand, rel=1e-12)
    assert profiles.provenance["owner_occupied"][place] == "estimated"
    assert Counter(profiles.provenance["population"]) == {"measured": 342}
    assert profiles.values["population"].sum() == 18_044_027
    # Incomes in the lowest quarter, told from two other quantiles, are a quarter of the country before any scaling.
    from sd_covid.analysis.local.profile import vulnerable_share

    raw = vulnerable_share(profiles.values["low_income"], profiles.values["high_income"], 0.25)
    assert profiles.weights @ raw == pytest.approx(0.25, abs=0.005)


def test_what_is_not_known_is_the_national_average_and_says_so(regions: Regions, figures: Figures):
    zutphen = regions.find("Zutphen")
    without = Figures(
        tuple(
            item
            for item in figures.all
            if not (item.region == zutphen and item.definition.series == "owner_occupied_pct")
        )
    )
    profiles, whole = (make_profiles(item, regions, 0.25) for item in (without, figures))
    place = regions.places[zutphen.code]
    assert profiles.provenance["owner_occupied"][place] == "national average"
    others = np.arange(342) != place
    mean = np.average(whole.values["owner_occupied"][others], weights=whole.values["population"][others])
    assert profiles.values["owner_occupied"][place] == pytest.approx(mean, rel=1e-12)
    assert set(profiles.provenance) == set(FIELDS)


def test_what_the_priors_rest_on_is_in_the_figures(regions: Regions, figures: Figures):
    """Noise 0.05, persistence 0.95 and the slope of debt, as indicators.yaml states them, from the figures."""
    away: dict[str, dict[str, float]] = {}
    for item in figures.of("unemployment_rate_pct", level="province"):
        beside = next(
            one.value
            for one in figures.of("unemployment_rate_pct", method=item.definition.method, level="country")
            if one.period == item.period
        )
        odds = [np.log(value / (100 - value)) for value in (item.value, beside)]
        away.setdefault(item.region.code, {})[item.period] = odds[0] - odds[1]
    later = np.array([[row[year] for year in ("2021", "2022", "2023")] for row in away.values()])
    noise = np.sqrt(later.var(axis=1, ddof=1).mean())
    assert 0.03 < noise < 0.05
    then = np.array([row["2016"] for row in away.values()])
    correlation = np.corrcoef(then, later.mean(axis=1))[0, 1]
    assert correlation == pytest.approx(0.70, abs=0.01)
    # The correlation less what noise takes off it, over the six years from 2016 to 2022.
    kept = (1 - noise**2 / then.var()) * (1 - noise**2 / 3 / later.mean(axis=1).var())
    assert (correlation / np.sqrt(kept)) ** (1 / 6) == pytest.approx(0.95, abs=0.01)


def test_the_slope_of_debt_is_the_reverse_regression_on_extremes(regions: Regions, figures: Figures):
    from sd_covid.analysis.local.indicators import mean_range

    profiles = make_profiles(figures, regions, 0.25)
    owned, weights = profiles.values["owner_occupied"], profiles.weights
    standard = (owned - weights @ owned) / np.sqrt(weights @ (owned - weights @ owned) ** 2)
    found = figures.of("problem_debt_hh_pct", method="edition 2020", level="municipality")
    country = next(
        item.value for item in figures.of("problem_debt_hh_pct", level="country") if item.period == "2020-10"
    )
    away = np.array([np.log(item.value / (100 - item.value)) for item in found])
    spread = np.ptp(away) / mean_range(355)
    away = away - np.log(country / (100 - country))
    there = standard[[regions.within(item.region)[0] for item in found]]
    # Where rows are chosen by their outcome, the regression of the covariate on it is not biased; turned round, it is
    # the slope times the variance of the outcome.
    slope = (there @ away) / (away @ away) * spread**2
    assert slope == pytest.approx(-0.3, abs=0.1)


ROW = {
    "region": "Zutphen",
    "series": "unemployment_rate_pct",
    "period": "2022",
    "value": "3.9",
    "unit": "% of labour force",
    "method": "own survey",
    "quality": "measured",
    "source": "made up",
    "definition_note": "made up, 15-74",
}


def _file(tmp_path: Path, *rows: dict[str, str]) -> Path:
    path = tmp_path / "monitor.csv"
    lines = [",".join(COLUMNS)] + [",".join(f'"{(ROW | row)[name]}"' for name in COLUMNS) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([{"definition_note": ""}], "monitor.csv:2: 'definition_note'"),
        ([{"region": "Zutfen"}], "did you mean 'Zutphen'"),
        ([{"series": "unemployment_rate"}], "did you mean 'unemployment_rate_pct'"),
        ([{"unit": "persons"}], "'persons' where the study has '% of labour force'"),
        ([{"period": "2022-13"}], "is no period"),
        ([{"value": "inf"}], "not a finite number"),
        ([{"value": "3,9"}], "not a number"),
        ([{"value": "-3"}], "monitor.csv:2: 'value': -3 lies outside 0 to 100 %"),
        ([{"value": "100.5"}], "100.5 lies outside 0 to 100 %"),
        ([{"period": "9999-Q1"}], "9999-Q1 has not begun"),
        ([{"series": "strongly lonely", "unit": "persons"}], "'strongly lonely' is projected in per cent"),
        ([{}, {"value": "4.0"}], "stands in line 2 too"),
        ([{"period": "2020"}, {}], "spans the break of 'unemployment_rate_pct' in 2021"),
        (
            [{"period": "2019", "method": "survey from 2021"}],
            "spans the break of 'unemployment_rate_pct' in 2021",
        ),
        ([{"region": "PV20", "method": "survey from 2021"}], "the study has 4 for Groningen in 2022"),
        ([], "has no figures"),
    ],
)
def test_a_monitor_that_cannot_be_trusted_is_refused(
    tmp_path: Path, regions: Regions, figures: Figures, rows: list[dict[str, str]], reason: str
):
    shown = ("unemployment_rate_pct", "strongly lonely")
    with pytest.raises(SdCovidError) as refused:
        prepare(_file(tmp_path, *rows), LOCAL, regions, figures, shown)
    assert reason in str(refused.value)


def test_a_monitor_is_added_and_read_back(tmp_path: Path, regions: Regions, figures: Figures):
    folder = tmp_path / "local"
    shutil.copytree(LOCAL, folder)
    rows = [{"period": "2020", "method": "before"}, {"period": "2022", "method": "after"}]
    addition = prepare(_file(tmp_path, *rows), folder, regions, figures, ("unemployment_rate_pct",))
    addition.file.write_text(addition.text.rstrip("\n"), encoding="utf-8")  # as some editors leave it
    again = read_figures(folder, regions)
    added = [item for item in again.all if item.definition.own]
    assert [(item.region.name, item.period, item.value) for item in added] == [
        ("Zutphen", "2020", 3.9),
        ("Zutphen", "2022", 3.9),
    ]
    # Shown, and kept out of what is estimated.
    assert len(again.of("unemployment_rate_pct")) == len(figures.of("unemployment_rate_pct"))
    with pytest.raises(DataError, match=r"the study has 3\.9"):
        prepare(_file(tmp_path, rows[1]), folder, regions, again, ("unemployment_rate_pct",))
    third = _file(tmp_path, {"period": "2023", "method": "after"})
    more = prepare(third, folder, regions, again, ("unemployment_rate_pct",))
    more.file.write_text(more.text, encoding="utf-8")
    assert 3 == sum(item.definition.own for item in read_figures(folder, regions).all)
