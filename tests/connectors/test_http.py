"""The shared HTTP session: what it retries, how long it waits, and what it never tells."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from include.connectors._http import (
    Again,
    HttpSession,
    Scrubber,
    read_json,
    retry_after_seconds,
)
from include.connectors._paging import OffsetPage, walk_offsets
from include.connectors.protocol import (
    BadInput,
    ConnectorError,
    IncompleteAnswer,
    RequestRefused,
    TemporaryFailure,
)

SECRET = "s3cr3t-in-path"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.seen.append((self.path, dict(self.headers)))  # type: ignore[attr-defined]
        status = self.server.statuses.pop(0) if self.server.statuses else 200  # type: ignore[attr-defined]
        body = b"x" * 1000
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if "cut" in self.path:
            self.wfile.write(body[:100])
            self.wfile.flush()
            self.close_connection = True
            self.connection.close()
            return
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    httpd.seen, httpd.statuses = [], []  # type: ignore[attr-defined]
    threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02}).start()
    yield httpd
    httpd.shutdown()
    httpd.server_close()


def _session(httpd: ThreadingHTTPServer, sleeps: list[float]) -> HttpSession:
    return HttpSession(
        f"http://127.0.0.1:{httpd.server_port}",
        {"Authorization": "Bearer own-token"},
        secrets=[SECRET, "own-token"],
        sleep=sleeps.append,
    )


def _classify(response: requests.Response) -> Again | None:
    if response.status_code >= 500:
        return Again(TemporaryFailure(f"HTTP {response.status_code}"))
    if response.status_code == 429:
        return Again(TemporaryFailure("slow down"), 10.0, at_least_seconds=33.0)
    if response.status_code >= 300:
        raise RequestRefused(f"HTTP {response.status_code}")
    return None


def test_passing_trouble_is_retried_with_growing_jittered_waits(server):
    server.statuses[:] = [503, 500, 502]
    sleeps: list[float] = []
    assert _session(server, sleeps).send("GET", "x", _classify).status_code == 200
    assert [longest / 2 <= s <= longest for s, longest in zip(sleeps, (1, 2, 4), strict=True)] == [
        True
    ] * 3


def test_a_proxy_of_the_environment_is_used_unless_the_host_is_excepted(server, monkeypatch):
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.server_port}")
    HttpSession("http://vendor.example", {}).send("GET", "x", _classify)
    assert server.seen[-1][0] == "http://vendor.example/x"
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    _session(server, []).send("GET", "x", _classify)
    assert server.seen[-1][0] == "/x"


def test_a_certificate_bundle_that_is_not_there_is_named(server, monkeypatch, tmp_path):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "company.pem"))
    with pytest.raises(BadInput, match=r"company\.pem cannot be read; correct REQUESTS_CA_BUNDLE"):
        HttpSession("https://vendor.example", {}, attempts=1).send("GET", "x", _classify)


def test_the_vendors_own_wait_is_the_least(server):
    server.statuses[:] = [429]
    sleeps: list[float] = []
    _session(server, sleeps).send("GET", "x", _classify)
    assert sleeps == [33.0]


def test_after_the_last_attempt_the_trouble_itself_is_raised(server):
    server.statuses[:] = [503] * 9
    sleeps: list[float] = []
    with pytest.raises(TemporaryFailure, match="HTTP 503"):
        _session(server, sleeps).send("GET", "x", _classify)
    assert (len(server.seen), len(sleeps)) == (5, 4)


@pytest.mark.parametrize("status", [302, 400, 404])
def test_what_is_not_passing_is_asked_once_and_redirects_are_not_followed(server, status):
    server.statuses[:] = [status]
    with pytest.raises(RequestRefused):
        _session(server, []).send("GET", "x", _classify)
    assert len(server.seen) == 1


def test_a_netrc_file_cannot_replace_the_token(server, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login other password other\n")
    monkeypatch.setenv("NETRC", str(netrc))
    _session(server, []).send("GET", "x", _classify)
    assert server.seen[0][1]["Authorization"] == "Bearer own-token"


class _Counting(requests.auth.AuthBase):
    """Another token for every request."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        self.count += 1
        r.headers["Authorization"] = f"Bearer token-{self.count}"
        return r


def test_each_attempt_is_signed_anew_by_what_signs_the_session(server):
    server.statuses[:] = [503]
    url = f"http://127.0.0.1:{server.server_port}"
    session = HttpSession(url, {}, sleep=lambda _: None, auth=_Counting())
    session.send("GET", "x", _classify)
    signed = [headers["Authorization"] for _, headers in server.seen]
    assert signed == ["Bearer token-1", "Bearer token-2"]


def test_a_cut_body_is_an_incomplete_answer(server):
    session = _session(server, [])
    response = session.send("GET", f"{SECRET}/cut?key=1", _classify, stream=True)
    with pytest.raises(IncompleteAnswer) as raised, session.open_body(response) as body:
        while body.read(64):
            pass
    assert SECRET not in str(raised.value)
    assert raised.value.__context__ is None


def test_a_secret_in_the_path_reaches_neither_errors_nor_debug_logs(server, caplog):
    caplog.set_level(logging.DEBUG)
    server.statuses[:] = [404]
    session = _session(server, [])
    with pytest.raises(ConnectorError) as raised:
        session.send("GET", f"rest/1/{SECRET}/crm?auth=own-token&x=1", _classify)
    unreachable = HttpSession(f"http://127.0.0.1:9/{SECRET}", {}, [SECRET], sleep=lambda _: None)
    with pytest.raises(TemporaryFailure) as failed:
        unreachable.send("GET", f"{SECRET}?token=abc", _classify)
    for text in (caplog.text, repr(raised.value), repr(failed.value)):
        assert SECRET not in text
        assert "own-token" not in text
        assert "token=abc" not in text
    assert failed.value.__cause__ is None
    assert failed.value.__context__ is None
    assert "/***/***" in str(failed.value)


