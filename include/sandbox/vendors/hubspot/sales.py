"""Deals, line items, products and invoices.

``closedate`` is a forecast while a deal is open and the real moment once it is closed. Prices of
line items are as sellers typed them, with tax. The portal files one invoice per payment; a refund
has a negative amount.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from include.sandbox.vendors.hubspot.people import UTM, lifetime
from include.sandbox.vendors.hubspot.pipelines import Pipelines
from include.sandbox.vendors.hubspot.record import (
    Change,
    Record,
    spell_flag,
    spell_id,
    spell_instant,
    spell_money,
)

Row = Mapping[str, Any]
FORECAST_DAYS = timedelta(days=30)
CATALOGUE_AT = datetime(2024, 6, 1, 8, tzinfo=UTC)


def make_deal(
    row: Row,
    pipelines: Pipelines,
    history: Mapping[str, Sequence[Change]],
    line_items: Sequence[int],
    merged: Sequence[int],
) -> Record:
    """A deal."""
    stage = pipelines.stage(row["pipeline_id"], row["stage_id"])
    is_won = stage.probability == 1.0
    close = row["closed_at"] if stage.is_closed else None
    entered: dict[str, str | None] = {}
    for change in history.get("dealstage", ()):
        entered[f"hs_v2_date_entered_{change.value}"] = spell_instant(change.at)
    return Record(
        id=row["deal_id"],
        properties={
            "dealname": row["title"],
            "amount": spell_money(row["amount_micros"]),
            "amount_in_home_currency": spell_money(row["amount_micros"]),
            "deal_currency_code": row["currency_code"],
            "dealstage": stage.stage_id,
            "pipeline": pipelines.name(row["pipeline_id"]),
            "closedate": spell_instant(close or row["created_at"] + FORECAST_DAYS),
            "hubspot_owner_id": spell_id(row["manager_id"]),
            "dealtype": "newbusiness",
            "hs_is_closed": spell_flag(stage.is_closed),
            "hs_is_closed_won": spell_flag(is_won),
            "hs_deal_stage_probability": f"{stage.probability:g}",
            "closed_lost_reason": row["lost_reason"] or None,
            "closed_won_reason": None,
            "enquiry_source": row["source"] or None,
            "metrica_client_id": spell_id(row["metrica_client_id"]),
            "hs_merged_object_ids": ";".join(str(number) for number in merged) or None,
            **{name: row[name] or None for name in UTM},
            **entered,
        },
        history=dict(history),
        links={
            "contacts": [row["contact_id"]] if row["contact_id"] else [],
            "companies": [row["company_id"]] if row["company_id"] else [],
            "leads": [row["lead_id"]] if row["lead_id"] else [],
            "line_items": list(line_items),
        },
        **lifetime(row),
    )


def make_line_item(row: Row, product: Row, deal: Row) -> Record:
    """One product of a deal."""
    amount = (row["price_micros"] or 0) * (row["quantity"] or 0)
    return Record(
        id=row["row_id"],
        properties={
            "name": product.get("name"),
            "hs_product_id": spell_id(row["product_id"]),
            "hs_sku": product.get("sku"),
            "quantity": str(row["quantity"]),
            "price": spell_money(row["price_micros"]),
            "amount": spell_money(amount),
            "hs_tax_rate": str(row["vat_percent"] or 0),
            "hs_line_item_currency_code": deal["currency_code"],
        },
        created_at=deal["created_at"],
        updated_at=deal["created_at"],
        links={"deals": [row["deal_id"]]},
    )


def make_product(row: Row) -> Record:
    """One product of the catalogue."""
    return Record(
        id=row["product_id"],
        properties={
            "name": row["name"],
            "hs_sku": row["sku"],
            "price": spell_money(row["price_micros"]),
            "hs_cost_of_goods_sold": spell_money(row["cost_micros"]),
            "hs_price_currency": row["currency_code"],
            "description": row["group_name"],
        },
        created_at=CATALOGUE_AT,
        updated_at=CATALOGUE_AT,
    )


def make_invoice(row: Row) -> Record:
    """One payment or refund."""
    amount = row["amount_micros"] or 0
    return Record(
        id=row["payment_id"],
        properties={
            "hs_number": row["document_number"] or str(row["payment_id"]),
            "hs_title": "Refund" if row["kind"] == "refund" else "Invoice",
            "hs_invoice_status": "paid",
            "hs_currency": row["currency_code"],
            "hs_amount_billed": spell_money(amount),
            "hs_amount_paid": spell_money(amount),
            "hs_tax_total": spell_money(row["vat_micros"]),
            "hs_invoice_date": spell_instant(row["paid_at"]),
            "hs_payment_date": spell_instant(row["paid_at"]),
            "payer_name": row["payer_name"] or None,
            "payer_tax_number": row["payer_inn"] or None,
        },
        created_at=row["paid_at"],
        updated_at=row["paid_at"],
        links={"deals": [row["deal_id"]] if row["deal_id"] else []},
    )
