"""What is read: every kind of file that a stranger may hand over, with sound ones from which mutations start.

Studies of a few lines that other tests use are laid out once; a mutated file takes the place of one of theirs, and the
reader that a command would call reads it, as far as the point where the engine would begin.
"""

from __future__ import annotations

import functools
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sd_covid
from tests.analysis.optimisation import town as search_town
from tests.analysis.robustness import conftest as robust_town
from tests.analysis.sensitivity import conftest as toy_town
from tests.data.conftest import FIGURES, REGISTRY
from tests.fuzz import seeds

TESTS = Path(__file__).parents[1]
STUDY = TESTS.parent


@dataclass(frozen=True)
class Target:
    """A kind of file.

    Attributes
    ----------
    name : str
    path : Path
        Where an input is put.
    read : callable
        Reads it there.
    sound : tuple of bytes
        Inputs that can be read.
    mends : bool
        Whether the reader cuts off in the file what an interruption left half-written.
    """

    name: str
    path: Path
    read: Callable[[Path], object]
    sound: tuple[bytes, ...]
    mends: bool = False


def targets(root: Path) -> list[Target]:
    """Lay out the studies in an empty folder, and say what is read in them."""
    return [*_models(root), *_scenarios(root), *_plans(root), *_problems(root), *_tables(root), *_kept(root)]


def _sound(paths: Iterable[Path], most: int = 12_000) -> tuple[bytes, ...]:
    """Files as inputs, the large ones cut at a line: they only take longer."""
    return tuple(_cut(path.read_bytes(), most) for path in paths)


def _cut(raw: bytes, most: int) -> bytes:
    return (
        raw if len(raw) <= most or raw.startswith((b"PK", b"PAR1")) else raw[: raw.rfind(b"\n", 0, most) + 1]
    )


def _folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path


def _models(root: Path) -> Iterator[Target]:
    from sd_covid.model.external.data_files import read_series

    folder = _folder(root / "models" / "models")
    for name in ("external_constants.csv", "data_series.csv"):
        shutil.copy(TESTS / "models" / name, folder)
    mdl = tuple(path.read_bytes() for path in sorted((TESTS / "models").glob("*.mdl")))
    yield Target("model in Vensim's form", folder / "fuzzed.mdl", _model, (*mdl, *seeds.MDL))
    yield Target("model in XMILE", folder / "fuzzed.xmile", _model, (*_as_xmile(), *seeds.XMILE))
    (folder / "sir.mdl").write_bytes((TESTS / "models" / "sir.mdl").read_bytes())
    yield Target("coupled model", folder / "fuzzed.yaml", _model, seeds.COUPLED)
    yield Target("series beside a model, text", folder / "fuzzed.dat", read_series, seeds.DAT)
    yield Target("series beside a model, csv", folder / "fuzzed.csv", read_series, seeds.SERIES_CSV)
    yield Target(
        "series beside a model, workbook", folder / "fuzzed.xlsx", read_series, (seeds.workbook_of_series(),)
    )


def _model(path: Path) -> None:
    """Read, write and lower a model: all that happens before a kernel is compiled."""
    from sd_covid.engine.lower.model import lower
    from sd_covid.model import read
    from sd_covid.model.units.check import check_units
    from sd_covid.model.write.mdl import mdl_text
    from sd_covid.model.write.xmile import xmile_text

    model = read(path)
    check_units(model)
    for use in (mdl_text, xmile_text, lower):
        try:
            use(model)
        except sd_covid.errors.SdCovidError:  # what one form cannot hold, another can
            continue


def _as_xmile() -> Iterator[bytes]:
    from sd_covid.model import read
    from sd_covid.model.write.xmile import xmile_text

    for name in ("sir", "delay", "mapping", "lookups", "functions"):
        yield xmile_text(read(TESTS / "models" / f"{name}.mdl")).encode()


