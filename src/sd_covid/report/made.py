"""What made findings, in words: the foot of a page or workbook.

In go the command and the provenance of the runs; out come pairs of a name and a value in one language.
"""

from __future__ import annotations

from sd_covid.policy.comparison import Provenance
from sd_covid.report.texts import Texts


def made_with(provenance: Provenance, command: str, texts: Texts, *, draws: str = "") -> dict[str, str]:
    """What made findings, in the order in which it is read.

    Parameters
    ----------
    provenance : Provenance
    command : str
        As it was typed.
    texts : Texts
    draws : str
        What the runs were made with, where that is more than the provenance says.
    """
    versions = ", ".join(f"{name} {version}" for name, version in provenance.versions.items())
    return {
        texts("finding.command"): command,
        texts("reproduce.model"): provenance.model,
        texts("reproduce.model_hash"): provenance.model_hash,
        texts("reproduce.draws"): draws or texts.known("drawn", provenance.draws),
        texts("reproduce.draws_hash"): provenance.draws_hash[:16],
        texts("reproduce.seed"): str(provenance.seed),
        texts("reproduce.versions"): versions,
    }
