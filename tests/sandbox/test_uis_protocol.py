"""How the UIS stand-in lets callers in, reads their parameters and refuses them."""

from __future__ import annotations

import pytest

from include.sandbox.vendors.uis.errors import CODES
from tests.sandbox.uis_company import UisCaller, at, make_brand, make_call


@pytest.fixture
def uis(vendor_server, monkeypatch):
    caller = UisCaller(vendor_server)
    phones = ["+79160000001", "+79160000003", "+79160000002"]
    calls = [make_call(n, at(18, 6 + n), caller_phone=p) for n, p in enumerate(phones, 1)]
    monkeypatch.setattr(caller.stage, "world", make_brand(*calls))
    return caller


def _ids(uis, **params) -> list[int]:
    return [row["id"] for row in uis.rows("calls_report", fields=["id"], **params)]


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        (b"{", (-32700, "parse_error")),
        ({"method": "get.account", "id": 1}, (-32600, "invalid_request")),
        ({"jsonrpc": "2.0", "id": 1, "method": 5}, (-32600, "invalid_request")),
        ([], (-32099, "batch_opreations_not_supported")),
        ({"jsonrpc": "2.0", "method": "get.account"}, (-32099, "notifications_not_supported")),
        ({"jsonrpc": "2.0", "id": 1, "method": "get.nothing"}, (-32601, "method_not_found")),
        (
            {"jsonrpc": "2.0", "id": 1, "method": "get.account"},
            (-32602, "required_parameter_missed"),
        ),
    ],
)
def test_a_malformed_request_is_refused_inside_http_200(uis, body, refusal):
    assert uis.refusal(uis.send(body)) == refusal


def test_the_id_comes_back_and_is_null_when_it_could_not_be_read(uis):
    assert uis.call("get.account")["id"] == "r1"
    assert uis.call("get.nothing")["id"] == "r1"
    assert uis.send(b"{")["id"] is None


def test_a_session_lives_an_hour_and_ends_with_logout(uis):
    first = uis.call("login.user", token=None, login="demo-login", password="demo-password")
    data = first["result"]["data"]
    assert data["expire_at"] == int(uis.stage.clock.now().timestamp()) + 3600
    token = data["access_token"]
    assert "result" in uis.call("get.account", token=token)
    uis.control("clock", {"advance_seconds": 3600})
    expired = uis.call("get.account", token=token)
    assert uis.refusal(expired) == (-32001, "access_token_expired")
    second = uis.call("login.user", token=None, login="demo-login", password="demo-password")
    token = second["result"]["data"]["access_token"]
    assert uis.call("logout.user", token=token)["result"]["data"] == {"success": True}
    assert uis.refusal(uis.call("get.account", token=token)) == (-32001, "access_token_invalid")


@pytest.mark.parametrize(
    ("token", "refusal"),
    [
        ("stranger", (-32001, "access_token_invalid")),
        ("blocked-token", (-32001, "access_token_blocked")),
        ("limited-token", (-32003, "forbidden")),
        (5, (-32602, "data_type_error")),
    ],
)
def test_a_token_that_may_not_call_is_refused(uis, token, refusal):
    assert uis.refusal(uis.call("get.tags", token=token)) == refusal


def test_a_wrong_password_and_unexpected_login_parameters_are_refused(uis):
    wrong = uis.call("login.user", token=None, login="demo-login", password="x")
    assert uis.refusal(wrong) == (-32001, "auth_error")
    odd = uis.call("login.user", token=None, login="demo-login", password="x", otp=1)
    assert uis.refusal(odd) == (-32602, "unexpected_parameters")


@pytest.mark.parametrize(
    ("knob", "value", "refusal"),
    [
        ("ip_whitelist", "10.0.0.0/8", (-32003, "ip_not_whitelisted")),
        ("account_inactive", True, (-32009, "account_inactive")),
    ],
)
def test_an_account_can_shut_its_doors(uis, knob, value, refusal):
    uis.control("knobs", {f"uis.{knob}": value})
    assert uis.refusal(uis.call("get.tags")) == refusal


