"""A comparison of which every cost and effect is written down, for tests of what is counted from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np

from sd_covid.data.text import Text
from sd_covid.policy.catalogue.accounts import Accounts
from sd_covid.policy.catalogue.costs import Cost, CostLine, Prices
from sd_covid.policy.catalogue.levers import Lever, LeverSetting
from sd_covid.policy.catalogue.outputs import Output
from sd_covid.policy.comparison.scenarios import Comparison, Failure, Provenance
from sd_covid.policy.scenario import Scenario

NONE = Text()


def lever(name: str, accounts: Accounts, rule: str = "budget") -> Lever:
    cost = Cost(rule, NONE, "C", NONE, total=1.0)  # type: ignore[arg-type]
    setting = LeverSetting(1.0, date(2020, 1, 1), date(2021, 1, 1))
    return Lever(
        name, Text(name, name), NONE, {}, setting, 0.0, 1.0, "social", NONE, NONE, "national", cost, NONE, "C",
        accounts,
    )  # fmt: skip


def compared(
    costs: Mapping[str, np.ndarray],
    accounts: Mapping[str, Accounts],
    levels: Mapping[str, tuple[np.ndarray, np.ndarray]],
    *,
    first: int = 2020,
    prices: Prices | None = None,
    units: str = "thousand persons",
    failed: Sequence[int] = (),
) -> Comparison:
    """A null alternative ``null`` that costs nothing, and a ``package``.

    Parameters
    ----------
    costs : mapping
        Lever -> nominal path of the package, shape (member, year), from `first` on; NaN throughout: no price.
    accounts : mapping
        Lever -> accounts.
    levels : mapping
        Output -> paths of null and package, shape (member, month), saved on the first of every month from `first` on.
    failed : sequence of int
        Members that failed in the package.
    """
    months = next(iter(levels.values()))[0].shape[1] if levels else 13
    members = max([path.shape[0] for path in costs.values()] + [pair[0].shape[0] for pair in levels.values()])
    stamps = [date(first + month // 12, 1 + month % 12, 1) for month in range(months)]
    years = tuple(range(first, first + max([path.shape[1] for path in costs.values()], default=1)))
    lines = [
        CostLine(
            scenario, name, Text(name, name), NONE, "national", years,
            path if scenario == "package" else 0.0 * path, priced=not np.isnan(path).all(),
        )
        for scenario in ("null", "package")
        for name, path in costs.items()
    ]  # fmt: skip
    levers = {
        name: lever(name, accounts.get(name, Accounts()), "unpriced" if np.isnan(path).all() else "budget")
        for name, path in costs.items()
    }
    on = {name: item.actual for name, item in levers.items()}
    off = {name: LeverSetting(0.0, item.actual.start, item.actual.end) for name, item in levers.items()}
    return Comparison(
        scenarios=tuple(
            Scenario(name, Text(name, name), NONE, file=f"{name}.yaml", levers=settings)
            for name, settings in (("null", off), ("package", on))
        ),
        reference="null",
        outputs=tuple(Output(name, Text(name, name), units, told=False) for name in levels),
        time=np.arange(float(months)),
        date=np.array(stamps, dtype="datetime64[D]"),
        member=np.arange(members),
        levels={name: np.stack(pair) for name, pair in levels.items()},
        failures=tuple(Failure("package", member, "x", 0.0) for member in failed),
        costs=tuple(lines),
        prices=prices or Prices(level_year=first, base_year=first),
        levers=levers,
        assumptions={},
        varied=(),
        provenance=Provenance("written", "", "", "", 1),
    )
