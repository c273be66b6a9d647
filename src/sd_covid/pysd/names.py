"""PySD's names: for each variable the identifier that PySD's Python code has for it."""

from __future__ import annotations

import builtins
import keyword
import re
import unicodedata
from collections.abc import Iterable, Mapping

from sd_covid.errors import UnknownNameError, suggest
from sd_covid.model.names import key

#: Words of Python itself, which PySD keeps clear of by a number.
_TAKEN = frozenset({*keyword.kwlist, *dir(builtins)})


def identifiers(names: Iterable[str]) -> dict[str, str]:
    """An identifier for every name, in the order of a model file.

    Parameters
    ----------
    names : iterable of str

    Returns
    -------
    dict of str to str
        By name, ``Time`` first.
    """
    found = {"Time": "time"}
    used = {"time"}
    for name in names:
        plain = identifier(name)
        free, number = plain, 0
        while free in used or free in _TAKEN:
            number += 1
            free = f"{plain}_{number}"
        used.add(free)
        found[name] = free
    return found


def identifier(name: str) -> str:
    """A name as PySD writes it in Python, before it is kept apart from others.

    In lower case and ASCII, blanks as ``_``, other signs left out, ``nvs_`` before what would not start a word.
    """
    text = re.sub(r"[\s_]+", "_", name.strip('"').lower())
    text = unicodedata.normalize("NFD", text).encode("ascii", "ignore").decode()
    text = re.sub(r"[^0-9a-z_]", "", text)
    if not text or text[0].isdigit():
        text = f"nvs_{text}"
    elif text[0] == "_":
        text = f"nvs{text}"
    return re.sub(r"_+", "_", text)


class Namespace:
    """Names of a model, by any of their spellings.

    Parameters
    ----------
    spelled : mapping of str to str
        PySD's spelling of every name: in quotes where Vensim needs them.

    Attributes
    ----------
    spelled : dict of str to str
    by_name : dict of str to str
        Identifier by PySD's spelling, ``Time`` among them.
    """

    def __init__(self, spelled: Mapping[str, str]) -> None:
        self.spelled = dict(spelled)
        self.by_name = identifiers(spelled.values())
        named = {"time": "Time"} | {self.by_name[there]: name for name, there in spelled.items()}
        self._real = named
        self._keyed = {key(name): name for name in named.values()}

    def real(self, name: str) -> str:
        """The model's own name.

        Raises
        ------
        UnknownNameError
            When there is none; with the nearest.
        """
        found = self._keyed.get(key(name)) or self._real.get(name.strip().lower())
        if found is None:
            raise UnknownNameError(
                f"'{name}' is not a component of the model",
                advice=suggest(name, [*self.by_name]),
                variable=name,
            )
        return found
