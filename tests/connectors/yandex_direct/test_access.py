"""A token that dies is exchanged once, where new ones can be kept."""

from __future__ import annotations

from datetime import timedelta

import pytest

from include.connectors.protocol import (
    AccessDenied,
    Account,
    Host,
    MemoryVault,
    TemporaryFailure,
)
from include.connectors.yandex_direct import CONNECTOR

PAIR = {
    "token": "token-of-last-year",
    "client_id": "demo-app",
    "client_secret": "demo-secret",
    "refresh_token": "demo-refresh",
}


def _connect(bench, vault: MemoryVault | None, credentials=PAIR):
    base_url = bench.server.vendor_urls["yandex_direct"]
    account = Account("yandex_direct", "demo-client", {"base_url": base_url}, credentials)
    host = Host(sleep=bench.sleep, vault=vault)
    return CONNECTOR(account, bench.stage.clock.now, host)


def test_a_refused_token_is_exchanged_and_the_request_repeated(bench):
    vault = MemoryVault(PAIR)
    assert _connect(bench, vault).plan([], bench.stage.clock.now(), None)
    kept = vault.read()
    assert kept["token"] != PAIR["token"]
    assert kept["refresh_token"] != PAIR["refresh_token"]
    assert _connect(bench, vault).plan([], bench.stage.clock.now(), None)
    assert vault.read() == kept


def test_a_token_in_its_last_month_is_exchanged_before_it_dies(bench):
    vault = MemoryVault(PAIR)
    _connect(bench, vault).plan([], bench.stage.clock.now(), None)
    kept = vault.read()
    bench.stage.clock.advance(timedelta(days=340).total_seconds())
    _connect(bench, vault).plan([], bench.stage.clock.now(), None)
    assert vault.read()["token"] != kept["token"]


def test_where_nothing_can_be_kept_nothing_is_exchanged(bench):
    with pytest.raises(AccessDenied, match="issue a new one"):
        _connect(bench, None).plan([], bench.stage.clock.now(), None)
    vault = MemoryVault(PAIR)
    assert _connect(bench, vault).plan([], bench.stage.clock.now(), None)


def test_a_spent_refresh_token_says_what_to_do_and_shows_no_secret(bench):
    spent = PAIR | {"refresh_token": "spent-refresh-token"}
    with pytest.raises(AccessDenied, match="consent again") as raised:
        _connect(bench, MemoryVault(spent), spent).plan([], bench.stage.clock.now(), None)
    assert not any(value in str(raised.value) for value in spent.values())


def test_few_points_left_are_left_to_people(bench):
    bench.stage.knobs["yandex_direct.daily_units"] = 65
    with pytest.raises(TemporaryFailure, match="points left"):
        _connect(bench, None, {"token": "demo-token"}).plan([], bench.stage.clock.now(), None)
