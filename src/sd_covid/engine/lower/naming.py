"""Names as people write them, ``name`` or ``name[Element A,Element B]``, to cells of a model and back."""

from __future__ import annotations

from collections.abc import Iterable

from sd_covid.engine.graph.program import Parameter
from sd_covid.engine.graph.subscripts import Cell, Subscripts
from sd_covid.engine.lower.steps import steps_among
from sd_covid.errors import UnknownNameError, suggest
from sd_covid.model.names import key
from sd_covid.model.structure import Kind, Model


class Names:
    """The names of a model's variables and of their elements.

    Parameters
    ----------
    model : Model
    subscripts : Subscripts
        Of that model.
    settable : iterable of Parameter
        Its settable constants.
    """

    def __init__(self, model: Model, subscripts: Subscripts, settable: Iterable[Parameter]) -> None:
        self.model, self.subscripts = model, subscripts
        self._settable: dict[str, list[Cell]] = {}
        self._found: dict[str, list[Cell]] = {}  # what `cells` was asked before
        self._freed: dict[str, str] = {}  # name of a part of a variable, by its key
        for parameter in settable:
            self._settable.setdefault(parameter.cell.variable, []).append(parameter.cell)
            if parameter.name:
                self._freed[parameter.cell.variable] = parameter.name

    def spell(self, cell: Cell) -> str:
        """The name of a cell in the model's spelling."""
        name = self._freed.get(cell.variable) or self.model.variables[cell.variable].name
        if not cell.elements:
            return name
        return f"{name}[{','.join(self.subscripts.spelling.get(e, e) for e in cell.elements)}]"

    def cells(self, name: str) -> list[Cell]:
        """The cells that a name stands for: one element, or all elements of an array.

        Raises
        ------
        UnknownNameError
            For a name, or an element, that the model does not have; with the nearest ones.
        """
        if name not in self._found:
            self._found[name] = self._look_up(name)
        return self._found[name]

    def _look_up(self, name: str) -> list[Cell]:
        base, elements = self._split(name)
        variable = self.model.variables.get(key(base))
        if variable is None or variable.equations[0].kind is Kind.LOOKUP:
            known = [v.name for v in self.model.variables.values() if v.equations[0].kind is not Kind.LOOKUP]
            raise UnknownNameError(
                f"'{base}' is not a variable of {self.model.name}", advice=suggest(base, known), variable=name
            )
        cells = self.subscripts.definitions(variable)
        if elements is None:
            return [Cell(variable.key, cell) for cell in cells]
        wanted = tuple(key(e) for e in elements)
        if wanted not in cells:
            spelled = [self.spell(Cell(variable.key, cell)) for cell in cells]
            advice = suggest(name, spelled) or (
                f"its elements are {', '.join(spelled[:6])}" if next(iter(cells)) else "it is a scalar"
            )
            raise UnknownNameError(
                f"'{name}' is not an element of '{variable.name}'", advice=advice, variable=name
            )
        return [Cell(variable.key, wanted)]

    def constants(self, name: str) -> list[Cell]:
        """The settable constants that a name stands for.

        Raises
        ------
        UnknownNameError
            When it is no constant; with the nearest constants, or what it is instead.
        """
        base, elements = self._split(name)
        found = self._settable.get(key(base))
        if found is None:
            known = [self._freed.get(k) or self.model.variables[k].name for k in self._settable]
            exists = key(base) in self.model.variables
            reason = (
                f"'{base}' is calculated in {self.model.name}, so it cannot be set"
                if exists
                else f"'{base}' is not a constant of {self.model.name}"
            )
            step = f"take simulation.stepping(['{name}'])" if steps_among([name]) else None
            raise UnknownNameError(reason, advice=step or suggest(base, known), variable=name)
        if elements is None:
            return found
        if key(base) in self._freed:
            wanted = tuple(key(e) for e in elements)
            cells = [cell for cell in found if cell.elements == wanted]
            if not cells:
                spelled = [self.spell(cell) for cell in found]
                raise UnknownNameError(
                    f"'{name}' is not a constant of {self.model.name}",
                    advice=suggest(name, spelled),
                    variable=name,
                )
            return cells
        return [cell for cell in self.cells(name) if cell in found]

    def _split(self, name: str) -> tuple[str, list[str] | None]:
        """``name[a,b]`` into its parts; a name may itself hold brackets, as ``CO2 [Gt]`` does."""
        name = name.strip()
        plain = name.startswith('"') or not name.endswith("]") or "[" not in name
        if plain or key(name) in self.model.variables or key(name) in self._settable:
            return name, None
        base, _, inside = name[:-1].rpartition("[")
        return base, inside.split(",")
