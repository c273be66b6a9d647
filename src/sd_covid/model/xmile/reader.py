"""An XMILE file to a `Model`: the stages of this package, one after the other."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sd_covid.errors import ModelError
from sd_covid.model.expression import Expression, Number, Place, Unary
from sd_covid.model.names import key
from sd_covid.model.structure import Equation, Kind, Method, Model, Note, Settings, Variable
from sd_covid.model.xmile.definition import Definition, Macro, ModuleUse, Submodel
from sd_covid.model.xmile.document import Document, child, children, content, read_document
from sd_covid.model.xmile.flows import Flows
from sd_covid.model.xmile.header import (
    Specs,
    literal,
    non_negative_kinds,
    read_dimensions,
    read_equivalences,
    read_specs,
)
from sd_covid.model.xmile.includes import beside, included
from sd_covid.model.xmile.macros import recursive
from sd_covid.model.xmile.modules import Models, flatten
from sd_covid.model.xmile.site import World
from sd_covid.model.xmile.stocks import Translator
from sd_covid.model.xmile.text import equation_text, name_of, parse_equation
from sd_covid.model.xmile.variables import read_submodel

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

#: Options that the reader knows itself, so that a macro which says what they do is not needed.
_MAX_FILES_DEEP = 5
#: An expression is at most `sd_covid.model.vensim.parse.MAX_DEPTH` deep, macros within macros add theirs.
_FRAMES = 50_000
_KNOWN_OPTIONS = frozenset({"non negative"})


def read_xmile(path: str | Path) -> Model:
    """Read an XMILE model; its names are not all resolved yet, see `sd_covid.model.check`.

    Parameters
    ----------
    path : path

    Returns
    -------
    Model
        Flat: modules and macros are written out.

    Raises
    ------
    ModelError
        When the file cannot be read or means nothing; names file, line and, where there is one, the variable.
    """
    path = Path(path)
    return model_of(read_document(path), path.stem)


def model_of(document: Document, name: str) -> Model:
    """The model that a document says. See `read_xmile`."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, _FRAMES))
    try:
        return _model_of(document, name)
    finally:
        sys.setrecursionlimit(before)


def _model_of(document: Document, name: str) -> Model:
    specs = read_specs(document)
    documents = [document, *included(document)]
    remarks = list[str]()
    if _written_by_vensim(document) and specs.method is Method.RK4:
        specs = replace(specs, method=Method.EULER)
        remarks.append(
            "Vensim writes RK4 into every XMILE file, whatever the model's setting is: Euler is taken"
        )
    root, others = _models(document)
    for other in documents[1:]:
        _include_models(other, others)
    _from_other_files(document, root, others)
    definitions = {key(item.name): item for item in flatten(root, others)}
    macros = _macros(documents)
    world = World(read_dimensions(document), definitions, macros, recursive(macros), _from_vensim(document))
    flows = Flows(definitions, non_negative_kinds(document))
    control = _control(specs, definitions)
    _refuse_runge_kutta(definitions, specs)
    variables = _translate(world, flows)
    for variable in control:
        variables[variable.key] = variable
    _refuse_clash(world, variables)
    remarks = [*(remark for item in documents for remark in item.remarks), *remarks]
    return Model(
        name,
        document.source.file,
        variables,
        world.dimensions,
        Settings(specs.method, read_equivalences(document)),
        series=world.series,
        notes=[Note(text, Place(document.source.file)) for text in remarks],
    )


def _refuse_runge_kutta(definitions: dict[str, Definition], specs: Specs) -> None:
    """Material on a conveyor, or in a queue, moves step by step."""
    for item in definitions.values():
        if (item.conveyor is not None or item.queue) and specs.method is not Method.EULER:
            raise ModelError(
                f"a {'queue' if item.queue else 'conveyor'} runs with Euler's method, not {specs.method}",
                advice="choose Euler in the model's run specs",
                file=item.place.file,
                line=item.place.line,
                variable=item.name,
            )


