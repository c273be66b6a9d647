"""Whether a diagram can be scored: what it needs, and that it does not run away."""

from __future__ import annotations

from sd_covid.marvel.diagram import Diagram
from sd_covid.marvel.explain import loops_of
from sd_covid.marvel.faults import fault
from sd_covid.marvel.stability import Stability, stability

MOST_INTERVENTIONS = 12
ARROW = " → "


def check(diagram: Diagram, *, clipping: bool = False, language: str = "en") -> Stability:
    """Refuse a diagram that cannot be scored.

    Parameters
    ----------
    diagram : Diagram
    clipping : bool
        Whether values are kept within their bounds; one that runs away then ends at them, and is let through.
    language : {'nl', 'en'}

    Returns
    -------
    Stability

    Raises
    ------
    DiagramError
        No performance, no interventions or more than twelve, or one that runs away and is not clipped.
    """
    if not diagram.performances:
        raise fault("performance", language, file=diagram.path)
    if not diagram.interventions:
        raise fault("none", language, {"what": "interventions", "sheet": "interventions"}, file=diagram.path)
    count = len(diagram.interventions)
    if count > MOST_INTERVENTIONS:
        limit = MOST_INTERVENTIONS
        raise fault("many", language, {"count": count, "most": 2**limit, "limit": limit}, file=diagram.path)
    found = stability(diagram)
    if not found.stable and not clipping:
        strongest = loops_of(diagram).loops[0]
        told = {
            "loop": ARROW.join([*strongest.variables, strongest.variables[0]]),
            "gain": f"{strongest.gain:.3g}",
            "radius": f"{found.radius:.3g}",
        }
        raise fault("runaway", language, told, file=diagram.path)
    return found
