"""A server on this machine that speaks as the publishers do, and misbehaves on request."""

from __future__ import annotations

import contextlib
import io
import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from sd_covid.data.connectors.client import Client, Limits

# Small enough that a server which is slow, or sends without end, is given up within a test.
HASTY = Limits(connect=1, read=0.3, total=0.6, size=200_000, tries=2, pause=0.01, longest_pause=0.1, pages=5)


@dataclass(frozen=True)
class Reply:
    """What the server sends."""

    body: bytes = b""
    type: str = "application/json"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    length: int | None = None  # as stated; None states the true one, -1 none
    pieces: int = 1
    pause: float = 0.0  # before each piece


Query = Mapping[str, str]


class Publisher:
    """Routes from paths to replies, and what was asked."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.routes: dict[str, Callable[[Query], Reply]] = {}
        self.asked: list[str] = []
        self.headers: list[Mapping[str, str]] = []

    def gives(self, path: str, reply: Reply | Callable[[Query], Reply]) -> str:
        """Answer at a path; the whole address."""
        self.routes[path] = reply if callable(reply) else lambda _: reply
        return self.address + path

    def serves(self, path: str, document: object) -> str:
        """Answer with JSON."""
        return self.gives(path, as_json(document))

    def odata4(self, table: str, cells: list[dict[str, object]], page: int = 100) -> None:
        """A StatLine table in OData 4, filtered and in pages, with the states of its periods."""

        def observations(query: Query) -> Reply:
            skip = int(query.get("$skip", "0"))
            kept = [cell for cell in cells if _passes(cell, query.get("$filter", ""))]
            document: dict[str, object] = {"@odata.context": "…", "value": kept[skip : skip + page]}
            if len(kept) > skip + page:
                rest = f"$filter={query['$filter']}&$skip={skip + page}".replace(" ", "%20")
                document["@odata.nextLink"] = f"{self.address}/{table}/Observations?{rest}"
            return as_json(document)

        self.gives(f"/{table}/Observations", observations)
        self.serves(f"/{table}/PeriodenCodes", {"value": periods("Identifier", cells)})


def periods(key: str, cells: list[dict[str, object]]) -> list[dict[str, str]]:
    """The table of periods: those from 2023 on are provisional."""
    codes = dict.fromkeys(str(cell["Perioden"]) for cell in cells)
    return [{key: code, "Status": "Voorlopig" if code >= "2023" else "Definitief"} for code in codes]


def as_json(document: object) -> Reply:
    return Reply(json.dumps(document).encode(), "application/json;charset=utf-8")


def as_workbook(sheets: Mapping[str, list[list[object]]]) -> Reply:
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return Reply(stream.getvalue(), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")


def _passes(cell: Mapping[str, object], conditions: str) -> bool:
    """Whether a cell has the codes of ``A eq 'x' and B eq 'y'``."""
    return all(
        str(cell[name]).strip() == code for name, code in re.findall(r"(\w+) eq '([^']*)'", conditions)
    )


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    """A publisher on the loopback interface."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            known.asked.append(self.path)
            known.headers.append(dict(self.headers))
            reply = known.routes.get(parts.path, lambda _: Reply(b"gone", "text/html", 404))(query)
            self.close_connection = True
            with contextlib.suppress(OSError):  # the client has given up, as it should
                self._send(reply)

        def _send(self, reply: Reply) -> None:
            self.send_response(reply.status)
            length = len(reply.body) if reply.length is None else reply.length
            for name, value in {"Content-Type": reply.type, **reply.headers}.items():
                self.send_header(name, value)
            if length >= 0:
                self.send_header("Content-Length", str(length))
            self.send_header("Connection", "close")
            self.end_headers()
            size = -(-len(reply.body) // reply.pieces) or 1
            for start in range(0, len(reply.body) or 1, size):
                time.sleep(reply.pause)
                self.wfile.write(reply.body[start : start + size])
                self.wfile.flush()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    known = Publisher(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield known
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def client(tmp_path: Path) -> Client:
    """A client that does not wait long."""
    return Client(tmp_path, tmp_path, HASTY)