def _models(document: Document) -> tuple[Submodel, Models]:
    """The root model, and the others by key."""
    elements = list(children(document.root, "model"))
    for element in elements:
        if child(element, "sim_specs") is not None and child(document.root, "sim_specs") is not None:
            reason = "a model that runs by <sim_specs> of its own is not supported"
            raise document.error(child(element, "sim_specs"), reason, "take them out")
    found = [read_submodel(document, element) for element in elements]
    if not found:
        raise document.error(document.root, "holds no <model>", "save it again from where it was made")
    root = next((model for model in found if not model.name), found[0])
    others: Models = {}
    for model in found:
        if model is root:
            continue
        if key(model.name) in others:
            line = others[key(model.name)].place.line
            reason = f"model '{model.name}' is defined twice, first on line {line}"
            place = model.place
            raise ModelError(reason, file=place.file, line=place.line, advice="rename one of the two")
        others[key(model.name)] = model
    return root, others


def _include_models(document: Document, others: Models) -> None:
    """Take the models of an included file that have names; those of the model itself go first."""
    for element in children(document.root, "model"):
        model = read_submodel(document, element)
        if model.name:
            others.setdefault(key(model.name), model)


def _from_other_files(document: Document, root: Submodel, others: Models, depth: int = 0) -> None:
    """Read the models that modules take from other files, which lie beside this one or below.

    Each becomes a model under the name ``file#model``, which the module then stands for.
    """
    for use in [use for model in (root, *others.values()) for use in model.modules]:
        if use.resource is None or key(use.model) in others:
            continue
        path = beside(document, use.resource)
        if path is None:
            reason = (
                f"module '{use.name}' is in '{use.resource}', which is no file beside the model or below it"
            )
            raise _of_module(use, reason)
        if depth >= _MAX_FILES_DEEP:
            raise _of_module(use, f"files of modules name one another more than {_MAX_FILES_DEEP} deep")
        other = read_document(path)
        first, rest = _models(other)
        _from_other_files(other, first, rest, depth + 1)
        for model in (first, *rest.values()):
            for inner in model.modules:
                inner.model = f"{use.resource}#{inner.model}"
        taken = rest.get(key(use.model), first)
        use.model = f"{use.resource}#{taken.name}"
        for model in (first, *rest.values()):
            model.name = f"{use.resource}#{model.name}"
            others.setdefault(key(model.name), model)


def _of_module(use: ModuleUse, reason: str) -> ModelError:
    place = use.place
    return ModelError(reason, file=place.file, line=place.line, variable=use.name)


def _maker(document: Document) -> tuple[str, str]:
    """Vendor and product that the header names, in lower case."""
    header = child(document.root, "header")
    if header is None:
        return "", ""
    vendor, product = ((content(header, tag) or "").strip().lower() for tag in ("vendor", "product"))
    return vendor, product


def _from_vensim(document: Document) -> bool:
    """Whether the file is a model of Vensim's in XMILE's clothes: saved by Vensim, or turned into it by xmutil."""
    return _maker(document)[0].startswith("ventana")


def _written_by_vensim(document: Document) -> bool:
    vendor, product = _maker(document)
    return vendor.startswith("ventana") and product == "vensim"


def _macros(documents: list[Document]) -> dict[str, list[Macro]]:
    """The macros of a file and of those that it includes; its own come first."""
    found: dict[str, list[Macro]] = {}
    for document in documents:
        for element in children(document.root, "macro"):
            macro = _macro(document, element)
            if macro is not None:
                found.setdefault(key(macro.name), []).append(macro)
    return found


def _macro(document: Document, element: Element) -> Macro | None:
    """One macro; None for one that says what the reader knows itself."""
    name = name_of(element.get("name") or "")
    if element.get("filter") is not None:
        if key(name) in _KNOWN_OPTIONS:
            return None
        reason = f"macro {name} changes how a building block works, which is not supported"
        raise document.error(element, reason, "write it as a function", name)
    if child(element, "sim_specs") is not None:
        reason = f"macro {name} runs for a time of its own, which is not supported"
        raise document.error(element, reason, "write it without <sim_specs>", name)
    written = child(element, "eqn")
    equation = (
        None
        if written is None
        else parse_equation(equation_text(written.text or "", document.source, written.sourceline), name)
    )
    if equation is None or not key(name):
        reason = f"macro '{name}' has no {'equation' if key(name) else 'name'}"
        raise document.error(element, reason, variable=name)
    parameters = _parameters(document, element, name)
    body = read_submodel(document, element)
    if body.modules:
        raise document.error(element, f"macro {name} holds modules, which is not supported", variable=name)
    given = {key(label) for label, _ in parameters}
    definitions = [
        item
        for item in body.definitions
        if key(item.name) not in given or item.equation is not None or item.elements  # a parameter's place
    ]
    return Macro(name, parameters, equation, definitions, document.place(element))


