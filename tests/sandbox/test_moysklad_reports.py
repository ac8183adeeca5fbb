"""The MoySklad stand-in: stock in four forms, profit, turnover, and asynchronous tasks."""

from __future__ import annotations

import pytest

from tests.sandbox.moysklad_warehouse import SkladCaller, spell

EVERYTHING = "quantityMode=all;stockMode=all"
FIGURES = ("stock", "reserve", "inTransit", "quantity")


@pytest.fixture
def sklad() -> SkladCaller:
    return SkladCaller()


def _levels(rows: list[dict]) -> dict[str, tuple[float, ...]]:
    return {row["name"]: tuple(row[name] for name in FIGURES) for row in rows}


def test_stock_counts_what_lies_is_promised_and_is_on_its_way(sklad):
    sklad.go_to(14)
    rows = sklad.rows("report/stock/all", filter=EVERYTHING)
    assert _levels(rows) == {
        "Болт М8": (6.0, 1.0, 10.0, 15.0),
        "Гайка М8": (4.0, 0.0, 0.0, 4.0),
        "Шайба": (0.0, 0.0, 0.0, 0.0),
    }
    bolt = rows[0]
    assert (bolt["price"], bolt["salePrice"], bolt["stockDays"]) == (70_000.0, 100_000.0, 6)
    assert bolt["folder"]["name"] == "Метизы"
    assert bolt["meta"]["href"].endswith("?expand=supplier") and "id" not in bolt


def test_products_with_nothing_available_are_left_out_unless_asked_for(sklad):
    assert [row["name"] for row in sklad.rows("report/stock/all")] == ["Болт М8", "Гайка М8"]
    empty = sklad.rows("report/stock/all", filter="quantityMode=all;stockMode=empty")
    assert [row["name"] for row in empty] == ["Шайба"]
    assert sklad.rows("report/stock/all", quantityMode="negativeOnly") == []


def test_stock_of_a_past_moment_is_as_it_was(sklad):
    past = sklad.rows("report/stock/all", filter=f"moment={spell(4.5)};{EVERYTHING}")
    assert _levels(past)["Болт М8"] == (10.0, 6.0, 0.0, 4.0)
    after = sklad.rows("report/stock/all", filter=f"moment={spell(7.5)};{EVERYTHING}")
    assert _levels(after)["Болт М8"] == (7.0, 1.0, 0.0, 6.0)


def test_stock_is_filtered_by_product_store_folder_and_name(sklad):
    bolt = sklad.rows("entity/product")[0]["meta"]["href"]
    assert len(sklad.rows("report/stock/all", filter=f"product={bolt}")) == 1
    store = sklad.rows("entity/store")[0]["meta"]["href"]
    in_store = sklad.rows("report/stock/all", filter=f"store={store}")
    assert [row["name"] for row in in_store] == ["Гайка М8"]
    assert len(sklad.rows("report/stock/all", filter="search=болт")) == 1
    assert len(sklad.rows("report/stock/all", filter="reserveOnly=true")) == 1
    assert sklad.rows("report/stock/all", filter="inTransitOnly=true") == []
    assert sklad.rows("report/stock/all", filter="archived=true") == []
    folder = sklad.rows("entity/productfolder")[0]["meta"]["href"]
    assert len(sklad.rows("report/stock/all", filter=f"productFolder={folder}")) == 2


def test_stock_by_store_names_every_store_and_adds_up(sklad):
    rows = sklad.rows("report/stock/bystore")
    totals = [sum(store["stock"] for store in row["stockByStore"]) for row in rows]
    assert totals == [16.0, 4.0]
    assert all(len(row["stockByStore"]) == 2 for row in rows)
    assert rows[0]["stockByStore"][1]["name"] == "Склад Екатеринбург"


def test_current_stock_is_a_bare_list_without_zeroes(sklad):
    plain = sklad.get("report/stock/all/current").json()
    assert [row["stock"] for row in plain] == [16.0, 4.0]
    assert set(plain[0]) == {"assortmentId", "stock"}
    assert plain[0]["assortmentId"] == sklad.rows("entity/product")[0]["id"]
    reserved = sklad.get("report/stock/all/current?stockType=reserve").json()
    assert [row["reserve"] for row in reserved] == [1.0]
    with_zero = sklad.get("report/stock/all/current?stockType=reserve&include=zeroLines").json()
    assert [row["reserve"] for row in with_zero] == [1.0, 0.0]
    by_store = sklad.get("report/stock/bystore/current?stockType=freeStock").json()
    assert [row["freeStock"] for row in by_store] == [15.0, 4.0]
    assert by_store[0]["storeId"] == sklad.rows("entity/store")[1]["id"]
    one = sklad.get(f"report/stock/all/current?filter=assortmentId={plain[1]['assortmentId']}")
    assert len(one.json()) == 1


