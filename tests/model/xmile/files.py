"""Files of XMILE for tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sd_covid.errors import ModelError
from sd_covid.model import read

STANDARD = "http://docs.oasis-open.org/xmile/ns/XMILE/v1.0"
SPECS = "<sim_specs><start>0</start><stop>4</stop><dt>0.5</dt></sim_specs>"

Write = Callable[..., Path]


def refused(path: Path) -> ModelError:
    """The error that reading a file gives."""
    with pytest.raises(ModelError) as caught:
        read(path)
    assert caught.value.file == str(path)
    return caught.value
