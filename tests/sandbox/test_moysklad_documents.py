"""The MoySklad stand-in: goods, partners and documents, filtered, paged and expanded."""

from __future__ import annotations

import pytest

from include.sandbox.world.world import World
from tests.sandbox.moysklad_warehouse import SkladCaller, day, spell

BOTH = "isDeleted=true;isDeleted=false"


@pytest.fixture
def sklad() -> SkladCaller:
    return SkladCaller()


def test_an_order_is_a_won_deal_and_money_is_kopecks(sklad):
    sklad.go_to(3.9)
    assert sklad.names("entity/customerorder", filter=BOTH) == ["BI-5002"]
    sklad.go_to(4.1)
    order = sklad.rows("entity/customerorder")[-1]
    assert (order["name"], order["sum"], order["vatSum"]) == ("BI-5001", 549_000.0, 99_000.0)
    assert isinstance(order["sum"], float)
    assert order["attributes"][0]["value"] == "bitrix24:5001"


def test_instants_are_moscow_time_and_moments_have_whole_minutes(sklad):
    (order,) = sklad.rows("entity/customerorder")
    assert order["created"] == "2026-03-06 12:30:15.250"
    assert order["moment"] == "2026-03-06 12:30:00.000"


def test_payments_and_shipments_move_the_order_and_its_cursor(sklad):
    seen = []
    for at in (4.5, 5.5, 6.5, 11, 13):
        sklad.go_to(at)
        order = sklad.rows("entity/customerorder")[-1]
        seen.append((order["payedSum"], order["shippedSum"], order["updated"][8:10]))
    assert seen == [
        (0.0, 0.0, "06"),
        (305_000.0, 0.0, "07"),
        (305_000.0, 427_000.0, "08"),
        (549_000.0, 427_000.0, "12"),
        (427_000.0, 427_000.0, "14"),
    ]


def test_a_deleted_order_hides_until_asked_for(sklad):
    assert sklad.names("entity/customerorder") == ["BI-5001"]
    (gone,) = sklad.rows("entity/customerorder", filter="isDeleted=true")
    assert (gone["name"], gone["deleted"]) == ("BI-5002", "2026-03-09 12:30:15.250")
    assert gone["updated"] == gone["deleted"]
    assert len(sklad.rows("entity/customerorder", filter=BOTH)) == 2
    sklad.go_to(6.9)
    assert sklad.names("entity/customerorder") == ["BI-5002", "BI-5001"]


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        (f"updated>={spell(12)}", ["BI-5001"]),
        (f"updated>={spell(7)};updated<={spell(8)}", ["BI-5002"]),
        (f"moment>={spell(3.5)}", ["BI-5001"]),
        ("name=BI-5001", ["BI-5001"]),
        ("name=BI-5001;name=BI-5002", ["BI-5002", "BI-5001"]),
        ("name!=BI-5001", ["BI-5002"]),
        ("name~5002", ["BI-5002"]),
        ("name~=bi", ["BI-5002", "BI-5001"]),
        ("name=~2", ["BI-5002"]),
        ("name!~2", ["BI-5001"]),
        ("sum>244000", ["BI-5001"]),
        ("sum<=244000", ["BI-5002"]),
        ("externalCode=cu-bitrix24/5001", ["BI-5001"]),
        ("applicable=true", ["BI-5002", "BI-5001"]),
        ("applicable=false", []),
        ("sum>244000;sum>1000000", ["BI-5001"]),
        ("description=", ["BI-5002"]),
        ("description!=", ["BI-5001"]),
        ("sum!=", ["BI-5002", "BI-5001"]),
    ],
)
def test_orders_are_filtered(sklad, filters, names):
    assert sklad.names("entity/customerorder", filter=f"{filters};{BOTH}") == names


def test_orders_are_filtered_by_what_they_link_to(sklad):
    (order,) = sklad.rows("entity/customerorder")
    href = order["agent"]["meta"]["href"]
    assert sklad.names("entity/customerorder", filter=f"agent={href}") == ["BI-5001"]
    assert sklad.names("entity/customerorder", filter=f"agent!={href}") == []


