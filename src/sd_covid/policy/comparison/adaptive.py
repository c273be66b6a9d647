"""A model in which levers wait for the triggers that scenarios give them.

In come scenarios of which a lever has a `Trigger`; out comes the model with states of its own that watch the
indicator at every step, in every member. The lever keeps its equations: where they read its start and end, they read
the moment at which the trigger fired and that moment plus its length. Threshold, months and length are constants
like any other, so that members may differ in them, and a scenario without the trigger runs in the same model as it
did without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar, cast

from sd_covid.engine.graph.subscripts import Subscripts
from sd_covid.engine.lower.naming import Names
from sd_covid.errors import ScenarioError, UnknownNameError
from sd_covid.model.expression import Call, Expression, Reference, Table, rebuilt
from sd_covid.model.names import key
from sd_covid.model.structure import Method, Model, Variable
from sd_covid.policy.catalogue.triggers import name_stem, trigger_name

if TYPE_CHECKING:
    from sd_covid.policy.catalogue.levers import Lever
    from sd_covid.policy.scenario import Scenario
    from sd_covid.policy.types import Simulator


Runs = TypeVar("Runs", bound="Simulator")


def adaptive(simulation: Runs, scenarios: Iterable[Scenario], levers: Mapping[str, Lever]) -> Runs:
    """A model in which the triggers of these scenarios act.

    Parameters
    ----------
    simulation : Simulator
    scenarios : iterable of Scenario
    levers : mapping
        Lever id -> `Lever`, of the study.

    Returns
    -------
    Simulator
        This one, where no scenario has a trigger.

    Raises
    ------
    ScenarioError
        Two indicators for one lever; an indicator that cannot be watched; a model that is not integrated by Euler, by
        which months are counted.
    """
    watched: dict[str, str] = {}
    names = Names(simulation.model, Subscripts(simulation.model), ())
    for scenario in scenarios:
        for name, setting in scenario.levers.items():
            if setting.trigger is None:
                continue
            indicator = watched.setdefault(name, setting.trigger.indicator)
            _refuse_all_but_one_number(names, setting.trigger.indicator, name, scenario)
            if key(indicator) != key(setting.trigger.indicator):
                raise ScenarioError(
                    f"'{name}' is switched on by '{indicator}' and by '{setting.trigger.indicator}'",
                    advice="run the two scenarios apart",
                    file=scenario.file or None,
                    variable=name,
                )
    if not watched:
        return simulation
    if simulation.model.settings.method is not Method.EULER:
        raise ScenarioError(
            "a trigger counts months step by step, and this model is not integrated by Euler",
            advice="leave the triggers out, or set Euler in the model",
            file=simulation.model.path,
        )
    model = simulation.model
    for name, indicator in watched.items():
        model = _with_trigger(model, levers[name], indicator)
    from sd_covid.model.check import check

    check(model)
    return cast("Runs", simulation.on(model))


def _refuse_all_but_one_number(names: Names, indicator: str, lever: str, scenario: Scenario) -> None:
    """See that an indicator is one number at a time: of an array, an element that it has."""
    try:
        several = len(names.cells(indicator)) > 1
    except UnknownNameError as fault:
        raise ScenarioError(
            f"'{indicator}', for which '{lever}' waits, is not in the model",
            advice=fault.advice,
            file=scenario.file or None,
            variable=lever,
        ) from fault
    if several:
        variable = names.model.variable(indicator.partition("[")[0])
        raise ScenarioError(
            f"'{indicator}', for which '{lever}' waits, is an array",
            advice=f"name an element of {variable.name}[{','.join(variable.equations[0].subscripts)}]",
            file=scenario.file or None,
            variable=lever,
        )


def _with_trigger(model: Model, lever: Lever, indicator: str) -> Model:
    """A model with the states of one trigger, and a lever that follows them; this one, where it has them already."""
    from sd_covid.model.source import Source
    from sd_covid.model.vensim.reader import model_of

    start, end = (model.variable(lever.constants[part]) for part in ("start", "end"))
    units = model.variable(indicator.partition("[")[0]).units
    text = _FRAGMENT.format(
        name=name_stem(lever.id),
        indicator=indicator,
        units=units,
        start=start.name,
        end=end.name,
        time=start.units,
    )
    fragment = model_of(Source(text), f"trigger of {lever.id}")
    taken = [item.name for name, item in fragment.variables.items() if name in model.variables]
    if len(taken) == len(fragment.variables) and all(
        model.variables[name].equations == item.equations for name, item in fragment.variables.items()
    ):
        return model
    if taken:
        raise ScenarioError(
            f"the model has a variable '{taken[0]}' of its own", advice="rename it", variable=taken[0]
        )
    renamed = {start.key: trigger_name(lever.id, "start"), end.key: trigger_name(lever.id, "end")}
    followed = {name: _redirected(item, renamed) for name, item in model.variables.items()}
    return replace(model, variables=followed | fragment.variables)


def _redirected(variable: Variable, renamed: Mapping[str, str]) -> Variable:
    """A variable that reads other variables in place of some."""

    def change(node: Reference | Call) -> Expression:
        if isinstance(node, Reference) and key(node.name) in renamed:
            return replace(node, name=renamed[key(node.name)])
        return node

    equations = [
        item
        if item.expression is None or isinstance(item.expression, Table)
        else replace(item, expression=rebuilt(item.expression, change))
        for item in variable.equations
    ]
    return replace(variable, equations=equations)


#: The states of a trigger. Whether it fires is seen from a stock alone, so that the lever may act on the indicator
#: in the same instant without a loop of equations. Months are compared with half a step to spare, as Vensim compares
#: times.
_FRAGMENT = """{{UTF-8}}
{name} trigger on = 0
	~	Dmnl
	~	1: the lever waits for the trigger; 0: it is in force from its start to its end.
	|
{name} trigger threshold = 0
	~	{units}
	~	Beyond which the indicator counts.
	|
{name} trigger side = 1
	~	Dmnl
	~	1: beyond is above the threshold; -1: below it.
	|
{name} trigger wait = 1
	~	{time}
	~	How long in a row the indicator must be beyond the threshold.
	|
{name} trigger lasts = 1
	~	{time}
	~	How long the lever is in force once the trigger has fired.
	|
{name} trigger met = INTEG(IF THEN ELSE({name} trigger side * ({indicator} - {name} trigger threshold) > 0,
	1, -{name} trigger met / TIME STEP), 0)
	~	{time}
	~	How long in a row the indicator has been beyond the threshold.
	|
{name} trigger fires = IF THEN ELSE({name} trigger fired at > Time
	:AND: {name} trigger met >= {name} trigger wait - TIME STEP / 2
	:AND: Time >= {start} :AND: Time < {end}, 1, 0)
	~	Dmnl
	~	Whether the trigger fires at this moment, for the first time.
	|
{name} trigger fired at = INTEG({name} trigger fires * (Time - {name} trigger fired at) / TIME STEP,
	2 * FINAL TIME - INITIAL TIME + 1)
	~	{time}
	~	When the trigger fired; beyond the run as long as it has not.
	|
{name} trigger start = IF THEN ELSE({name} trigger on > 0.5,
	IF THEN ELSE({name} trigger fires > 0.5, Time, {name} trigger fired at), {start})
	~	{time}
	~	From when the lever is in force.
	|
{name} trigger end = IF THEN ELSE({name} trigger on > 0.5, {name} trigger start + {name} trigger lasts
	- IF THEN ELSE(Time < {name} trigger start + {name} trigger lasts - TIME STEP / 2, 0,
	MAX(0, {name} trigger start + {name} trigger lasts - Time)), {end})
	~	{time}
	~	Until when the lever is in force.
	|
"""
