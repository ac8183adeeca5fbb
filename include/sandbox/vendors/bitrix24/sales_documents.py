"""Product rows of deals and invoices, as the universal methods show them: numbers, camelCase.

The company keeps one paid invoice per payment; a refund is an invoice with a negative amount. The
payer's tax number is in a field of the portal's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from include.sandbox.vendors.bitrix24.custom_fields import PAYER_TAX_NUMBER
from include.sandbox.vendors.bitrix24.entity_rows import spell_day, spell_instant

INVOICE = 31
INVOICE_CATEGORY = 1
PAID_STAGE = f"DT{INVOICE}_{INVOICE_CATEGORY}:P"
PAYER_FIELD = "ufCrm_" + PAYER_TAX_NUMBER.removeprefix("UF_CRM_")
Row = Mapping[str, Any]


def money_number(micros: int | Decimal) -> int | float:
    """Money as a JSON number with at most two decimals."""
    cents = (Decimal(micros) / 10_000).quantize(Decimal(1), ROUND_HALF_UP)
    return int(cents // 100) if cents % 100 == 0 else float(cents / 100)


def product_rows(rows: Sequence[Row], names: Mapping[int, str]) -> list[dict[str, Any]]:
    """Rows of ``crm.item.productrow.list``, ascending by id."""
    return [
        _product_row(row, names.get(row["product_id"], ""), 10 * place)
        for place, row in enumerate(sorted(rows, key=lambda row: row["row_id"]), start=1)
    ]


def _product_row(row: Row, name: str, sort: int) -> dict[str, Any]:
    gross = Decimal(row["price_micros"] or 0)
    net = gross * 100 / (100 + (row["vat_percent"] or 0))
    return {
        "id": row["row_id"],
        "ownerId": row["deal_id"],
        "ownerType": "D",
        "productId": row["product_id"],
        "productName": name,
        "price": money_number(gross),
        "priceAccount": money_number(gross),
        "priceExclusive": money_number(net),
        "priceNetto": money_number(net),
        "priceBrutto": money_number(gross),
        "quantity": row["quantity"],
        "discountTypeId": 2,
        "discountRate": 0,
        "discountSum": 0,
        "taxRate": row["vat_percent"],
        "taxIncluded": "Y",
        "customized": "Y",
        "measureCode": 796,
        "measureName": "шт",
        "sort": sort,
        "xmlId": None,
        "type": 4,
        "storeId": None,
    }


def classic_product_row(row: Row) -> dict[str, Any]:
    """The same row as ``crm.deal.productrows.get`` spells it: only ID and owner are text."""
    return {
        "ID": str(row["id"]),
        "OWNER_ID": str(row["ownerId"]),
        "OWNER_TYPE": row["ownerType"],
        "PRODUCT_ID": row["productId"],
        "PRODUCT_NAME": row["productName"],
        "ORIGINAL_PRODUCT_NAME": row["productName"],
        "PRODUCT_DESCRIPTION": None,
        "PRICE": row["price"],
        "PRICE_EXCLUSIVE": row["priceExclusive"],
        "PRICE_NETTO": row["priceNetto"],
        "PRICE_BRUTTO": row["priceBrutto"],
        "PRICE_ACCOUNT": f"{row['priceAccount']:.2f}",
        "QUANTITY": row["quantity"],
        "DISCOUNT_TYPE_ID": row["discountTypeId"],
        "DISCOUNT_RATE": row["discountRate"],
        "DISCOUNT_SUM": row["discountSum"],
        "TAX_RATE": row["taxRate"],
        "TAX_INCLUDED": row["taxIncluded"],
        "CUSTOMIZED": row["customized"],
        "MEASURE_CODE": row["measureCode"],
        "MEASURE_NAME": row["measureName"],
        "SORT": row["sort"],
        "XML_ID": row["xmlId"],
        "TYPE": row["type"],
        "STORE_ID": row["storeId"],
    }


def invoice_rows(payments: Sequence[Row], deals: Mapping[int, Row]) -> list[dict[str, Any]]:
    """Rows of ``crm.item.list`` for invoices, ascending by id."""
    return [
        _invoice(payment, deals.get(payment["deal_id"], {}))
        for payment in sorted(payments, key=lambda row: row["payment_id"])
    ]


def invoice_history_rows(payments: Sequence[Row]) -> list[dict[str, Any]]:
    """Rows of ``crm.stagehistory.list`` for invoices, ascending by id as they became known.

    Each was sent and paid at once, for the company files an invoice when its money has come.
    """
    rows = []
    for payment in sorted(payments, key=lambda row: (row["paid_at"], row["payment_id"])):
        for letter, semantics, type_id in (("S", "P", 1), ("P", "S", 3)):
            rows.append(
                {
                    "ID": len(rows) + 1,
                    "TYPE_ID": type_id,
                    "OWNER_ID": payment["payment_id"],
                    "CREATED_TIME": spell_instant(payment["paid_at"]),
                    "CATEGORY_ID": INVOICE_CATEGORY,
                    "STAGE_SEMANTIC_ID": semantics,
                    "STAGE_ID": f"DT{INVOICE}_{INVOICE_CATEGORY}:{letter}",
                }
            )
    return rows


def _invoice(payment: Row, deal: Row) -> dict[str, Any]:
    manager = deal.get("manager_id") or 1
    paid = spell_instant(payment["paid_at"])
    word = "Возврат" if payment["kind"] == "refund" else "Счёт"
    return {
        "id": payment["payment_id"],
        "xmlId": None,
        "title": f"{word} {payment['document_number'] or payment['payment_id']}",
        "accountNumber": payment["document_number"] or str(payment["payment_id"]),
        "createdBy": manager,
        "updatedBy": manager,
        "movedBy": manager,
        "createdTime": paid,
        "updatedTime": paid,
        "movedTime": paid,
        "categoryId": INVOICE_CATEGORY,
        "opened": "Y",
        "stageId": PAID_STAGE,
        "previousStageId": f"DT{INVOICE}_{INVOICE_CATEGORY}:S",
        "begindate": spell_day(payment["paid_at"]),
        "closedate": spell_day(payment["paid_at"]),
        "companyId": deal.get("company_id") or 0,
        "contactId": deal.get("contact_id") or 0,
        "opportunity": money_number(payment["amount_micros"] or 0),
        "isManualOpportunity": "Y",
        "taxValue": money_number(payment["vat_micros"] or 0),
        "currencyId": payment["currency_code"],
        "mycompanyId": 0,
        "sourceId": None,
        "comments": payment["payer_name"] or "",
        "assignedById": manager,
        "lastActivityBy": manager,
        "lastActivityTime": paid,
        "parentId2": payment["deal_id"] or 0,
        PAYER_FIELD: payment["payer_inn"] or None,
        "entityTypeId": INVOICE,
    }
