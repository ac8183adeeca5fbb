"""What the connector makes of a portal: searches, associations, archive, history, limits."""

from __future__ import annotations

from datetime import UTC, date

import pytest

from include.connectors.hubspot.answers import MissingScope
from include.connectors.protocol import (
    AccessDenied,
    BadInput,
    IncompleteAnswer,
    Interval,
    KnownSlice,
    MemoryVault,
    RequestRefused,
    TemporaryFailure,
)
from include.sandbox.vendors.hubspot import search
from include.sandbox.world.world import World
from tests.sandbox.hubspot_portal import NOON, at, make_deal, standard_tables

APPLICATION = {
    "client_id": "demo-app",
    "client_secret": "demo-secret",
    "refresh_token": "demo-refresh",
}


def test_more_rows_than_a_search_ever_shows_are_read(bench, monkeypatch):
    """Bulk changes share one instant, so only ids can tell their rows apart."""
    monkeypatch.setattr(search, "WALL", 400)
    bench.stage.world = World.of(crm_deal=[make_deal(number) for number in range(1, 1001)])
    assert [row["deal_id"] for row in bench.rows("deal")] == list(range(1, 1001))


def test_a_page_that_comes_empty_is_not_the_end(bench):
    bench.stage.world = World.of(crm_deal=[make_deal(number) for number in range(1, 401)])
    bench.plant("zero_rows", "deals/search", 1, 1)
    with pytest.raises(IncompleteAnswer, match="counts 400"):
        bench.rows("deal")


def test_deals_know_their_contacts_and_companies(bench):
    deals = {row["deal_id"]: row for row in bench.rows("deal")}
    assert (deals[1]["contact_ids"], deals[1]["company_ids"]) == ([21], [41])
    assert (deals[4]["contact_ids"], deals[4]["company_ids"]) == ([], [])
    assert bench.rows("lead")[0]["deal_ids"] == [1]
    assert bench.rows("line_item")[0]["deal_ids"] == [1]


def test_a_lead_of_more_deals_than_a_batch_shows_has_them_all(bench):
    deals = [make_deal(number, lead_id=51) for number in range(1, 8)]
    bench.stage.world = World.of(crm_deal=deals, crm_lead=standard_tables()["crm_lead"])
    bench.stage.knobs["hubspot.associations_in_batch"] = 2
    assert bench.rows("lead")[0]["deal_ids"] == list(range(1, 8))


def test_what_was_archived_comes_once_more_as_deleted(bench):
    (gone,) = [row for row in bench.rows("deal") if row["is_deleted"]]
    assert (gone["deal_id"], gone["updated_at"].astimezone(UTC)) == (5, at(1))
    later = bench.rows("deal", [KnownSlice("deal", _day_before_noon(), "hash", NOON, 5)])
    assert not [row for row in later if row["is_deleted"]], "it belongs to an earlier window"


def _day_before_noon() -> str:
    return "20261001T000000Z_20261120T113000Z"


def test_a_survivor_names_whom_it_swallowed(bench):
    deals = {row["deal_id"]: row for row in bench.rows("deal")}
    assert deals[1]["merged_ids"] == [6]
    assert 6 not in deals
    contacts = {row["contact_id"]: row for row in bench.rows("contact")}
    assert contacts[21]["merged_ids"] == [22]


def test_every_stage_a_deal_stood_in_is_told(bench):
    rows = [row for row in bench.rows("stage_history") if row["property_name"] == "dealstage"]
    told = [
        (row["value"], row["changed_at"].astimezone(UTC)) for row in rows if row["object_id"] == 1
    ]
    assert told == [("qualifiedtobuy", at(8)), ("appointmentscheduled", at(10))]
    leads = [row for row in bench.rows("stage_history") if row["object_type"] == "lead"]
    assert {row["value"] for row in leads} >= {"new-stage-id", "qualified-stage-id"}


def test_own_properties_are_read_as_the_account_maps_them(bench):
    (contact,) = [row for row in bench.rows("contact") if not row["is_deleted"]]
    assert (contact["ga_client_id"], contact["utm_source"]) == ("11.22", "google")
    (lead,) = bench.rows("lead")
    assert (lead["phone"], lead["source_label"]) == ("312 555 0100", "WEBFORM")
    assert lead["first_reply_at"].astimezone(UTC) == at(10.9)
    assert bench.rows("company")[0]["inn"] == "12-345"
    with pytest.raises(BadInput, match="custom_fields"):
        bench.connect(custom_fields={"shoe_size": "shoe_size"})


def test_money_calls_and_tasks_are_typed(bench):
    (invoice,) = bench.rows("invoice")
    assert (str(invoice["paid_amount"]), invoice["currency_code"]) == ("1500.5000", "USD")
    calls = {row["status"]: row for row in bench.rows("call")}
    assert calls["COMPLETED"]["talk_millis"] == 95_000
    assert calls["COMPLETED"]["contact_ids"] == [21]
    assert calls["QUEUED"]["talk_millis"] is None
    assert bench.rows("meeting")[0]["outcome"] == "COMPLETED"
    assert bench.rows("task")[0]["subject"] == "Send the offer"
    assert bench.rows("email")[0]["status"] == "SENT"


