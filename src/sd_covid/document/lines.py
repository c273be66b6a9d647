"""Lines that several pages have: titles, tables of figures, of loops, and of what rests on an assumption."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sd_covid.analysis.passport.reference_modes import Figure
from sd_covid.document.citations import Citations
from sd_covid.document.companions import Alternative, Notes
from sd_covid.document.markdown import said, table
from sd_covid.document.pictures import Round
from sd_covid.document.sources import Compared, Sector, Study, Under
from sd_covid.document.texts import Texts, plain_number
from sd_covid.model.names import key
from sd_covid.model.structure import Variable
from sd_covid.policy.catalogue.outputs import Output


def title(notes: Notes, sector: Sector, texts: Texts) -> str:
    """What a sector is called."""
    return texts.of(notes.title) or capital(sector.stem.replace("_", " "))


def loop_lines(
    rounds: Sequence[Round], own: Collection[str], spelled: Mapping[str, str], texts: Texts
) -> list[str]:
    """A table of loops, what is one's own in bold, and their pictures."""
    rows, pictures = [], []
    for item in rounds:
        names = item.path or item.loop.through
        way = " → ".join(
            f"**{said(spelled[name])}**" if name in own else said(spelled[name]) for name in names
        )
        if not item.path:
            way = f"{way} ({texts('loops.not_found')})"
        name = said(texts.of(item.loop.title))
        rows.append((item.loop.id, name, texts(f"polarity.{item.loop.polarity}"), way))
        if item.file:
            pictures += [f"**{item.loop.id}: {name}** ({texts(f'polarity.{item.loop.polarity}')})", ""]
            pictures += [f"![{name}](../figures/{item.file})", ""]
    heads = ("id", "loop", "polarity", "through")
    return [*table([texts(f"column.{head}") for head in heads], rows), *pictures]


def alternative_lines(
    found: Sequence[tuple[Alternative, Sequence[Under]]], outputs: Mapping[str, Output], texts: Texts
) -> list[str]:
    """Outputs under assumptions and their opposite, a table each; called as the study does where it has a name."""
    if not found:
        return []
    lines = [texts("whole.alternatives_lead"), ""]
    for item, courses in found:
        set_to = ", ".join(f"{said(name)} = {plain_number(value)}" for name, value in item.constants.items())
        lines += [f"### {said(texts.of(item.title))}", "", texts("whole.set_otherwise", constants=set_to)]
        if item.less:
            lines[-1] += " " + texts("whole.less", drivers=said(", ".join(item.less)))
        lines.append("")
        heads = [texts("column.output"), texts("column.unit")]
        for year in item.years:
            heads += [texts("whole.as_it_is", year=year), texts("whole.otherwise", year=year)]
        rows = []
        for course in courses:
            cells = _called(course, outputs, texts, difference=bool(item.less))
            for pair in zip(course.as_it_is, course.otherwise, strict=True):
                cells += [_signed(value) if item.less else plain_number(value) for value in pair]
            rows.append(cells)
        lines += table(heads, rows, range(2, len(heads)))
    return lines


def _called(course: Under, outputs: Mapping[str, Output], texts: Texts, *, difference: bool) -> list[str]:
    """What an output and its unit are called; a difference of percentages is in points."""
    known = outputs.get(key(course.variable))
    name, unit = course.variable, course.unit
    if known is not None:
        name, unit = texts.of(known.title), texts.of(known.unit_title)
    if course.unit == "percent" and (difference or known is None):
        unit = texts("unit.points" if difference else "unit.percent")
    return [said(name), said(unit)]


def _signed(value: float) -> str:
    """A difference: with its sign, to two digits."""
    if abs(value) < 5e-4:
        return "0.000"
    return (f"{value:+.2g}" if abs(value) < 10 else f"{value:+.0f}").replace("-", "−")


def title_of(study: Study, sector: Sector, texts: Texts) -> str:
    """What a sector of a study is called."""
    return title(study.beside.notes.get(sector.stem, Notes()), sector, texts)


def capital(text: str) -> str:
    """A text that begins with a capital."""
    return text[:1].upper() + text[1:]


def comment(variable: Variable) -> str:
    """The documentation of a variable without its reference to the evidence, which has a column of its own."""
    return variable.documentation.partition(" Evidence: ")[0]


def adds_up(variable: Variable) -> bool:
    """Whether the elements of a stock may be added: they are counted in something, and are no ratio or index."""
    return (
        any(word in variable.units for word in ("person", "household", "euro")) and "/" not in variable.units
    )


def is_within(item: Compared) -> bool:
    """Whether the sector alone comes as near to a figure as it should."""
    return abs(item.alone - item.figure.value) <= item.figure.tolerance


def figure_lines(
    figures: Sequence[Figure], found: Sequence[Compared], citations: Citations, texts: Texts
) -> list[str]:
    """The table of figures of one chart."""
    heads = ["period", "aggregation", "figure", "tolerance"]
    if found:
        heads += ["alone", *(["coupled"] if found[0].coupled is not None else [])]
    cells = []
    for at, figure in enumerate(figures):
        line = [
            said(figure.period),
            texts(f"modes.{figure.aggregation}"),
            plain_number(figure.value),
            f"± {plain_number(figure.tolerance)}",
        ]
        if found:
            alone = plain_number(found[at].alone)
            line.append(alone if is_within(found[at]) else f"{alone} ({texts('modes.outside')})")
            coupled = found[at].coupled
            line += [] if coupled is None else [plain_number(coupled)]
        cells.append([*line, said(figure.line["reason"]), citations.of(figure.line)])
    heads += ["reason", "source"]
    return table([texts(f"column.{head}") for head in heads], cells, range(2, len(heads) - 2))
