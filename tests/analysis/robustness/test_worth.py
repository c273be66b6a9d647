"""Value for money by hand, and its identities: the envelope of expected loss is the value of perfect information."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sd_covid.analysis.information.value import perfect
from sd_covid.analysis.robustness.worth import Lead, leading, net_benefit, worth


def test_curves_by_hand() -> None:
    # Two packages, two draws: nothing, and 1 or 3 units for 4.
    effect, cost = np.array([[0.0, 0.0], [1.0, 3.0]]), np.array([[0.0, 0.0], [4.0, 4.0]])
    found = worth(effect, cost, np.arange(5.0))
    assert found.leads == (Lead(0, 0.0, 2.0), Lead(1, 2.0, np.inf))
    # At 1: benefits -3, -1: never. At 2: -2, 2: in one draw of two; forgone by nothing 1 on average, by the package 1.
    # At 3: -1, 5.
    np.testing.assert_allclose(found.acceptable[1], [1, 0])
    np.testing.assert_allclose(found.acceptable[2], [0.5, 0.5])
    np.testing.assert_allclose(found.loss[2], [1, 1])
    np.testing.assert_allclose(found.loss[3], [2.5, 0.5])
    assert found.frontier[1] == 0
    assert found.frontier[3] == 1


def test_a_dominated_package_and_one_dominated_by_extension_never_lead() -> None:
    # effect and cost: null; A 1 for 1; B 2 for 10 (above the line from A to C); C 3 for 5; D 1 for 2 (dominated by A).
    found = leading(np.array([0.0, 1, 2, 3, 1]), np.array([0.0, 1, 10, 5, 2]))
    assert found == (Lead(0, 0.0, 1.0), Lead(1, 1.0, 2.0), Lead(3, 2.0, np.inf))


def test_a_package_that_saves_and_does_more_leads_everywhere() -> None:
    assert leading(np.array([0.0, 2.0]), np.array([0.0, -1.0])) == (Lead(1, 0.0, np.inf),)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=1, max_size=5))
def test_ranges_agree_with_the_highest_line_everywhere(packages: list[tuple[int, int]]) -> None:
    effect, cost = np.array(packages, dtype=float).T
    leads = leading(effect, cost)
    assert leads[0].low == 0
    assert leads[-1].high == np.inf
    for lead in leads:
        inside = lead.low + 1 if lead.high == np.inf else (lead.low + lead.high) / 2
        benefit = net_benefit(effect, cost, inside)
        assert benefit[lead.package] >= benefit.max() - 1e-9  # crossings are ratios of whole numbers


def test_the_envelope_of_expected_loss_is_the_value_of_perfect_information() -> None:
    rng = np.random.default_rng(5)
    effect, cost = rng.normal(size=(2, 4, 300))
    found = worth(effect, cost, np.linspace(0, 2, 3))
    for place in range(3):
        benefit = net_benefit(effect, cost, float(found.values[place]))
        assert found.loss[place].min() == pytest.approx(perfect(benefit.T).raw, rel=1e-12)
        assert found.frontier[place] == benefit.mean(axis=1).argmax()


def test_values_reach_beyond_every_change_of_leader() -> None:
    found = worth(np.array([[0.0, 0.0], [1.0, 3.0]]), np.array([[0.0, 0.0], [4.0, 4.0]]))
    assert found.values[0] == 0
    assert found.values[1] == pytest.approx(2 / 5)
    assert found.values[-1] == pytest.approx(2 * 5)
