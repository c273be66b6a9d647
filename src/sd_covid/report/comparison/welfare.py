"""Well-being as Statistics Netherlands orders it: the direction of every headline outcome by theme and package.

In goes a comparison; out come rows of arrows and words under the themes of the Monitor Brede Welvaart, also under those
of which the model has nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from sd_covid.policy.catalogue.outputs import WELFARE, Output
from sd_covid.policy.comparison.scenarios import Comparison
from sd_covid.report.comparison.effects import Row, cell_of, package_grade, quoted, row_of
from sd_covid.report.words.texts import Texts


@dataclass(frozen=True, slots=True)
class WelfareTheme:
    """A theme with its outcomes; without any it is not modelled."""

    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class WelfareView:
    """The table: its lead and caption, a column for each package, and the themes."""

    lead: str
    caption: str
    columns: tuple[str, ...]
    themes: tuple[WelfareTheme, ...]


def welfare_view(comparison: Comparison, year: int, texts: Texts) -> WelfareView | None:
    """The table of well-being.

    Parameters
    ----------
    comparison : Comparison
    year : int
        Of which the differences are judged.
    texts : Texts

    Returns
    -------
    WelfareView or None
        None when no outcome has a theme.
    """
    if not any(output.welfare for output in comparison.outputs):
        return None
    packages = [(entry, package_grade(comparison, entry.id)) for entry in comparison.alternatives]

    def rows(theme: str) -> tuple[Row, ...]:
        return tuple(
            row_of(
                output,
                [
                    cell_of(comparison.in_year(output.name, entry.id, year), grade, texts)
                    for entry, grade in packages
                ],
                texts,
            )
            for output in _outputs(comparison, theme)
        )

    return WelfareView(
        lead=texts("welfare.lead", reference=quoted(comparison, comparison.reference, texts)),
        caption=texts("welfare.caption", year=year),
        columns=tuple(texts.of(entry.title) for entry, _ in packages),
        themes=tuple(WelfareTheme(texts(f"welfare.{theme}"), rows(theme)) for theme in WELFARE),
    )


def _outputs(comparison: Comparison, theme: str) -> list[Output]:
    """The headline outcomes of a theme; where it has none, its others that are not of a group."""
    found = [output for output in comparison.outputs if output.welfare == theme]
    return [output for output in found if output.headline] or [
        output for output in found if "[" not in output.name
    ]