def test_the_limiter_is_asked_before_every_attempt(server):
    asked = []

    class Limiter:
        def acquire(self) -> None:
            asked.append(len(server.seen))

    session = HttpSession(
        f"http://127.0.0.1:{server.server_port}", {}, sleep=lambda _: None, limiter=Limiter()
    )
    server.statuses[:] = [500]
    session.send("GET", "x", _classify)
    assert asked == [0, 1]


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer abcdef123",
        "https://b24.example/rest?auth=abcdef123&x=1",
        '{"access_token": "abcdef123"}',
        "client_secret=abcdef123",
        "https://user:abcdef123@example.org/x",
        "refresh_token: abcdef123",
        "api_key=abcdef123",
    ],
)
def test_what_looks_like_a_secret_is_blotted_out(text):
    assert "abcdef123" not in Scrubber().scrub(text)


def test_an_html_error_page_is_only_named(server):
    response = requests.Response()
    response.status_code = 502
    response.headers["Content-Type"] = "text/html"
    response._content = b"<html>internal address 10.0.0.7</html>"
    assert Scrubber().show_body(response) == "an HTML page, probably from a proxy"


def _answer(body: bytes, **headers: str) -> requests.Response:
    response = requests.Response()
    response.status_code = 400
    response.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    response._content = body
    return response


def test_a_secret_at_the_end_of_what_is_shown_is_not_shown_in_part():
    body = b"x" * 295 + b" " + SECRET.encode()
    assert SECRET[:4] not in Scrubber([SECRET]).show_body(_answer(body))


def test_a_secret_is_blotted_out_however_an_address_quotes_it():
    assert "pa%2Fss" not in Scrubber(["pa/ss+word"]).show_url("https://x.example/pa%2Fss%2Bword/y")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("Sun, 01 Mar 2026 00:00:30 GMT", 30.0),
        ("Sun, 01 Mar 2026 00:00:30 -0000", 30.0),
        ("Sun, 01 Mar 2026 00:00:30", 30.0),
        ("Sun, 22 Feb 2026 00:00:00 GMT", 0.0),
        ("1e12", 1e12),
        ("-5", 0.0),
        ("nan", 0.0),
        ("soon", 0.0),
        ("", 0.0),
    ],
)
def test_a_wait_is_read_from_whatever_a_vendor_writes(value, seconds):
    now = datetime(2026, 3, 1, tzinfo=UTC)
    assert retry_after_seconds(_answer(b"", Retry_After=value), lambda: now) == seconds


@pytest.mark.parametrize(
    "base_url", ["example.org", "http://127.0.0.1:99999", "http://[::1", "http://a b", "http://.x."]
)
def test_an_address_that_is_none_is_the_operators_to_correct(base_url):
    session = HttpSession(base_url, {}, sleep=lambda _: pytest.fail("no later try helps"))
    with pytest.raises(BadInput, match="base_url"):
        session.send("GET", "x", _classify)


@pytest.mark.parametrize("token", ["токен-s3cr3t", "s3cr3t\n"])
def test_a_token_no_header_can_hold_is_told_without_showing_it(server, token):
    session = HttpSession(
        f"http://127.0.0.1:{server.server_port}",
        {"Authorization": f"Bearer {token}"},
        sleep=lambda _: pytest.fail("no later try helps"),
    )
    with pytest.raises(BadInput, match="line breaks") as raised:
        session.send("GET", "x", _classify)
    assert "s3cr3t" not in str(raised.value)
    assert raised.value.__context__ is None


def test_an_answer_cut_while_it_is_judged_is_asked_for_again(server):
    def classify(response: requests.Response) -> Again | None:
        raise RequestRefused(f"{len(response.text)} letters")

    with pytest.raises(TemporaryFailure, match="broke"):
        _session(server, []).send("GET", "cut", classify, stream=True)
    assert len(server.seen) == 5


def test_half_of_a_letter_beyond_the_basic_plane_loses_no_page():
    """Vendors that cut texts to a length leave one; no retry would make it whole."""
    body = (
        b'{"a": [12345678901234567, 0.1, "caf\xc3\xa9 \\ud83d"], "b": "\\ud83d\\ude00 \\\\ud83d"}'
    )
    found = read_json(_answer(body), "the page")
    assert found == {"a": [12345678901234567, 0.1, "café ?"], "b": "\U0001f600 \\ud83d"}
    with pytest.raises(IncompleteAnswer):
        read_json(_answer(body[:-1]), "the page")
    with pytest.raises(IncompleteAnswer):
        read_json(_answer(b'{"a": NaN}'), "the page")


@given(st.lists(st.integers(0, 5), max_size=12))
def test_every_row_of_every_page_comes_once_whatever_the_page_sizes(sizes):
    pages = [[(number, n) for n in range(size)] for number, size in enumerate(sizes)] or [[]]
    asked = []

    def read_page(offset: int) -> OffsetPage[tuple[int, int]]:
        asked.append(offset)
        is_last = offset == len(pages) - 1
        return OffsetPage(pages[offset], None if is_last else offset + 1)

    assert list(walk_offsets(read_page)) == [row for page in pages for row in page]
    assert asked == list(range(len(pages)))


@pytest.mark.parametrize("stuck", [0, -5])
def test_paging_that_does_not_move_forward_is_an_incomplete_answer(stuck):
    with pytest.raises(IncompleteAnswer, match="does not move forward"):
        list(walk_offsets(lambda offset: OffsetPage([1], stuck)))