def test_changed_since_reaches_a_day_back_and_gives_current_values(sklad):
    sklad.go_to(9.5)
    path = "report/stock/all/current"
    changed = sklad.get(path, {"changedSince": spell(8.9)}).json()
    assert [row["stock"] for row in changed] == [6.0]
    assert sklad.get(path, {"changedSince": spell(9.1)}).json() == []
    assert sklad.code(path, changedSince=spell(8.4)) == (400, 1040)
    assert sklad.code(path, changedSince=spell(9.6)) == (400, 1040)
    assert sklad.code(path, changedSince="now") == (412, 1035)


def test_profit_is_what_was_sold_less_what_came_back_less_cost(sklad):
    rows = sklad.rows("report/profit/byproduct", momentFrom=spell(0))
    bolt = {row["assortment"]["name"]: row for row in rows}["Болт М8"]
    assert (bolt["sellQuantity"], bolt["sellSum"], bolt["sellCostSum"]) == (3.0, 366e3, 210e3)
    assert (bolt["returnQuantity"], bolt["returnSum"], bolt["returnCostSum"]) == (1.0, 122e3, 70e3)
    assert bolt["profit"] == 104e3
    assert bolt["margin"] == pytest.approx(104 / 140)
    assert bolt["salesMargin"] == pytest.approx(104 / 244)


def test_profit_without_dates_is_the_last_month(sklad):
    assert len(sklad.rows("report/profit/byproduct")) == 2
    sklad.go_to(37)
    (only_return,) = sklad.rows("report/profit/byproduct")
    assert (only_return["sellQuantity"], only_return["returnQuantity"]) == (0.0, 1.0)
    period = {"momentFrom": spell(5), "momentTo": spell(6.5)}
    assert len(sklad.rows("report/profit/byproduct", **period)) == 2
    assert len(sklad.rows("report/profit/byproduct", momentTo=spell(7))) == 2


def test_turnover_opens_closes_and_moves(sklad):
    rows = sklad.rows("report/turnover/all", momentFrom=spell(1), momentTo=spell(10))
    bolt = {row["assortment"]["name"]: row for row in rows}["Болт М8"]
    ends = ("onPeriodStart", "income", "outcome", "onPeriodEnd")
    assert [bolt[name]["quantity"] for name in ends] == [10.0, 1.0, 5.0, 6.0]
    assert [bolt[name]["sum"] for name in ends] == [700e3, 70e3, 350e3, 420e3]


def test_reports_are_paged(sklad):
    first = sklad.get("report/stock/all", {"limit": 1, "filter": EVERYTHING}).json()
    assert (len(first["rows"]), first["meta"]["size"]) == (1, 3)
    headers = {"Authorization": "Bearer demo-token"}
    second = sklad.http.get(first["meta"]["nextHref"], headers=headers).json()
    assert second["rows"][0]["name"] == "Гайка М8"


def test_a_task_is_queued_done_fetched_and_forgotten(sklad):
    queued = sklad.get("report/stock/all?async=true")
    assert (queued.status_code, queued.content) == (202, b"")
    status, result = (
        queued.headers[name].partition("/1.2/")[2] for name in ("Content-Location", "Location")
    )
    assert sklad.get(status, pause=0).json()["state"] == "PROCESSING"
    refused = sklad.get(result, pause=0)
    assert refused.json()["errors"][0]["code"] == 61006
    done = sklad.get(status, pause=5).json()
    assert (done["state"], done["resultUrl"].endswith(result)) == ("DONE", True)
    link = sklad.get(result)
    assert (link.status_code, link.content) == (302, b"")
    fetched = sklad.http.get(link.headers["location"]).json()
    assert (len(fetched["rows"]), "limit" in fetched["meta"]) == (2, False)
    sklad.wait(300)
    assert sklad.http.get(link.headers["location"]).status_code == 403
    assert len(sklad.rows("async")) == 1
    assert sklad.get(result, pause=3600).status_code == 410
    assert sklad.code("async/unknown") == (404, 1021)


def test_four_tasks_wait_at_most_and_not_everything_can(sklad):
    sklad.stage.knobs["moysklad.async_seconds"] = 100
    paths = [f"entity/counterparty?async=true&search={n}" for n in range(5)]
    assert [sklad.get(path).status_code for path in paths] == [202] * 4 + [429]
    sklad.wait(100)
    assert sklad.get(paths[4]).status_code == 202
    assert sklad.code("entity/customerorder?async=true") == (400, 61000)
    assert sklad.code("report/stock/all?async=true&limit=5") == (400, 61001)


def test_a_task_whose_question_is_refused_ends_with_that_refusal(sklad):
    queued = sklad.get("report/stock/all?async=true&filter=unicorn=1")
    assert queued.status_code == 202
    status, result = (
        queued.headers[name].partition("/1.2/")[2] for name in ("Content-Location", "Location")
    )
    done = sklad.get(status, pause=5).json()
    assert (done["state"], done["errors"][0]["code"]) == ("API_ERROR", 1034)
    assert sklad.code(result) == (412, 1034)