def test_orders_are_ordered_searched_and_paged_with_links(sklad):
    params = {"filter": BOTH, "order": "updated,desc", "limit": 1}
    first = sklad.get("entity/customerorder", params).json()
    assert first["rows"][0]["name"] == "BI-5001"
    meta = first["meta"]
    assert (meta["size"], meta["limit"], meta["offset"], "previousHref" in meta) == (2, 1, 0, False)
    headers = {"Authorization": "Bearer demo-token"}
    second = sklad.http.get(meta["nextHref"], headers=headers).json()
    assert second["rows"][0]["name"] == "BI-5002"
    assert ("nextHref" in second["meta"], "previousHref" in second["meta"]) == (False, True)
    assert sklad.names("entity/customerorder", search="болт") == ["BI-5001"]
    assert sklad.rows("entity/customerorder", offset=5) == []


def test_links_are_expanded_on_short_pages_and_silently_not_on_long_ones(sklad):
    expand = "positions.assortment,agent,state,store"
    (short,) = sklad.rows("entity/customerorder", expand=expand, limit=100)
    assert (short["agent"]["name"], short["agent"]["inn"]) == ("ООО Ромашка", "7701234567")
    assert (short["state"]["name"], short["store"]["name"]) == ("Новый", "Склад Екатеринбург")
    positions = short["positions"]["rows"]
    assert [row["assortment"]["name"] for row in positions] == ["Болт М8", "Гайка М8"]
    bolts = positions[0]
    assert (bolts["quantity"], bolts["price"], bolts["vat"]) == (4.0, 122_000.0, 22)
    assert (bolts["shipped"], bolts["reserve"]) == (3.0, 1.0)
    for params in ({"limit": 101}, {}):
        (long,) = sklad.rows("entity/customerorder", expand=expand, **params)
        assert ("rows" in long["positions"], set(long["agent"])) == (False, {"meta"})
    assert long["positions"]["meta"]["size"] == 2


def test_one_order_and_its_positions_have_addresses(sklad):
    (order,) = sklad.rows("entity/customerorder")
    path = order["meta"]["href"].partition("/1.2/")[2]
    one = sklad.get(path, {"expand": "agent"}).json()
    assert (one["id"], one["agent"]["companyType"]) == (order["id"], "legal")
    assert len(sklad.rows(f"{path}/positions")) == 2
    assert sklad.rows(f"{path}/positions", limit=1, expand="assortment")[0]["assortment"]["code"]
    assert sklad.code(f"{path}/unicorns") == (404, 1002)


def test_goods_leave_by_demands_and_come_back_by_returns(sklad):
    demands = sklad.rows("entity/demand", expand="customerOrder", limit=10)
    assert [row["sum"] for row in demands] == [366_000.0, 61_000.0]
    assert {row["customerOrder"]["name"] for row in demands} == {"BI-5001"}
    (back,) = sklad.rows("entity/salesreturn")
    assert back["sum"] == 122_000.0
    (loss,) = sklad.rows("entity/loss")
    assert (loss["sum"], "agent" in loss) == (140_000.0, False)
    assert sklad.rows("entity/enter") == []
    sklad.go_to(5.9)
    assert sklad.rows("entity/demand") == []


def test_a_purchase_is_ordered_its_lead_time_before_it_arrives(sklad):
    sklad.go_to(14)
    assert len(sklad.rows("entity/supply")) == 2
    orders = sklad.rows("entity/purchaseorder", expand="agent,positions", limit=10)
    assert [row["moment"][5:10] for row in orders] == ["02-23", "02-24", "03-15"]
    waiting = orders[-1]
    assert (waiting["sum"], waiting["shippedSum"]) == (900_000.0, 0.0)
    assert waiting["agent"]["name"] == "Сталь-Опт"
    assert waiting["positions"]["rows"][0]["inTransit"] == 10.0
    sklad.go_to(21)
    supply = sklad.rows("entity/supply", expand="purchaseOrder", limit=10)[-1]
    assert supply["purchaseOrder"]["shippedSum"] == 900_000.0


def test_payments_in_and_out_name_their_order(sklad):
    received = sklad.rows("entity/paymentin")
    assert [row["sum"] for row in received] == [305_000.0, 244_000.0]
    (order,) = sklad.rows("entity/customerorder")
    assert received[0]["operations"][0]["meta"]["href"] == order["meta"]["href"]
    (returned,) = sklad.rows("entity/paymentout")
    assert (returned["name"], returned["sum"]) == ("ПП-63", 122_000.0)
    sklad.go_to(6)
    assert len(sklad.rows("entity/paymentin")) == 1


