"""Formulas as MathML, which every browser draws by itself: no script, no font, nothing from elsewhere."""

from __future__ import annotations

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.writers.html5 import HTML5Translator

LOG = logging.getLogger(__name__)


def mathml(tex: str, *, block: bool) -> str:
    """A formula as an element of MathML.

    Parameters
    ----------
    tex : str
        LaTeX, without the dollars.
    block : bool
        Whether it stands on a line of its own.

    Raises
    ------
    MathError
        It cannot be read; a ``ValueError``.
    """
    return tex2mathml(tex, as_block=block)


def _drawn(node: nodes.Element, *, block: bool) -> str:
    """The formula of a node; one that cannot be read is a warning at its place."""
    try:
        return mathml(node.astext(), block=block)
    except MathError as fault:
        LOG.warning("formula cannot be read: %s in %r", fault, node.astext(), location=node)
        return ""


def _inline(translator: HTML5Translator, node: nodes.math) -> None:
    translator.body.append(_drawn(node, block=False))
    raise nodes.SkipNode


def _block(translator: HTML5Translator, node: nodes.math_block) -> None:
    translator.body.append(f'<div class="formula">{_drawn(node, block=True)}</div>\n')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Let Sphinx draw formulas with it."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
