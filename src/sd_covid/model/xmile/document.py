"""The XML of an XMILE file, strictly: a tree of elements with their lines, or an error that names the line.

No entities but XML's own, no document types, no network, no repair. Two slips of other programs are told apart, because
what is meant is certain: xmutil leaves isee's prefix undeclared, and the end tag of a variable may be missing where the
next one begins. The first is declared; the second is an end tag put in, and said in `Document.remarks`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sd_covid.errors import ModelError
from sd_covid.model.expression import Place
from sd_covid.model.source import Source, read_source

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

XMILE = frozenset(
    {
        "http://docs.oasis-open.org/xmile/ns/XMILE/v1.0",
        "http://www.systemdynamics.org/XMILE",  # before the standard
    }
)
ISEE = "http://iseesystems.com/XMILE"
OURS = "urn:sd-covid"  # what `sd_covid.model.write.xmile` adds
#: Deeper elements are refused: everything that walks them may then use recursion.
MAX_DEPTH = 60
_MAX_ELEMENTS = 2_000_000
_VARIABLES = ("stock", "flow", "aux", "gf", "module", "group")
_ROOT = re.compile(r"<(?:[\w.-]+:)?xmile(?=[\s>])")
_OPEN = re.compile(rf"[ \t]*<(?:{'|'.join(_VARIABLES)})(?=[\s/>])")
_MISMATCH = re.compile(r"Opening and ending tag mismatch: (\w+) line (\d+) and ")
_MAX_MENDED = 20
_OPENED = re.compile(r"<!--|<!\[CDATA\[")


@dataclass(slots=True)
class Document:
    """A file as a tree.

    Attributes
    ----------
    source : Source
        Its text.
    root : Element
        ``<xmile>``.
    remarks : list of str
        What was taken as meant though not written; empty for well-formed XML.
    """

    source: Source
    root: Element
    remarks: list[str] = field(default_factory=list)

    def place(self, element: Element) -> Place:
        """Where an element begins."""
        return Place(self.source.file, element.sourceline)

    def error(
        self, element: Element, reason: str, advice: str | None = None, variable: str | None = None
    ) -> ModelError:
        """An error at an element, for the caller to raise."""
        return ModelError(
            reason, advice=advice, file=self.source.file, line=element.sourceline, variable=variable
        )


def read_document(path: Path) -> Document:
    """Read a file.

    Raises
    ------
    ModelError
        When it cannot be opened, is no well-formed XML, defines entities, or is not XMILE.
    """
    return document_of(read_source(path))


def document_of(source: Source) -> Document:
    """The tree of a text. See `read_document`."""
    remarks = list[str]()
    text = _without_comments(source.text)
    _refuse_definitions(source, text)
    if "isee:" in text and "xmlns:isee" not in text:
        text = _ROOT.sub(lambda found: f'{found[0]} xmlns:isee="{ISEE}"', text, count=1)
    for _ in range(_MAX_MENDED):
        root = _parse(text, source)
        if not isinstance(root, str):
            break
        text = _close_variable(text, root, source, remarks)
    else:
        raise ModelError(
            "is no well-formed XML", advice="save it again from where it was made", file=source.file
        )
    document = Document(source, root, remarks)
    _refuse_strangers(document)
    return document


def _without_comments(text: str) -> str:
    """The text with comments as blanks, so that lines stay: what is in one has no meaning, two hyphens included."""
    parts: list[str] = []
    done = 0
    while True:
        opened = _OPENED.search(text, done)
        closing = "" if opened is None else ("-->" if opened[0] == "<!--" else "]]>")
        end = -1 if opened is None else text.find(closing, opened.end())
        if opened is None or end < 0:
            return "".join([*parts, text[done:]])
        parts.append(text[done : opened.start()])
        inside = text[opened.start() : end + 3]
        parts.append(re.sub(r"[^\n]", " ", inside) if closing == "-->" else inside)
        done = end + 3


def _refuse_definitions(source: Source, text: str) -> None:
    """A document type may define entities that expand without end, or that name other files."""
    found = re.search(r"<!(DOCTYPE|ENTITY)", text)
    if found is not None:
        raise source.error(found.start(), f"<!{found[1]}> has no place in a model", advice="take it out")


def _parse(text: str, source: Source) -> Element | str:
    """The root; or, where tags do not match, libxml2's words for it."""
    from lxml import etree

    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        recover=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        encoding="utf-8",
    )
    try:
        return etree.fromstring(_without_declaration(text).encode("utf-8"), parser)
    except etree.XMLSyntaxError as error:
        message = error.msg or "is empty"
        if _MISMATCH.match(message):
            return message
        reason = "is no well-formed XML: " + re.sub(r",? line \d+, column \d+.*", "", message)
        line = error.lineno or 1
        advice = "save it again from where it was made"
        raise ModelError(reason, advice=advice, file=source.file, line=line) from error
    except UnicodeEncodeError as error:
        line = text.count("\n", 0, error.start) + 1
        raise ModelError("is no text", file=source.file, line=line) from error


