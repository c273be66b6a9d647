"""How levers and constants are set, in words. Expected: written here by hand."""

from datetime import date

import pytest

from sd_covid.data.text import Text
from sd_covid.policy.catalogue.levers import LeverSetting, Step
from sd_covid.policy.paths import AssumptionPath
from sd_covid.policy.scenario import Scenario
from sd_covid.report.comparison.packages import constants, setting_in_words
from sd_covid.report.words.texts import Texts

ACTUAL = LeverSetting(1.0, date(2020, 3, 1), date(2022, 4, 1), 100.0, "national")
NONE = Text("", "")


@pytest.mark.parametrize(
    ("setting", "nl", "en"),
    [
        (LeverSetting(0.0, *(ACTUAL.start, ACTUAL.end), 100.0), "niet ingezet", "not used"),
        (
            LeverSetting(1.0, ACTUAL.start, ACTUAL.end, 100.0, "national", target="vulnerable"),
            "zoals het was, van 1 maart 2020 tot 1 april 2022; alleen voor de kwetsbare groep",
            "as it was, from 1 March 2020 to 1 April 2022; for the vulnerable group alone",
        ),
        (
            LeverSetting(1.0, ACTUAL.start, ACTUAL.end, 100.0, then=(Step(date(2020, 10, 1), 0.5),)),
            "stand 1, van 1 maart 2020 tot 1 oktober 2020, stand 0,5, van 1 oktober 2020 tot 1 april 2022",
            "level 1, from 1 March 2020 to 1 October 2020, level 0.5, from 1 October 2020 to 1 April 2022",
        ),
        (
            LeverSetting(
                *(0.0, date(2020, 3, 1), date(2021, 1, 1), 60.0),
                later=(LeverSetting(1.0, date(2023, 1, 1), date(2024, 1, 1), 90.0, target="vulnerable"),),
            ),
            "stand 0, van 1 maart 2020 tot 1 januari 2021, stand 1, van 1 januari 2023 tot 1 januari 2024 "
            "(alleen voor de kwetsbare groep); budget 150 miljoen euro",
            "level 0, from 1 March 2020 to 1 January 2021, level 1, from 1 January 2023 to 1 January 2024 "
            "(for the vulnerable group alone); budget 150 million euro",
        ),
    ],
)
def test_a_setting_is_told_with_its_dates_and_for_whom(setting: LeverSetting, nl: str, en: str) -> None:
    assert nl == setting_in_words(setting, ACTUAL, Texts("nl"))
    assert en == setting_in_words(setting, ACTUAL, Texts("en"))


def test_constants_that_a_scenario_sets_itself_are_told() -> None:
    path = AssumptionPath("storm", NONE, NONE, constants={"wind": 3.0})
    steps = (Step(date(2025, 1, 1), None, 0.95), Step(date(2026, 1, 1), 2.5))
    scenario = Scenario(
        "trial", NONE, NONE, constants={"wind": 3.0, "rain": 7.0}, changes={"starts": steps}, path=path
    )
    expected = "Also set in the model: rain = 7; starts × 0.95 from 1 January 2025, = 2.5 from 1 January 2026"
    assert expected == constants(scenario, Texts("en"))
    assert "starts × 0,95 vanaf 1 januari 2025" in constants(scenario, Texts("nl"))
    assert "" == constants(Scenario("none", NONE, NONE), Texts("en"))
