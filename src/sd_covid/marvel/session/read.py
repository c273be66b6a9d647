"""Filled-in forms: from workbooks and CSV files in either language to the answers of a session.

A leader mends forms by hand, so all faults of all forms are told at once, each in the language of the session and at
the cell where it stands. Nothing is mended here: a form with a fault is not read at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from sd_covid.data.text import Text
from sd_covid.errors import DiagramError, ScenarioError, SdCovidError
from sd_covid.marvel.diagram import Diagram, Range
from sd_covid.marvel.faults import fault, nearest
from sd_covid.marvel.session.answers import Ends, Form, Judgement, SeedQuestion, Session, ends_of
from sd_covid.marvel.session.words import (
    COLUMNS,
    FLAT,
    LANGUAGES,
    SHEETS,
    SIGNS,
    class_named,
    class_word,
    classes_of,
    sign_meant,
    word,
)
from sd_covid.model.names import key
from sd_covid.policy.files.tables import Cell, Tables, read_csv, read_tables

_ASKED = ("strength", "speed", "confidence")
_QUANTILES = ("q05", "q50", "q95")


class FormsError(DiagramError):
    """Forms that cannot be read, with every fault in them.

    Parameters
    ----------
    error : DiagramError
        What is said of all of them.
    faults : sequence of SdCovidError
    """

    def __init__(self, error: DiagramError, faults: Sequence[SdCovidError]) -> None:
        super().__init__(error.reason, advice=error.advice)
        self.faults = tuple(faults)


def form_files(paths: Iterable[Path], language: str = "en") -> list[Path]:
    """The forms that paths mean: files, and those in folders.

    Raises
    ------
    DiagramError
        A path without forms.
    """
    found = []
    for path in paths:
        # A spreadsheet keeps a file of its own beside one that is open.
        inside = [item for item in sorted(path.glob("*")) if not item.name.startswith(("~", "."))]
        files = [item for item in inside if _is_form(item)] if path.is_dir() else [path]
        if not files or not all(item.is_file() and _is_form(item) for item in files):
            raise fault("session.none", language, file=path)
        found += files
    return found


def _is_form(path: Path) -> bool:
    return path.suffix.lower() in (".xlsx", ".csv")


def read_session(
    diagram: Diagram, questions: Sequence[SeedQuestion], files: Iterable[Path], language: str = "en"
) -> Session:
    """Read the forms of a session.

    Parameters
    ----------
    diagram : Diagram
        That the forms were made of.
    questions : sequence of SeedQuestion
    files : iterable of Path
        ``.xlsx`` of one participant each, or ``.csv`` of any number; see `form_files`.
    language : {'nl', 'en'}
        Of what is said when something is wrong; forms themselves may be in either.

    Raises
    ------
    FormsError
        With all faults: an unknown link or question, contradictory directions, a strength or speed that is missing,
        quantiles that do not rise, a participant twice.
    """
    files = form_files(files, language)
    faults: list[SdCovidError] = []
    forms: dict[str, Form] = {}
    for file in files:
        try:
            made = _Reader(diagram, questions, file, language, faults).forms()
        except (DiagramError, ScenarioError) as error:
            faults.append(error)
            continue
        for form in made:
            earlier = forms.setdefault(key(form.participant), form)
            if earlier is not form:
                told = {"name": form.participant, "other": earlier.file.name}
                faults.append(fault("session.twice", language, told, file=file))
    if faults:
        counts = {"faults": len(faults), "forms": len({error.file for error in faults}), "all": len(files)}
        raise FormsError(fault("session.faults", language, counts), faults)
    return Session(diagram, tuple(questions), tuple(forms.values()))


Row = Mapping[str, Cell]


class _Reader:
    """The forms in one file."""

    def __init__(
        self,
        diagram: Diagram,
        questions: Sequence[SeedQuestion],
        file: Path,
        language: str,
        faults: list[SdCovidError],
    ) -> None:
        self._diagram, self._file, self._language, self._faults = diagram, file, language, faults
        self._links = {ends_of(link): link for link in diagram.links}
        self._seeds = {key(item.id): item for item in questions}

    def forms(self) -> list[Form]:
        """All forms in the file; faults in rows are kept aside."""
        flat = self._file.suffix.lower() == ".csv"
        made: dict[str, _Filled] = {}
        for sheet, row in self._flat_rows() if flat else self._sheet_rows():
            if flat and row["participant"].empty:
                self._faults.append(self._fault("session.nobody", at=row["participant"]))
                return []
            name = row["participant"].text if flat else ""
            try:
                self._take(made.setdefault(name, _Filled()), sheet, row)
            except (DiagramError, ScenarioError) as error:
                self._faults.append(error)
        if not flat:
            made = {filled.participant: filled for filled in made.values()}
        if not made or "" in made:
            raise self._fault("session.nobody")
        return [
            Form(
                name,
                self._file,
                {ends: item for ends, (item, _) in filled.judgements.items() if item is not None},
                frozenset(ends for ends, (item, _) in filled.judgements.items() if item is None),
                filled.seeds,
                filled.expertise,
                filled.comment,
            )
            for name, filled in made.items()
        ]

    def _flat_rows(self) -> Iterator[tuple[str, Row]]:
        tables = read_csv(self._file, "links", self._language)
        for row in _rows(tables, "links", "links", FLAT):
            yield ("links" if row["seed"].empty else "seeds"), row

    def _sheet_rows(self) -> Iterator[tuple[str, Row]]:
        spelled = {name: [word(f"sheet.{name}", language) for language in LANGUAGES] for name in SHEETS}
        titles = [one for names in spelled.values() for one in names]
        tables = read_tables(self._file, titles, "a form", self._language)
        for name, titles in spelled.items():
            for title in titles:
                for row in _rows(tables, title, name, COLUMNS[name]):
                    yield name, row

    def _take(self, filled: _Filled, sheet: str, row: Row) -> None:
        if sheet == "participant":
            filled.participant = row["participant"].text
            filled.expertise, filled.comment = row["expertise"].text, row["comment"].text
        elif sheet == "links":
            self._take_link(filled, row)
        else:
            self._take_seed(filled, row)

    def _take_link(self, filled: _Filled, row: Row) -> None:
        ends = self._ends(row)
        if all(row[name].empty for name in ("sign", *_ASKED, "comment")):
            return
        told = {"src": row["src"].text, "dst": row["dst"].text}
        known, sign = sign_meant(row["sign"].text)
        if row["sign"].empty:
            if all(row[name].empty for name in _ASKED):
                return  # only a comment
            raise self._fault("session.sign", told, at=row["sign"])
        if not known:
            answers = [word(f"answer.{name}", self._language) for name in SIGNS]
            advice = nearest(row["sign"].text, answers, self._language)
            raise self._fault("choice", {"found": row["sign"].text, "advice": advice}, at=row["sign"])
        judgement = self._judgement(row, sign, told)
        if ends in filled.judgements:
            earlier, line = filled.judgements[ends]
            kind = "session.again" if earlier is not None and earlier.sign == sign else "session.signs"
            raise self._fault(kind, {**told, "other": line}, at=row["sign"])
        filled.judgements[ends] = judgement, row["sign"].row

    def _judgement(self, row: Row, sign: int | None, told: Mapping[str, str]) -> Judgement | None:
        """What a row says; None of who does not know."""
        if not sign:
            for name in ("strength", "speed"):
                if not row[name].empty:
                    raise self._fault(
                        "session.superfluous", {**told, "answer": row["sign"].text}, at=row[name]
                    )
        sure = 1.0
        if not row["confidence"].empty:
            sure = self._class("confidence", row["confidence"]).value
        if sign is None:
            return None
        if sign == 0:
            return Judgement(0, sure=sure, comment=row["comment"].text)
        found = []
        for name in ("strength", "speed"):
            if row[name].empty:
                classes = ", ".join(self._offered(name))
                raise self._fault(f"session.{name}", {**told, "classes": classes}, at=row[name])
            found.append(self._class(name, row[name]))
        return Judgement(sign, found[0], found[1], sure, row["comment"].text)

    def _class(self, kind: str, cell: Cell) -> Range:
        found = class_named(self._diagram.classes, kind, cell.text)
        if found is None:
            advice = nearest(cell.text, self._offered(kind), self._language)
            raise self._fault("choice", {"found": cell.text, "advice": advice}, at=cell)
        return found

    def _offered(self, kind: str) -> list[str]:
        found = classes_of(self._diagram.classes, kind)
        return [class_word(kind, item, self._language) for item in found]

    def _ends(self, row: Row) -> Ends:
        """The link that a row is about."""
        known = {key(item.id): item.id for item in self._diagram.variables}
        for name in ("src", "dst"):
            if key(row[name].text) not in known:
                advice = nearest(row[name].text, known.values(), self._language)
                raise self._fault("unknown", {"name": row[name].text, "advice": advice}, at=row[name])
        ends = key(row["src"].text), key(row["dst"].text)
        if ends not in self._links:
            raise self._fault("session.link", {"src": row["src"].text, "dst": row["dst"].text}, at=row["dst"])
        return ends

    def _take_seed(self, filled: _Filled, row: Row) -> None:
        name, cells = row["seed"].text, [row[column] for column in _QUANTILES]
        if all(cell.empty for cell in cells):
            return
        if not self._seeds:
            raise self._fault("session.no seeds", at=row["seed"])
        if key(name) not in self._seeds:
            advice = nearest(name, [item.id for item in self._seeds.values()], self._language)
            raise self._fault("session.seed", {"name": name, "advice": advice}, at=row["seed"])
        question = self._seeds[key(name)]
        found = []
        for cell in cells:
            if cell.empty:
                raise self._fault("session.open", {"name": name}, at=cell)
            try:
                found.append(cell.number())
            except ScenarioError:
                raise self._fault("session.number", {"found": cell.text}, at=cell) from None
            if question.logarithmic and found[-1] <= 0:
                raise self._fault("session.positive", {"found": cell.text}, at=cell)
        low, middle, high = found
        if not low < middle < high:
            told = {"low": cells[0].text, "middle": cells[1].text, "high": cells[2].text}
            raise self._fault("session.order", told, at=cells[0])
        if question.id in filled.seeds:
            raise self._fault("twice", {"name": name}, at=row["seed"])
        filled.seeds[question.id] = low, middle, high

    def _fault(
        self, kind: str, values: Mapping[str, object] | None = None, *, at: Cell | None = None
    ) -> DiagramError:
        return fault(kind, self._language, values, at=at, file=self._file)


class _Filled:
    """A form as it is read; each judgement with the row where it stands, None of who does not know."""

    def __init__(self) -> None:
        self.participant = self.expertise = self.comment = ""
        self.judgements: dict[Ends, tuple[Judgement | None, int]] = {}
        self.seeds: dict[str, tuple[float, float, float]] = {}


def _rows(tables: Tables, sheet: str, name: str, columns: Sequence[str]) -> Iterator[Row]:
    """The rows of a sheet by the names of our columns, in whichever language it is."""
    spelled: dict[str, Text] = {column: _title(column) for column in columns}
    header = tables.header(sheet)
    language = max(
        LANGUAGES, key=lambda one: sum(spelled[column].in_language(one) in header for column in columns)
    )
    titles = {column: spelled[column].in_language(language) for column in columns}
    for row in tables.rows(sheet, list(titles.values())):
        yield {column: row[title] for column, title in titles.items()}


def _title(column: str) -> Text:
    return Text(*(word(f"column.{column}", language) for language in LANGUAGES))
