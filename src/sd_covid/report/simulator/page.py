"""Writes the page of a simulator: one file that needs nothing else.

In comes what `sd_covid.report.simulator.content` gathered; out goes HTML. Texts of the model and the study enter as
JSON in which no sign can end a script; scripts and style are files of this package, and the charts are Vega, out of the
package `vl-convert-python`.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

import jinja2
from markupsafe import Markup

from sd_covid.engine.run.webassembly import runtime
from sd_covid.report.words.texts import Texts

#: Scripts that page and workers share, and those of the page alone, in the order in which they need one another.
SHARED = ("members.js", "costs.js")
PAGE = (
    "state.js",
    "numbers.js",
    "charts.js",
    "yaml.js",
    "controls.js",
    "pool.js",
    "figures.js",
    "drivers.js",
    "build.js",
    "show.js",
    "app.js",
    "main.js",
)
_PREFIX = "simulator."


def page(content: dict[str, Any], texts: Texts, command: str) -> str:
    """The page as HTML.

    Parameters
    ----------
    content : dict
        From `sd_covid.report.simulator.content`.
    texts : Texts
        In the language of the page.
    command : str
        By which it can be made again.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("sd_covid.report.simulator", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
    )
    data = content | {"texts": _all(texts)}
    prices = data["prices"]
    told = "" if prices is None else texts(_PREFIX + "cost.prices", **_priced(prices, texts.language))
    return environment.get_template("page.html.j2").render(
        language=texts.language,
        title=data["title"],
        t=lambda name: texts(_PREFIX + name),
        style=Markup(_file("style.css")),
        prices=told,
        bands=data["draws"]["count"] > 0,
        points=any(item["observed"] for item in data["outputs"]),
        missing=texts(_PREFIX + "about.missing", titles="; ".join(data["missing"]))
        if data["missing"]
        else "",
        provenance=[
            (texts(_PREFIX + "provenance.model"), data["model"]),
            (texts(_PREFIX + "provenance.hash"), data["model_hash"]),
            (texts(_PREFIX + "provenance.integration"), data["integration"]),
            (texts(_PREFIX + "provenance.draws"), data["draws"]["count"]),
            (texts(_PREFIX + "provenance.again"), command),
        ],
        data=Markup(as_json(data)),
        engine=_script("\n".join([runtime(), *map(_file, SHARED)])),
        worker=_script(_file("worker.js")),
        charts=_script(vega()),
        script=_script("\n".join(map(_file, PAGE))),
    )


def as_json(value: Any) -> str:
    """JSON that may stand in a script: no sign of it can end the script, or a line."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    for sign in ("<", ">", "&", "\u2028", "\u2029"):
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


@cache
def vega() -> str:
    """Vega by way of Vega-Embed, as ``vl-convert-python`` carries them."""
    import vl_convert

    return str(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;"))


def _script(text: str) -> Markup:
    """A script of ours or of a library; what would end it early has no place in it.

    Raises
    ------
    ValueError
        When it holds the end of a script, or the beginning of a comment of HTML.
    """
    lowered = text.lower()
    for sign in ("</script", "<!--"):
        if sign in lowered:
            raise ValueError(f"a script holds '{sign}'")
    return Markup(text)


def _file(name: str) -> str:
    return files("sd_covid.report.simulator").joinpath(name).read_text(encoding="utf-8")


def _all(texts: Texts) -> dict[str, str]:
    """The texts of the page's scripts, by key."""
    return texts.under(_PREFIX)


def _priced(prices: dict[str, Any], language: str) -> dict[str, str]:
    rate = f"{100 * prices['rate']:g}"
    return {
        "level": str(prices["level"]),
        "base": str(prices["base"]),
        "rate": rate.replace(".", ",") if language == "nl" else rate,
        "source": prices["source"],
    }
