"""What a person reads of a fit's starts and of what the figures identify."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sd_covid.cli.console import note, say, table, warn

if TYPE_CHECKING:
    from sd_covid.calibration.results import FitReport, Identifiability

FEW = 2  # starts that must agree before the best is taken for the best there is
SHOWN = 12  # directions and pairs in the summary; fit.json has all


def show_starts(report: FitReport) -> None:
    """Say how many starts reached the best fit, and warn when hardly any other did."""
    if not report.starts:
        return
    of = f"{report.reached} of {len(report.starts)} starts"
    unfinished = sum(not item.converged for item in report.starts)
    stopped = f"; {unfinished} did not end at a maximum" if unfinished else ""
    say(
        f"{of} reached the best fit, to 0.1 of its log posterior {report.starts[0].log_posterior:.6g}{stopped}"
    )
    if report.reached < FEW:
        warn("no second start reached the best fit, so there may be a better one; try more --starts")


def show_identifiability(found: Identifiability) -> None:
    """Print what the figures determine, the sloppy directions, and the pairs with advice."""
    count = len(found.parameters)
    strong = sum(value > 1.0 for value in found.spectrum)
    say(
        f"the figures determine {found.effective_parameters:.1f} of {count} parameters: {strong} directions tell more "
        f"than the prior, {len(found.sloppy)} less, {len(found.uninformed)} parameters meet no figure"
    )
    if found.log_evidence == found.log_evidence:
        say(f"log evidence (Laplace): {found.log_evidence:.6g}")
    else:
        warn("the best fit is no maximum of the posterior, so the model has no evidence by Laplace")
    rows = [
        (f"{item.information:.2g}", ", ".join(f"{name} {share:+.2f}" for name, share in item.carriers))
        for item in found.sloppy[:SHOWN]
    ]
    if rows:
        title = "Sloppy directions: information in units of the prior, and who carries them"
        table(title, ("information", "parameters"), rows, numbers=(0,))
    for pair in found.pairs[:SHOWN]:
        note(f"{pair.first} and {pair.second} move together (r {pair.correlation:.2f}): {pair.advice}")
    more = max(len(found.sloppy) - SHOWN, 0), max(len(found.pairs) - SHOWN, 0)
    if any(more):
        note(f"{more[0]} more directions and {more[1]} more pairs are in the report's file")
