"""GA4: a service account's own JWT as the bearer token, without asking the token endpoint."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from starlette.routing import Router
from starlette.testclient import TestClient

from include.sandbox.vendors.ga4 import PROPERTY_ID, VENDOR
from include.sandbox.vendors.ga4.access import AUDIENCE, SERVICE_ACCOUNT
from include.sandbox.vendors.vendor import Stage


def _status(**changes: Any) -> int:
    """HTTP status of a call for metadata with a JWT of these claims."""
    claims = {"iss": SERVICE_ACCOUNT, "aud": AUDIENCE, "iat": 1000, "exp": 4600} | changes
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    api = TestClient(Router(routes=list(VENDOR(Stage()).routes())))
    headers = {"Authorization": f"Bearer e30.{body}.c2ln"}
    return api.get(f"/v1beta/properties/{PROPERTY_ID}/metadata", headers=headers).status_code


def test_a_claim_for_this_service_is_a_token():
    assert _status() == 200


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"aud": "https://elsewhere.googleapis.com/"}, 401),
        ({"exp": 9999}, 401),
        ({"iss": "stranger@demo-project.iam.gserviceaccount.com"}, 403),
    ],
)
def test_a_claim_of_another_service_life_or_account_is_refused(changes, status):
    assert _status(**changes) == status
