"""Scenario files, one on top of another and side by side: what they set, before it is put on a model.

In comes a file; out comes a `Written`: the layers from the lowest base up, each what a file and its packages set.
A scenario lies on top of what it ``extends``; its packages and what it sets itself lie side by side, and may not
contradict one another.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from sd_covid.data.keyed_yaml import Node, read_yaml
from sd_covid.data.references import Reference, named
from sd_covid.data.text import Text
from sd_covid.errors import ScenarioError, suggest
from sd_covid.policy.files.dates import read_shift, within_run
from sd_covid.policy.files.filled_in import is_filled_in, read_filled_in
from sd_covid.policy.files.keys import BUDGET, NOT_IN_A_PACKAGE, PACKAGE, SCENARIO, SHIFT, TARGET, fields
from sd_covid.policy.files.layers import Layer, join, levers_of
from sd_covid.policy.files.parts import read_changes, read_levers
from sd_covid.policy.files.reshape import scaled, shifted, targeted
from sd_covid.policy.paths import FOLDER, AssumptionPath, folder_near, named_path, read_path
from sd_covid.policy.reading import read_date, read_number, read_text
from sd_covid.policy.study import Study, read_assumed
from sd_covid.study_folder import is_there


@dataclass(frozen=True, slots=True)
class Written:
    """What a scenario file says.

    Attributes
    ----------
    file : Path
    top : Node
    title, rationale : Text
    base : Written or None
        What it lies on top of.
    layer : Layer
        What it and its packages set of levers and constants.
    assumptions : dict
        Assumption id -> value.
    path : AssumptionPath or None
        That it names itself.
    references : tuple of Reference
        What its rationale rests on.
    """

    file: Path
    top: Node
    title: Text
    rationale: Text
    base: Written | None = None
    layer: Layer = field(default_factory=dict)
    assumptions: dict[str, float] = field(default_factory=dict)
    path: AssumptionPath | None = None
    references: tuple[Reference, ...] = ()

    @property
    def bases(self) -> Iterator[Written]:
        """What it lies on top of, and what that lies on top of, and so on."""
        if self.base is not None:
            yield self.base
            yield from self.base.bases

    @property
    def sets_nothing(self) -> bool:
        """Whether it is the actual package under another name."""
        own = self.layer or self.assumptions or self.path
        return not own and (self.base is None or self.base.sets_nothing)


def read_file(path: Path, study: Study, below: tuple[Path, ...] = ()) -> Written:
    """Read a scenario file with all that it lies on.

    Parameters
    ----------
    path : Path
    study : Study
    below : tuple of Path
        The files that led here.

    Raises
    ------
    DataError, ScenarioError
        A fault in any of the files, with file, line and key.
    """
    top = read_filled_in(path, study.catalogue, study.assumptions) if is_filled_in(path) else read_yaml(path)
    found = fields(top, SCENARIO)
    if path.resolve().parent.name == FOLDER:
        advice = f"put it on top of one: --path {path}"
        raise ScenarioError("is a path of assumptions, and no scenario", advice=advice, file=path)
    below = (*below, path.resolve())
    base = _other(found["extends"], "extend", study, below) if "extends" in found else None
    bases = [] if base is None else [base, *base.bases]
    layers = (
        [_package(node, bases, study, below) for node in found["with"].items()] if "with" in found else []
    )
    if "levers" in found:
        layers.append(read_levers(found["levers"], study))
    if "constants" in found:
        layers.append(read_changes(found["constants"], study))
    layer = _changed(join(layers), found, study)
    return Written(
        file=path,
        top=top,
        title=read_text(found["title"]),
        rationale=read_text(found["rationale"]),
        base=base,
        layer=layer,
        assumptions=read_assumed(found.get("assumptions"), study),
        path=_path(found["path"], study) if "path" in found else None,
        references=_references(found["references"], study) if "references" in found else (),
    )


def _references(node: Node, study: Study) -> tuple[Reference, ...]:
    """The publications that a file names by their keys."""
    return tuple(item for key in node.items() for item in named(key.text(), study.references, key.error))


def _other(node: Node, verb: str, study: Study, below: tuple[Path, ...]) -> Written:
    """Another scenario that one extends or takes in."""
    file = _beside(node.text(), node)
    if file.resolve() in below:
        circle = " → ".join([*(item.stem for item in below), file.stem])
        advice = "take one 'extends' out" if verb == "extend" else "take one package out"
        raise node.error(f"scenarios {verb} one another in a circle: {circle}", advice)
    return read_file(file, study, below)


def _beside(name: str, node: Node) -> Path:
    """The file of a scenario in the folder of the one that names it, with or without ``.yaml``."""
    if Path(name).name != name:
        raise node.error(f"'{name}' is not in this folder", "name a scenario beside this one")
    file = node.file.parent / (name if name.endswith(".yaml") else f"{name}.yaml")
    if not is_there(file):
        others = (item.stem for item in node.file.parent.glob("*.yaml"))
        raise node.error(f"there is no scenario '{name}'", suggest(name, others) or f"make {file.name}")
    return file


def _package(node: Node, bases: list[Written], study: Study, below: tuple[Path, ...]) -> Layer:
    """What a package sets: a scenario's own settings and packages, without what it extends."""
    found = fields(node, PACKAGE) if node.is_mapping else {"package": node}
    written = _other(found["package"], "take in", study, below)
    for name, entry in written.top.entries():
        if name in NOT_IN_A_PACKAGE:
            raise entry.error(
                f"as a package in {node.file.name}, this file cannot set '{name}'",
                "a package sets levers and constants; set it in the scenario",
            )
    carried = written.base
    if carried is not None and not carried.sets_nothing and carried.file.resolve() not in _files(bases):
        raise found["package"].error(
            f"'{written.file.stem}' extends '{carried.file.stem}', which would be left out here",
            f"extend '{carried.file.stem}' here too, or take it in as a package",
        )
    return _changed(written.layer, found, study)


