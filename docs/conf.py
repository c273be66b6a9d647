"""The settings of the site that ``make docs`` builds from these pages; ``_site`` has how they become one."""

from __future__ import annotations

import sys
from importlib.metadata import version as installed
from pathlib import Path

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "_site"), str(HERE.parent / "src")]

project = "sd-covid"
author = "the sd-covid authors"
version = release = installed("sd-covid")
language = "en"

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "contents",
    "formulas",
    "graphs",
    "files",
]
source_suffix = {".md": "markdown"}
root_doc = "index"
highlight_language = "sh"  # what has no language in a page is a command

# The pages are written for a forge, and read the same here: its anchors, its formulas.
myst_enable_extensions = ["attrs_inline", "dollarmath"]
myst_heading_anchors = 4
myst_dmath_double_inline = False
html_math_renderer = "mathml"

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings say it, with shapes and units
autoclass_content = "class"
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_param = False
napoleon_custom_sections = [("Attributes", "params_style")]
nitpicky = True
nitpick_ignore_regex = [("py:class", r"(?!sd_covid\.).*")]  # types are told in words, with shapes

# No font, script or picture comes from elsewhere: the theme's own files are enough.
html_theme = "furo"
html_title = "sd-covid"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_show_copyright = False
html_copy_source = False
html_show_sourcelink = False


def setup(app: Sphinx) -> None:
    """Let tables in text be shown as they are."""
    for language in ("csv", "tsv"):
        app.add_lexer(language, TextLexer)
