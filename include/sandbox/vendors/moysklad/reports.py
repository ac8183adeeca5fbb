"""Reports: stock in its four forms, profit by product, turnover.

Rows have no id of their own: whose they are is in ``meta.href``, which here carries
``?expand=supplier`` as the vendor's does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from include.sandbox.vendors.moysklad.cards import PIECE, product_id, store_id
from include.sandbox.vendors.moysklad.errors import ApiError
from include.sandbox.vendors.moysklad.ledger import STORES, Ledger, find_store
from include.sandbox.vendors.moysklad.query import Condition
from include.sandbox.vendors.moysklad.stock import (
    STOCK_TYPES,
    Level,
    count_levels,
    count_stock_days,
    find_changed,
    find_cost,
)
from include.sandbox.vendors.moysklad.wording import (
    MICROS_PER_KOPECK,
    MOSCOW,
    Links,
    Row,
    make_id,
    read_instant,
    spell_money,
)

FURTHEST_CHANGE = timedelta(hours=24)
MODES: dict[str, Callable[[int], bool]] = {
    "all": lambda _: True,
    "positiveOnly": lambda count: count > 0,
    "negativeOnly": lambda count: count < 0,
    "empty": lambda count: count == 0,
    "nonEmpty": lambda count: count != 0,
    "underMinimum": lambda count: count < 0,
}


@dataclass(frozen=True)
class Asked:
    """What a report is asked for."""

    ledger: Ledger
    now: datetime
    links: Links
    conditions: list[Condition]
    parameters: dict[str, str]

    def values(self, field: str) -> list[str]:
        """Values of a filter field given with ``=``; several may share one, by commas."""
        return [
            part
            for c in self.conditions
            if c.field == field and c.operator == "="
            for part in c.value.split(",")
        ]

    def last(self, field: str, default: str) -> str:
        """The value of a filter field or of a plain parameter of that name."""
        return (self.values(field) or [self.parameters.get(field, default)])[-1]

    def instant(self, name: str, text: str) -> datetime:
        """An instant of the query; 412/1035 for another shape."""
        try:
            return read_instant(text)
        except ValueError:
            raise ApiError(412, 1035, text, name) from None

    def products(self) -> list[int]:
        """Products that the filters leave."""
        known = {
            "product",
            "variant",
            "productFolder",
            "store",
            "supplier",
            "search",
            "moment",
            "quantityMode",
            "stockMode",
            "archived",
            "reserveOnly",
            "inTransitOnly",
            "withSubFolders",
            "assortmentId",
            "storeId",
            "counterparty",
            "organization",
            "entityType",
            "salesChannel",
            "type",
        }
        for condition in self.conditions:
            if condition.field not in known:
                raise ApiError(412, 1034, f"неизвестное поле '{condition.field}'", "filter")
        wanted = {_tail(v) for v in (*self.values("product"), *self.values("assortmentId"))}
        folders = {_tail(v) for v in self.values("productFolder")}
        stores = {_tail(v) for v in (*self.values("store"), *self.values("storeId"))}
        text = self.last("search", "").lower()
        if "true" in self.values("archived") and "false" not in self.values("archived"):
            return []
        return [
            number
            for number, row in self.ledger.products.items()
            if (not wanted or product_id(number) in wanted)
            and (not folders or make_id("folder", row["group_name"] or "") in folders)
            and (not stores or store_id(find_store(number)) in stores)
            and text in (row["name"] or "").lower()
        ]


def _tail(href: str) -> str:
    return href.partition("?")[0].rstrip("/").rpartition("/")[2]


def report_stock(asked: Asked) -> list[Row]:
    """``stock/all``; rows whose available quantity is zero are left out unless asked for."""
    moment = asked.last("moment", "")
    at = asked.now if not moment else min(asked.instant("moment", moment), asked.now)
    levels = count_levels(asked.ledger, at)
    keep_quantity = _mode(asked, "quantityMode", "nonEmpty")
    keep_stock = _mode(asked, "stockMode", "all")
    rows = []
    for number in asked.products():
        level, product = levels[number], asked.ledger.products[number]
        if not keep_quantity(level.available) or not keep_stock(level.stock):
            continue
        if asked.last("reserveOnly", "") == "true" and not level.reserve:
            continue
        if asked.last("inTransitOnly", "") == "true" and not level.in_transit:
            continue
        row: dict[str, Any] = {
            **_whose(asked, number),
            **_figures(level),
            "quantity": float(level.available),
            "name": product["name"] or "",
            "code": f"{number:05d}",
            "article": product["sku"] or "",
            "price": find_cost(level, product) / MICROS_PER_KOPECK,
            "salePrice": spell_money(product["price_micros"]),
            "uom": {**asked.links.entity("uom", PIECE), "name": "шт"},
            "externalCode": f"p{number}",
            "stockDays": count_stock_days(level, at),
        }
        if product["group_name"]:
            folder = make_id("folder", product["group_name"])
            row["folder"] = {
                **asked.links.entity("productfolder", folder),
                "name": product["group_name"],
                "pathName": "",
            }
        rows.append(row)
    return rows


def _mode(asked: Asked, field: str, default: str) -> Callable[[int], bool]:
    name = asked.last(field, default)
    if name not in MODES:
        raise ApiError(412, 1014, f"'{name}' для '{field}'", "filter")
    return MODES[name]


def _whose(asked: Asked, number: int) -> Row:
    whose = asked.links.entity("product", product_id(number))
    whose["meta"]["href"] += "?expand=supplier"
    return whose


def _figures(level: Level) -> Row:
    return {
        "stock": float(level.stock),
        "inTransit": float(level.in_transit),
        "reserve": float(level.reserve),
    }


def report_stock_by_store(asked: Asked) -> list[Row]:
    """``stock/bystore``: every store in every row, also those that never held the product."""
    moment = asked.last("moment", "")
    at = asked.now if not moment else min(asked.instant("moment", moment), asked.now)
    levels = count_levels(asked.ledger, at)
    keep_stock = _mode(asked, "stockMode", "all")
    keep_quantity = _mode(asked, "quantityMode", "nonEmpty")
    return [
        {
            **_whose(asked, number),
            "stockByStore": [
                {
                    **asked.links.entity("store", store_id(place)),
                    "name": name,
                    **_figures(levels[number] if place == find_store(number) else Level()),
                }
                for place, name in enumerate(STORES)
            ],
        }
        for number in asked.products()
        if keep_stock(levels[number].stock) and keep_quantity(levels[number].available)
    ]


def report_current(asked: Asked, by_store: bool) -> list[Row]:
    """The short forms: a bare list, of products that have ever moved."""
    kind = asked.parameters.get("stockType", "stock")
    if kind not in STOCK_TYPES:
        raise ApiError(400, 1040, f"stockType={kind}", "stockType")
    keeps_zero = asked.parameters.get("include") == "zeroLines"
    numbers = set(asked.products())
    if changed_since := asked.parameters.get("changedSince"):
        since = asked.instant("changedSince", changed_since)
        if not asked.now - FURTHEST_CHANGE <= since <= asked.now:
            raise ApiError(400, 1040, "changedSince не дальше 24 часов", "changedSince")
        numbers &= find_changed(asked.ledger, since, asked.now)
        keeps_zero = True
    levels = count_levels(asked.ledger, asked.now)
    rows = []
    for number in sorted(numbers):
        level = levels[number]
        count = level.of_type(kind)
        if (level.has_moved or count) and (count or keeps_zero):
            row: Row = {"assortmentId": product_id(number)}
            if by_store:
                row["storeId"] = store_id(find_store(number))
            rows.append(row | {kind: float(count)})
    return rows


def _read_period(asked: Asked) -> tuple[datetime, datetime]:
    """Both ends; without a beginning the last month, or with an end alone its year."""
    begin, end = (asked.parameters.get(name, "") for name in ("momentFrom", "momentTo"))
    until = asked.instant("momentTo", end) if end else asked.now
    if begin:
        return asked.instant("momentFrom", begin), until
    if end:
        return until.astimezone(MOSCOW).replace(month=1, day=1, hour=0, minute=0, second=0), until
    return asked.now - timedelta(days=30), until


def _assortment(asked: Asked, number: int) -> Row:
    product = asked.ledger.products[number]
    return {
        **asked.links.entity("product", product_id(number)),
        "name": product["name"] or "",
        "code": f"{number:05d}",
        "article": product["sku"] or "",
        "uom": {**asked.links.entity("uom", PIECE), "name": "шт"},
    }


def report_profit(asked: Asked) -> list[Row]:
    """``profit/byproduct``: sums and costs of what was shipped and came back in the period."""
    begin, end = _read_period(asked)
    until = min(end, asked.now)
    wanted = set(asked.products())
    totals: dict[tuple[str, int], list[int]] = defaultdict(lambda: [0, 0, 0])
    for kind in ("demand", "salesreturn"):
        for document in asked.ledger.documents[kind]:
            if not begin <= document.at <= until:
                continue
            for line in document.lines:
                total = totals[kind, line.product_id]
                total[0] += line.quantity
                total[1] += line.quantity * line.price_micros
                total[2] += line.quantity * line.cost_micros
    rows = []
    for number in sorted({number for _, number in totals} & wanted):
        sold, back = totals["demand", number], totals["salesreturn", number]
        cost = sold[2] - back[2]
        profit = sold[1] - back[1] - cost
        turnover = sold[1] - back[1]
        rows.append(
            {
                "assortment": _assortment(asked, number),
                **_side("sell", sold),
                **_side("return", back),
                "profit": spell_money(profit),
                "margin": profit / cost if cost else 0.0,
                "salesMargin": profit / turnover if turnover else 0.0,
            }
        )
    return rows


def _side(name: str, total: list[int]) -> Row:
    pieces, price, cost = total
    return {
        f"{name}Quantity": float(pieces),
        f"{name}Price": spell_money(price) / pieces if pieces else 0.0,
        f"{name}Cost": spell_money(cost) / pieces if pieces else 0.0,
        f"{name}Sum": spell_money(price),
        f"{name}CostSum": spell_money(cost),
    }


def report_turnover(asked: Asked) -> list[Row]:
    """``turnover/all``: pieces and their cost at both ends of the period, in and out."""
    begin, end = _read_period(asked)
    until, rows = min(end, asked.now), []
    figures = {number: [[0, 0] for _ in range(4)] for number in asked.products()}
    for move in asked.ledger.moves:
        at, pieces = move["moved_at"], move["quantity"]
        if move["product_id"] not in figures or at > until:
            continue
        start, final, income, outcome = figures[move["product_id"]]
        cost = pieces * (move["unit_cost_micros"] or 0)
        changed = [final]
        changed.append(start if at < begin else income if pieces > 0 else outcome)
        for figure in changed:
            is_out = figure is outcome
            figure[0] += -pieces if is_out else pieces
            figure[1] += -cost if is_out else cost
    for number, four in figures.items():
        if any(pieces for pieces, _ in four):
            names = ("onPeriodStart", "onPeriodEnd", "income", "outcome")
            rows.append(
                {
                    "assortment": _assortment(asked, number),
                    **{
                        name: {"quantity": float(pieces), "sum": spell_money(cost)}
                        for name, (pieces, cost) in zip(names, four, strict=True)
                    },
                }
            )
    return rows
