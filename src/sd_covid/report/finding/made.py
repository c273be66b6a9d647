"""What made findings, in words: the foot of a page or workbook.

In go the command and the provenance of the runs; out come pairs of a name and a value in one language.
"""

from __future__ import annotations

from collections.abc import Mapping

from sd_covid.policy.comparison.scenarios import Provenance
from sd_covid.report.words.texts import Texts


def made_with(
    provenance: Provenance,
    command: str,
    texts: Texts,
    *,
    draws: str = "",
    more: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """What made findings, in the order in which it is read.

    Parameters
    ----------
    provenance : Provenance
    command : str
        As it was typed.
    texts : Texts
    draws : str
        What the runs were made with, where that is more than the provenance says.
    more : mapping, optional
        What else is worth knowing of this analysis, by name.
    """
    told = {
        "finding.command": command,
        "reproduce.model": provenance.model,
        "reproduce.model_hash": provenance.model_hash,
        "reproduce.draws": draws or texts.known("drawn", provenance.draws),
        "reproduce.draws_hash": provenance.draws_hash[:16],
        "reproduce.seed": str(provenance.seed),
        "reproduce.versions": ", ".join(f"{name} {item}" for name, item in provenance.versions.items()),
    }
    made = {texts(name): value for name, value in told.items() if value}
    return made | dict(more or {})
