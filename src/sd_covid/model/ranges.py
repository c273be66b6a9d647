"""Subscript ranges: definitions as written to dimensions with their elements and mappings.

In go the range definitions of a file; out come `Dimension` objects by key, subranges written out. Mappings are checked
for their length; which reference may use them is for `sd_covid.model.check`.
"""

from __future__ import annotations

from sd_covid.errors import ModelError, suggest
from sd_covid.model.definition import MappingDefinition, RangeDefinition
from sd_covid.model.names import key
from sd_covid.model.structure import Dimension

#: More elements than any model has; ranges of ranges could otherwise double without end.
MAX_ELEMENTS = 100_000


def resolve_ranges(definitions: list[RangeDefinition], documentation: dict[str, str]) -> dict[str, Dimension]:
    """Turn definitions into dimensions.

    Parameters
    ----------
    definitions : list of RangeDefinition
        In the order of the file.
    documentation : dict
        By key of the range.

    Returns
    -------
    dict of str to Dimension

    Raises
    ------
    ModelError
        When a range is defined twice, by itself, with an element twice, or a mapping does not fit.
    """
    by_key: dict[str, RangeDefinition] = {}
    for definition in definitions:
        name = key(definition.name)
        if name in by_key:
            first = by_key[name].place
            other = (
                f"line {first.line}" if first.file == definition.place.file else f"{first.file}:{first.line}"
            )
            reason = f"'{definition.name}' is defined twice, first on {other}"
            raise _error(definition, reason, "take one of the two out")
        by_key[name] = definition
    found: dict[str, Dimension] = {}
    for name in by_key:
        _expand(name, by_key, found)
    dimensions = {name: found[name] for name in by_key}
    for name, dimension in dimensions.items():
        dimension.documentation = documentation.get(name, "")
        _map(by_key[name], dimension, dimensions)
    return dimensions


def _expand(name: str, by_key: dict[str, RangeDefinition], found: dict[str, Dimension]) -> None:
    """Write out one range and all that it is made of, without recursion."""
    open_ranges: dict[str, None] = {}
    stack = [name]
    while stack:
        current = stack[-1]
        definition = by_key[current]
        missing = [key(item) for item in definition.items if key(item) in by_key and key(item) not in found]
        if current in found or not missing:
            stack.pop()
            open_ranges.pop(current, None)
            if current not in found:
                found[current] = _dimension(definition, found)
            continue
        open_ranges[current] = None
        if missing[0] in open_ranges:
            chain = [*list(open_ranges)[list(open_ranges).index(missing[0]) :], missing[0]]
            reason = "the range is defined by itself: " + " -> ".join(by_key[item].name for item in chain)
            raise _error(definition, reason, "write its elements out")
        stack.append(missing[0])


def _dimension(definition: RangeDefinition, found: dict[str, Dimension]) -> Dimension:
    elements: list[str] = []
    for item in definition.items:
        part = found.get(key(item))
        if part is None and definition.copied:
            known = [dimension.name for dimension in found.values()]
            raise _error(definition, f"'{item}' is not a subscript range", suggest(item, known))
        elements.extend(part.elements if part else [item])
        if len(elements) > MAX_ELEMENTS:
            raise _error(definition, f"the range has more than {MAX_ELEMENTS} elements")
    seen: set[str] = set()
    for element in elements:
        # in a range that is mapped the place counts: several elements there may go with one here
        if key(element) in seen and not definition.mappings:
            raise _error(definition, f"element '{element}' is there twice", "take one of the two out")
        seen.add(key(element))
    return Dimension(definition.name, tuple(elements), place=definition.place)


def _map(definition: RangeDefinition, dimension: Dimension, dimensions: dict[str, Dimension]) -> None:
    if definition.copied:  # the two ranges stand for one another
        original = dimensions[key(definition.items[0])]
        dimension.mappings[original.key] = original.elements
        original.mappings[dimension.key] = dimension.elements
    for mapping in definition.mappings:
        target = dimensions.get(key(mapping.name))
        if target is None:
            known = [item.name for item in dimensions.values()]
            reason = f"'{mapping.name}', to which it is mapped, is not a subscript range"
            raise _error(definition, reason, suggest(mapping.name, known))
        dimension.mappings[target.key] = _members(definition, mapping, dimension, target, dimensions)


def _members(
    definition: RangeDefinition,
    mapping: MappingDefinition,
    dimension: Dimension,
    target: Dimension,
    dimensions: dict[str, Dimension],
) -> tuple[str, ...]:
    """The names in the target, one for each element of the range; a name may be a subrange of the target."""
    members = mapping.members or target.elements
    if len(members) != len(dimension.elements):  # a subrange here may stand for its elements
        members = tuple(
            element
            for member in members
            for element in (dimensions[key(member)].elements if key(member) in dimensions else (member,))
        )
    if len(members) != len(dimension.elements):
        reason = f"{len(dimension.elements)} elements are mapped to {len(members)} of '{target.name}'"
        raise _error(definition, reason, f"name one of '{target.name}' for each element")
    inside = {key(element) for element in target.elements}
    for member in members:
        part = dimensions.get(key(member))
        if not {key(element) for element in (part.elements if part else (member,))} <= inside:
            advice = suggest(member, target.elements)
            raise _error(definition, f"'{member}' is not in '{target.name}', to which it is mapped", advice)
    return members


def _error(definition: RangeDefinition, reason: str, advice: str | None = None) -> ModelError:
    place = definition.place
    return ModelError(reason, advice=advice, file=place.file, line=place.line, variable=definition.name)
