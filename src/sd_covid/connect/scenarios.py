"""Results as pyam's `IamDataFrame`: scenarios beside those of integrated-assessment models.

References
----------
Huppmann et al. (2021), pyam: analysis and visualisation of integrated-assessment scenarios, Open Research Europe 1, 74.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sd_covid.connect import library
from sd_covid.policy.sweep.iamc import to_iamc

if TYPE_CHECKING:
    import xarray as xr


def to_pyam(results: xr.Dataset, *, yearly: bool = True, scenario: str = "") -> Any:
    """Results as an `IamDataFrame`.

    Parameters
    ----------
    results : Dataset
        Of a run or of `sd_covid.open`: courses, of a model with a calendar.
    yearly : bool
        One value a year (`sd_covid.to_iamc` says which); otherwise every saved date.
    scenario : str
        What a run is called, which has no scenarios.

    Returns
    -------
    pyam.IamDataFrame
        Region Netherlands; draws, assumptions and statistics, where there are several, as further columns of the index.

    Raises
    ------
    RunError
        When pyam is not installed, or there is no calendar or no course.

    Notes
    -----
    pyam 4 holds with pandas below 3 and SQLAlchemy below 2.1. Where they cannot stand beside this package,
    ``to_iamc(results, yearly=True).to_excel("data.xlsx", sheet_name="data", index=False)`` makes what pyam reads
    elsewhere: ``pyam.IamDataFrame("data.xlsx")``.
    """
    pyam: Any = library("pyam", 'pyam-iamc" "sqlalchemy<2.1')
    return pyam.IamDataFrame(to_iamc(results, yearly=yearly, scenario=scenario))
