"""b24pysdk, the vendor's own: lists by pages and by the fast path, nested rows, batches, errors."""

from __future__ import annotations

from importlib import import_module

import pytest
from b24pysdk import Client
from b24pysdk.credentials import BitrixWebhook
from b24pysdk.errors import BitrixAPIError


@pytest.fixture
def portal(stand_ins, monkeypatch):
    """A client whose addresses lead to loopback, without TLS."""
    base = f"{stand_ins.base('bitrix24')}/rest"
    # A function of the same name hides the module in its package.
    callers = import_module("b24pysdk.api.callers.call_method")
    monkeypatch.setattr(callers._MethodCaller, "_base_url", base)
    return Client(BitrixWebhook(domain="portal.example", webhook_token="1/demo-webhook"))


def test_the_fast_path_finds_what_pages_find(portal):
    by_page = list(portal.crm.lead.list().as_list().result)
    fast = list(portal.crm.lead.list().as_list_fast().result)
    assert len(by_page) > 50
    assert sorted(row["ID"] for row in fast) == sorted(row["ID"] for row in by_page)


def test_rows_nested_in_an_object_are_found(portal):
    categories = portal.crm.category.list(entity_type_id=2).result["categories"]
    events = list(portal.crm.stagehistory.list(entity_type_id=2).as_list().result)
    assert any(category["isDefault"] == "Y" for category in categories)
    assert len(events) > 50


def test_a_batch_answers_every_command(portal):
    found = portal.call_batch({"deals": portal.crm.deal.list(), "users": portal.user.get()}).result
    assert set(found.result) == {"deals", "users"}
    assert not found.result_error


def test_an_unknown_deal_is_an_error_of_the_api(portal):
    with pytest.raises(BitrixAPIError):
        _ = portal.crm.deal.get(bitrix_id=999_999_999).result
