"""What all pages have in common: how a template becomes HTML, and the style sheet with the colours of the theme.

In go a template of this stage and its content; out comes a page that needs nothing else.
"""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path
from typing import Any

from sd_covid.report.drawing.theme import INK, PACKAGES, REFERENCE, RULE, SOFT
from sd_covid.report.words.texts import Texts
from sd_covid.whole_files import write_whole

_PER_CENT = re.compile(r"(?<=\d) %")


def render(template: str, styles: tuple[str, ...], texts: Texts, content: dict[str, Any]) -> str:
    """A page.

    Parameters
    ----------
    template : str
        Name of a template, from the folder of this file on.
    styles : tuple of str
        Names of its style sheets, in order.
    texts : Texts
        What ``t`` is in the template.
    content : dict
        What its other names are.
    """
    import jinja2
    from markupsafe import Markup

    folder = resources.files("sd_covid.report")
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda name: (folder / name).read_text(encoding="utf-8")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_unbroken,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["t"] = texts
    # The only markup that is not escaped is our own: charts, whose texts matplotlib escaped, and the style sheet.
    environment.filters["own_markup"] = Markup
    page = environment.get_template(template)
    sheets = "".join((folder / name).read_text(encoding="utf-8") for name in styles)
    colours = {"ink": INK, "soft": SOFT, "rule": RULE, "reference": REFERENCE, "package": PACKAGES[0]}
    variables = "".join(f"--{name}:{colour};" for name, colour in colours.items())
    return page.render(style=f":root{{{variables}}}\n{sheets}", **content) + "\n"


def write_page(
    path: str | Path, template: str, styles: tuple[str, ...], texts: Texts, content: dict[str, Any]
) -> Path:
    """Write a page as one HTML file, whole or not at all.

    Parameters
    ----------
    path : path
    template, styles, texts, content
        As for `render`.

    Returns
    -------
    Path
    """
    path = Path(path)
    write_whole(path, render(template, styles, texts, content))
    return path


def _unbroken(value: Any) -> Any:
    """A text in which no line ends between a number and its per cent sign."""
    return _PER_CENT.sub("\N{NO-BREAK SPACE}%", value) if type(value) is str else value
