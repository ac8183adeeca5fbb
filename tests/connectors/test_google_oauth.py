"""Google's access tokens: minted once, renewed in time, refused with what a person must do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from include.connectors._google_oauth import GoogleToken
from include.connectors.protocol import AccessDenied, Account, Host, TemporaryFailure
from include.sandbox.vendors.faults import Fault
from include.sandbox.vendors.server import VendorServer
from include.sandbox.vendors.vendor import Stage

CREDENTIALS = {
    "client_id": "demo-app",
    "client_secret": "demo-secret",
    "refresh_token": "demo-refresh",
}
SCOPE = "https://www.googleapis.com/auth/adwords"
NOON = datetime(2026, 11, 20, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def running() -> Iterator[VendorServer]:
    with VendorServer(Stage(seed=1)) as server:
        yield server


@pytest.fixture
def server(running: VendorServer) -> VendorServer:
    running.stage.faults.clear()
    running.stage.clock.set(now=NOON, frozen=True)
    return running


def _make(server: VendorServer, sleeps: list[float] | None = None, **changes: str) -> GoogleToken:
    account = Account(
        "google_ads",
        "1234567890",
        {"base_url": server.vendor_urls["google_ads"]},
        {name: value for name, value in (CREDENTIALS | changes).items() if value},
    )
    waits = [] if sleeps is None else sleeps
    host = Host(sleep=waits.append)
    return GoogleToken(account, server.stage.clock.now, host, "https://example.com", SCOPE)


def _sign(token: GoogleToken) -> Any:
    request = requests.Request("GET", "http://localhost/").prepare()
    return token(request).headers["Authorization"]


def test_a_token_is_minted_once_and_again_shortly_before_its_end(server: VendorServer) -> None:
    token = _make(server)
    first = _sign(token)
    assert first.startswith("Bearer ya29.")
    server.stage.clock.advance(3500)
    assert _sign(token) == first
    server.stage.clock.advance(60)
    assert _sign(token) != first


def test_a_forgotten_token_is_minted_anew(server: VendorServer) -> None:
    token = _make(server)
    first = _sign(token)
    token.forget()
    assert _sign(token) != first


def test_the_password_may_be_the_refresh_token(server: VendorServer) -> None:
    assert _sign(_make(server, refresh_token="", token="demo-refresh"))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"refresh_token": "somebody-elses"}, "consent again"),
        ({"client_secret": "another-secret"}, "client_id and client_secret"),
    ],
)
def test_a_refusal_says_what_to_do_and_no_secret(
    server: VendorServer, changes: dict[str, str], says: str
) -> None:
    with pytest.raises(AccessDenied, match=says) as raised:
        _sign(_make(server, **changes))
    assert not any(secret in str(raised.value) for secret in changes.values())


@pytest.mark.parametrize("name", sorted(CREDENTIALS))
def test_a_missing_credential_is_named_at_once(server: VendorServer, name: str) -> None:
    with pytest.raises(AccessDenied, match=f"1234567890 has no {name}.*connection"):
        _make(server, **{name: ""})


@pytest.mark.parametrize(
    ("values", "least"),
    [({"status": 503}, 0.1), ({"status": 429, "headers": {"Retry-After": "21"}}, 21)],
)
def test_passing_trouble_of_the_token_endpoint_is_waited_out(
    server: VendorServer, values: dict[str, Any], least: float
) -> None:
    server.stage.faults.plant(Fault("status", "google_ads", "/token", 1, 0, values))
    sleeps: list[float] = []
    assert _sign(_make(server, sleeps))
    assert sleeps[0] >= least


def test_a_proxys_page_is_no_token(server: VendorServer) -> None:
    fault = Fault("status", "google_ads", "/token", 99, 0, {"status": 200})
    server.stage.faults.plant(fault)
    with pytest.raises(TemporaryFailure, match="no token"):
        _sign(_make(server))
