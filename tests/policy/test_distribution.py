"""Who gains. Expected values: by hand from two groups of known size."""

from __future__ import annotations

import numpy as np

from sd_covid.data.text import Text
from sd_covid.policy.appraisal.benefits import Benefits, Effect, Partition
from sd_covid.policy.appraisal.distribution import GroupTable, distribution
from tests.policy.ledgers import compared

NONE = Text()
PARTITIONS = {
    "group": Partition(NONE, {"regular": NONE, "vulnerable": NONE}, "vulnerable"),
    "age": Partition(NONE, {"youth": NONE, "adult": NONE}),
    "phase": Partition(NONE, {"primary": NONE}, "primary"),
}
ROUNDING = 1e-12


def tables() -> dict[str, GroupTable]:
    """Debt by group and age over two years; of 400 regular thousand and 100 vulnerable; 20 and 30 in debt before.

    The package takes 4 (regular) and 6 (vulnerable) off from the start.
    """
    shape = np.ones((2, 25))
    draws = np.array([[1.0], [1.5]])  # the second draw gains half as much more
    debt = {
        "debt[youth,regular]": (8 * shape, (8 - 1 * draws) * shape),
        "debt[adult,regular]": (12 * shape, (12 - 3 * draws) * shape),
        "debt[youth,vulnerable]": (10 * shape, (10 - 2 * draws) * shape),
        "debt[adult,vulnerable]": (20 * shape, (20 - 4 * draws) * shape),
        "households[regular]": (400 * shape,) * 2,
        "households[vulnerable]": (100 * shape,) * 2,
    }
    comparison = compared({"a": np.zeros((1, 1))}, {}, debt)
    effect = Effect("debt", NONE, NONE, "debt", "households", "lower", pm=NONE)
    found = distribution(comparison, Benefits({"debt": effect}, PARTITIONS), "package", 2021)
    return dict(zip(PARTITIONS, found, strict=True))


def test_groups_gain_in_total_and_per_person() -> None:
    regular, vulnerable = tables()["group"].rows
    # Two years of 4 and of 6, or half as much more: means 10 and 15.
    np.testing.assert_allclose((10.0, 15.0), (regular.total.mean, vulnerable.total.mean), rtol=ROUNDING)
    # Per thousand: 10 / 400 and 15 / 100.
    assert regular.per_person is not None
    assert vulnerable.per_person is not None
    np.testing.assert_allclose(
        (25.0, 150.0), (regular.per_person.mean, vulnerable.per_person.mean), rtol=ROUNDING
    )
    # 20 of 400 is 50 per thousand, 30 of 100 is 300; with the package 15 of 400 and 22.5 of 100 on average.
    assert regular.before is not None
    assert vulnerable.after is not None
    np.testing.assert_allclose((50.0, 225.0), (regular.before.mean, vulnerable.after.mean), rtol=ROUNDING)


def test_the_gap_narrows_and_most_of_the_gain_reaches_the_target_group() -> None:
    gap = tables()["group"].gap
    assert gap is not None
    np.testing.assert_allclose(300.0 - 50.0, gap.before.mean, rtol=ROUNDING)
    # With the package: (300 - 60 k) - (50 - 10 k) for k = 1 and 1.5.
    np.testing.assert_allclose(250.0 - 50.0 * 1.25, gap.after.mean, rtol=ROUNDING)
    np.testing.assert_allclose((-75.0, -50.0), (gap.change.interval[0] - 1.25, gap.change.interval[1] + 1.25))
    np.testing.assert_allclose(6.0, gap.ratio_before.mean, rtol=ROUNDING)
    np.testing.assert_allclose(15.0 / 25.0, gap.share.value, rtol=ROUNDING)


def test_groups_of_every_dimension_add_up_to_the_same_total() -> None:
    found = tables()
    totals = [sum(row.total.mean for row in found[name].rows) for name in ("group", "age")]
    np.testing.assert_allclose((25.0, 25.0), totals, rtol=ROUNDING)


def test_a_dimension_that_the_variable_lacks_is_told_as_not_modelled() -> None:
    phase = tables()["phase"]
    assert not phase.modelled
    assert phase.gap is None


def test_a_partition_without_target_has_no_gap() -> None:
    assert tables()["age"].gap is None