def _scenarios(root: Path) -> Iterator[Target]:
    from sd_covid.policy.appraisal.benefits_file import read_benefits
    from sd_covid.policy.appraisal.resilience import read_phases
    from sd_covid.policy.catalogue.assumptions import read_assumptions
    from sd_covid.policy.catalogue.evidence import read_evidence
    from sd_covid.policy.catalogue.levers import read_levers
    from sd_covid.policy.catalogue.outputs import read_outputs
    from sd_covid.policy.paths import read_path
    from sd_covid.policy.scenario import read_scenario
    from sd_covid.policy.study import Study
    from sd_covid.policy.titles import read_titles

    town = robust_town.made(root / "town")
    simulation = sd_covid.load(town / "models" / "town.yaml")
    folder = town / "scenarios"
    study = Study.beside(folder / "actual.yaml", simulation)
    read = functools.partial(read_scenario, simulation=simulation, study=study)
    yield Target("scenario", folder / "fuzzed.yaml", read, seeds.SCENARIOS)
    yield Target("levers", folder / "fuzzed-levers.yaml", read_levers, (robust_town.LEVERS.encode(),))
    yield Target(
        "assumptions",
        folder / "fuzzed-assumptions.yaml",
        read_assumptions,
        (robust_town.ASSUMPTIONS.encode(),),
    )
    outputs = (robust_town.OUTPUTS.encode(), search_town.OUTPUTS.encode())
    yield Target("outputs", folder / "fuzzed-outputs.yaml", read_outputs, outputs)
    path = functools.partial(read_path, study=study)
    yield Target("path", folder / "paths" / "fuzzed.yaml", path, (robust_town.PATH.format("A", 2).encode(),))
    cited, more = _cited(root), root / "cited" / "scenarios"
    benefits = _sound([STUDY / "scenarios/benefits.yaml"], 10**6)
    yield Target("benefits", more / "benefits.yaml", read_benefits, benefits)
    yield Target("phases", more / "phases.yaml", read_phases, _sound([STUDY / "scenarios/phases.yaml"]))
    titles = functools.partial(_above, read_titles)
    yield Target(
        "titles", town / "models" / "titles.yaml", titles, _sound([STUDY / "models/titles.yaml"], 4000)
    )
    yield Target(
        "evidence", cited / "fuzzed.csv", read_evidence, _sound([STUDY / "models/evidence.csv"], 4000)
    )
    yield Target("scenario as a workbook", folder / "fuzzed.xlsx", read, (seeds.workbook_of_scenario(study),))


def _cited(root: Path) -> Path:
    """The models' folder of a study with sources to cite."""
    folder = _folder(root / "cited" / "models")
    _folder(root / "cited" / "scenarios")
    for name in ("references.csv", "evidence.csv"):
        shutil.copy(STUDY / "models" / name, folder)
    return folder


def _above(read: Callable[[Path], object], path: Path) -> object:
    return read(path.parent.parent)


def _plans(root: Path) -> Iterator[Target]:
    from sd_covid.analysis.optimisation.plan_file import read_plan as read_search
    from sd_covid.analysis.robustness.plan_file import read_plan as read_robust
    from sd_covid.analysis.sensitivity.plan_file import read_plan as read_sensitivity
    from sd_covid.policy.sweep import read_sweep
    from sd_covid.report.simulator.declaration import read_declaration

    town = root / "town" / "scenarios"
    simulation = sd_covid.load(root / "town" / "models" / "town.yaml")
    yield Target("sweep", town / "sweep.yaml", _plan(read_sweep, simulation), seeds.SWEEPS)
    yield Target(
        "robust", town / "fuzzed-robust.yaml", _plan(read_robust, simulation), (robust_town.ROBUST.encode(),)
    )
    search = search_town.laid_out(root / "search")
    other = sd_covid.load(root / "search" / "models" / "town.mdl")
    yield Target("search", search, _plan(read_search, other), (search_town.PLAN.encode(),))
    folder = _folder(root / "toy" / "scenarios")
    for name, text in (
        ("levers", toy_town.LEVERS), ("assumptions", toy_town.ASSUMPTIONS), ("outputs", toy_town.OUTPUTS),
        ("actual", toy_town.HEAD), ("none", toy_town.HEAD + "levers: {subsidy: {level: 0}}\n"),
    ):  # fmt: skip
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    _folder(root / "toy" / "models").joinpath("toy.mdl").touch()
    plan = _plan(read_sensitivity, toy_town.Toy())
    yield Target("sensitivity", folder / "sensitivity.yaml", plan, (toy_town.PLAN.encode(),))
    yield Target("simulator", town / "simulator.yaml", read_declaration, seeds.SIMULATORS)


