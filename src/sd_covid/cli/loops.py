"""``sd-covid loops``: the feedback loops of a model, which make its behaviour, and along what two scenarios differ."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sd_covid.cli.console import as_typed, note, say
from sd_covid.cli.finding import show
from sd_covid.cli.language import Language
from sd_covid.cli.progress import progress
from sd_covid.cli.run import (
    Model,
    Parameters,
    Scenarios,
    override,
    parse_parameters,
    read_scenarios,
    with_triggers,
)
from sd_covid.errors import RunError

if TYPE_CHECKING:
    import pandas as pd

    from sd_covid.engine.simulation import Simulation
    from sd_covid.report.finding.statement import Finding
    from sd_covid.report.loops.words import Told
    from sd_covid.report.words.texts import Texts


def command(
    model: Model,
    scenario: Scenarios = None,
    parameter: Parameters = None,
    scores: Annotated[
        bool,
        typer.Option("--scores", help="Also which loops make the behaviour, over time (Loops That Matter)."),
    ] = False,
    instants: Annotated[
        int,
        typer.Option(
            "--instants", min=1, help="How often the loops of a large model are looked for in a run."
        ),
    ] = 12,
    between: Annotated[
        tuple[Path, Path] | None,
        typer.Option("--between", metavar="A B", help="Two scenarios: along what --of differs between them."),
    ] = None,
    cut: Annotated[
        str,
        typer.Option("--cut", metavar="CAUSE>EFFECT", help="Cut a link: what --of does without it."),
    ] = "",
    of: Annotated[str, typer.Option("--of", metavar="NAME", help="The output of --between and --cut.")] = "",
    draws: Annotated[
        int, typer.Option("--draws", min=1, help="With --cut: on so many draws of the study's posterior.")
    ] = 1,
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="Of the choice of draws, and of random numbers.")
    ] = 0,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="OUT", help="A .html, .xlsx, .json or .csv."),
    ] = None,
    language: Annotated[Language, typer.Option("--language", "-l", help="Of the texts.")] = Language.NL,
) -> None:
    """Find the feedback loops of a model, which of them dominate over time, and along what scenarios differ."""
    from sd_covid.policy.titles import read_titles
    from sd_covid.report.finding.files import refuse_format
    from sd_covid.report.loops.words import Told
    from sd_covid.report.words.texts import Texts
    from sd_covid.study_folder import study_folder

    scenarios = scenario or []
    if output is not None:
        refuse_format(output)
    _refuse(scenarios, between, cut, of, draws)
    overrides = parse_parameters(parameter or [])
    import sd_covid

    simulation = sd_covid.load(model)
    files = list(between) if between else scenarios
    study, chosen = read_scenarios(simulation, files)
    settings = {name: override(item.settings, overrides) for name, item in chosen.items()} or {"": overrides}
    simulation = with_triggers(simulation, study, chosen)
    simulation = simulation.stepping(constant for values in settings.values() for constant in values)
    texts = Texts(language.value)
    told = Told(
        simulation.model,
        texts,
        read_titles(study_folder(model)),
        {name: item.title for name, item in chosen.items()},
    )
    sampled = _sampled(model, simulation, draws, seed) if draws > 1 else None
    if between or cut:
        findings = _compared(simulation, settings, cut, of, sampled, told, seed)
    else:
        findings = _loops(simulation, next(iter(settings.values())), told, instants if scores else 0, seed)
    if not findings:
        say(texts("loops.none", model=simulation.model.name))
    for finding in findings:
        show(finding, texts)
    if output is not None and findings:
        about = "cut" if cut else "between" if between else "loops"
        _write(findings, output, texts, simulation, list(chosen), about, sampled, seed)


def _refuse(scenarios: list[Path], between: tuple[Path, Path] | None, cut: str, of: str, draws: int) -> None:
    """Refuse options that do not go together, before anything takes time."""
    if bool(of) != bool(between or cut):
        reason = (
            "--of names the output of --between and --cut" if of else "--between and --cut need an output"
        )
        advice = "add one of these, or leave out --of" if of else "write --of 'unemployment rate'"
        raise RunError(reason, advice=advice)
    if between and scenarios:
        raise RunError("--between names the two scenarios itself", advice="leave out --scenario")
    if len(scenarios) > 1:
        raise RunError("the loops are told of one run", advice="give one scenario, or two with --between")
    if draws > 1 and not cut:
        raise RunError(
            "--draws go with --cut: loops and paths are told of one run", advice="leave out --draws"
        )
    if cut and cut.count(">") != 1:
        raise RunError(f"--cut '{cut}' is no link", advice="write --cut 'cause > effect'")


def _loops(
    simulation: Simulation, settings: dict[str, float], told: Told, instants: int, seed: int
) -> list[Finding]:
    """The loops of one run."""
    from sd_covid.analysis.loops.study import study_loops
    from sd_covid.report.loops.findings import dominance_findings, inventory_finding

    with progress("looking for loops") as bar:
        study = study_loops(simulation, settings, seed=seed, searched=instants, progress=bar)
    if not study.partitions:
        return []
    dominance = dominance_findings(study, told) if instants else []
    return [inventory_finding(study, told), *dominance]


def _compared(
    simulation: Simulation,
    settings: dict[str, dict[str, float]],
    cut: str,
    of: str,
    sampled: pd.DataFrame | None,
    told: Told,
    seed: int,
) -> list[Finding]:
    """What an output does without a link, or along what it differs between two scenarios."""
    from sd_covid.analysis.loops.knockout import knock_out, link_between
    from sd_covid.analysis.loops.paths import explain, outcome_of
    from sd_covid.engine.separate.course import record
    from sd_covid.engine.separate.equations import separate
    from sd_covid.policy.comparison.run import overruled
    from sd_covid.report.loops.between import cut_finding, paths_finding

    simulation.names.cells(of)  # an unknown name is refused before anything takes time
    equations = separate(simulation)
    names, values = list(settings), list(settings.values())
    pair = (names[0], names[1]) if len(names) == 2 else None
    if not cut:
        outcome = outcome_of(simulation, equations, of)
        first, second = (record(simulation, equations, item, seed) for item in values)
        assert pair is not None
        return [paths_finding(explain(first, second, outcome), simulation, of, pair, told)]
    cause, effect = (name.strip() for name in cut.split(">"))
    links = link_between(simulation, equations, cause, effect)
    runs = values if sampled is None else [overruled(sampled, item) for item in values]
    found = knock_out(
        simulation, equations, links, of, runs[-1], against=runs[0] if pair else None, seed=seed
    )
    return [cut_finding(found, of, (cause, effect), pair, told)]


def _sampled(model: Path, simulation: Simulation, draws: int, seed: int) -> pd.DataFrame:
    """Draws of the study's calibrated constants.

    Raises
    ------
    RunError
        When the model is not that of the study's problem.
    """
    from sd_covid.cli.compare_run import draw, read_inputs
    from sd_covid.policy.study import Study

    folder = next((item for item in model.resolve().parents if (item / "calibration").is_dir()), None)
    if folder is None:
        raise RunError(
            "there is no study with draws above this model", advice="leave out --draws", file=model
        )
    inputs = read_inputs(folder)
    if inputs.problem.model_path.resolve() != model.resolve():
        name = inputs.problem.model_path.name
        raise RunError(f"the study's draws are of {name}", advice="leave out --draws", file=model)
    study = Study.beside(folder / "scenarios" / "levers.yaml", simulation)
    return draw(inputs.posterior.constants, study, draws, seed)


def _write(
    findings: list[Finding],
    output: Path,
    texts: Texts,
    simulation: Simulation,
    scenarios: list[str],
    about: str,
    sampled: pd.DataFrame | None,
    seed: int,
) -> None:
    """Write findings, with what made them; `about` is what they are of: loops, between or cut."""
    from sd_covid.engine.results import versions
    from sd_covid.policy.comparison.draws import draws_hash
    from sd_covid.policy.comparison.scenarios import Provenance
    from sd_covid.report.finding.files import write_findings
    from sd_covid.report.finding.made import made_with

    model, fingerprint = simulation.model.name, simulation.fingerprint
    attrs = {"model": model, "model_hash": fingerprint, "versions": versions()}
    drawn = "" if sampled is None else draws_hash(sampled)
    draws = texts("loops.made.single") if sampled is None else texts("loops.made.draws", draws=len(sampled))
    written = write_findings(
        findings,
        output,
        texts,
        title=texts(f"loops.title.{about}"),
        subtitle=texts(f"loops.subtitle.{about}", model=model),
        provenance=made_with(
            Provenance.of(attrs, "", drawn, seed),
            as_typed(),
            texts,
            draws=draws,
            more={texts("loops.made.scenario"): ", ".join(scenarios) or "–"},
        ),
    )
    for path in written:
        note(f"wrote {path}")
