"""Findings on the terminal."""

from __future__ import annotations

import pandas as pd
import pytest

from sd_covid.cli.finding import show
from sd_covid.report.finding.statement import Finding
from sd_covid.report.words.texts import Texts


@pytest.mark.parametrize(
    ("language", "said"), [("nl", "Hier staan 20 van de 45 regels"), ("en", "Shown are 20 of 45 rows")]
)
def test_a_table_that_is_cut_short_says_so(capsys: pytest.CaptureFixture[str], language: str, said: str):
    def shown(rows: int) -> str:
        table = pd.DataFrame({"name": [f"n{row}" for row in range(rows)]})
        show(Finding("a", "A", ("One.",), "Two.", table), Texts(language))
        return capsys.readouterr().out

    assert said in shown(45)
    assert "n20" not in shown(45)
    assert said.split()[-1] not in shown(20)
