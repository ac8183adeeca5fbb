"""pybitrix24: tokens for a code, their renewal, lists, batches whose commands build on others."""

from __future__ import annotations

import pytest
from pybitrix24 import Bitrix24


@pytest.fixture
def make_client(stand_ins, monkeypatch):
    """Makes a client of loopback, without TLS, for a secret."""
    for name in ("_auth_url_template", "_method_url_template", "_webhook_url_template"):
        plain = getattr(Bitrix24, name).replace("https://", "http://")
        monkeypatch.setattr(Bitrix24, name, plain)
    host = stand_ins.base("bitrix24").removeprefix("http://")

    def make(secret: str) -> Bitrix24:
        return Bitrix24(host, "local.demo", secret)

    return make


@pytest.fixture
def portal(make_client) -> Bitrix24:
    client = make_client("demo-secret")
    client.obtain_tokens("demo-code")
    return client


def test_a_renewed_token_opens_the_portal(portal):
    first = portal._access_token
    told = portal.refresh_tokens()
    assert told["client_endpoint"].endswith("/rest/")
    assert portal._access_token != first
    assert portal.call("user.current")["result"]["ACTIVE"] is True


def test_pages_follow_the_place_of_the_next_one(portal):
    found, start = [], 0
    while start is not None:
        page = portal.call("crm.lead.list", {"select": ["ID"], "start": start})
        found += page["result"]
        start = page.get("next")
    assert len(found) == page["total"] > 50


def test_a_command_of_a_batch_builds_on_the_one_before(portal):
    answer = portal.call_batch(
        {
            "me": "user.current",
            "mine": ("crm.deal.list", {"filter": {"ASSIGNED_BY_ID": "$result[me][ID]"}}),
        }
    )["result"]
    me = answer["result"]["me"]["ID"]
    assert {deal["ASSIGNED_BY_ID"] for deal in answer["result"]["mine"]} <= {me}
    assert not answer["result_error"]


def test_a_webhook_needs_no_token(make_client):
    client = make_client("of no use")
    deals = client.call_webhook("demo-webhook", "crm.deal.list", {"start": -1})
    assert deals["result"]
    assert "next" not in deals


def test_refusals_are_told_in_words_of_the_vendor(make_client):
    client = make_client("wrong")
    assert client.obtain_tokens("demo-code")["error"] == "invalid_client"
    assert client.call_webhook("nobody", "crm.deal.list")["error"] == "INVALID_CREDENTIALS"
