"""``sd-covid convert``: a model in another file format with a diagram, or Vensim's calibration as PEtab tables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sd_covid.cli.console import note, say
from sd_covid.errors import RunError

if TYPE_CHECKING:
    from sd_covid.model import Model as ModelData

Source = Annotated[
    Path,
    typer.Argument(
        metavar="MODEL", help="A .mdl, .xmile or .stmx file, or a .yaml that couples several models."
    ),
]
Out = Annotated[
    Path,
    typer.Option(
        "--output", "-o", metavar="OUT", help="The .mdl or .xmile file to write; with --search, a folder."
    ),
]
SearchFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE.voc", help="Vensim's optimisation control: write a calibration problem."),
]
Payoff = Annotated[
    Path | None, typer.Option(metavar="FILE.vpd", help="Its payoff definition: what is compared with what.")
]
Data = Annotated[
    list[Path] | None, typer.Option("--data", metavar="FILE", help="Its figures; may be repeated.")
]
Gaussian = Annotated[
    str | None, typer.Option(metavar="sd|inverse", help="What the weights of *CG are: sd, or 1/sd.")
]

_XMILE = frozenset({".xmile", ".stmx", ".xml"})


def command(
    model: Source,
    output: Out,
    search: SearchFile = None,
    payoff: Payoff = None,
    data: Data = None,
    gaussian: Gaussian = None,
) -> None:
    """Write a model as .mdl or .xmile with a diagram, or Vensim's .voc and .vpd as a calibration problem."""
    if search is not None or payoff is not None or data or gaussian:
        _calibration(model, output, search, payoff, data or [], gaussian)
        return
    suffix = output.suffix.lower()
    if suffix != ".mdl" and suffix not in _XMILE:
        raise RunError(f"cannot write a '{output.suffix}' file", file=output, advice="use .mdl or .xmile")
    if output.resolve() == model.resolve():
        raise RunError("would write over the model itself", file=output, advice="choose another name")
    from sd_covid.model import read

    _write(read(model), output)
    say(str(output))


def _calibration(
    model: Path,
    output: Path,
    search: Path | None,
    payoff: Path | None,
    data: list[Path],
    gaussian: str | None,
) -> None:
    """Write the problem, and say what does not go along."""
    if search is None or payoff is None or not data:
        reason = "a calibration needs --search FILE.voc, --payoff FILE.vpd and --data FILE"
        raise RunError(reason, advice="give all three")
    if gaussian not in (None, "sd", "inverse"):
        raise RunError(f"--gaussian {gaussian}: use sd or inverse", advice="see docs/from-vensim.md")
    import sd_covid
    from sd_covid.calibration.vensim_setup import read_control, read_payoff, write_petab

    control, elements = read_control(search), read_payoff(payoff)
    found = write_petab(sd_covid.load(model), control, elements, data, output, gaussian)
    if found.outside:
        note(f"{found.outside} figure(s) outside the model's time left out")
    if control.options:
        left = ", ".join(f":{name.upper()}" for name in control.options)
        note(f"options of Vensim's optimiser that do not go along: {left}")
    say(str(found.path))


def _write(model: ModelData, output: Path) -> None:
    from sd_covid.model import write_mdl
    from sd_covid.model.write.xmile import write_xmile

    if output.suffix.lower() == ".mdl":
        write_mdl(model, output)
    else:
        write_xmile(model, output)
