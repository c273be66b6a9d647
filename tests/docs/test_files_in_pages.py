"""The files that the pages show are read as they stand: by the reader of their kind, in a copy of the Dutch study.

Where a page shows a part, the rest is what the study has. A block without a reader here fails the last test.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import sd_covid
from tests.docs.blocks import ROOT, Block, blocks

SHOWN = [block for block in blocks() if block.language in ("yaml", "csv", "tsv")]
Read = Callable[["Place", str], object]


class Place:
    """A copy of the study, and its model."""

    def __init__(self, root: Path) -> None:
        for folder in ("models", "scenarios", "calibration"):
            shutil.copytree(ROOT / folder, root / folder)
        self.root = root
        self.model = sd_covid.load(ROOT / "models" / "netherlands.yaml")

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def beside(self, name: str, text: str, drop: tuple[str, ...] = ()) -> Path:
        """A file of the study with the keys of a text in the place of its own."""
        whole = yaml.safe_load((self.root / name).read_text(encoding="utf-8"))
        whole = {key: value for key, value in whole.items() if key not in drop} | yaml.safe_load(text)
        return self.write(
            f"{Path(name).parent}/shown.yaml", yaml.safe_dump(whole, sort_keys=False, allow_unicode=True)
        )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("study"))


def _scenario(place: Place, text: str) -> object:
    from sd_covid.policy.scenario import read_scenario

    shown = yaml.safe_load(text)
    shown = {"title": {"nl": "A", "en": "A"}, "rationale": {"nl": "A", "en": "A"}} | shown
    path = place.write("scenarios/shown.yaml", yaml.safe_dump(shown, sort_keys=False, allow_unicode=True))
    return read_scenario(path, place.model).settings


def _sweep(place: Place, text: str) -> object:
    from sd_covid.policy.sweep.plan import read_sweep

    if "model:" in text:
        return read_sweep(place.write("scenarios/sweeps/shown.yaml", text), place.model)
    return read_sweep(place.beside("scenarios/sweeps/canonical.yaml", text), place.model)


def _sensitivity(place: Place, text: str) -> object:
    from sd_covid.analysis.sensitivity.plan_file import read_plan

    return read_plan(place.write("scenarios/shown.yaml", text), place.model)


def _robust(place: Place, text: str) -> object:
    from sd_covid.analysis.robustness.plan_file import read_plan

    return read_plan(place.write("scenarios/shown.yaml", text), place.model)


def _optimise(place: Place, text: str) -> object:
    from sd_covid.analysis.optimisation.plan_file import read_plan

    both = "\n".join(block.text for block in SHOWN if block.page == "docs/optimisation.md")
    assert text in both  # what may be decided and what is better belong together
    return read_plan(place.beside("scenarios/optimise.yaml", both, drop=("scenarios", "levers")), place.model)


def _simulator(place: Place, text: str) -> object:
    from sd_covid.report.simulator.declaration import read_declaration

    shutil.copy(ROOT / "tests" / "models" / "sir.mdl", place.root / "models" / "epidemic.mdl")
    return read_declaration(place.write("shown.yaml", text)).title.en


def _benefits(place: Place, text: str) -> object:
    from sd_covid.policy.appraisal.benefits_file import read_benefits

    shown = yaml.safe_load(text)["effects"]
    whole: Any = yaml.safe_load((ROOT / "scenarios" / "benefits.yaml").read_text(encoding="utf-8"))
    (name,) = shown
    whole["effects"] |= shown
    path = place.write(
        "scenarios/benefits-shown.yaml", yaml.safe_dump(whole, sort_keys=False, allow_unicode=True)
    )
    return [
        effect
        for effect in read_benefits(path).effects
        if effect == name or getattr(effect, "id", "") == name
    ]


def _checks(place: Place, text: str) -> object:
    from sd_covid.analysis.passport.declarations import read_declarations

    place.write("models/checks.yaml", text)
    return read_declarations(sd_covid.load(place.root / "models" / "netherlands.yaml").model)


def _loops(place: Place, text: str) -> object:
    from sd_covid.analysis.passport.loops_file import read_loops

    place.write("models/loops.yaml", text)
    return read_loops(sd_covid.load(place.root / "models" / "netherlands.yaml").model)


def _variant(place: Place, text: str) -> object:
    path = ROOT / "models" / "netherlands-lite.yaml"
    whole: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    for key, shown in yaml.safe_load(text).items():
        own = whole.get(key)
        whole[key] = own | shown if isinstance(own, dict) else own + shown if isinstance(own, list) else shown
    path = place.write("models/shown.yaml", yaml.safe_dump(whole, sort_keys=False, allow_unicode=True))
    return sd_covid.load(path).model.variables


def _soft_facts(place: Place, text: str) -> object:
    from sd_covid.calibration.problem.petab import read_problem

    whole: Any = yaml.safe_load((ROOT / "calibration" / "problem.yaml").read_text(encoding="utf-8"))
    whole["extensions"]["sd_covid"]["soft_facts"] = yaml.safe_load(text)["soft_facts"]
    path = place.write("calibration/shown.yaml", yaml.safe_dump(whole, sort_keys=False, allow_unicode=True))
    return read_problem(path).extension.facts


def _problem(place: Place, text: str) -> object:
    from sd_covid.calibration.problem.petab import read_problem

    for kind, first in (("priors", "parameters"), ("noise", "observables")):
        head = (ROOT / "calibration" / f"{first}.tsv").read_text(encoding="utf-8").splitlines()[0]
        place.write(f"calibration/variants/{kind}.tsv", head + "\n")
    return read_problem(place.write("calibration/variants/shown.yaml", text)).parameters


def _series(place: Place, text: str) -> object:
    from sd_covid.cli.app import execute

    place.write("own.csv", "series,period,value,unit\ntown_clients,2023-01,120,clients of the desk\n")
    place.write("own.yaml", text)
    series = str(place.root / "calibration" / "series")
    return execute(["data", "add", str(place.root / "own.csv"), "--folder", series, "--dry-run"]) == 0


def _refresh(place: Place, text: str) -> object:
    from sd_covid.data import read_registry

    registry = place.root / "calibration" / "series" / "registry.yaml"
    before = registry.read_text(encoding="utf-8")
    head = next(part for part in before.split("\n  ") if part.startswith("problem_debt_hh_share_A:"))
    registry.write_text(before.replace(head, head.rstrip() + "\n" + text.rstrip()), encoding="utf-8")
    try:
        return read_registry(registry.parent).series("problem_debt_hh_share_A").refresh
    finally:
        registry.write_text(before, encoding="utf-8")


def _stacking(place: Place, text: str) -> object:
    from sd_covid.analysis.stacking.definition import read_definition
    from sd_covid.analysis.stacking.published import read_published

    file = place.write("stapelingsmonitor.csv", text.replace("…", "25"))  # four combinations make up 100 %
    return read_published(file, read_definition(place.root / "scenarios" / "stacking.yaml"))


def _monitor(place: Place, text: str) -> object:
    from sd_covid.data.local.monitor import read_monitor
    from sd_covid.data.local.regions import read_regions

    regions = read_regions(place.root / "calibration" / "local" / "regions.csv")
    return read_monitor(place.write("monitor.csv", text.replace("…", "12.5")), regions)


#: Page -> reader of each of its files, in order; one for all where they are of one kind.
READERS: dict[str, list[Read]] = {
    "docs/calibration.md": [_soft_facts, _problem],
    "docs/costs-and-benefits.md": [_benefits],
    "docs/local.md": [_monitor],
    "docs/optimisation.md": [_optimise, _optimise],
    "docs/passport.md": [_checks, _loops],
    "docs/refresh.md": [_refresh],
    "docs/robustness.md": [_robust],
    "docs/scenarios.md": [_scenario] * 6,
    "docs/sensitivity.md": [_sensitivity],
    "docs/series.md": [_series],
    "docs/simulator.md": [_simulator],
    "docs/stacking.md": [_stacking],
    "docs/sweeps.md": [_sweep, _sweep],
    "docs/variants.md": [_variant],
}


def _cases() -> Iterator[tuple[Block, Read]]:
    for page, readers in READERS.items():
        yield from zip([one for one in SHOWN if one.page == page], readers, strict=True)


@pytest.mark.parametrize(("block", "read"), [pytest.param(*case, id=str(case[0])) for case in _cases()])
def test_a_file_in_a_page_is_read(block: Block, read: Read, place: Place) -> None:
    assert read(place, block.text)


def test_every_file_in_the_pages_has_a_reader_or_is_used_by_its_page() -> None:
    """Files that a tutorial has its reader save are used by its commands (`test_pages`)."""
    left = [str(block) for block in SHOWN if block.page not in READERS and not block.file]
    assert left == []
