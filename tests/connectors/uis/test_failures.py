"""What the UIS connector makes of each refusal of the vendor's, all of them inside HTTP 200."""

from __future__ import annotations

import pytest

from include.connectors.protocol import AccessDenied, RequestRefused, TemporaryFailure
from include.sandbox.vendors.uis.errors import CODES
from tests.connectors.uis.uis_bench import Bench, rows_of
from tests.sandbox.uis_company import NOON, at, make_brand, make_call

DENIED = {
    "access_token_expired": "new API key",
    "access_token_invalid": "API key",
    "access_token_blocked": "unblock",
    "auth_error": "password",
    "ip_not_whitelisted": "white list",
    "forbidden": "right",
    "account_inactive": "switched off",
}
ELSEWHERE = {"internal_error", "limit_exceeded", "sort_prohibited"}
REFUSED = sorted(set(CODES) - set(DENIED) - ELSEWHERE)


@pytest.fixture
def bench(vendor_server):
    stage = vendor_server.stage
    stage.faults.clear()
    stage.knobs.clear()
    vendor_server.vendors["uis"].reset()
    stage.world = make_brand(make_call(1, at(16)), make_call(2, at(17)))
    stage.clock.set(now=NOON, factor=1.0, frozen=True)
    return Bench(vendor_server)


@pytest.mark.parametrize("mnemonic", sorted(DENIED))
def test_refused_credentials_say_what_a_person_must_do(bench, mnemonic):
    bench.plant("error", path="calls_report", mnemonic=mnemonic)
    with pytest.raises(AccessDenied, match=DENIED[mnemonic]):
        bench.pull()
    assert bench.sleeps == []


@pytest.mark.parametrize("mnemonic", REFUSED)
def test_a_refused_request_is_not_sent_again(bench, mnemonic):
    bench.plant("error", path="calls_report", mnemonic=mnemonic, field="sort")
    with pytest.raises(RequestRefused, match=mnemonic):
        bench.pull()
    assert bench.sleeps == []


def test_sorting_that_is_refused_without_any_field_is_final(bench):
    bench.plant("error", count=3, path="calls_report", mnemonic="sort_prohibited")
    with pytest.raises(RequestRefused, match="sort_prohibited"):
        bench.pull()


def test_a_field_the_vendor_does_not_know_may_be_left_out(bench):
    bench.plant("error", path="calls_report", mnemonic="invalid_parameter_value", field="fields")
    with pytest.raises(RequestRefused, match="option without_fields"):
        bench.pull()


def test_an_internal_error_is_tried_again_and_at_last_left_for_later(bench):
    bench.plant("error", count=2, path="calls_report", mnemonic="internal_error")
    assert len(rows_of(bench.pull())) == 2
    bench.plant("error", count=99, path="calls_report", mnemonic="internal_error")
    with pytest.raises(TemporaryFailure, match="later"):
        bench.pull()


@pytest.mark.parametrize("unit", ["seconds", "timestamp"])
def test_a_spent_minute_is_waited_for_and_no_longer(bench, unit):
    bench.stage.knobs.update({"uis.minute_limit": 1, "uis.reset_unit": unit})
    assert len(rows_of(bench.pull(page_rows=1))) == 2
    assert len(bench.sleeps) == 1
    assert 1 <= bench.sleeps[0] <= 61


def test_a_minute_another_process_has_spent_is_waited_for(bench):
    bench.stage.knobs["uis.minute_limit"] = 1
    bench.pull("campaign")
    assert len(rows_of(bench.pull())) == 2
    assert bench.sleeps


def test_a_spent_day_is_left_for_later_at_once(bench):
    bench.stage.knobs["uis.day_limit"] = 0
    with pytest.raises(TemporaryFailure, match=r"come back in \d+\.\d hours"):
        bench.pull()
    assert bench.sleeps == []


def test_a_session_that_never_holds_is_given_up(bench):
    bench.plant("error", count=9, path="calls_report", mnemonic="access_token_invalid")
    with pytest.raises(AccessDenied, match="ends every session"):
        bench.pull(credentials={"login": "demo-login", "token": "demo-password"})


def test_a_wrong_password_is_denied(bench):
    with pytest.raises(AccessDenied, match="password"):
        bench.pull(credentials={"login": "demo-login", "token": "wrong-password"})


def test_the_refused_key_is_in_no_message(bench):
    with pytest.raises(AccessDenied) as raised:
        bench.pull(credentials={"token": "strange-key"})
    assert "strange-key" not in str(raised.value)


def test_a_check_names_what_may_be_read_and_what_not(bench):
    told = list(bench.connect({"token": "limited-token"}).check())
    assert [(c.name, c.is_allowed) for c in told][:2] == [
        ("account", True),
        ("get.calls_report", False),
    ]
    assert all(c.is_allowed or "give the API user the right" in c.detail for c in told)