def test_parts_of_the_account_can_be_switched_off(uis):
    for method in ("deals_history", "sales_funnel", "deal_contacts"):
        off = uis.call(f"get.{method}")
        assert uis.refusal(off) == (-32008, "method_component_disabled")
    uis.control("knobs", {"uis.deals_component": True, "uis.disabled_fields": ["eq_utm_source"]})
    assert uis.call("get.deals_history")["result"]["data"] == []
    off = uis.report("calls_report", fields=["eq_utm_source"])
    assert uis.refusal(off) == (-32008, "parameter_component_disabled")


@pytest.mark.parametrize(
    ("params", "mnemonic"),
    [
        ({"date_from": None}, "required_parameter_missed"),
        ({"date_from": 5}, "data_type_error"),
        ({"date_from": "2026-11-17"}, "invalid_parameter_value"),
        ({"date_from": "2026-11-21 00:00:00"}, "invalid_parameters_combination"),
        ({"date_from": "2026-08-01 00:00:00"}, "date_interval_limit_reached"),
        ({"page": 1}, "unexpected_parameters"),
        ({"limit": "10"}, "data_type_error"),
        ({"limit": 10_001}, "invalid_parameter_value"),
        ({"offset": 100_001}, "invalid_parameter_value"),
        ({"fields": "id"}, "data_type_error"),
        ({"fields": ["nothing"]}, "invalid_parameter_value"),
        ({"sort": [{"field": "tags", "order": "asc"}]}, "sort_prohibited"),
        ({"sort": [{"field": "id", "order": "up"}]}, "invalid_parameter_value"),
        ({"filter": {"field": "start_time", "operator": "=", "value": "x"}}, "filter_prohibited"),
        ({"filter": {"field": "id", "operator": "~", "value": 1}}, "invalid_parameter_value"),
        ({"filter": {"field": "id", "operator": ">", "value": "x"}}, "invalid_parameter_value"),
        ({"filter": {"field": "id", "operator": "in", "value": 1}}, "data_type_error"),
        ({"filter": {"filters": 5}}, "data_type_error"),
        ({"filter": {"field": "id", "operator": [], "value": 1}}, "invalid_parameter_value"),
        ({"filter": 5}, "data_type_error"),
        ({"sort": {"field": "id"}}, "data_type_error"),
        ({"include_ongoing_calls": "no"}, "data_type_error"),
        ({"user_id": 5}, "entity_not_found"),
    ],
)
def test_a_wrong_parameter_has_its_own_mnemonic(uis, params, mnemonic):
    assert uis.refusal(uis.report("calls_report", **params)) == (-32602, mnemonic)


def test_every_error_of_the_vendor_can_be_planted(uis):
    for mnemonic, code in CODES.items():
        uis.control("faults", {"kind": "error", "mnemonic": mnemonic})
        assert uis.refusal(uis.call("get.tags")) == (code, mnemonic)
    uis.control("faults", {"kind": "expired_token"})
    assert uis.refusal(uis.call("get.tags")) == (-32001, "access_token_expired")


def test_an_agent_names_the_client_whose_data_it_reads(uis):
    missing = uis.call("get.tags", token="agent-token")
    assert uis.refusal(missing) == (-32602, "required_parameter_missed")
    (client,) = uis.call("get.customer_users", token="agent-token")["result"]["data"]
    assert "result" in uis.call("get.tags", token="agent-token", user_id=client["id"])


@pytest.mark.parametrize(
    ("operator", "value", "ids"),
    [
        ("=", "79160000001", [1]),
        ("!=", "79160000001", [2, 3]),
        (">", "79160000001", [2, 3]),
        ("<=", "79160000002", [1, 3]),
        ("like", "%0003", [2]),
        ("regexp", "000[12]$", [1, 3]),
        ("in", ["79160000002"], [3]),
    ],
)
def test_filters_compare_one_field(uis, operator, value, ids):
    condition = {"field": "contact_phone_number", "operator": operator, "value": value}
    assert _ids(uis, filter=condition) == ids


