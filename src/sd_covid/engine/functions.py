"""The built-in functions, by key: how each becomes operations and states.

The functions stand in files by subject. Where Vensim's manual is silent the choice is written beside the function and
in docs/language.md; PySD 3.14.3 serves as the second opinion.
"""

from __future__ import annotations

from sd_covid.engine import (
    conveyors,
    functions_allocation,
    functions_data,
    functions_delays,
    functions_elementary,
    functions_finance,
    functions_lookups,
    functions_matrix,
    functions_memory,
    functions_queues,
    functions_random,
    functions_shift,
    functions_time,
    functions_under_way,
    functions_vectors,
    functions_xmile,
    queues,
    simultaneous,
)
from sd_covid.engine.functions_elementary import Lower

_PARTS = (
    functions_elementary,
    functions_time,
    functions_lookups,
    functions_memory,
    functions_delays,
    functions_under_way,
    functions_queues,
    functions_finance,
    functions_shift,
    simultaneous,
    functions_vectors,
    functions_matrix,
    functions_allocation,
    functions_random,
    functions_data,
    functions_xmile,
    conveyors,
    queues,
)

FUNCTIONS: dict[str, Lower] = {name: lower for part in _PARTS for name, lower in part.FUNCTIONS.items()}
