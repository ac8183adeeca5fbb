"""What the company sells: products of each line with prices, costs, suppliers and lead times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa

from include.sandbox.world.business_lines import LINES
from include.sandbox.world.sizes import Size, make_rng
from include.sandbox.world.tables import TABLES

NEW_VAT_FROM = date(2026, 1, 1)
OLD_VAT_PERCENT, NEW_VAT_PERCENT = 20, 22
UNIT_MICROS = 10_000
"""Prices and payments are in hundredths of the currency."""


@dataclass(frozen=True)
class ProductGroup:
    """A line of goods: kinds and dimensions make its products."""

    crm: str
    name: str
    code: str
    kinds: tuple[str, ...]
    dimensions: tuple[str, ...]
    price: float
    """Typical price in the line's currency, without VAT."""
    suppliers: tuple[str, ...]


GROUPS: tuple[ProductGroup, ...] = (
    ProductGroup(
        "bitrix24",
        "Трубы",
        "TR",
        ("Труба профильная", "Труба ВГП"),
        ("40х20х2", "60х40х3", "80х80х4", "100х100х5"),
        2_400,
        ("ТМК Поставка", "Загорский трубный"),
    ),
    ProductGroup(
        "bitrix24",
        "Сортовой прокат",
        "SP",
        ("Арматура А500С", "Швеллер", "Уголок"),
        ("10", "12", "16", "20"),
        6_800,
        ("Северная сталь", "Мечел-Торг"),
    ),
    ProductGroup(
        "bitrix24",
        "Нержавеющий лист",
        "NL",
        ("Лист AISI 304", "Лист AISI 430"),
        ("1,0", "1,5", "2,0", "3,0"),
        14_500,
        ("Инокс Импорт",),
    ),
    ProductGroup(
        "amocrm",
        "Крепёж",
        "KR",
        ("Болт DIN 933", "Гайка DIN 934", "Шпилька DIN 975"),
        ("М8", "М12", "М16", "М20"),
        900,
        ("Ревда Метиз", "Китай Крепёж"),
    ),
    ProductGroup(
        "amocrm",
        "Анкеры",
        "AN",
        ("Анкер клиновой", "Анкер химический"),
        ("10х100", "12х120", "16х145"),
        3_200,
        ("Китай Крепёж",),
    ),
    ProductGroup(
        "hubspot",
        "Structural bolts",
        "SB",
        ("A325 bolt", "A490 bolt"),
        ('3/4"', '7/8"', '1"'),
        55,
        ("Midwest Forge", "Taichung Bolts"),
    ),
    ProductGroup(
        "hubspot",
        "Stainless fasteners",
        "SF",
        ("316 hex bolt", "316 washer"),
        ('1/2"', '5/8"', '3/4"'),
        80,
        ("Taichung Bolts",),
    ),
)
LEAD_TIME_DAYS = (7, 10, 14, 21, 35, 60)


def make_products(seed: int, size: Size) -> pa.Table:
    """The ``product`` table; prices and costs without VAT, costs 55..85 % of the price.

    ``sku`` begins with the code of the product's group.
    """
    rng = make_rng(seed, f"products/{size.name}")
    currency = {line.crm: line.currency_code for line in LINES}
    rows: list[dict[str, object]] = []
    for group in GROUPS:
        for kind in group.kinds:
            base = group.price * rng.lognormal(0, 0.35)
            for place, dimension in enumerate(group.dimensions):
                price = round(base * (1 + 0.5 * place) * 100)
                cost = round(price * rng.uniform(0.55, 0.85))
                rows.append(
                    {
                        "product_id": 101 + len(rows),
                        "sku": f"{group.code}-{101 + len(rows)}",
                        "name": f"{kind} {dimension}",
                        "group_name": group.name,
                        "cost_micros": cost * UNIT_MICROS,
                        "price_micros": price * UNIT_MICROS,
                        "currency_code": currency[group.crm],
                        "lead_time_days": int(rng.choice(LEAD_TIME_DAYS)),
                        "supplier": group.suppliers[place % len(group.suppliers)],
                    }
                )
    return pa.Table.from_pylist(rows, schema=TABLES["product"])


@dataclass(frozen=True)
class PriceList:
    """Ids and prices (micros without VAT) of what one line sells, cheapest first."""

    ids: np.ndarray
    prices: np.ndarray

    def fill(self, value_micros: int, draws: Sequence[float]) -> list[tuple[int, int, int]]:
        """One product per draw, as ``(product_id, quantity, piece price)``, for about that value.

        The price is a negotiated one, so that the rows add up to the value up to a hundredth of
        the currency a piece.
        """
        part = max(value_micros // len(draws), UNIT_MICROS)
        affordable = max(int(np.searchsorted(self.prices, part, side="right")), 1)
        rows = []
        for draw in draws:
            place = int(draw * affordable)
            quantity = max(int(part // self.prices[place]), 1)
            price = max(round(part / quantity / UNIT_MICROS), 1) * UNIT_MICROS
            rows.append((int(self.ids[place]), quantity, price))
        return rows


def read_price_lists(products: pa.Table) -> Mapping[str, PriceList]:
    """CRM → its line's price list."""
    group_crm = {group.name: group.crm for group in GROUPS}
    rows = sorted(products.to_pylist(), key=lambda row: (row["price_micros"], row["product_id"]))
    lists = {}
    for line in LINES:
        own = [row for row in rows if group_crm[row["group_name"]] == line.crm]
        ids = np.array([row["product_id"] for row in own], dtype=np.int64)
        lists[line.crm] = PriceList(ids, np.array([row["price_micros"] for row in own]))
    return lists


def vat_percent_on(country: str, day: date) -> int:
    """Russian VAT of goods handed over or paid for in advance on that day; none abroad."""
    if country != "Россия":
        return 0
    return NEW_VAT_PERCENT if day >= NEW_VAT_FROM else OLD_VAT_PERCENT
