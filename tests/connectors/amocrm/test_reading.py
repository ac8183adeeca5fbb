"""What amoCRM alone asks of a connector: no totals, lists that move, tokens that work once."""

from __future__ import annotations

from datetime import datetime

import pytest

from include.connectors._change_windows import ChangeWindow
from include.connectors.amocrm.schema import WINDOWED
from include.connectors.protocol import (
    AccessDenied,
    BadInput,
    IncompleteAnswer,
    Interval,
    RequestRefused,
    Slice,
    TemporaryFailure,
)
from include.sandbox.vendors.faults import Fault
from tests.connectors.amocrm.conftest import AmoBench
from tests.sandbox.amocrm_account import OFFER, day, make_world

ALL = ChangeWindow(day(-1), day(30))
SCAN = Slice("lead_scan", "scan", parameters={"known_rows": 0})


def test_every_column_of_a_deal_is_filled_from_its_place(bench: AmoBench) -> None:
    rows = bench.rows(bench.connect(), ALL.to_slice("lead"))
    (deal,) = [row for row in rows if row["lead_id"] == 801]
    assert (deal["main_contact_id"], deal["company_id"]) == (9, 7)
    assert (deal["metrica_client_id"], deal["yclid"]) == (
        "1712345678901234567",
        "1234567890123456789",
    )
    assert (deal["utm_source"], deal["gclid"], deal["tags"]) == ("yandex", None, ["WEBFORM"])
    assert (deal["created_at"], deal["updated_at"]) == (day(1), day(14))
    (lost,) = [row for row in rows if row["lead_id"] == 502]
    assert (lost["status_id"], lost["loss_reason_id"] is None) == (143, False)


def test_a_deal_in_the_bin_is_a_version_that_says_so(bench: AmoBench) -> None:
    rows = bench.rows(bench.connect(), ALL.to_slice("lead"))
    (gone,) = [row for row in rows if row["is_deleted"]]
    assert (gone["lead_id"], gone["updated_at"], gone["status_id"]) == (802, day(8), None)
    elsewhere = ChangeWindow(day(9), day(30)).to_slice("lead")
    assert 802 not in [row["lead_id"] for row in bench.rows(bench.connect(), elsewhere)]


def test_contacts_and_companies_have_phones_and_tax_numbers(bench: AmoBench) -> None:
    (contact,) = bench.rows(bench.connect(), ALL.to_slice("contact"))
    assert contact["phones"] == ["+7 (912) 000-00-01", "89120000002"]
    assert contact["emails"] == ["petr@romashka.example"]
    by_id = bench.connect(custom_fields={"inn": "188704"})
    for connector in (bench.connect(), by_id):
        (company,) = bench.rows(connector, ALL.to_slice("company"))
        assert (company["inn"], company["company_name"]) == ("7701234567", "ООО Ромашка")
    other = bench.connect(custom_fields={"inn": "WEB"})
    assert bench.rows(other, ALL.to_slice("company"))[0]["inn"] is None


def test_stages_of_a_deal_follow_from_its_events(bench: AmoBench) -> None:
    events = bench.rows(bench.connect(), ALL.to_slice("event"))
    moves = sorted(
        (event["created_at"], event["before_status_id"], event["after_status_id"])
        for event in events
        if event["event_type"] == "lead_status_changed" and event["entity_id"] == 801
    )
    assert [move[1:] for move in moves] == [
        (OFFER - 2, OFFER - 1),
        (OFFER - 1, OFFER),
        (OFFER, 143),
        (143, OFFER),
        (OFFER, 142),
    ]
    kinds = {event["event_type"] for event in events}
    assert {"lead_added", "lead_deleted", "entity_merged", "entity_responsible_changed"} <= kinds
    assert "task_added" not in kinds


def test_calls_of_deals_and_of_contacts_are_one_list(bench: AmoBench) -> None:
    notes = bench.rows(bench.connect(), ALL.to_slice("call_note"))
    told = [(n["entity_type"], n["entity_id"], n["call_id"], n["call_status"]) for n in notes]
    assert told == [
        ("leads", 801, "92", 6),
        ("leads", 801, "93", 7),
        ("contacts", 9, "91", 4),
    ]


@pytest.mark.parametrize(
    ("resource", "column", "values"),
    [
        ("user", "user_name", ["Анна Глава", "Олег Ворон", "Ира Лис"]),
        ("loss_reason", "reason_name", ["Дорого", "Спам"]),
        ("unsorted", "lead_id", [501]),
        ("catalog_element", "element_id", [31, 61]),
    ],
)
def test_a_dictionary_is_read_whole(bench: AmoBench, resource, column, values) -> None:
    rows = bench.rows(bench.connect(page_size=1), Slice(resource, "snapshot"))
    assert [row[column] for row in rows] == values


def test_statuses_are_told_with_their_pipeline(bench: AmoBench) -> None:
    rows = bench.rows(bench.connect(), Slice("status", "snapshot"))
    names = {(row["pipeline_id"], row["status_id"]): row["status_name"] for row in rows}
    assert names[10, OFFER] == "Предложение"
    assert {(10, 142), (20, 142), (10, 143), (20, 143)} <= set(names)