def _files(bases: list[Written]) -> set[Path]:
    return {item.file.resolve() for item in bases}


def _changed(layer: Layer, found: dict[str, Node], study: Study) -> Layer:
    """A layer, moved, scaled and kept for a group as a file or an entry of ``with`` says."""
    if "shift" in found:
        layer = _shifted(layer, found["shift"], study)
    if "budget" in found:
        node = found["budget"]
        inside = fields(node, BUDGET) if node.is_mapping else {"total": node}
        layer = scaled(layer, read_number(inside["total"], low=0.0), _names(inside.get("without")), node)
    if "target" in found:
        node = found["target"]
        inside = fields(node, TARGET) if node.is_mapping else {"group": node}
        layer = targeted(
            layer,
            inside["group"].text(),
            study.catalogue.levers,
            node,
            _names(inside["levers"]) if "levers" in inside else None,
            read_date(inside["after"]) if "after" in inside else date.min,
        )
    return layer


def _shifted(layer: Layer, node: Node, study: Study) -> Layer:
    """A layer of which the dates move, but for those of some levers."""
    inside = fields(node, SHIFT) if node.is_mapping else {"by": node}
    shift = read_shift(inside["by"], inside.get("after"))

    def move(day: date, written: Node) -> date:
        return within_run(shift(day), written, study, str(shift))

    return shifted(layer, move, node, _names(inside.get("without")))


def _names(node: Node | None) -> list[str]:
    """A list of names."""
    return [] if node is None else [item.text() for item in node.items()]


def _path(node: Node, study: Study) -> AssumptionPath:
    """The path of assumptions that a scenario names: a file in ``paths`` beside it."""
    return read_path(named_path(node.text(), folder_near(node.file), node.error), study)


def check_in_model(written: Written, study: Study) -> None:
    """See that a file which sets levers sets one that the model has.

    Raises
    ------
    DataError
        Where it has none of them.
    """
    levers = levers_of(written.layer)
    if levers and not any(study.has(name) for name in levers):
        entries = dict(written.top.entries())
        node = entries["levers"] if "levers" in entries else entries["with"]
        raise node.error("none of these levers is in the model", "run it in a model that has one of them")