def _plan(read: Callable[..., object], simulation: Any) -> Callable[[Path], object]:
    from sd_covid.policy.reading import named_model

    def plan(path: Path) -> object:
        named_model(path)
        return read(path, simulation)

    return plan


def _problems(root: Path) -> Iterator[Target]:
    from sd_covid.calibration import vensim_setup as vensim
    from sd_covid.calibration.problem.lint import check_model, check_tables
    from sd_covid.calibration.problem.petab import read_problem

    noises = shutil.copytree(TESTS / "calibration" / "noises", root / "noises" / "calibration")
    simulation = sd_covid.load(noises / "drain.mdl")

    def problem(_: Path) -> None:
        found = read_problem(noises / "problem.yaml")
        list(check_tables(found))
        list(check_model(found, simulation))

    for path in sorted([*noises.glob("*.tsv"), noises / "problem.yaml"]):
        yield Target(f"problem, {path.name}", path, problem, (path.read_bytes(),))

    def variant(path: Path) -> object:
        return read_problem(path)

    fuzzed = noises / "variants" / "memory.yaml"
    yield Target("variant of a problem", fuzzed, variant, (fuzzed.read_bytes(),))
    folder = _folder(root / "vensim")
    (folder / "halving.mdl").write_text(seeds.HALVING, encoding="utf-8")
    halving = sd_covid.load(folder / "halving.mdl")

    def changes(path: Path) -> object:
        return vensim.settings(vensim.read_changes(path), halving)

    for name, read, sound in (
        ("fuzzed.cin", changes, seeds.CIN),
        ("fuzzed.voc", vensim.read_control, seeds.VOC),
        ("fuzzed.vpd", vensim.read_payoff, seeds.VPD),
        ("fuzzed.vsc", vensim.read_design, seeds.VSC),
        ("fuzzed.lst", vensim.read_save_list, seeds.LST),
    ):
        yield Target(f"Vensim's {name[-4:]}", folder / name, read, sound)


