"""Other files that an XMILE file names: those that it includes, and data that it would import.

Only files in the folder of the model, or below, are read, and nothing is fetched. What is left out is remarked.
"""

from __future__ import annotations

from pathlib import Path

from sd_covid.model.xmile.document import Document, child, children, read_document
from sd_covid.study_folder import named_in_study

_MAX_DEEP = 5
_MAX_FILES = 100


def beside(document: Document, resource: str) -> Path | None:
    """The file that a resource names, in the folder of the model or below; None when there is none."""
    file = document.source.file
    if file is None:
        return None
    path = named_in_study(resource.removeprefix("file:"), file.resolve())
    return (
        path if path is not None and path.is_relative_to(file.resolve().parent) and path.is_file() else None
    )


def included(document: Document) -> list[Document]:
    """The files that a file includes, and those that they include; each once.

    Raises
    ------
    ModelError
        For a file that is not there, or that cannot be read.
    """
    _remark_data(document)
    file = document.source.file
    known = set() if file is None else {file.resolve()}
    found: list[Document] = []
    _take(document, known, found, 0)
    return found


def _take(document: Document, known: set[Path], found: list[Document], depth: int) -> None:
    holders = [document.root, *children(document.root, "header")]
    for element in (item for holder in holders for part in children(holder, "includes") for item in part):
        resource = (element.get("resource") or "").strip()
        if "://" in resource and not resource.startswith("file://"):
            remark = f"line {element.sourceline}: '{resource}' is not included, for nothing is fetched"
            document.remarks.append(remark)
            continue
        paths = _files(document, resource)
        if not paths or depth >= _MAX_DEEP or len(found) + len(paths) > _MAX_FILES:
            reason = f"'{resource}' is included, which is no file beside the model or below it"
            if paths:
                reason = f"files include one another more than {_MAX_DEEP} deep, or more than {_MAX_FILES}"
            raise document.error(element, reason, "put it there, or take the include out")
        for path in paths:
            if path not in known:
                known.add(path)
                other = read_document(path)
                found.append(other)
                _take(other, known, found, depth + 1)


def _files(document: Document, resource: str) -> list[Path]:
    """The files that a resource names, of which ``*`` stands for any part of a name."""
    if "*" not in resource:
        path = beside(document, resource)
        return [] if path is None else [path]
    folder = None if document.source.file is None else document.source.file.resolve().parent
    if folder is None or Path(resource).is_absolute() or {"..", "**"} & {*Path(resource).parts}:
        return []
    found = (beside(document, str(path.relative_to(folder))) for path in sorted(folder.glob(resource)))
    return [path for path in found if path is not None]


def _remark_data(document: Document) -> None:
    """Say that the values of the file are taken, where it would import others."""
    data = child(document.root, "data")
    for element in [] if data is None else children(data, "import"):
        if (element.get("enabled") or "true").strip().lower() != "false":
            resource = element.get("resource") or "another file"
            document.remarks.append(
                f"line {element.sourceline}: '{resource}' is not imported, so the values in the file hold"
            )