def test_a_deal_changed_while_pages_are_walked_hides_no_other(bench: AmoBench) -> None:
    """It leaves the window, so that every later row moves up by one place."""
    span = tuple(int(at.timestamp()) for at in (day(-1), day(10)))
    bench.stage.clock.set(now=day(9.5))
    api = bench.connect(page_size=2)._api
    pages = api.walk_changes("leads", "leads", "updated_at", span, {})
    found = [row["id"] for row in next(pages)]
    bench.stage.clock.set(now=day(13))
    found += [row["id"] for page in pages for row in page]
    assert found == [502, 801, 804]
    bench.stage.clock.set(now=day(7.5))
    pages = api.walk_changes("leads", "leads", "updated_at", span, {})
    first = [row["id"] for row in next(pages)]
    expected = {802, 502, 803, 801, 804} - set(first)
    rows = make_world().table("crm_deal").to_pylist()
    left = [row | {"updated_at": day(9.5)} if row["deal_id"] in first else row for row in rows]
    bench.stage.world = make_world(crm_deal=left)
    assert expected <= {row["id"] for page in pages for row in page}


def test_a_scan_during_which_a_deal_left_is_made_again(bench: AmoBench) -> None:
    bench.stage.clock.set(now=day(7.999))
    asked = 0

    def now() -> datetime:
        nonlocal asked
        asked += 1
        if asked == 2:
            bench.stage.clock.set(now=day(8.001))
        return bench.stage.clock.now()

    connector = bench.connect()
    connector._reading._now = now
    found = [row["lead_id"] for row in bench.rows(connector, SCAN)]
    assert found == [502, 801, 803, 804]


def test_a_scan_that_lost_most_rows_is_refused_unless_allowed(bench: AmoBench) -> None:
    many = Slice("lead_scan", "scan", parameters={"known_rows": 7})
    with pytest.raises(IncompleteAnswer, match="allow_mass_deletion"):
        bench.rows(bench.connect(), many)
    assert len(bench.rows(bench.connect(allow_mass_deletion=True), many)) == 3
    enough = Slice("lead_scan", "scan", parameters={"known_rows": 6})
    assert len(bench.rows(bench.connect(), enough)) == 3


def test_a_page_that_is_too_heavy_is_halved(bench: AmoBench) -> None:
    bench.stage.knobs["amocrm.heavy_limit"] = 100
    assert len(bench.rows(bench.connect(), ALL.to_slice("lead"))) == 4
    assert bench.sleeps
    bench.stage.knobs["amocrm.heavy_limit"] = 0
    with pytest.raises(TemporaryFailure, match="504"):
        bench.rows(bench.connect(), ALL.to_slice("lead"))


def test_a_banned_address_stops_and_says_who_can_lift_it(bench: AmoBench) -> None:
    bench.stage.knobs["amocrm.blocked"] = True
    with pytest.raises(AccessDenied, match="support"):
        bench.rows(bench.connect(), SCAN)


def test_an_unpaid_account_is_no_passing_trouble(bench: AmoBench) -> None:
    bench.stage.faults.plant(Fault("unpaid", "amocrm"))
    with pytest.raises(AccessDenied, match="paid"):
        bench.rows(bench.connect(), SCAN)


def test_users_nobody_may_read_can_be_left_out(bench: AmoBench) -> None:
    bench.token = "manager-token"
    with pytest.raises(RequestRefused, match="leave_out"):
        bench.rows(bench.connect(), Slice("user", "snapshot"))
    plan = bench.connect(leave_out=["user"]).plan([], day(30), None)
    assert "user" not in {piece.resource for piece in plan}
    refused = [one for one in bench.connect().check() if not one.is_allowed]
    assert [one.name for one in refused] == ["users"]
    with pytest.raises(BadInput, match="leave_out"):
        bench.connect(leave_out=["unicorn"])


def test_a_refresh_token_is_spent_once_by_all_who_share_the_vault(bench: AmoBench) -> None:
    piece = ChangeWindow(day(13), day(15)).to_slice("lead")
    for _ in range(3):
        assert len(bench.rows(bench.connect_oauth(), piece)) == 1
    first = dict(bench.vault.read())
    bench.stage.clock.advance(25 * 3600)
    for _ in range(2):
        assert len(bench.rows(bench.connect_oauth(), piece)) == 1
    second = dict(bench.vault.read())
    assert first["refresh_token"] not in ("demo-refresh", second["refresh_token"])
    assert bench.server.vendors["amocrm"].access.refresh_tokens[second["refresh_token"]]


def test_a_spent_refresh_token_says_that_the_integration_is_to_be_installed(
    bench: AmoBench,
) -> None:
    bench.server.vendors["amocrm"].access.refresh_tokens["demo-refresh"].is_spent = True
    with pytest.raises(AccessDenied, match="Install"):
        bench.rows(bench.connect_oauth(), SCAN)


def test_a_window_is_read_in_its_days_alone(bench: AmoBench) -> None:
    window = Interval(day(1).date(), day(4).date())
    plan = bench.connect(days_per_window=2).plan([], day(30), window)
    assert {piece.resource for piece in plan} == set(WINDOWED)
    keys = [piece.key for piece in plan if piece.resource == "lead"]
    assert keys == ["20260303T000000Z_20260305T000000Z", "20260305T000000Z_20260306T000000Z"]
