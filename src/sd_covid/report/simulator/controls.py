"""The controls of a simulator: levers by ministry, assumptions apart from them, presets.

In come a `Declaration`, the study and its scenarios; out come plain objects for JSON, in which constants are numbers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from sd_covid.data.text import Text
from sd_covid.engine.lower.steps import step_names
from sd_covid.engine.simulation import Simulation
from sd_covid.errors import ScenarioError, suggest
from sd_covid.model.names import key
from sd_covid.policy.catalogue.levers import Lever
from sd_covid.policy.scenario import Scenario
from sd_covid.policy.study import Study
from sd_covid.report.simulator.declaration import Declaration, Slider, nice_step
from sd_covid.report.simulator.spending import cost_of, prices_of
from sd_covid.report.words.texts import Texts

#: The parts of a lever in the order of its sliders.
_PARTS = ("level", "start", "end", "budget")
#: Units of shares by time, which readers are told in per cent.
_RATES = ("1/year", "1/month")


class Spelled:
    """The constants of a model by number: their place in the parameters of its program."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._number = {name: k for k, name in enumerate(simulation.constants)}

    def numbers(self, name: str) -> list[int]:
        """The numbers of what a name stands for: every element of an array.

        Raises
        ------
        UnknownNameError
            For a constant that the model does not have.
        """
        names = self._simulation.names
        return [self._number[names.spell(cell)] for cell in names.constants(name)]

    def numbered(self, settings: Mapping[str, float]) -> list[list[float]]:
        """Settings as pairs of number and value."""
        found = {number: float(value) for name, value in settings.items() for number in self.numbers(name)}
        return [[number, value] for number, value in sorted(found.items())]