def test_products_are_those_sold_for_roubles(sklad):
    products = sklad.rows("entity/product", expand="productFolder,supplier,uom", limit=10)
    assert [row["name"] for row in products] == ["Болт М8", "Гайка М8", "Шайба"]
    bolt = products[0]
    assert (bolt["article"], bolt["code"], bolt["externalCode"]) == ("B-31", "00031", "p31")
    assert (bolt["buyPrice"]["value"], bolt["salePrices"][0]["value"]) == (65_000.0, 100_000.0)
    assert (bolt["productFolder"]["name"], bolt["supplier"]["name"]) == ("Метизы", "Сталь-Опт")
    assert sklad.names("entity/product", filter="article=B-32") == ["Гайка М8"]
    assert sklad.rows("entity/product", filter="archived=true") == []
    assert len(sklad.rows("entity/product", filter="archived=true;archived=false")) == 3
    assert sklad.names("entity/assortment") == [row["name"] for row in products]
    for kind in ("variant", "bundle", "service"):
        assert sklad.rows(f"entity/{kind}") == []


@pytest.mark.parametrize(
    "kind", ["organization", "employee", "group", "currency", "uom", "saleschannel", "store"]
)
def test_small_dictionaries_are_served_and_found_by_id(sklad, kind):
    row = sklad.rows(f"entity/{kind}")[0]
    assert sklad.get(f"entity/{kind}/{row['id']}").json() == row


def test_partners_appear_with_their_first_document(sklad):
    sklad.go_to(3.5)
    known = set(sklad.names("entity/counterparty"))
    assert known == {"Сталь-Опт", "Пётр Иванов"}
    sklad.go_to(30)
    assert set(sklad.names("entity/counterparty")) == known | {
        "ООО Ромашка",
        "Розничный покупатель",
    }
    (person,) = sklad.rows("entity/counterparty", filter="phone=+79120000001")
    assert person["companyType"] == "individual"


def test_metadata_lists_the_states_that_orders_link_to(sklad):
    states = sklad.get("entity/customerorder/metadata").json()["states"]
    assert [state["name"] for state in states] == ["Новый", "Отгружен", "Отменен"]
    (order,) = sklad.rows("entity/customerorder")
    path = order["state"]["meta"]["href"].partition("/1.2/")[2]
    assert sklad.get(path).json()["name"] == "Новый"
    assert sklad.code("entity/customerorder/metadata/states/0") == (404, 1021)
    assert sklad.get("context/employee").json()["name"] == "Администратор"


def test_no_data_is_an_empty_list_not_an_error(sklad):
    sklad.stage.world = World.of()
    for path in ("entity/customerorder", "entity/product", "report/stock/all"):
        answer = sklad.get(path).json()
        assert (answer["rows"], answer["meta"]["size"]) == ([], 0)
    assert sklad.get("report/stock/all/current").json() == []
    assert day(0).tzinfo is not None


def test_an_expanded_or_spoilt_answer_leaves_the_next_one_plain(sklad):
    plain = sklad.rows("entity/customerorder")
    sklad.rows("entity/customerorder", expand="agent,positions.assortment", limit=10)
    sklad.plant("renamed_field", **{"from": "sum", "to": "total"})
    assert sklad.rows("entity/customerorder") != plain
    assert sklad.rows("entity/customerorder") == plain


def test_a_document_saved_by_hand_is_updated_then_and_keeps_its_moment(sklad):
    before = sklad.rows("entity/demand")[0]
    sklad.stage.knobs["moysklad.edited"] = {"demand/3": day(29).isoformat()}
    sklad.go_to(28)
    assert sklad.rows("entity/demand")[0] == before
    sklad.go_to(30)
    (saved,) = sklad.rows("entity/demand", filter=f"updated>={spell(28)}")
    assert (saved["id"], saved["moment"]) == (before["id"], before["moment"])


def test_an_account_may_keep_its_books_in_another_currency(sklad):
    assert sklad.rows("entity/currency")[0]["isoCode"] == "RUB"
    sklad.stage.knobs["moysklad.currency"] = "KZT"
    assert sklad.rows("entity/currency")[0]["isoCode"] == "KZT"
