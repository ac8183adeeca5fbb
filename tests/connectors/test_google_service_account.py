"""A service account's key instead of a person's consent: signed, exchanged, and never shown."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from include.connectors._google_oauth import GoogleToken
from include.connectors.ga4 import CONNECTOR as GA4
from include.connectors.google_ads import CONNECTOR as GOOGLE_ADS
from include.connectors.protocol import AccessDenied, Account, Host
from include.sandbox.vendors.google_assertion import KEYS
from include.sandbox.vendors.server import VendorServer
from include.sandbox.vendors.vendor import Stage
from tests.sandbox.world.small_world import small_world

SCOPE = "https://www.googleapis.com/auth/adwords"
EMAIL = "reader@demo-project.iam.gserviceaccount.com"
NOON = datetime(2026, 1, 20, 9, tzinfo=UTC)


class Key:
    """One key pair, as the console hands it out and as Google keeps it."""

    def __init__(self) -> None:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.file = {
            "type": "service_account",
            "client_email": EMAIL,
            "private_key_id": "0f3a",
            "private_key": key.private_bytes(
                Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
            ).decode(),
        }
        public = key.public_key()
        self.public = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@pytest.fixture(scope="module")
def key() -> Key:
    return Key()


@pytest.fixture(scope="module")
def running() -> Iterator[VendorServer]:
    with VendorServer(Stage(world=small_world()[0])) as server:
        yield server


@pytest.fixture
def server(running: VendorServer, key: Key) -> VendorServer:
    running.stage.faults.clear()
    running.stage.knobs[KEYS] = {EMAIL: key.public}
    running.stage.clock.set(now=NOON, frozen=True)
    return running


def _account(
    server: VendorServer, source: str, name: str, credentials: Any, **options: Any
) -> Account:
    return Account(source, name, {"base_url": server.vendor_urls[source], **options}, credentials)


def _make(server: VendorServer, credentials: Any, ahead: float = 0.0) -> GoogleToken:
    account = _account(server, "google_ads", "4081726354", credentials)
    clock = server.stage.clock
    now = lambda: clock.now() + timedelta(seconds=ahead)  # noqa: E731
    return GoogleToken(account, now, Host(sleep=clock.advance), "https://example.com", SCOPE)


def _sign(token: GoogleToken) -> str:
    request = requests.Request("GET", "http://localhost/").prepare()
    return str(token(request).headers["Authorization"])


def test_an_assertion_is_exchanged_for_a_token_and_again_shortly_before_its_end(
    server: VendorServer, key: Key
) -> None:
    token = _make(server, key.file)
    first = _sign(token)
    assert first.startswith("Bearer ya29.")
    server.stage.clock.advance(3500)
    assert _sign(token) == first
    server.stage.clock.advance(60)
    assert _sign(token) != first


@pytest.mark.parametrize(
    ("source", "name", "connector", "options"),
    [
        ("google_ads", "4081726354", GOOGLE_ADS, {"login_customer_id": "1112223333"}),
        ("ga4", "384211507", GA4, {"client_id_dimension": "customUser:client_id"}),
    ],
)
def test_both_sources_of_google_read_with_a_key_file(
    server: VendorServer, key: Key, source: str, name: str, connector: Any, options: Any
) -> None:
    account = _account(server, source, name, key.file, **options)
    made = connector(account, server.stage.clock.now, Host(sleep=server.stage.clock.advance))
    assert all(capability.is_allowed for capability in made.check())


def test_another_accounts_key_a_foreign_endpoint_and_a_wrong_clock_are_refused(
    server: VendorServer, key: Key
) -> None:
    for credentials, ahead, said in (
        ({**key.file, "private_key": Key().file["private_key"]}, 0.0, "Signature"),
        (key.file, 4000.0, "timeframe"),
        (key.file, -4000.0, "timeframe"),
    ):
        with pytest.raises(AccessDenied, match=f"{said}.*new key") as raised:
            _sign(_make(server, credentials, ahead))
        lines = str(credentials["private_key"]).splitlines()[1:-1]
        assert not any(line in str(raised.value) for line in lines)


def test_an_assertion_made_out_to_another_endpoint_buys_nothing(
    server: VendorServer, key: Key
) -> None:
    url = f"{server.vendor_urls['ga4']}/token"
    token = _make(server, key.file)
    assert token._key is not None
    stolen = token._key.sign(SCOPE, "https://elsewhere.example/token", NOON)
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": stolen}
    answer = requests.post(url, data=form, timeout=10)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_a_key_file_without_its_parts_or_with_a_torn_key_is_refused_at_once(
    server: VendorServer, key: Key
) -> None:
    torn = key.file["private_key"][:200]
    for credentials, says in (
        ({**key.file, "client_email": ""}, "no client_email.*whole key file"),
        ({**key.file, "private_key": torn}, "no RSA key.*as Google"),
    ):
        with pytest.raises(AccessDenied, match=says) as raised:
            _make(server, credentials)
        assert "MII" not in str(raised.value)


def test_a_key_whose_line_ends_were_escaped_still_signs(server: VendorServer, key: Key) -> None:
    escaped = key.file["private_key"].replace("\n", "\\n")
    assert _sign(_make(server, {**key.file, "private_key": escaped}))


def test_a_refresh_token_beside_a_key_wins(server: VendorServer, key: Key) -> None:
    consent = {"client_id": "demo-app", "client_secret": "demo-secret"}
    token = _make(server, {**key.file, **consent, "refresh_token": "demo-refresh"})
    assert _sign(token).startswith("Bearer ya29.")
    assert token.secrets == ["demo-secret", "demo-refresh"]