class Controls:
    """What a reader can move, and what follows from it.

    Attributes
    ----------
    levers : dict
        Those of the study that the model has; none where the page shows no catalogue.
    steps : list of str
        Constants of steps that the model must have, for levers that can be kept for one group.
    counted : list of str
        Variables from which costs are counted.
    """

    def __init__(
        self,
        declared: Declaration,
        simulation: Simulation,
        study: Study | None,
        presets: Sequence[Scenario],
        texts: Texts,
    ) -> None:
        self._declared, self._simulation, self._study = declared, simulation, study
        self._presets, self._texts = presets, texts
        wanted = study is not None and declared.catalogue
        levers = study.catalogue.levers if study is not None and wanted else {}
        self.levers = {name: item for name, item in levers.items() if study is not None and study.has(name)}
        self.steps = [
            name
            for lever in self.levers.values()
            for constants in self._targets(lever).values()
            for constant in constants
            for name in step_names(constant, 1)
        ]
        self.counted = list(
            dict.fromkeys(
                name
                for lever in self.levers.values()
                for variable in lever.cost.variables
                for name in map(simulation.names.spell, simulation.names.cells(variable))
            )
        )

    def data(self, spelled: Spelled) -> dict[str, Any]:
        """Groups of levers, assumptions, presets and prices."""
        return {
            "groups": self._groups(spelled),
            "assumptions": self._assumptions(spelled),
            "presets": [
                {"number": number, **self._preset(item, spelled)}
                for number, item in zip(self._declared.numbers, self._presets, strict=True)
            ],
            "prices": prices_of(self._study, self._texts)
            if self._study is not None and self.levers
            else None,
        }

    # --- levers --------------------

    def _groups(self, spelled: Spelled) -> list[dict[str, Any]]:
        groups: dict[str, list[dict[str, Any]]] = {}
        for lever in self.levers.values():
            groups.setdefault(self._texts.of(lever.payer), []).append(self._lever(lever, spelled))
        for group in self._declared.groups:
            rows = [self._own(item, spelled) for item in group.sliders]
            groups.setdefault(self._texts.of(group.title), []).extend(rows)
        return [{"title": title, "levers": rows} for title, rows in groups.items()]

    def _own(self, slider: Slider, spelled: Spelled) -> dict[str, Any]:
        """A lever that stands in the declaration: one slider."""
        return {
            "id": slider.constant,
            "title": self._texts.of(slider.title),
            "meaning": self._texts.of(slider.meaning),
            "documentation": "",
            "source": self._texts.of(slider.source),
            "grade": slider.grade,
            "target": "",
            "targets": [],
            "municipal": None,
            "cost": None,
            "catalogue": False,
            "parts": [self._part("level", slider, spelled)],
        }

    def _lever(self, lever: Lever, spelled: Spelled) -> dict[str, Any]:
        texts = self._texts
        municipal = lever.constants.get("municipal")
        found = municipal is not None and self._study is not None and municipal in self._study.names
        return {
            "id": lever.id,
            "title": texts.of(lever.title),
            "meaning": texts.of(lever.meaning),
            "documentation": "",
            "source": texts.of(lever.source),
            "grade": lever.grade,
            "target": texts.of(lever.target),
            "targets": [
                {
                    "group": group,
                    "title": texts(f"simulator.group.{group}"),
                    "constants": [
                        [*(spelled.numbers(part)[0] for part in step_names(name, 1)[:2]), value]
                        for name, value in constants.items()
                    ],
                }
                for group, constants in self._targets(lever).items()
            ],
            "municipal": spelled.numbers(municipal)[0] if municipal is not None and found else None,
            "cost": cost_of(lever.cost, self._simulation, texts),
            "catalogue": True,
            "parts": [
                self._part(part, self._slider(lever, part), spelled)
                for part in _PARTS
                if part in lever.constants and self._study is not None
                if lever.constants[part] in self._study.names
            ],
        }

    def _targets(self, lever: Lever) -> dict[str, dict[str, float]]:
        """The groups that a lever can be kept for in this model; one that does not tell groups apart has none."""
        known = () if self._study is None else self._study.names
        return {
            group: constants
            for group, constants in lever.targets.items()
            if all(constant in known for constant in constants)
        }

    def _slider(self, lever: Lever, part: str) -> Slider:
        """The slider of a part of a lever of the catalogue."""
        assert self._study is not None, "a catalogue belongs to a study"
        texts, calendar = self._texts, self._study.calendar
        title = Text(texts(f"simulator.part.{part}"), texts(f"simulator.part.{part}"))
        label = Text(texts("simulator.mark.actual"), texts("simulator.mark.actual"))
        if part in ("start", "end"):
            # a lever lasts a month at least: its end does not come before one, nor its start within one of the end
            first, last = calendar.time(self._study.first), calendar.time(self._study.last)
            low, high, step = (first, last - 1, 1.0) if part == "start" else (first + 1, last, 1.0)
            actual = calendar.time(lever.actual.start if part == "start" else lever.actual.end)
        elif part == "budget":
            actual = lever.actual.budget or 0.0
            asked = [item.settings.get(lever.constants[part], 0.0) for item in self._presets]
            most = max(2.0 * actual, lever.cost.total, 100.0, *asked)
            step = nice_step(0.0, most)
            low, high = 0.0, step * math.ceil(most / step - 1e-9)
        else:
            low, high, actual = lever.low, lever.high, lever.actual.level
            step = nice_step(low, high)
        unit = Text("mln euro", "million euro") if part == "budget" else Text()
        return Slider(
            lever.constants[part],
            title,
            low,
            high,
            step,
            unit,
            marks=((actual, label),),
            moment=part in ("start", "end"),
        )

    def _part(self, part: str, slider: Slider, spelled: Spelled) -> dict[str, Any]:
        texts = self._texts
        return {
            "part": part,
            "title": texts.of(slider.title),
            "names": spelled.numbers(slider.constant),
            "constant": slider.constant,
            "low": slider.low,
            "high": slider.high,
            "step": slider.step,
            "unit": texts.of(slider.unit),
            "scale": slider.scale,
            "dated": slider.moment,
            "marks": [[value, texts.of(label)] for value, label in slider.marks],
        }

    # --- assumptions and presets --------------------

    def _assumptions(self, spelled: Spelled) -> list[dict[str, Any]]:
        return [
            self._assumed(item, spelled) if isinstance(item, str) else self._own(item, spelled)
            for item in self._declared.assumptions
        ]

    def _assumed(self, name: str, spelled: Spelled) -> dict[str, Any]:
        """An assumption of the study, over the range of its evidence."""
        known = {} if self._study is None else self._study.assumptions
        if name not in known:
            advice = suggest(name, known) or "name one of assumptions.yaml, or write {constant: {…}}"
            raise ScenarioError(
                f"there is no assumption '{name}'",
                advice=advice,
                file=str(self._declared.file),
                variable=name,
            )
        item = known[name]
        low, high = item.range.low, item.range.high
        dated = item.moment and self._study is not None
        label = Text(self._texts("simulator.mark.central"), self._texts("simulator.mark.central"))
        unit = self._texts.unit(item.unit)
        rate = item.unit.strip().casefold() in _RATES
        if rate:
            unit = f"% {unit}"
        slider = Slider(
            item.constant,
            Text(self._texts("simulator.part.value"), self._texts("simulator.part.value")),
            low,
            high,
            1.0 if dated else nice_step(low, high),
            Text() if dated else Text(unit, unit),
            marks=((item.range.central, label),),
            moment=dated,
            scale=100.0 if rate else 1.0,
        )
        variable = self._simulation.model.variables[key(item.constant.partition("[")[0])]
        return {
            "id": name,
            "title": self._texts.of(item.title),
            "meaning": "",
            "documentation": str(variable.documentation or ""),
            "source": self._texts.of(item.source),
            "grade": item.grade,
            "target": "",
            "targets": [],
            "municipal": None,
            "cost": None,
            "catalogue": True,
            "parts": [self._part("value", slider, spelled)],
        }

    def _preset(self, scenario: Scenario, spelled: Spelled) -> dict[str, Any]:
        """A scenario: its settings, and which of them are no lever's."""
        assert self._study is not None, "a scenario belongs to a study"
        assumed = {name for name in scenario.settings if self._study.of_lever(_unstepped(name)) is None}
        aimed = {
            key(name)
            for lever in self.levers.values()
            for names in self._targets(lever).values()
            for name in names
        }
        return {
            "id": scenario.id,
            "title": self._texts.of(scenario.title),
            "rationale": self._texts.of(scenario.rationale),
            "settings": spelled.numbered(scenario.settings),
            "assumed": sorted(
                number
                for name in assumed
                if key(_unstepped(name)) not in aimed
                for number in spelled.numbers(name)
            ),
        }


def _unstepped(name: str) -> str:
    """The constant of which a name is a step: ``weight(step 1)[young]`` is of ``weight[young]``."""
    base, bracket, elements = name.partition("[")
    return base.partition("(step ")[0] + bracket + elements
