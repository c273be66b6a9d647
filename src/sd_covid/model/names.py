"""Names match as in Vensim: case, blanks and underscores do not count."""

from __future__ import annotations

import functools
import re

_BLANKS = re.compile(r"[\s_]+")


@functools.lru_cache(maxsize=1 << 16)
def key(name: str) -> str:
    """Canonical form of a name: the one thing by which names are compared.

    Parameters
    ----------
    name : str
        A name as spelled in a model, a table or on the command line; surrounding double quotes do not count.

    Returns
    -------
    str
        Folded to lower case, runs of blanks and underscores made one space.
    """
    name = name.strip()
    if len(name) >= 2 and name[0] == name[-1] == '"':
        name = name[1:-1]
    return _BLANKS.sub(" ", name.strip()).casefold()
