"""amoCRM: an access token is a JWT that any reader of JWTs can open."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

from include.sandbox.vendors.amocrm.access import SIGNATURE_BYTES, Access

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
BODY = {
    "client_id": "demo-app",
    "client_secret": "demo-secret",
    "grant_type": "refresh_token",
    "refresh_token": "demo-refresh",
    "redirect_uri": "https://example.com/",
}


def test_every_part_of_a_token_is_canonical_base64():
    access = Access()
    access.reset(NOW)
    token = access.issue(BODY, "demo.amocrm.ru", NOW)["access_token"]
    header, claims, signature = (
        base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in token.split(".")
    )
    again = [base64.urlsafe_b64encode(p).decode().rstrip("=") for p in (header, claims, signature)]
    assert ".".join(again) == token
    assert json.loads(header)["alg"] == "RS256"
    assert json.loads(claims)["exp"] == NOW.timestamp() + 86_400
    assert len(signature) == SIGNATURE_BYTES
