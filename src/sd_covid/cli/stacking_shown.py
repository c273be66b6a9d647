"""What ``sd-covid stacking`` prints: numbers of problems, combinations, associations, published figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sd_covid.cli.console import note, say, table
from sd_covid.errors import RunError
from sd_covid.study_folder import is_there

if TYPE_CHECKING:
    import numpy as np

    from sd_covid.analysis.stacking.count import Stacking, UnitStacking
    from sd_covid.analysis.stacking.present import Band
    from sd_covid.analysis.stacking.published import PublishedTable
    from sd_covid.cli.stacking import Inputs
    from sd_covid.policy.calendar import Calendar

_HEADS = {
    "nl": (
        "jaar",
        "geen",
        "één",
        "twee",
        "drie of meer",
        "duizend met twee of meer",
        "t.o.v. los van elkaar",
    ),
    "en": (
        "year",
        "none",
        "one",
        "two",
        "three or more",
        "thousands with two or more",
        "against independent",
    ),
}
_GROUPS = {"nl": "naar groep, % met twee of meer", "en": "by group, % with two or more"}
_COMBINED = {"nl": "combinaties, % van allen", "en": "combinations, % of all"}
_FIGURES = {
    "nl": (
        "Gepubliceerde cijfers ernaast",
        ("cijfer", "gepubliceerd", "berekend", "vergelijkbaar", "waarom"),
    ),
    "en": ("Published figures beside it", ("figure", "published", "computed", "comparable", "why")),
}
_TABLE = {
    "nl": ("Tabel ernaast", ("eenheid", "jaar", "problemen", "gepubliceerd", "berekend")),
    "en": ("Table beside it", ("unit", "year", "problems", "published", "computed")),
}
_PAIRS = {
    "nl": ("verbanden bij het begin", ("paar", "odds ratio", "binnen groepen", "oordeel", "bron")),
    "en": ("associations (at the start)", ("pair", "odds ratio", "within groups", "grade", "source")),
}


def show(found: Stacking, inputs: Inputs, language: str, years: list[int] | None) -> None:
    """Print tables: what they rest on, then numbers of problems, combinations, associations and published figures."""
    from sd_covid.analysis.stacking.present import basis, years_of

    for unit in found.units.values():
        title = found.definition.units[unit.unit].title.in_language(language)
        say(f"{title}: {basis(unit, language)}")
        known = years_of(unit, inputs.calendar)
        chosen = _chosen(known) if years is None else years
        for year in chosen:
            if year not in known:
                reason = f"{year} is not a whole year of the run"
                raise RunError(reason, advice=f"choose one of {known[0]} to {known[-1]}")
        _show_numbers(unit, inputs.calendar, title, language, chosen)
        told = (
            chosen
            if years is not None
            else [year for year in chosen if year in (chosen[0], 2021, chosen[-1])]
        )
        _show_combinations(found, unit, inputs.calendar, language, told)
        _show_pairs(found, unit, title, language)
    _show_figures(found, inputs, language)
    if inputs.table is not None:
        _show_table(found, inputs, inputs.table, language)


def _chosen(known: list[int]) -> list[int]:
    """Years that tell the story: the first, around the crisis, and every fifth."""
    wanted = {known[0], 2019, 2021, 2023, known[-1], *range(2025, 2100, 5)}
    return [year for year in known if year in wanted]


def _show_numbers(
    unit: UnitStacking, calendar: Calendar, title: str, language: str, years: list[int]
) -> None:
    import numpy as np

    from sd_covid.analysis.stacking.association import by_number
    from sd_covid.analysis.stacking.present import MOST, year_mean

    central, drawn = (by_number(unit.whole(item), MOST) for item in (unit.table, unit.drawn))
    total = unit.thousands.sum(axis=-1)
    index, none = unit.index(), np.empty((0, len(unit.time)))
    rows = []
    for year in years:
        shares = [
            year_mean(100 * central[..., n], 100 * drawn[..., n], unit.time, calendar, year)
            for n in range(central.shape[-1])
        ]
        several, many = central[..., 2:].sum(axis=-1), drawn[..., 2:].sum(axis=-1)
        number = year_mean(total * several, total * many, unit.time, calendar, year)
        against = year_mean(index, none, unit.time, calendar, year)
        cells = [_band(item, 1) for item in shares] + [""] * (MOST + 1 - len(shares))
        rows.append((str(year), *cells, _band(number, 0), f"{against.value:.2f}×" if against else ""))
    table(f"% {title}", _HEADS[language], rows, numbers=range(1, len(_HEADS[language])))


def _show_combinations(
    found: Stacking, unit: UnitStacking, calendar: Calendar, language: str, years: list[int]
) -> None:

    from sd_covid.analysis.stacking.association import by_number
    from sd_covid.analysis.stacking.present import combination, group_title, year_mean

    central, drawn = unit.whole(unit.table), unit.whole(unit.drawn)
    several = [cell for cell in range(central.shape[-1]) if cell.bit_count() > 1]
    several.sort(key=lambda cell: -float(central[..., cell].mean()))
    heads = ("", *map(str, years))

    def line(value: np.ndarray, draws: np.ndarray) -> list[str]:
        return [_band(year_mean(100 * value, 100 * draws, unit.time, calendar, year), 2) for year in years]

    rows = [
        (combination(found, unit, cell)[1].in_language(language), *line(central[..., cell], drawn[..., cell]))
        for cell in several
    ]
    table(_COMBINED[language], heads, rows, numbers=range(1, len(heads)))
    if len(unit.groups) > 1:
        two, many = (by_number(item, 2)[..., 2] for item in (unit.table, unit.drawn))
        rows = [
            (group_title(found, group).in_language(language), *line(two[:, at], many[:, :, at]))
            for at, group in enumerate(unit.groups)
        ]
        table(_GROUPS[language], heads, rows, numbers=range(1, len(heads)))


def _show_pairs(found: Stacking, unit: UnitStacking, title: str, language: str) -> None:
    from sd_covid.analysis.stacking.association import pairs

    by_pair = {frozenset((item.first, item.second)): item for item in found.associations}
    rows = []
    for at, (i, j) in enumerate(pairs(len(unit.problems))):
        item = by_pair[frozenset((unit.problems[i], unit.problems[j]))]
        titles = [found.definition.problems[unit.problems[k]].title.in_language(language) for k in (i, j)]
        same = item.ratio == unit.national[at]
        given = f"{item.ratio:.2f} ({item.low:.2f}–{item.high:.2f})" if same else f"{unit.national[at]:.2f}"
        grade, source = (item.grade, item.source.in_language(language)) if same else ("", "--table")
        rows.append((" – ".join(titles), given, f"{unit.within[at]:.2f}", grade, source))
    heading, heads = _PAIRS[language]
    table(f"{title}: {heading}", heads, rows, numbers=(1, 2))


def _show_figures(found: Stacking, inputs: Inputs, language: str) -> None:
    if not is_there(inputs.figures):
        return
    from sd_covid.analysis.stacking.figures import computed, read_figures

    rows = []
    for item, value in computed(read_figures(inputs.figures, inputs.definition), found, inputs.calendar):
        years = "-".join(str(year) for year in dict.fromkeys(item.years))
        published = f"{item.low:g}" if item.low == item.high else f"{item.low:g}–{item.high:g}"
        unit = found.definition.units[item.unit].title.in_language(language)
        name = f"{item.computed}, {unit}, {years}"
        sign = "%" if item.measure == "share" else "×"
        rows.append(
            (
                name,
                f"{published} {sign}",
                f"{_band(value, 1)} {sign}" if value else "",
                item.how_far.in_language(language),
                f"{item.reason.in_language(language)} ({item.source.in_language(language)})",
            )
        )
    heading, heads = _FIGURES[language]
    table(heading, heads, rows, numbers=(1, 2))


def _show_table(found: Stacking, inputs: Inputs, published: PublishedTable, language: str) -> None:
    from sd_covid.analysis.stacking.present import Band
    from sd_covid.analysis.stacking.published import beside

    rows = []
    for item in beside(published, found, inputs.calendar):
        scale, digits, sign = (100, 2, " %") if item.is_share else (1, 0, "")
        band = Band(*(scale * part for part in (item.computed.value, item.computed.low, item.computed.high)))
        unit = found.definition.units[item.row.unit].title.in_language(language)
        rows.append(
            (
                unit,
                str(item.row.year),
                item.row.spelled,
                f"{scale * item.published:.{digits}f}{sign}",
                f"{_band(band, digits)}{sign}",
            )
        )
    heading, heads = _TABLE[language]
    table(f"{heading}: {published.file.name}", heads, rows, numbers=(3, 4))
    note(f"{len(rows)} rows of {published.file.name} set beside the computed ones")


def _band(band: Band | None, digits: int) -> str:
    """A value with its band."""
    if band is None:
        return ""
    if band.low != band.low:
        return f"{band.value:.{digits}f}"
    return f"{band.value:.{digits}f} ({band.low:.{digits}f}–{band.high:.{digits}f})"
