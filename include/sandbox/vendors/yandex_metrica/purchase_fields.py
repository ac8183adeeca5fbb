"""The e-commerce fields of ``source=visits`` and the JSON of a hit that ends in a purchase.

Money keeps the vendor's multipliers: revenue times 1, tax and prices of products times 1 000 000.
Impressions, promotions and product events are there and empty.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

from include.sandbox.vendors.yandex_metrica.cells import write_numbers, write_texts, write_times
from include.sandbox.vendors.yandex_metrica.purchases import MICROS, Bought, Purchase
from include.sandbox.vendors.yandex_metrica.visit_rows import MOSCOW, VisitRows

PurchaseField = Callable[[VisitRows], list[str]]
EMPTY_FIELDS = {
    "impressions": "URL DateTime ProductID ProductName ProductBrand ProductCategory "
    "ProductCategory1 ProductCategory2 ProductCategory3 ProductCategory4 ProductCategory5 "
    "ProductVariant ProductPrice ProductCurrency ProductCoupon ProductList "
    "ProductQuantity ProductEventTime ProductDiscount",
    "eventsProduct": "ID List Brand Category Category1 Category2 Category3 Category4 "
    "Category5 Variant Position Price Currency Coupon "
    "Quantity EventTime Type Discount Name",
    "promotion": "ID Name Creative Position CreativeSlot EventTime Type",
}


def _texts(read: Callable[[Purchase], str]) -> PurchaseField:
    return lambda visits: [write_texts(map(read, bought)) for bought in visits.purchases]


def _numbers(read: Callable[[Purchase], int | float]) -> PurchaseField:
    return lambda visits: [write_numbers(map(read, bought)) for bought in visits.purchases]


def _line_texts(read: Callable[[Purchase, Bought], str]) -> PurchaseField:
    return lambda visits: [
        write_texts(read(purchase, line) for purchase in bought for line in purchase.lines)
        for bought in visits.purchases
    ]


def _line_numbers(read: Callable[[Bought], int]) -> PurchaseField:
    return lambda visits: [
        write_numbers(read(line) for purchase in bought for line in purchase.lines)
        for bought in visits.purchases
    ]


def _positions(visits: VisitRows) -> list[str]:
    return [
        write_numbers(place for purchase in bought for place in range(1, len(purchase.lines) + 1))
        for bought in visits.purchases
    ]


def _show_time(at: int) -> str:
    return write_times([at], MOSCOW)[0]


def _money(micros: int) -> int | float:
    return micros / MICROS if micros % MICROS else micros // MICROS


PURCHASE_FIELDS: Mapping[str, PurchaseField] = {
    "purchaseID": _texts(lambda purchase: purchase.purchase_id),
    "purchaseDateTime": _texts(lambda purchase: _show_time(purchase.at)),
    "purchaseAffiliation": _texts(lambda purchase: ""),
    "purchaseRevenue": _numbers(lambda purchase: _money(purchase.sum_micros)),
    "purchaseTax": _numbers(lambda purchase: purchase.tax_micros),
    "purchaseShipping": _numbers(lambda purchase: 0),
    "purchaseCoupon": _texts(lambda purchase: ""),
    "purchaseCurrency": _texts(lambda purchase: purchase.currency),
    "purchaseProductQuantity": _numbers(
        lambda purchase: sum(line.quantity for line in purchase.lines)
    ),
    "productsPurchaseID": _line_texts(lambda purchase, line: purchase.purchase_id),
    "productsID": _line_texts(lambda purchase, line: line.sku),
    "productsName": _line_texts(lambda purchase, line: line.name),
    "productsCategory": _line_texts(lambda purchase, line: line.group),
    "productsCategory1": _line_texts(lambda purchase, line: line.group),
    **{
        f"products{name}": _line_texts(lambda purchase, line: "")
        for name in (
            *("Brand", "Category2", "Category3", "Category4", "Category5"),
            *("Variant", "Coupon", "List", "Discount"),
        )
    },
    "productsPosition": _positions,
    "productsPrice": _line_numbers(lambda line: line.price_micros),
    "productsCurrency": _line_texts(lambda purchase, line: purchase.currency),
    "productsQuantity": _line_numbers(lambda line: line.quantity),
    "productsEventTime": _line_texts(lambda purchase, line: _show_time(purchase.at)),
    **{
        group + ending: lambda visits: ["[]"] * len(visits.positions)
        for group, endings in EMPTY_FIELDS.items()
        for ending in endings.split()
    },
}
"""Field without ``ym:s:`` → its cells."""


def write_hit_purchases(purchases: Sequence[Purchase]) -> str:
    """The ``ecommerce`` cell of a hit: empty without a purchase, else the last one as JSON."""
    if not purchases:
        return ""
    purchase = purchases[-1]
    shown = {
        "currencyCode": purchase.currency,
        "purchase": {
            "actionField": {"id": purchase.purchase_id, "revenue": _money(purchase.sum_micros)},
            "products": [
                {
                    "id": line.sku,
                    "name": line.name,
                    "category": line.group,
                    "price": _money(line.price_micros),
                    "quantity": line.quantity,
                }
                for line in purchase.lines
            ],
        },
    }
    return json.dumps(shown, ensure_ascii=False)
