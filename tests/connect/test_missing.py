"""A library that is not installed: one line that says what to install."""

from __future__ import annotations

import sys

import pytest
import xarray as xr

from sd_covid import connect
from sd_covid.errors import RunError


@pytest.mark.parametrize(
    ("name", "missing", "extra"),
    [
        ("KernelModel", "ema_workbench", "sd-covid[ecosystem]"),
        ("petab_problem", "petab.v2", "sd-covid[ecosystem]"),
    ],
)
def test_a_class_of_a_library_that_is_missing(
    monkeypatch: pytest.MonkeyPatch, name: str, missing: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)  # an import of it fails, as where it is not installed
    for module in ("workbench", "interchange"):
        monkeypatch.delitem(sys.modules, f"sd_covid.connect.{module}", raising=False)
    with pytest.raises(RunError) as told:
        getattr(connect, name)
    assert str(told.value).startswith(f"{missing} cannot be loaded")
    assert str(told.value).endswith(f"pip install '{extra}'")


def test_pyam_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyam", None)
    with pytest.raises(RunError, match=r"pyam cannot be loaded .*pip install 'pyam-iamc"):
        connect.to_pyam(xr.Dataset())


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="no attribute 'to_vensim'"):
        _ = connect.to_vensim
