"""The Python in the pages runs, from the first block of a page to the last."""

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.filterwarnings("ignore::DeprecationWarning:petab", "ignore::FutureWarning:petab")
@pytest.mark.filterwarnings("ignore:Estimated shape parameter of Pareto:UserWarning:arviz")
@pytest.mark.parametrize(
    "page", ["docs/running.md", "docs/figures.md", "docs/from-pysd.md", "docs/ecosystem.md", "README.md"]
)
def test_blocks_of_python_run(page, monkeypatch, tmp_path):
    monkeypatch.chdir(ROOT)
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)
    assert blocks
    script = tmp_path / "page.py"
    script.write_text("\n".join(blocks), encoding="utf-8")
    runpy.run_path(str(script))
