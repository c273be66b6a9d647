"""``.sd`` of every xarray Dataset: what is asked of results most, in a word.

Importing this imports nothing heavy; `on_import` has it registered when xarray is first imported, whoever imports it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

from sd_covid.errors import RunError, UnknownNameError, suggest

if TYPE_CHECKING:
    from importlib.abc import Loader
    from importlib.machinery import ModuleSpec

    import xarray as xr
    from matplotlib.figure import Figure

#: Dimensions over which results are uncertain: members of a run; draws and sets of assumptions of a sweep.
_UNCERTAIN = ("member", "draw", "assumption")


class Results:
    """Results of a run or a sweep; ``run.sd`` makes one.

    Parameters
    ----------
    results : xarray.Dataset
    """

    def __init__(self, results: xr.Dataset) -> None:
        self._results = results

    @property
    def units(self) -> dict[str, str]:
        """Unit of every variable, as its model has it."""
        return {str(name): str(item.attrs.get("units", "")) for name, item in self._results.data_vars.items()}

    def to_year(self) -> xr.Dataset:
        """One value for each calendar year that lies in the run as a whole.

        Returns
        -------
        Dataset
            Dimension ``year`` in place of ``time``: the mean over the months of a variable whose ``reading`` is
            ``mean``, else the value at the year's end, as in `sd_covid.to_iamc`. Variables without a course are left
            out.

        Raises
        ------
        RunError
            When there is no calendar, no course, or no whole year.
        """
        from sd_covid.policy.sweep.iamc import by_year

        found = self._results
        if "date" not in found.coords:
            raise RunError(
                "there are no dates", advice="give the model a calendar: {origin: 2015-01, unit: month}"
            )
        courses = [name for name, item in found.data_vars.items() if "time" in item.dims]
        if not courses:
            raise RunError("there is no course to take years of", advice="run without over_time")
        return found[courses].map(by_year, keep_attrs=True).rename(time="year")

    def difference(self, baseline: str | xr.Dataset) -> xr.Dataset:
        """How much more of everything there is than in a baseline, member by member.

        Parameters
        ----------
        baseline : str or Dataset
            A scenario of these results, which is left out of what comes; or another run of the same members.

        Returns
        -------
        Dataset
            Paired: a member is compared with itself, on the same draw and the same noise.

        Raises
        ------
        UnknownNameError
            For a scenario that is not there.
        RunError
            For results of another model, seed, members or times.
        """
        found = self._results
        if isinstance(baseline, str):
            known = [str(item) for item in found["scenario"].to_numpy()] if "scenario" in found.dims else []
            if baseline not in known:
                advice = (
                    suggest(baseline, known) or f"choose of {', '.join(known) or 'results with scenarios'}"
                )
                raise UnknownNameError(f"there is no scenario '{baseline}'", advice=advice, variable=baseline)
            other = found.sel(scenario=baseline, drop=True)
            found = found.sel(scenario=[name for name in known if name != baseline])
        else:
            other = baseline
            _refuse_unpaired(found, other)
        courses = [name for name, item in found.data_vars.items() if name in other and item.dtype.kind == "f"]
        made = found[courses] - other[courses]
        for name in courses:
            made[name].attrs = dict(found[name].attrs)
        return made.assign_attrs(found.attrs)

    def bands(self, probabilities: Sequence[float] = (0.05, 0.5, 0.95)) -> xr.Dataset:
        """Quantiles over members, draws and sets of assumptions.

        Parameters
        ----------
        probabilities : sequence of float
            Between 0 and 1.

        Returns
        -------
        Dataset
            Dimension ``quantile`` first. A member that failed makes it NaN.

        Raises
        ------
        RunError
            For results of a single run.
        """
        dims = [dim for dim in _UNCERTAIN if dim in self._results.dims]
        if not dims:
            raise RunError("a single run has no bands", advice="run with a DataFrame of parameters")
        return self._results.quantile(list(probabilities), dims, skipna=False, keep_attrs=True)

    def fan(self, variable: str, **options: Any) -> Figure:
        """`sd_covid.figures.fan` of a variable, with its options; draws of a sweep are members."""
        from sd_covid.figures import fan

        found = self._results
        dims = [dim for dim in _UNCERTAIN if dim in found.dims]
        if dims and dims != ["member"]:
            found = found.stack(member=dims, create_index=False)
        return fan(found, variable, **options)


def _refuse_unpaired(found: xr.Dataset, other: xr.Dataset) -> None:
    """Two results that are not of the same members at the same times."""
    for name in ("model_hash", "seed"):
        if found.attrs.get(name) != other.attrs.get(name):
            what = "another model" if name == "model_hash" else "another seed"
            raise RunError(f"the baseline was run with {what}", advice="run both alike")
    for dim in ("member", "time"):
        mine, theirs = (item.indexes.get(dim) for item in (found, other))
        if (mine is None) != (theirs is None) or (mine is not None and not mine.equals(theirs)):
            raise RunError(
                f"the baseline has another '{dim}'", advice="run both with the same members and times"
            )


def register(xarray: ModuleType) -> None:
    """Give every Dataset its ``.sd``."""
    if not hasattr(xarray.Dataset, "sd"):
        xarray.register_dataset_accessor("sd")(Results)


def on_import() -> None:
    """Register as soon as xarray is there: now, or when it is first imported."""
    if "xarray" in sys.modules:
        register(sys.modules["xarray"])
    else:
        sys.meta_path.insert(0, _Waiting())


class _Waiting:
    """Finds nothing itself; steps aside when xarray is asked for, and registers when it is loaded."""

    def find_spec(self, fullname: str, path: Any, target: ModuleType | None = None) -> ModuleSpec | None:
        if fullname != "xarray":
            return None
        sys.meta_path.remove(self)
        spec = find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = cast("Loader", _Registering(spec.loader))
        return spec


class _Registering:
    """A loader that registers when its module has been executed; all else is the other loader's.

    It and `_Waiting` are what the import system asks for without saying so: ``importlib.abc`` takes long to import.
    """

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        if module.__spec__ is not None:
            module.__spec__.loader = module.__loader__ = self._loader
        self._loader.exec_module(module)
        register(module)
