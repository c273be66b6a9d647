"""A server that is slow, wrong, cut off, endless, leading elsewhere or gone is named, not half believed."""

from __future__ import annotations

import gzip
import socket
import time

import pytest

from sd_covid.data.connectors.http import refuse_unsafe
from sd_covid.errors import SourceError
from tests.data.connectors.conftest import HASTY, Reply

CSV = b"period,value\n2020,3.4\n"


def test_an_answer_comes_whole_and_is_asked_for_once(publisher, client):
    address = publisher.gives("/table.csv", Reply(CSV, "text/csv; charset=utf-8"))
    assert client.get(address, "csv").content == CSV
    assert client.get(address, "csv").content == CSV
    assert publisher.asked == ["/table.csv"]


def test_nothing_is_sent_that_identifies_a_person(publisher, client, monkeypatch, tmp_path):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    client.get(publisher.gives("/table.csv", Reply(CSV, "text/csv", headers={"Set-Cookie": "a=b"})), "csv")
    client.get(publisher.gives("/other.csv", Reply(CSV, "text/csv")), "csv")
    for headers in publisher.headers:
        assert {name.lower() for name in headers} == {"host", "user-agent", "accept-encoding"}


def test_a_packed_answer_is_unpacked(publisher, client):
    packed = Reply(gzip.compress(CSV), "text/csv", headers={"Content-Encoding": "gzip"})
    assert client.get(publisher.gives("/table.csv", packed), "csv").content == CSV


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(CSV, "text/csv", length=len(CSV) + 9), f"cut off after {len(CSV)} bytes (2 tries)"),
        (Reply(CSV, "text/csv", status=503), "status 503 (2 tries)"),
        (Reply(CSV, "text/csv", pause=0.5), "nothing came for 0.3 seconds (2 tries)"),
        (Reply(CSV * 2, "text/csv", pieces=44, pause=0.05), "not complete after 0.6 seconds (2 tries)"),
    ],
)
def test_what_may_pass_is_tried_again_and_then_named(publisher, client, reply, reason):
    address = publisher.gives("/table.csv", reply)
    with pytest.raises(SourceError) as caught:
        client.get(address, "csv")
    assert f"{address}: {reason}" == caught.value.reason
    assert len(publisher.asked) == HASTY.tries


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(CSV, "text/html"), "gives 'text/html' in place of csv"),
        (Reply(b"<html>", "text/html", status=404), "status 404"),
        (Reply(CSV, "text/csv", length=-1), "states no length, so that a table cut short would not be seen"),
        (Reply(CSV, "text/csv", length=10**9), "more than 0.2 MB"),
        (Reply(b"1\n" * 200_000, "text/csv", headers={"X": "long"}), "more than 0.2 MB"),
    ],
)
def test_what_does_not_pass_is_not_tried_again(publisher, client, reply, reason):
    with pytest.raises(SourceError) as caught:
        client.get(publisher.gives("/table.csv", reply), "csv")
    assert caught.value.reason.endswith(reason)
    assert len(publisher.asked) == 1


def test_a_small_packed_answer_does_not_unpack_beyond_the_limit(publisher, client):
    bomb = gzip.compress(b"0" * 50_000_000)
    assert len(bomb) < HASTY.size
    packed = Reply(bomb, "text/csv", headers={"Content-Encoding": "gzip"})
    with pytest.raises(SourceError, match=r"more than 0\.2 MB"):
        client.get(publisher.gives("/table.csv", packed), "csv")


def test_a_server_that_recovers_is_forgiven(publisher, client):
    replies = iter([Reply(status=502), Reply(CSV, "text/csv")])
    address = publisher.gives("/table.csv", lambda _: next(replies))
    assert client.get(address, "csv").content == CSV


def test_the_wait_that_a_server_asks_for_is_kept_or_refused(publisher, client):
    busy = Reply(status=429, headers={"Retry-After": "3600"})
    started = time.monotonic()
    with pytest.raises(SourceError, match="status 429"):
        client.get(publisher.gives("/table.csv", busy), "csv")
    assert len(publisher.asked) == 1
    assert time.monotonic() - started < HASTY.total  # an hour is not slept


def test_what_a_service_says_is_passed_on(publisher, client):
    body = b'{"error": [{"status": 413, "id": 413, "label": "EXTRACTION_TOO_BIG: change your filters"}]}'
    with pytest.raises(SourceError, match="status 413: EXTRACTION_TOO_BIG: change your filters"):
        client.get(publisher.gives("/big", Reply(body, status=413)), "json")


def test_redirects_stay_on_the_host(publisher, client):
    publisher.gives("/new.csv", Reply(CSV, "text/csv"))
    moved = Reply(status=301, headers={"Location": "/new.csv"})
    assert client.get(publisher.gives("/old.csv", moved), "csv").content == CSV


@pytest.mark.parametrize(
    ("there", "reason"),
    [
        ("https://example.org/table.csv", "sends on to https://example.org/table.csv, another host"),
        ("http://127.0.0.1:1/table.csv", "sends on to http://127.0.0.1:1/table.csv, another host"),
        ("http://example.org/", "http://example.org/: not an https address"),
        ("file:///etc/passwd", "file:///etc/passwd: not an https address"),
    ],
)
def test_redirects_elsewhere_are_not_followed(publisher, client, there, reason):
    address = publisher.gives("/away.csv", Reply(status=302, headers={"Location": there}))
    with pytest.raises(SourceError) as caught:
        client.get(address, "csv")
    assert caught.value.reason.endswith(reason)
    assert len(publisher.asked) == 1


def test_a_circle_of_redirects_ends(publisher, client):
    circle = Reply(status=302, headers={"Location": "/circle.csv"})
    with pytest.raises(SourceError, match="sends on more than 5 times"):
        client.get(publisher.gives("/circle.csv", circle), "csv")


def test_a_server_that_is_gone_is_out_of_reach(client):
    with socket.create_server(("127.0.0.1", 0)) as closed:  # a port that was free a moment ago
        nobody = f"http://127.0.0.1:{closed.getsockname()[1]}"
    with pytest.raises(SourceError, match=r"out of reach \(2 tries\)"):
        client.get(f"{nobody}/table.csv", "csv")


def test_the_proxy_of_the_surroundings_is_used_but_not_for_this_machine(publisher, client, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("https_proxy", publisher.address)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    address = publisher.gives("/table.csv", Reply(CSV, "text/csv"))
    assert client.get(address, "csv").content == CSV
    # The publisher is no proxy: it refuses the tunnel that is asked of it, and nothing else is tried.
    with pytest.raises(SourceError, match=r"//example\.invalid/table\.csv: out of reach"):
        client.get("https://example.invalid/table.csv", "csv")


@pytest.mark.parametrize(
    "address",
    [
        "http://example.org/x",
        "ftp://example.org/x",
        "https://me:secret@example.org/x",
        "https:///x",
        "https://a:b/",
    ],
)
def test_unsafe_addresses_are_refused_unasked(address):
    with pytest.raises(SourceError) as caught:
        refuse_unsafe(address)
    assert "secret" not in str(caught.value)


def test_files_are_read_below_the_study_only(client, tmp_path):
    inside = tmp_path / "in.csv"
    inside.write_bytes(CSV)
    assert client.get("in.csv", "csv") == (CSV, "in.csv")
    for outside in ("../out.csv", "/etc/hostname.csv"):
        with pytest.raises(SourceError, match="outside the study"):
            client.get(outside, "csv")
    (tmp_path / "link.csv").symlink_to("/etc/hostname")
    with pytest.raises(SourceError, match="outside the study"):
        client.get("link.csv", "csv")