def _without_declaration(text: str) -> str:
    """The text without the encoding in its first line: it has been decoded already."""
    return re.sub(
        r"\A(\s*<\?xml[^>]*?)\s+encoding\s*=\s*(\"[^\"]*\"|'[^']*')", r"\1", text.lstrip("\ufeff"), count=1
    )


def _close_variable(text: str, message: str, source: Source, remarks: list[str]) -> str:
    """The text with an end tag where the next variable begins; variables are never inside one another."""
    found = _MISMATCH.match(message)
    tag, line = (found[1], int(found[2])) if found else ("", 0)
    start = 0
    for _ in range(line - 1):
        start = text.find("\n", start) + 1
    opened = re.compile(rf"<{tag}(?=[\s>])").search(text, start)
    following = None if opened is None or tag not in _VARIABLES else _OPEN.search(text, opened.end())
    if following is None or f"</{tag}>" in text[start : following.start()]:
        reason = f"<{tag}> is not closed"
        raise ModelError(reason, advice=f"add </{tag}>", file=source.file, line=line or None)
    remarks.append(f"line {line}: <{tag}> is not closed, so it ends where the next variable begins")
    return f"{text[: following.start()]}</{tag}>{text[following.start() :]}"


def _refuse_strangers(document: Document) -> None:
    root, count = document.root, 0
    namespace, tag = _split(root)
    if tag != "xmile" or namespace not in XMILE:
        reason = f"begins with <{tag}>{f' of {namespace}' if namespace else ''}, so it is not XMILE"
        raise document.error(root, reason, "save it as XMILE 1.0 (.xmile or .stmx)")
    level = [root]
    for _ in range(MAX_DEPTH):
        level = [child for element in level for child in element]
        count += len(level)
        if count > _MAX_ELEMENTS:
            raise document.error(root, f"has more than {_MAX_ELEMENTS} elements, so it is no model file")
        if not level:
            return
    raise document.error(level[0], f"elements are nested more than {MAX_DEPTH} deep")


def _split(element: Element) -> tuple[str, str]:
    namespace, _, tag = str(element.tag).rpartition("}")
    return namespace.removeprefix("{"), tag


def tag_of(element: Element) -> str:
    """The name of an XMILE element; of another vendor's, an empty text."""
    namespace, tag = _split(element)
    return tag if namespace in XMILE else ""


def isee_tag(element: Element) -> str:
    """The name of an element of isee's own, as in ``<isee:maps_to>``; else an empty text."""
    namespace, tag = _split(element)
    return tag if namespace in {ISEE, "isee"} else ""


def our_tag(element: Element) -> str:
    """The name of an element of our own, as in ``<sd:series>``; else an empty text."""
    namespace, tag = _split(element)
    return tag if namespace == OURS else ""


def children(element: Element, *tags: str) -> Iterator[Element]:
    """The XMILE elements directly below, of the names given."""
    return (child for child in element if tag_of(child) in tags)


def child(element: Element, tag: str) -> Element | None:
    """The first XMILE element of that name directly below."""
    return next(children(element, tag), None)


def content(element: Element, tag: str) -> str | None:
    """The text of the first XMILE element of that name directly below; None when there is none."""
    found = child(element, tag)
    return None if found is None else (found.text or "")


def flag(element: Element, tag: str) -> bool | None:
    """Whether a mark such as ``<non_negative/>`` is set; ``false`` or 0 in it is a denial, None its absence."""
    text = content(element, tag)
    return None if text is None else text.strip().lower() not in {"false", "0"}


def attribute(element: Element, name: str) -> str | None:
    """An attribute, without a prefix or with isee's."""
    found: str | None = element.get(name)
    if found is None:
        found = element.get(f"{{{ISEE}}}{name}")
    return found
