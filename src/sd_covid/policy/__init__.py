"""What a government could do: levers, scenarios, their costs, and packages compared on the same draws.

Levers (what a government sets) and assumptions (what nobody knows) are different things here, in the files as
in the code.
"""

from sd_covid.policy.scenario import Scenario, read_scenario
from sd_covid.policy.study import Study

__all__ = ["Scenario", "Study", "read_scenario"]
