"""What visitors bought through a basket on the site, as e-commerce tracking would have seen it.

A basket is a form of one of :data:`BASKETS` sent during a visit; what was in it are the product
rows of the first deal its browser got in the day after. Generated worlds have no baskets, so their
e-commerce fields are empty arrays.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from include.sandbox.world.world import World

BASKETS = ("Корзина", "Basket")
LONGEST_ENTRY = timedelta(days=1)
"""Within this time after the basket somebody makes its deal."""
MICROS = 1_000_000


@dataclass(frozen=True)
class Bought:
    """One line of a purchase; prices in micros of the currency, with VAT."""

    sku: str
    name: str
    group: str
    price_micros: int
    quantity: int
    vat_percent: int

    @property
    def sum_micros(self) -> int:
        """The whole line."""
        return self.price_micros * self.quantity


@dataclass(frozen=True)
class Purchase:
    """One basket; ``at`` in microseconds."""

    purchase_id: str
    at: int
    currency: str
    lines: tuple[Bought, ...]

    @property
    def sum_micros(self) -> int:
        """All lines, with VAT."""
        return sum(line.sum_micros for line in self.lines)

    @property
    def tax_micros(self) -> int:
        """The VAT inside :attr:`sum_micros`."""
        return sum(
            line.sum_micros * line.vat_percent // (100 + line.vat_percent) for line in self.lines
        )


def read_purchases(world: World, client_of_visit: Mapping[int, int]) -> dict[int, list[Purchase]]:
    """Purchases by visit, earliest first, of the visits in ``client_of_visit``."""
    forms = world.table("form_request")
    baskets = forms.filter(pc.is_in(forms["form_name"], pa.array(BASKETS))).to_pylist()
    found: dict[int, list[Purchase]] = defaultdict(list)
    if not baskets:
        return found
    deals = sorted(world.table("crm_deal").to_pylist(), key=lambda deal: deal["created_at"])
    lines = _read_lines(world)
    for basket in sorted(baskets, key=lambda form: form["submitted_at"]):
        client = client_of_visit.get(basket["visit_id"], 0)
        until = basket["submitted_at"] + LONGEST_ENTRY
        for deal in deals:
            is_made = basket["submitted_at"] <= deal["created_at"] <= until
            key = (deal["crm"], deal["deal_id"])
            if client and deal["metrica_client_id"] == client and is_made and key in lines:
                at = round(basket["submitted_at"].timestamp() * MICROS)
                number = str(basket["request_id"])
                purchase = Purchase(number, at, deal["currency_code"] or "RUB", lines[key])
                found[basket["visit_id"]].append(purchase)
                break
    return found


def _read_lines(world: World) -> dict[tuple[str, int], tuple[Bought, ...]]:
    products = {row["product_id"]: row for row in world.table("product").to_pylist()}
    found: dict[tuple[str, int], list[Bought]] = defaultdict(list)
    for row in world.table("crm_product_row").to_pylist():
        product: dict[str, Any] = products.get(row["product_id"], {})
        found[row["crm"], row["deal_id"]].append(
            Bought(
                product.get("sku") or str(row["product_id"]),
                product.get("name") or "",
                product.get("group_name") or "",
                row["price_micros"],
                row["quantity"],
                row["vat_percent"] or 0,
            )
        )
    return {key: tuple(lines) for key, lines in found.items()}
