"""Vensim's files beside a model: what is changed, saved, searched for, compared and drawn.

In: ``.cin``, ``.lst``, ``.voc``, ``.vpd`` and ``.vsc``. Out: settings of a run, names to keep, a calibration problem, a
batch of draws. The forms are those of Vensim's manual (vensim.com/documentation); each module says what it could not
verify there.
"""

from sd_covid.calibration.vensim_setup.changes import read_changes, settings
from sd_covid.calibration.vensim_setup.control import Control, Search, read_control
from sd_covid.calibration.vensim_setup.draws import Design, Drawn, draw, read_design
from sd_covid.calibration.vensim_setup.payoff import Element, read_payoff
from sd_covid.calibration.vensim_setup.save_list import read_save_list, saved_names
from sd_covid.calibration.vensim_setup.to_petab import Setup, write_petab

__all__ = [
    "Control",
    "Design",
    "Drawn",
    "Element",
    "Search",
    "Setup",
    "draw",
    "read_changes",
    "read_control",
    "read_design",
    "read_payoff",
    "read_save_list",
    "saved_names",
    "settings",
    "write_petab",
]