def test_filters_nest_three_levels_deep_and_no_deeper(uis):
    leaves = [{"field": "id", "operator": "=", "value": n} for n in (1, 2)]
    tree = {"filters": leaves, "condition": "or"}
    assert _ids(uis, filter=tree) == [1, 2]
    assert _ids(uis, filter={"filters": leaves, "condition": "and"}) == []
    three = {"filters": [{"filters": [tree]}]}
    assert _ids(uis, filter=three) == [1, 2]
    deeper = uis.report("calls_report", filter={"filters": [three]})
    assert uis.refusal(deeper) == (-32602, "invalid_parameter_value")


def test_rows_are_sorted_and_paged_and_counted_whole(uis):
    order = [{"field": "contact_phone_number", "order": "desc"}]
    assert _ids(uis, sort=order) == [2, 3, 1]
    page = uis.report("calls_report", fields=["id"], limit=2, offset=2)["result"]
    assert page["data"] == [{"id": 3}]
    assert page["metadata"]["total_items"] == 3


def test_a_field_can_be_made_unfit_for_sorting(uis):
    order = [{"field": "id", "order": "asc"}]
    assert _ids(uis, sort=order) == [1, 2, 3]
    uis.control("knobs", {"uis.unsortable_fields": ["id"]})
    refused = uis.report("calls_report", sort=order)
    assert uis.refusal(refused) == (-32602, "sort_prohibited")


def test_without_a_limit_a_thousand_rows_come(uis, monkeypatch):
    calls = [make_call(n, at(18)) for n in range(1_005)]
    monkeypatch.setattr(uis.stage, "world", make_brand(*calls))
    answer = uis.report("calls_report", fields=["id"])["result"]
    assert (len(answer["data"]), answer["metadata"]["total_items"]) == (1_000, 1_005)


@pytest.mark.parametrize(("window", "seconds"), [("minute", 60), ("day", 86_400)])
def test_points_run_out_and_come_back_with_the_next_window(uis, window, seconds):
    uis.control("clock", {"factor": 0.0001})
    uis.control("knobs", {f"uis.{window}_limit": 2})
    first = uis.call("get.tags")["result"]["metadata"]["limits"]
    assert (first[f"{window}_limit"], first[f"{window}_remaining"]) == (2, 1)
    assert 0 < first[f"{window}_reset"] <= seconds
    uis.call("get.tags")
    refused = uis.call("get.tags")
    assert uis.refusal(refused) == (-32029, "limit_exceeded")
    assert refused["error"]["message"] == (
        f"Limit per {window} has been exceeded. Value of current limit per {window} is 2"
    )
    uis.control("clock", {"advance_seconds": first[f"{window}_reset"] + 1})
    assert "result" in uis.call("get.tags")


def test_a_method_can_have_a_price_of_its_own(uis):
    uis.control("knobs", {"uis.prices": {"get.tags": 5}, "uis.minute_limit": 6})
    assert uis.call("get.tags")["result"]["metadata"]["limits"]["minute_remaining"] == 1
    assert uis.refusal(uis.call("get.tags")) == (-32029, "limit_exceeded")
    assert "result" in uis.call("get.sites")
    assert "result" in uis.call("get.account")


def test_resets_of_limits_can_be_told_as_timestamps(uis):
    uis.control("knobs", {"uis.reset_unit": "timestamp"})
    limits = uis.call("get.tags")["result"]["metadata"]["limits"]
    now = int(uis.stage.clock.now().timestamp())
    assert now < limits["minute_reset"] <= now + 60
    assert now < limits["day_reset"] <= now + 86_400


def test_the_version_can_be_deprecated(uis):
    uis.control("knobs", {"uis.version_deprecated": True})
    version = uis.call("get.tags")["result"]["metadata"]["api_version"]
    assert version["current_version_deprecated"] is True


def test_unconfirmed_spellings_can_be_changed(uis):
    uis.control("knobs", {"uis.expiry_key": "expire", "uis.account_meta_key": "meta_data"})
    session = uis.call("login.user", token=None, login="demo-login", password="demo-password")
    assert "expire" in session["result"]["data"]
    assert "meta_data" in uis.call("get.account")["result"]
    assert (
        uis.call("get.account")["result"]["meta_data"]["api_version"]["current_version_deprecated"]
        is False
    )
