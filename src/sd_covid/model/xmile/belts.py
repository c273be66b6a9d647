"""Conveyors and queues: the stocks, and the flows that they drive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sd_covid.model.expression import Expression
from sd_covid.model.xmile.definition import Definition, ElementDefinition
from sd_covid.model.xmile.site import Site

if TYPE_CHECKING:
    from sd_covid.model.xmile.flows import Flows


def belt_of(flows: Flows, definition: Definition) -> bool:
    """Whether a flow needs no equation, because a conveyor or queue drives it."""
    return False


def belt_equation(site: Site, flows: Flows, part: ElementDefinition | None) -> Expression | None:
    """The right side of a conveyor or queue, or of a flow that one drives; None for any other variable."""
    return None
