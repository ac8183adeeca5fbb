"""Catalogs: the goods that leads hold, and invoices, which amoCRM keeps as a catalog too."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from include.sandbox.vendors.amocrm.access import ACCOUNT_ID
from include.sandbox.vendors.amocrm.entities import GOODS_CATALOG, MICROS, PRICE_FIELD
from include.sandbox.vendors.amocrm.own_rows import read_own
from include.sandbox.world.world import World

INVOICE_CATALOG = 1002
CATALOGS = {GOODS_CATALOG: ("Товары", "products"), INVOICE_CATALOG: ("Счета", "invoices")}
MADE_AT = 1_585_299_171
ENUMS = {"BILL_STATUS": {"enum_id": 189_111, "enum_code": "paid"}}


def render_catalogs(api: str) -> list[dict[str, Any]]:
    """Both catalogs."""
    return [
        {
            "id": number,
            "name": name,
            "created_by": 0,
            "updated_by": 0,
            "created_at": MADE_AT,
            "updated_at": MADE_AT,
            "sort": 10 * place,
            "type": kind,
            "can_add_elements": True,
            "can_show_in_cards": False,
            "can_link_multiple": True,
            "can_be_deleted": False,
            "sdk_widget_code": None,
            "account_id": ACCOUNT_ID,
            "_links": {"self": {"href": f"{api}/catalogs/{number}"}},
        }
        for place, (number, (name, kind)) in enumerate(CATALOGS.items(), start=1)
    ]


def render_elements(world: World, catalog: int, now: datetime, api: str) -> list[dict[str, Any]]:
    """The elements of a catalog that exist at ``now``; prices live in custom fields."""
    if catalog == GOODS_CATALOG:
        used = {row["product_id"] for row in read_own(world, "crm_product_row")}
        return [
            _element(
                catalog,
                row["product_id"],
                row["name"],
                MADE_AT,
                {
                    "SKU": (189_001, "Артикул", "text", row["sku"]),
                    "GROUP": (189_002, "Группа", "text", row["group_name"]),
                    "PRICE": (PRICE_FIELD, "Цена", "numeric", _money(row["price_micros"])),
                },
                api,
            )
            for row in world.table("product").to_pylist()
            if row["product_id"] in used
        ]
    return [
        _element(
            catalog,
            row["payment_id"],
            f"Счёт {row['document_number'] or row['payment_id']}",
            int(row["paid_at"].timestamp()),
            {
                "BILL_STATUS": (189_101, "Статус", "select", "Оплачен"),
                "BILL_PRICE": (189_102, "Сумма", "numeric", _money(row["amount_micros"])),
            },
            api,
        )
        for row in read_own(world, "payment")
        if row["paid_at"] <= now
    ]


def _money(micros: int | None) -> str:
    return f"{(micros or 0) / MICROS:.2f}"


def _element(
    catalog: int,
    number: int,
    name: str | None,
    at: int,
    fields: dict[str, tuple[int, str, str, Any]],
    api: str,
) -> dict[str, Any]:
    return {
        "id": number,
        "name": name,
        "created_by": 0,
        "updated_by": 0,
        "created_at": at,
        "updated_at": at,
        "is_deleted": False,
        "catalog_id": catalog,
        "account_id": ACCOUNT_ID,
        "custom_fields_values": [
            {
                "field_id": field_id,
                "field_name": title,
                "field_code": code,
                "field_type": kind,
                "is_computed": False,
                "values": [{"value": value} | ENUMS.get(code, {})],
            }
            for code, (field_id, title, kind, value) in fields.items()
        ],
        "_links": {"self": {"href": f"{api}/catalogs/{catalog}/elements/{number}"}},
    }
