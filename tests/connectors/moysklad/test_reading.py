"""What MoySklad alone asks of a connector: kopecks, expanded positions, weights, redirects."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest

from include.connectors._change_windows import ChangeWindow
from include.connectors.moysklad import MoySklad
from include.connectors.protocol import (
    AccessDenied,
    Account,
    BadInput,
    Host,
    IncompleteAnswer,
    Interval,
    Rate,
    RequestRefused,
    Slice,
)
from tests.connectors.moysklad.conftest import SkladBench
from tests.sandbox.moysklad_warehouse import day

ALL = ChangeWindow(day(-10), day(30).replace(microsecond=0))


def days(resource: str, first: date, after: date) -> Slice:
    """A slice of a daily report."""
    return Slice(resource, f"{first}_{after}", interval=Interval(first, after))


def test_every_column_of_an_order_is_filled_from_its_place(bench: SkladBench) -> None:
    connector = bench.connect(custom_fields={"crm_deal_id": "ID сделки в CRM"})
    rows = bench.rows(connector, ALL.to_slice("customer_order"))
    gone, order = sorted(rows, key=lambda row: row["is_deleted"], reverse=True)
    assert (gone["deleted_at"], gone["updated_at"]) == (day(7), day(7))
    assert (order["sum_amount"], order["payed_amount"]) == (Decimal(5490), Decimal(4270))
    assert (order["vat_amount"], order["is_vat_included"]) == (Decimal(990), True)
    assert (order["crm_deal_id"], order["external_code"]) == ("bitrix24:5001", "cu-bitrix24/5001")
    assert order["moment_at"] == day(4).replace(second=0, microsecond=0)
    named = ("state_id", "agent_id", "organization_id", "store_id", "sales_channel_id")
    assert all(len(order[name]) == 36 for name in named)


def test_documents_of_all_kinds_are_one_list_with_their_basis(bench: SkladBench) -> None:
    (order,) = bench.rows(
        bench.connect(), ChangeWindow(day(10), day(13)).to_slice("customer_order")
    )
    documents = bench.rows(bench.connect(), ALL.to_slice("document"))
    kinds = [row["document_type"] for row in documents]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {
        "demand": 2,
        "salesreturn": 1,
        "supply": 3,
        "purchaseorder": 3,
        "loss": 1,
        "paymentin": 2,
        "paymentout": 1,
    }
    based = {row["document_type"] for row in documents if row["basis_id"] == order["order_id"]}
    assert based == {"demand", "paymentin", "paymentout"}


def test_positions_come_with_the_version_of_their_document(bench: SkladBench) -> None:
    rows = bench.rows(bench.connect(page_size=1), ALL.to_slice("position"))
    ordered = [r for r in rows if r["document_type"] == "customerorder"]
    assert [(r["quantity"], r["price_amount"], r["shipped_quantity"]) for r in ordered] == [
        (2, 1220, 0),
        (4, 1220, 3),
        (1, 610, 1),
    ]
    assert [r["is_document_deleted"] for r in ordered] == [True, False, False]
    assert {r["document_updated_at"] for r in ordered} == {day(7), day(12)}
    assert {r["currency_code"] for r in rows} == {"RUB"}


def test_positions_that_did_not_come_with_their_order_are_asked_for(bench: SkladBench) -> None:
    connector = bench.connect()
    whole = bench.rows(connector, ALL.to_slice("position"))
    reading = connector._reading
    told = reading._read_documents

    def cut(*arguments: object) -> object:
        for page in told(*arguments):
            for document in page:
                document["positions"]["rows"] = document["positions"]["rows"][:0]
            yield page

    reading._read_documents = cut
    assert bench.rows(connector, ALL.to_slice("position")) == whole


def test_goods_partners_states_and_stores_are_read_whole(bench: SkladBench) -> None:
    connector = bench.connect(page_size=2)
    goods = bench.rows(connector, Slice("product", "snapshot"))
    bolt = next(row for row in goods if row["article"] == "B-31")
    assert (len(goods), bolt["sale_price_amount"], bolt["buy_price_amount"]) == (3, 1000, 650)
    states = bench.rows(connector, Slice("order_state", "snapshot"))
    assert [row["state_type"] for row in states] == ["Regular", "Successful", "Unsuccessful"]
    assert len(bench.rows(connector, Slice("store", "snapshot"))) == 2
    partners = bench.rows(connector, ALL.to_slice("counterparty"))
    assert {row["phone"] for row in partners} == {None, "+79120000001"}


def test_stock_of_a_day_is_what_lay_there_at_its_end(bench: SkladBench) -> None:
    rows = bench.rows(bench.connect(), days("stock_daily", date(2026, 3, 7), date(2026, 3, 9)))
    bolt = {r["product_id"] for r in rows if r["stock_quantity"] == 10}
    levels = {
        r["stock_date"]: (r["stock_quantity"], r["reserve_quantity"])
        for r in rows
        if r["product_id"] in bolt
    }
    assert levels == {date(2026, 3, 7): (10, 6), date(2026, 3, 8): (7, 3)}
    assert len(rows) == 4, "stores without anything have no row"


def test_profit_of_a_day_is_what_moved_in_its_moscow_hours(bench: SkladBench) -> None:
    rows = bench.rows(bench.connect(), days("profit_daily", date(2026, 3, 8), date(2026, 3, 11)))
    told = [(r["sales_date"].day, r["sell_amount"], r["return_amount"]) for r in rows]
    assert sorted(told) == [(8, 610, 0), (8, 3660, 0), (10, 0, 1220)]
    assert {r["profit_amount"] for r in rows} == {310, 1560, -520}


def test_a_scan_that_lost_most_rows_is_refused_unless_allowed(bench: SkladBench) -> None:
    many = Slice("counterparty_scan", "scan", parameters={"known_rows": 9})
    with pytest.raises(IncompleteAnswer, match="allow_mass_deletion"):
        bench.rows(bench.connect(), many)
    assert len(bench.rows(bench.connect(allow_mass_deletion=True), many)) == 4
    orders = Slice("customer_order_scan", "scan", parameters={"known_rows": 0})
    assert len(bench.rows(bench.connect(), orders)) == 1


def test_a_list_that_shrinks_while_it_is_read_is_refused(bench: SkladBench) -> None:
    api = bench.connect(page_size=1)._api
    bench.stage.clock.set(now=day(6.9))
    pages = api.walk("entity/customerorder", {"filter": "isDeleted=false"})
    assert len(next(pages)) == 1
    bench.stage.clock.set(now=day(7.1))
    with pytest.raises(IncompleteAnswer, match="moved"):
        list(pages)


def test_an_order_changed_while_pages_are_walked_hides_no_other(bench: SkladBench) -> None:
    bench.stage.clock.set(now=day(4.5))
    api = bench.connect(page_size=1)._api
    span = (day(0), day(4.9))
    pages = api.walk_changes("entity/customerorder", span, "", {})
    assert [row["name"] for row in next(pages)] == ["BI-5002"]
    bench.stage.clock.set(now=day(7.5))
    assert [row["name"] for page in pages for row in page] == []
    bench.stage.clock.set(now=day(4.5))
    pages = api.walk_changes("entity/customerorder", (day(0), day(30)), "", {})
    first = [row["name"] for row in next(pages)]
    bench.stage.clock.set(now=day(6.5))
    assert first + [row["name"] for page in pages for row in page] == ["BI-5002", "BI-5001"]


class _Units:
    def __init__(self) -> None:
        self.spent: list[int] = []

    def acquire(self, weight: int = 1) -> None:
        self.spent.append(weight)


@pytest.mark.parametrize(("options", "own"), [({}, 4), ({"request_weight": 1}, 1)])
def test_every_request_takes_its_weight_from_the_shared_bucket(bench, options, own) -> None:
    units, asked = _Units(), []

    def share(name: str, rates: list[Rate]) -> _Units:
        asked.append((name, list(rates)))
        return units

    given = {"base_url": bench.server.vendor_urls["moysklad"]} | options
    account = Account("moysklad", "demo", given, {"token": "demo-token"})
    connector = MoySklad(account, bench.stage.clock.now, Host(share_limit=share))
    bench.rows(connector, days("stock_daily", date(2026, 3, 7), date(2026, 3, 8)))
    bench.rows(connector, Slice("store", "snapshot"))
    assert (asked, units.spent) == ([("units", [Rate(45, 3.0)])], [5, own])


def test_a_bucket_that_is_spent_is_waited_for(bench: SkladBench) -> None:
    bench.stage.knobs |= {"moysklad.units": 4, "moysklad.weight": 4}
    assert len(bench.rows(bench.connect(), Slice("product", "snapshot"))) == 3
    assert bench.sleeps == [3.0] * len(bench.sleeps)
    bench.stage.knobs["moysklad.weight"] = 3
    assert len(bench.rows(bench.connect(), Slice("product", "snapshot"))) == 3


def test_redirects_within_the_host_are_followed_and_endless_ones_refused(bench) -> None:
    bench.plant("redirect", status=308)
    assert len(bench.rows(bench.connect(), Slice("store", "snapshot"))) == 2
    bench.plant("redirect", count=9, status=302)
    with pytest.raises(RequestRefused, match="without an end"):
        bench.rows(bench.connect(), Slice("store", "snapshot"))


def test_a_login_with_its_password_is_as_good_as_a_token(bench: SkladBench) -> None:
    bench.credentials = {"login": "admin@demo", "token": "demo-password"}
    assert len(bench.rows(bench.connect(), Slice("store", "snapshot"))) == 2
    bench.credentials = {"login": "admin@demo", "token": "wrong-password"}
    with pytest.raises(AccessDenied) as raised:
        bench.rows(bench.connect(), Slice("store", "snapshot"))
    assert "wrong-password" not in str(raised.value)


def test_reports_nobody_may_read_can_be_left_out(bench: SkladBench) -> None:
    bench.credentials = {"token": "seller-token"}
    with pytest.raises(RequestRefused, match="leave_out"):
        bench.rows(bench.connect(), days("stock_daily", date(2026, 3, 7), date(2026, 3, 8)))
    refused = [one.name for one in bench.connect().check() if not one.is_allowed]
    assert refused == ["stock report", "profit report"]
    plan = bench.connect(leave_out=["stock_daily", "profit_daily"]).plan([], day(30), None)
    assert not {"stock_daily", "profit_daily"} & {piece.resource for piece in plan}
    with pytest.raises(BadInput, match="leave_out"):
        bench.connect(leave_out=["store"])


def test_the_checkpoint_comes_last_and_remembers_its_instant(bench: SkladBench) -> None:
    plan = bench.connect().plan([], day(30), None)
    assert [piece.resource for piece in plan if piece.is_checkpoint] == ["store"]
    assert datetime.fromisoformat(plan[-1].watermark) == day(30)
    window = Interval(date(2026, 3, 7), date(2026, 3, 9))
    assert not any(piece.is_checkpoint for piece in bench.connect().plan([], day(30), window))


def test_fractions_of_a_kopeck_reject_no_row(bench: SkladBench) -> None:
    bench.plant("changed_meaning", path="/customerorder", field="vatSum", factor=1 / 7)
    window = ChangeWindow(day(10), day(13)).to_slice("customer_order")
    (order,) = bench.rows(bench.connect(), window)
    assert order["vat_amount"] == Decimal("141.4286")
