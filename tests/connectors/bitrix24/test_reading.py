"""What the connector makes of a portal: pages, own fields, calls that come late, scans, limits."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from include.connectors.bitrix24 import Bitrix24
from include.connectors.protocol import (
    AccessDenied,
    Account,
    BadInput,
    IncompleteAnswer,
    Interval,
    KnownSlice,
    MemoryVault,
    RequestRefused,
    TemporaryFailure,
)
from include.sandbox.world.world import World
from tests.sandbox.bitrix24_portal import NOON, at, make_deal, standard_tables

APPLICATION = {
    "client_id": "local.demo",
    "client_secret": "demo-secret",
    "refresh_token": "demo-refresh",
}


def _known(resource: str, key: str, rows: int, age_days: float = 0) -> KnownSlice:
    return KnownSlice(resource, key, "hash", NOON - timedelta(days=age_days), rows)


def test_hundreds_of_rows_come_in_few_requests(bench):
    bench.stage.world = World.of(crm_deal=[make_deal(number) for number in range(1, 2641)])
    bench.stage.knobs["bitrix24.bucket_size"] = 12
    rows = bench.rows("deal")
    assert [row["deal_id"] for row in rows] == list(range(1, 2641))
    assert not bench.sleeps, "53 pages took more requests than the bucket holds"


def test_a_page_that_comes_empty_is_not_the_end(bench):
    bench.stage.world = World.of(crm_deal=[make_deal(number) for number in range(1, 121)])
    bench.plant("zero_rows", "crm.deal.list", 1, 2)
    with pytest.raises(IncompleteAnswer, match="counts 120"):
        bench.rows("deal")


def test_a_count_that_comes_as_zero_hides_no_page(bench):
    bench.stage.world = World.of(crm_deal=[make_deal(number) for number in range(1, 121)])
    bench.plant("zero_rows", "crm.deal.list", 1)
    assert len(bench.rows("deal")) == 120


def test_own_fields_are_read_as_the_account_maps_them(bench):
    leads = {row["lead_id"]: row for row in bench.rows("lead")}
    assert leads[1]["metrica_client_id"] == "1700000000000000001"
    assert leads[1]["yclid"] is None
    choices = {row["value_id"]: row["value"] for row in bench.rows("custom_field")}
    assert choices[int(leads[2]["lost_reason_id"])] == "no budget"
    assert bench.rows("company")[0]["inn"] == "7700000001"
    assert bench.rows("invoice")[0]["inn"] == "7700000001"
    with pytest.raises(BadInput, match="custom_fields"):
        bench.connect(custom_fields={"shoe_size": "UF_CRM_1"})


def test_telephones_and_emails_are_as_typed(bench):
    leads = {row["lead_id"]: row for row in bench.rows("lead")}
    assert leads[1]["phones"] == ["8 (495) 000-00-01"]
    assert bench.rows("contact")[0]["phones"] == ["+74950000001", "+79160000002"]


def test_stage_history_of_leads_and_deals_stand_together(bench):
    rows = bench.rows("stage_history")
    leads = [row["stage_id"] for row in rows if row["entity_type"] == "lead"]
    assert leads == ["NEW", "CONVERTED"]
    moved = [row for row in rows if row["type_id"] == 5]
    assert [(row["owner_id"], row["category_id"], row["stage_id"]) for row in moved] == [
        (4, 2, "C2:OFFER")
    ]


def test_products_come_with_every_change_of_their_deal(bench):
    (row,) = bench.rows("product_row")
    assert (row["deal_id"], str(row["price_amount"]), row["is_tax_included"]) == (
        1,
        "122.0000",
        True,
    )
    assert row["deal_updated_at"].astimezone(UTC) == at(1), "when deal 6 was merged into it"


def test_contacts_of_a_deal_come_with_it(bench):
    (row,) = bench.rows("deal_contact")
    assert (row["deal_id"], row["contact_id"], row["is_primary"]) == (1, 21, True)


def test_a_deal_that_vanishes_meanwhile_has_no_contacts(bench):
    bench.plant("error", "contact.items.get", code="", description="Not found.")
    assert bench.rows("deal_contact") == []
    bench.plant("error", "contact.items.get", code="INTERNAL_SERVER_ERROR")
    with pytest.raises(TemporaryFailure):
        bench.rows("deal_contact")


@pytest.mark.parametrize(
    ("field", "value"), [("CLOSED", "maybe"), ("DATE_CREATE", "soon"), ("LEAD_ID", "none")]
)
def test_a_value_that_cannot_be_read_costs_its_row_only(bench, field, value):
    bench.plant("broken_value", "crm.deal.list", 1, 1, field=field, value=value)
    connector = bench.connect()
    (piece,) = [p for p in connector.plan([], NOON, None) if p.resource == "deal"]
    (batch,) = bench.batches(connector, piece)
    assert batch.rows.num_rows == 3
    assert [row.reason_code for row in batch.rejected] == ["wrong_type"]
    assert field in batch.rejected[0].reason
    assert value not in batch.rejected[0].reason


def test_telephones_of_another_shape_cost_their_row_only(bench):
    bench.plant("broken_value", "crm.lead.list", 1, 1, field="PHONE", value=["+7", "+8"])
    connector = bench.connect()
    (piece,) = [p for p in connector.plan([], NOON, None) if p.resource == "lead"]
    (batch,) = bench.batches(connector, piece)
    assert (batch.rows.num_rows, len(batch.rejected)) == (1, 1)


def test_rows_without_an_id_mean_a_changed_api(bench):
    bench.plant("renamed_field", "crm.deal.list", 50, **{"from": "ID", "to": "NUMBER"})
    with pytest.raises(RequestRefused, match="field ID"):
        bench.rows("deal")


def test_a_deal_with_many_products_has_them_all(bench):
    tables = standard_tables()
    row = tables["crm_product_row"][0]
    tables["crm_product_row"] = [row | {"row_id": number} for number in range(100, 230)]
    bench.stage.world = World.of(**tables)
    assert [row["row_id"] for row in bench.rows("product_row")] == list(range(100, 230))


def test_a_call_told_late_brings_its_day_again(bench):
    zone_days = [date(2026, 11, day) for day in range(10, 21)]
    counts = {date(2026, 11, 17): 1, date(2026, 11, 18): 1}
    known = [_known("call", day.isoformat(), counts.get(day, 0)) for day in zone_days]
    connector = bench.connect(lookback_days=0, calls_from="2026-11-10")
    settled = [replace(k, pulled_at=NOON + timedelta(days=30)) for k in known]

    def days() -> set[str]:
        pieces = connector.plan(settled, bench.stage.clock.now(), None)
        return {piece.key for piece in pieces if piece.resource == "call"}

    assert days() == set()
    settled[7] = replace(settled[7], row_count=0)
    assert days() == {"2026-11-17_2026-11-18"}


def test_calls_go_three_years_back_unless_told_otherwise(bench):
    def first_day(**options) -> str:
        pieces = bench.connect(**options).plan([], NOON, None)
        return next(piece.key for piece in pieces if piece.resource == "call")[:10]

    assert first_day() == "2026-10-01"
    assert first_day(history_from="2012-04-01") == "2023-11-21"
    assert first_day(history_from="2012-04-01", calls_from="2020-01-01") == "2020-01-01"


def test_calls_are_landed_under_the_day_of_the_account_s_zone(bench):
    assert {row["call_date"] for row in bench.rows("call")} == {
        date(2026, 11, 17),
        date(2026, 11, 18),
    }
    far = bench.rows("call", time_zone="Pacific/Kiritimati")
    assert {row["call_date"] for row in far} == {date(2026, 11, 17), date(2026, 11, 18)}
    west = bench.rows("call", time_zone="Pacific/Honolulu")
    assert {row["call_date"] for row in west} == {date(2026, 11, 16), date(2026, 11, 17)}


def test_a_scan_shows_who_is_left(bench):
    assert [row["deal_id"] for row in bench.rows("deal_scan")] == [1, 2, 3, 4]


def test_a_scan_that_suddenly_holds_less_than_half_is_refused(bench):
    known = [_known("deal_scan", "scan", 9)]
    with pytest.raises(IncompleteAnswer, match="allow_mass_deletion"):
        bench.rows("deal_scan", known)
    assert len(bench.rows("deal_scan", known, allow_mass_deletion=True)) == 4


def test_a_window_gives_the_changes_of_its_days_only(bench):
    window = Interval(date(2026, 11, 17), date(2026, 11, 19))
    connector = bench.connect()
    pieces = connector.plan([], NOON, window)
    assert {piece.key for piece in pieces if piece.resource == "deal"} == {
        "20261116T210000Z_20261118T210000Z"
    }
    assert not [piece for piece in pieces if piece.key in ("scan", "snapshot")]
    assert bench.connect(leave_out=["call"]).plan([], NOON, Interval(*_future())) == []


def _future() -> tuple[date, date]:
    return date(2026, 12, 1), date(2026, 12, 2)


def test_a_method_that_worked_too_long_is_waited_for(bench):
    bench.stage.knobs |= {"bitrix24.call_seconds": 25, "bitrix24.operating_limit_seconds": 40}
    assert len(bench.rows("deal")) == 4
    assert len(bench.rows("deal")) == 4
    assert sum(bench.sleeps) > 300, "the oldest minute of work falls out after ten"


def test_a_lasting_block_is_a_passing_trouble_that_says_when(bench):
    bench.plant("error", "crm.deal.list", 50, code="OPERATION_TIME_LIMIT")
    with pytest.raises(TemporaryFailure, match="10 minutes"):
        bench.rows("deal")


@pytest.mark.parametrize(
    ("code", "cure"),
    [
        ("ACCESS_DENIED", "plan"),
        ("OVERLOAD_LIMIT", "support"),
        ("INVALID_REQUEST", "https"),
        ("PORTAL_DELETED", "remove the account"),
        ("user_access_error", "application"),
    ],
)
def test_a_fatal_error_says_what_to_do(bench, code, cure):
    bench.plant("error", code=code)
    with pytest.raises(AccessDenied, match=cure):
        bench.rows("user")


def test_a_missing_permission_stops_its_resource_only(bench):
    connector = bench.connect({"login": "1", "token": "crm-webhook"})
    pieces = {piece.resource: piece for piece in connector.plan([], NOON, None)}
    with pytest.raises(RequestRefused, match="leave_out"):
        bench.batches(connector, pieces["call"])
    assert bench.batches(connector, pieces["deal"])
    with pytest.raises(BadInput, match="spaceship"):
        bench.connect(leave_out=["spaceship"])


def test_a_check_tells_which_rights_a_webhook_lacks(bench):
    hook = {"login": "1", "token": "crm-webhook"}
    told = {one.name: one for one in bench.connect(hook).check()}
    assert told["deal"].is_allowed
    assert not told["call"].is_allowed
    assert "telephony" in told["call"].detail


def test_an_account_without_a_portal_says_where_to_put_it():
    account = Account("bitrix24", "acme", {}, {"login": "1", "token": "demo-webhook"})
    with pytest.raises(AccessDenied, match="host of its connection"):
        Bitrix24(account, lambda: NOON)
    named = Account("bitrix24", "acme", {}, {**account.credentials, "host": "acme.bitrix24.ru"})
    assert Bitrix24(named, lambda: NOON).plan([], NOON, Interval(*_future())) == []


def test_a_refresh_token_is_used_once_and_the_next_one_kept(bench):
    bench.vault = MemoryVault(APPLICATION)
    for _ in range(2):
        connector = bench.connect(APPLICATION)
        assert connector.plan([], bench.stage.clock.now(), None)
        assert len(list(connector.fetch({"resource": "user", "key": "snapshot"}))) == 1
        bench.stage.clock.advance(3700)
    assert bench.vault.read()["refresh_token"] != "demo-refresh"
    bench.vault = MemoryVault(APPLICATION)
    with pytest.raises(AccessDenied, match="install the application anew"):
        list(bench.connect(APPLICATION).fetch({"resource": "user", "key": "snapshot"}))


def test_an_instant_is_the_same_whatever_its_offset(bench):
    (deal,) = [row for row in bench.rows("deal") if row["deal_id"] == 2]
    assert deal["created_at"].astimezone(UTC) == datetime(2026, 11, 10, 9, tzinfo=UTC)