@pytest.mark.parametrize(
    ("field", "value"),
    [("hs_is_closed", "maybe"), ("createdate", "soon"), ("hs_merged_object_ids", "6;many")],
)
def test_a_value_that_cannot_be_read_costs_its_row_only(bench, field, value):
    bench.plant("broken_value", "deals/search", field=field, value=value)
    connector = bench.connect()
    (piece,) = [p for p in connector.plan([], NOON, None) if p.resource == "deal"]
    batch = next(connector.fetch(connector.start(piece).token))
    assert batch.rows.num_rows == 3
    assert [row.reason_code for row in batch.rejected] == ["wrong_type"]


@pytest.mark.parametrize("value", ["1767222000000", "2026-01-01", "2026-01-01T00:00:00.000Z"])
def test_instants_come_in_several_spellings(bench, value):
    bench.plant("broken_value", "deals/search", field="closedate", value=value)
    closes_at = bench.rows("deal")[0]["closes_at"].astimezone(UTC)
    assert (closes_at.year, closes_at.month) in ((2025, 12), (2026, 1))


def test_objects_without_an_id_mean_a_changed_api(bench):
    bench.plant("renamed_field", "deals/search", 50, **{"from": "id", "to": "number"})
    with pytest.raises(RequestRefused, match="no longer have"):
        bench.rows("deal")


def test_products_tell_what_they_cost(bench):
    (product,) = bench.rows("product", history_from="2024-01-01")
    assert (product["sku"], str(product["price_amount"])) == ("B-7", "61.0000")


def test_directories_hold_the_past_too(bench):
    owners = {row["owner_id"]: row["is_archived"] for row in bench.rows("owner")}
    assert owners == {1: False, 2: False, 3: True}
    stages = {(row["pipeline_id"], row["stage_id"]): row for row in bench.rows("pipeline_stage")}
    assert stages["default", "closedwon"]["is_closed"]
    assert ("lead-pipeline-id", "new-stage-id") in stages
    properties = bench.rows("property")
    assert ("deals", "amount", True) in {
        (row["object_type"], row["property_name"], row["is_vendor_defined"]) for row in properties
    }


def test_a_scan_shows_who_is_left_and_is_guarded(bench):
    assert [row["deal_id"] for row in bench.rows("deal_scan")] == [1, 2, 3, 4]
    known = [KnownSlice("deal_scan", "scan", "hash", NOON, 9)]
    with pytest.raises(IncompleteAnswer, match="allow_mass_deletion"):
        bench.rows("deal_scan", known)
    assert len(bench.rows("deal_scan", known, allow_mass_deletion=True)) == 4


def test_a_list_that_comes_empty_is_no_scan(bench):
    bench.plant("zero_rows", "/objects/deals", 1, 1)
    with pytest.raises(IncompleteAnswer, match="counts 4"):
        bench.rows("deal_scan")


def test_a_window_gives_the_changes_of_its_days_only(bench):
    window = Interval(date(2026, 11, 17), date(2026, 11, 19))
    pieces = bench.connect().plan([], NOON, window)
    assert {piece.key for piece in pieces} == {"20261117T000000Z_20261119T000000Z"}
    assert not [piece for piece in pieces if piece.key in ("scan", "snapshot")]


def test_a_missing_scope_stops_its_resource_and_says_how_to_leave_it_out(bench):
    connector = bench.connect({"token": "narrow-token"}, leave_out=["deal"])
    told = {one.name: one for one in connector.check()}
    assert "deal" not in told
    assert (told["contact"].is_allowed, told["company"].is_allowed) == (True, False)
    assert "leave_out" in told["company"].detail
    pieces = connector.plan([], NOON, None)
    (piece,) = [piece for piece in pieces if piece.resource == "company"]
    with pytest.raises(MissingScope, match="leave_out"):
        list(connector.fetch(connector.start(piece).token))


def test_what_is_left_out_is_asked_for_nowhere(bench):
    rows = bench.rows("stage_history", leave_out=["lead"])
    assert {row["object_type"] for row in rows} == {"deal"}
    stages = bench.rows("pipeline_stage", leave_out=["lead"])
    assert {row["object_type"] for row in stages} == {"deals"}
    with pytest.raises(BadInput, match="spaceship"):
        bench.connect(leave_out=["spaceship"])


def test_a_day_s_requests_used_up_are_not_waited_for(bench):
    bench.plant("rate_limit", policy="DAILY")
    with pytest.raises(TemporaryFailure, match="midnight"):
        bench.rows("owner")
    assert not bench.sleeps


@pytest.mark.parametrize("status", [423, 502, 521, 524, 530])
def test_passing_troubles_are_waited_out(bench, status):
    bench.plant("error", count=2, status=status)
    assert len(bench.rows("owner")) == 3
    assert sum(bench.sleeps) >= 1


def test_a_portal_on_the_move_is_a_trouble_for_later(bench):
    bench.plant("error", category="MIGRATION_IN_PROGRESS")
    with pytest.raises(TemporaryFailure, match="moving"):
        bench.rows("owner")


def test_an_access_token_is_renewed_before_it_ends(bench):
    bench.vault = MemoryVault(APPLICATION)
    connector = bench.connect(APPLICATION)
    for _ in range(2):
        assert list(connector.fetch({"resource": "owner", "key": "snapshot"}))
        bench.stage.clock.advance(1790)
    first = bench.vault.read()["access_token"]
    bench.stage.clock.advance(1790)
    assert list(connector.fetch({"resource": "owner", "key": "snapshot"}))
    assert bench.vault.read()["access_token"] != first
    bench.vault = None
    wrong = bench.connect(APPLICATION | {"client_secret": "wrong-secret"})
    with pytest.raises(AccessDenied, match="install the app anew"):
        list(wrong.fetch({"resource": "owner", "key": "snapshot"}))
