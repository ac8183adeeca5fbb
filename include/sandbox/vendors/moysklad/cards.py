"""Dictionaries: products, folders, partners, stores, the organisation and its small words."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from include.sandbox.vendors.moysklad.ledger import STORES, Ledger
from include.sandbox.vendors.moysklad.wording import (
    ACCOUNT_ID,
    Links,
    Row,
    make_id,
    spell_instant,
    spell_money,
)

OPENED = "2024-12-02 10:00:00.000"
ORGANISATION = make_id("organization", "main")
EMPLOYEE = make_id("employee", "admin")
GROUP = make_id("group", "main")
CURRENCY = make_id("currency", "RUB")
PIECE = make_id("uom", "piece")
PRICE_TYPE = make_id("pricetype", "sale")
CHANNEL = make_id("saleschannel", "crm")
DEAL_ATTRIBUTE = make_id("attribute", "deal")
STATES = {"Новый": "Regular", "Отгружен": "Successful", "Отменен": "Unsuccessful"}


def owned(links: Links) -> Row:
    """What every object says of its owner."""
    return {
        "accountId": ACCOUNT_ID,
        "owner": links.entity("employee", EMPLOYEE),
        "shared": False,
        "group": links.entity("group", GROUP),
    }


def product_id(number: int) -> str:
    """UUID of a product."""
    return make_id("product", str(number))


def agent_id(key: str) -> str:
    """UUID of a partner."""
    return make_id("counterparty", key)


def store_id(place: int) -> str:
    """UUID of a store."""
    return make_id("store", str(place))


def state_id(name: str) -> str:
    """UUID of a state of customer orders."""
    return make_id("state", name)


def render_cards(kind: str, ledger: Ledger, now: datetime, links: Links) -> list[Row] | None:
    """All cards of a kind; None for a kind that is no dictionary here."""
    fixed = {
        "store": lambda: [_store(place, links) for place in range(len(STORES))],
        "organization": lambda: [_named("organization", ORGANISATION, "ООО «Северсталь»", links)],
        "employee": lambda: [_named("employee", EMPLOYEE, "Администратор", links)],
        "group": lambda: [{**links.entity("group", GROUP), "id": GROUP, "name": "Основной"}],
        "currency": lambda: [_currency(links)],
        "uom": lambda: [{**links.entity("uom", PIECE), "id": PIECE, "name": "шт", "code": "796"}],
        "saleschannel": lambda: [_named("saleschannel", CHANNEL, "CRM", links)],
        "variant": list,
        "bundle": list,
        "service": list,
    }
    if kind in fixed:
        return fixed[kind]()
    if kind in ("product", "assortment"):
        return [_product(row, links) for row in ledger.products.values()]
    if kind == "productfolder":
        names = sorted({row["group_name"] for row in ledger.products.values() if row["group_name"]})
        return [
            {**_named("productfolder", make_id("folder", name), name, links), "pathName": ""}
            for name in names
        ]
    if kind == "counterparty":
        return [_partner(row, links) for row in ledger.partners.values() if row["at"] <= now]
    return None


def _named(kind: str, number: str, name: str, links: Links) -> Row:
    return {
        **links.entity(kind, number),
        "id": number,
        **owned(links),
        "updated": OPENED,
        "name": name,
        "externalCode": number[:8],
        "archived": False,
    }


def _store(place: int, links: Links) -> Row:
    return {**_named("store", store_id(place), STORES[place], links), "pathName": ""}


def _currency(links: Links) -> Row:
    return {
        **links.entity("currency", CURRENCY),
        "id": CURRENCY,
        "name": "руб",
        "fullName": "Российский рубль",
        "code": "643",
        "isoCode": "RUB",
        "rate": 1.0,
        "multiplicity": 1,
        "default": True,
        "archived": False,
    }


def _product(row: Row, links: Links) -> Row:
    number, key = product_id(row["product_id"]), row["product_id"]
    rouble = links.entity("currency", CURRENCY)
    folder = row["group_name"]
    price_type = {
        **links.meta(f"context/companysettings/pricetype/{PRICE_TYPE}", "pricetype"),
        "id": PRICE_TYPE,
        "name": "Цена продажи",
        "externalCode": "cbcf493b-55bc-11d9-848a-00112f43529a",
    }
    card: dict[str, Any] = {
        **links.entity("product", number),
        "id": number,
        **owned(links),
        "updated": OPENED,
        "name": row["name"] or "",
        "code": f"{key:05d}",
        "externalCode": f"p{key}",
        "archived": False,
        "pathName": folder or "",
        "useParentVat": True,
        "uom": links.entity("uom", PIECE),
        "minPrice": {"value": 0.0, "currency": rouble},
        "salePrices": [
            {
                "value": spell_money(row["price_micros"]),
                "currency": rouble,
                "priceType": price_type,
            }
        ],
        "buyPrice": {"value": spell_money(row["cost_micros"]), "currency": rouble},
        "barcodes": [{"ean13": f"200{key:010d}"}],
        "article": row["sku"] or "",
        "minimumBalance": 0.0,
        "weight": 0.0,
        "volume": 0.0,
        "variantsCount": 0,
        "isSerialTrackable": False,
        "attributes": [],
    }
    if folder:
        card["productFolder"] = links.entity("productfolder", make_id("folder", folder))
    if row["supplier"]:
        card["supplier"] = links.entity("counterparty", agent_id(f"supplier/{row['supplier']}"))
    return card


def _partner(row: Row, links: Links) -> Row:
    number, at = agent_id(row["key"]), spell_instant(row["at"])
    known = {name: row[name] for name in ("inn", "kpp", "phone", "email") if row.get(name)}
    return {
        **_named("counterparty", number, row["name"] or "", links),
        "created": at,
        "updated": at,
        "externalCode": row["key"],
        "companyType": row["type"],
        **known,
        "tags": ["поставщики"] if row["key"].startswith("supplier/") else [],
    }


def render_states(links: Links) -> list[Row]:
    """States of customer orders."""
    return [
        {
            **links.meta(f"entity/customerorder/metadata/states/{state_id(name)}", "state"),
            "id": state_id(name),
            "accountId": ACCOUNT_ID,
            "name": name,
            "color": 15_106_326,
            "stateType": kind,
            "entityType": "customerorder",
        }
        for name, kind in STATES.items()
    ]
