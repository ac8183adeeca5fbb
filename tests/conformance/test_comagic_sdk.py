"""comagic-data-api-sdk: a session by login, calls of a period, dictionaries and refusals."""

from __future__ import annotations

from datetime import datetime

import pytest
from comagic import Comagic
from comagic.errors import ComagicException

# The client writes instants without a zone: they are the account's own.
PERIOD = {
    "date_from": datetime.fromisoformat("2026-01-05T00:00:00"),
    "date_till": datetime.fromisoformat("2026-01-19T00:00:00"),
}


@pytest.fixture
def make_client(stand_ins):
    """Makes a client whose address is loopback's; the client logs in later, if at all."""
    address = f"{stand_ins.base('uis')}/v2.0"

    def make(access: str = "demo-token") -> Comagic:
        client = Comagic(login="demo-login", password="demo-password", token=access)
        client.API_URL = address
        return client

    return make


def test_a_login_gives_a_token_that_works(make_client):
    client = make_client()
    client.access_token = client._create_access_token()
    assert client.access_token != "demo-token"
    assert client.get_account().timezone


def test_calls_of_a_period_are_read(make_client):
    calls = list(make_client().get_calls_report(**PERIOD))
    assert calls
    assert all(PERIOD["date_from"] <= call.start_time <= PERIOD["date_till"] for call in calls)
    assert len({call.id for call in calls}) == len(calls)


def test_pages_of_calls_add_up(make_client):
    client = make_client()
    sort = [{"field": "id", "order": "asc"}]
    whole = [call.id for call in client.get_calls_report(**PERIOD, sort=sort)]
    pages = [
        call.id
        for start in range(0, len(whole), 4)
        for call in client.get_calls_report(**PERIOD, sort=sort, limit=4, offset=start)
    ]
    assert pages == whole


def test_dictionaries_are_read(make_client):
    client = make_client()
    assert list(client.get_employees())
    assert list(client.get_sites())
    assert list(client.get_virtual_numbers())


def test_a_wrong_token_is_refused_by_its_code(make_client):
    with pytest.raises(ComagicException) as refused:
        make_client("no-such-token").get_account()
    assert refused.value.error_data["code"] == -32001
