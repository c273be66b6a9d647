"""The worlds of a study of robustness as its file names them: paths of the drivers, and structures of the model.

In come nodes of the file; out come `WorldPlan`s.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sd_covid.analysis.robustness.outcomes import World
from sd_covid.analysis.robustness.plan import WorldPlan
from sd_covid.data.keyed_yaml import Node
from sd_covid.data.text import Text
from sd_covid.model.names import key
from sd_covid.policy.comparison.draws import read_posterior
from sd_covid.policy.paths import folder_near, named_path, read_path
from sd_covid.policy.reading import named_file, read_number, read_text
from sd_covid.policy.study import Study, read_constants
from sd_covid.policy.types import Simulator


def once(node: Node) -> Sequence[Node]:
    """The entries of a list of names, none of which may come twice: it would count twice."""
    taken: set[str] = set()
    found = list(node.items())
    for entry in found:
        if key(entry.text()) in taken:
            raise entry.error(f"'{entry.text()}' is named twice", "leave one out")
        taken.add(key(entry.text()))
    return found


def read_paths(node: Node | None, study: Study) -> tuple[WorldPlan, ...]:
    """Paths of the drivers, by name; without any, what scenarios say themselves."""
    if node is None:
        return (WorldPlan(World("as-it-is", Text("zoals in de scenario's", "as in the scenarios"))),)
    plans = []
    for entry in once(node):
        path = read_path(named_path(entry.text(), folder_near(entry.file), entry.error), study)
        plans.append(WorldPlan(World(path.id, path.title, "path"), path))
    if not plans:
        raise node.error("there is no path", "name some, or leave the key out")
    return tuple(plans)


def read_variants(
    node: Node | None, paths: Collection[str], study: Study, simulation: Simulator
) -> tuple[WorldPlan, ...]:
    """Structures of the model: a path that changes one, or constants, if wanted with draws of a fit of their own."""
    plans = []
    for name, entry in () if node is None else node.entries():
        found = entry.fields(("title",), ("path", "posterior", "constants"))
        if name in paths:
            raise entry.error(f"'{name}' is a path too", "call the structure otherwise")
        if len(found) == 1 or ("constants" in found and not list(found["constants"].entries())):
            raise entry.error("it changes nothing", "give it a path, a posterior or constants")
        own = "posterior" in found
        posterior = read_posterior(named_file(found["posterior"]), simulation) if own else None
        path = found.get("path")
        assume = (
            None
            if path is None
            else read_path(named_path(path.text(), folder_near(path.file), path.error), study)
        )
        constants = _variant_constants(found.get("constants"), study)
        world = World(name, read_text(found["title"]), "structure", paired=not own)
        plans.append(WorldPlan(world, assume, posterior, constants))
    return tuple(plans)


def _variant_constants(node: Node | None, study: Study) -> dict[str, float]:
    """Constants of a structure: also such as belong to an assumption, since a fit has its own, but to no lever."""
    values = {}
    for name, entry in () if node is None else node.entries():
        if name not in study.names:
            raise entry.error(f"the model has no constant '{name}'", study.names.advice(name))
        if study.of_lever(name) is not None:
            read_constants(node, study)  # says where a lever is set
        values[study.names.spelling(name)] = read_number(entry)
    return values
