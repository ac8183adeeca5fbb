"""fast-bitrix24: whole lists through pages and batches at the portal's own rate, and errors."""

from __future__ import annotations

import pytest
import requests
from fast_bitrix24 import Bitrix
from fast_bitrix24.server_response import ErrorInServerResponseException

SECRET = "1/demo-webhook"


@pytest.fixture
def hook(stand_ins):
    """The address of the webhook that may read everything."""
    return f"{stand_ins.base('bitrix24')}/rest/{SECRET}/"


@pytest.fixture
def portal(hook):
    return Bitrix(hook, verbose=False)


def _total(hook: str, method: str, **params: object) -> int:
    answer = requests.post(f"{hook}{method}", json=params, timeout=30).json()
    return answer["total"]


@pytest.mark.parametrize("entity", ["lead", "deal", "contact", "company", "activity"])
def test_every_row_of_a_list_is_read_once(portal, hook, entity):
    rows = portal.get_all(f"crm.{entity}.list")
    assert len({row["ID"] for row in rows}) == len(rows) == _total(hook, f"crm.{entity}.list")
    assert rows


def test_the_stage_history_is_read_beyond_its_first_page(portal, hook):
    kind = {"entityTypeId": 1}
    events = portal.get_all("crm.stagehistory.list", kind)
    assert len(events) == _total(hook, "crm.stagehistory.list", **kind) > 50
    assert all(isinstance(event["ID"], int) for event in events)


def test_lists_that_nest_their_rows_are_unwrapped(portal):
    categories = portal.get_all("crm.category.list", {"entityTypeId": 2})
    assert 0 in {category["id"] for category in categories}


def test_deals_are_got_by_their_ids_in_batches(portal):
    ids = [row["ID"] for row in portal.get_all("crm.deal.list", {"select": ["ID"]})]
    deals = portal.get_by_ID("crm.deal.get", ids)
    assert sorted(deals) == sorted(ids)
    assert {deal["ID"] for deal in deals.values()} == set(ids)


def test_a_batch_may_use_what_an_earlier_command_found(portal):
    found = portal.call_batch(
        {
            "halt": 0,
            "cmd": {
                "first": "crm.deal.list?order[ID]=ASC&select[]=ID",
                "same": "crm.deal.get?id=$result[first][0][ID]",
            },
        }
    )
    assert found["same"]["ID"] == found["first"][0]["ID"]


def test_a_batch_with_a_wrong_command_is_told(portal):
    with pytest.raises(ErrorInServerResponseException):
        portal.call_batch({"halt": 0, "cmd": {"wrong": "crm.no.such.method"}})


def test_users_and_statuses_are_read(portal):
    users = portal.get_all("user.get")
    statuses = portal.get_all("crm.status.list", {"filter": {"ENTITY_ID": "STATUS"}})
    assert all(isinstance(user["ACTIVE"], bool) for user in users)
    assert {"NEW", "CONVERTED"} <= {status["STATUS_ID"] for status in statuses}
