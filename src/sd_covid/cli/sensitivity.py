"""``sd-covid sensitivity``: which inputs the differences between scenarios hang on, or Vensim's batches of draws."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sd_covid.cli.columns import Columns, choose_columns
from sd_covid.cli.console import as_typed, note, say, table
from sd_covid.cli.language import Language
from sd_covid.cli.progress import progress
from sd_covid.cli.results import NUMBER, refuse_suffix
from sd_covid.errors import RunError
from sd_covid.study_folder import is_there, study_folder
from sd_covid.whole_files import replacing

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from sd_covid.analysis.sensitivity import Indices, Sensitivity

#: Mean, and the bounds of the shares that Vensim's picture of sensitivity shows: 50, 75, 95 and 100 % of the runs.
SPREAD = ("mean", "min", 0.025, 0.125, 0.25, 0.5, 0.75, 0.875, 0.975, "max")


def command(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Such as scenarios/sensitivity.yaml, or a .vsc of Vensim.")
    ],
    model: Annotated[
        Path | None, typer.Argument(metavar="MODEL", help="With a .vsc: the model whose constants it draws.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT",
            help="Also write a page (.html), a workbook (.xlsx), findings (.json) or all indices (.csv).",
        ),
    ] = None,
    language: Annotated[
        Language, typer.Option("--language", "-l", help="Of a page, workbook or findings.")
    ] = Language.NL,
    show: Annotated[int, typer.Option("--show", min=1, help="How many factors to show of each outcome.")] = 8,
    columns: Columns = None,
) -> None:
    """Say which inputs differences between scenarios hang on, over time too, or run the draws of a .vsc."""
    if file.suffix.lower() == ".vsc":
        refuse_suffix(output, ".csv")
        _draws(file, model, output, columns)
        return
    if model is not None or columns:
        raise RunError("MODEL and --columns go with a .vsc", file=file, advice="the file names the model")
    if output is not None:
        from sd_covid.report.finding.files import refuse_format

        refuse_format(output)
    import sd_covid
    from sd_covid.analysis.sensitivity import analyse, read_plan
    from sd_covid.policy.reading import named_model

    plan = read_plan(file, sd_covid.load(named_model(file)))
    with progress("running the design") as bar:
        found = analyse(plan, bar)
    _tell(found, show)
    if output is not None:
        _write(found, file, output, language)


def _write(found: Sensitivity, file: Path, output: Path, language: Language) -> None:
    """Write all indices as one table, or the findings."""
    if output.suffix.lower() == ".csv":
        from sd_covid.analysis.sensitivity import as_frame

        with replacing(output) as temporary:
            as_frame(found).to_csv(temporary, index=False, float_format=NUMBER, na_rep="nan")
        return
    from sd_covid.calibration.stored.store import read_posterior
    from sd_covid.report import read_glossary
    from sd_covid.report.finding.files import write_findings
    from sd_covid.report.sensitivity.findings import provenance, sensitivity_findings, subtitle
    from sd_covid.report.words.texts import Texts

    study, texts = study_folder(file), Texts(language.value)
    posterior = study / "calibration" / "posterior.parquet"
    constants = read_posterior(posterior).provenance["constants"] if is_there(posterior) else {}
    titles, evidence = study / "calibration" / "titles.yaml", study / "models" / "evidence.csv"
    glossary = read_glossary(titles, evidence, constants)
    written = write_findings(
        sensitivity_findings(found, glossary, texts),
        output,
        texts,
        title=texts("sens.title"),
        subtitle=subtitle(found, texts),
        provenance=provenance(found, as_typed(), texts),
    )
    for path in written:
        say(str(path))


def _draws(file: Path, model: Path | None, output: Path | None, columns: list[str] | None) -> None:
    """Run what a .vsc draws, and write what the runs together come to at every time."""
    if model is None or output is None or not columns:
        reason = "a .vsc needs a model, --columns and -o"
        raise RunError(
            reason, file=file, advice="write sensitivity FILE.vsc MODEL --columns @FILE.lst -o OUT.csv"
        )
    import sd_covid
    from sd_covid.calibration.vensim_setup import draw, read_design

    simulation = sd_covid.load(model)
    design = read_design(file)
    outputs = choose_columns(simulation, columns, flat=True)
    rows = draw(design, simulation)
    found = simulation.run(rows, outputs, over_members=SPREAD)
    with replacing(output) as temporary:
        spread_frame(found).to_csv(temporary, index=False, float_format=NUMBER, na_rep="nan")
    note(f"{len(rows)} runs, {found.attrs['failed_members']} failed")


def spread_frame(found: xr.Dataset) -> pd.DataFrame:
    """Statistics over the members of a batch as a table: one row for each time and variable.

    Parameters
    ----------
    found : Dataset
        Variables with dimensions over_members and time.

    Returns
    -------
    DataFrame
    """
    import pandas as pd

    names = [str(name) for name in found["over_members"].values]
    frames = []
    for variable, values in found.data_vars.items():
        frame = pd.DataFrame(values.transpose("time", "over_members").values, columns=names)
        frame.insert(0, "variable", str(variable))
        frame.insert(0, "Time", found["time"].values)
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def _tell(found: Sensitivity, most: int) -> None:
    """Print the factors that matter most for each outcome, and for each path where it ends; then what it rests on."""
    from sd_covid.report.sensitivity.checks import convergence_finding
    from sd_covid.report.sensitivity.words import Words
    from sd_covid.report.words.texts import Texts
    from sd_covid.report.words.wording import difference_unit

    texts = Texts("en")
    for item in found.outcomes:
        low, high = item.spread.interval
        units = difference_unit(item.output, texts) or item.output.units
        title = f"{item.outcome.title.en}: {item.spread.median:.3g} ({low:.3g} to {high:.3g}) {units}"
        _table(found, title, item.indices, most)
    for path in found.paths:
        low, median, high = path.bands[:, -1]
        level = path.scenario == found.reference
        units = path.output.unit_title.en if level else difference_unit(path.output, texts)
        title = f"{path.output.title.en}, {path.scenario}, {str(path.date[-1])[:7]}"
        title = f"{title}: {median:.3g} ({low:.3g} to {high:.3g}) {units}"
        _table(found, title, path.indices.of(len(path.time) - 1), most)
    if found.screened is not None:
        names = ", ".join(factor.title.en for factor, _ in found.screened.held) or "none"
        note(f"set aside by Morris, {found.screened.trajectories} trajectories: {names}")
    note(convergence_finding(found, Words(found, texts)).sentences[0])
    if found.failures:
        first = found.failures[0]
        where = f"'{first.output}' at {first.time:g} in run {first.member} of '{first.scenario}'"
        note(f"the first run that failed: {where}; its block is left out")
    note(f"{found.runs} runs; {found.kept} of {found.samples} blocks kept, {len(found.failures)} runs failed")


def _table(found: Sensitivity, title: str, indices: Indices, most: int) -> None:
    """Print the factors of one quantity, the largest first; those without an index come last."""
    rows = sorted(
        zip(found.factors, indices.leading.tolist(), indices.leading_half_width.tolist(), strict=True),
        key=lambda row: math.inf if math.isnan(row[1]) else -row[1],
    )
    measure = next(iter(indices.values))
    heading = f"{measure} order" if measure in ("total", "first") else measure
    shown = [
        (
            factor.title.en,
            factor.kind,
            _index(found, value),
            "" if math.isnan(half) else f"± {_index(found, half)}",
        )
        for factor, value, half in rows[:most]
    ]
    table(title, ("depends on", "kind", heading, "90 %"), shown, numbers=(2, 3))


def _index(found: Sensitivity, value: float) -> str:
    """An index as it is printed: elementary effects have the unit of the outcome, other indices have none."""
    return f"{value:.3g}" if found.method == "morris" else f"{value:.2f}"
