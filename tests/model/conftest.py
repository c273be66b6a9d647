"""Models for the tests of the reader, from a few lines of equations."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sd_covid.model import Model, read

CONTROL = """
INITIAL TIME = 0 ~ Month ~ |
FINAL TIME = 10 ~ Month ~ |
TIME STEP = 0.5 ~ Month ~ |
"""

Reader = Callable[..., Model]


@pytest.fixture
def read_text(tmp_path: Path) -> Reader:
    """Reads entries, which begin on line 2, as a model that is otherwise complete."""

    def reader(entries: str, name: str = "model.mdl", control: str = CONTROL) -> Model:
        path = tmp_path / name
        path.write_text("{UTF-8}\n" + entries + control, encoding="utf-8")
        return read(path)

    return reader
