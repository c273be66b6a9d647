"""The table of functions in docs/language.md against the one that calls are checked by."""

import re
from pathlib import Path

from sd_covid.model.functions import FUNCTIONS

PAGE = Path(__file__).parents[2] / "docs" / "language.md"


def test_page_lists_every_function_as_it_is_checked():
    section = PAGE.read_text(encoding="utf-8").split("\n## Functions\n")[1].split("\n## ")[0]
    listed = re.findall(r"^\| ([A-Z][A-Z0-9 ]*\(.*?\)) \| (.*) \|$", section, re.MULTILINE)
    expected = [(f.form, f.meaning) for f in FUNCTIONS.values() if not f.name.startswith("XMILE")]
    assert sorted(listed) == sorted(expected)
