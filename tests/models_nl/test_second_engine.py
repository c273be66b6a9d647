"""Every sector, as it stands in its file, agrees with PySD.

Two windows of six steps of a month: one through spring 2020, when every shock and lever acts, one
through the end of the figures, when the assumption paths begin. PySD needs up to a second a step, so
it does not run the whole horizon here; and several to translate a sector, which is done once for both.
"""

from __future__ import annotations

import itertools
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

import sd_covid
from tests.models_nl.conftest import MODELS, SECTORS

pytestmark = [
    pytest.mark.filterwarnings("ignore:The inplace keyword in DataFrame.set_index:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:chardet.universaldetector is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:[\\s\\S]*Data value missing or non-valid:UserWarning"),
    pytest.mark.filterwarnings("ignore:[\\s\\S]*extrapolating data:UserWarning"),
]


@pytest.fixture(scope="module", params=SECTORS)
def translated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sector's file in a folder of its own, with the code that PySD makes of it beside it."""
    import pysd  # warns when it is imported: see the filters above

    folder = tmp_path_factory.mktemp("second-engine")
    for name in (f"{request.param}.mdl", "drivers.csv"):
        shutil.copy(MODELS / name, folder)
    path = folder / f"{request.param}.mdl"
    pysd.read_vensim(str(path), initialize=False)
    return path


def _window(translated: Path, start: int, folder: Path) -> tuple[Path, Path]:
    """The sector's file with other time bounds, and PySD's code of it with the same."""
    text = translated.read_text(encoding="utf-8")
    code = translated.with_suffix(".py").read_text(encoding="utf-8")
    for name, value in (("INITIAL TIME", start), ("FINAL TIME", start + 6), ("TIME STEP", 1)):
        text, changed = re.subn(rf"^{name} =\n\t[\d.]+$", f"{name} =\n\t{value}", text, flags=re.M)
        code, theirs = re.subn(
            rf'("{name.lower().replace(" ", "_")}": lambda:) [\d.]+,', rf"\1 {value},", code
        )
        assert (1, 1) == (changed, theirs), name
    shutil.copy(MODELS / "drivers.csv", folder)
    path = folder / translated.name
    path.write_text(text, encoding="utf-8")
    path.with_suffix(".py").write_text(code, encoding="utf-8")
    return path, path.with_suffix(".py")


@pytest.mark.parametrize("start", [61, 132], ids=["spring 2020", "end of the figures"])
def test_agrees_with_pysd_on_every_variable(translated: Path, start: int, tmp_path: Path) -> None:
    import pysd

    path, code = _window(translated, start, tmp_path)
    ours = sd_covid.load(path).run()
    theirs = pysd.load(str(code)).run()
    assert [start, start + 6] == list(theirs.index[[0, -1]])
    compared = 0
    for name, values in ours.data_vars.items():
        dimensions = [d for d in values.dims if d != "time"]
        for place in itertools.product(*(values[d].values for d in dimensions)):
            column = f"{name}[{','.join(place)}]" if dimensions else name
            mine = values.sel(dict(zip(dimensions, place, strict=True))).values
            # round-off of six steps: a few units in the last place of the larger terms
            np.testing.assert_allclose(
                mine, theirs[column].to_numpy(float), rtol=1e-9, atol=1e-9, err_msg=column
            )
            compared += 1
    assert compared > 150
