"""Syntax trees of XMILE's expressions to the same nodes as Vensim's; one method for each rule that differs.

Subscripts in XMILE are expressions, whose meaning depends on the array: they are kept as a call of ``[]`` with the name
and the subscripts, which `sd_covid.model.xmile.arrays` resolves. Functions keep the name they are called by.
"""

from __future__ import annotations

import re
from typing import Any

from lark import Token

from sd_covid.model.build import Builder, Name
from sd_covid.model.expression import Binary, Call, Expression, Reference, Text, Unary

#: The function of a reference with subscripts: ``[]``(name, subscripts…).
INDEXED = "[]"
#: The function of a subscript range: ``:``(first, last).
RANGE = ":"
#: The function of ``name[subscripts][number]``, one thing that an element of an array of containers holds.
ITEM = "[][]"
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_PARTS = re.compile(r'"(?:\\.|[^"\\])*"|[^."]+')
_LOGIC = {"and": ":AND:", "or": ":OR:", "not": ":NOT:"}
_FUNCTIONS = {"mod": "MOD", "%": "MOD", "//": "SAFEDIV"}


def spelled(text: str) -> str:
    """Part of a name without quotes: escapes replaced, each run of blanks made one."""
    text = _ESCAPE.sub(lambda found: " " if found[1] == "n" else found[1], text)
    return " ".join(text.split())


class XmileBuilder(Builder):
    """Builds what a tree of XMILE's expressions says. See `Builder`."""

    def xmile_list(self, items: list[Expression]) -> list[Expression]:
        """Expressions, separated by commas, and by semicolons between rows."""
        return items

    def x_name(self, items: list[Token]) -> Name:
        """A name; its parts are joined by periods, and a leading period stays."""
        token, text = items[0], str(items[0])
        parts = [spelled(part[1:-1] if part.startswith('"') else part) for part in _PARTS.findall(text)]
        if not all(parts):
            raise self.error(token.start_pos, f"{text} is not a name", "a name needs a letter")
        leading = "." if text.startswith(".") else ""
        return Name(leading + ".".join(parts), token.start_pos or 0)

    def x_binary(self, items: list[Any]) -> Expression:
        """An operator that is a word, or one with a function's meaning."""
        left, sign, right = items
        operator, place = sign.lower(), self.place(sign.start_pos)
        if operator in _FUNCTIONS:
            return Call(_FUNCTIONS[operator], (left, right), place=place)
        return Binary(_LOGIC.get(operator, str(sign)), left, right, place)

    def x_unary(self, items: list[Any]) -> Expression:
        """A sign, or NOT."""
        sign, operand = items
        return Unary(_LOGIC.get(sign.lower(), str(sign)), operand, self.place(sign.start_pos))

    def x_subscripts(self, items: list[Expression]) -> list[Expression]:
        """What stands between brackets."""
        return items

    def x_wildcard(self, items: list[Any]) -> Text:
        """``*``, or ``*:part`` for the part of a dimension that is a dimension itself."""
        part = f":{items[1].text}" if len(items) > 1 else ""
        return Text("*" + part, self.place(items[0].start_pos))

    def x_range(self, items: list[Expression]) -> Call:
        """``first:last``."""
        return Call(RANGE, (items[0], items[1]), place=items[0].place)

    def x_position(self, items: list[Token]) -> Text:
        """``@1``: what stands in that place on the left side."""
        place = self._float(items[0])
        if place != int(place):
            raise self.error(items[0].start_pos, f"@{items[0]} is no place on a left side", "write @1, @2 …")
        return Text(f"@{int(place)}", self.place(items[0].start_pos))

    def x_indexed(self, items: list[Any]) -> Call:
        """A name with subscripts."""
        name, subscripts = items
        place = self.place(name.position)
        return Call(INDEXED, (Reference(name.text, place=place), *subscripts), place=place)

    def x_item(self, items: list[Any]) -> Call:
        """``name[subscripts][number]``: what a container holds that is an element of an array."""
        name, subscripts, number = items
        return Call(ITEM, (self.x_indexed([name, subscripts]), number), place=self.place(name.position))

    def x_call(self, items: list[Any]) -> Expression:
        """A name with arguments."""
        name, *rest = items
        return Call(name.text, tuple(rest[0]) if rest else (), place=self.place(name.position))

    def x_indexed_call(self, items: list[Any]) -> Call:
        """``name[subscripts](x)``: a graphical function out of an array of them."""
        name, subscripts, *rest = items
        place = self.place(name.position)
        graph = Call(INDEXED, (Reference(name.text, place=place), *subscripts), place=place)
        return Call("LOOKUP", (graph, *(rest[0] if rest else ())), place=place)

    def x_if(self, items: list[Any]) -> Call:
        """``IF condition THEN value ELSE value``."""
        word, condition, _, yes, _, no = items
        return Call("IF THEN ELSE", (condition, yes, no), place=self.place(word.start_pos))