def _tables(root: Path) -> Iterator[Target]:
    from sd_covid.analysis.passport.reference_modes import read_figures
    from sd_covid.analysis.reference_output import read_reference
    from sd_covid.analysis.stacking.definition import read_associations, read_definition
    from sd_covid.analysis.stacking.figures import read_figures as read_stacking_figures
    from sd_covid.data import read_registry
    from sd_covid.data.local.regions import read_regions
    from sd_covid.data.references import read_references
    from sd_covid.marvel.read import read_diagram
    from sd_covid.marvel.session.read import read_session
    from sd_covid.marvel.session.seeds import read_seeds
    from sd_covid.marvel.signals import read_signals

    folder, cited = _folder(root / "tables"), _cited(root)
    series = _folder(root / "series")
    (series / "registry.yaml").write_text(REGISTRY, encoding="utf-8")
    (series / "labour.csv").write_text(FIGURES, encoding="utf-8")
    registry = (REGISTRY.encode(),)
    yield Target("registry", series / "registry.yaml", lambda path: read_registry(path.parent), registry)
    yield Target(
        "figures", series / "labour.csv", lambda path: read_registry(path.parent), (FIGURES.encode(),)
    )
    local = _sound([STUDY / "calibration/local/regions.csv"], 10**6)
    yield Target("regions", folder / "regions.csv", read_regions, local)
    yield Target(
        "references",
        folder / "references.csv",
        read_references,
        _sound([STUDY / "models/references.csv"], 4000),
    )
    stacking = _sound([STUDY / "scenarios/stacking.yaml"])
    yield Target("stacking", folder / "stacking.yaml", read_definition, stacking)
    definition = read_definition(STUDY / "scenarios" / "stacking.yaml")
    pairs = functools.partial(read_associations, problems=definition.problems)
    yield Target(
        "associations", cited / "associations.csv", pairs, _sound([STUDY / "models/associations.csv"])
    )
    published = functools.partial(read_stacking_figures, definition=definition)
    sound = _sound([STUDY / "models/stacking_figures.csv"], 4000)
    yield Target("stacking figures", cited / "stacking_figures.csv", published, sound)
    modes = _sound([STUDY / "models/reference_modes.csv"], 3000)
    yield Target("reference modes", cited / "reference_modes.csv", read_figures, modes)
    yield Target("reference output", folder / "output.tab", read_reference, seeds.REFERENCE)

    diagram = read_diagram(TESTS / "marvel" / "town")
    town = shutil.copytree(TESTS / "marvel" / "town", root / "diagram")
    for path in sorted(town.glob("*.csv")):
        yield Target(
            f"diagram, {path.name}", path, lambda path: read_diagram(path.parent), (path.read_bytes(),)
        )
    for suffix, content in seeds.diagrams(diagram, folder):
        yield Target(f"diagram, {suffix}", folder / f"diagram{suffix}", read_diagram, (content,))
    questions = read_seeds(_written(folder / "sound-seeds.csv", seeds.SEEDS[0]))
    yield Target("seed questions", folder / "seeds.csv", read_seeds, seeds.SEEDS)
    yield Target(
        "signals", folder / "signals.csv", functools.partial(read_signals, diagram=diagram), seeds.SIGNALS
    )

    def session(path: Path) -> object:
        return read_session(diagram, questions, [path])

    yield Target("form, table", folder / "form.csv", session, seeds.forms(folder, diagram, questions))
    yield Target(
        "form, workbook", folder / "form.xlsx", session, (seeds.form_workbook(folder, diagram, questions),)
    )


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def _kept(root: Path) -> Iterator[Target]:
    from sd_covid.analysis.optimisation.journal import Journal
    from sd_covid.calibration.fitting.starts import KeptStarts
    from sd_covid.calibration.newest.nowcast import read_log
    from sd_covid.calibration.newest.outlook_changes import read_look
    from sd_covid.calibration.results import read_report
    from sd_covid.calibration.sbc.file import read_study
    from sd_covid.calibration.stored.store import read_posterior
    from sd_covid.policy.sweep.opened import open_sweep
    from sd_covid.report.passport.record import read_record
    from sd_covid.report.simulator.paths import read_paths

    folder = _folder(root / "kept")
    fit = (STUDY / "calibration/fit.json").read_bytes()
    yield Target(
        "fit", folder / "fit.json", read_report, (fit if len(fit) < 60_000 else seeds.shortened(fit),)
    )
    record = _sound([STUDY / "calibration/passport.json"], 10**9)
    yield Target("record of a passport", folder / "passport.json", read_record, record)
    paths = functools.partial(read_paths, model="a")
    yield Target("paths of a simulator", folder / "paths.json", paths, seeds.PATHS)
    ranks = _sound(sorted((TESTS / "calibration/ranks").glob("*.json"))[:1], 10**9)
    yield Target("ranks", folder / "ranks.json", read_study, tuple(map(seeds.shortened, ranks)))
    yield Target("earlier look", folder / "look.json", read_look, seeds.LOOKS)
    yield Target("log of predictions", folder / "log.csv", read_log, seeds.LOGS)
    draws = (root / "town" / "calibration" / "posterior.parquet").read_bytes()
    yield Target("posterior", folder / "posterior.parquet", read_posterior, (draws,))

    def journal(path: Path) -> object:
        return Journal(path, "inputs")

    def starts(path: Path) -> object:
        return KeptStarts(path, resume=True).of([seeds.START])

    yield Target("finished starts", folder / "starts.jsonl", starts, seeds.STARTS)
    yield Target("journal of a search", folder / "search.jsonl", journal, seeds.JOURNALS, mends=True)
    store = seeds.swept(root)
    for name in (".sweep/manifest.json", ".sweep/blocks", "zarr.json", "rate/zarr.json"):
        read = functools.partial(_store, open_sweep, store)
        yield Target(f"store, {name}", store / name, read, ((store / name).read_bytes(),))


def _store(read: Callable[..., Any], store: Path, _: Path) -> None:
    from sd_covid.policy.sweep.opened import values_of

    found = read(store, partial=True)
    try:
        values_of(found["rate"])
    finally:
        found.close()
