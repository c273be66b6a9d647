"""One answer over https: with time limits, tries, a size, and no way around them.

Redirects are followed on the same host only, never to an unencrypted address. The length that a server states is held
to what arrives, so that an answer that was cut off is a fault and not a short table.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urljoin, urlsplit

from sd_covid.data.connectors.client import Content, Limits, too_large
from sd_covid.errors import SourceError

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, PoolManager

_REDIRECTS = 5
_PASSING = (429, 500, 502, 503, 504)
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
_TYPES: dict[Content, tuple[str, ...]] = {
    "json": ("application/json", "application/problem+json", "text/json"),
    # Code forges serve every table as text/plain.
    "csv": (
        "text/csv",
        "text/plain",
        "application/csv",
        "application/vnd.ms-excel",
        "application/octet-stream",
    ),
    "xlsx": (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/octet-stream",
        "application/zip",
    ),
}
_PIECE = 65_536
_LONGEST_EXPLANATION = 200


class _Passing(Exception):
    """A failure that may be gone at the next try, with the seconds that the source asks to wait."""

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.wait = wait


def fetch(address: str, content: Content, limits: Limits) -> bytes:
    """The body at an address.

    Parameters
    ----------
    address : str
        With its query.
    content : {'json', 'csv', 'xlsx'}
        What the body has to be, by the type that the server states.
    limits : Limits

    Raises
    ------
    SourceError
        When no try gave the whole body of an allowed type and size.
    """
    refuse_unsafe(address)
    pause = limits.pause
    for attempt in range(1, limits.tries + 1):
        try:
            return _follow(address, content, limits)
        except _Passing as failure:
            if attempt == limits.tries or failure.wait > limits.longest_pause:
                tries = f" ({attempt} tries)" if attempt > 1 else ""
                reason = f"{_shown(address)}: {failure}{tries}"
                raise SourceError(reason, advice="try again later, or give --from a copy") from failure
            time.sleep(max(pause, failure.wait))
            pause *= 2
    raise SourceError(f"{_shown(address)}: not asked", advice="allow one try or more")


def refuse_unsafe(address: str) -> None:
    """Refuse an address that is not https (plain http is for this machine only), or that carries a password.

    Raises
    ------
    SourceError
    """
    parts = _split(address)
    if parts.username is not None or parts.password is not None:
        reason = f"{parts.scheme}://{parts.hostname}: an address with a user name or password is not used"
        raise SourceError(reason, advice="take them out")
    local = parts.scheme == "http" and parts.hostname in _THIS_MACHINE
    if not parts.hostname or (parts.scheme != "https" and not local):
        raise SourceError(f"{_shown(address)}: not an https address", advice="write https://")


def _split(address: str) -> SplitResult:
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError as error:
        raise SourceError(f"'{address}' is not an address: {error}") from error
    return parts


def _follow(address: str, content: Content, limits: Limits) -> bytes:
    """The body, after redirects on the same host."""
    deadline = time.monotonic() + limits.total
    here = address
    for _ in range(_REDIRECTS + 1):
        with closing(_ask(here, limits)) as response:
            there = response.headers.get("Location", "")
            if response.status not in (301, 302, 303, 307, 308) or not there:
                return _body(here, response, content, limits, deadline)
        there = urljoin(here, there)
        refuse_unsafe(there)
        if _host(there) != _host(here) and _host(there) != (_host(here)[0], 443):
            reason = f"{_shown(here)}: sends on to {_shown(there)}, another host"
            raise SourceError(reason, advice="write that address in the registry if you trust it")
        if urlsplit(here).scheme == "https" != urlsplit(there).scheme:
            raise SourceError(f"{_shown(here)}: sends on to {_shown(there)}, which is not encrypted")
        here = there
    raise SourceError(f"{_shown(address)}: sends on more than {_REDIRECTS} times")


def _host(address: str) -> tuple[str | None, int]:
    parts = _split(address)
    return parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)


def _ask(address: str, limits: Limits) -> BaseHTTPResponse:
    """The response, its body still to be read."""
    from importlib.metadata import version

    import urllib3

    try:
        return _pool(_proxy(address)).request(
            "GET",
            address,
            headers={"User-Agent": f"sd-covid/{version('sd-covid')}", "Accept-Encoding": "gzip"},
            timeout=urllib3.Timeout(connect=limits.connect, read=limits.read),
            retries=False,
            redirect=False,
            preload_content=False,
        )
    except urllib3.exceptions.SSLError as error:
        raise SourceError(f"{_shown(address)}: its certificate is not trusted: {error}") from error
    except urllib3.exceptions.NewConnectionError as error:  # which counts as a timeout to urllib3
        raise _Passing("out of reach") from error
    except (urllib3.exceptions.TimeoutError, TimeoutError) as error:
        raise _Passing("no answer in time") from error
    except urllib3.exceptions.LocationValueError as error:
        raise SourceError(f"{_shown(address)}: not an address: {error}") from error
    except urllib3.exceptions.HTTPError as error:
        raise _Passing("out of reach") from error


@cache
def _pool(proxy: str | None) -> PoolManager:
    """Connections; the certificates trusted are those of the machine."""
    import urllib3

    return urllib3.PoolManager() if proxy is None else urllib3.ProxyManager(proxy)


def _proxy(address: str) -> str | None:
    """The proxy that the surroundings prescribe for an address (``HTTPS_PROXY``, ``NO_PROXY``)."""
    from urllib.request import getproxies, proxy_bypass

    parts = _split(address)
    here = parts.hostname in _THIS_MACHINE
    return None if here or proxy_bypass(parts.hostname or "") else getproxies().get(parts.scheme)


def _body(
    address: str, response: BaseHTTPResponse, content: Content, limits: Limits, deadline: float
) -> bytes:
    """The whole body of a response that is what was asked for."""
    if response.status in _PASSING:
        raise _Passing(f"status {response.status}", _wait(response))
    if response.status != 200:
        said = _explanation(_pieces(address, response, limits, deadline))
        advice = "the table or file is not there (any more)" if response.status in (404, 410) else None
        raise SourceError(f"{_shown(address)}: status {response.status}{said}", advice=advice)
    stated = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if stated not in _TYPES[content]:
        reason = f"{_shown(address)}: gives '{stated or 'no type'}' in place of {content}"
        raise SourceError(reason, advice="look at the address in a browser")
    length = response.headers.get("Content-Length", "")
    if content == "csv" and not length and not response.headers.get("Transfer-Encoding"):
        # JSON and workbooks show where they end; a table of lines does not.
        reason = f"{_shown(address)}: states no length, so that a table cut short would not be seen"
        raise SourceError(reason, advice="download it, look at its end, and give --from its folder")
    if length.isdecimal() and (len(length) > 18 or int(length) > limits.size):
        raise too_large(_shown(address), limits)
    return b"".join(_pieces(address, response, limits, deadline))


def _pieces(address: str, response: BaseHTTPResponse, limits: Limits, deadline: float) -> Iterator[bytes]:
    """The body, piece by piece as it comes, to its stated end."""
    import urllib3

    size = 0
    try:
        while piece := response.read1(_PIECE, decode_content=True):
            size += len(piece)
            if size > limits.size:
                raise too_large(_shown(address), limits)
            if time.monotonic() > deadline:
                raise _Passing(f"not complete after {limits.total:g} seconds")
            yield piece
    except (urllib3.exceptions.TimeoutError, TimeoutError) as error:
        raise _Passing(f"nothing came for {limits.read:g} seconds") from error
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise _Passing(f"cut off after {size} bytes") from error


def _wait(response: BaseHTTPResponse) -> float:
    """Seconds that the source asks to wait."""
    seconds = response.headers.get("Retry-After", "")
    return float(seconds) if seconds.isascii() and seconds.isdigit() else 0.0


def _explanation(pieces: Iterator[bytes]) -> str:
    """What a source says is wrong, where it says so in JSON."""
    try:
        document = json.loads(b"".join(pieces))
    except (ValueError, RecursionError, _Passing, SourceError):
        return ""
    text = said(document)
    return f": {text}" if text else ""


def said(document: object) -> str:
    """The message of an error in JSON, as OData (``message``) and Eurostat (``label``) write it, or nothing."""
    if isinstance(document, list):
        return next(filter(None, map(said, document)), "")
    if not isinstance(document, dict):
        return ""
    for key in ("label", "message", "value"):
        if isinstance(document.get(key), str):
            return " ".join(document[key].split())[:_LONGEST_EXPLANATION]
    inner = (document.get(key) for key in ("error", "odata.error", "warning", "message"))
    return next(filter(None, map(said, inner)), "")


def _shown(address: str) -> str:
    """An address without its query, which may be long."""
    return address.partition("?")[0]
