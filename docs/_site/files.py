"""Links to files of the project outside this folder (a notebook, a model's sources) lead to a copy of the file."""

from __future__ import annotations

import os
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx


def _copy(app: Sphinx, tree: nodes.document) -> None:
    """Let a link to a page that is none of the site's be one to its file, before Sphinx collects what to copy."""
    source = Path(app.srcdir)
    for link in list(tree.findall(addnodes.pending_xref)):
        if link.get("refdomain") != "doc" or link["reftarget"] in app.env.found_docs:
            continue
        if (source / f"{link['reftarget']}.md").is_file():
            target = "/" + Path(os.path.relpath(f"{link['reftarget']}.md", source)).as_posix()
            copy = addnodes.download_reference(
                "", "", *link.children, reftarget=target, refdoc=app.env.docname
            )
            link.replace_self(copy)


def setup(app: Sphinx) -> dict[str, bool]:
    """Let Sphinx copy with it."""
    app.connect("doctree-read", _copy, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
