"""Sections on costs and benefits, who gains, and resilience: they say what the assessment says, in both languages."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from lxml import html

from sd_covid.cli.compare_written import write_tables
from sd_covid.data.text import Text
from sd_covid.errors import RunError
from sd_covid.policy.appraisal.assessment import Assessment, Catalogues
from sd_covid.policy.appraisal.assessment_tables import as_json, frames
from sd_covid.policy.appraisal.benefits import (
    Benefits,
    Effect,
    Partition,
    Uncertain,
    UnitValue,
    Unquantified,
    Within,
)
from sd_covid.policy.appraisal.resilience import Phase, Phases
from sd_covid.policy.catalogue.accounts import Accounts
from sd_covid.policy.catalogue.outputs import Output
from sd_covid.policy.catalogue.ranges import Range
from sd_covid.policy.comparison.spread import Spread
from sd_covid.report import write_report
from sd_covid.report.comparison.amounts import amount
from sd_covid.report.comparison.groups import groups_view
from sd_covid.report.comparison.mkba import mkba_view
from sd_covid.report.comparison.resilience import resilience_view
from sd_covid.report.comparison.returns import balance_sentence
from sd_covid.report.markup import render
from sd_covid.report.words.texts import Texts, all_texts

NONE = Text("geen", "none")
GROUP = Partition(
    Text("Groep", "Group"),
    {"regular": Text("regulier", "regular"), "vulnerable": Text("kwetsbaar", "vulnerable")},
    "vulnerable",
)
WORTH = UnitValue(
    Uncertain(11.0, Range(9.0, 13.0, 11.0, "uniform")), 2020, {"business": 1.0}, Text("pad", "path"),
    Text("bron van de waarde", "source of the value"), "C",
)  # fmt: skip
YEARS = Text("jaren", "years")
CATALOGUE = Benefits(
    {
        "debt": Effect("debt", Text("Schulden", "Debt"), YEARS, "debt", "households", "lower", True, WORTH),
        "jobs": Effect(
            "jobs", Text("Werk", "Work"), YEARS, "jobs", "", "higher",
            within=Within("debt", Text("hoe het telt", "how it counts")),
        ),
        "homes": Effect(
            "homes", Text("Dak", "Roof"), YEARS, "jobs", "", "higher", pm=Text("geen prijs <b>", "no price <b>")
        ),
    },
    {"group": GROUP},
    ((2020, 2024), (2025, 2035), (2036, 2050)),
    (Unquantified("−PM", Text("vrije tijd", "leisure")),),
    Text("Geen eindwaarde.", "No end value."),
)  # fmt: skip
PHASES = Phases(
    "no-corona", 0.1,
    (Phase("first", Text("Eerste golf", "First wave"), date(2020, 3, 1), NONE),
     Phase("after", Text("Daarna", "Afterwards"), date(2021, 1, 1), NONE)),
)  # fmt: skip


@pytest.fixture(scope="module")
def assessment(build) -> Assessment:
    comparison = build.comparison()
    debt = comparison.levels["households in problem debt"]
    people = np.ones_like(debt)
    kept = {"debt[regular]": 0.4 * debt, "debt[vulnerable]": 0.6 * debt}
    kept |= {"households[regular]": 6000.0 * people, "households[vulnerable]": 2000.0 * people}
    levers = dict(comparison.levers)
    levers["now"] = replace(
        levers["now"], accounts=Accounts({"national": 0.75, "insurers": 0.25}, {"business": 0.5})
    )
    whole = replace(
        comparison,
        levers=levers,
        levels=comparison.levels | kept,
        outputs=(*comparison.outputs, *(Output(name, NONE, "thousand", told=False) for name in kept)),
    )
    found = Assessment.of(whole, Catalogues(CATALOGUE, PHASES), 2030)
    assert found is not None
    return found


@pytest.fixture(scope="module", params=["nl", "en"])
def page(request, assessment):
    """The sections alone, in one language."""
    texts = Texts(request.param)
    views = {
        "mkba": mkba_view(assessment, texts),
        "groups": groups_view(assessment, texts),
        "resilience": resilience_view(assessment, texts),
    }
    sections = [
        render(
            f"comparison/sections/{name}.html.j2",
            (),
            texts,
            views | {"level": "adviser", "many": False, "main_first": list},
        )
        for name in ("mkba", "accounts", "groups", "resilience")
    ]
    return html.fromstring(f"<main>{''.join(sections)}</main>")


def text(node) -> str:
    return " ".join(node.text_content().split())


def test_the_sections_stand_after_costs_and_the_contents_lead_to_each(
    assessment, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "sd_covid.report.comparison.page.path_panels", lambda *_, **__: []
    )  # drawing charts takes long
    shown = assessment.comparison.told()
    file = write_report(shown, None, None, tmp_path / "report.html", "nl", assessment=assessment)
    whole = html.fromstring(file.read_text(encoding="utf-8"))
    ids = [section.get("id") for section in whole.iter("section")]
    at = ids.index("costs")
    assert ["mkba", "accounts", "groups", "resilience"] == ids[at + 1 : at + 5]
    assert [f"#{name}" for name in ids] == [link.get("href") for link in whole.xpath("//nav//a")]


def test_a_title_cannot_bring_markup_into_the_page(page) -> None:
    assert not page.xpath("//section[@id='mkba']//b")


def test_numbers_in_the_table_are_those_of_the_assessment(page, assessment) -> None:
    shown = [float(cell) for cell in page.xpath("//section[@id='mkba']//table[1]//@data-mean")]
    for table in assessment.tables.values():
        for spread in (table.costs, table.resources, table.value, table.balance, *table.balance_at.values()):
            assert spread.mean in shown
        for row in table.effects:
            assert row.total.mean in shown


def test_pm_stands_in_words_and_not_as_nil(page) -> None:
    said = text(page.get_element_by_id("mkba"))
    assert "PM niet meegeteld" in said or "Balance excluding PM" in said
    assert "−PM" in said
    assert "PM. geen prijs <b>" in said or "PM. no price <b>" in said
    assert "‘Schulden’. hoe het telt" in said or "‘Debt’. how it counts" in said


def test_price_level_base_year_horizon_and_end_value_are_said(page) -> None:
    said = text(page.get_element_by_id("mkba"))
    for part in ("2020", "2035"):
        assert part in said
    assert "Geen eindwaarde." in said or "No end value." in said
    assert "bron van de waarde" in said or "source of the value" in said


def test_the_accounts_add_up_to_the_balance(assessment) -> None:
    for table in assessment.tables.values():
        assert sum(row.net.mean for row in table.accounts) == pytest.approx(table.balance.mean, rel=1e-9)
        assert {"national", "insurers", "business"} == {row.payer for row in table.accounts}


def test_a_group_that_is_not_modelled_is_named(page) -> None:
    said = text(page.get_element_by_id("groups"))
    assert "Niet gemodelleerd naar deze groepen: werk en dak." in said or (
        "Not modelled by these groups: work and roof." in said
    )
    # 60 % of every change is that of the vulnerable, in every draw.
    assert "60 %" in said


def test_resilience_says_from_what_it_counts(page) -> None:
    said = text(page.get_element_by_id("resilience"))
    assert "maart 2020" in said or "March 2020" in said
    assert "AANNAME" in said or "ASSUMPTION" in said


@pytest.mark.parametrize(
    ("balance", "path", "said"),
    [
        ((100.0, 300.0), "", "yields 100 to 300 million euro on balance"),
        ((-300.0, -100.0), "", "costs 100 to 300 million euro on balance"),
        ((-300.0, 100.0), "", "It is uncertain whether benefits"),
        ((-30.0, 10.0), "", "are about equal"),  # within a tenth of costs of 1,000
        ((0.0, 0.0), "", "are about equal"),
        ((100.0, 300.0), "no-support", "society would be 100 to 300 million euro better off"),
    ],
)
def test_what_is_said_of_a_balance_follows_from_its_interval(
    assessment, balance: tuple[float, float], path: str, said: str
) -> None:
    def spread(low: float, high: float) -> Spread:
        return Spread((low + high) / 2, tuple(np.linspace(low, high, 7)), 9)

    table = replace(assessment.tables["no-support"], balance=spread(*balance), costs=spread(1000.0, 1000.0))
    assert said in balance_sentence(table, assessment.comparison, path, Texts("en"))


@pytest.mark.parametrize(
    ("sample", "finest", "mean", "interval"),
    [
        ([5.0, 5.0], 0.0, "5.00", ""),
        ([12345.0, 12345.0], 1.0, "12,300", ""),
        (
            [100.0, 204.0],
            1.0,
            "150",
            "(110 to 200)",
        ),  # mean 152; 5th and 95th percentile 105.2 and 198.8
        ([-0.004, 0.004], 0.01, "0", ""),
        ([0.0, 0.0], 1.0, "0", ""),
    ],
)
def test_amounts_are_rounded_to_what_the_interval_carries(
    sample: list[float], finest: float, mean: str, interval: str
) -> None:
    found = amount(Spread.of(np.array(sample)), Texts("en"), finest=finest)
    assert (mean, interval) == (found.mean, found.interval)


def test_the_path_without_the_crisis_is_no_package_but_losses_are_counted_from_it(
    assessment: Assessment,
) -> None:
    whole = assessment.comparison
    path = whole.scenarios[-1].id
    catalogues, shown = Catalogues(CATALOGUE, replace(PHASES, path=path)), whole.of_first(2)
    found, level, both = (
        Assessment.of(item, catalogues, 2030, other)
        for item, other in ((shown, whole), (shown, None), (whole, None))
    )
    assert found is not None
    assert level is not None
    assert both is not None
    assert [whole.scenarios[1].id] == list(found.tables) == list(found.groups)
    assert {path} == {item.against for item in found.resilience}
    assert {""} == {item.against for item in level.resilience}
    assert found.resilience == both.resilience
    assert [item.area for item in level.resilience] != [item.area for item in found.resilience]


def test_every_text_is_in_both_languages() -> None:
    for name, said in all_texts().items():
        assert said.nl, name
        assert said.en, name


def test_tables_hold_every_number_and_the_json_is_the_same(assessment) -> None:
    found = frames(assessment)
    money = found["costs_and_benefits"].set_index(["scenario", "kind", "row"])
    for name, table in assessment.tables.items():
        assert table.balance.mean == money.loc[(name, "total", "balance"), "mean"].item()
        spent = found["ledger"].query("scenario == @name")["value"].sum()
        assert spent == pytest.approx(table.appraisal.paid.sum(axis=(0, 2)).mean(), rel=1e-12)
    read = json.loads(as_json(assessment))
    assert list(found) == [name for name in read if isinstance(read[name], list)]
    again = pd.DataFrame(read["costs_and_benefits"])
    np.testing.assert_allclose(
        again["mean"].astype(float), found["costs_and_benefits"]["mean"], rtol=1e-13, atol=1e-15
    )  # 15 digits after the point


def test_tables_are_written_whole_or_refused(assessment, tmp_path: Path) -> None:
    write_tables(assessment, tmp_path / "tables")
    names = {"assessment.json", *(f"{name}.csv" for name in frames(assessment))}
    assert names == {file.name for file in (tmp_path / "tables").iterdir()}
    read = pd.read_csv(tmp_path / "tables" / "costs_and_benefits.csv")
    np.testing.assert_array_equal(frames(assessment)["costs_and_benefits"]["q95"], read["q95"])
    with pytest.raises(RunError, match="names no effects"):
        write_tables(None, tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_a_study_without_effects_is_not_assessed(build, tmp_path: Path) -> None:
    assert Assessment.of(build.comparison(), Catalogues.beside(tmp_path, ()), 2030) is None