def _parameters(document: Document, element: Element, name: str) -> list[tuple[str, Expression | None]]:
    """The parameters of a macro, each with its default where it has one."""
    parameters: list[tuple[str, Expression | None]] = []
    for item in children(element, "parm"):
        default = item.get("default")
        parsed = (
            None
            if default is None
            else parse_equation(equation_text(default, document.source, item.sourceline), name)
        )
        label = name_of(item.text or "")
        if not key(label) or key(label) in {key(known) for known, _ in parameters}:
            raise document.error(item, f"parameter '{label}' of macro {name} has no name, or is there twice")
        if parsed is None and parameters and parameters[-1][1] is not None:
            reason = f"parameter '{label}' of macro {name} has no default, and the one before it has"
            raise document.error(item, reason, "give it one, or put it first", name)
        parameters.append((label, parsed))
    return parameters


# --- control variables --------------------


def _control(specs: Specs, definitions: dict[str, Definition]) -> list[Variable]:
    """INITIAL TIME, FINAL TIME, TIME STEP and, where the file says it, SAVEPER.

    A file that was made from a model of Vensim's has them as variables too; they must then agree.
    """
    found = []
    for name, value in (
        ("INITIAL TIME", specs.start),
        ("FINAL TIME", specs.stop),
        ("TIME STEP", specs.step),
        ("SAVEPER", specs.save),
    ):
        own = definitions.get(key(name))
        if value is None:
            continue
        if own is not None:
            _refuse_other(own, value, specs)
        units = specs.units if own is None or not own.units else own.units
        size = Number(abs(value), specs.place)
        expression = Unary("-", size, specs.place) if value < 0 else size
        equation = Equation(Kind.EQUATION, expression=expression, place=specs.place)
        variable = Variable(name if own is None else own.name, [equation], units=units, place=specs.place)
        if own is not None:
            variable.documentation, variable.group = own.documentation, own.group
            definitions.pop(key(name))
            definitions[key(name)] = Definition("aux", own.name, own.place)
        else:
            definitions[key(name)] = Definition("aux", name, specs.place)
        found.append(variable)
    return found


def _refuse_other(own: Definition, value: float, specs: Specs) -> None:
    written = literal(own.equation)
    if written is not None and abs(written - value) > 1e-9 * max(1.0, abs(value)):
        reason = f"'{own.name}' is {written:g}, and <sim_specs> on line {specs.place.line} say {value:g}"
        place = own.place
        raise ModelError(
            reason, advice="make the two agree", file=place.file, line=place.line, variable=own.name
        )


# --- all variables --------------------


def _translate(world: World, flows: Flows) -> dict[str, Variable]:
    """Every definition as a variable, and what macros make on the way."""
    translator = Translator(world, flows)
    found: dict[str, Variable] = {}
    control = {"initial time", "final time", "time step"}
    queue = [item for name, item in world.definitions.items() if name not in control]
    queue = [item for item in queue if item.equation is not None or key(item.name) != "saveper"]
    for definition in world.definitions.values():
        translator.check_dimensions(definition)
    while queue:
        for definition in queue:
            found[key(definition.name)] = translator.variable(definition)
        queue, world.made = world.made, []
        for definition in queue:
            flows.add(definition)
    for variable in world.ready:
        found[variable.key] = variable
    for name in world.looked_up:
        variable = translator.lookup(world.definitions[name])
        found.setdefault(variable.key, variable)
    return found


def _refuse_clash(world: World, variables: dict[str, Variable]) -> None:
    """A dimension and a variable cannot have one name: the standard, section 3.7.1."""
    for dimension in world.dimensions.values():
        variable = variables.get(dimension.key)
        if variable is not None:
            place = variable.place
            raise ModelError(
                f"'{variable.name}' is both a variable and a dimension",
                advice="rename one of the two",
                file=place.file,
                line=place.line,
                variable=variable.name,
            )
